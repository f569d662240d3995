"""A very small store."""
