"""Families that nobody looked at while designing the probes; measured once, at the end."""

from __future__ import annotations

import numpy as np
from families import (
    cells_proteins,
    cells_types,
    clonal,
    emptied,
    factor,
    gaussian,
    labels_mixture,
    margins,
    profiles,
    student,
)
from scipy.stats import norm
from truth import Family, gaussian_pairs, log_normal, ratio_of_labels, ratio_through_state, rotation, t_excess_bits


def bimodal(bits: float = 1.5) -> Family:
    """Each margin of one Gaussian pair bent into two humps; six columns of noise."""

    def bend(x):
        return norm.ppf(0.5 * norm.cdf(3 * x - 0.5) + 0.5 * norm.cdf(x)) + np.sign(x) * 1.0

    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, 7, 7, 1, bits)
        return bend(x), bend(y)

    return Family("bimodal margins 1 of 7", draw, bits)


def additive_uniform(width: float = 0.5) -> Family:
    """X uniform on [0, 1], Y = X + uniform noise of half-width ``width`` <= 1/2: closed form."""
    bits = (np.log(1 / (2 * width)) + width) / np.log(2)

    def draw(n, rng):
        x = rng.random((n, 1))
        return x, x + rng.uniform(-width, width, (n, 1))

    return Family(f"additive uniform noise {width:g}", draw, float(bits))


def swiss_roll(bits: float = 1.2) -> Family:
    """One uniform margin of a Gaussian pair is rolled up in two dimensions."""

    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, 1, 1, 1, bits)
        angle = 1.5 * np.pi * (1 + 2 * norm.cdf(x[:, 0]))
        rolled = np.column_stack([angle * np.cos(angle), angle * np.sin(angle)]) / 21
        return rolled, norm.cdf(y)

    return Family("swiss roll", draw, bits)


def arcsinh_student(d: int = 4, dof: float = 2.0, bits: float = 0.8) -> Family:
    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, d, 2, bits)
        scale = np.sqrt(dof / rng.chisquare(dof, n))[:, None]
        return np.arcsinh(x * scale), np.arcsinh(y * scale)

    return Family(f"arcsinh student {d} dof {dof:g}", draw, bits + t_excess_bits(dof, d, d))


def circle(noise: float = 0.3, d: int = 8) -> Family:
    """X and Y are one angle on two circles, each in noise; the other columns are noise."""
    angles = 2 * np.pi * np.arange(180) / 180
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    share = np.full(180, 1 / 180)

    def draw(n, rng):
        state = rng.integers(0, 180, n)
        x = points[state] + noise * rng.standard_normal((n, 2))
        y = points[(2 * state) % 180] + noise * rng.standard_normal((n, 2))
        ratio = ratio_through_state(
            log_normal(x, points, noise), log_normal(y, points[(2 * np.arange(180)) % 180], noise), share
        )
        return np.hstack([x, rng.standard_normal((n, d - 2))]), y, ratio

    return Family(f"circle doubled in {d}x2", draw)


def coordinates(depth: float = 100.0, genes: int = 24) -> Family:
    """Cells whose programmes vary in bumps over a 20 x 20 plane; Y is where they lie, with noise."""
    side = np.linspace(0, 1, 20)
    places = np.array([(a, b) for a in side for b in side])
    rng0 = np.random.default_rng(31)
    centres = rng0.random((6, 2))
    bumps = np.exp(-((places[:, None] - centres) ** 2).sum(-1) / (2 * 0.15**2))
    rates = np.exp(rng0.standard_normal(genes) + 1.5 * bumps @ rng0.standard_normal((6, genes)))
    rates = depth * rates / rates.sum(axis=1, keepdims=True)
    share = np.full(400, 1 / 400)

    def draw(n, rng):
        state = rng.integers(0, 400, n)
        counts = rng.poisson(rates[state]).astype(float)
        y = places[state] + 0.05 * rng.standard_normal((n, 2))
        logs = counts @ np.log(rates).T - rates.sum(axis=1)
        ratio = ratio_through_state(logs, log_normal(y, places, 0.05), share)
        return np.log1p(counts) @ rotation(genes, 32), y, ratio

    return Family("places of cells in 24x2", draw)


def student_labels(n_labels: int = 20, d: int = 12, dof: float = 4.0) -> Family:
    """Heavy-tailed clusters on a line and off it."""
    rng0 = np.random.default_rng(33)
    means = 0.9 * rng0.standard_normal((n_labels, d))
    share = rng0.dirichlet(np.full(n_labels, 2.0))

    def draw(n, rng):
        labels = rng.choice(n_labels, n, p=share)
        x = means[labels] + rng.standard_normal((n, d)) * np.sqrt(dof / rng.chisquare(dof, n))[:, None]
        square = ((x[:, None] - means) ** 2).sum(-1)
        return x, labels, ratio_of_labels(-0.5 * (dof + d) * np.log1p(square / dof), labels, share)

    return Family(f"{n_labels} heavy-tailed labels", draw)


def two_lobes(n_labels: int = 8, d: int = 10) -> Family:
    """Labels that are mixtures of two far clusters each: no linear rule sees them whole."""
    rng0 = np.random.default_rng(34)
    means = 1.2 * rng0.standard_normal((2 * n_labels, d))
    share = np.full(n_labels, 1 / n_labels)

    def draw(n, rng):
        labels = rng.integers(0, n_labels, n)
        x = means[labels + n_labels * rng.integers(0, 2, n)] + rng.standard_normal((n, d))
        logs = log_normal(x, means, 1.0)
        return x, labels, ratio_of_labels(np.logaddexp(logs[:, :n_labels], logs[:, n_labels:]), labels, share)

    return Family(f"{n_labels} labels of two lobes", draw)


def small_states(genes: int = 16, depth: float = 200.0) -> Family:
    """Cells of 12 types; Y a panel of 20 proteins set by the type alone."""
    rates = profiles(12, genes, 35, 0.5, depth)
    levels = np.random.default_rng(36).standard_normal((12, 20))
    share = np.random.default_rng(37).dirichlet(np.full(12, 1.5))

    def draw(n, rng):
        state = rng.choice(12, n, p=share)
        counts = rng.poisson(rates[state]).astype(float)
        y = levels[state] + 1.2 * rng.standard_normal((n, 20))
        logs = counts @ np.log(rates).T - rates.sum(axis=1)
        return np.log1p(counts), y, ratio_through_state(logs, log_normal(y, levels, 1.2), share)

    return Family("12 states, 16 genes, 20 proteins", draw)


FAMILIES = {
    family.name: family
    for family in (
        gaussian(32, 48, 6, 3.0),
        gaussian(16, 16, 2, 1.0),
        gaussian(1, 1, 1, 1.0),
        factor(64, 64, 10, 0.15, 0.15),
        margins("wiggly", lambda x: x + 0.4 * np.sin(x) + 0.2 * np.sin(1.7 * x + 1), d=12, k=3),
        margins("exponential", lambda x: np.exp(0.7 * x), d=16, k=4),
        bimodal(),
        additive_uniform(),
        swiss_roll(),
        arcsinh_student(),
        student(2, 2.0, 0.5, 1),
        circle(),
        coordinates(),
        small_states(),
        clonal(100.0, 32, contrast=0.5),
        cells_proteins(50.0, 24, 100, reach=0.15),
        student_labels(),
        two_lobes(),
        labels_mixture("30 labels in 64", 30, 16, 0.6, extra=48),
        cells_types(1000.0, 16, n_types=25, size=1.0),
        cells_types(10.0, 128, n_types=40),
        emptied(labels_mixture("57 labels", 57, 16, 0.5), 0.3),
    )
}
