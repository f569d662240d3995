"""Helpers that several test folders share; no assertions in here."""
