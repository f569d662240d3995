"""Eight wherever jobs are meant, four wherever retries are."""

import re

import case


class Check(case.Case):
    may_change = ("pack/cli.py", "README.md")

    def setUp(self) -> None:
        self.cli = self.fresh("pack.cli")

    def test_the_default_is_eight(self) -> None:
        args = self.cli.parser().parse_args(["a"])
        self.assertEqual((args.jobs, args.retries), (8, 4))
        self.assertEqual(self.cli.parser().parse_args(["a", "--jobs", "2"]).jobs, 2)

    def test_the_help_says_so(self) -> None:
        said = " ".join(self.cli.parser().format_help().split())
        self.assertRegex(said, r"folders at a time \(default: 8\)")
        self.assertRegex(said, r"tries on a busy disk \(default: 4\)")

    def test_the_docstring_says_so(self) -> None:
        self.assertRegex(str(self.cli.__doc__), r"\b8 at a time\b")
        self.assertRegex(str(self.cli.__doc__), r"\b4 retries\b")

    def test_the_readme_says_so(self) -> None:
        text = self.new("README.md").decode()
        self.assertRegex(text, r"\b8 folders at a time\b")
        self.assertRegex(text, re.compile(r"^\| `--jobs N` .*\| 8 \|$", re.MULTILINE))

    def test_the_readme_is_otherwise_as_it_was(self) -> None:
        removed, added = self.lines_changed("README.md")
        self.assertEqual((len(removed), len(added)), (2, 2))
        self.assertFalse([line for line in removed if b"busy" in line])
