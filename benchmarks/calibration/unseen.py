"""A second set of families that nobody looked at while designing the probes, in other constructions; measured once."""

from __future__ import annotations

import numpy as np
from families import gaussian, profiles, repeated
from scipy.stats import norm
from truth import (
    Family,
    correlation,
    gaussian_pairs,
    log_negative_binomial,
    log_normal,
    log_poisson,
    ratio_of_labels,
    ratio_through_state,
    rotation,
    t_excess_bits,
)


def dense(name: str, d: int = 10, r: float = 0.25, bend=lambda x: x) -> Family:
    """All 2 d columns correlate alike with one another, each bent."""

    def log_det(m: int) -> float:
        return (m - 1) * np.log(1 - r) + np.log(1 + (m - 1) * r)

    bits = 0.5 * (2 * log_det(d) - log_det(2 * d)) / np.log(2)

    def draw(n, rng):
        joint = np.sqrt(r) * rng.standard_normal((n, 1)) + np.sqrt(1 - r) * rng.standard_normal((n, 2 * d))
        return bend(joint[:, :d]), bend(joint[:, d:])

    return Family(f"{name} dense {d}x{d}", draw, float(bits))


def student_margins(dof: float = 3.0, d: int = 3, bits: float = 0.7) -> Family:
    """Student pairs, their tails cut by arctan, turned."""

    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, d, 1, bits)
        scale = np.sqrt(dof / rng.chisquare(dof, n))[:, None]
        return np.arctan(x * scale) @ rotation(d, 50), y * scale

    return Family(f"arctan student {d} dof {dof:g}", draw, bits + t_excess_bits(dof, d, d))


def rolled_pair(bits: float = 2.0) -> Family:
    """Two Gaussian pairs; X is put onto a rolled sheet in three dimensions, with five columns of noise."""

    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, 2, 2, 2, bits)
        angle = np.pi * (1 + 1.5 * norm.cdf(x[:, 0]))
        sheet = np.column_stack([angle * np.cos(angle), 8 * norm.cdf(x[:, 1]), angle * np.sin(angle)])
        return np.hstack([sheet, rng.standard_normal((n, 5))]), y

    return Family("rolled sheet in 8x2", draw, bits)


def two_signs(d: int = 6, r: float = 0.85) -> Family:
    """Pairs correlate by +r in one half of the cells and by -r in the other; a third column tells which, in noise."""

    def draw(n, rng):
        sign = rng.choice([-1.0, 1.0], n)
        x, y = rng.standard_normal((n, d)), rng.standard_normal((n, d))
        y[:, 0] = sign * r * x[:, 0] + np.sqrt(1 - r * r) * y[:, 0]
        x[:, 1] += 1.5 * sign
        parts = []
        for s in (-1.0, 1.0):
            log_y = norm.logpdf(y[:, 0], s * r * x[:, 0], np.sqrt(1 - r * r))
            parts.append(log_y + norm.logpdf(x[:, 1], 1.5 * s))
        joint = np.logaddexp(*parts) - np.logaddexp(norm.logpdf(x[:, 1], 1.5), norm.logpdf(x[:, 1], -1.5))
        return x, y, joint - norm.logpdf(y[:, 0])

    return Family(f"two signs in {d}x{d}", draw)


def log_normal_pairs(d: int = 20, k: int = 5, bits: float = 2.5) -> Family:
    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, d, k, bits)
        return np.exp(x @ rotation(d, 51)), np.exp(1.2 * y)

    return Family(f"log-normal {k} of {d}", draw, bits)


def low_rank(d: int, p: int, k: int = 4, bits: float = 2.5) -> Family:
    """Few shared directions among many of decaying width."""

    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, p, k, bits)
        x, y = x @ rotation(d, 52), y @ rotation(p, 53)
        return x * np.linspace(3, 0.2, d), y * np.linspace(3, 0.2, p)

    return Family(f"decaying gaussian {k} of {d}x{p}", draw, bits)


def shares(n_types: int, seed: int) -> np.ndarray:
    share = np.random.default_rng(seed).dirichlet(np.full(n_types, 1.0)) + 2e-3
    return share / share.sum()


def type_labels(depth: float, genes: int, n_types: int, size: float) -> Family:
    """Gamma-Poisson counts of types; X their logs, as principal components would turn them."""
    rates, share = profiles(n_types, genes, 60, 0.5, depth), shares(n_types, 61)

    def draw(n, rng):
        types = rng.choice(n_types, n, p=share)
        means = rates[types]
        counts = rng.poisson(means * rng.gamma(size, 1 / size, means.shape)).astype(float)
        ratio = ratio_of_labels(log_negative_binomial(counts, rates, size), types, share)
        return np.log1p(counts / depth * 100) @ rotation(genes, 62), types, ratio

    return Family(f"gamma-poisson {n_types} types, {genes} genes, {depth:g} UMI", draw)


def type_proteins(depth: float, genes: int, proteins: int, n_types: int) -> Family:
    """Types of cells; X their counts, Y counts of their proteins (negative binomial), logged."""
    rates, share = profiles(n_types, genes, 63, 0.5, depth), shares(n_types, 64)
    levels = np.exp(1.5 + 0.35 * np.random.default_rng(65).standard_normal((n_types, proteins)))

    def draw(n, rng):
        types = rng.choice(n_types, n, p=share)
        counts = rng.poisson(rates[types]).astype(float)
        tags = rng.poisson(levels[types] * rng.gamma(4.0, 0.25, (n, proteins))).astype(float)
        ratio = ratio_through_state(log_poisson(counts, rates), log_negative_binomial(tags, levels, 4.0), share)
        return np.sqrt(counts) @ rotation(genes, 66), np.log1p(tags), ratio

    return Family(f"{n_types} types, {genes} genes at {depth:g} UMI, {proteins} protein counts", draw)


