"""The checks a reviewer would make, each with what was found, what the plan asks for, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ruptureflow.audit.results import WaveResults
from ruptureflow.tables import audit as tables
from ruptureflow.tables.assay import MEAN_OF_IMPUTATIONS
from ruptureflow.tables.models import WITHOUT_PRIMARY

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.plan import AgreementSettings, AuditSettings

POOLED = "pooled"
FEWEST_EFFECTS = 3


def check_gates(
    waves: Mapping[str, WaveResults],
    pooled: pd.DataFrame,
    claims: pd.DataFrame,
    second_engine: pd.DataFrame,
    settings: AuditSettings,
    agreement: AgreementSettings,
) -> pd.DataFrame:
    """Every gate on every wave, and on what is pooled.

    Parameters
    ----------
    waves : results by wave.
    pooled, claims, second_engine : tables of pooling and of this stage.
    settings : limits.
    agreement : limits and policies of headline ICCs and of within-patient reliabilities of coded totals (policy stop
        makes the gate fail).

    Returns
    -------
    DataFrame
        of `tables.audit.GATES`: pass, warn or fail; a warning is a limit of the data that a reader must know, a
        failure a number that must not be reported.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for wave, results in waves.items():
        found = [
            *_agreement_gates(results.coefficients, agreement),
            *_within_patient_gates(results.reliabilities, agreement),
            *_curve_gates(results.curves, settings),
            *_censoring_gates(results.concentrations, settings),
            *_fit_gates(results, settings),
            *_influence_gates(results),
            *_reliability_gates(results, settings),
            *_engine_gates(second_engine[second_engine["wave"] == wave], settings),
        ]
        rows += [{"wave": wave, **row} for row in found]
    rows += [{"wave": POOLED, **row} for row in (*_pool_gates(pooled), *_claim_gates(claims))]
    return tables.GATES.conform(pd.DataFrame(rows, columns=tables.GATES.names) if rows else tables.GATES.empty())


def _gate(
    gate: str, subject: str, value: float | None, limit: float | None, verdict: str, advice: str
) -> dict[str, Any]:
    return {
        "gate": gate,
        "subject": subject,
        "value": value,
        "limit": limit,
        "verdict": verdict,
        "advice": None if verdict == "pass" else advice,
    }


def _agreement_gates(coefficients: pd.DataFrame, agreement: AgreementSettings) -> list[dict[str, Any]]:
    below = "fail" if agreement.icc_policy == "stop" else "warn"
    found = []
    for row in coefficients[coefficients["headline"].fillna(False).astype(bool)].itertuples():
        known = row.estimate == row.estimate
        advice = "retrain the coders or code by consensus; do not interpret effects of this code"
        if not known:
            advice = "no agreement can be computed: too few sessions were coded by more than one coder, or all alike"
        verdict = "pass" if known and row.estimate >= agreement.icc_limit else below if known else "warn"
        subject = f"{row.instrument} {row.code} {row.form}"
        found.append(_gate("coder agreement", subject, row.estimate, agreement.icc_limit, verdict, advice))
    return found


def _within_patient_gates(reliabilities: pd.DataFrame, agreement: AgreementSettings) -> list[dict[str, Any]]:
    """Whether coded totals tell a patient's sessions apart: what slopes within patients rest on."""
    below = "fail" if agreement.within_patient_policy == "stop" else "warn"
    coded = reliabilities[(reliabilities["role"] == "observer") & (reliabilities["coefficient"] == "within-patient")]
    found = []
    for row in coded.itertuples():
        known = row.estimate == row.estimate
        advice = "slopes within patients on this code are attenuated: have more coders code each session, or retrain"
        if not known:
            advice = (
                "no reliability within patients can be computed: patients have one coded session each, or all alike"
            )
        verdict = "pass" if known and row.estimate >= agreement.within_patient_limit else below if known else "warn"
        subject, limit = f"{row.instrument} {row.scale}, within patients", agreement.within_patient_limit
        found.append(_gate("coder agreement within patients", subject, row.estimate, limit, verdict, advice))
    return found


def _curve_gates(curves: pd.DataFrame, settings: AuditSettings) -> list[dict[str, Any]]:
    judged = curves[curves["n_levels"].fillna(0).astype(int) > 0]
    found = []
    for row in judged.itertuples():
        share = float(row.n_levels_within_limits) / float(row.n_levels)
        verdict = "pass" if share >= settings.curve_levels_limit else "warn"
        advice = "look at the run's standards in the assay notebook; re-assay the run if the middle levels are off"
        subject = f"{row.analyte} run {row.run}"
        found.append(_gate("standard curve", subject, share, settings.curve_levels_limit, verdict, advice))
    return found


def _censoring_gates(concentrations: pd.DataFrame, settings: AuditSettings) -> list[dict[str, Any]]:
    found = []
    for (analyte, role), rows in concentrations.groupby(["analyte", "role"], sort=True):
        # What draws stand for carries its uncertainty into the models; one value put in does not.
        put_in = rows["censored"].eq("below") & rows["treatment"].ne(MEAN_OF_IMPUTATIONS).fillna(True)
        share = float(put_in.fillna(False).mean())
        verdict = "pass" if share <= settings.censored_limit else "warn"
        advice = "single values put in for samples below the LOD carry the result: impute (assay: below_limit) instead"
        found.append(
            _gate("samples below the LOD", f"{analyte}, {role}", share, settings.censored_limit, verdict, advice)
        )
    return found


