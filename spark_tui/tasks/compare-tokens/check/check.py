"""The comparison takes constant time, and nothing that comes in can make it raise."""

import hmac
import secrets
import unittest.mock
from typing import Any

import case

SECRET = b"k" * 32


class Check(case.Case):
    may_change = ("gate/tokens.py",)

    def setUp(self) -> None:
        self.compared: list[tuple[Any, Any]] = []
        real = hmac.compare_digest

        def compare(a: Any, b: Any) -> bool:
            self.compared.append((a, b))
            return real(a, b)

        for module in (hmac, secrets):
            patch = unittest.mock.patch.object(module, "compare_digest", compare)
            patch.start()
            self.addCleanup(patch.stop)
        self.tokens = self.fresh("gate.tokens")

    def test_a_good_token_is_compared_in_constant_time(self) -> None:
        token = self.tokens.issue("ada", SECRET)
        self.assertEqual(self.tokens.user_of(token, SECRET), "ada")
        self.assertTrue(self.compared)

    def test_so_is_a_wrong_one(self) -> None:
        token = self.tokens.issue("ada", SECRET)
        self.assertIsNone(self.tokens.user_of(token[:-1] + "x", SECRET))
        self.assertIsNone(self.tokens.user_of(token, b"other"))
        self.assertIsNone(self.tokens.user_of("bob" + token[3:], SECRET))
        self.assertEqual(len(self.compared), 3)

    def test_any_text_may_come(self) -> None:
        for text in ("", ".", "ada", "ada.", "ada.ü", "jürgen.ff", "a.b.c", "é.é"):
            self.assertIsNone(self.tokens.user_of(text, SECRET), text)

    def test_a_name_beyond_ascii_is_a_name(self) -> None:
        token = self.tokens.issue("jürgen", SECRET)
        self.assertEqual(self.tokens.user_of(token, SECRET), "jürgen")

    def test_the_rest_works_as_before(self) -> None:
        token = self.tokens.issue("ada", SECRET)
        renewed = self.tokens.renew(token, SECRET, b"new")
        self.assertEqual(renewed, self.tokens.issue("ada", b"new"))
        self.assertIsNone(self.tokens.renew("x.y", SECRET, b"new"))
