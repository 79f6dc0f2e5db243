"""What a representation is asked about, as pairs of a held-out observation and a value."""
