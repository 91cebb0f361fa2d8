"""Two verdicts side by side: how they differ, never whether one reproduces the other."""