def _fit_gates(results: WaveResults, settings: AuditSettings) -> list[dict[str, Any]]:
    found = []
    for row in results.plan[results.plan["fate"] != "not available"].itertuples():
        subject = f"{row.analysis}, {row.model}, {row.outcome}"
        if row.fate == "failed":
            found.append(_gate("model fit", subject, None, None, "fail", str(row.reason)))
            continue
        verdict, advice = _fit_verdict(row.status, row.reason if row.fate == WITHOUT_PRIMARY else "")
        found.append(_gate("model fit", subject, None, None, verdict, advice))
        few = "pass" if row.n_groups >= settings.minimum_patients else "warn"
        advice = "too few patients for variance components and small-sample df; show the data instead of a test"
        found.append(_gate("patients in the fit", subject, float(row.n_groups), settings.minimum_patients, few, advice))
        rarest = _rarest(row.formula, results.rows_of(row._asdict()))
        lost = 1 - float(row.n_obs) / rarest if rarest else 0.0
        many = "pass" if lost <= settings.dropped_limit else "warn"
        advice = "many rows miss one variable or another: say why they are missing, or impute within the model"
        found.append(_gate(f"{row.rows} lost to missing values", subject, lost, settings.dropped_limit, many, advice))
    return found


def _influence_gates(results: WaveResults) -> list[dict[str, Any]]:
    """Groups without which the answer to an analysis's question crosses the significance level."""
    found = []
    for row in results.fitted.itertuples():
        same = results.influence["term"] == row.primary_term
        for key in ("analysis", "model", "outcome"):
            same &= results.influence[key] == getattr(row, key)
        without = results.influence[same]
        if not len(without):
            continue
        deciding = list(without.loc[without["decision_changes"].fillna(False).astype(bool), "group"])
        advice = f"the decision on {row.primary_term} turns on {', '.join(deciding)}: report it without them too"
        subject = f"{row.analysis}, {row.model}, {row.outcome}"
        verdict = "warn" if deciding else "pass"
        found.append(_gate("no single group decides", subject, float(len(deciding)), 0, verdict, advice))
    return found


def _fit_verdict(status: str, failure: str) -> tuple[str, str]:
    if status.startswith("not converged"):
        return "fail", "do not report these numbers; simplify the random part"
    if failure:
        return "warn", f"the plan's test is missing, and no other may stand for it: {failure}"
    if status.startswith("singular"):
        return "warn", f"{status}: a variance is estimated at its bound; read the df of the other methods too"
    return "pass", ""


def _rarest(formula: str, rows: pd.DataFrame) -> int:
    """Rows that have the model's rarest variable: what the design offers, before values go missing together."""
    names = [name for name in dict.fromkeys(re.findall(r"[A-Za-z_]\w*", formula)) if name in rows.columns]
    return min((int(rows[name].notna().sum()) for name in names), default=0)


def _reliability_gates(results: WaveResults, settings: AuditSettings) -> list[dict[str, Any]]:
    found = []
    for row in results.descriptives.itertuples():
        if (
            f"{row.variable}_between" not in results.sessions.columns
            or row.between_reliability != row.between_reliability
        ):
            continue
        verdict = "pass" if row.between_reliability >= settings.between_reliability_limit else "warn"
        advice = (
            "patients' means over so few sessions are unreliable: the between coefficient is pulled towards the "
            "within one and must not be read as a trait's effect"
        )
        limit = settings.between_reliability_limit
        subject = f"{row.variable}, patients' means"
        found.append(_gate("reliability of patients' means", subject, row.between_reliability, limit, verdict, advice))
    return found


def _engine_gates(compared: pd.DataFrame, settings: AuditSettings) -> list[dict[str, Any]]:
    judged = compared[compared["verdict"] != "not comparable"]
    found = []
    for (analysis, model, outcome), rows in judged.groupby(["analysis", "model", "outcome"], sort=False):
        largest = float(rows["difference"].max())
        verdict = "pass" if largest <= settings.second_engine_tolerance else "warn"
        advice = "another program gives other numbers: see second_engine.csv for the coefficient and both fits"
        subject = f"{analysis}, {model}, {outcome}"
        found.append(_gate("second engine", subject, largest, settings.second_engine_tolerance, verdict, advice))
    return found


def _pool_gates(pooled: pd.DataFrame) -> list[dict[str, Any]]:
    advice = "heterogeneity and a prediction interval need at least three effects: read the single effects"
    return [
        _gate(
            "effects in the pool",
            row.pool,
            float(row.k),
            FEWEST_EFFECTS,
            "pass" if row.k >= FEWEST_EFFECTS else "warn",
            advice,
        )
        for row in pooled[pooled["primary"].fillna(False).astype(bool)].itertuples()
    ]


def _claim_gates(claims: pd.DataFrame) -> list[dict[str, Any]]:
    """Claims that no convention of cutting digits makes consistent, by source."""
    found = []
    for source, rows in claims.groupby("source", sort=True):
        wrong = rows.groupby("claim")["verdict"].agg(lambda verdicts: (verdicts == "inconsistent").all())
        verdict = "warn" if wrong.any() else "pass"
        advice = f"no way of cutting digits gives {', '.join(wrong.index[wrong])}: quote with care"
        found.append(_gate("published claims", str(source), float(wrong.sum()), 0, verdict, advice))
    return found
