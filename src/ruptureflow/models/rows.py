"""Which rows a model of the plan is fitted to in one wave, or why the wave cannot answer it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ruptureflow.models.errors import PlanError
from ruptureflow.models.specification import Question, columns_of, fixed_columns_of
from ruptureflow.tables.models import SAMPLES

if TYPE_CHECKING:
    import pandas as pd

OF_SAMPLES = [name for name in SAMPLES.names if name not in ("wave", "patient", "therapist", "session", "time")]
KINDS_OF_ASSAY = ("analyte", "matrix", "method", "unit")
# A misspelt name is this near; 'resolution_degree' and 'resolution_attempts' are .72 apart.
NEAR = 0.75


@dataclass(frozen=True)
class Asked:
    """A question put to one wave.

    Parameters
    ----------
    question : without the optional groups that the wave does not know.
    rows : rows that the plan's `where` chooses.
    remarks : what was left out, and why.
    """

    question: Question
    rows: pd.DataFrame
    remarks: tuple[str, ...] = ()

    @property
    def complete(self) -> pd.DataFrame:
        """The rows in which every column of the model has a value."""
        return complete_rows(self.question, self.rows)


def complete_rows(question: Question, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in which every column of the model has a value."""
    return rows[rows[columns_of(question)].notna().all(axis=1)]


def chosen(question: Question, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the values that the plan's `where` names; none where the column does not exist."""
    for name, value in question.specification.where.items():
        rows = rows[rows[name].astype("string").eq(value).fillna(False)] if name in rows else rows.iloc[:0]
    return rows


def ask(question: Question, rows: pd.DataFrame) -> Asked:
    """Choose a question's rows, and leave out optional groups that they do not name or of which they have one only."""
    kept = chosen(question, rows)
    remarks = []
    for name in question.specification.optional_groups:
        why = _why_no_group(question, name, kept)
        if why:
            remarks.append(f"no random effect of {name!r}: {why} (optional_groups).")
            question = question.without_group(name)
    asked = Asked(question, kept, tuple(remarks))
    optional = [name for name in question.specification.optional_groups if name in question.groups]
    for name in optional:
        others = complete_rows(question.without_group(name), kept)
        unnamed = int(others[name].isna().sum())
        if unnamed:
            asked = replace(asked, remarks=(*asked.remarks, f"{unnamed} rows without {name!r} are left out."))
    return asked


def _why_no_group(question: Question, name: str, rows: pd.DataFrame) -> str:
    others = [column for column in columns_of(question.without_group(name)) if column in rows]
    values = rows.loc[rows[others].notna().all(axis=1), name].dropna() if name in rows else []
    if not len(values):
        return f"no row of this wave names its {name}"
    return f"there is one {name} only" if values.nunique() == 1 else ""


def obstacle(asked: Asked, everything: pd.DataFrame) -> str:
    """Why a wave cannot answer a question; "" if it can.

    A column it does not have, no row that `where` chooses, no complete row, a variable or a group that does not vary.

    Parameters
    ----------
    asked : the question with its rows.
    everything : all rows of the wave.
    """
    question, rows = asked.question, asked.rows
    noun = question.specification.rows
    if not len(everything) and noun == "samples":
        return "this wave has no samples"
    names = columns_of(question)
    absent = [name for name in (*question.specification.where, *names) if name not in everything.columns]
    if absent:
        return "this wave has no " + ", ".join(f"{name!r}{_hint(name, question, everything)}" for name in absent)
    if not len(rows):
        place = " and ".join(f"{name} {value!r}" for name, value in question.specification.where.items())
        return f"no row has {place}{_values(question, everything)}" if place else f"this wave has no {noun}"
    complete = asked.complete
    one = noun.removesuffix("s")
    if not len(complete):
        empty = [name for name in names if not rows[name].notna().any()]
        if empty:
            return f"no {one} has a value of {', '.join(map(repr, empty))}"
        return f"no {one} has a value of each of {', '.join(map(repr, names))}"
    constant = [name for name in names if name not in question.groups and complete[name].nunique() == 1]
    if constant:
        return f"{', '.join(map(repr, constant))} does not vary over the {len(complete)} complete {noun}"
    single = [name for name in question.groups if complete[name].nunique() == 1]
    if single:
        return (
            f"there is one {', '.join(map(repr, single))} only over the {len(complete)} complete {noun}, so that "
            "its variance cannot be estimated; name it under optional_groups to leave it out"
        )
    return ""


def refuse_mixed_assays(question: Question, rows: pd.DataFrame) -> None:
    """Refuse samples of several kinds of assay that no term of the model tells apart.

    Raises
    ------
    PlanError
        naming the kinds: analytes, matrices, methods or units that differ.
    """
    if "assay" not in rows:
        return
    kinds = rows.drop_duplicates([*KINDS_OF_ASSAY, "assay"])
    told_apart = [name for name in fixed_columns_of(question) if name in (*KINDS_OF_ASSAY, "assay")]
    apart = kinds.groupby(told_apart).size() if told_apart else [len(kinds)]
    if max(apart, default=0) > 1:
        names = ", ".join(sorted(kinds["assay"].astype(str)))
        differ = [name for name in KINDS_OF_ASSAY if kinds[name].nunique() > 1]
        choice = f"where: {{{differ[0]}: {kinds[differ[0]].iloc[0]}}}" if differ else "where"
        raise PlanError(
            f"its rows hold {len(kinds)} kinds of assay ({names}), and kinds are never pooled without a term that "
            f"tells them apart: add assay to the formula, or choose one by {choice}"
        )


def _hint(name: str, question: Question, rows: pd.DataFrame) -> str:
    """Where the name stands if not in the formula, and what the plan may have meant."""
    places = [
        place
        for place, names in (
            ("groups", question.groups),
            ("random", question.random_columns),
            ("residual", question.residual_columns),
            ("where", list(question.specification.where)),
        )
        if name in names
    ]
    where = f" ({places[0]})" if places else ""
    if question.specification.rows == "sessions" and name in OF_SAMPLES:
        return f"{where}; only samples have it: write rows: samples"
    # Columns that carry the name behind an instrument or a role.
    same = [column for column in rows.columns if column.endswith(f"_{name}") and "rupture_" not in column]
    if same:
        return f"{where} (but {', '.join(same)})"
    columns: Sequence[str] = [column for column in rows.columns if not _is_other(name, column)]
    near = get_close_matches(name, columns, n=1, cutoff=NEAR)
    return f"{where}; did you mean {near[0]!r}?" if near else where


def _is_other(name: str, column: str) -> bool:
    """Whether a column is another variable with the name inside: a role's, or a part."""
    return (name in column or column in name) and abs(len(name) - len(column)) > 2


def _values(question: Question, rows: pd.DataFrame) -> str:
    known = [
        f"{name}: {', '.join(sorted(rows[name].dropna().astype(str).unique())[:8])}"
        for name in question.specification.where
    ]
    return f"; there are {'; '.join(known)}" if any(re.search(r": .", text) for text in known) else ""
