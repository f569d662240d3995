"""Pictures of the pages of the person's own changes: few, and each says what to look at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, cast

import pytest
from textual.app import App
from textual.pilot import Pilot

from spark_tui.options import AppOptions
from spark_tui.repo.scopes import Looked, Pair, Version
from spark_tui.session import events as ev
from spark_tui.session.changing import page_of
from spark_tui.settings.config import load
from spark_tui.tui.application import SparkApp
from tests.support.fake_session import FakeSession
from tests.support.story import FETCHER, FILES, Story


class Compare(Protocol):
    """pytest-textual-snapshot's fixture."""

    def __call__(
        self,
        app: App[Any],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[Any]], Awaitable[None]],
    ) -> bool: ...


def version(text: str, mode: str = "100644") -> Version:
    return Version(mode, "1", text.encode())


RETRIES = FETCHER.replace("retries: int = 3", "retries: int = 5")
SAFE = FETCHER.replace("token == expected", "hmac.compare_digest(token, expected)")
PAGES = {
    "worktree": Looked("worktree", "", (
        Pair("docs/keys.md", None, version("# Keys\n\ny stages a hunk.")),
        Pair("run.sh", version("#!/bin/sh\n"), version("#!/bin/sh\n", "100755")),
        Pair("src/fetcher.py", version(FETCHER), version(RETRIES)),
        Pair("src/util.py", None, None, note="conflict",
             held="src/util.py has conflicts: resolve them, then git add -- src/util.py"),
    )),
    "staged": Looked("staged", "", (
        Pair("logo.png", None, Version("100644", "2", b"\0PNG" * 300)),
        Pair("src/fetcher.py", version(FETCHER), version(SAFE)),
    )),
    "branch": Looked("branch", "origin/main", (
        Pair("old.txt", version("gone\r\n"), None),
        Pair("src/fetcher.py", version(FETCHER), version(RETRIES + "# no newline")),
    ), 4),
}  # fmt: skip
"""Each kind of change once."""


def take(
    compare: Compare, environ: dict[str, str], size: tuple[int, int], steps: int, *keys: str
) -> bool:
    """The desk after so many steps through the pages, and these keys."""
    story = Story()
    marks = (("docs/keys.md", "??"), ("run.sh", " M"), ("src/fetcher.py", "MM"))
    story.tell(ev.RepositoryLooked("topic", True, (*FILES, "run.sh"), marks))
    story.tell(ev.EndpointChanged("https://api.example.org/v1", True, "api.example.org"))
    story.tell(ev.RoleSwitched("fast", "spark"))
    settings = load(environ=environ, flags={"theme": "spark-dark"})
    session = FakeSession(story, settings)
    session.staging.pages = {looked.scope: page_of(looked) for looked in PAGES.values()}
    options = AppOptions(Path("/work"), environ=environ)
    app = SparkApp(options, settings, session=cast("Any", session))

    async def before(pilot: Pilot[Any]) -> None:
        while app.desk.diff.view.mode != "changes":
            await pilot.pause()
        app.desk.set_focus(app.desk.diff)
        for scope in list(PAGES)[1 : steps + 1]:
            await pilot.press("w")
            while app.desk.diff.view.scope != scope:
                await pilot.pause()
        await pilot.press(*keys)
        await asyncio.gather(*(w.wait() for w in app.workers if w.group == "lexers"))
        await pilot.pause()

    return compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("scope", list(PAGES))
def test_each_page(
    snap_compare: Compare, environ: dict[str, str], scope: str, size: tuple[int, int]
) -> None:
    """The head says which page it is and what its keys do; every change has its words; the cursor
    stands on the first hunk, the hint line has the keys of this page."""
    assert take(snap_compare, environ, size, list(PAGES).index(scope))


def test_lines_are_chosen_without_colour(
    snap_compare: Compare, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No colour at all: signs and bars say everything; two lines are chosen."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert take(snap_compare, environ, (120, 40), 0, "n", "n", "V", "j")
