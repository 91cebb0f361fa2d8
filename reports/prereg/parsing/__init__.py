"""A preregistration read strictly from its TOML."""
