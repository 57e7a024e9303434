"""The plan's section `pooling`: pools of waves beside those of published studies, and the models of both."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ruptureflow.config.strict import Strict, nearest
from ruptureflow.config.studies import Pool, PublishedPool

Method = Literal["fixed", "dl", "he", "hs", "sj", "ml", "reml", "eb", "pm"]


class WavePool(Pool):
    """One term of one model pooled over waves on a declared metric, beside published studies where the plan says so."""

    analysis: str
    model: str
    outcome: str
    term: str
    metric: Literal["standardised_within", "partial_r", "raw"] = "standardised_within"
    beside: str = Field(
        default="",
        description="published pool of the same construct and metric that real waves join; never simulated ones",
    )
    one_stage: list[Literal["fixed", "random"]] = Field(
        default=[], description="sessions of all waves in one model beside it, waves as fixed or random effect"
    )

    @property
    def pooled_as(self) -> str:
        """What the waves' effects are pooled as."""
        return "fisher_z" if self.metric == "partial_r" else self.metric

    def check(self) -> None:
        """Refuse what cannot be meant."""
        super().check()
        if self.one_stage and self.metric == "partial_r":
            raise ValueError("one_stage pools slopes, and a partial r is none; use metric standardised_within")


class EpisodePool(Pool):
    """Patients with and without a resolved rupture, and an outcome of theirs, pooled over waves as point-biserial r."""

    criterion: str = Field(description="one of the plan's rupture criteria")
    variable: str = Field(description="what the criterion is applied to")
    perspective: str = Field(default="patient", description="patient, therapist or observer")
    outcome: str = Field(description="variable with one value a patient")
    change_from: str = Field(default="", description="its value before: the outcome is then the change from it")
    better: Literal["higher", "lower"] = Field(
        description="which outcomes are better: r is positive where repair goes along"
    )
    beside: str = Field(default="", description="published pool of the same construct that real waves join")

    @property
    def pooled_as(self) -> str:
        """What the waves' effects are pooled as."""
        return "fisher_z"


class PrintedFigures(Strict):
    """Evidence files of the 2011 meta-analyses: the two tables and the pooled figures printed of them."""

    repair: str
    training: str
    printed: str
    digits: str = Field(default="", description="cells with inferred digits and the values that these could have")
    pools: dict[Literal["rupture_repair", "prepost", "between"], str] = Field(
        description="the pool beside which each of the paper's three analyses is listed"
    )

    @property
    def files(self) -> list[str]:
        """Files that are named."""
        return [self.repair, self.training, self.printed, *([self.digits] if self.digits else [])]

    @property
    def files_by_pool(self) -> dict[str, list[str]]:
        """Files behind the figures beside each pool."""
        return {
            pool: [self.repair if analysis == "rupture_repair" else self.training, self.printed]
            for analysis, pool in self.pools.items()
        }


class PoolingSettings(Strict):
    """What is pooled and how."""

    methods: list[Method] = Field(min_length=1, description="first is primary")
    tests: list[Literal["z", "t", "knapp-hartung", "adhoc"]] = Field(
        min_length=1, description="first is primary; adhoc: Knapp–Hartung never narrower than Wald"
    )
    level: float = Field(default=0.95, gt=0, lt=1)
    prediction_df: Literal["test", "k-2"] = Field(
        default="test", description="df of prediction intervals: those of the test (metafor), or k − 2 (CMA)"
    )
    bias: bool = Field(default=True, description="tests of small-study effects, trim and fill, fail-safe N, selection")
    published: list[PublishedPool] = []
    waves: list[WavePool] = []
    episodes: list[EpisodePool] = []
    figures: PrintedFigures | None = Field(default=None, description="printed pooled figures to make again")

    @property
    def pools(self) -> list[PublishedPool | WavePool | EpisodePool]:
        """All pools."""
        return [*self.published, *self.waves, *self.episodes]

    @property
    def files(self) -> list[str]:
        """Files that the pools and the printed figures name, as they name them."""
        named = [name for pool in self.published for name in pool.files()]
        named += [each.file for pool in self.pools for each in pool.references]
        if self.figures:
            named += self.figures.files
        return list(dict.fromkeys(named))

    def delimiter(self, file: str) -> str:
        """What separates the cells of one of the files."""
        return next((pool.delimiter for pool in self.published if pool.file == file), ",")

    @model_validator(mode="after")
    def _consistent(self) -> PoolingSettings:
        pools = [each.pool for each in self.pools]
        doubled = sorted({pool for pool in pools if pools.count(pool) > 1})
        if doubled:
            raise ValueError(f"pools {doubled} stand twice; give each an id of its own")
        for analysis, pool in self.figures.pools.items() if self.figures else ():
            if pool not in pools:
                raise ValueError(f"figures: pools: {analysis}: no pool {pool!r}{nearest(pool, pools)}")
        for joint in (*self.waves, *self.episodes):
            if joint.beside:
                self._check_beside(joint)
        return self

    def _check_beside(self, joint: WavePool | EpisodePool) -> None:
        """Waves join published studies only where both are about one thing on one metric."""
        known = {each.pool: each for each in self.published}
        if joint.beside not in known:
            raise ValueError(
                f"pool {joint.pool}: beside: no published pool {joint.beside!r}{nearest(joint.beside, list(known))}"
            )
        other = known[joint.beside]
        for pool in (joint, other):
            if not pool.construct:
                raise ValueError(
                    f"pool {pool.pool}: construct is missing: {joint.pool} and {other.pool} meet, so both say what is "
                    "related to what"
                )
        if other.several_rows == "multilevel":
            raise ValueError(
                f"pool {joint.pool}: beside: {other.pool} has effects nested in studies; waves have one each"
            )
        if joint.construct != other.construct:
            raise ValueError(
                f"pool {joint.pool}: construct is {joint.construct!r} but {other.construct!r} in {other.pool}: "
                "different things are never pooled or drawn together; leave out beside"
            )
        if joint.pooled_as != other.metric or joint.pooled_as == "raw":
            raise ValueError(
                f"pool {joint.pool}: metric is {joint.pooled_as!r} but {other.metric!r} in {other.pool}: effects of "
                "different metrics are never pooled or drawn together; choose one that both have, or leave out beside"
            )
