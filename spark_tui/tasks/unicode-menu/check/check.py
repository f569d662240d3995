"""Two changes in many scripts; every other byte is as it was."""

import tomllib

import case

PATH = "menu.toml"


class Check(case.Case):
    may_change = (PATH,)

    def test_the_german_word_is_another(self) -> None:
        menu = tomllib.loads(self.new(PATH).decode())
        self.assertEqual(menu["de"], {"open": "Öffnen", "save": "Speichern", "quit": "Schließen"})

    def test_the_new_language_is_there(self) -> None:
        menu = tomllib.loads(self.new(PATH).decode())
        self.assertEqual(menu["uk"], {"open": "Відкрити", "save": "Зберегти", "quit": "Вийти"})
        self.assertEqual(list(menu)[-1], "uk")

    def test_nothing_else_is(self) -> None:
        old = tomllib.loads(self.old(PATH).decode())
        new = tomllib.loads(self.new(PATH).decode())
        self.assertEqual({k: v for k, v in new.items() if k not in ("de", "uk")},
                         {k: v for k, v in old.items() if k != "de"})  # fmt: skip

    def test_every_other_byte_is_as_it_was(self) -> None:
        expected = self.old(PATH).replace(b"Beenden", "Schließen".encode())
        self.assertTrue(self.new(PATH).startswith(expected))
