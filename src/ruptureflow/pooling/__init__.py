"""Pooling of effects over waves and published studies, as users of metafor and CMA expect it.

Plots are in `ruptureflow.pooling.plots`, the reproduction of the 2011 paper in
`ruptureflow.pooling.published`; neither is imported here.
"""

from ruptureflow.pooling.bias import egger_test, fail_safe_n, pet_peese, rank_test, trim_and_fill
from ruptureflow.pooling.combining import combine_effects
from ruptureflow.pooling.conversions import (
    d_from_f,
    d_from_p,
    d_from_t,
    d_to_log_odds,
    d_to_r,
    d_to_z,
    effect_from_interval,
    log_odds_to_d,
    r_from_t,
    r_to_d,
    r_to_z,
    z_from_printed_r,
    z_to_d,
    z_to_r,
)
from ruptureflow.pooling.effect_sizes import (
    EffectSize,
    change_difference,
    correlation,
    fisher_z,
    hedges_factor,
    mean_difference,
    odds_ratio,
    point_biserial,
    pre_post_change,
    pre_post_sweep,
    risk_ratio,
    smd_from_d,
    standardised_mean_difference,
)
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.influence import baujat, cumulative, gosh, influence_diagnostics, leave_one_out
from ruptureflow.pooling.level_models import MultilevelResult
from ruptureflow.pooling.living import join_evidence
from ruptureflow.pooling.metric import (
    MeasureIdentity,
    check_raw_metric,
    partial_r,
    partial_r_range,
    standardised_slope,
    standardised_slope_from_draws,
)
from ruptureflow.pooling.multilevel import pool_multilevel
from ruptureflow.pooling.multivariate import pool_multivariate
from ruptureflow.pooling.one_stage import pool_sessions
from ruptureflow.pooling.planning import plan_precision
from ruptureflow.pooling.random_effects import pool
from ruptureflow.pooling.refits import pool_many
from ruptureflow.pooling.result import PooledResult
from ruptureflow.pooling.robust import cluster_robust, joint_test
from ruptureflow.pooling.selection import selection_model
from ruptureflow.pooling.spending import SpendingRule, sequential_verdicts
from ruptureflow.pooling.subgroups import pool_subgroups

__all__ = [
    "EffectSize",
    "MeasureIdentity",
    "MultilevelResult",
    "PooledResult",
    "PoolingError",
    "SpendingRule",
    "baujat",
    "change_difference",
    "check_raw_metric",
    "cluster_robust",
    "combine_effects",
    "correlation",
    "cumulative",
    "d_from_f",
    "d_from_p",
    "d_from_t",
    "d_to_log_odds",
    "d_to_r",
    "d_to_z",
    "effect_from_interval",
    "egger_test",
    "fail_safe_n",
    "fisher_z",
    "gosh",
    "hedges_factor",
    "influence_diagnostics",
    "join_evidence",
    "joint_test",
    "leave_one_out",
    "log_odds_to_d",
    "mean_difference",
    "odds_ratio",
    "partial_r",
    "partial_r_range",
    "pet_peese",
    "plan_precision",
    "point_biserial",
    "pool",
    "pool_many",
    "pool_multilevel",
    "pool_multivariate",
    "pool_sessions",
    "pool_subgroups",
    "pre_post_change",
    "pre_post_sweep",
    "r_from_t",
    "r_to_d",
    "r_to_z",
    "rank_test",
    "risk_ratio",
    "selection_model",
    "sequential_verdicts",
    "smd_from_d",
    "standardised_mean_difference",
    "standardised_slope",
    "standardised_slope_from_draws",
    "trim_and_fill",
    "z_from_printed_r",
    "z_to_d",
    "z_to_r",
]
