"""What counts as a word."""

import unittest

from textkit.words import words


class WordsTest(unittest.TestCase):
    def test_an_apostrophe_does_not_end_a_word(self) -> None:
        self.assertEqual(words("It's fine."), ["It's", "fine"])

    def test_no_text_has_no_words(self) -> None:
        self.assertEqual(words(""), [])
