"""Questions asked of fits."""
