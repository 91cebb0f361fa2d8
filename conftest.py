"""Loads the plugin and the fixtures, nothing else."""

pytest_plugins = ["reports.plugin.session", "fixtures.plugin", "fixtures.model_plugin"]
