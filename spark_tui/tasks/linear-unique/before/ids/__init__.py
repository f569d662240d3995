"""Ids of all kinds."""
