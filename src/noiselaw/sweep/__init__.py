"""A study, its store, and the work that fills it."""
