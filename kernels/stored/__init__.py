"""Weights as quantised files store them: values of a few bits with scales beside them, decoded and encoded."""
