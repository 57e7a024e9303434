"""The one place where a variable is split into what differs between patients and what differs within them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Centered:
    """A variable's parts: `values = grand_mean + between + within`, row by row.

    Parameters
    ----------
    within : deviation from the patient's own mean; sums to zero over every patient's observed sessions.
    between : the patient's mean minus `grand_mean`; sums to zero over patients.
    grand_mean : mean of the patients' means, every patient counted once however many sessions were observed.
    """

    within: pd.Series
    between: pd.Series
    grand_mean: float


def center(values: pd.Series, patient: pd.Series) -> Centered:
    """Split a variable into its within- and between-patient part.

    Parameters
    ----------
    values : one value a session; missing ones stay missing in `within`.
    patient : the patient of each row.

    Returns
    -------
    Centered
        `between` is there in every row of a patient with at least one value.

    Notes
    -----
    A patient's mean is taken over all of the patient's observed sessions, not over the rows of one fit: it is a
    property of the patient, and which other variable is missing must not move a predictor. In a fit that leaves
    rows out, the within parts therefore need not sum to zero. Means of few sessions are unreliable
    (`descriptives.csv`, between_reliability), which pulls a between coefficient towards the within one.

    References
    ----------
    Enders & Tofighi (2007), Psychol. Methods 12; Curran & Bauer (2011), Annu. Rev. Psychol. 62.
    """
    means = values.groupby(patient).mean()
    grand_mean = float(means.mean()) if len(means) else float("nan")
    own = patient.map(means).astype("float64")
    return Centered(within=values - own, between=own - grand_mean, grand_mean=grand_mean)
