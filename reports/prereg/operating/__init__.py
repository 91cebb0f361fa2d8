"""What a rule does in worlds of a known truth: early kills that are wrong, operating curves."""
