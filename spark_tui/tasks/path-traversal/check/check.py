"""Nothing leads out of the root, and everything inside is found."""

import os
import tempfile
from pathlib import Path

import case


class Check(case.Case):
    may_change = ("serve/files.py",)

    def setUp(self) -> None:
        self.files = self.fresh("serve.files")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        top = Path(os.path.realpath(folder.name))
        self.root = top / "public"
        (self.root / "css").mkdir(parents=True)
        (self.root / "css" / "a b.css").write_text("b {}")
        (top / "public-old").mkdir()
        (top / "public-old" / "key").write_text("secret")
        (self.root / "out").symlink_to(top / "public-old")
        (self.root / "in").symlink_to(self.root / "css")
        self.link = top / "current"
        self.link.symlink_to(self.root)

    def test_what_leads_out_is_refused(self) -> None:
        for name in (
            "../../etc/passwd",
            "..",
            "../public-old/key",
            "css/../../public-old/key",
            "%2e%2e/public-old/key",
            "out/key",
            "/etc/passwd",
            str(self.root.parent / "public-old" / "key"),
        ):
            for root in (self.root, self.link):
                with self.subTest(name=name), self.assertRaises(PermissionError):
                    self.files.locate(root, name)

    def test_what_is_inside_is_found(self) -> None:
        for name, path in (
            ("css/a%20b.css", "css/a b.css"),
            ("css/../css/a b.css", "css/a b.css"),
            ("in/a b.css", "css/a b.css"),
            ("none.html", "none.html"),
            ("", ""),
        ):
            for root in (self.root, self.link):
                with self.subTest(name=name):
                    self.assertEqual(self.files.locate(root, name), self.root / path)

    def test_the_rest_works_as_before(self) -> None:
        self.assertEqual(self.files.kind_of(Path("a.css")), "text/css")
