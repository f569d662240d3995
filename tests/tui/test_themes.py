"""themes.py: theme files as Textual themes and as styles of rows and words."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from textual.app import App
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from spark_tui.settings.theme import DIFF_WORDS, SYNTAX_WORDS, load_theme, parse, shipped_folder
from spark_tui.tui import highlight
from spark_tui.tui.themes import DIFF, SYNTAX, Looks, as_textual

SHIPPED = sorted((shipped_folder() or Path()).glob("*.toml"))
SMALL = """
dark = true
[colors]
primary = "#f0a35e"
background = "#101010"
foreground = "#e0e0e0"
success = "#00ff00"
accent = "#7cc0e8"
[diff]
added = "#0000ff 50%"
accepted = "bold $accent"
[syntax]
"Keyword" = "italic $accent"
"String" = "#123456"
comment = "$foreground 50%"
"""


def looks(theme_text: str) -> Looks:
    return Looks.of(variables(as_textual(parse("small", theme_text))), Color.parse("#101010"))


def variables(theme: Theme) -> dict[str, str]:
    """What an app with this theme has as theme_variables."""
    return {**theme.to_color_system().generate(), **theme.variables}


def test_words_are_those_that_theme_files_may_use() -> None:
    assert set(DIFF) == set(DIFF_WORDS)
    assert set(SYNTAX) == set(SYNTAX_WORDS)
    assert set(highlight.WORD_OF_TOKEN.values()) <= set(SYNTAX)


def test_given_looks_are_used_and_mixed_with_the_ground() -> None:
    found = looks(SMALL)
    added = found.diff["added"].bgcolor
    assert added is not None
    assert added.triplet is not None
    assert added.triplet.hex == "#080887"
    accepted = found.diff["accepted"]
    assert accepted.bold
    assert accepted.color is not None
    assert accepted.color.name == "#7cc0e8"


def test_syntax_by_pygments_token_or_by_word() -> None:
    syntax = looks(SMALL).syntax
    assert syntax["keyword"].italic
    assert syntax["keyword"].color is not None
    assert syntax["keyword"].color.name == "#7cc0e8"
    assert syntax["string"].color is not None
    assert syntax["string"].color.name == "#123456"
    assert syntax["comment"].color is not None
    assert syntax["comment"].color.name == "#787878"


def test_syntax_may_be_a_pygments_style() -> None:
    text = SMALL.replace("[syntax]", '[syntax]\nbase = "monokai"')
    syntax = looks(text).syntax
    assert syntax["number"].color is not None
    assert syntax["number"].color.name == "#ae81ff"
    assert syntax["keyword"].italic  # a line of the theme wins over its base


def test_missing_looks_come_from_the_palette() -> None:
    found = looks(SMALL)
    sign = found.diff["added-sign"].color
    assert sign is not None
    assert sign.name == "#00ff00"


@pytest.mark.parametrize("name", sorted(BUILTIN_THEMES))
def test_every_textual_theme_gives_all_looks(name: str) -> None:
    words = variables(BUILTIN_THEMES[name])
    found = Looks.of(words, Color.parse(words["background"]))
    assert set(found.diff) == set(DIFF)
    assert found.diff["added-sign"] != found.diff["removed-sign"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_themes_start_an_app(path: Path) -> None:
    async def main() -> None:
        theme = as_textual(load_theme(path))
        app: App[None] = App()
        async with app.run_test() as pilot:
            app.register_theme(theme)
            app.theme = theme.name
            await pilot.pause()
            assert app.theme_variables["diff-added"]
            found = Looks.of(app.theme_variables, app.screen.background_colors[1])
            assert found.diff["added"] != found.diff["removed"]

    asyncio.run(main())


def test_shipped_themes_are_there() -> None:
    assert {path.stem for path in SHIPPED} >= {"spark-dark", "spark-light", "spark-ansi"}


def test_ansi_colours_are_never_mixed_nor_backgrounds() -> None:
    text = """
dark = true
[colors]
primary = "ansi_yellow"
foreground = "ansi_default"
background = "ansi_default"
success = "ansi_green"
error = "ansi_red"
accent = "ansi_cyan"
[diff]
added = "ansi_green"
"""
    theme = as_textual(parse("ansi", text))
    assert theme.ansi
    found = Looks.of(variables(theme), Color.parse("ansi_default"))
    for style in (*found.diff.values(), *found.syntax.values()):
        assert style.bgcolor is None
        assert style.color is None or style.color.triplet is None
    assert found.diff["added"].color is not None
    assert found.diff["added"].color.number == 2
    assert found.diff["muted"].dim


def test_no_colour_stands_in_the_code() -> None:
    folder = Path(__file__).parents[2] / "spark_tui" / "tui"
    named = re.compile(r"""["'](bold |italic )?(#[0-9a-fA-F]{6}|red|green|blue|yellow|cyan)["' ]""")
    for path in folder.rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not named.search(line), f"{path}:{number}: {line}"
