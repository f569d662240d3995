"""Runs the check of one task: python run_check.py FOLDER, where FOLDER holds tree, before, check.

The rule kept here: what a check found is written into FOLDER/found.json, and only when it has gone
to its end. An exit status would not do: code under test may end the process as it likes.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import unittest
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MEMORY = 1 << 30
FILE = 1 << 26
SECONDS = 20
LONGEST = 300


def main() -> None:
    folder = Path(sys.argv[1])
    _limit()
    os.chdir(folder / "tree")
    sys.argv[1:] = []
    sys.path.insert(0, str(HERE))
    importlib.import_module("case")  # before the work tree has a say
    sys.path[:1] = [str(folder / "tree"), str(folder / "check")]
    sys.addaudithook(_no_network)
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromName("check").run(result)
    (folder / "found.json").write_text(json.dumps(_found(result)), encoding="ascii")


def _found(result: unittest.TestResult) -> dict[str, Any]:
    wrong = [*result.failures, *result.errors, *result.skipped]
    wrong += [(test, "passed unexpectedly") for test in result.unexpectedSuccesses]
    return {"ran": result.testsRun, "wrong": [[_name(test), _why(why)] for test, why in wrong]}


def _name(test: unittest.TestCase) -> str:
    """compares in constant time; of a part of a test, the test."""
    name = test.id().partition(" ")[0].rpartition(".")[2]
    return name.removeprefix("test_").replace("_", " ")[:LONGEST]


def _why(traceback: str) -> str:
    """The line that says what was wrong: the first one after the places."""
    said = [line for line in traceback.splitlines() if line and not line.startswith((" ", "Trace"))]
    return said[0][:LONGEST] if said else ""


def _limit() -> None:
    """A bug in code under test must not take the machine along. Advice: not every system can."""
    import resource

    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, FILE),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def _no_network(event: str, _args: object) -> None:
    """No task needs one. A guard against accidents, not a sandbox."""
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
        raise PermissionError("a check has no network")


if __name__ == "__main__":
    main()
