"""Readings from sensors."""
