"""One new line in its place; the end of the file is what it was."""

import json

import case

PATH = "plugins.json"


class Check(case.Case):
    may_change = (PATH,)

    def test_the_plugin_is_enabled_in_its_place(self) -> None:
        enabled = json.loads(self.new(PATH))["enabled"]
        self.assertEqual([row["name"] for row in enabled], ["search", "outline", "spell", "export"])
        self.assertEqual(enabled[2], {"name": "spell", "version": "2.0.1"})

    def test_it_is_one_line_more(self) -> None:
        removed, added = self.lines_changed(PATH)
        self.assertEqual((removed, len(added)), ([], 1))
        self.assertEqual(added[0], b'    {"name": "spell", "version": "2.0.1"},\n')

    def test_the_file_ends_as_it_did(self) -> None:
        self.assertEqual(self.new(PATH)[-6:], self.old(PATH)[-6:])
