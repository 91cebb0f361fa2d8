"""Singular values, effective dimensions, and their certificates."""
