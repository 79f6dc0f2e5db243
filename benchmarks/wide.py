"""Wide embeddings whose information is known, as the recommended probe reads them: print the table of docs/probes.md.

1,350 pairs of 1,280 columns, one thread: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/wide.py [SEEDS]
"""

import sys
import time

import numpy as np
from scipy.special import logsumexp

from noiselaw.probes import mutual_information

PAIRS, COLUMNS, SEEDS = 1350, 1280, 1
#: Which principal directions (of spreads 1, 1/2, 1/3, ...) hold what is known.
PLACES = {
    "the widest four": (0, 1, 2, 3),
    "the 4th, 11th, 31st and 61st": (3, 10, 30, 60),
    "the 151st, 251st, 401st and 701st": (150, 250, 400, 700),
}


def hidden(latent, places, columns, rng, turn=1):
    """Return rows of ``columns`` that hold ``latent`` (n, 4) in principal directions ``places``, and noise."""
    rows = rng.normal(size=(len(latent), columns))
    rows[:, places] = latent
    axes = np.linalg.qr(np.random.default_rng(turn).normal(size=(columns, columns)))[0]
    return rows / (1 + np.arange(columns)) @ axes


def labelled(n, rng, means):
    labels = rng.integers(0, len(means), n)
    return means[labels] + rng.normal(size=(n, means.shape[1])), labels


def about_labels(means):
    """Return the bits about labels by their exact posterior, over 200,000 pairs."""
    z, labels = labelled(200_000, np.random.default_rng(5), means)
    logs = z @ means.T - 0.5 * np.sum(means**2, axis=1)
    found = np.log(len(means)) + np.mean(logs[np.arange(len(z)), labels] - logsumexp(logs, axis=1))
    return found / np.log(2)


def cases(seed):
    means = 1.5 * np.random.default_rng(99).normal(size=(5, 4))
    spread = np.sqrt(1 + means.var(axis=0).mean())
    for apart, names in ((1.0, PLACES), (0.0, {"nowhere": PLACES["the widest four"]})):
        for name, places in names.items():
            rng = np.random.default_rng(seed)
            z, labels = labelled(PAIRS, rng, apart * means)
            yield "5 labels", name, hidden(z / spread, places, COLUMNS, rng), labels, about_labels(apart * means)
    rng = np.random.default_rng(seed)
    z, labels = labelled(PAIRS, rng, means)
    single = np.hstack([z / spread, rng.normal(size=(PAIRS, COLUMNS - 4))])
    yield "5 labels", "four of independent columns", single, labels, about_labels(means)
    for bits, names in ((2.0, PLACES), (0.0, {"nowhere": PLACES["the widest four"]})):
        for name, places in names.items():
            rng, r = np.random.default_rng(seed), np.sqrt(1 - 2 ** (-2 * bits / 4))
            a = rng.normal(size=(PAIRS, 4))
            b = r * a + np.sqrt(1 - r**2) * rng.normal(size=(PAIRS, 4))
            yield "vector of 4", name, hidden(a, places, COLUMNS, rng), b, bits
            if bits and name == "the widest four":
                y = hidden(b, places, COLUMNS, rng, turn=2)
                yield f"vector of {COLUMNS:,}", name, hidden(a, places, COLUMNS, rng), y, bits


def main(seeds=SEEDS):
    found = {}
    for seed in range(seeds):
        for kind, name, x, y, truth in cases(seed):
            began = time.process_time()
            estimate = mutual_information(x, y)
            seconds = time.process_time() - began
            found.setdefault((kind, name, truth), []).append((estimate, seconds))
            print(f"{kind}, {name}, seed {seed}: {estimate.bits:.3f} of {truth:.3f}, {seconds:.1f} s", flush=True)
    print()
    print("| Y | what is known lies in | truth | bits ± error | kept | above truth + 2 errors | short | warned | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for (kind, name, truth), runs in found.items():
        bits = np.mean([estimate.bits for estimate, _ in runs])
        error = np.mean([estimate.standard_error for estimate, _ in runs])
        above = sum(estimate.bits > truth + 2 * estimate.standard_error for estimate, _ in runs)
        kept = np.mean([estimate.diagnostics["components_x"] for estimate, _ in runs])
        short = f"{100 * (1 - bits / truth):.0f} %" if truth > 1e-9 else ""
        lost = sum("beyond the leading" in estimate.reason for estimate, _ in runs)
        seconds = np.mean([seconds for _, seconds in runs])
        print(
            f"| {kind} | {name} | {truth:.2f} | {bits:.2f} ± {error:.2f} | {kept:.0f} | {above} of {seeds} | {short} | "
            f"{lost} of {seeds} | {seconds:.1f} |"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
