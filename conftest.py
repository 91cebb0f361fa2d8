"""Loads the plugin and the fixtures, nothing else."""

pytest_plugins = ["reports.plugin", "fixtures.plugin", "fixtures.model_plugin"]
