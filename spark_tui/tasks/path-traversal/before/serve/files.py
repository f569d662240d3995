"""From the name in a request to a file on the disk."""

from pathlib import Path
from urllib.parse import unquote


def locate(root: Path, name: str) -> Path:
    """The path that a request means. Raises PermissionError for one outside of the root."""
    return root / unquote(name)


def kind_of(path: Path) -> str:
    """What a browser is told."""
    return {".html": "text/html", ".css": "text/css"}.get(path.suffix, "application/octet-stream")
