"""Studies run whole, by pytest within pytest."""
