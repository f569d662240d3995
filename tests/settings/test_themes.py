"""Every shipped theme parses and can be read; a broken one says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_tui.errors import UsageFault
from spark_tui.settings.contrast import as_seen, contrast, distance, problems
from spark_tui.settings.theme import (
    COLOR_WORDS,
    DIFF_WORDS,
    SYNTAX_WORDS,
    find_themes,
    load_theme,
    parse,
    shipped_folder,
)

SHIPPED = ("high-contrast", "spark-ansi", "spark-dark", "spark-light")


def theme_file(name: str) -> Path:
    folder = shipped_folder()
    assert folder is not None
    return folder / f"{name}.toml"


def test_these_four_are_shipped(environ: dict[str, str]) -> None:
    assert tuple(sorted(find_themes(environ))) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_theme_is_complete(name: str) -> None:
    theme = load_theme(theme_file(name))
    assert theme.name == name
    assert set(theme.colors) == set(COLOR_WORDS)
    assert set(theme.diff) == set(DIFF_WORDS)
    assert set(SYNTAX_WORDS) <= set(theme.syntax)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_theme_can_be_read(name: str) -> None:
    assert list(problems(load_theme(theme_file(name)))) == []


def test_high_contrast_means_it() -> None:
    theme = load_theme(theme_file("high-contrast"))
    assert contrast((255, 255, 255), (0, 0, 0)) == 21
    assert theme.colors["foreground"] == "#ffffff" and theme.colors["background"] == "#000000"


def test_problems_are_found() -> None:
    text = theme_file("spark-dark").read_text()
    grey = parse("x", text.replace('foreground = "#d9dce3"', 'foreground = "#555555"'))
    assert any(p.startswith("foreground on background") for p in problems(grey))
    lines = [
        'added = "#2a6b2a"' if line.startswith("added = ") else
        'removed = "#6b3f2a"' if line.startswith("removed = ") else line
        for line in text.splitlines()
    ]  # fmt: skip
    alike = parse("x", "\n".join(lines))
    assert any("look alike to deutan eyes" in p for p in problems(alike))


def test_the_eye_model_knows_red_from_green_only_where_it_should() -> None:
    red, green = (200, 60, 40), (90, 130, 40)
    assert distance(red, green) > 50
    assert distance(as_seen(red, "deutan"), as_seen(green, "deutan")) < 25


def test_the_users_own_file_wins(environ: dict[str, str]) -> None:
    folder = Path(environ["SPARK_TUI_CONFIG_DIR"]) / "themes"
    folder.mkdir(parents=True)
    (folder / "spark-dark.toml").write_text('[colors]\nprimary = "#ff0000"\n')
    (folder / "mine.toml").write_text('[colors]\nprimary = "#00ff00"\n')
    themes = find_themes(environ)
    assert themes["spark-dark"].parent == folder and "mine" in themes
    assert load_theme(themes["mine"]).dark is True


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ('[colors]\nprimary = "#fff"\n', 2, "#7fb069"),
        ('[colors]\nprimry = "#ffffff"\n', 2, "primary"),
        ('dark = 1\n[colors]\nprimary = "#ffffff"\n', 1, "true"),
        ('[colors]\nprimary = "#ffffff"\n[diff]\naded = "#ffffff"\n', 4, "added"),
        ('[colors]\nprimary = "#ffffff"\n[diff]\nadded = "$succes 10%"\n', 4, "#7fb069"),
        ('[colors]\nprimary = "#ffffff"\n[syntax]\nkeywrd = "bold"\n', 4, "keyword"),
        ('[colors]\nprimary = "#ffffff"\n[sintax]\n', 3, "syntax"),
        ('[colors]\nprimary = "$accent"\n', 2, "#7fb069"),
        ('[colors]\nprimary = "ansi_pink"\n', 2, "#7fb069"),
        ("[colors]\nprimary = [1]\n", 2, "#7fb069"),
        ("[colors]\n", 1, "primary"),
        ("colors = 3\n", 1, "colors"),
        ("x = = 1\n", 1, "TOML"),
    ],
)
def test_a_broken_theme_names_line_and_cure(text: str, line: int, hint: str) -> None:
    with pytest.raises(UsageFault) as caught:
        parse("mine", text)
    assert f"mine.toml:{line}:" in caught.value.message
    assert hint in caught.value.hint


def test_tokens_of_pygments_are_allowed() -> None:
    theme = parse("x", '[colors]\nprimary = "#ffffff"\n[syntax]\n"Name.Tag" = "bold $accent 80%"\n')
    assert theme.syntax["Name.Tag"] == "bold $accent 80%"
