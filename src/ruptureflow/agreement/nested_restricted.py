"""The five variances of a coded value by REML, beside the moment estimates, where the design is incomplete."""

from __future__ import annotations

import numpy as np


def restricted_components(values: np.ndarray, patients: np.ndarray) -> dict[str, float]:
    """REML variances of patient, session, coder, coder × patient and residual (`ruptureflow.mixed`, crossed factors).

    Parameters
    ----------
    values : sessions × coders, NaN where not coded. patients : index of each row's patient.

    Returns
    -------
    dict
        variances by component; empty where the engine cannot fit the model (nothing left over, too few rows).
    """
    from ruptureflow.mixed import ModelError, fit_arrays

    session, coder = np.nonzero(~np.isnan(values))
    outcome = values[session, coder]
    groups = {
        "patient": patients[session],
        "session": session,
        "coder": coder,
        "coder_patient": patients[session] * values.shape[1] + coder,
    }
    try:
        fit = fit_arrays(outcome - outcome.mean(), np.ones((len(outcome), 1)), groups)
    except ModelError:
        return {}
    variances = {name: float(matrix.iloc[0, 0]) for name, matrix in fit.random_covariance.items()}
    return variances | {"residual": fit.residual_variance}
