"""Copies of files that lie elsewhere."""
