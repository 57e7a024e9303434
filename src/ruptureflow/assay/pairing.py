"""Pre-to-post change of one person in one session, with the part of its error that the run's curve does not cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.bridge import run_bridges
from ruptureflow.assay.flags import is_used, joined, stop_where_told
from ruptureflow.assay.logistic import Array
from ruptureflow.assay.samples import GRADIENTS
from ruptureflow.config.plan import AssaySettings
from ruptureflow.tables.assay import CHANGES

if TYPE_CHECKING:
    import pandas as pd

PERSON_SESSION = ["patient", "role", "session", "analyte"]
# Flags of a sample that a reader of the change must see.
CARRIED = {
    "below lod",
    "below lloq",
    "above uloq",
    "extrapolated",
    "hook effect",
    "replicate cv",
    "poor curve",
    "no signals",
}


def change_rows(
    concentrations: pd.DataFrame,
    covariances: dict[tuple[str, str], Array],
    settings: AssaySettings,
    quality_controls: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Change from before to after for every person and session that has a sample.

    Parameters
    ----------
    concentrations : rows of tables.assay.CONCENTRATIONS as `with_treatment` gives them.
    covariances : (analyte, run): covariance of the run's parameters, padded to five.
    quality_controls : rows of tables.assay.QUALITY_CONTROLS to bridge different runs by: the sample after is brought to
        the level of the run before, and the bridge's variance takes the place of both curves'. None: no bridge.

    Returns
    -------
    DataFrame
        columns of tables.assay.CHANGES. With both samples in one run

            Var(post − pre) = (g₂ − g₁)ᵀ Σ (g₂ − g₁) + replicate parts,

        g the gradients of the concentrations by the run's parameters; in different runs the calibration parts add. The
        recovery is common to all samples: its relative variance enters with change², and not the log ratio.
        Censored samples have no standard error, nor has a change with one.

    Raises
    ------
    AssayError
        if a flag's policy is stop.
    """
    import pandas as pd

    if concentrations.empty:
        return CHANGES.empty()
    usable = concentrations["used"].fillna(False).to_numpy(dtype=bool)
    sides = {
        occasion: _one_a_session(concentrations[usable & concentrations["occasion"].eq(occasion).to_numpy()])
        for occasion in ("pre", "post")
    }
    rows = concentrations[[*PERSON_SESSION, "matrix", "unit"]].drop_duplicates(PERSON_SESSION)
    for occasion, side in sides.items():
        side = side.rename(columns={c: f"{occasion}_{c}" for c in side.columns if c not in PERSON_SESSION})
        rows = rows.merge(side, on=PERSON_SESSION, how="left", validate="1:1")
    rows = rows.sort_values(PERSON_SESSION, kind="stable").reset_index(drop=True)
    bridge_variance = _bridge(rows, quality_controls)
    pre, post = (rows[f"{side}_value"].to_numpy(dtype=float) for side in sides)
    rows["pre"], rows["post"] = pre, post
    rows["change"] = post - pre
    ratio = rows["post_log_value"].to_numpy(dtype=float) - rows["pre_log_value"].to_numpy(dtype=float)
    rows["log_ratio"] = np.where(np.isfinite(ratio), ratio, np.nan)
    rows["treatment"] = [
        "; ".join(dict.fromkeys(way for way in ways if isinstance(way, str))) or None
        for ways in zip(rows["pre_treatment"], rows["post_treatment"], strict=True)
    ]
    flags = _flags(rows, ~np.isnan(bridge_variance))
    same = rows["pre_run"].eq(rows["post_run"]).fillna(False).to_numpy(dtype=bool)
    matrices = _stacked(rows, covariances)
    scales = {"std_error": (1.0, 1.0), "log_ratio_std_error": (pre, post)}
    for column, (pre_scale, post_scale) in scales.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            g1, g2 = (
                np.nan_to_num(rows[[f"{s}_{g}" for g in GRADIENTS]].to_numpy(dtype=float)) / np.reshape(scale, (-1, 1))
                for s, scale in (("pre", pre_scale), ("post", post_scale))
            )
            replicate = sum(
                (rows[f"{s}_replicate_std_error"].to_numpy(dtype=float) / scale) ** 2
                for s, scale in (("pre", pre_scale), ("post", post_scale))
            )
        together = np.einsum("ri,rij,rj->r", g2 - g1, matrices[0], g2 - g1)
        apart = sum(np.einsum("ri,rij,rj->r", g, m, g) for g, m in zip((g1, g2), matrices, strict=True))
        curves = np.where(same, together, apart)
        if column == "std_error":
            common = (rows["change"] * rows["pre_recovery_std_error"] / pre).to_numpy(dtype=float) ** 2
            curves = curves + np.nan_to_num(common)
        scale = post if column == "std_error" else np.ones(len(rows))
        rows[column] = np.sqrt(np.where(np.isnan(bridge_variance), curves, bridge_variance * scale**2) + replicate)
    kept = np.array([is_used(f & CHANGE_ONLY, settings) for f in flags], dtype=bool)
    rows["used"] = kept & rows["change"].notna().to_numpy()
    names = [f"{p} ({r}) session {s} ({a})" for p, r, s, a in rows[PERSON_SESSION].itertuples(index=False)]
    stop_where_told(list(zip(names, [f & CHANGE_ONLY for f in flags], strict=True)), settings)
    rows["flags"] = [joined(f) for f in flags]
    return pd.DataFrame(rows[CHANGES.names])


