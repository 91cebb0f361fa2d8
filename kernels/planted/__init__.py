"""Matrices with a known answer, and matrices with none."""
