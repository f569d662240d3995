"""The user's files and git, as plain blocking functions over bytes; threads are the caller's."""
