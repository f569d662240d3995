"""One server, with retries."""

from mirror.transport import Transport


class Client:
    """Knows the server's address."""

    def __init__(self, transport: Transport, base: str, *, retries: int = 2) -> None:
        self._transport = transport
        self._base = base.rstrip("/")
        self._retries = retries

    def fetch(self, path: str) -> bytes:
        """The bytes of one path; a few tries."""
        for left in range(self._retries, -1, -1):
            try:
                return self._transport.get(f"{self._base}{path}")
            except OSError:
                if not left:
                    raise
        raise AssertionError("not reached")
