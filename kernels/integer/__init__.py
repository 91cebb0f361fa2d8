"""Weights at a few bits, as whole numbers times a scale: what is lost, and what a change of basis saves."""
