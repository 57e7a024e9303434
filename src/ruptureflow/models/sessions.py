"""Everything that is known of a patient in a session, joined to one row: the rows every model uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruptureflow.models.centering import center
from ruptureflow.models.errors import PlanError
from ruptureflow.models.variables import (
    KEY,
    Variable,
    analyte_variables,
    covariate_units,
    measured_variables,
    rupture_variables,
)

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.models import ModelSettings
    from ruptureflow.config.wave import Wave
    from ruptureflow.config.waves import WaveRow

FIRST_COLUMNS = ("wave", "patient", "therapist", "session", "time")
SOURCE = ("source_file", "source_sheet", "source_row")
PARTS = ("within", "between")
UNITS, PATIENT_LEVEL, REMARKS = "units", "patient_level", "remarks"


@dataclass(frozen=True)
class Gathered:
    """What earlier stages know of a wave's patients and sessions, before it is joined to rows.

    Parameters
    ----------
    row, wave : the wave's row of `waves.tsv` and its `wave.yaml`.
    participants : hand-over table of intake.
    variables : what was measured, name by name.
    settings : which variables are centred.
    """

    row: WaveRow
    wave: Wave
    participants: pd.DataFrame
    variables: list[Variable]
    settings: ModelSettings

    @property
    def covariates(self) -> list[str]:
        """The participants' own columns."""
        return [name for name in self.participants.columns if name not in ("patient", "therapist", *SOURCE)]

    @property
    def keys(self) -> pd.DataFrame:
        """Every patient and session with at least one value of a session."""
        import pandas as pd

        rows = [v.values.loc[v.values["value"].notna(), KEY] for v in self.variables if "session" in v.values]
        return as_keys(pd.concat(rows) if rows else pd.DataFrame({"patient": [], "session": []}))

    def join(self, keys: pd.DataFrame) -> pd.DataFrame:
        """One row for every key: see `join_sessions`."""
        import pandas as pd

        covariates = self.covariates
        joined = keys.merge(self.participants[["patient", "therapist", *covariates]], on="patient", how="left")
        joined.insert(0, "wave", self.row.wave)
        design = self.wave.design
        time = (joined["session"].astype("float64") - design.time_origin) / design.time_step
        joined.insert(joined.columns.get_loc("session") + 1, "time", time)
        joined = joined[[*FIRST_COLUMNS, *covariates]]
        for name in covariates:
            if str(joined[name].dtype) == "boolean":
                joined[name] = joined[name].astype("Int64")
        columns = {variable.name: _aligned(variable, keys) for variable in self.variables}
        for name in self.settings.center:
            if name in columns:
                parts = center(columns[name], keys["patient"])
                columns[f"{name}_within"], columns[f"{name}_between"] = parts.within, parts.between
        joined = pd.concat([joined, pd.DataFrame(columns, index=joined.index)], axis=1)
        joined.attrs[UNITS] = self._units()
        remarks = {variable.name: variable.remark for variable in self.variables if variable.remark}
        parts = {f"{name}_{part}": remarks[name] for name in self.settings.center for part in PARTS if name in remarks}
        joined.attrs[REMARKS] = remarks | parts
        joined.attrs[PATIENT_LEVEL] = [*covariates, *(v.name for v in self.variables if "session" not in v.values)]
        return joined

    def _units(self) -> dict[str, str]:
        step = self.wave.design.time_step
        units = {"time": "session" if step == 1 else f"{step:g} sessions"}
        units |= covariate_units(self.participants, self.covariates)
        units |= {variable.name: variable.unit for variable in self.variables}
        for name in self.settings.center:
            if name in units:
                units[f"{name}_within"] = units[f"{name}_between"] = units[name]
        return units


def gather(
    row: WaveRow,
    wave: Wave,
    participants: pd.DataFrame,
    changes: pd.DataFrame,
    coded: pd.DataFrame,
    scores: pd.DataFrame,
    ruptures: pd.DataFrame,
    settings: ModelSettings,
) -> Gathered:
    """Collect the variables of a wave from what earlier stages handed over; parameters as in `join_sessions`.

    Raises
    ------
    PlanError
        if two sources give one column.
    """
    variables = [
        *analyte_variables(changes, wave),
        *measured_variables(scores, coded),
        *rupture_variables(ruptures),
    ]
    gathered = Gathered(row, wave, participants, variables, settings)
    _refuse_doubled(row.wave, variables, [*FIRST_COLUMNS, *gathered.covariates])
    return gathered


def join_sessions(
    row: WaveRow,
    wave: Wave,
    participants: pd.DataFrame,
    changes: pd.DataFrame,
    coded: pd.DataFrame,
    scores: pd.DataFrame,
    ruptures: pd.DataFrame,
    settings: ModelSettings,
) -> pd.DataFrame:
    """Join a wave's hand-over tables to one row per patient and session.

    Parameters
    ----------
    row, wave : the wave's row of `waves.tsv` and its `wave.yaml`.
    participants, changes, coded, scores, ruptures : hand-over tables of intake, assay, agreement and ruptures.
    settings : which variables are centred.

    Returns
    -------
    DataFrame
        one row for every patient and session that has a sample pair, a code, a score or a rupture verdict:
        wave, patient, therapist, session, time (`(session − time_origin) ÷ time_step` of the design), the
        participants' covariates, then the variables of `ruptureflow.models.variables`, each centred one followed by
        `<x>_within` and `<x>_between`. `attrs["units"]` gives every variable's unit, `attrs["patient_level"]` the
        variables that have one value a patient, `attrs["remarks"]` what a model must say of a variable that it takes
        as data.

    Raises
    ------
    PlanError
        if two sources give one column, or one patient and session twice.
    """
    gathered = gather(row, wave, participants, changes, coded, scores, ruptures, settings)
    return gathered.join(gathered.keys)


def as_keys(rows: pd.DataFrame) -> pd.DataFrame:
    """Patients and sessions in the types of a key, each once, sorted."""
    keys = rows[KEY].astype({"patient": "string", "session": "Int64"}).drop_duplicates()
    return keys.sort_values(KEY, ignore_index=True)


def _aligned(variable: Variable, keys: pd.DataFrame) -> pd.Series:
    on = KEY if "session" in variable.values else ["patient"]
    values = variable.values.astype({"patient": "string"})
    doubled = values[values.duplicated(on, keep=False)]
    if len(doubled):
        places = doubled[on].drop_duplicates().head(3).to_dict("records")
        raise PlanError(f"{variable.name}: more than one value for {places}; remove the doubled rows")
    return keys.merge(values, on=on, how="left")["value"].astype("float64")


def _refuse_doubled(wave: str, variables: list[Variable], taken: list[str]) -> None:
    names = [variable.name for variable in variables]
    doubled = sorted({name for name in names if names.count(name) > 1 or name in taken})
    if doubled:
        raise PlanError(
            f"wave {wave}: columns {doubled} come from two sources (covariates, analytes, scales, codes, ruptures); "
            "rename the covariate or the analyte in wave.yaml"
        )
