"""The plan's pools: published tables and waves' coefficients to effects, and effects to the hand-over tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruptureflow.config.waves import shown_waves
from ruptureflow.pooling.bias_rows import bias_rows
from ruptureflow.pooling.episodes import episode_effects
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.growth_rows import cumulative_rows, precision_rows
from ruptureflow.pooling.identity import measure_identity
from ruptureflow.pooling.living import beside_waves
from ruptureflow.pooling.plan_pool import PlanPool
from ruptureflow.pooling.pooled_rows import level_rows, moderator_rows, pooled_rows, sensitivity_rows, subgroup_rows
from ruptureflow.pooling.published_pool import Published, read_published, reproduced_figures
from ruptureflow.pooling.references import reference_rows
from ruptureflow.pooling.reproductions import JOINT, reproduce
from ruptureflow.pooling.session_rows import one_stage_rows
from ruptureflow.pooling.wave_effects import wave_effects, wave_notes
from ruptureflow.tables import pooling as tables

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.instruments import CodingSystem, Questionnaire
    from ruptureflow.config.pools import EpisodePool, PoolingSettings, PrintedFigures, WavePool
    from ruptureflow.config.studies import PublishedPool
    from ruptureflow.config.wave import Wave
    from ruptureflow.config.waves import WaveRow
    from ruptureflow.pooling.metric import MeasureIdentity
    from ruptureflow.tables import Table

Rows = dict[str, list[dict[str, Any]]]
OF_FIGURES = (tables.REPRODUCTIONS.name, tables.INFERRED_DIGITS.name, tables.ILLEGIBLE_CELL.name)


@dataclass(frozen=True)
class WaveEvidence:
    """What waves hand to pooling.

    Parameters
    ----------
    estimates : coefficients of all waves (`tables.models.ESTIMATES`), primary df method first within a model.
    rows : rows of `waves.tsv`; simulated waves are left out as soon as one real wave is among them.
    sessions, ruptures : `tables.models.SESSIONS` and `tables.ruptures.RUPTURES` by wave; needed for one-stage pools and
        for pools of episodes.
    declared, instruments : what the waves' `wave.yaml` say, by wave, and the instruments by id; needed where raw
        slopes are to be pooled.
    df_method : the plan's primary one; a wave whose coefficient has no row of it is listed and not pooled. "": the
        first row of a wave.
    """

    estimates: pd.DataFrame
    rows: list[WaveRow]
    sessions: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    ruptures: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    declared: Mapping[str, Wave] = field(default_factory=dict)
    instruments: Mapping[str, Questionnaire | CodingSystem] = field(default_factory=dict)
    df_method: str = ""

    @property
    def shown(self) -> list[WaveRow]:
        """The waves that are pooled."""
        return shown_waves(self.rows)


@dataclass(frozen=True)
class Sources:
    """What a pool rests on: files of published studies, as the plan names them, and waves."""

    files: list[str]
    waves: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PooledEvidence:
    """The hand-over tables of pooling by name (`tables.pooling`), and what each pool rests on.

    Parameters
    ----------
    tables : by the table's name.
    pools : sources of each pool.
    others : by table, the sources of each pool's rows where these are not the pool's.
    """

    tables: dict[str, pd.DataFrame]
    pools: dict[str, Sources]
    others: dict[str, dict[str, Sources]]

    def sources(self, table: str) -> dict[str, Sources]:
        """Sources of each pool's rows in a table."""
        return self.pools | self.others.get(table, {})


def pool_evidence(
    waves: WaveEvidence, published: Mapping[str, pd.DataFrame], settings: PoolingSettings
) -> PooledEvidence:
    """Pool what the plan asks for.

    Parameters
    ----------
    waves : what the waves hand over.
    published : the files that the plan names (`PoolingSettings.files`), cells as text.
    settings : pools, methods and tests; the first of each is primary.

    Returns
    -------
    PooledEvidence

    Raises
    ------
    PoolingError
        if a published file lacks a column or holds values that cannot be read (every problem of a file at once), a
        reference is about another construct, or a model cannot be fitted.

    Notes
    -----
    A published correlation with its z (`printed_r`) enters on Fisher's z with SE = atanh(r)/z, r and z being read
    within the rounding of the row and, where the paper prints the pool too (`printed`), so that all its printed
    numbers come out. A wave's effect enters with the standard error of its primary df method. Raw slopes are pooled
    only where instrument, range, analyte, matrix, unit and assay of all waves agree. Real waves join published studies
    only in a pool that says so (`beside`), of one construct and metric; simulated waves never.
    """
    rows: Rows = {table.name: [] for table in tables.TABLES}
    sources: dict[str, Sources] = {}
    made: dict[str, Published] = {}
    for asked in settings.published:
        made[asked.pool] = read_published(asked, published, settings)
        sources[asked.pool] = Sources(asked.files())
        _add(rows, made[asked.pool].pool, published, settings)
        _add_published(rows, asked, made[asked.pool], settings)
    for wanted in (*settings.waves, *settings.episodes):
        found, missing = _effects_of_waves(wanted, waves, settings)
        given = PlanPool(wanted, found, wave_notes(found, missing))
        if wanted.beside:
            given = beside_waves(made[wanted.beside].pool, given)
        is_joined = any(effect["origin"] == "published" for effect in given.effects)
        files = sources[wanted.beside].files if is_joined else []
        sources[wanted.pool] = Sources(files, [effect["label"] for effect in found])
        _add(rows, given, published, settings)
        if getattr(wanted, "one_stage", ()) and given.used:
            rows["one_stage"] += one_stage_rows(given, waves.estimates, waves.sessions, settings)
    others = {"references": {pool.pool: Sources([each.file for each in pool.references]) for pool in settings.pools}}
    if settings.figures:
        _add_figures(rows, published, settings)
        others |= {table: _behind_figures(settings.figures, table) for table in OF_FIGURES}
    return PooledEvidence({table.name: _table(rows[table.name], table) for table in tables.TABLES}, sources, others)


