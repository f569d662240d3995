"""What each headless verb does with a session; one noun a file."""
