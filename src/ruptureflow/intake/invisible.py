"""Characters that nobody sees: blanks at the ends, zero-width blanks, direction marks, byte-order marks."""

from __future__ import annotations

import re

# Soft hyphen, zero-width blanks and joiners, direction marks of Hebrew and Arabic programs, byte-order mark.
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def cleaned(text: str) -> str:
    """A text without unseen characters and without blanks (of any kind) at its ends."""
    return UNSEEN.sub("", text).strip()


def has_unseen(text: str) -> bool:
    """Whether a text holds a character that nobody sees, blanks at its ends aside."""
    return UNSEEN.search(text) is not None
