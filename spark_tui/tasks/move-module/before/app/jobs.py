"""What runs by night."""

from datetime import date

import tools.dates


def is_due(day: date) -> bool:
    """On Mondays only."""
    return tools.dates.monday_of(day) == day
