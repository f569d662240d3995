"""Text with marks in it."""
