"""A declared table of studies to effects: one a row, then one a study."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.config.strict import nearest
from ruptureflow.pooling.combining import combine_effects
from ruptureflow.pooling.effect_sizes import EffectSize
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.printed_rows import Readings
from ruptureflow.pooling.study_readers import READERS
from ruptureflow.pooling.study_table import FIRST_ROW, StudyCells, counted, whole

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.studies import PublishedPool

SHOWN = {"fisher_z": "r", "log_odds_ratio": "ratio", "log_risk_ratio": "ratio"}


@dataclass(frozen=True)
class StudyEffects:
    """Effects of the studies of a table, in its order.

    Parameters
    ----------
    label, year, n, note : of each study; year None and n NaN where the table does not say.
    effect : estimates and variances.
    shown : scale they are shown on: as is, r or ratio.
    left_out : studies without an effect.
    subgroup : of each study, or None.
    moderators : values of each study by heading: numbers or levels.
    cluster : independent unit of each study, or None.
    levels : labels of the units that effects are nested in, by level, outermost first; None for one effect a study.
    assumed : the effects under other assumptions that the pool allows, by assumption and its value.
    readings : of printed correlations, what each row allows, where every study is one row.
    printed : (r, z, n) of those rows.
    doubts : of each study, what should be looked at, or ""; it stands in its note too.
    """

    label: list[str]
    year: list[int | None]
    n: np.ndarray
    note: list[str]
    effect: EffectSize
    shown: str
    left_out: list[str]
    subgroup: list[str] | None
    moderators: dict[str, list]
    cluster: list[str] | None = None
    levels: dict[str, list[str]] | None = None
    assumed: dict[tuple[str, float], EffectSize] = field(default_factory=dict)
    readings: list[Readings] | None = None
    printed: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    doubts: list[str] = field(default_factory=list)


def study_effects(asked: PublishedPool, frame: pd.DataFrame, level: float = 0.95) -> StudyEffects:
    """Read a table of studies as its pool declares it.

    Parameters
    ----------
    asked : what the columns hold.
    frame : the table's cells as text.
    level : level of printed intervals.

    Raises
    ------
    PoolingError
        with every problem of the table, one a line: file, row, column, value and the fix.
    """
    cells = StudyCells(asked, _wanted_rows(asked, frame))
    frame = cells.frame
    label = [asked.study] * len(frame) if asked.study else cells.text(asked.heading("label"))
    blank = _blank_rows(cells)
    _check_labels(cells, label)
    years = cells.number("year", whole, blank=True) if cells.has("year") else np.full(len(frame), np.nan)
    if asked.study and asked.year:
        years = np.full(len(frame), float(asked.year))
    groups = _names(cells, asked.subgroups, blank, "subgroup") if asked.subgroups else None
    moderators = {
        heading: _names(cells, heading, blank, "level of the moderator")
        if kind == "factor"
        else [
            np.nan if blank[i] or heading not in frame else cells.value(heading, i, cell)
            for i, cell in enumerate(cells.text(heading))
        ]
        for heading, kind in asked.moderators.items()
    }
    cluster = _names(cells, asked.cluster, blank, "cluster") if asked.cluster else None
    levels = _levels(cells, asked, label, blank)
    if any(label):
        _check_one_value(cells, asked, label, blank)
    read = READERS[asked.effect](cells, blank, level)
    patients = _patients(cells, asked, label, blank)
    if not len(frame) or blank.all():
        cells.problems.append(f"{asked.file}: no row holds an effect; add studies, or take the pool out of the plan")
    cells.stop()
    rows = read()
    doubts = rows.doubts or [""] * len(frame)
    used = ~blank
    found = StudyEffects(
        label=_kept(label, used),
        year=[int(year) if np.isfinite(year) else None for year in years[used]],
        n=patients[used],
        note=_kept(["; ".join(filter(None, both)) for both in zip(rows.notes, doubts, strict=True)], used),
        effect=_of_rows(rows.effect, used),
        shown="ratio" if asked.effect == "ratio" else SHOWN.get(asked.metric, asked.shown),
        left_out=[one for one in dict.fromkeys(label) if one not in set(_kept(label, used))],
        subgroup=_kept(groups, used) if groups else None,
        moderators={heading: _kept(values, used) for heading, values in moderators.items()},
        cluster=_kept(cluster, used) if cluster else None,
        levels={name: _kept(values, used) for name, values in levels.items()} if levels else None,
        assumed={key: _of_rows(effect, used) for key, effect in rows.assumed.items()},
        readings=rows.readings,
        printed=rows.printed,
        doubts=_kept(doubts, used),
    )
    if found.levels:
        return replace(found, label=_told_apart(found.label, list(found.levels.values())[-1]))
    return found if len(set(found.label)) == len(found.label) else _one_a_study(found, asked)


def _of_rows(effect: EffectSize, used: np.ndarray) -> EffectSize:
    return replace(effect, estimate=effect.estimate[used], variance=effect.variance[used])


def _wanted_rows(asked: PublishedPool, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with the cells that the pool's `where` names."""
    for heading, cell in asked.where.items():
        if heading not in frame:
            known = [str(name) for name in frame.columns]
            raise PoolingError(
                f"pool {asked.pool}: {asked.file}: where: no column {heading!r}{nearest(heading, known)}"
            )
        kept = frame[frame[heading] == cell]
        if not len(kept):
            known = list(dict.fromkeys(str(one) for one in frame[heading] if one))
            what = f"no row has {cell!r} in column {heading!r}{nearest(cell, known)}"
            raise PoolingError(f"pool {asked.pool}: {asked.file}: where: {what}")
        frame = kept
    return frame


