"""Neurons of experts brought into one order, and what is left of an expert without the mean of all."""
