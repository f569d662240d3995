"""The new name everywhere, the old one nowhere but in the metric."""

import re

import case

TABLES = {"a": [{"n": 1}, {"n": 2}], "b": [{"n": 5}]}
FILES = ("store/db.py", "store/report.py", "store/cli.py")


class Check(case.Case):
    may_change = FILES

    def test_the_old_name_is_gone(self) -> None:
        for path in FILES:
            code = self.new(path).decode().replace('"fetch_rows.calls"', "")
            self.assertIsNone(re.search(r"(?<!pre)fetch_rows", code), path)

    def test_the_new_one_does_the_work(self) -> None:
        db = self.fresh("store.db")
        store = db.Store(TABLES)
        self.assertEqual(db.load_rows(store, "a", limit=1), [{"n": 1}])
        self.assertEqual(db.load_rows(store, "none"), [])
        self.assertFalse(hasattr(db, "fetch_rows"))

    def test_the_metric_keeps_its_name(self) -> None:
        db = self.fresh("store.db")
        store = db.Store(TABLES)
        db.load_rows(store, "a")
        self.assertEqual(store.metrics, {"fetch_rows.calls": 1})

    def test_who_called_the_old_one_calls_the_new_one(self) -> None:
        db, report = self.fresh("store.db", "store.report")
        store = db.Store(TABLES)
        self.assertEqual(report.total(store, "a", "n"), 3)
        self.assertEqual(report.widest(store, ["a", "b"]), "a")
        self.assertEqual(store.warm, {"a", "b"})
        cli = self.fresh("store.cli")
        self.assertEqual(cli.show(cli.db.Store(TABLES), "a"), ["n=1", "n=2"])

    def test_only_lines_with_the_name_changed(self) -> None:
        for path in FILES:
            removed, added = self.lines_changed(path)
            self.assertTrue(all(b"fetch_rows" in line for line in removed), path)
            self.assertEqual(len(removed), len(added), path)
