"""Bytes of a text file to text, in the declared encoding; a file in another one is told, not garbled."""

from __future__ import annotations

import codecs
from pathlib import Path

from ruptureflow.config.locale import Locale
from ruptureflow.intake.findings import Findings

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
DECLARE = "in wave.yaml, or save as UTF-8"


def decoded(path: Path, file: str, locale: Locale, findings: Findings) -> str | None:
    """The text of a file, lines ended by \\n; None where its bytes are none of the declared encoding."""
    data = path.read_bytes()
    if not data.strip():
        findings.about_file("error", file, "the file is empty", "copy it again, or take it out of wave.yaml")
        return None
    declared = codecs.lookup(locale.encoding).name
    marked = next((name for mark, name in MARKS if data.startswith(mark)), "")
    if marked and not declared.startswith(marked):
        _tell(file, f"not {locale.encoding} text: it starts with the mark of {marked}", marked, None, None, findings)
        return None
    encoding = "utf-8-sig" if declared == "utf-8" else locale.encoding
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        # A wide encoding counts its bytes, not its rows.
        row = data[: error.start].count(b"\n") + 1
        shown = data[max(0, error.start - 10) : error.start + 10].decode("ascii", errors="backslashreplace")
        likely = "cp1252 (Excel's csv in Western Europe) or the right one"
        _tell(file, f"not {locale.encoding} text", likely, row, shown, findings)
        return None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        likely = "utf-16-le or utf-16-be" if text.count("\0") > len(text) / 4 else "the right one"
        _tell(file, "holds NUL characters, which no text has", likely, row, None, findings)
        return None
    if not declared.startswith("utf") and not data.isascii() and _is_utf8(data):
        row = next(number for number, line in enumerate(data.split(b"\n"), start=1) if not line.isascii())
        shown = data.split(b"\n")[row - 1].decode("utf-8", errors="replace").strip()[:40]
        _tell(file, f"UTF-8 text, though {locale.encoding} is declared", "utf-8", row, shown, findings)
        return None
    return text


def _is_utf8(data: bytes) -> bool:
    # Letters of one byte that happen to be valid UTF-8 are next to impossible.
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _tell(file: str, problem: str, encoding: str, row: int | None, value: str | None, findings: Findings) -> None:
    findings.about_file("error", file, problem, f"declare encoding: {encoding} {DECLARE}", row=row, value=value)
