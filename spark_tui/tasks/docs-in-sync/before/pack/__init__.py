"""Folders into archives."""
