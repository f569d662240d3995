"""Bringing data from there to here."""
