"""The headless face: arguments in, data on stdout, narration on stderr."""
