"""Residual structures: how they are spelt."""

import re
from dataclasses import dataclass

from ruptureflow.mixed.errors import ModelError

SPELLINGS = '"independent", "ar1(session)", "car1(weeks)", "varying(role)", "unstructured(role | session)"'


@dataclass(frozen=True)
class ResidualSpec:
    """A residual structure as asked for: its kind and the columns it reads."""

    kind: str
    columns: tuple[str, ...] = ()

    @property
    def independent(self) -> bool:
        """Whether residuals are independent with one variance."""
        return self.kind == "independent"

    def likelihood(self, design):
        """Maker of the likelihood, or None for independent residuals."""
        if self.independent:
            return None
        raise ModelError(f"Residual structure {self.kind!r} is not available yet.")


def parse_residual(text: str) -> ResidualSpec:
    """Read the spelling of a residual structure."""
    text = (text or "independent").strip()
    if text == "independent":
        return ResidualSpec("independent")
    match = re.fullmatch(r"(ar1|car1|varying)\(\s*([^()|]+?)\s*\)", text)
    if match:
        return ResidualSpec(match[1], (match[2],))
    match = re.fullmatch(r"unstructured\(\s*([^()|]+?)\s*\|\s*([^()|]+?)\s*\)", text)
    if match:
        return ResidualSpec("unstructured", (match[1], match[2]))
    raise ModelError(f"No residual structure is spelt {text!r}: use one of {SPELLINGS}.")
