"""What the manuscript's sources may not hold: hand-typed numbers, citations that would vanish."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ruptureflow.config.strict import Strict
from ruptureflow.report.errors import ReportError

BLANKED = (
    r"\A---\n.*?\n---\n",  # front matter: settings of the document
    r"<!--.*?-->",
    r"```.*?```",
    r"`[^`\n]*`",
    r"\{\{<.*?>\}\}",
    r"\[\[[a-z0-9_.]+\]\]",
    r"(?<=\])\([^)\s]*\)",  # address of a link or figure
    r"<https?://[^>\s]*>",
    r"\{[#.][^}\n]*\}",  # attributes of headings, figures, tables, spans
    r"\{[a-z-]+=[^}\n]*\}",
    r"-?@[A-Za-z][\w:.#$%&+?<>~/-]*\w",  # citations and cross-references
)
SIDE_BY_SIDE = re.compile(r"@(?:tbl|fig|sec)-[\w-]+\s*\[-?@|\[-?@[^\]]*\]\s*@(?:tbl|fig|sec)-")
CROSS_REFERENCE = re.compile(r"@((?:tbl|fig|sec)-[\w-]+)")
DEFINED = re.compile(r"\{#((?:tbl|fig|sec)-[\w-]+)")


class AllowedNumber(Strict):
    """A text with digits that may stand in the prose, and why."""

    text: str
    reason: str


class AllowedNumbers(Strict):
    """`workflow/report/allowed_numbers.yml`."""

    allowed: list[AllowedNumber]


def check_sources(sources: Mapping[str, str], allowed: AllowedNumbers) -> None:
    """Refuse digits in prose that are no variable, citation, code, label, attribute or allowed text.

    Parameters
    ----------
    sources : text by file name, as written (nothing filled in).
    allowed : texts that may hold digits.

    Raises
    ------
    ReportError
        naming file, line and the digits for every place; and every cross-reference directly beside a citation, which
        both renderers would swallow.
    """
    problems: list[str] = []
    for name, text in sources.items():
        problems += [
            f"{name}: line {line}: {word!r} is a number typed by hand; name a value instead, or list it with its "
            "reason in allowed_numbers.yml"
            for line, word in hand_typed(text, allowed)
        ]
        for found in SIDE_BY_SIDE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            problems.append(f"{name}: line {line}: {found[0]!r}: the citation would vanish; put a word between them")
    if problems:
        raise ReportError("\n".join(problems))


def hand_typed(text: str, allowed: AllowedNumbers) -> Iterator[tuple[int, str]]:
    """Line and word of every hand-typed digit; superscripts, fractions and other scripts' digits count."""
    for pattern in BLANKED:
        text = re.sub(pattern, _blank, text, flags=re.DOTALL)
    for each in sorted(allowed.allowed, key=lambda each: -len(each.text)):
        text = re.sub(rf"(?<![\w.−-]){re.escape(each.text)}(?![\w]|\.\d)", _blank, text)
    for number, line in enumerate(text.split("\n"), start=1):
        for word in line.split():
            if any(character.isnumeric() for character in word):
                yield number, word


def check_references(text: str) -> None:
    """Refuse references to tables, figures and sections that the written-out document does not have, and doubles.

    Raises
    ------
    ReportError
        naming every such label.
    """
    defined = DEFINED.findall(text)
    problems = [
        f"label {label!r} stands {defined.count(label)} times"
        for label in sorted(set(defined))
        if defined.count(label) > 1
    ]
    problems += [
        f"@{label}: the document has no such table, figure or section"
        for label in sorted(set(CROSS_REFERENCE.findall(text)) - set(defined))
    ]
    if problems:
        raise ReportError("\n".join(problems))


def _blank(found: re.Match[str]) -> str:
    """Blanks of the same length and lines, so that places stay where they are."""
    return re.sub(r"[^\n]", " ", found[0])