def _behind_figures(figures: PrintedFigures, table: str) -> dict[str, Sources]:
    digits = [figures.digits] if figures.digits and table == tables.INFERRED_DIGITS.name else []
    return {pool: Sources([*files, *digits]) for pool, files in figures.files_by_pool.items()}


def _table(rows: list[dict[str, Any]], table: Table) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=table.names) if rows else table.empty()
    return table.conform(frame)


def _effects_of_waves(
    wanted: WavePool | EpisodePool, waves: WaveEvidence, settings: PoolingSettings
) -> tuple[list[dict[str, Any]], list[str]]:
    if not hasattr(wanted, "term"):
        return episode_effects(wanted, waves.sessions, waves.ruptures, waves.shown, settings.level)
    identify = _identifier(wanted, waves)
    return wave_effects(wanted, waves.estimates, waves.shown, identify, settings.level, waves.df_method)


def _identifier(wanted: WavePool, waves: WaveEvidence) -> Callable[[str], MeasureIdentity]:
    """What outcome and predictor of a wave measure."""

    def identify(wave: str) -> MeasureIdentity:
        if wave not in waves.declared:
            raise PoolingError("what it measured is not declared")
        return measure_identity(waves.declared[wave], waves.instruments, wanted.outcome, wanted.term)

    return identify


def _add(rows: Rows, given: PlanPool, published: Mapping[str, pd.DataFrame], settings: PoolingSettings) -> None:
    """What every pool has: its effects, what they pool to, and how that grows."""
    scale = given.effects[0]["shown_as"] if given.effects else "as is"
    rows["references"] += reference_rows(given.asked, scale, published) if _is_comparable(given) else []
    try:
        rows["pooled"] += pooled_rows(given, settings)
        rows["levels"] += level_rows(given, settings)
        rows["sensitivity"] += sensitivity_rows(given, settings)
        rows["cumulative"] += cumulative_rows(given, settings)
        rows["precision"] += precision_rows(given, settings)
        rows["bias"] += bias_rows(given, settings)
    except PoolingError as error:
        named = str(error).startswith("pool ")
        raise PoolingError(str(error) if named else f"pool {given.id}: {error}") from None
    rows["effects"] += given.effects


def _is_comparable(given: PlanPool) -> bool:
    """Whether published pools may be drawn beside it: never beside simulated waves."""
    return bool(given.effects) and all(effect["origin"] != "simulated" for effect in given.effects)


def _add_published(rows: Rows, asked: PublishedPool, made: Published, settings: PoolingSettings) -> None:
    given = made.pool
    if asked.subgroups and given.used:
        rows["subgroups"] += subgroup_rows(given, asked.subgroups, asked.subgroup_variance, settings)
    alone = [[heading] for heading in given.moderators]
    together = [list(given.moderators)]
    regressions = {"alone": alone, "together": together, "both": [*alone, *together]}[asked.moderators_enter]
    if given.moderators and given.used:
        rows["moderators"] += moderator_rows(given, regressions, settings)
    if made.printed:
        rows["reproductions"] += reproduce(asked.pool, made.printed)


def _add_figures(rows: Rows, published: Mapping[str, pd.DataFrame], settings: PoolingSettings) -> None:
    """The pooled figures of the 2011 paper, each beside the pool it belongs to.

    Of the conventions that `reproduce` tries on a pool of its own, only the joint reading stays: the others are among
    the figures.
    """
    listed = set(settings.figures.pools.values())
    rows["reproductions"] = [
        row for row in rows["reproductions"] if row["pool"] not in listed or row["convention"] == JOINT
    ]
    for name, more in reproduced_figures(settings, published).items():
        rows[name] += more
