"""`config/waves.tsv`: one row a wave, the only thing to add for a new one."""

from __future__ import annotations

import csv
import posixpath
import re
from pathlib import Path
from typing import Literal

from ruptureflow.config.strict import ConfigError, Strict, nearest

Origin = Literal["real", "simulated"]
COLUMNS = ("wave", "folder", "origin", "note")
REQUIRED = ("wave", "folder", "origin")
STAGES = ("intake", "assay", "agreement", "ruptures", "models", "pooling", "audit", "report")
RESERVED = (*STAGES, "pooled", "evidence", "logs", "benchmarks", "notebooks")
WAVE_ID = re.compile(r"[a-z][a-z0-9_]*")


class WaveRow(Strict):
    """One row of `waves.tsv`.

    `origin` decides with what a wave may be pooled and drawn: simulated waves never stand beside real ones.
    """

    wave: str
    folder: str
    origin: Origin
    note: str = ""


def read_waves(path: str | Path) -> list[WaveRow]:
    """Rows of `waves.tsv` in their order.

    Raises
    ------
    ConfigError
        listing every problem: unknown or missing columns, ill-formed, reserved or doubled ids, unknown origins.
    """
    path = Path(path)
    place = path.as_posix()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{place}: no such file; it lists the waves, one a row: {' '.join(COLUMNS)}") from None
    except OSError as error:
        raise ConfigError(f"{place}: cannot be read ({error.strerror}); it is a table of waves, one a row") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{place}: not UTF-8 text; save it as UTF-8, separated by tabs") from None
    if "\0" in text:
        raise ConfigError(f"{place}: holds NUL characters, as a UTF-16 file does; save it as UTF-8, separated by tabs")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    header = lines[0].split("\t") if lines else []
    header = [name.strip() for name in header]
    if len(header) == 1:
        raise ConfigError(f"{place}: row 1 has one column {header[0]!r}; separate the columns with tabs")
    problems = [
        f"row 1: unknown column {name!r}{nearest(name, list(COLUMNS))}" for name in header if name not in COLUMNS
    ]
    problems += [f"row 1: column {name!r} is missing; add it" for name in REQUIRED if name not in header]
    problems += [f"row 1: column {name!r} stands twice" for name in dict.fromkeys(header) if header.count(name) > 1]
    rows: list[WaveRow] = []
    seen: dict[str, int] = {}
    folders: dict[str, str] = {}
    if not problems:
        cells_of_rows = (next(csv.reader([line], delimiter="\t")) for line in lines[1:])
        for number, cells in enumerate(cells_of_rows, start=2):
            if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                continue
            if len(cells) > len(header):
                problems.append(f"row {number}: {len(cells)} cells under {len(header)} columns; remove the extra tabs")
                continue
            needed = max(header.index(name) for name in REQUIRED) + 1
            if len(cells) < needed:
                problems.append(
                    f"row {number}: {len(cells)} cell{'s' if len(cells) > 1 else ''} under {len(header)} columns; "
                    "separate the cells with tabs, none left out"
                )
                continue
            row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            wave = row.get("wave", "")
            if not WAVE_ID.fullmatch(wave):
                problems.append(
                    f"row {number}: wave {wave!r} is not an id; use lower-case letters, digits and _, a letter first"
                )
            elif wave in RESERVED:
                problems.append(f"row {number}: wave {wave!r} is a reserved name; choose another")
            elif wave in seen:
                problems.append(f"row {number}: wave {wave!r} stands in row {seen[wave]} already; give it another id")
            seen.setdefault(wave, number)
            folder = row.get("folder", "")
            if not folder:
                problems.append(f"row {number}: folder of wave {wave!r} is empty; name its folder, such as data/{wave}")
            else:
                problems += [f"row {number}: {problem}" for problem in _folder_problems(folder, wave, folders)]
            origin = row.get("origin", "")
            if origin not in ("real", "simulated"):
                hint = nearest(origin, ["real", "simulated"])
                problems.append(f"row {number}: origin {origin!r} of wave {wave!r} is unknown{hint}")
            else:
                rows.append(WaveRow(wave=wave, folder=row.get("folder", ""), origin=origin, note=row.get("note", "")))
        if not rows and not problems:
            problems.append("lists no wave; add a row")
    if problems:
        raise ConfigError("\n".join(f"{place}: {problem}" for problem in problems))
    return rows


def _folder_problems(folder: str, wave: str, folders: dict[str, str]) -> list[str]:
    """What is wrong with a wave's folder; `folders` holds those of the rows above, by their path."""
    where = posixpath.normpath(folder.replace("\\", "/"))
    if "\\" in folder:
        return [f"folder {folder!r} of wave {wave!r} has backslashes; write {where!r}"]
    if where in (".", "..") or where.startswith(("/", "../")) or re.match(r"[A-Za-z]:", where):
        return [f"folder {folder!r} of wave {wave!r} is not below the repository; copy or link it, such as data/{wave}"]
    first = folders.setdefault(where, wave)
    return [f"folder {folder!r} is that of waves {first!r} and {wave!r}; list it once"] if first != wave else []


def shown_waves(rows: list[WaveRow]) -> list[WaveRow]:
    """The waves that results pooled over waves and the manuscript contain: the real ones once there is one."""
    real = [row for row in rows if row.origin == "real"]
    return real or rows
