"""Time of Kraskov's estimator, side by side with the published tree code in one run.

    python -P benchmarks/ksg.py [--pairs 20000] [--dims 8,16] [--bits 0,2,4,8] [--repeats 3] [--peer peer/bin/python]

The published code (NPEET, and ``latentmi``'s copy of it) asks scikit-learn's trees: a k-d tree, from 20 dimensions a
ball tree. It is repeated here step by step, without the noise of 1e-10 that it adds to break ties; ``--peer`` runs the
package itself as well (see latent_mi.py for its environment). Methods take
turns; the least processor time of each counts, to which other work on the machine can only add. (``-P``: nothing in
this folder may stand in for a library.)
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.special import digamma
from sklearn.neighbors import BallTree, KDTree

from noiselaw.probes.ksg import ksg_bits
from noiselaw.probes.neighbours import find

PEER = """
import json, sys, time
import numpy as np
from latentmi import ksg
pairs = np.load(sys.argv[1])
start = time.process_time()
bits = float(ksg.mi(pairs["x"], pairs["y"]).mean())
print(json.dumps([time.process_time() - start, bits]))
"""


def published(x: np.ndarray, y: np.ndarray, k: int = 3) -> float:
    def tree(points):
        return (BallTree if points.shape[1] >= 20 else KDTree)(points, metric="chebyshev")

    joint = np.hstack([x, y])
    radius = tree(joint).query(joint, k=k + 1)[0][:, k] - 1e-15
    nats = digamma(k) + digamma(len(x))
    for points in (x, y):
        nats = nats - digamma(tree(points).query_radius(points, radius, count_only=True))
    return float(nats.mean() / np.log(2))


def pairs(n: int, dims: int, bits: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    rho = np.sqrt(1 - 4 ** (-bits / dims))
    x = rng.normal(size=(n, dims))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(n, dims))


def timed(measure, *arguments) -> tuple[float, float]:
    start = time.process_time()
    bits = measure(*arguments)
    return time.process_time() - start, bits


def peer(python: str, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.npz"
        np.savez(path, x=x, y=y)
        done = subprocess.run([python, "-c", PEER, str(path)], capture_output=True, text=True, check=True)
    seconds, bits = json.loads(done.stdout)
    return seconds, bits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--dims", default="8,16")
    parser.add_argument("--bits", default="0,2,4,8")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scipy", action="store_true", help="time scipy's k-d tree too; it is slow in many dimensions")
    parser.add_argument("--peer", help="python of an environment that has latentmi")
    options = parser.parse_args()
    methods = {
        "noiselaw": lambda x, y: timed(lambda: float(ksg_bits(find(x, y, 3)).mean())),
        "published trees": lambda x, y: timed(published, x, y),
    }
    if options.scipy:
        methods["scipy k-d tree"] = lambda x, y: timed(lambda: float(ksg_bits(find(x, y, 3, "tree")).mean()))
    if options.peer:
        methods["latentmi"] = lambda x, y: peer(options.peer, x, y)
    find(*pairs(500, 8, 1.0), 3)  # compiles
    for dims in map(int, options.dims.split(",")):
        for bits in map(float, options.bits.split(",")):
            x, y = pairs(options.pairs, dims, bits)
            least: dict[str, tuple[float, float]] = {}
            for _ in range(options.repeats):
                for name, measure in methods.items():
                    least[name] = min(measure(x, y), least.get(name, (np.inf, 0.0)))
            ours = least["noiselaw"]
            shown = "   ".join(
                f"{name} {seconds:6.2f} s ({seconds / ours[0]:5.1f} ×, {found:.6f})"
                for name, (seconds, found) in least.items()
            )
            print(f"n={options.pairs} {dims}+{dims} dims, {bits:g} bits true:  {shown}", flush=True)


if __name__ == "__main__":
    main()
