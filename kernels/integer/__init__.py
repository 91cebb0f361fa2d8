"""Weights as small integers and scales: what rounding to them costs, what lowers that, and what it goes with."""
