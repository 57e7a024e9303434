"""The printed rows of the 2011 tables as studies: the values each may have, and the middle one."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling.conversions import d_to_z, r_to_d
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.printed_rows import Readings, half_unit, read_row

FREE_ERRORS = np.linspace(0.10, 0.35, 251)  # of a row whose z and interval could not be read


@dataclass(frozen=True)
class PrintedStudy:
    """One study of a printed table.

    Attributes
    ----------
    estimate, variance : Fisher's z and its variance under every reading of the row (or arms).
    middle : (estimate, variance) in the middle of them.
    printed : (r, z, ci_low, ci_high) as text, one per arm.
    arms : how two arms are averaged.
    """

    name: str
    group: str
    n: int
    estimate: np.ndarray
    variance: np.ndarray
    middle: tuple
    printed: tuple
    arms: str = "independent"
    consistent: bool = True
    illegible: bool = False


def rupture_repair_studies(table) -> list:
    """Table 1: rupture repair and outcome. `table` holds safran2011_table1.csv as text."""
    return [
        _study(row["study"], "", int(row["n"]), [_cells(row, "")], [read_row(*_cells(row, ""))])
        for row in table.to_dict("records")
    ]


def training_studies(table, kind, arms="independent") -> list:
    """Table 2: training in rupture resolution. `table` holds safran2011_table2.csv as text.

    Parameters
    ----------
    kind : "prepost" or "between"
    arms : how a study's two arms are averaged: "independent" (V = (V1 + V2)/4, what reproduces the paper)
        or "dependent" (mean variance)

    Notes
    -----
    A between-groups row without a legible z gets the standard error that its groups' sizes imply for d
    (Constantino et al.); its readings are those that its legible interval digits allow.
    """
    if kind not in ("prepost", "between") or arms not in ("independent", "dependent"):
        raise PoolingError(f"kind={kind!r}, arms={arms!r}: use 'prepost' or 'between', 'independent' or 'dependent'.")
    studies = {}
    for row in table.to_dict("records"):
        if row[f"{kind}_r"]:
            studies.setdefault(row["study"], []).append(row)
    out = []
    for name, rows in studies.items():
        n = sum(int(row["n_treatment"]) for row in _all_rows(table, name))
        n += sum(int(row["n_control"]) for row in rows if row["n_control"]) if kind == "between" else 0
        illegible = not rows[0][f"{kind}_z"]
        readings = [_illegible(rows[0], kind)] if illegible else [read_row(*_cells(row, kind)) for row in rows]
        derived = _derived_error(rows[0], float(rows[0][f"{kind}_r"])) if illegible else None
        out.append(
            _study(name, rows[0]["diagnosis_group"], n, [_cells(row, kind) for row in rows], readings, arms, derived)
        )
    return out


def total_n(table, excluded=(), between=False):
    """Patients of all studies but the excluded: treated, plus controls where the study has a control group.

    The paper's totals count controls once, in both analyses.
    """
    rows = [row for row in table.to_dict("records") if row["study"] not in excluded]
    if between:
        kept = {row["study"] for row in rows if row["between_r"]}
        rows = [row for row in rows if row["study"] in kept]
    return sum(int(row["n_treatment"]) + int(row["n_control"] or 0) for row in rows)


def _all_rows(table, name):
    return table[table["study"] == name].to_dict("records")


def _cells(row, kind):
    names = ("r", "z", "ci_low", "ci_high") if not kind else (f"{kind}_{name}" for name in ("r", "z", "low", "high"))
    return tuple(row[name] for name in names)


def _illegible(row, kind) -> Readings:
    """Readings of a row whose z is not legible and whose interval shows only -.2? and .5?."""
    r, half = float(row[f"{kind}_r"]), half_unit(row[f"{kind}_r"])
    grid_r, error = np.meshgrid(r + half * np.linspace(-1, 1, 21), FREE_ERRORS)
    grid_r, error = grid_r.ravel(), error.ravel()
    low, high = np.tanh(np.arctanh(grid_r) - 1.959964 * error), np.tanh(np.arctanh(grid_r) + 1.959964 * error)
    fits = np.ones(grid_r.size, dtype=bool)
    for end, printed, legible in (
        (low, row[f"{kind}_low"], (-0.295, -0.195)),
        (high, row[f"{kind}_high"], (0.495, 0.595)),
    ):
        bounds = legible if not printed else (float(printed) - half_unit(printed), float(printed) + half_unit(printed))
        fits &= (end >= bounds[0] - 1e-9) & (end <= bounds[1] + 1e-9)
    if not fits.any():
        return Readings(np.array([r]), np.array([np.arctanh(r) / _derived_error(row, r)]), consistent=False)
    return Readings(grid_r[fits], (np.arctanh(grid_r) / error)[fits], consistent=True)


def _derived_error(row, r):
    """Standard error of Fisher's z that d's variance implies for the row's group sizes."""
    n1, n2 = float(row["n_treatment"]), float(row["n_control"])
    return float(d_to_z(r_to_d(r, n1, n2).estimate, n1, n2).std_error)


def _study(name, group, n, cells, readings, arms="independent", derived_error=None) -> PrintedStudy:
    rest = {"printed": tuple(cells), "arms": arms, "consistent": all(one.consistent for one in readings)}
    if len(readings) == 1:
        one = readings[0]
        r = float(one.middle)
        if derived_error is not None:
            middle = (float(np.arctanh(r)), derived_error**2)
        else:
            middle = (float(np.arctanh(r)), float((np.arctanh(r) / np.median(one.statistic)) ** 2))
        return PrintedStudy(
            name, group, n, one.estimate, one.variance, middle, **rest, illegible=derived_error is not None
        )
    first, second = (thin(reading.estimate, reading.variance, 60) for reading in readings)
    share = 4 if arms == "independent" else 2
    estimate = ((first[0][:, None] + second[0][None, :]) / 2).ravel()
    variance = ((first[1][:, None] + second[1][None, :]) / share).ravel()
    ends = [(np.arctanh(one.middle), (np.arctanh(one.middle) / np.median(one.statistic)) ** 2) for one in readings]
    middle = (float(np.mean([e for e, _ in ends])), float(sum(v for _, v in ends) / share))
    return PrintedStudy(name, group, n, estimate, variance, middle, **rest)


def thin(estimate, variance, count):
    """At most `count` readings, spread over the (estimate, variance) plane with its extremes kept."""
    if estimate.size <= count:
        return estimate, variance
    order = np.lexsort((variance, estimate))
    picks = set(order[np.linspace(0, order.size - 1, count // 2).astype(int)])
    by_variance = np.argsort(variance, kind="stable")
    picks |= set(by_variance[np.linspace(0, order.size - 1, count // 2).astype(int)])
    index = np.array(sorted(picks))
    return estimate[index], variance[index]


def middles(studies):
    return (
        np.array([[study.middle[0] for study in studies]]),
        np.array([[study.middle[1] for study in studies]]),
    )
