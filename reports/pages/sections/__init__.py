"""A file per section, found by its name: `ORDER`, and `section(told)`, None where there is nothing to tell."""
