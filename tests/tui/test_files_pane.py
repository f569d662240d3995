"""FilesPane and its tree: marks, counts, folders, filter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from spark_tui.edits.changeset import Kind, Unplaced
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId
from spark_tui.tui import keys
from spark_tui.tui.panes.files import FilesPane
from spark_tui.tui.widgets.tree_view import Paths
from tests.support.story import FILES, Story, review_scene


class FilesApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.pane = FilesPane()
        self.heard: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_files_pane_file_chosen(self, message: FilesPane.FileChosen) -> None:
        self.heard.append(("chosen", message.path))

    def on_files_pane_file_mentioned(self, message: FilesPane.FileMentioned) -> None:
        self.heard.append(("mentioned", message.path))

    def on_files_pane_left(self, _message: FilesPane.Left) -> None:
        self.heard.append(("left", ""))

    def lines(self) -> list[str]:
        view = self.pane.view
        strips = view.render_lines(Region(0, 0, view.size.width, view.size.height))
        return [text for strip in strips if (text := strip.text.rstrip())]


Body = Callable[[FilesApp, Pilot[None]], Awaitable[None]]


def play(story: Story, body: Body, *, width: int = 40, height: int = 20) -> None:
    async def main() -> None:
        app = FilesApp()
        async with app.run_test(size=(width, height)) as pilot:
            app.pane.focus()
            app.pane.apply(story.take(), story.state)
            await pilot.pause()
            await body(app, pilot)

    asyncio.run(main())


def looked(*files: str, marks: tuple[tuple[str, str], ...] = ()) -> Story:
    story = Story()
    story.tell(ev.RepositoryLooked("main", True, files, marks))
    return story


def test_every_key_of_the_table_has_an_action() -> None:
    for row in keys.rows("files"):
        assert callable(getattr(FilesPane, f"action_{row.action}", None)), row.action


def test_folders_first_closed_until_opened() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        assert app.lines() == [
            "▌   ▸ docs/",
            "    ▸ src/",
            "    ▸ tests/",
            "      .gitignore",
            "      README.md",
            "      pyproject.toml",
        ]
        await pilot.press("j", "l", "j", "l")
        assert app.lines()[1:7] == [
            "    ▾ src/",
            "▌     ▾ store/",
            "          disk.py",
            "          memory.py",
            "        fetcher.py",
            "        util.py",
        ]
        await pilot.press("j", "h", "h")
        assert app.lines()[2] == "▌     ▸ store/"
        await pilot.press("h", "h")
        assert app.lines()[1] == "▌   ▸ src/"

    play(looked(*FILES), body)


def test_git_marks_stand_in_two_columns() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        assert app.lines() == ["▌ • ▸ docs/", " M    a", "  D   b", " ??   c", " UU   d"]
        await pilot.press("l")
        assert app.lines()[:2] == ["▌   ▾ docs/", " A      new"]

    marks = (("a", "M "), ("b", " D"), ("c", "??"), ("d", "UU"), ("docs/new", "A "))
    play(looked("a", "b", "c", "d", "docs/new", marks=marks), body)


def test_counts_follow_the_session() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        story = review_scene()
        app.pane.apply(story.take(), story.state)
        row = next(line for line in app.lines() if "fetcher.py" in line)
        assert row.endswith(" 2● 1!")
        row = next(line for line in app.lines() if "test_fetcher.py" in line)
        assert row.startswith("  +")
        assert row.endswith(" 1…")
        story.decide(Decision.ACCEPTED, "t1h1")
        story.decide(Decision.REJECTED, "t1h2")
        app.pane.apply(story.take(), story.state)
        row = next(line for line in app.lines() if "fetcher.py" in line)
        assert row.endswith(" 1✓ 1✗ 1!")

    play(Story(), body)


def test_a_closed_folder_shows_what_is_below() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        assert app.pane.view.select("src/fetcher.py")
        await pilot.press("h", "h")
        row = next(line for line in app.lines() if "src/" in line)
        assert row.startswith("▌   ▸ src/")
        assert row.endswith(" 2● 1!")

    play(review_scene(), body)


def test_a_file_that_gets_hunks_is_revealed_and_the_cursor_stays() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        await pilot.press("G")
        assert app.pane.current == "pyproject.toml"
        story = review_scene()
        app.pane.apply(story.take(), story.state)
        assert any("fetcher.py" in line for line in app.lines())
        assert app.pane.current == "pyproject.toml"

    play(looked(*FILES), body)


def test_choosing_mentioning_leaving() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        await pilot.press("enter", "j")
        assert app.pane.current == "docs/guide.md"
        await pilot.press("enter", "at", "q")
        assert app.heard == [
            ("chosen", "docs/guide.md"),
            ("mentioned", "docs/guide.md"),
            ("left", ""),
        ]

    play(looked(*FILES), body)


def test_a_folder_is_not_mentioned() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        await pilot.press("at")
        assert app.heard == []
        assert app.pane.current is None

    play(looked(*FILES), body)


def test_filter_takes_every_letter_and_gives_the_tree_back() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"store", "space", "j")
        assert app.lines() == [" No file has these words in its path."[:39]]
        await pilot.press("backspace", "backspace")
        assert app.lines() == ["▌     src/store/disk.py", "      src/store/memory.py"]
        await pilot.press("down", "enter")
        assert app.heard == [("chosen", "src/store/memory.py")]
        assert "▌         memory.py" in app.lines()
        await pilot.press("q")
        assert app.heard[-1] == ("left", "")

    play(looked(*FILES), body)


def test_leaving_the_filter_gives_the_tree_back() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        tree = app.lines()
        await pilot.press("slash", *"util", "escape")
        assert app.heard == []
        assert app.lines()[1] == "    ▾ src/"
        await pilot.press("slash", "backspace")
        assert len(app.lines()) > len(tree)

    play(looked(*FILES), body)


def test_a_long_path_found_keeps_its_end() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"name")
        assert app.lines()[0].endswith("…and/deeper/the_name.py")

    play(looked("a/rather/long/way/down/and/deeper/the_name.py"), body, width=30)


def test_clicking_a_file_shows_it() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        await pilot.click(app.pane.view, offset=(8, 0))
        await pilot.click(app.pane.view, offset=(8, 1))
        assert app.heard == [("chosen", "docs/guide.md")]

    play(looked(*FILES), body)


def test_no_files_and_not_yet_looked() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        assert app.lines() == [" Reading the files …"]
        await pilot.press("j", "k", "enter", "at", "l", "h", "G")
        story = looked()
        app.pane.apply(story.take(), story.state)
        assert app.lines() == [" No files here yet."]

    play(Story(), body)


def test_hostile_and_long_names_are_cut_and_inert() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        text = "\n".join(app.lines())
        assert "\x1b" not in text
        assert "[nope]" in text
        assert all(len(line) <= 28 for line in app.lines())
        assert "…" in text

    play(looked("a\x1b]0;x\x07", "b\nc", "[nope]", "x" * 200), body, width=28)


def test_files_that_go_leave_the_cursor_on_what_is_there() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        assert app.pane.view.select("src/store/disk.py")
        story = looked("src/util.py", "README.md")
        app.pane.apply(story.take(), story.state)
        node = app.pane.view.current
        assert node is not None
        assert node.path == "src"

    play(looked(*FILES), body)


def test_added_files_leave_when_their_hunks_are_committed() -> None:
    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        assert any("new.py" in line for line in app.lines())

    story = looked("a.py")
    story.turn()
    story.open("t1h1", "new.py", Kind.ADD)
    play(story, body)
    story.tell(ev.Committed("abc", "s", (HunkId("t1h1"),), ("new.py",)))

    async def after(app: FilesApp, pilot: Pilot[None]) -> None:
        app.pane.load(story.state)
        assert not any("new.py" in line for line in app.lines())

    play(Story(), after)


def test_paths_look_into_one_folder_only() -> None:
    paths = Paths([*(f"deep/d{i}/f{j}" for i in range(50) for j in range(20)), "top", "deep-er/x"])
    assert [node.path for node in paths.inside("", 0)] == ["deep", "deep-er", "top"]
    assert len(paths.inside("deep", 1)) == 50
    assert [node.name for node in paths.inside("deep/d7", 2)][:2] == ["f0", "f1"]
    assert [node.path for node in paths.matching(["d7", "f19"])] == ["deep/d7/f19"]


def test_a_new_file_that_will_not_be_there_leaves_the_tree() -> None:
    story = looked("a.py")
    story.turn()
    for hunk, path in (("t1h1", "../out.py"), ("t1h2", "b.py"), ("t1h3", "c.py")):
        story.open(hunk, path, Kind.ADD)
        story.grow(hunk, "+x")

    async def body(app: FilesApp, pilot: Pilot[None]) -> None:
        assert "out.py" in "\n".join(app.lines())
        why = Unplaced("path", "leaves the work tree")
        story.tell(ev.HunkUnplaced(HunkId("t1h1"), None, why))
        story.decide(Decision.REJECTED, "t1h2")
        app.pane.apply(story.take(), story.state)
        await pilot.pause()
        shown = "\n".join(app.lines())
        assert "a.py" in shown
        assert "c.py" in shown
        assert "b.py" not in shown
        assert "out.py" not in shown

    play(story, body)
