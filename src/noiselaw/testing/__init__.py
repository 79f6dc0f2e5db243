"""Checks that third parties can run on their own channels, representations and probes."""
