"""`store show TABLE`, as a function."""

from store import db


def show(store: db.Store, table: str) -> list[str]:
    """One line for each row."""
    rows = db.fetch_rows(store, table)
    if not rows:
        return [f"{table}: no rows"]
    return [", ".join(f"{name}={value}" for name, value in row.items()) for row in rows]
