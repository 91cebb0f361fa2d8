"""What the experts of a layer have in common: the directions that they read."""
