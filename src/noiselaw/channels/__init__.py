"""Noise processes with a level; each owns the x-axis of its noise law."""
