"""The likelihood climb for one pool without moderators, in plain numbers.

Same steps as `heterogeneity._climb`; one small pool is mostly overhead of the batch's arrays, and this
is the call that simulations and notebooks make thousands of times.
"""

import math

import numpy as np

from ruptureflow.pooling.errors import PoolingError

_ROUNDS = 500
THREADED = 8192
HALVINGS = 6  # of tau² in search of a second top of the likelihood above zero


def inner(a, b):
    """Scalar product, on one thread where BLAS would start several: on a busy machine they wait for each other."""
    return float(a.dot(b)) if a.size < THREADED else float(np.einsum("i,i->", a, b))


def climb(y, v, method):
    """tau² by ``ml`` or ``reml`` of effects y (k,) with variances v, without moderators."""
    k = y.size
    centred = y - y.mean()
    mean_v = v.mean()
    hedges = inner(centred, centred) / (k - 1) - mean_v
    tau2 = hedges if hedges > 0 else 0.0
    falls_at_zero = None
    for _ in range(_ROUNDS):
        score, information, slope = _score(centred, v, tau2, method)
        concave = slope < 0
        step = -score / slope if concave else score / information
        new = tau2 + step
        below = new < 0
        if below:
            if falls_at_zero is None:
                falls_at_zero = _score(centred, v, 0.0, method)[0] <= 0
            new = _below(centred, v, tau2, method) if falls_at_zero else tau2 / 2
        size = abs(new - tau2) / (tau2 + mean_v)
        tau2 = new
        if size < 1e-13 or (concave and not below and size < 1e-8):
            return _or_zero(centred, v, tau2, method, falls_at_zero)
    raise PoolingError(
        f"tau² by {method} did not settle after {_ROUNDS} steps (last change {size:.1e}): "
        "look at the profile likelihood, or choose method='dl'."
    )


def _below(y, v, tau2, method):
    """Where to go when a step overshoots zero: the first of tau²/2, /4 … where the likelihood rises, else zero.

    Zero may be one of two tops; the other lies where the score turns positive.
    """
    for halving in range(1, HALVINGS + 1):
        at = tau2 / 2**halving
        if _score(y, v, at, method)[0] > 0:
            return at
    return 0.0


def _score(y, v, tau2, method):
    w = 1 / (v + tau2)
    total = float(np.add.reduce(w))
    r = y - inner(w, y) / total
    u = w * r
    w2 = w * w
    square = float(np.add.reduce(w2))
    ypp = inner(u, u)
    yppp = inner(u, w * u) - inner(w, u) ** 2 / total
    if method == "ml":
        return ypp - total, square, square - 2 * yppp
    ratio = square / total
    information = square - 2 * inner(w2, w) / total + ratio * ratio
    return ypp - (total - ratio), information, information - 2 * yppp


def _or_zero(y, v, tau2, method, falls_at_zero):
    if tau2 == 0:
        return 0.0
    if falls_at_zero is None:
        falls_at_zero = _score(y, v, 0.0, method)[0] <= 0
    if falls_at_zero and _log_likelihood(y, v, 0.0, method) > _log_likelihood(y, v, tau2, method) + 1e-10:
        return 0.0
    return tau2


def _log_likelihood(y, v, tau2, method):
    w = 1 / (v + tau2)
    total = float(np.add.reduce(w))
    r = y - inner(w, y) / total
    value = 0.5 * float(np.log(w).sum()) - 0.5 * inner(r, w * r)
    return value - 0.5 * math.log(total) if method == "reml" else value
