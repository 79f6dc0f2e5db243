"""A critic for heavy tails that X and Y share: pairs that are Gaussian but for one random size of each.

A common size (depth, stress, quality of a cell) makes large X come with large Y, whatever their directions. Networks
need thousands of pairs to find the form of that; the Student distribution has it, with one number to choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.probes.bounds import Features, Normaliser, scores
from noiselaw.probes.critic_fit import FittedCritic, pair_values
from noiselaw.probes.exchangeable import turned_round
from noiselaw.probes.linear_base import LIMIT, ridge_canonical, unseen_variates
from noiselaw.probes.margins import Whitener
from noiselaw.probes.misfit import unexplained
from noiselaw.probes.pair_net import Committee

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.probes.known import Known

__all__ = ["EllipticalCritic", "Radial", "fit_elliptical"]

#: Degrees of freedom tried for the critic, and those by which rows are weighed while scatters are found.
_DOFS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0)
_ROBUST = 4.0
_ROUNDS = 15
#: Log radii that spread so many times as much (in variance) as those of a Gaussian, on either side, are worth a trial.
_HEAVY = 1.25
#: Radii beyond so many dimensions grow no further.
_FARTHEST = 1e6
_STRONGEST = 0.999
_LEAST_PAIRS = 200


@dataclass(frozen=True, eq=False)
class Radial:
    """Rows drawn towards the middle by their size, as a Student distribution of 4 degrees of freedom weighs them.

    Directions found in such rows are those of the scatter, undisturbed by the few largest.
    """

    whitener: Whitener
    center: NDArray[np.float64]
    unit: NDArray[np.float64]

    @classmethod
    def fit(cls, values: NDArray[np.float64]) -> Radial:
        """Find center and scatter of the training rows (n, d) by the Student likelihood's fixed point."""
        whitener = Whitener.fit(values, clip=np.inf)
        rows = whitener(values)
        d = rows.shape[1]
        center, scatter = np.median(rows, axis=0), np.eye(d)
        for _ in range(_ROUNDS):
            apart = rows - center
            weight = (_ROBUST + d) / (_ROBUST + np.sum((apart @ np.linalg.inv(scatter)) * apart, axis=1))
            center = weight @ rows / weight.sum()
            apart = rows - center
            scatter = (weight[:, None] * apart).T @ apart / len(rows) + 1e-9 * np.eye(d)
        return cls(whitener, center, np.linalg.cholesky(np.linalg.inv(scatter)))

    def rows(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return whitened rows (m, rank) drawn towards the middle, and the squared radius (m,) each had."""
        apart = (self.whitener(values) - self.center) @ self.unit
        square = np.sum(apart**2, axis=1)
        d = apart.shape[1]
        return apart / self.stretch(square)[:, None], np.minimum(square, _FARTHEST * d)

    def stretch(self, square: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much longer than drawn in rows (m,) of these squared radii are."""
        return np.asarray(np.sqrt((_ROBUST + square) / (_ROBUST + self.unit.shape[0])))

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the rows (m, rank) drawn towards the middle."""
        return self.rows(values)[0]


@dataclass(frozen=True, eq=False)
class _Sized:
    """Paired variates (m, k) in full length, and the squared radius (m,) of the row they belong to."""

    variates: NDArray[np.float64]
    square: NDArray[np.float64]

    @classmethod
    def of(cls, view: Radial, values: NDArray[np.float64], drawn: NDArray[np.float64]) -> _Sized:
        square = view.rows(values)[1]
        return cls(drawn * view.stretch(square)[:, None], square)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> _Sized:
        return _Sized(self.variates[rows], self.square[rows])


@dataclass(frozen=True, eq=False)
class _Student:
    """log t(x, y) - log t(x) - log t(y) for Student distributions of one number of degrees of freedom."""

    dof: float
    correlations: NDArray[np.float64]
    columns: tuple[int, int]

    def features(self, x: _Sized, y: _Sized) -> tuple[Features, Features]:
        """Return features whose score is the log ratio: 1 + (joint squared radius) / dof is a product."""
        r = self.correlations
        strength = r / (1 - r**2)
        own_x, own_y = (one.square + (one.variates**2) @ (strength * r) for one in (x, y))
        plain_x, plain_y = (
            (self.dof + d) / 2 * np.log1p(one.square / self.dof) for one, d in zip((x, y), self.columns, strict=True)
        )
        ones_x, ones_y = np.ones(len(own_x)), np.ones(len(own_y))
        joint_x = np.column_stack([x.variates * (-2 * strength / self.dof), 1 + own_x / self.dof, ones_x])
        joint_y = np.column_stack([y.variates, ones_y, own_y / self.dof])
        say = -(self.dof + sum(self.columns)) / 2
        return (
            Features(np.column_stack([plain_x, ones_x]).astype(np.float32), joint_x, say),
            Features(np.column_stack([ones_y, plain_y]).astype(np.float32), joint_y, say),
        )


@dataclass(frozen=True, eq=False)
class EllipticalCritic(FittedCritic):
    """The critic of a Student dependence."""

    student: _Student
    radial: tuple[Radial, Radial]

    def features(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Features, Features]:
        """Return what the scores of rows of X and of Y are made of."""
        of_x, of_y = self.radial
        k = len(self.student.correlations)
        u, v = self.base.x_variates(of_x(x))[:, :k], self.base.y_variates(of_y(y))[:, :k]
        return self.student.features(_Sized.of(of_x, x, u), _Sized.of(of_y, y, v))


def heavy_together(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether sizes of X (n, d) and of Y (n, p) vary more than a Gaussian's, and together."""
    from scipy.special import polygamma

    sizes = []
    for side in (x, y):
        rows = Whitener.fit(side, clip=np.inf)(side)
        size = np.log(np.sum(rows**2, axis=1) + 1e-12)
        if size.var() < _HEAVY * float(polygamma(1, rows.shape[1] / 2)):
            return False
        sizes.append((size - size.mean()) / size.std())
    return bool(np.mean(sizes[0] * sizes[1]) > 3 / np.sqrt(len(x)))


def fit_elliptical(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    inner: NDArray[np.intp],
    rng: np.random.Generator,
    reference: int,
    known: Known,
    mirrored: bool,
) -> EllipticalCritic | None:
    """Fit to training pairs (n, d), (n, p), also the other way round if ``mirrored``.

    Nothing comes of it where tails are light or held pairs are not told.

    The degrees of freedom are those that tell the first inner fold (n,) best.
    """
    n, widest = len(x), max(x.shape[1], y.shape[1])
    if n < _LEAST_PAIRS or widest > 2 * LIMIT or not heavy_together(x, y):
        return None
    if mirrored:
        x, y = turned_round(x, y)
    folds, about = np.tile(inner, len(x) // n), known.within("radial", mirrored)
    of_x, of_y = Radial.fit(x), Radial.fit(y)
    seen_x, seen_y = of_x(x), of_y(y)
    base = ridge_canonical(seen_x, seen_y, folds, 2 if n > 2500 else int(inner.max()) + 1, about, n)
    u, v = unseen_variates(base, seen_x, seen_y, folds, about)
    told = int(np.sum(base.correlations > 0))
    r = np.minimum(base.correlations[:told], _STRONGEST)
    one, two = _Sized.of(of_x, x[:n], u[:n, :told]), _Sized.of(of_y, y[:n], v[:n, :told])
    held = inner == 0
    found = []
    for dof in _DOFS:
        student = _Student(dof, r, (seen_x.shape[1], seen_y.shape[1]))
        values = pair_values(scores(*student.features(one[held], two[held])))
        found.append((float(values.mean()), student, values))
    value, student, values = max(found, key=lambda one: one[0])
    if value <= 2 * values.std() / np.sqrt(len(values)):
        return None
    rows = rng.permutation(n)[:reference]
    return EllipticalCritic(
        margins="radial",
        base=base,
        view=(of_x, of_y),
        scale=(np.ones(1), np.ones(1)),
        net=Committee(()),
        classes=None,
        normaliser=Normaliser.fit(*student.features(one[rows], two[rows])),
        step=0,
        temperature=1.0,
        unexplained=unexplained(u[:n, :told], v[:n, :told], n),
        mirrored=mirrored,
        value=value,
        student=student,
        radial=(of_x, of_y),
    )
