"""What the rest of the program calls."""

from mirror.client import Client


def download(client: Client, name: str) -> bytes:
    """A file of the mirror by its name."""
    return client.fetch(f"/files/{name}")


def exists(client: Client, name: str) -> bool:
    """Whether the mirror has such a file."""
    try:
        client.fetch(f"/names/{name}")
    except OSError:
        return False
    return True
