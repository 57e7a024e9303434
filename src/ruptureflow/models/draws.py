"""Completed data sets: values drawn for what lies beyond a limit, put in the rows' places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.models.centering import center
from ruptureflow.models.errors import PlanError
from ruptureflow.models.variables import KEY, prefixed

if TYPE_CHECKING:
    import pandas as pd

CHANGE_PARTS = ("pre", "post", "change", "log_ratio")
SAMPLE = ["sample", "analyte", "run"]
# What assay writes under `treatment` where the imputation is the plan's primary way.
IMPUTED = "mean of imputations"


@dataclass(frozen=True)
class Draws:
    """Values drawn by assay's multiple imputation.

    Parameters
    ----------
    sessions : draw, patient, session, variable, value: of changes with a concentration beyond its limit.
    samples : draw, sample, analyte, run, value: of the concentrations themselves.
    """

    sessions: pd.DataFrame
    samples: pd.DataFrame

    @property
    def numbers(self) -> list[int]:
        """Numbers of the completed data sets, in order."""
        return sorted({*self.sessions["draw"].astype(int), *self.samples["draw"].astype(int)})

    def affect(self, names: Sequence[str], rows: pd.DataFrame) -> bool:
        """Whether any of these columns of the rows holds a value that was drawn."""
        drawn = set(self.sessions["variable"])
        if {stem for name in names for stem in _stems(name)} & drawn:
            return True
        if not {"concentration", "log_concentration"} & set(names) or "sample" not in rows:
            return False
        return bool(rows["sample"].isin(self.samples["sample"]).any())

    def completed(self, rows: pd.DataFrame, centered: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The rows of each completed data set, in order of the draws.

        Parameters
        ----------
        rows : all joined sessions or samples of the wave.
        centered : variables whose parts are taken anew in each draw, over all of a patient's sessions.
        """
        for number in self.numbers:
            sessions = self.sessions[self.sessions["draw"] == number]
            filled = _with_changes(rows, sessions, centered)
            if "sample" in rows:
                filled = _with_concentrations(filled, self.samples[self.samples["draw"] == number])
            yield filled


def gather_draws(imputed_changes: pd.DataFrame, imputations: pd.DataFrame, concentrations: pd.DataFrame) -> Draws:
    """The draws of a wave, where multiple imputation is the plan's primary way; without rows where it is not.

    Parameters
    ----------
    imputed_changes, imputations, concentrations : hand-over tables of assay.

    Raises
    ------
    PlanError
        if not every change and sample has the same number of draws.
    """
    import pandas as pd

    parts = [
        imputed_changes[["draw", *KEY]].assign(
            variable=[
                prefixed(f"{analyte}_{part}", str(role))
                for analyte, role in zip(imputed_changes["analyte"], imputed_changes["role"], strict=True)
            ],
            value=imputed_changes[part],
        )
        for part in CHANGE_PARTS
    ]
    sessions = pd.concat(parts, ignore_index=True).astype({"variable": "string"})
    treated = concentrations.loc[concentrations["treatment"].eq(IMPUTED).fillna(False), "sample"]
    samples = imputations[imputations["sample"].isin(treated)].rename(columns={"imputation": "draw"})
    draws = Draws(sessions, samples[["draw", *SAMPLE, "value"]].reset_index(drop=True))
    for frame, key in ((draws.sessions, [*KEY, "variable"]), (draws.samples, SAMPLE)):
        counts = frame.groupby(key, dropna=False).size()
        if len(counts) and (counts != len(draws.numbers)).any():
            raise PlanError(
                f"draws of {counts.index[counts != len(draws.numbers)][0]}: not one for each of the "
                f"{len(draws.numbers)} completed data sets; make the assay results again"
            )
    return draws


def _stems(name: str) -> tuple[str, ...]:
    """The column and, where it is a centred part, the variable it is a part of."""
    return name, name.removesuffix("_within"), name.removesuffix("_between")


def _with_changes(rows: pd.DataFrame, drawn: pd.DataFrame, centered: Sequence[str]) -> pd.DataFrame:
    once = rows.drop_duplicates(KEY)[KEY].reset_index(drop=True)
    back = rows[KEY].merge(once.assign(place=np.arange(len(once))), on=KEY, how="left")["place"].to_numpy()
    filled = rows.copy()
    for variable, values in drawn.groupby("variable", sort=True):
        name = str(variable)
        if name not in rows:
            continue
        own = once.merge(rows[[*KEY, name]].drop_duplicates(KEY), on=KEY, how="left")[name].astype("float64")
        new = once.merge(values[[*KEY, "value"]], on=KEY, how="left")["value"].astype("float64")
        column = new.where(new.notna(), own)
        filled[name] = column.to_numpy()[back]
        if name in centered:
            parts = center(column, once["patient"])
            filled[f"{name}_within"] = parts.within.to_numpy()[back]
            filled[f"{name}_between"] = parts.between.to_numpy()[back]
    return filled


def _with_concentrations(rows: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    new = rows[SAMPLE].merge(drawn[[*SAMPLE, "value"]], on=SAMPLE, how="left")["value"].to_numpy(dtype=float)
    is_drawn = ~np.isnan(new)
    concentration = np.where(is_drawn, new, rows["concentration"].to_numpy(dtype=float))
    log = rows["log_concentration"].to_numpy(dtype=float).copy()
    log[is_drawn] = np.log(new[is_drawn])
    return rows.assign(concentration=concentration, log_concentration=log)
