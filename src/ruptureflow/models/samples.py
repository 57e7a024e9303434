"""Everything that is known of a sample, joined to one row a sample: the rows of sample-level models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.models.errors import PlanError
from ruptureflow.models.sessions import FIRST_COLUMNS, REMARKS, UNITS, Gathered, as_keys
from ruptureflow.models.variables import EXPECTED, KEY
from ruptureflow.tables.assay import CONDITIONAL_EXPECTATION
from ruptureflow.tables.models import SAMPLES

if TYPE_CHECKING:
    import pandas as pd


def join_samples(gathered: Gathered, concentrations: pd.DataFrame) -> pd.DataFrame:
    """Join the samples that analyses use to what is known of their session.

    Parameters
    ----------
    gathered : variables of the wave's patients and sessions.
    concentrations : hand-over table of assay; samples that are not marked `used` are left out.

    Returns
    -------
    DataFrame
        columns of `tables.models.SAMPLES`, then the session's covariates and variables with their centred parts. A
        centred part is the session's, the same in all of its samples: patients' means are over sessions. `run` is
        there wherever the lab named it. `attrs["units"]` gives the session variables' units.

    Raises
    ------
    PlanError
        if a variable of the sessions has the name of a sample's column.
    """
    import pandas as pd

    used = concentrations[concentrations["used"].fillna(False).astype(bool)]
    keys = as_keys(pd.concat([gathered.keys, used[KEY]]))
    known = gathered.join(keys)
    own = [name for name in SAMPLES.names if name not in FIRST_COLUMNS]
    taken = sorted(set(own) & set(known.columns))
    if taken:
        raise PlanError(
            f"wave {gathered.row.wave}: columns {taken} are names of a sample's own columns; rename the covariate, "
            "scale or code"
        )
    words = {
        analyte.name: (analyte.method_in_words, f"{analyte.name} in {analyte.matrix} by {analyte.method_in_words}")
        for analyte in gathered.wave.analytes
    }
    rows = used.astype({"patient": "string", "session": "Int64"}).reset_index(drop=True)
    names = rows["analyte"].astype(str)
    concentration = rows["value"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(concentration > 0, np.log(concentration), np.nan)
    rows = rows.assign(
        patient_session=rows["patient"] + " " + rows["session"].astype("string"),
        method=[words[name][0] if name in words else "a method not reported" for name in names],
        assay=[
            f"{words[name][1] if name in words else name}, {unit}"
            for name, unit in zip(names, rows["unit"], strict=True)
        ],
        concentration=concentration,
        log_concentration=log,
    )
    joined = rows[[*KEY, *own]].merge(known, on=KEY, how="left", validate="m:1")
    others = [name for name in known.columns if name not in FIRST_COLUMNS]
    joined = joined[[*SAMPLES.names, *others]].sort_values(
        ["patient", "session", "role", "analyte", "occasion", "sample"], kind="stable", ignore_index=True
    )
    expected = int(rows["treatment"].eq(CONDITIONAL_EXPECTATION).sum())
    of_samples = dict.fromkeys(("concentration", "log_concentration"), EXPECTED.format(expected)) if expected else {}
    joined.attrs = {UNITS: known.attrs[UNITS], REMARKS: known.attrs[REMARKS] | of_samples}
    return joined


def concentration_units(rows: pd.DataFrame) -> dict[str, str]:
    """Units of the concentration and its log over the rows of one model."""
    kinds = rows[["unit", "matrix", "method"]].drop_duplicates()
    if len(kinds) != 1:
        return {"concentration": "each assay's own unit", "log_concentration": "ln concentration"}
    unit, matrix, method = kinds.iloc[0]
    return {
        "concentration": f"{unit} in {matrix} by {method}",
        "log_concentration": f"ln({unit}) in {matrix} by {method}",
    }
