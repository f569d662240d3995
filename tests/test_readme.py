"""The README says what the program does: codes, keys, settings and commands are compared."""

from __future__ import annotations

import re
from pathlib import Path

from spark_tui.cli.exits import Exit
from spark_tui.options import VERBS
from spark_tui.settings.config import specs
from spark_tui.tui.keys import TABLE

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_exit_codes() -> None:
    rows = {int(n): words for n, words in re.findall(r"^\| (\d+) \| (.+?) \|$", README, re.M)}
    for code in (code for code in Exit if code <= Exit.BUG):
        assert rows[code].startswith(code.sentence), code


def test_every_key_it_names_exists() -> None:
    section = README.split("## Keys")[1].split("\n## ")[0]
    named = {key for row in re.findall(r"^\|[^|]*\|([^|]*)\|", section, re.M)
             for key in re.findall(r"`([^`]+)`", row)}  # fmt: skip
    known = {key for row in TABLE for key in row.label.split()} | {"Esc"}
    assert named - known == set()
    assert len(named) > 25


def test_every_setting_it_names_exists() -> None:
    section = README.split("## Settings")[1].split("\n## ")[0]
    named = {key for row in re.findall(r"^\| (`[^|]*) \|", section, re.M)
             for key in re.findall(r"`([^`]+)`", row)}  # fmt: skip
    assert named - {spec.key for spec in specs()} == set()
    missing = {spec.key for spec in specs() if not spec.key.startswith("prices.")} - named
    assert missing == set()


def test_every_verb_it_calls_exists() -> None:
    called = set(re.findall(r"spark-tui ([a-z]+)(?= |`|\n)", README))
    assert called <= VERBS | {"demo"}


def test_links_lead_somewhere() -> None:
    for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "themes/README.md"):
        path = ROOT / name
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{name}: {link}"


def test_one_command_each_for_demo_and_tests() -> None:
    """`.ci/run` takes the test command from here."""
    commands = re.findall(r"^python3 -m venv .*$", README, re.M)
    assert [c.rsplit(" && ", 1)[1] for c in commands] == [
        ".venv/bin/spark-tui demo",
        ".venv/bin/pytest -n auto --dist worksteal",
    ]
