"""Figures: one file per figure, each a pure function from decision and measurements to numbers and how to draw them."""
