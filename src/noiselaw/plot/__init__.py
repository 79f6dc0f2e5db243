"""Arrays and fits in, matplotlib Axes out."""
