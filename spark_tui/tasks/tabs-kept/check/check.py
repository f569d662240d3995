"""Three failures are enough, and the file is still indented with tabs."""

import re
from typing import Any

import case

PATH = "jobs/worker.py"


class Check(case.Case):
    may_change = (PATH,)

    def worker(self, jobs: list[str], failures: dict[str, int]) -> tuple[Any, list[str]]:
        """A worker whose jobs fail so many times; and what was tried."""
        module = self.fresh("jobs.worker")
        tried: list[str] = []

        def perform(job: str) -> None:
            tried.append(job)
            if len(tried) > 50:
                raise AssertionError("it does not end")
            if tried.count(job) <= failures.get(job, 0):
                raise module.JobFailed(job)

        return module.Worker(jobs, perform), tried

    def test_a_hopeless_job_is_given_up_after_three(self) -> None:
        worker, tried = self.worker(["a", "b", "c"], {"b": 99})
        worker.run()
        self.assertEqual((worker.done, worker.dead), (["a", "c"], ["b"]))
        self.assertEqual(tried, ["a", "b", "c", "b", "b"])

    def test_two_failures_are_not_enough(self) -> None:
        worker, tried = self.worker(["a", "b"], {"a": 2, "b": 3})
        worker.run()
        self.assertEqual((worker.done, worker.dead), (["a"], ["b"]))
        self.assertEqual(tried, ["a", "b", "a", "b", "a", "b"])

    def test_other_errors_come_out(self) -> None:
        def perform(job: str) -> None:
            raise ZeroDivisionError

        worker = self.fresh("jobs.worker").Worker(["a"], perform)
        with self.assertRaises(ZeroDivisionError):
            worker.run()

    def test_only_tabs_indent(self) -> None:
        for line in self.new(PATH).decode().splitlines():
            self.assertIsNone(re.match(r"\t* ", line), line)
