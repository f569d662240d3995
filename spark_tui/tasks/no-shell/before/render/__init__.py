"""Documents into other documents."""
