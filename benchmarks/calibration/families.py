"""The families the probes were designed on. Those never looked at while designing are in ``held_back.py``."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm
from truth import (
    Family,
    gaussian_pairs,
    log_negative_binomial,
    log_normal,
    log_poisson,
    ratio_of_labels,
    ratio_through_state,
    rotation,
    t_excess_bits,
)


def gaussian(d: int, p: int, k: int, bits: float) -> Family:
    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, p, k, bits)
        return x @ rotation(d, 1), y @ rotation(p, 2)

    return Family(f"gaussian {k} of {d}x{p} {bits:g}b", draw, bits)


def factor(d: int, p: int, k: int, snr_x: float, snr_y: float) -> Family:
    """A latent z of k dimensions read through loadings with noise in every column."""
    rng0 = np.random.default_rng(5)
    a, b = rng0.standard_normal((k, d)), rng0.standard_normal((k, p))
    scale = np.linspace(1, 0.3, k)[:, None]
    a, b = a * scale * np.sqrt(snr_x), b * scale * np.sqrt(snr_y)
    # posterior precision of z from x, y and both
    eye = np.eye(k)
    dets = [np.linalg.slogdet(eye + m)[1] for m in (a @ a.T, b @ b.T, a @ a.T + b @ b.T)]
    bits = 0.5 * (dets[0] + dets[1] - dets[2]) / np.log(2)

    def draw(n, rng):
        z = rng.standard_normal((n, k))
        return z @ a + rng.standard_normal((n, d)), z @ b + rng.standard_normal((n, p))

    return Family(f"factor {k} in {d}x{p}", draw, float(bits))


def curved(d: int = 16, p: int = 228, k: int = 8, bits: float = 2.0) -> Family:
    """Gaussian pairs, one side bent and read through many saturating columns."""
    weights = np.random.default_rng(6).standard_normal((k, p)) / np.sqrt(k)

    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, k, k, bits)
        x = x @ rotation(d, 3)
        x = x + 0.3 * np.sin(1.5 * x)
        return x, np.tanh(1.5 * (y @ weights)) + 0.5 * (y @ weights)

    return Family(f"curved {k} in {d}x{p}", draw, bits)


def margins(name: str, bend, d: int = 16, k: int = 4, bits: float = 1.5) -> Family:
    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, d, k, bits)
        return bend(x), bend(y)

    return Family(f"{name} {k} of {d}", draw, bits)


def half_cube(x):
    return x * np.sqrt(np.abs(x))


def student(d: int = 5, dof: float = 3.0, bits: float = 0.3, k: int = 2) -> Family:
    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, d, k, bits)
        scale = np.sqrt(dof / rng.chisquare(dof, n))[:, None]
        return x * scale, y * scale

    return Family(f"student {d} dof {dof:g}", draw, bits + t_excess_bits(dof, d, d))


def spiral(d: int = 3, bits: float = 1.47, speed: float = 0.5, k: int = 2) -> Family:
    """X is turned in a plane by an angle that grows with its squared length (volume is kept, so bits are)."""

    def draw(n, rng):
        x, y = gaussian_pairs(n, rng, d, d, k, bits)
        angle = speed * np.sum(x**2, axis=1)
        first, second = x[:, 0].copy(), x[:, 1].copy()
        x[:, 0] = np.cos(angle) * first - np.sin(angle) * second
        x[:, 1] = np.sin(angle) * first + np.cos(angle) * second
        return x, y

    return Family(f"spiral {d}", draw, bits)


def labels_mixture(name: str, n_labels: int, d: int, spread: float, uneven: float = 0.0, extra: int = 0) -> Family:
    """Gaussian clusters; ``uneven`` spreads their widths; ``extra`` columns are noise."""
    rng0 = np.random.default_rng(8)
    means = spread * rng0.standard_normal((n_labels, d))
    sd = np.exp(uneven * rng0.standard_normal((n_labels, d)))
    share = rng0.dirichlet(np.full(n_labels, 0.8))
    share = (share + 1e-3) / (share + 1e-3).sum()

    def draw(n, rng):
        labels = rng.choice(n_labels, n, p=share)
        x = means[labels] + sd[labels] * rng.standard_normal((n, d))
        ratio = ratio_of_labels(log_normal(x, means, sd), labels, share)
        return np.hstack([x, rng.standard_normal((n, extra))]) @ rotation(d + extra, 4), labels, ratio

    return Family(name, draw)


def labels_of_lobes(n_labels: int = 5, lobes: int = 4, d: int = 6) -> Family:
    """Each label is several far clusters."""
    means = 1.5 * np.random.default_rng(10).standard_normal((lobes, n_labels, d))
    share = np.full(n_labels, 1 / n_labels)

    def draw(n, rng):
        labels = rng.integers(0, n_labels, n)
        x = means[rng.integers(0, lobes, n), labels] + rng.standard_normal((n, d))
        logs = np.logaddexp.reduce([log_normal(x, lobe, 1.0) for lobe in means])
        return x, labels, ratio_of_labels(logs, labels, share)

    return Family(f"{n_labels} labels of {lobes} lobes", draw)


def profiles(n_states: int, genes: int, seed: int, contrast: float, depth: float) -> np.ndarray:
    """Expected counts (states, genes): log-normal programmes on a log-normal background, ``depth`` per cell."""
    rng = np.random.default_rng(seed)
    base = rng.standard_normal(genes)
    programmes = rng.standard_normal((8, genes)) / np.sqrt(8)
    rates = np.exp(base + contrast * rng.standard_normal((n_states, 8)) @ programmes)
    return depth * rates / rates.sum(axis=1, keepdims=True)


def embed(counts: np.ndarray) -> np.ndarray:
    """What a representation sees: log counts, rotated. It loses nothing."""
    return np.log1p(counts) @ rotation(counts.shape[1], 9)


def cells_types(depth: float, genes: int, n_types: int = 57, size: float | None = None, contrast=0.8) -> Family:
    rates = profiles(n_types, genes, 11, contrast, depth)
    share = np.random.default_rng(12).dirichlet(np.full(n_types, 0.7))
    share = (share + 1e-3) / (share + 1e-3).sum()

    def draw(n, rng):
        types = rng.choice(n_types, n, p=share)
        means = rates[types]
        if size is not None:
            means = means * rng.gamma(size, 1 / size, means.shape)
        counts = rng.poisson(means).astype(float)
        logs = log_poisson(counts, rates) if size is None else log_negative_binomial(counts, rates, size)
        return embed(counts), types, ratio_of_labels(logs, types, share)

    law = "poisson" if size is None else "negative binomial"
    return Family(f"cells {depth:g} UMI {genes} genes {n_types} types {law}", draw)


def cells_proteins(depth: float, genes: int, proteins: int, n_states: int = 2000, reach: float = 0.1) -> Family:
    """Cells of many states; Y their proteins: programmes of the same states in noise."""
    rates = profiles(n_states, genes, 13, 1.0, depth)
    rng0 = np.random.default_rng(14)
    activity = np.log(rates) - np.log(rates).mean(axis=0)
    loadings = rng0.standard_normal((genes, proteins)) * rng0.gamma(0.5, 1, proteins) / np.sqrt(genes)
    levels = reach * activity @ loadings
    share = np.full(n_states, 1 / n_states)

    def draw(n, rng):
        states = rng.integers(0, n_states, n)
        counts = rng.poisson(rates[states]).astype(float)
        y = levels[states] + rng.standard_normal((n, proteins))
        ratio = ratio_through_state(log_poisson(counts, rates), log_normal(y, levels, 1.0), share)
        return embed(counts), np.exp(0.5 * y), ratio

    return Family(f"cells {depth:g} UMI {genes} genes {proteins} proteins {reach:g}", draw)


def clonal(depth: float, genes: int = 16, n_states: int = 2000, contrast: float = 0.6) -> Family:
    """Two cells of one clone: both counts, each embedded."""
    rates = profiles(n_states, genes, 15, contrast, depth)
    share = np.full(n_states, 1 / n_states)

    def draw(n, rng):
        states = rng.integers(0, n_states, n)
        one, two = (rng.poisson(rates[states]).astype(float) for _ in range(2))
        ratio = ratio_through_state(log_poisson(one, rates), log_poisson(two, rates), share)
        return embed(one), embed(two), ratio

    return Family(f"clonal {depth:g} UMI {genes}x{genes}, {n_states} states", draw)


def scale_only(d: int = 8) -> Family:
    """No correlation: one column of X sets the spread of one column of Y."""
    grid = norm.ppf((np.arange(400) + 0.5) / 400)

    def draw(n, rng):
        x, y = rng.standard_normal((n, d)), rng.standard_normal((n, d))
        sd = np.exp(0.8 * x[:, 0])
        y[:, 0] *= sd
        own = norm.logpdf(y[:, 0], scale=sd)
        overall = np.log(np.mean(norm.pdf(y[:, :1], scale=np.exp(0.8 * grid)), axis=1))
        return x, y, own - overall

    return Family(f"scale only {d}", draw)


def emptied(family: Family, share: float = 0.2) -> Family:
    """A share of the X, at random, is one and the same empty cell: that share of the bits is lost."""

    def draw(n, rng):
        x, y = family.sample(n, rng)
        x[rng.random(n) < share] = 0.0
        return x, y

    return Family(f"{family.name}, {share:.0%} empty", draw, (1 - share) * family.true_bits)


def repeated(family: Family) -> Family:
    """Every pair is there twice."""

    def draw(n, rng):
        x, y = family.sample(n // 2, rng)
        order = rng.permutation(2 * (n // 2))
        return np.vstack([x, x])[order], np.concatenate([y, y])[order]

    return Family(f"{family.name}, all twice", draw, family.true_bits)


def tiled(family: Family, times: int = 4) -> Family:
    def draw(n, rng):
        x, y = family.sample(n, rng)
        return np.tile(x, (1, times)), y

    return Family(f"{family.name}, tiled {times}x", draw, family.true_bits)


def shuffled(family: Family) -> Family:
    def draw(n, rng):
        x, y = family.sample(n, rng)
        return x, y[rng.permutation(n)]

    return Family(f"{family.name}, shuffled", draw, 0.0)


FAMILIES = {
    family.name: family
    for family in (
        gaussian(16, 16, 4, 2.0),
        gaussian(16, 16, 16, 2.0),
        gaussian(16, 16, 4, 5.0),
        gaussian(16, 16, 4, 0.5),
        gaussian(128, 16, 8, 2.0),
        factor(16, 228, 6, 0.2, 0.02),
        curved(),
        margins("half-cube", half_cube),
        margins("uniform", norm.cdf),
        student(),
        spiral(),
        scale_only(),
        clonal(300.0, contrast=0.27),
        clonal(30.0, n_states=400, contrast=0.6),
        cells_proteins(100.0, 16, 228),
        cells_proteins(300.0, 32, 16, reach=0.3),
        labels_mixture("57 labels", 57, 16, 0.5),
        labels_mixture("12 uneven labels", 12, 8, 0.8, uneven=0.5, extra=8),
        labels_of_lobes(),
        cells_types(30.0, 64),
        cells_types(300.0, 32, size=2.0),
        emptied(gaussian(16, 16, 4, 2.0)),
        repeated(gaussian(16, 16, 4, 2.0)),
    )
}
NULLS = {
    family.name: family
    for family in map(
        shuffled,
        (
            gaussian(16, 16, 4, 2.0),
            student(),
            clonal(30.0, n_states=400, contrast=0.6),
            labels_mixture("57 labels", 57, 16, 0.5),
            curved(),
        ),
    )
}
