"""The last page is there and is labelled with what stands on it."""

import case


class Check(case.Case):
    may_change = ("listing/pages.py",)

    def setUp(self) -> None:
        self.pages = self.fresh("listing.pages")

    def test_the_last_page_counts(self) -> None:
        for total, pages in ((21, 3), (20, 2), (19, 2), (1, 1), (10, 1), (11, 2), (0, 1)):
            self.assertEqual(self.pages.page_count(total, 10), pages, total)

    def test_the_label_ends_with_the_list(self) -> None:
        for number, label in ((1, "1-10 of 21"), (2, "11-20 of 21"), (3, "21-21 of 21")):
            self.assertEqual(self.pages.label(21, number, 10), label)
        self.assertEqual(self.pages.label(20, 2, 10), "11-20 of 20")

    def test_an_empty_list_has_an_empty_page(self) -> None:
        self.assertEqual(self.pages.label(0, 1, 10), "0-0 of 0")

    def test_the_rest_works_as_before(self) -> None:
        items = list(range(21))
        self.assertEqual(self.pages.page(items, 3, 10), [20])
        self.assertEqual(self.pages.page(items, 1, 10), items[:10])
        self.assertEqual(self.pages.page(items, 0, 10), [])
        with self.assertRaises(ValueError):
            self.pages.page_count(3, 0)
