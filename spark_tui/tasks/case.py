"""What every check of a task stands on: the files before and now, and modules of the work tree.

The rule kept here: standard library only, for it runs in a process of its own beside code that a
model wrote. That process stands in the work tree; the files as they were lie beside it.
"""

from __future__ import annotations

import difflib
import importlib
import sys
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

TREE = Path.cwd()
BEFORE = TREE.parent / "before"


class Case(unittest.TestCase):
    """Tests of one task. A module of tests imports this one as a whole: it is no test itself."""

    may_change: ClassVar[tuple[str, ...]] = ()
    """Files that the task is about; every other one that was there must be as it was."""

    def old(self, path: str) -> bytes:
        """The bytes a file had."""
        return (BEFORE / path).read_bytes()

    def new(self, path: str) -> bytes:
        """The bytes it has; a test fails when it is gone."""
        file = TREE / path
        self.assertTrue(file.is_file(), f"{path} is missing")
        return file.read_bytes()

    def lines_changed(self, path: str) -> tuple[list[bytes], list[bytes]]:
        """The lines that went and those that came, with their ends."""
        old, new = (text.decode("latin-1") for text in (self.old(path), self.new(path)))
        rows = list(difflib.ndiff(_lines(old), _lines(new)))
        return (
            [row[2:].encode("latin-1") for row in rows if row.startswith("- ")],
            [row[2:].encode("latin-1") for row in rows if row.startswith("+ ")],
        )

    def fresh(self, *names: str) -> Any:
        """These modules of the work tree as if nothing had been imported yet; one alone as it is,
        several as a list."""
        for name in list(sys.modules):
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(TREE):
                del sys.modules[name]
        importlib.invalidate_caches()
        found = [importlib.import_module(name) for name in names]
        return found if len(found) > 1 else found[0]

    def test_other_files_are_as_they_were(self) -> None:
        for path in _files(BEFORE):
            if path not in self.may_change:
                self.assertEqual(self.new(path), self.old(path), path)


def _files(root: Path) -> Iterator[str]:
    for file in sorted(root.rglob("*")):
        if file.is_file():
            yield file.relative_to(root).as_posix()


def _lines(text: str) -> list[str]:
    """Cut after \\n only."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [text.split("\n")[-1]]
