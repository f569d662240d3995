"""Readers that try more than once."""

import time
from typing import Any, Protocol


class Client(Protocol):
    """Whoever can fetch a list."""

    def get(self, path: str) -> list[Any]: ...


def read_users(client: Client, attempts: int = 4, delay: float = 1.0) -> list[Any]:
    """All users. Raises ConnectionError after the last attempt."""
    for attempt in range(attempts):
        try:
            return client.get("/users")
        except ConnectionError:
            if attempt == attempts - 1:
                raise
            time.sleep(delay)
    return []


def read_orders(client: Client, attempts: int = 4, delay: float = 1.0) -> list[Any]:
    """All orders. Raises ConnectionError after the last attempt."""
    for attempt in range(attempts):
        try:
            return client.get("/orders")
        except ConnectionError:
            if attempt == attempts - 1:
                raise
            time.sleep(delay)
    return []


def count(rows: list[Any]) -> str:
    """How many there are, in words."""
    return "none" if not rows else f"{len(rows)} rows"
