"""Invoices of a week."""

from datetime import date

from tools import dates, names


def number_of(customer: str, day: date) -> str:
    """ada-2024-07-01: the customer and the Monday."""
    return f"{names.plain(customer)}-{dates.monday_of(day).isoformat()}"
