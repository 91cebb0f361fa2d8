"""Each rule of the decision broken on purpose, and the test that notices: `python -m reports.mutants`."""
