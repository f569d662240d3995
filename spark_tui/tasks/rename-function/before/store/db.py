"""Rows by table name."""

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]


class Store:
    """Tables in memory, and how often they were asked."""

    def __init__(self, tables: dict[str, list[Row]]) -> None:
        self.tables = tables
        self.metrics: dict[str, int] = {}
        self.warm: set[str] = set()

    def count(self, metric: str) -> None:
        self.metrics[metric] = self.metrics.get(metric, 0) + 1


def fetch_rows(store: Store, table: str, limit: int = 100) -> list[Row]:
    """The first rows of a table."""
    store.count("fetch_rows.calls")
    return store.tables.get(table, [])[:limit]


def prefetch_rows(store: Store, tables: Iterable[str]) -> None:
    """Warm up these tables; fetch_rows does not need it."""
    for table in tables:
        store.warm.add(table)
