"""What a model's reply means for files: text in, placed hunks out; no disk, clock or loop."""
