"""The default test's claim, measured: error rate of z and Knapp–Hartung under no effect.

`python validation/pooling/knapp_hartung.py` prints the table in README.md; exits with 1 if a
Knapp–Hartung rate leaves 3.5–6.5 %.
"""

import sys

import numpy as np
from scipy import special

from ruptureflow.pooling.heterogeneity import estimate_tau2
from ruptureflow.pooling.weighting import Problem

DRAWS, SEED = 20_000, 2018
STUDIES, HETEROGENEITY = (3, 5, 10, 20), (0.0, 0.5, 0.9)


def rates(k, share, rng):
    """Share of draws that reject at 5 %: z, Knapp–Hartung, Knapp–Hartung with the floor."""
    v = rng.uniform(0.01, 0.10, k)
    typical = (k - 1) / (np.sum(1 / v) - np.sum(1 / v**2) / np.sum(1 / v))
    tau2 = typical * share / (1 - share)
    y = rng.normal(size=(DRAWS, k)) * np.sqrt(v + tau2)
    problem = Problem(y, np.broadcast_to(v, y.shape))
    fit = problem.at(problem.weights(estimate_tau2(problem, "reml").tau2))
    z = np.abs(fit.coefficients[:, 0]) * np.sqrt(fit.total)
    scale = fit.rss / (k - 1)
    t = special.stdtrit(k - 1, 0.975)
    tests = (z > 1.959964, z / np.sqrt(scale) > t, z / np.sqrt(np.maximum(scale, 1)) > t)
    return [100 * one.mean() for one in tests]


def main():
    """Print the table; 1 if the claim fails."""
    rng = np.random.default_rng(SEED)
    failed = False
    print("| k | I², % | z | Knapp–Hartung | with floor |\n|---|---|---|---|---|")
    for k in STUDIES:
        for share in HETEROGENEITY:
            z, plain, floor = rates(k, share, rng)
            print(f"| {k} | {100 * share:.0f} | {z:.1f} | {plain:.1f} | {floor:.1f} |")
            failed |= not 3.5 <= plain <= 6.5
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
