"""Matrices without structure: what a claim about structure has to beat. A file is a null, found by its name."""
