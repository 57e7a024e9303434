"""Coverage of the intervals of agreement where sessions are nested in patients.

    python validation/agreement/coverage.py        writes validation/agreement/coverage.md

22 patients × 4 sessions × 2 coders from a known model, again and again: how often do the classical interval of
ICC(2,1), its patient bootstrap, and the patient bootstrap of the within-patient reliability hold the truth? Coders are
fixed over the simulations, so that their variance is what these two differ by.
"""

import os
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from ruptureflow.agreement.consistency import item_covariances, item_sums, omega_of_draws  # noqa: E402
from ruptureflow.agreement.icc import draw_icc  # noqa: E402
from ruptureflow.agreement.mean_squares import coefficients, interval, mean_squares  # noqa: E402
from ruptureflow.agreement.nested_components import nested_components, nested_sums  # noqa: E402
from ruptureflow.agreement.patient_bootstrap import Bootstrap  # noqa: E402

SIMULATIONS, OMEGA_SIMULATIONS, SESSIONS = 1000, 400, 4
PATIENTS = (12, 22, 50)
# Shares of patient, session, coder × patient and residual; the two coders do not differ on average.
CASES = {
    "variance within patients": (0.2, 1.0, 0.05, 0.25),
    "variance between patients": (1.0, 0.3, 0.05, 0.25),
    "coders differ by patient": (0.5, 0.5, 0.4, 0.2),
}


def simulate(generator: np.random.Generator, n: int, case: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Sessions × coders and the patient of each session."""
    patient, session, both, residual = (np.sqrt(each) for each in case)
    of_session = np.repeat(np.arange(n), SESSIONS)
    values = (
        generator.normal(0, patient, n)[of_session][:, None]
        + generator.normal(0, session, (n * SESSIONS, 1))
        + generator.normal(0, both, (n, 2))[of_session]
        + generator.normal(0, residual, (n * SESSIONS, 2))
    )
    return values, of_session


def coverage(n: int, case: tuple[float, ...]) -> tuple[float, float, float]:
    """Shares of intervals that hold the truth: classical, bootstrap, bootstrap of the within-patient reliability."""
    patient, session, _, residual = case
    agreement = (patient + session) / sum(case)
    within = session / (session + residual / 2)
    generator = np.random.default_rng(1)
    held = np.zeros(3)
    for simulation in range(SIMULATIONS):
        values, patients = simulate(generator, n, case)
        bootstrap = Bootstrap(500, simulation)
        weights = bootstrap.weights(n)
        squares = mean_squares(values)
        ends = [
            interval("ICC(2,1)", squares, float(coefficients(squares)["ICC(2,1)"]), 0.95),
            bootstrap.interval(draw_icc(values, patients, weights)["ICC(2,1)"], n),
            bootstrap.interval(
                nested_components(nested_sums(values - values.mean(), patients).weighted(weights)).within_patient, n
            ),
        ]
        truths = (agreement, agreement, within)
        held += [low <= truth <= high for (low, high), truth in zip(ends, truths, strict=True)]
    return tuple(held / SIMULATIONS)


def omega_coverage(n: int) -> tuple[float, float]:
    """Shares of bootstrap intervals of omega of four items, over all forms and within patients, that hold the truth."""
    loadings, spread = np.array([0.8, 0.7, 0.9, 0.6]), np.array([0.6, 0.8, 0.5, 0.9])
    generator = np.random.default_rng(1)
    of_form = np.repeat(np.arange(n), SESSIONS)
    # The factor varies between patients (share .5) and within them (.5), items' own parts within patients only.
    truths = [v * loadings.sum() ** 2 / (v * loadings.sum() ** 2 + (spread**2).sum()) for v in (1.0, 0.5)]
    held = np.zeros(2)
    for simulation in range(OMEGA_SIMULATIONS):
        factor = generator.normal(0, 0.5**0.5, n)[of_form] + generator.normal(0, 0.5**0.5, n * SESSIONS)
        answers = factor[:, None] * loadings + generator.normal(0, spread, (n * SESSIONS, 4))
        sums = item_sums(answers - answers.mean(axis=0), of_form)
        bootstrap = Bootstrap(500, simulation)
        found, drawn = (item_covariances(sums.weighted(w)) for w in (np.ones(n), bootstrap.weights(n)))
        for place, level in enumerate(("all", "within")):
            low, high = bootstrap.interval(omega_of_draws(getattr(found, level), getattr(drawn, level)), n)
            held[place] += low <= truths[place] <= high
    return tuple(held / OMEGA_SIMULATIONS)


def main() -> None:
    """Write the tables."""
    lines = [
        f"Coverage of 95 % intervals, {SIMULATIONS:,} simulations a line, {SESSIONS} sessions a patient, two coders "
        "(`python validation/agreement/coverage.py`; the error of a share is .007).",
        "",
        "| variances | patients | ICC(2,1), classical | ICC(2,1), over patients | within-patient, over patients |",
        "|---|---|---|---|---|",
    ]
    for name, case in CASES.items():
        for n in PATIENTS:
            shares = " | ".join(f"{share:.3f}" for share in coverage(n, case))
            lines.append(f"| {name} | {n} | {shares} |")
    lines += [
        "",
        f"The same of omega of four items, {OMEGA_SIMULATIONS} simulations a line (the error of a share is .011).",
        "",
        "| patients | omega, over patients | omega within patients, over patients |",
        "|---|---|---|",
    ]
    lines += [f"| {n} | " + " | ".join(f"{share:.3f}" for share in omega_coverage(n)) + " |" for n in PATIENTS]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
