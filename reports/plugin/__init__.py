"""The pytest plugin: options, plan, collection, workers, terminal, and the verdict at the end."""
