"""How often does each df method reject a true null hypothesis?

    python validation/type_one_error/simulate.py [--data-sets 20000] [--seed 1]

Model: outcome ~ time + x_within + x_between + (1 | patient), REML, 4 sessions a patient, 2.3 % of rows missing as in
the 2018 study (86 of 88). x is drawn anew for every 100 data sets; neither part of it has an effect. Writes
``rates.json``, ``table.md`` and ``rates.png`` beside this file.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ruptureflow.mixed import counting, fit_arrays, inference, kenward_roger, satterthwaite
from ruptureflow.mixed.refit import likelihood_with, outcome_products, scalar_basis, scalar_fits

HERE = Path(__file__).parent
PATIENTS = (8, 12, 22, 50)
ICCS = (0.1, 0.43)
SESSIONS = 4
MISSING = 2 / 88
PER_DESIGN = 100
ALPHA = 0.05
METHODS = (
    "normal",
    "residual",
    "containment",
    "between-within",
    "satterthwaite",
    "kenward-roger",
    "kenward-roger, SAS boundary",
)
TERMS = ("x_within", "x_between")
COLUMNS = (2, 3)


def draw_design(generator: np.random.Generator, patients: int) -> tuple[np.ndarray, np.ndarray]:
    """Fixed-effects matrix and patient of each row."""
    patient = np.repeat(np.arange(patients), SESSIONS)
    session = np.tile(np.arange(SESSIONS, dtype=float), patients)
    x = 0.5**0.5 * generator.standard_normal(patients)[patient] + generator.standard_normal(len(patient))
    keep = np.ones(len(patient), dtype=bool)
    keep[generator.choice(len(patient), max(1, round(MISSING * len(patient))), replace=False)] = False
    patient, session, x = patient[keep], session[keep], x[keep]
    mean = (np.bincount(patient, x) / np.bincount(patient))[patient]
    return np.column_stack([np.ones(len(x)), session, x - mean, mean - mean.mean()]), patient


def p_values(generator: np.random.Generator, patients: int, icc: float, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """``(draws, methods, terms)`` p values and whether each fit is at the boundary, for one design."""
    fixed, patient = draw_design(generator, patients)
    rows = len(fixed)
    y = np.sqrt(icc) * generator.standard_normal((patients, draws))[patient]
    y += np.sqrt(1.0 - icc) * generator.standard_normal((rows, draws))
    model = fit_arrays(y[:, 0], fixed, patient)
    estimate = replace(model.estimate, scaled=replace(model.estimate.scaled, unit=1.0, offset=np.zeros(4)))
    outcomes = outcome_products(estimate.design, estimate.scaled, y)
    fits = scalar_fits(estimate.likelihood.batches[0], outcomes, estimate.criterion, scalar_basis(estimate), 1.0)
    counted = [
        counting.residual(estimate.design).df,
        counting.containment(estimate.design, estimate.scaled.fixed).df,
        counting.between_within(estimate.design).df,
    ]
    select = np.eye(4)[list(COLUMNS)]
    statistics = np.empty((draws, len(METHODS), 2))
    degrees = np.empty((draws, len(METHODS), 2))
    for draw in range(draws):
        likelihood = likelihood_with(estimate, outcomes, draw)
        psi = np.array([[fits.theta[draw] ** 2]])
        moments = likelihood.moments([psi])
        own = replace(
            estimate,
            likelihood=likelihood,
            theta=fits.theta[draw : draw + 1],
            psis=(psi,),
            moments=replace(moments, beta=moments.beta + outcomes.coefficients[:, draw]),
            sigma2=estimate.criterion.sigma2(moments.rss),
        )
        plain = satterthwaite.rows(own, select)
        adjusted = kenward_roger.rows(own, select)
        t = plain.estimate / plain.std_error
        statistics[draw] = t
        statistics[draw, 5] = adjusted.estimate / adjusted.std_error
        degrees[draw, 0] = np.inf
        for i, df in enumerate(counted):
            degrees[draw, 1 + i] = df[list(COLUMNS)]
        degrees[draw, 4], degrees[draw, 5] = plain.df, adjusted.df
        # SAS's rule drops the component at zero: what is left is the residual variance alone
        at_zero = fits.theta[draw] == 0
        statistics[draw, 6] = t if at_zero else statistics[draw, 5]
        degrees[draw, 6] = counted[0][list(COLUMNS)] if at_zero else adjusted.df
    return inference.t_p_value(statistics, degrees), fits.theta == 0


def cell(patients: int, icc: float, data_sets: int, seed: int) -> dict:
    """Rejection rates of one cell: all fits, and boundary and interior fits apart."""
    generator = np.random.Generator(np.random.PCG64([seed, patients, round(1000 * icc)]))
    rejected, boundary = [], []
    for start in range(0, data_sets, PER_DESIGN):
        p, zero = p_values(generator, patients, icc, min(PER_DESIGN, data_sets - start))
        rejected.append(p < ALPHA)
        boundary.append(zero)
    rejected, boundary = np.concatenate(rejected), np.concatenate(boundary)
    groups = {"all": np.ones(len(boundary), bool), "boundary": boundary, "interior": ~boundary}
    rates = {
        name: {
            method: {term: float(rejected[chosen, i, j].mean()) for j, term in enumerate(TERMS)}
            for i, method in enumerate(METHODS)
        }
        for name, chosen in groups.items()
        if chosen.any()
    }
    return {
        "patients": patients,
        "icc": icc,
        "data_sets": len(boundary),
        "boundary": int(boundary.sum()),
        "rates": rates,
    }


def write_table(cells: list[dict]) -> None:
    """Markdown table of the rates in percent."""
    lines = []
    for term, title in zip(TERMS, ("within-patient term", "between-patient term"), strict=True):
        for group in ("all", "boundary", "interior"):
            lines += [f"\n### {title}, {group} fits\n", "| patients | ICC | fits | " + " | ".join(METHODS) + " |"]
            lines.append("|---|---|---|" + "---|" * len(METHODS))
            for c in cells:
                if group not in c["rates"]:
                    continue
                count = {"all": c["data_sets"], "boundary": c["boundary"]}.get(group, c["data_sets"] - c["boundary"])
                rates = c["rates"][group]
                values = " | ".join(f"{100 * rates[m][term]:.2f}" for m in METHODS)
                lines.append(f"| {c['patients']} | {c['icc']:g} | {count} | {values} |")
    (HERE / "table.md").write_text(
        "# Rejection rates in percent (nominal 5)\n" + "\n".join(lines) + "\n", encoding="utf-8"
    )


def draw_figure(cells: list[dict]) -> None:
    """Rates of all fits by number of patients, a panel for each term and ICC."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, len(ICCS), figsize=(10, 7), sharex=True, sharey=True, squeeze=False)
    for row, term in enumerate(TERMS):
        for column, icc in enumerate(ICCS):
            axis = axes[row, column]
            chosen = [c for c in cells if c["icc"] == icc]
            error = 1.96 * np.sqrt(ALPHA * (1 - ALPHA) / chosen[0]["data_sets"])
            axis.axhspan(100 * (ALPHA - error), 100 * (ALPHA + error), color="0.9")
            for method, marker in zip(METHODS, "osD^vPX", strict=True):
                rates = [100 * c["rates"]["all"][method][term] for c in chosen]
                axis.plot(range(len(chosen)), rates, marker=marker, label=method, linewidth=1)
            axis.axhline(100 * ALPHA, color="black", linewidth=0.8)
            axis.set_xticks(range(len(chosen)), [str(c["patients"]) for c in chosen])
            axis.set_title(f"{term.replace('_', ' ')}, ICC {icc:g}")
    for axis in axes[-1]:
        axis.set_xlabel("patients (4 sessions each)")
    for axis in axes[:, 0]:
        axis.set_ylabel("rejections, %")
    axes[0, -1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(HERE / "rates.png", dpi=120, metadata={"Software": None})


def main() -> None:
    """Run all cells and write the table and the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-sets", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    cells = []
    for icc in ICCS:
        for patients in PATIENTS:
            began = time.perf_counter()
            cells.append(cell(patients, icc, arguments.data_sets, arguments.seed))
            print(f"{patients} patients, ICC {icc:g}: {time.perf_counter() - began:.0f} s", flush=True)
    record = {"alpha": ALPHA, "seed": arguments.seed, "sessions": SESSIONS, "methods": METHODS, "cells": cells}
    (HERE / "rates.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write_table(cells)
    draw_figure(cells)


if __name__ == "__main__":
    main()
