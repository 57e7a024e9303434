"""Does any standard curve end above the best that many starts find, without saying so?

Random designs (4pl and 5pl; rising and falling; 5 to 12 levels over 1 to 6 decades, single to triplicate, with and
without a zero dose; signals from 1e-3 to 1e6; equal and given weights; noise of 0 to 20 %; ordinary, flat and saturated
curves and midpoints beyond the doses), each fitted by `fit_curve` and by scipy's least_squares from several starts.

    python validation/assay/optimum.py 300        # 10 minutes; writes optimum.md; exits 1 if one did
"""

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from ruptureflow.assay import fit_curve
from ruptureflow.assay.logistic import predict

STARTS = 5
TOLERANCE = 1e-6
BOUNDS = np.array([np.inf, np.inf, 200, np.log(50), np.log(20)])


def design(rng):
    """A model, doses, responses and weights."""
    model = str(rng.choice(["4pl", "5pl"]))
    levels, tubes, decades = (
        int(rng.integers(5 if model == "4pl" else 6, 13)),
        int(rng.integers(1, 4)),
        rng.uniform(1, 6),
    )
    lowest = 10 ** rng.uniform(-3, 3)
    dose = np.geomspace(lowest, lowest * 10**decades, levels)
    dose = np.repeat(np.concatenate([[0.0], dose]) if rng.random() < 0.5 else dose, tubes)
    scale = 10 ** rng.uniform(-3, 6)
    a, d = (0.05, 1.0) if rng.random() < 0.5 else (1.0, 0.05)
    kind = str(rng.choice(["ordinary", "saturated", "flat", "beyond the doses"], p=[0.7, 0.1, 0.08, 0.12]))
    width = decades * np.log(10)
    midpoint = np.log(lowest) + {
        "ordinary": rng.uniform(0.2, 0.8) * width, "saturated": -rng.uniform(0, 2),
        "flat": 0.5 * width, "beyond the doses": width + rng.uniform(0, 3),
    }[kind]  # fmt: skip
    d = a + 0.02 * (d - a) if kind == "flat" else d
    asymmetry = rng.normal(0, 0.6) if model == "5pl" else 0.0
    theta = np.array([a, d, midpoint, rng.uniform(np.log(0.4), np.log(4)), asymmetry])
    noise = float(rng.choice([0, 0.01, 0.05, 0.1, 0.2]))
    mean = scale * predict(theta[None], dose[None])[0]
    response = mean * (1 + noise * rng.normal(size=dose.size)) + 0.02 * scale * noise * rng.normal(size=dose.size)
    weights = None
    if rng.random() < 0.5:
        weights = 1 / np.maximum(np.abs(response), 0.01 * scale) ** rng.choice([1, 2])
    return kind, model, dose, response, weights


def best_of_starts(dose, response, weights, model, rng):
    """Smallest weighted sum of squares of several searches."""
    p = 4 if model == "4pl" else 5
    finite = np.log(dose[dose > 0])
    root, scale, best = np.sqrt(weights), np.ptp(response), np.inf

    def residual(theta):
        return np.nan_to_num((response / scale - predict(theta[None], dose[None])[0]) * root, nan=1e6)

    for _ in range(STARTS):
        slope = np.log(rng.choice([0.3, 0.6, 1, 1.5, 2.5, 5, 10]))
        start = np.array([1, 0, rng.uniform(finite.min() - 1, finite.max() + 1), slope, rng.normal()])[:p]
        share = predict(start[None], dose[None])[0]
        ends = np.column_stack([share, 1 - share]) * root[:, None]
        start[:2] = np.linalg.lstsq(ends, response / scale * root, rcond=None)[0]
        bounds = (-BOUNDS[:p], BOUNDS[:p])
        start = np.clip(start, bounds[0] + 1e-9, bounds[1] - 1e-9)
        options = {"xtol": 1e-14, "ftol": 1e-14, "gtol": 1e-14, "max_nfev": 200, "x_scale": "jac"}
        best = min(best, 2 * least_squares(residual, start, bounds=bounds, **options).cost * scale**2)
    return best


def main(count):
    """Fit the designs and write the table."""
    rows: dict[tuple[str, str], list[int]] = {}
    silent = []
    for seed in range(count):
        rng = np.random.default_rng(50_000 + seed)
        kind, model, dose, response, weights = design(rng)
        fit = fit_curve(dose, response, model, weights)
        w = np.ones(dose.size) if weights is None else weights
        own = float((w * (response - fit.predict(dose)) ** 2).sum())
        total = float((w * (response - np.average(response, weights=w)) ** 2).sum())
        best = best_of_starts(dose, response, w, model, rng)
        above = own - best > TOLERANCE * max(best, 1e-12 * total)
        told = not fit.converged or fit.at_bound
        row = rows.setdefault((model, kind), [0, 0, 0, 0, 0])
        for place, count_it in enumerate((True, fit.converged, fit.at_bound, above, above and not told)):
            row[place] += int(count_it)
        if above and not told:
            silent.append(seed)
            print(f"design {seed} ({model}, {kind}): {own:.6g} above {best:.6g} and silent", flush=True)
    head = "| model | curve | designs | converged | not identified | above the best | above and silent |"
    lines = [
        f"# Fits of {count} random designs against the best of {STARTS} starts",
        "",
        head,
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {model} | {kind} | " + " | ".join(map(str, row)) + " |" for (model, kind), row in sorted(rows.items())
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