def _names(cells: StudyCells, heading: str, blank: np.ndarray, what: str) -> list[str]:
    """Cells of a column that names something of every row that enters."""
    values = cells.text(heading)
    for i, cell in enumerate(values):
        if not cell and not blank[i] and heading in cells.frame:
            cells.problem(i, heading, cell, f"names no {what}; name it, or leave out the row")
    return values


def _levels(cells: StudyCells, asked: PublishedPool, label: list[str], blank: np.ndarray) -> dict[str, list[str]]:
    """Labels of the levels of a multilevel pool, outermost first; every row is a unit of the last."""
    if asked.several_rows != "multilevel":
        return {}
    rows = {"row": [f"row {int(number) + FIRST_ROW}" for number in cells.frame.index]}
    if not asked.levels:
        return {"study": label, **rows}
    named = {heading: _names(cells, heading, blank, "unit of that level") for heading in asked.levels}
    innermost = list(zip(*named.values(), strict=True))
    return named if len(set(innermost)) == len(innermost) else {**named, **rows}


def _told_apart(label: list[str], innermost: list[str]) -> list[str]:
    """Labels of effects: the study's, with the innermost level's where a study has several."""
    named = [
        f"{one}: {inner}" if label.count(one) > 1 and inner != one else one
        for one, inner in zip(label, innermost, strict=True)
    ]
    return [one if named.count(one) == 1 else f"{one} ({place})" for place, one in enumerate(named, start=1)]


def _check_one_value(cells: StudyCells, asked: PublishedPool, label: list[str], blank: np.ndarray) -> None:
    """Rows that become one effect of a study must agree in what is said of the study."""
    if asked.several_rows not in ("independent", "correlated"):
        return
    for heading in dict.fromkeys([*([asked.subgroups] if asked.subgroups else []), *asked.moderators, asked.cluster]):
        if heading not in cells.frame:
            continue
        first: dict[str, str] = {}
        for i, cell in enumerate(cells.text(heading)):
            if blank[i] or first.setdefault(label[i], cell) == cell:
                continue
            what = f"differs from {first[label[i]]!r} in another row of {label[i]}, and its rows become one effect; "
            cells.problem(i, heading, cell, what + "give them one value, or write several_rows: multilevel")


def _kept(values, used):
    return [value for value, keep in zip(values, used, strict=True) if keep]


def _blank_rows(cells: StudyCells) -> np.ndarray:
    """Rows whose first effect column is empty, where the pool leaves them out."""
    from ruptureflow.config.studies import NEEDED

    heading = cells.asked.heading(NEEDED[cells.asked.effect][0])
    if cells.asked.blank_rows == "refuse" or heading not in cells.frame:
        return np.zeros(len(cells.frame), dtype=bool)
    return np.array([not cell for cell in cells.text(heading)], dtype=bool)


