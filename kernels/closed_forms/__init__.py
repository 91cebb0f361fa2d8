"""Formulas of a few numbers: no torch, so that a verdict is judged again on a laptop."""
