"""Extraction recovery: how much of a spike comes back, and with what uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ruptureflow.assay.errors import AssayError
from ruptureflow.config.wave import Analyte
from ruptureflow.tables.assay import RECOVERY

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Recovery:
    """Share of the analyte that extraction recovers (1 = complete) and its relative standard error."""

    share: float
    relative_error: float


COMPLETE = Recovery(1.0, 0.0)


def extraction_recovery(measured: ArrayLike, endogenous: float, spike: float) -> tuple[float, float]:
    """Recovery of a spike and its standard error, mean(measured) ÷ (endogenous + spike).

    What it gives is what an analyte's `recovery` in wave.yaml holds: concentrations are divided by it.

    Parameters
    ----------
    measured : concentrations of the spiked pool after extraction, one an extraction.
    endogenous : concentration of the pool without spike.
    spike : concentration added before extraction.

    Raises
    ------
    AssayError
        without a measurement, or where nothing was there to recover.
    """
    values = np.asarray(measured, dtype=float)
    values = values[~np.isnan(values)]
    added = endogenous + spike
    if not values.size or not added > 0:
        raise AssayError("extraction recovery needs a measured value and a positive endogenous + spiked concentration")
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
    return float(values.mean() / added), float(error / added)


def recovery_rows(recoveries: pd.DataFrame | None, analyte: str) -> pd.DataFrame:
    """Recovery of each pool and spike.

    Notes
    -----
    With the pool's content known (`endogenous`), measured ÷ (endogenous + spike). Where rows without spike of the same
    pool went through the extraction instead, (measured − measured without spike) ÷ spike, because their loss is the
    spike's. The standard error is that of the mean of the extractions, with that of the rows without spike added.

    Raises
    ------
    AssayError
        if a pool has neither, or nothing of a spike is recovered.
    """
    import pandas as pd

    if recoveries is None or recoveries.empty:
        return RECOVERY.empty()
    own = recoveries[recoveries["analyte"].eq(analyte).fillna(False) & recoveries["measured"].notna()]
    rows = []
    for pool, group in own.groupby("pool", sort=False):
        blank = group.loc[group["spike"] == 0, "measured"].to_numpy(dtype=float)
        for spike, spiked in group[group["spike"] > 0].groupby("spike", sort=True):
            measured = spiked["measured"].to_numpy(dtype=float)
            endogenous = spiked["endogenous"].dropna().unique()
            if endogenous.size == 1:
                held = float(endogenous[0])
                share, error = extraction_recovery(measured, held, float(spike))
            elif blank.size and not endogenous.size:
                held = float(blank.mean())
                share = float((measured.mean() - held) / spike)
                parts = [part.var(ddof=1) / part.size if part.size > 1 else np.nan for part in (measured, blank)]
                error = float(np.sqrt(np.sum(parts)) / spike)
            else:
                raise AssayError(
                    f"recovery pool {pool!r} ({analyte}): give one endogenous concentration, or extract the pool "
                    "without spike too (spike 0)"
                )
            if not share > 0:
                raise AssayError(f"recovery pool {pool!r} ({analyte}), spike {spike:g}: nothing of the spike came back")
            cv = 100 * measured.std(ddof=1) / measured.mean() if measured.size > 1 else np.nan
            rows.append((analyte, pool, held, spike, measured.size, measured.mean(), cv, 100 * share, 100 * error))
    return pd.DataFrame(rows, columns=RECOVERY.names) if rows else RECOVERY.empty()


def analyte_recovery(pools: pd.DataFrame, analyte: Analyte) -> Recovery:
    """The recovery that concentrations of an analyte are divided by.

    The mean over pools and spikes; its error is that of their scatter where there are two or more, else the one
    pool's own. Without spiked pools the one that wave.yaml declares, taken as known.

    Raises
    ------
    AssayError
        if wave.yaml declares a recovery and spiked pools came too.
    """
    if pools.empty:
        return Recovery(analyte.recovery, 0.0)
    if analyte.recovery != 1:
        raise AssayError(
            f"{analyte.name}: recovery {analyte.recovery:g} is declared in wave.yaml, and spiked pools give one too; "
            "remove one of the two"
        )
    share = pools["recovery"].to_numpy(dtype=float) / 100
    mean = float(share.mean())
    error = share.std(ddof=1) / np.sqrt(share.size) if share.size > 1 else pools["std_error"].iloc[0] / 100
    return Recovery(mean, float(np.nan_to_num(error)) / mean)
