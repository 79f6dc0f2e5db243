"""The paper's datasets, by name."""
