"""The key table: complete, without doubles, and every row does something."""

from __future__ import annotations

import pytest

from spark_tui.tui import keys
from spark_tui.tui.application import SparkApp
from spark_tui.tui.panes.diff import DiffPane
from spark_tui.tui.panes.files import FilesPane
from spark_tui.tui.screens.context import ContextScreen
from spark_tui.tui.screens.help import page
from spark_tui.tui.screens.history import HistoryScreen
from spark_tui.tui.screens.main import MainScreen
from spark_tui.tui.widgets.commit_list import CommitList

OWNERS: dict[keys.Area, tuple[type, ...]] = {
    "diff": (DiffPane,),
    "changes": (DiffPane,),
    "files": (FilesPane,),
    "global": (MainScreen, SparkApp),
    "context": (ContextScreen,),
    "commit_list": (CommitList,),
    "log": (HistoryScreen,),
}
AS_GIT_ADD = {"y": "accept", "n": "reject", "a": "accept_file", "d": "reject_file"}


@pytest.mark.parametrize("area", list(keys.TITLES))
def test_no_key_twice_in_an_area(area: keys.Area) -> None:
    pressed = [key for row in keys.rows(area) for key in row.keys]
    assert len(pressed) == len(set(pressed))


@pytest.mark.parametrize("area", list(OWNERS))
def test_every_row_has_an_action(area: keys.Area) -> None:
    for row in keys.rows(area):
        assert any(hasattr(owner, f"action_{row.action}") for owner in OWNERS[area]), row


def test_decisions_are_as_in_git_add() -> None:
    actions = {key: row.action for row in keys.rows("diff") for key in row.keys}
    assert {key: actions[key] for key in AS_GIT_ADD} == AS_GIT_ADD


def test_no_bare_letter_works_everywhere() -> None:
    """A letter with a meaning in every pane would act while somebody types."""
    for row in keys.rows("global"):
        assert all(len(key) > 1 for key in row.keys), row


def test_the_help_has_every_key() -> None:
    text = page().plain
    for row in keys.TABLE:
        assert row.words in text
        assert row.label in text


def test_only_quit_goes_before_the_focus() -> None:
    assert [row.action for row in keys.TABLE if row.priority] == ["quit"]