CHANGE_ONLY = {"pre missing", "post missing", "different runs", "bridged runs", "run unknown", "several samples"}


def _one_a_session(side: pd.DataFrame) -> pd.DataFrame:
    """One row a person and session: where several samples stand for one occasion, their mean."""
    import pandas as pd

    keep = [
        *PERSON_SESSION,
        "sample",
        "run",
        "value",
        "log_value",
        "treatment",
        "replicate_std_error",
        "recovery_std_error",
    ]
    keep += GRADIENTS
    side = side[[*keep, "censored", "flags"]].copy()
    side["several"] = False
    side.loc[side["censored"].notna(), "replicate_std_error"] = np.nan
    doubled = side.duplicated(PERSON_SESSION, keep=False)
    if not doubled.any():
        return side
    merged = []
    for _, group in side[doubled].groupby(PERSON_SESSION, sort=False):
        row = group.iloc[0].copy()
        row["sample"] = "+".join(group["sample"])
        row["value"] = group["value"].mean()
        ways = group["treatment"].dropna().unique().tolist()
        # The log of the mean, unless logs came from the treatment of values beyond a limit.
        row["log_value"] = group["log_value"].mean() if ways else np.log(row["value"])
        row["treatment"] = "; ".join(ways) or None
        runs = group["run"].dropna().unique()
        row["run"] = runs[0] if len(runs) == 1 and group["run"].notna().all() else pd.NA
        row["replicate_std_error"] = np.sqrt((group["replicate_std_error"] ** 2).sum(skipna=False)) / len(group)
        row["recovery_std_error"] = group["recovery_std_error"].mean()
        row[GRADIENTS] = group[GRADIENTS].mean()
        row["flags"] = "; ".join(sorted({f for cell in group["flags"].dropna() for f in cell.split("; ")})) or None
        row["several"] = True
        merged.append(row)
    return pd.concat([side[~doubled], pd.DataFrame(merged)], ignore_index=True)


def _bridge(rows: pd.DataFrame, quality_controls: pd.DataFrame | None) -> Array:
    """Bring samples after to the level of the run before; variance of the log shift, NaN where there is no bridge."""
    if quality_controls is None:
        return np.full(len(rows), np.nan)
    keys = list(zip(rows["analyte"], rows["pre_run"], rows["post_run"], strict=True))
    apart = [all(isinstance(part, str) for part in key) and key[1] != key[2] for key in keys]
    bridges = run_bridges(quality_controls, [key for key, is_apart in zip(keys, apart, strict=True) if is_apart])
    found = [bridges.get(key) if is_apart else None for key, is_apart in zip(keys, apart, strict=True)]
    shift = np.array([bridge.shift if bridge else 0.0 for bridge in found])
    rows["post_value"] *= np.exp(-shift)
    rows["post_log_value"] -= shift
    return np.array([bridge.variance if bridge else np.nan for bridge in found])


def _flags(rows: pd.DataFrame, bridged: np.ndarray) -> list[set[str]]:
    flags: list[set[str]] = [set() for _ in range(len(rows))]
    pre_run, post_run = rows["pre_run"].tolist(), rows["post_run"].tolist()
    pre_missing, post_missing = rows["pre_value"].isna().tolist(), rows["post_value"].isna().tolist()
    for side in ("pre", "post"):
        for place, (cell, several) in enumerate(zip(rows[f"{side}_flags"], rows[f"{side}_several"], strict=True)):
            if isinstance(cell, str):
                flags[place] |= set(cell.split("; ")) & CARRIED
            if several is True:
                flags[place].add("several samples")
    for place, found in enumerate(flags):
        if pre_missing[place]:
            found.add("pre missing")
        if post_missing[place]:
            found.add("post missing")
        if not pre_missing[place] and not post_missing[place]:
            known = isinstance(pre_run[place], str) and isinstance(post_run[place], str)
            if not known:
                found.add("run unknown")
            elif pre_run[place] != post_run[place]:
                found.add("bridged runs" if bridged[place] else "different runs")
    return flags


def _stacked(rows: pd.DataFrame, covariances: dict[tuple[str, str], Array]) -> list[Array]:
    """The pre and the post sample's run covariance, row by row; NaN where the run has none."""
    nothing = np.full((5, 5), np.nan)
    return [
        np.stack([covariances.get((a, r) if isinstance(r, str) else ("", ""), nothing) for a, r in pairs])
        for pairs in (zip(rows["analyte"], rows[f"{side}_run"], strict=True) for side in ("pre", "post"))
    ]
