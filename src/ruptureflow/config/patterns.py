"""Patterns such as `{patient}_S{session}_{occasion}`: what they may name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ruptureflow.config.strict import nearest

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_pattern(pattern: str, known: Sequence[str] = (), needed: str = "") -> str:
    """The pattern, if it can be read.

    Parameters
    ----------
    pattern : text with placeholders in braces; everything else stands for itself.
    known : the placeholders it may have; any name where empty.
    needed : the one it must have.

    Raises
    ------
    ValueError
        for unbalanced braces, an unknown, empty or doubled placeholder, none at all, or two without anything between.
    """
    if re.search("[{}]", PLACEHOLDER.sub("", pattern)):
        raise ValueError("the braces are not balanced; each name stands between { and }")
    names = PLACEHOLDER.findall(pattern)
    if not names:
        raise ValueError(f"it names nothing; write a name in braces, such as {{{known[0] if known else 'coder'}}}")
    for name in names:
        if known and name not in known:
            raise ValueError(f"unknown name {{{name}}}{nearest(name, list(known))}")
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError(f"{{{name}}} is no name; write one such as {{coder}}")
        if names.count(name) > 1:
            raise ValueError(f"{{{name}}} stands twice; a name can be read once only")
    if needed and needed not in names:
        raise ValueError(f"{{{needed}}} is missing; it says where the {needed} stands")
    return pattern
