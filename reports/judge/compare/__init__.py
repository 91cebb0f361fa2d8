"""Two decision documents compared: what may differ, and what does."""
