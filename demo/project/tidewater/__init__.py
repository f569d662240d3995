"""Tidewater: readings of harbour tide gauges."""
