"""One line of many is another one."""

import case

PATH = "markup/entities.py"


class Check(case.Case):
    may_change = (PATH,)

    def test_the_letter_is_right(self) -> None:
        expand = self.fresh("markup.entities").expand
        self.assertEqual(expand("&thetasym; &theta; &Theta; &nope;"), "ϑ θ Θ &nope;")

    def test_one_line_changed(self) -> None:
        removed, added = self.lines_changed(PATH)
        self.assertEqual((len(removed), len(added)), (1, 1))
        self.assertIn(b"thetasym", removed[0])
        self.assertEqual(added[0].lower(), removed[0].lower().replace(b"0x03b8", b"0x03d1"))
