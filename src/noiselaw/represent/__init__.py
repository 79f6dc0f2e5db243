"""Representations: fitted on training observations, they embed held-out ones."""
