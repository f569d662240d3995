"""A report over one table."""

from store.db import Store, fetch_rows, prefetch_rows


def total(store: Store, table: str, column: str) -> float:
    """The sum of one column, of 1,000 rows at most."""
    prefetch_rows(store, [table])
    return sum(row[column] for row in fetch_rows(store, table, limit=1_000))


def widest(store: Store, tables: list[str]) -> str:
    """The table with the most rows."""
    prefetch_rows(store, tables)
    return max(tables, key=lambda table: len(fetch_rows(store, table, limit=1_000)))
