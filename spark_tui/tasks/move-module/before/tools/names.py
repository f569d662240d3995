"""Names of files."""


def plain(name: str) -> str:
    """Without spaces and capitals."""
    return name.strip().lower().replace(" ", "-")
