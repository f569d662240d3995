"""The module does what was described, and its tests are tests."""

import re
import sys
import types
import unittest
from collections.abc import Callable

import case


class Check(case.Case):
    may_change = ("textkit/__init__.py",)

    def test_it_does_what_was_described(self) -> None:
        slug = self.fresh("textkit.slug").slug
        for title, expected in (
            ("Hello, World!", "hello-world"),
            ("  Café  &  Crème brûlée ", "cafe-creme-brulee"),
            ("snake_case -- and more", "snake-case-and-more"),
            ("100% sure", "100-sure"),
            ("日本", "untitled"),
            ("", "untitled"),
            ("?!", "untitled"),
        ):
            self.assertEqual(slug(title), expected)

    def test_it_cuts(self) -> None:
        slug = self.fresh("textkit.slug").slug
        self.assertEqual(slug("a" * 60), "a" * 40)
        self.assertEqual(slug("alpha beta gamma", limit=11), "alpha-beta")
        self.assertEqual(slug("alpha beta gamma", 10), "alpha-beta")
        self.assertEqual(slug("alpha beta gamma", limit=8), "alpha-be")

    def test_its_tests_pass(self) -> None:
        self.fresh("textkit.slug")
        result = self.run_tests()
        self.assertGreater(result.testsRun, 0)
        self.assertTrue(result.wasSuccessful(), result.failures + result.errors)

    def test_its_tests_notice_mistakes(self) -> None:
        mistakes: tuple[Callable[..., str], ...] = (
            lambda title, limit=40: title,
            lambda title, limit=40: re.sub(r"\W+", "-", title.lower()).strip("-"),
        )
        for wrong in mistakes:
            module = types.ModuleType("textkit.slug")
            self.addCleanup(sys.modules.pop, "textkit.slug", None)
            module.slug = wrong  # type: ignore[attr-defined]
            self.fresh("textkit").slug = module
            sys.modules["textkit.slug"] = module
            self.assertFalse(self.run_tests().wasSuccessful())

    def run_tests(self) -> unittest.TestResult:
        sys.modules.pop("tests.test_slug", None)
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromName("tests.test_slug").run(result)
        return result
