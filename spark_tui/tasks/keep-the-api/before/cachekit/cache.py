"""A cache that holds so many things and no more."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Full means that the oldest entry goes."""

    def __init__(self, size: int = 100) -> None:
        if size < 1:
            raise ValueError("a cache holds at least one thing")
        self.size = size
        self._entries: dict[K, V] = {}

    def get(self, key: K, default: V | None = None) -> V | None:
        """What was put in under this key."""
        return self._entries.get(key, default)

    def put(self, key: K, value: V) -> K | None:
        """Keep this; returns the key that had to go for it, if any."""
        gone = None
        if key not in self._entries and len(self._entries) >= self.size:
            gone = next(iter(self._entries))
            del self._entries[gone]
        self._entries[key] = value
        return gone

    def keys(self) -> list[K]:
        """In the order in which they would go."""
        return list(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)
