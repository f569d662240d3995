"""Ways of writing edits: each file is one format, as a machine that is fed line by line."""