def _check_labels(cells: StudyCells, label: list[str]) -> None:
    heading, first = cells.asked.heading("label"), {}
    if not cells.asked.study and heading not in cells.frame:
        return
    for i, name in enumerate(label):
        if not name:
            cells.problem(i, heading, name, "names no study; name it")
        elif name in first and cells.asked.several_rows == "refuse":
            cells.problem(
                i,
                heading,
                name,
                f"stands in row {first[name]} already; rename one, or say in the pool what the rows are: "
                "several_rows: independent, correlated or multilevel",
            )
        first.setdefault(name, int(cells.frame.index[i]) + 2)


def _patients(cells: StudyCells, asked: PublishedPool, label: list[str], blank: np.ndarray) -> np.ndarray:
    """Patients of each row's study: n, else both groups, over all rows of the study."""
    columns = [name for name in ("n", "n1", "n2") if asked.heading(name) in cells.frame]
    columns = columns[:1] if columns and columns[0] == "n" else columns
    if not columns:
        return np.full(len(label), np.nan)
    counted = np.column_stack([_people(cells, name, blank) for name in columns])
    rows = np.where(np.isnan(counted).all(axis=1), np.nan, np.nansum(counted, axis=1))
    totals = {name: np.nansum(rows[[one == name for one in label]]) for name in set(label)}
    return np.array([totals[name] or np.nan for name in label])


def _people(cells: StudyCells, name: str, blank: np.ndarray) -> np.ndarray:
    """Sizes by a column; what the effect's reader has checked already is not said twice."""
    from ruptureflow.config.studies import NEEDED

    heading, effect = cells.asked.heading(name), cells.asked.effect
    is_checked = name in NEEDED[effect] or effect == "printed_r"
    may_be_empty = effect == "printed_r" or not is_checked
    return np.array(
        [
            cells.value(heading, i, cell, whole if is_checked else counted(1, "sample"), may_be_empty or bool(blank[i]))
            if cell
            else np.nan
            for i, cell in enumerate(cells.text(heading))
        ]
    )


def _one_a_study(found: StudyEffects, asked: PublishedPool) -> StudyEffects:
    how = asked.several_rows

    def together(effect: EffectSize) -> EffectSize:
        known = np.isfinite(effect.variance)
        made = combine_effects(
            np.where(known, effect.estimate, 0.0), np.where(known, effect.variance, 1.0), found.label, how,
            correlation=asked.rows_correlation,
        )  # fmt: skip
        whole = np.array([all(k for k, one in zip(known, found.label, strict=True) if one == s) for s in made["study"]])
        return replace(
            effect,
            estimate=np.where(whole, made["estimate"].to_numpy(), np.nan),
            variance=np.where(whole, made["variance"].to_numpy(), np.nan),
        )

    label = list(dict.fromkeys(found.label))
    first = [found.label.index(name) for name in label]
    rows = {name: [i for i, one in enumerate(found.label) if one == name] for name in label}
    doubts = {name: list(dict.fromkeys(filter(None, (found.doubts[i] for i in rows[name])))) for name in label}
    notes = ["; ".join([found.note[i], *(d for d in doubts[found.label[i]] if d != found.doubts[i])]) for i in first]
    said = f"mean of its rows, taken as {how}" + (f" at {asked.rows_correlation:g}" if how == "correlated" else "")
    return replace(
        found,
        label=label,
        year=[found.year[i] for i in first],
        n=found.n[first],
        note=[f"{note}; {said}" if len(rows[name]) > 1 else note for note, name in zip(notes, label, strict=True)],
        effect=together(found.effect),
        subgroup=[found.subgroup[i] for i in first] if found.subgroup else None,
        moderators={heading: [values[i] for i in first] for heading, values in found.moderators.items()},
        cluster=[found.cluster[i] for i in first] if found.cluster else None,
        assumed={key: together(effect) for key, effect in found.assumed.items()},
        readings=None,
        printed=None,
        doubts=["; ".join(doubts[name]) for name in label],
    )
