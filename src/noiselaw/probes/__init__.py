"""Estimators of mutual information between an embedding and a signal, in bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noiselaw.errors import UsageError
from noiselaw.probes.base import Probe
from noiselaw.probes.classifier import Classifier
from noiselaw.probes.critic import Critic
from noiselaw.probes.discrete import Discrete
from noiselaw.probes.gaussian import Gaussian
from noiselaw.probes.inputs import label_codes, numbers
from noiselaw.probes.ksg import KSG
from noiselaw.probes.latent_mi import LatentMI
from noiselaw.probes.mixed_ksg import MixedKSG
from noiselaw.probes.recommended import Recommended
from noiselaw.probes.scores import SCORES, Score, Scorer, score
from noiselaw.randomness import generator
from noiselaw.registry import Registry

if TYPE_CHECKING:
    from noiselaw.records import Estimate

__all__ = ["PROBES", "SCORES", "Probe", "Score", "Scorer", "mutual_information", "score"]

#: Every probe by name; installed packages add theirs through the entry-point group ``noiselaw.probes``.
PROBES: Registry[Probe] = Registry(
    "probe",
    "noiselaw.probes",
    {
        "recommended": Recommended,
        "classifier": Classifier,
        "gaussian": Gaussian,
        "critic": Critic,
        "latent_mi": LatentMI,
        "ksg": KSG,
        "mixed_ksg": MixedKSG,
        "discrete": Discrete,
    },
)


def mutual_information(
    x: Any,
    y: Any,
    probe: str | Probe = "recommended",
    seed: int = 0,
    groups: Any | None = None,
    kind: str = "auto",
) -> Estimate:
    """Estimate how many bits X holds about Y.

    Parameters
    ----------
    x
        (n, d) or (n,) numbers.
    y
        Labels (n,): integers, booleans, text or categoricals. Continuous: floats (n,) or numbers (n, p).
    probe
        A name of ``PROBES`` or a probe.
    seed
        Same seed, same numbers.
    groups
        (n,). Pairs of one group (a clone, a donor) are not independent and are kept together.
    kind
        What Y is. ``"auto"`` goes by its type; ``"continuous"`` is for one column of whole numbers that are amounts,
        ``"labels"`` for labels stored as floats.

    Returns
    -------
    Estimate
        ``bits``, ``standard_error``, ``status``, ``ceiling_bits``, ``diagnostics``; never clipped.

    Raises
    ------
    InputError
        Saying what is wrong with X or Y.
    UsageError
        If there is no such probe or kind.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 4, 1000)
    >>> x = labels[:, None] + 0.1 * rng.normal(size=(1000, 1))
    >>> round(mutual_information(x, labels, probe="mixed_ksg").bits, 1)
    2.0
    """
    strategy = PROBES.build(probe) if isinstance(probe, str) else probe
    if kind == "labels":
        y = label_codes(y, "Y")
    elif kind == "continuous":
        y = numbers(y, "Y")
    elif kind != "auto":
        raise UsageError(f"kind must be 'auto', 'labels' or 'continuous'; got {kind!r}.")
    return strategy.estimate(x, y, groups, generator(seed, "probe"))
