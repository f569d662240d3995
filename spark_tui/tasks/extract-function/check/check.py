"""One function cleans addresses, all three use it, and nobody sees a difference."""

import unittest.mock

import case

PATH = "people/contacts.py"


class Check(case.Case):
    may_change = (PATH,)

    def setUp(self) -> None:
        self.contacts = self.fresh("people.contacts")

    def test_the_function_cleans(self) -> None:
        for text, clean in (
            ("  Ada@Example.ORG ", "Ada@example.org"),
            ("mailto:ada@example.org", "ada@example.org"),
            ("MailTo:Ada@X.org", "Ada@x.org"),
            ("ada", "@ada"),
        ):
            self.assertEqual(self.contacts.clean_email(text), clean)

    def test_all_three_call_it(self) -> None:
        book = self.contacts.Contacts()
        asked: list[str] = []

        def clean(text: str) -> str:
            asked.append(text)
            return "same@place"

        with unittest.mock.patch.object(self.contacts, "clean_email", clean):
            self.assertTrue(book.add("one", "Ada"))
            self.assertEqual(book.find("two"), "Ada")
            book.remove("three")
        self.assertEqual(asked, ["one", "two", "three"])

    def test_the_lines_stand_once(self) -> None:
        text = self.new(PATH).decode()
        self.assertEqual(text.count("rpartition"), 1)
        self.assertEqual(text.count(".strip()"), self.old(PATH).count(b".strip()") - 2)

    def test_the_book_works_as_before(self) -> None:
        book = self.contacts.Contacts()
        self.assertTrue(book.add(" mailto:Ada@Example.org", " Ada "))
        self.assertFalse(book.add("Ada@EXAMPLE.org", "Other"))
        self.assertEqual(book.find("Ada@example.ORG"), "Ada")
        self.assertIsNone(book.find("ada@example.org"))
        book.remove("Ada@example.org")
        self.assertEqual(len(book), 0)
        with self.assertRaises(KeyError):
            book.remove("Ada@example.org")
