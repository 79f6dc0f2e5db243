"""A few families with parameters that nobody has looked at, drawn up after the last change to the probes; run once."""

from __future__ import annotations

from families import gaussian, labels_mixture, student
from unseen import clusters_of_both, dense, low_rank, neighbours, two_signs, type_clones, type_labels, type_proteins

FAMILIES = {
    family.name: family
    for family in (
        clusters_of_both(30, 20),
        type_proteins(120.0, 30, 80, 25),
        type_proteins(400.0, 20, 20, 8),
        type_clones(60.0, 20, 12),
        type_clones(400.0, 16, 60),
        neighbours(400.0, 30),
        two_signs(3, 0.7),
        dense("plain", d=20, r=0.4),
        low_rank(20, 40, k=3, bits=1.8),
        gaussian(24, 24, 6, 3.0),
        student(3, 4.0, 0.8, 1),
        type_labels(500.0, 24, 12, 3.0),
        labels_mixture("16 labels in 32", 16, 8, 0.8, extra=24),
    )
}
