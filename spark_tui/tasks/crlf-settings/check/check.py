"""One line of bytes is another one; every line end is where and what it was."""

import configparser

import case

PATH = "conf/server.ini"


class Check(case.Case):
    may_change = (PATH,)

    def test_the_value_is_raised_in_its_section_only(self) -> None:
        settings = configparser.ConfigParser()
        settings.read(PATH)
        self.assertEqual(settings["upload"]["max_size"], "52428800")
        self.assertEqual(settings["download"]["max_size"], "10485760")
        self.assertEqual(settings["preview"]["max_size"], "10485760")

    def test_every_other_byte_is_as_it_was(self) -> None:
        before, upload, after = self.old(PATH).partition(b"[upload]")
        after = after.replace(b"max_size = 10485760", b"max_size = 52428800", 1)
        self.assertEqual(self.new(PATH), before + upload + after)
