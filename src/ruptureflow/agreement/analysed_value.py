"""The value that analyses use: whose coding it is, which intraclass correlation belongs to it, and that in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["mean of coders", "single coder", "consensus"]


@dataclass(frozen=True)
class AnalysedValue:
    """What the plan says about the analysed value.

    kind : mean of coders, single coder or consensus. coder_order : coders in order of precedence (single coder).
    consensus_coder : coder's id of the sheets that the coders agreed on.
    """

    kind: Kind = "mean of coders"
    coder_order: tuple[str, ...] = ()
    consensus_coder: str = "consensus"

    def precedence(self, coders: Sequence[str]) -> list[str]:
        """Coders in order of precedence: as named, the others by id."""
        named = [coder for coder in self.coder_order if coder in coders]
        return [*named, *sorted(coder for coder in coders if coder not in named)]

    def shares(self, values: np.ndarray, coders: Sequence[str]) -> np.ndarray:
        """What each coder contributes to each session's value, sessions × coders; rows sum to 1.

        A consensus is not a weighting of coders: one coder's value, as it was before the consensus, stands in.
        """
        rated = ~np.isnan(values)
        if self.kind == "mean of coders":
            return rated / rated.sum(axis=1, keepdims=True)
        order = [list(coders).index(coder) for coder in self.precedence(coders)]
        first = np.array(order)[rated[:, order].argmax(axis=1)] if len(values) else np.zeros(0, dtype=int)
        return (np.arange(values.shape[1]) == first[:, None]).astype(float)

    def headline_form(self, ratings_per_session: np.ndarray) -> str:
        """The form of the intraclass correlation that belongs to the value."""
        averaged = self.kind == "mean of coders" and (ratings_per_session > 1).any()
        return "ICC(2,k)" if averaged else "ICC(2,1)"

    def in_words(self, ratings_per_session: np.ndarray, coders: Sequence[str]) -> str:
        """Whose coding the analysed value is."""
        sessions, alone = len(ratings_per_session), int((ratings_per_session == 1).sum())
        if self.kind == "consensus":
            return (
                "analysed: the consensus; this is of one coder before the consensus, which itself has no classical ICC"
            )
        if self.kind == "single coder":
            whose = ", ".join(self.precedence(coders)) or "none"
            return f"analysed: one coder's value, the first of {whose} who coded the session"
        if not (ratings_per_session > 1).any():
            return "analysed: one coder's value, as no session was coded twice; how far coders agree is not known"
        if alone == 0 and len(set(ratings_per_session.tolist())) == 1:
            return f"analysed: the mean of a session's {ratings_per_session[0]} coders"
        effective = sessions / (1 / ratings_per_session).sum()
        lone = (
            f"; {alone} of {sessions} sessions have one coder, whose value is less reliable than this" if alone else ""
        )
        return f"analysed: the mean of a session's coders, {effective:.2f} of them (effective number){lone}"
