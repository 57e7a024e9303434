"""`config/config.yaml`: the analysis plan, one section a stage. What is modelled, on what, with which options."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ruptureflow.config.models import ModelSettings
from ruptureflow.config.pools import PoolingSettings
from ruptureflow.config.strict import Pair, Strict, nearest, parse, read_yaml

Policy = Literal["keep", "set aside", "stop"]


class IntakeSettings(Strict):
    """How raw files are read."""

    stop_on: Literal["error", "warning"] = Field(default="error", description="lowest severity that stops a wave")


AssayFlag = Literal[
    "no signals",
    "no run",
    "no curve",
    "poor curve",
    "not measured",
    "single replicate",
    "replicate cv",
    "below lod",
    "below lloq",
    "above uloq",
    "extrapolated",
    "outside curve",
    "beyond plateau",
    "hook effect",
    "not positive",
    "run set aside",
    "assayed again",
    "several samples",
    "pre missing",
    "post missing",
    "different runs",
    "bridged runs",
    "run unknown",
]
"""Flags of a sample or of a change; what each means stands in docs/assay.md."""

RunFlag = Literal[
    "not converged",
    "not identified",
    "tubes left out",
    "few levels",
    "few levels within limits",
    "back-calculation",
    "end level",
    "lack of fit",
    "hook effect",
    "b0 percent",
    "nsb percent",
    "qc samples",
    "outside limits",
    "1-2s",
    "1-3s",
    "2-2s",
    "R-4s",
    "4-1s",
    "10-x",
]
"""Flags of a run, and of a QC sample in it (limits and Westgard's rules)."""

ASSAY_POLICIES: dict[AssayFlag, Policy] = {
    "run set aside": "set aside",
    "assayed again": "set aside",
    "different runs": "set aside",
}


class AssaySettings(Strict):
    """How signals become concentrations."""

    model: Literal["4pl", "5pl", "logit-log"] = "4pl"
    weights: Literal["none", "power", "poisson"] = Field(
        default="power",
        description="variance of a signal: constant, a power of its mean (estimated), or Poisson floor",
    )
    variance_power: Literal["pooled", "per run"] = Field(
        default="pooled", description="one power for all runs of an analyte, or one a run"
    )
    counting_minutes: float = Field(default=1, gt=0, description="minutes each tube was counted (Poisson floor)")
    nsb_in_curve: bool = Field(default=False, description="NSB tubes enter the fit as an infinite dose")
    replicates: Literal["average signals", "average concentrations"] = Field(
        default="average signals", description="average a sample's signals and invert, or invert each and average"
    )
    level: float = Field(default=0.95, gt=0, lt=1, description="coverage of intervals")
    lod_sds: float = Field(default=2, gt=0, description="LOD: mean B0 signal this many SDs towards a dose")
    duplicate_cv_limit: float = Field(default=15, gt=0, description="% CV of a sample's replicates that is flagged")
    back_calculation_limit: float = Field(default=20, gt=0, description="% deviation of a standard (ICH M10)")
    back_calculation_limit_ends: float = Field(default=25, gt=0, description="% at the lowest and highest standard")
    levels_needed: int = Field(default=6, ge=1, description="non-zero standard levels a curve should have (ICH M10)")
    levels_within: float = Field(default=75, gt=0, le=100, description="% of levels within the limits (ICH M10)")
    qc_limit: float = Field(default=20, gt=0, description="% deviation of a QC from its nominal value (ICH M10)")
    total_error_limit: float = Field(default=30, gt=0, description="% |bias| + CV of a QC level over runs (ICH M10)")
    dilution_limit: float = Field(default=20, gt=0, description="% deviation of a diluted specimen's mean (ICH M10)")
    reanalysis_limit: float = Field(
        default=30, gt=0, description="% difference of a repeat from the first, of the mean of both (ICH M10)"
    )
    bridge_runs: bool = Field(
        default=False, description="join before and after of different runs by the runs' common QC samples"
    )
    qc_cv: float | None = Field(
        default=None,
        gt=0,
        description="CV in % that the lab expects of a QC between runs; empty: the wave's own runs decide",
    )
    b0_percent: Pair = Field(default=(20, 50), description="usual B0/T in %; outside is flagged")
    nsb_percent: float = Field(default=5, gt=0, description="NSB/T in % above which a run is flagged")
    lack_of_fit_p: float = Field(default=0.01, gt=0, lt=1, description="p of the lack-of-fit test that is flagged")
    below_limit: Literal["lod/sqrt2", "lod/2", "missing", "censored likelihood", "multiple imputation"] = Field(
        default="lod/sqrt2", description="primary treatment of a sample below its LOD; the others are the sensitivity"
    )
    imputations: int = Field(default=20, ge=20, description="completed data sets of the multiple imputation")
    seed: int = Field(default=20180, description="seed of the imputations")
    policies: dict[AssayFlag, Policy] = Field(default={}, description="per flag: keep, set aside or stop")
    run_policies: dict[RunFlag, Policy] = Field(
        default={}, description="per flag of a run or of a QC sample in it: keep, set aside the run's samples, or stop"
    )

    def policy(self, flag: AssayFlag) -> Policy:
        """What is done with a sample or a change that carries a flag."""
        return self.policies.get(flag, ASSAY_POLICIES.get(flag, "keep"))


class AgreementSettings(Strict):
    """How coders are compared and scales scored."""

    analysed_value: Literal["mean of coders", "single coder", "consensus"] = Field(
        default="mean of coders",
        description="decides which ICC is the headline: ICC(2,k) of a mean; ICC(2,1) of one coder, also before a "
        "consensus",
    )
    coder_order: list[str] = Field(
        default=[],
        description="single coder: ids in order of precedence; the first who coded a session gives its value, coders "
        "not named follow by id",
    )
    consensus_coder: str = Field(default="consensus", description="coder's id of the sheets the coders agreed on")
    level: float = Field(default=0.95, gt=0, lt=1)
    icc_limit: float = Field(default=0.70, le=1, description="headline ICC below this is flagged")
    icc_policy: Literal["warn", "stop"] = "warn"
    within_patient_limit: float = Field(
        default=0.70, le=1, description="within-patient reliability of an analysed total below this is flagged"
    )
    within_patient_policy: Literal["warn", "stop"] = "warn"
    bootstrap_draws: int = Field(default=2000, ge=0, description="bootstrap samples of patients; 0 for none")
    seed: int = 20180


RuptureCriterionName = Literal[
    "point-drop", "sd-drop", "control-chart", "change-point", "self-report", "coded", "sudden-gain"
]


class RuptureCriterion(Strict):
    """One criterion applied to one variable; options are those of `find_ruptures`."""

    criterion: RuptureCriterionName
    variable: str = Field(description="scale or code")
    perspective: str = Field(default="patient", description="patient, therapist or observer")
    instrument: str = Field(default="", description="instrument file, where several give a variable of that name")
    options: dict[str, bool | int | float | str | None] = {}


class RuptureSettings(Strict):
    """Which criteria are applied to what."""

    criteria: list[RuptureCriterion]
    compare: bool = Field(default=True, description="compare every two criteria and perspectives")
    level: float = Field(default=0.95, gt=0, lt=1)
    bootstrap_draws: int = Field(default=2000, ge=0, description="bootstrap samples of patients; 0 for none")
    seed: int = 20180


class AuditSettings(Strict):
    """What is checked, and the limits of the gates."""

    claims: str = Field(default="published_claims.csv", description="file of the evidence folder")
    conventions: list[Literal["rounded", "truncated"]] = Field(default=["rounded", "truncated"], min_length=1)
    second_engine_tolerance: float = Field(default=0.01, gt=0, description="in units of our standard error")
    minimum_patients: int = Field(default=10, ge=2, description="fewer patients in a fit are flagged")
    dropped_limit: float = Field(default=0.20, ge=0, le=1, description="share of session rows a fit may lose")
    censored_limit: float = Field(
        default=0.15, ge=0, le=1, description="share of samples below the LOD that substitution may carry"
    )
    curve_levels_limit: float = Field(
        default=0.75, ge=0, le=1, description="share of a run's standards within their limits (ICH M10)"
    )
    between_reliability_limit: float = Field(
        default=0.70, ge=0, le=1, description="reliability of a centred variable's patient means"
    )


class ReportSettings(Strict):
    """The manuscript."""

    title: str
    authors: list[str] = []
    formats: list[Literal["html", "docx", "pdf"]] = ["html", "docx", "pdf"]


class Plan(Strict):
    """`config/config.yaml`."""

    waves: str = Field(default="config/waves.tsv", description="table of the waves")
    instruments: str = Field(default="config/instruments", description="folder of the instrument files")
    evidence: str = Field(default="data/evidence", description="folder of the published evidence")
    intake: IntakeSettings = IntakeSettings()
    assay: AssaySettings = AssaySettings()
    agreement: AgreementSettings = AgreementSettings()
    ruptures: RuptureSettings
    models: ModelSettings
    pooling: PoolingSettings
    audit: AuditSettings = AuditSettings()
    report: ReportSettings

    @model_validator(mode="after")
    def _pools_exist(self) -> Plan:
        """A pool of waves names a coefficient that some model of the plan has."""
        models = {(each.analysis, model.model): model for each in self.models.analyses for model in each.models}
        analyses = [each.analysis for each in self.models.analyses]
        for pool in self.pooling.waves:
            place = f"pooling: pool {pool.pool}"
            if pool.analysis not in analyses:
                raise ValueError(f"{place}: no analysis {pool.analysis!r}{nearest(pool.analysis, analyses)}")
            known = [model for analysis, model in models if analysis == pool.analysis]
            if pool.model not in known:
                raise ValueError(f"{place}: no model {pool.model!r} in {pool.analysis}{nearest(pool.model, known)}")
            model = models[pool.analysis, pool.model]
            if pool.outcome not in model.outcomes:
                raise ValueError(
                    f"{place}: {pool.model} has no outcome {pool.outcome!r}{nearest(pool.outcome, model.outcomes)}"
                )
            if pool.metric == "standardised_within" and pool.term not in model.standardise:
                raise ValueError(
                    f"{place}: {pool.model} standardises no term {pool.term!r}"
                    f"{nearest(pool.term, model.standardise) if model.standardise else '; add it under standardise'}"
                )
        judged = [(each.criterion, each.variable, each.perspective) for each in self.ruptures.criteria]
        for pool in self.pooling.episodes:
            if (pool.criterion, pool.variable, pool.perspective) not in judged:
                raise ValueError(
                    f"pooling: pool {pool.pool}: ruptures: criteria has no {pool.criterion} on {pool.variable} of "
                    f"perspective {pool.perspective}; add it there, or name one that is"
                )
        return self

    def evidence_path(self, file: str) -> str:
        """Where a file of published studies lies: as its path says, or in the evidence folder if it has only a name."""
        return file if "/" in file else f"{self.evidence}/{file}"


def read_plan(path: str | Path) -> Plan:
    """The analysis plan, typed and checked."""
    return parse(Plan, read_yaml(path), Path(path).as_posix())
