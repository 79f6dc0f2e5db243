"""Published rules of thumb for sequencing depth, as lines to compare a plan with."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RULES", "Rule"]


@dataclass(frozen=True)
class Rule:
    """A rule of thumb: reads per cell, or reads per cell for each gene of interest."""

    name: str
    source: str
    reads_per_cell: float = 0.0
    reads_per_gene: float = 0.0

    def reads(self, genes: float) -> float:
        """Return the rule's reads per cell, given how many genes are of interest."""
        return self.reads_per_cell + self.reads_per_gene * genes


RULES: tuple[Rule, ...] = (
    Rule("manufacturer's minimum", "10x Genomics knowledge base, 3′ v3: 20,000 read pairs per cell", 20_000.0),
    Rule("manufacturer's older minimum", "10x Genomics knowledge base, 3′ v2: 50,000 read pairs per cell", 50_000.0),
    Rule(
        "little benefit above",
        "Svensson, da Veiga Beltrame & Pachter 2019, bioRxiv 762773: about 15,000 reads per cell",
        15_000.0,
    ),
    Rule(
        "one read per cell per gene",
        "Zhang, Ntranos & Tse 2020, Nat. Commun. 11:774",
        reads_per_gene=1.0,
    ),
)
