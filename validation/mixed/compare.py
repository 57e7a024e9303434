"""Worst difference between the engine and the goldens, quantity by quantity.

    python validation/mixed/compare.py

Estimates are compared in standard errors, everything else relative to the golden value (log-likelihood, AIC and BIC:
absolute). The table in README.md is this output.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from ruptureflow.mixed import fit_mixed

HERE = Path(__file__).parent


def relative(ours, theirs) -> float:
    """Greatest relative difference (absolute below 1e-3)."""
    ours, theirs = np.atleast_1d(np.asarray(ours, float)), np.atleast_1d(np.asarray(theirs, float))
    return float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-3)))


def lme4_differences(case: dict, fit) -> dict[str, float]:
    """Differences of one lme4 case."""
    table = fit.fixed_effects(df="normal")
    std_error = np.sqrt(np.diag(np.atleast_2d(case["covariance"])))
    out = {
        "log-likelihood": abs(fit.log_likelihood - case["log_likelihood"]),
        "AIC, BIC": max(abs(fit.aic - case["aic"]), abs(fit.bic - case["bic"])),
        "fixed effects": float(np.max(np.abs(table["estimate"] - case["estimates"]) / std_error)),
        "standard errors": relative(table["std_error"], std_error),
        "residual variance": relative(fit.residual_variance, case["sigma2"]),
    }
    terms = list(fit.terms[1:])
    if "satterthwaite" in case:
        theirs = case["satterthwaite"]
        out["Satterthwaite df"] = relative(fit.fixed_effects(df="satterthwaite")["df"], theirs["df"])
        if "F" in theirs:
            joint = fit.test(terms, df="satterthwaite")
            out["Satterthwaite joint F"] = relative(joint["statistic"], theirs["F"])
            out["Satterthwaite joint df"] = relative(joint["df_den"], theirs["joint_df"])
    if "kenward_roger" in case:
        theirs = case["kenward_roger"]
        ours = fit.fixed_effects()
        out["Kenward-Roger standard errors"] = relative(ours["std_error"], theirs["std_error"])
        out["Kenward-Roger df"] = relative(ours["df"], theirs["df"])
        if "joint" in theirs:
            joint = fit.test(terms)
            out["Kenward-Roger joint F"] = relative(joint["statistic"], theirs["joint"]["F"])
            out["Kenward-Roger joint df"] = relative(joint["df_den"], theirs["joint"]["df"])
    if "cr2" in case:
        ours = fit.robust_effects()
        out["CR2 standard errors"] = relative(ours["std_error"], case["cr2"]["std_error"])
        out["CR2 df"] = relative(ours["df"], case["cr2"]["df"])
    return out


def nlme_differences(case: dict, fit) -> dict[str, float]:
    """Differences of one nlme case."""
    table = fit.fixed_effects(df="normal")
    std_error = np.sqrt(np.diag(np.array(case["covariance"])))
    out = {
        "nlme log-likelihood": abs(fit.log_likelihood - case["log_likelihood"]),
        "nlme fixed effects": float(np.max(np.abs(table["estimate"] - case["estimates"]) / std_error)),
        "nlme standard errors": relative(table["std_error"], std_error),
    }
    parameters = fit.residual_parameters
    if "correlation" in case:
        mine = next(value for key, value in parameters.items() if key.startswith("correlation"))
        out["nlme residual correlation"] = relative(mine, case["correlation"])
    for stratum, variance in case.get("variances", {}).items():
        out["nlme residual variances"] = relative(parameters[f"variance[{stratum}]"], variance)
    return out


def glmmtmb_differences(case: dict, fit) -> dict[str, float]:
    """Differences of one glmmTMB case."""
    std_error = np.sqrt(np.diag(np.array(case["covariance"])))
    return {
        "glmmTMB log-likelihood": abs(fit.log_likelihood - case["log_likelihood"]),
        "glmmTMB fixed effects": float(np.max(np.abs(fit.coefficients - case["estimates"]) / std_error)),
    }


DIFFERENCES = {"lme4": lme4_differences, "nlme": nlme_differences, "glmmTMB": glmmtmb_differences}


def main() -> None:
    """Print the worst difference of every quantity and the case it was seen in."""
    record = json.loads((HERE / "goldens.json").read_text(encoding="utf-8"))
    worst: dict[str, tuple[float, str]] = {}
    counts: dict[str, int] = {}
    for case in record["cases"]:
        if "data" not in case:
            continue
        call = dict(case["call"])
        call.setdefault("method", "reml" if case["reml"] else "ml")
        fit = fit_mixed(data=pd.DataFrame(case["data"]), **call)
        for name, value in DIFFERENCES[case["software"]](case, fit).items():
            counts[name] = counts.get(name, 0) + 1
            if value >= worst.get(name, (-1.0, ""))[0]:
                worst[name] = (value, case["name"])
    print("| quantity | cases | worst difference | in |\n|---|---|---|---|")
    for name, (value, case) in worst.items():
        print(f"| {name} | {counts[name]} | {value:.1e} | {case} |")


if __name__ == "__main__":
    main()
