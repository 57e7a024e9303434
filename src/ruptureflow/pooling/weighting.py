"""Weighted least squares over effects with known variances, for many sets of weights at once.

Everything the estimators of tau² need are traces and quadratic forms of
P = W − W X (X'WX)⁻¹ X'W.  None is formed: each follows from p × p cross-products, so a fit costs
O(k p²) and a thousand refits of one design are one batch (leading axis `m`).
"""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling.single import THREADED


class once:  # noqa: N801
    """functools.cached_property without its lock, which costs more than the sums of a small pool."""

    def __init__(self, function):
        self.function = function
        self.name = function.__name__

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.function(instance)
        return value


@dataclass(frozen=True)
class Problem:
    """m sets of k effects under one design.

    y, v : (m, k) effects and sampling variances.
    basis : (k, p) orthonormal columns that span the design; None means an intercept alone.
    on : (m, k) of 0/1, which effects enter each set; None means all.
    """

    y: np.ndarray
    v: np.ndarray
    basis: np.ndarray | None = None
    on: np.ndarray | None = None

    @property
    def p(self):
        return 1 if self.basis is None else self.basis.shape[1]

    @once
    def k(self):
        if self.on is None:
            return np.full(self.y.shape[0], float(self.y.shape[1]))
        return np.add.reduce(self.on, 1).astype(float)

    def weights(self, tau2):
        """1/(v + tau²), zero for effects left out."""
        w = 1.0 / (self.v + tau2[:, None])
        return w if self.on is None else w * self.on

    def rows(self, index):
        """The sets named by `index`."""
        on = None if self.on is None else self.on[index]
        return Problem(self.y[index], self.v[index], self.basis, on)

    def at(self, w):
        """The weighted fit with weights `w`, (m, k)."""
        return InterceptFit(self, w) if self.basis is None else DesignFit(self, w)


def sums(a, b):
    """Scalar products of rows (see `single.inner` on threads)."""
    return np.vecdot(a, b) if a.shape[1] < THREADED else np.einsum("ij,ij->i", a, b)


class _Fit:
    """Formulas shared by both designs, in terms of cross(), ratio(), trace() and product()."""

    @once
    def u(self):
        return self.w * self.residual

    @once
    def rss(self):
        """y'Py."""
        return sums(self.u, self.residual)

    @once
    def ypp(self):
        """y'PPy."""
        return sums(self.u, self.u)

    @once
    def _w2(self):
        return self.w * self.w

    @once
    def _m(self):
        return self.ratio(self.cross(self._w2))

    @once
    def trace_p(self):
        return np.add.reduce(self.w, 1) - self.trace(self._m)

    @once
    def trace_pp(self):
        third = self.ratio(self.cross(self._w2 * self.w))
        return np.add.reduce(self._w2, 1) - 2 * self.trace(third) + self.trace(self.product(self._m, self._m))

    @once
    def yppp(self):
        """y'PPPy."""
        wu = self.w * self.u
        return sums(wu, self.u) - self.projected(wu)

    def trace_pv(self, v):
        return sums(self.w, v) - self.trace(self.ratio(self.cross(self._w2 * v)))

    def trace_pvpv(self, v):
        wv = self.w * v
        m = self.ratio(self.cross(self.w * wv))
        third = self.ratio(self.cross(self.w * wv * wv))
        return sums(wv, wv) - 2 * self.trace(third) + self.trace(self.product(m, m))

    def trace_pvp(self, v):
        w2v = self._w2 * v
        m = self.ratio(self.cross(w2v))
        third = self.ratio(self.cross(w2v * self.w))
        return np.add.reduce(w2v, 1) - 2 * self.trace(third) + self.trace(self.product(self._m, m))


class InterceptFit(_Fit):
    """Weighted mean; a cross-product is a sum."""

    def __init__(self, problem, w):
        self.problem, self.w = problem, w
        self.total = np.add.reduce(w, 1)

    @once
    def coefficients(self):
        return (sums(self.w, self.problem.y) / self.total)[:, None]

    @once
    def residual(self):
        return self.problem.y - self.coefficients

    @once
    def covariance(self):
        return (1 / self.total)[:, None, None]

    @once
    def log_determinant(self):
        return np.log(self.total)

    def cross(self, w):
        return np.add.reduce(w, 1)

    def ratio(self, cross):
        return cross / self.total

    def trace(self, matrix):
        return matrix

    def product(self, left, right):
        return left * right

    def projected(self, vector):
        return np.add.reduce(vector, 1) ** 2 / self.total

    def leverage(self):
        return self.w / self.total[:, None]


class DesignFit(_Fit):
    """Weighted regression on an orthonormal basis of the design (its columns keep X'WX well conditioned)."""

    def __init__(self, problem, w):
        self.problem, self.w = problem, w
        self.information = self.cross(w)

    @once
    def coefficients(self):
        moment = (self.w * self.problem.y) @ self.problem.basis
        return np.linalg.solve(self.information, moment[..., None])[..., 0]

    @once
    def residual(self):
        return self.problem.y - self.coefficients @ self.problem.basis.T

    @once
    def covariance(self):
        return np.linalg.inv(self.information)

    @once
    def log_determinant(self):
        return np.linalg.slogdet(self.information)[1]

    def cross(self, w):
        basis = self.problem.basis
        return np.matmul(basis.T * w[:, None, :], basis)

    def ratio(self, cross):
        return np.linalg.solve(self.information, cross)

    def trace(self, matrix):
        return np.trace(matrix, axis1=1, axis2=2)

    def product(self, left, right):
        return left @ right

    def projected(self, vector):
        moment = vector @ self.problem.basis
        return sums(moment, np.linalg.solve(self.information, moment[..., None])[..., 0])

    def leverage(self):
        basis = self.problem.basis
        return self.w * np.einsum("kp,mpq,kq->mk", basis, self.covariance, basis)
