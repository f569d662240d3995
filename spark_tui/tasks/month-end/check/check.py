"""Short months, leap years, the turn of a year, and no drift."""

from datetime import date

import case


class Check(case.Case):
    may_change = ("billing/due.py",)

    def setUp(self) -> None:
        self.due = self.fresh("billing.due")

    def test_short_months_end_earlier(self) -> None:
        for day, following in (
            (date(2024, 1, 31), date(2024, 2, 29)),
            (date(2023, 1, 31), date(2023, 2, 28)),
            (date(2100, 1, 30), date(2100, 2, 28)),
            (date(2024, 3, 31), date(2024, 4, 30)),
            (date(2024, 2, 29), date(2024, 3, 29)),
        ):
            self.assertEqual(self.due.next_due(day), following)

    def test_a_year_ends(self) -> None:
        self.assertEqual(self.due.next_due(date(2024, 12, 31)), date(2025, 1, 31))
        self.assertEqual(self.due.next_due(date(2024, 12, 1)), date(2025, 1, 1))

    def test_a_schedule_does_not_drift(self) -> None:
        days = self.due.schedule(date(2024, 1, 31), 3)
        self.assertEqual(days, [date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)])

    def test_a_long_schedule_goes_on(self) -> None:
        days = self.due.schedule(date(2023, 11, 30), 26)
        self.assertEqual(len(days), 26)
        self.assertEqual((days[2], days[3]), (date(2024, 2, 29), date(2024, 3, 30)))
        self.assertEqual(days[-1], date(2026, 1, 30))

    def test_the_rest_works_as_before(self) -> None:
        self.assertEqual(self.due.schedule(date(2024, 5, 6), 0), [])
        self.assertEqual(self.due.schedule(date(2024, 5, 6), 1), [date(2024, 6, 6)])
        self.assertFalse(self.due.is_late(date(2024, 5, 6), date(2024, 5, 6)))
