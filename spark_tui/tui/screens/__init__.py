"""Whole screens: the desk, the commit view, and the sheets over them."""
