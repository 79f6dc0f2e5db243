"""Four constructions of their own, drawn up after the last change to the probes and before they were measured."""

from __future__ import annotations

import numpy as np
from families import profiles
from scipy.special import logsumexp
from scipy.stats import gamma
from truth import (
    Family,
    correlation,
    gaussian_pairs,
    log_negative_binomial,
    log_poisson,
    ratio_of_labels,
    ratio_through_state,
    rotation,
    t_excess_bits,
)


def subtypes(n_types: int = 10, each: int = 3, genes: int = 20, depth: float = 250.0) -> Family:
    """Labels are types of cells, each of three subtypes that nobody names; X their logged counts."""
    rates = profiles(n_types * each, genes, 80, 0.5, depth)
    owner = np.repeat(np.arange(n_types), each)
    share = np.random.default_rng(81).dirichlet(np.full(n_types * each, 2.0))
    of_type = np.bincount(owner, weights=share)

    def draw(n, rng):
        state = rng.choice(len(share), n, p=share)
        counts = rng.poisson(rates[state] * rng.gamma(4.0, 0.25, (n, genes))).astype(float)
        joint = log_negative_binomial(counts, rates, 4.0) + np.log(share)
        logs = np.column_stack([logsumexp(joint[:, owner == t], axis=1) for t in range(n_types)]) - np.log(of_type)
        return np.log1p(counts) @ rotation(genes, 82), owner[state], ratio_of_labels(logs, owner[state], of_type)

    return Family(f"{n_types} types of {each} subtypes, {genes} genes", draw)


def halves(n_states: int = 3000, genes: int = 15, depth: float = 120.0) -> Family:
    """The molecules of a cell, dealt into two halves; cells differ in how many they have."""
    size = np.exp(0.6 * np.random.default_rng(84).standard_normal(n_states))
    rates = profiles(n_states, genes, 83, 0.5, depth) * size[:, None]
    share = np.full(n_states, 1 / n_states)

    def draw(n, rng):
        state = rng.integers(0, n_states, n)
        one, two = (rng.poisson(rates[state]).astype(float) for _ in range(2))
        ratio = ratio_through_state(log_poisson(one, rates), log_poisson(two, rates), share)
        return np.sqrt(one) @ rotation(genes, 85), np.sqrt(two) @ rotation(genes, 85), ratio

    return Family(f"halves of cells, {genes} genes at {depth:g} UMI", draw)


def variance_gamma(d: int = 6, p: int = 6, bits: float = 0.5, shape: float = 1.2) -> Family:
    """Gaussian pairs times a common size whose square is gamma: heavy tails of another form than Student's."""
    grid = gamma.ppf((np.arange(2000) + 0.5) / 2000, shape, scale=1 / shape)
    r = correlation(bits, 1)

    def log_mixed(square, m, log_det=0.0):
        logs = -0.5 * square[:, None] / grid - 0.5 * m * np.log(grid)
        return logsumexp(logs, axis=1) - np.log(len(grid)) - 0.5 * m * np.log(2 * np.pi) - 0.5 * log_det

    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, p, 1, bits)
        scale = np.sqrt(grid[rng.integers(0, len(grid), n)])[:, None]
        x, y = x * scale, y * scale
        own_x, own_y = np.sum(x**2, axis=1), np.sum(y**2, axis=1)
        missed = (y[:, 0] - r * x[:, 0]) ** 2 / (1 - r * r) - y[:, 0] ** 2
        joint = log_mixed(own_x + own_y + missed, d + p, np.log(1 - r * r))
        ratio = joint - log_mixed(own_x, d) - log_mixed(own_y, p)
        return x @ rotation(d, 86), y @ rotation(p, 87), ratio

    return Family(f"variance gamma {d}x{p}", draw)


def wide_student(d: int = 12, p: int = 8, dof: float = 5.0, bits: float = 1.0, k: int = 3) -> Family:
    """Student pairs of unlike numbers of columns, mixed with unlike widths."""

    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, p, k, bits)
        scale = np.sqrt(dof / rng.chisquare(dof, n))[:, None]
        return (x * scale) @ rotation(d, 88) * np.linspace(2, 0.3, d), (y * scale) @ rotation(p, 89)

    return Family(f"student {d}x{p} dof {dof:g}", draw, bits + t_excess_bits(dof, d, p))


FAMILIES = {family.name: family for family in (subtypes(), halves(), variance_gamma(), wide_student())}
