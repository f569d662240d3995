"""Lists on a screen."""
