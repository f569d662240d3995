"""spark-tui: a pair programmer in the terminal for models that answer as fast as you read."""

__version__ = "0.1.0"