def type_clones(depth: float, genes: int, n_types: int) -> Family:
    rates, share = profiles(n_types, genes, 67, 0.4, depth), shares(n_types, 68)

    def draw(n, rng):
        types = rng.choice(n_types, n, p=share)
        one, two = (rng.poisson(rates[types]).astype(float) for _ in range(2))
        ratio = ratio_through_state(log_poisson(one, rates), log_poisson(two, rates), share)
        return np.log1p(one) @ rotation(genes, 69), np.log1p(two) @ rotation(genes, 69), ratio

    return Family(f"clones of {n_types} types, {genes} genes at {depth:g} UMI", draw)


def neighbours(depth: float = 150.0, genes: int = 20) -> Family:
    """Cells on a ring of 300 places whose programmes turn with it; Y is the profile of a cell one place on."""
    angle = 2 * np.pi * np.arange(300) / 300
    waves = np.column_stack([f(k * angle) for k in (1, 2, 3) for f in (np.cos, np.sin)])
    rng0 = np.random.default_rng(70)
    rates = np.exp(rng0.standard_normal(genes) + 0.5 * waves @ rng0.standard_normal((6, genes)))
    rates = depth * rates / rates.sum(axis=1, keepdims=True)
    share = np.full(300, 1 / 300)

    def draw(n, rng):
        place = rng.integers(0, 300, n)
        one = rng.poisson(rates[place]).astype(float)
        two = rng.poisson(rates[(place + 1) % 300]).astype(float)
        ratio = ratio_through_state(log_poisson(one, rates), log_poisson(two, np.roll(rates, -1, axis=0)), share)
        return np.log1p(one) @ rotation(genes, 71), np.log1p(two), ratio

    return Family(f"neighbours on a ring, {genes} genes", draw)


def skewed_labels(n_labels: int = 15, d: int = 10) -> Family:
    """Columns are gamma-distributed around each label's means, then logged for half of them."""
    rng0 = np.random.default_rng(72)
    means = np.exp(0.5 * rng0.standard_normal((n_labels, d)))
    share = np.full(n_labels, 1 / n_labels)

    def draw(n, rng):
        labels = rng.integers(0, n_labels, n)
        x = means[labels] * rng.gamma(2.0, 0.5, (n, d))
        logs = -2.0 * (x @ (1 / means).T) - 2.0 * np.log(means).sum(axis=1)
        ratio = ratio_of_labels(logs, labels, share)
        x[:, ::2] = np.log(x[:, ::2])
        return x, labels, ratio

    return Family(f"{n_labels} labels of gamma columns", draw)


def weak_label(d: int = 30, gain: float = 1.0) -> Family:
    """One of two labels by the logistic of one direction."""

    def draw(n, rng):
        x = rng.standard_normal((n, d))
        p = 1 / (1 + np.exp(-gain * x[:, 0]))
        labels = (rng.random(n) < p).astype(int)
        return x @ rotation(d, 73), labels, np.log(2 * np.where(labels == 1, p, 1 - p))

    return Family(f"one weak label in {d}", draw)


def clusters_of_both(n_states: int = 10, d: int = 12) -> Family:
    """X and Y are Gaussian clouds around the places of one of ten states."""
    rng0 = np.random.default_rng(74)
    one, two = 0.8 * rng0.standard_normal((n_states, d)), 0.8 * rng0.standard_normal((n_states, d))
    share = shares(n_states, 75)

    def draw(n, rng):
        state = rng.choice(n_states, n, p=share)
        x, y = one[state] + rng.standard_normal((n, d)), two[state] + rng.standard_normal((n, d))
        return x, y, ratio_through_state(log_normal(x, one, 1.0), log_normal(y, two, 1.0), share)

    return Family(f"clouds of {n_states} states {d}x{d}", draw)


def one_column(r: float = correlation(1.5, 1)) -> Family:
    """A single column of Y about 24 of X."""

    def draw(n, rng):
        x, y = rng.standard_normal((n, 24)), rng.standard_normal((n, 1))
        return np.sinh(x), np.cbrt(r * x[:, :1] + np.sqrt(1 - r * r) * y)

    return Family("cube root of one column about 24", draw, 1.5)


FAMILIES = {
    family.name: family
    for family in (
        dense("plain"),
        dense("wiggly", bend=lambda x: x + 0.5 * np.sin(2 * x)),
        dense("arcsinh", d=25, r=0.1, bend=lambda x: np.arcsinh(3 * x)),
        student_margins(),
        rolled_pair(),
        two_signs(),
        log_normal_pairs(),
        low_rank(64, 128),
        low_rank(48, 2, k=2, bits=1.5),
        one_column(),
        clusters_of_both(),
        type_labels(200.0, 50, 20, 2.0),
        type_labels(40.0, 100, 30, 5.0),
        type_proteins(60.0, 24, 40, 15),
        type_clones(150.0, 24, 25),
        neighbours(),
        skewed_labels(),
        weak_label(),
        repeated(gaussian(20, 20, 3, 1.2)),
    )
}
