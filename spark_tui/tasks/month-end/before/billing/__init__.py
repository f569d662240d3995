"""Who pays when."""
