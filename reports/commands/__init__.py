"""`python -m reports`: its commands."""
