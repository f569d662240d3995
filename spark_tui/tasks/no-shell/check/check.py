"""No shell, and a failure is not swallowed."""

import subprocess
import unittest.mock
from typing import Any

import case


class Check(case.Case):
    may_change = ("render/convert.py",)

    def setUp(self) -> None:
        self.calls: list[tuple[Any, dict[str, Any]]] = []
        self.status = 0
        self.missing = False

        def run(words: Any, **more: Any) -> Any:
            self.calls.append((words, more))
            if self.missing:
                raise FileNotFoundError(2, "No such file or directory", "convert-doc")
            if self.status and more.get("check"):
                raise subprocess.CalledProcessError(self.status, words, "", " bad page 3\n")
            return subprocess.CompletedProcess(words, self.status, "", " bad page 3\n")

        patch = unittest.mock.patch.object(subprocess, "run", run)
        patch.start()
        self.addCleanup(patch.stop)
        self.convert = self.fresh("render.convert")

    def test_names_are_arguments(self) -> None:
        name = "my notes; touch x.md"
        self.assertEqual(self.convert.convert(name, "out.pdf"), "out.pdf")
        [(words, more)] = self.calls
        self.assertEqual([str(word) for word in words], ["convert-doc", name, "out.pdf"])
        self.assertFalse(more.get("shell"))

    def test_its_output_is_captured_as_text(self) -> None:
        self.convert.convert("a.md", "a.pdf")
        more = self.calls[0][1]
        captured = more.get("capture_output") or more.get("stderr") is subprocess.PIPE
        self.assertTrue(captured)
        is_text = more.get("text") or more.get("encoding") or more.get("universal_newlines")
        self.assertTrue(is_text)

    def test_a_failure_is_raised_with_its_words(self) -> None:
        self.status = 3
        with self.assertRaises(self.convert.ConvertFailed) as raised:
            self.convert.convert("a.md", "a.pdf")
        self.assertEqual(raised.exception.source, "a.md")
        self.assertEqual(raised.exception.message, "bad page 3")

    def test_a_missing_program_is_said(self) -> None:
        self.missing = True
        with self.assertRaises(self.convert.ConvertFailed) as raised:
            self.convert.convert("a.md", "a.pdf")
        self.assertEqual(raised.exception.source, "a.md")
        self.assertEqual(raised.exception.message, "convert-doc is not installed")

    def test_the_rest_works_as_before(self) -> None:
        self.assertEqual(self.convert.target_of("docs/a.md", "pdf"), "docs/a.pdf")
