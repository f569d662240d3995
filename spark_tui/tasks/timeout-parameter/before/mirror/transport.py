"""The layer that would talk to the network."""

from collections.abc import Callable

Opener = Callable[..., bytes]


class Transport:
    """Opens addresses with what it was given for that."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    def get(self, url: str) -> bytes:
        """The bytes at this address. Raises OSError."""
        return self._opener(url, timeout=30.0)
