"""The module lives in its new place, and only there."""

import sys
from datetime import date
from pathlib import Path

import case

DAY = date(2024, 7, 3)


class Check(case.Case):
    may_change = ("tools/dates.py", "app/report.py", "app/invoice.py", "app/jobs.py")

    def test_it_is_where_it_should_be_as_it_was(self) -> None:
        self.assertEqual(self.new("core/dates.py"), self.old("tools/dates.py"))

    def test_it_is_not_where_it_was(self) -> None:
        self.assertFalse(Path("tools/dates.py").exists())

    def test_who_used_it_uses_it(self) -> None:
        report, invoice, jobs = self.fresh("app.report", "app.invoice", "app.jobs")
        self.assertEqual(report.file_name("Sales", DAY), "sales-2024-q3.txt")
        self.assertEqual(invoice.number_of("Ada ", DAY), "ada-2024-07-01")
        self.assertTrue(jobs.is_due(date(2024, 7, 1)))
        self.assertFalse(jobs.is_due(DAY))
        self.assertIn("core.dates", sys.modules)
        self.assertNotIn("tools.dates", sys.modules)

    def test_nobody_speaks_of_the_old_place(self) -> None:
        for path in ("app/report.py", "app/invoice.py", "app/jobs.py"):
            self.assertNotIn(b"tools.dates", self.new(path))
