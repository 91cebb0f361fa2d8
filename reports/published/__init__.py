"""A verdict in a folder: what is published of it, what is rebuilt, and what is not believed."""
