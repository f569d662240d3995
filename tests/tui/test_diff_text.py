"""DiffView: text of any kind, plain files, the changes of the work tree, and copying."""

from __future__ import annotations

import re

import pytest

from spark_tui.edits.changeset import Edit, Kind, Unplaced
from spark_tui.edits.snapshot import Snapshot
from spark_tui.repo.scopes import Looked, Pair, Version
from spark_tui.session import events as ev
from spark_tui.session.changing import ChangePage, page_of
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.state import SessionState
from tests.support.diff_look import Look, see
from tests.support.story import Story, review_scene, small_hunks


def test_hostile_text_is_inert() -> None:
    async def body(look: Look) -> None:
        story = Story()
        story.turn()
        story.open("t1h1", "a\x1b[2Jb\n.py", headers=("def \x9b31m",))
        story.grow("t1h1", "+\x1b]52;c;eA==\x07 [red]x[/] \u202eevil", "+\ttab")
        look.follow(story)
        text = look.text()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text.replace("\n", ""))
        assert "[red]x[/]" in text
        assert "+     tab" in text

    see(body)


def test_long_lines_are_cut_and_scrolled() -> None:
    async def body(look: Look) -> None:
        story = Story()
        story.turn()
        story.open("t1h1", "a.txt", Kind.ADD)
        story.grow("t1h1", "+" + "".join(f"{i:<10}" for i in range(30)), "+" + "字" * 100)
        look.follow(story)
        assert all(strip.cell_length == 40 for strip in look.strips())
        assert look.lines()[2].endswith("…")
        look.view.scroll_code(30)
        assert look.lines()[2].startswith("▌    + …         4")
        assert all(strip.cell_length == 40 for strip in look.strips())
        look.view.scroll_code(-100)
        assert look.lines()[2].startswith("▌    + 0         1")
        assert all(strip.cell_length == 40 for strip in look.strips())

    see(body, width=40)


def test_a_line_without_end_is_drawn_in_part() -> None:
    async def body(look: Look) -> None:
        snapshot = Snapshot.of("long.js", b"x = 1;" * 250_000)
        look.view.show_file("long.js", snapshot)
        assert look.lines()[1].endswith("…")

    see(body)


def test_file_mode_has_line_numbers_and_a_row_cursor() -> None:
    async def body(look: Look) -> None:
        text = "".join(f"line {i}\n" for i in range(1000))
        look.view.show_file("src/a.py", Snapshot.of("src/a.py", text.encode()), line=500)
        assert look.view.mode == "file"
        assert look.view.path == "src/a.py"
        assert look.view.row == 500
        assert "501   line 500" in look.text()
        look.view.scroll_rows(10)
        assert look.view.row == 510
        look.view.scroll_rows(-9999)
        assert look.lines()[:2] == [" src/a.py  1000 lines", "▌  1   line 0"]

    see(body)


@pytest.mark.parametrize(("data", "words"), [(b"", "0 lines"), (b"\0\1", "binary, 2 bytes")])
def test_empty_and_binary_files(data: bytes, words: str) -> None:
    async def body(look: Look) -> None:
        look.view.show_file("x", Snapshot.of("x", data))
        assert words in look.text()
        look.view.scroll_rows(3)
        assert look.view.rows_text() == ""

    see(body)


def changed(path: str, old: str, new: str) -> Pair:
    """A file of the work tree page."""
    before, after = (Version("100644", "1", text.encode()) for text in (old, new))
    return Pair(path, before, after)


def pages(*pairs: Pair) -> ChangePage:
    return page_of(Looked("worktree", "", pairs))


def numbers(count: int) -> list[str]:
    return [f"{i}\n" for i in range(count)]


def test_changes_mode_shows_hunks() -> None:
    async def body(look: Look) -> None:
        fifty = numbers(50)
        binary = Pair("b.bin", None, Version("100644", "", b"\0" * 12))
        page = pages(changed("a.py", "".join(fifty), "".join(fifty[:40] + fifty[41:])), binary)
        story = small_hunks(2)
        look.follow(story)
        look.view.select(HunkId("t1h2"))
        look.view.show_changes(page)
        assert look.view.mode == "changes"
        assert look.view.current is None
        assert "work tree, not staged  −1  2 files" in look.text()
        assert "41 - 40" in look.text()
        assert "b.bin  new file, 12 bytes, binary" in look.text()
        story.tell(ev.HunksConflicted((HunkId("t1h1"),), "meanwhile"))
        look.follow(story)
        assert "meanwhile" not in look.text()
        look.view.switch("proposals")
        assert look.view.current == "t1h2"
        look.view.move_to(0)
        assert "meanwhile" in look.text()

    see(body)


def test_showing_what_is_shown_moves_nothing() -> None:
    async def body(look: Look) -> None:
        look.follow(small_hunks(20))
        look.view.select(HunkId("t1h9"))
        before = look.lines()
        look.view.switch("proposals")
        assert look.lines() == before
        many = numbers(500)
        page = pages(
            changed("a.py", "".join(many), "".join(t for i, t in enumerate(many) if i % 20))
        )
        look.view.show_changes(page)
        look.view.move(5)
        look.view.scroll_rows(5)
        before = look.lines()
        look.view.show_changes(page)
        assert look.lines() == before
        # A file above is new: the same hunk is under the cursor.
        current = look.view.current_change
        look.view.show_changes(pages(changed("0.py", "a\n", "b\n"), *page_pairs(page)))
        after = look.view.current_change
        assert current and after and (after[0].path, after[1]) == (current[0].path, current[1])
        # The hunk under the cursor is gone: the next one is there.
        look.view.show_changes(page)
        look.view.move(-5)

    see(body)


def page_pairs(page: ChangePage) -> list[Pair]:
    return [file.pair for file in page.files if file.pair is not None]


def test_copied_text_is_raw() -> None:
    async def body(look: Look) -> None:
        story = Story()
        story.turn()
        story.open("t1h1", "a.py")
        story.grow("t1h1", "-\told", "+\tnew \x1b[1m")
        look.follow(story)
        assert look.view.rows_text() == "-\told\n+\tnew \x1b[1m\n"

    see(body)


def test_without_the_snapshot_the_written_lines_are_shown() -> None:
    async def body(look: Look) -> None:
        story = small_hunks(1)
        story.state.snapshots.clear()
        look.view.load(story.state)
        assert "+ row 10" in look.text()

    see(body)


def test_load_equals_apply() -> None:
    async def body(look: Look) -> None:
        story = review_scene()
        story.decide(Decision.ACCEPTED, "t1h1")
        events = story.take()
        fold = SessionState()
        fold.snapshots = story.state.snapshots
        for event in events:
            fold.apply(event)
            look.view.apply((event,), fold)
        look.view.select(HunkId("t1h2"))
        look.view.move_to(0)
        step_by_step = look.lines()
        look.view.load(story.state)
        look.view.select(HunkId("t1h2"))
        look.view.move_to(0)
        assert look.lines() == step_by_step

    see(body, height=50)


def test_ten_thousand_rows_are_not_made_at_once() -> None:
    async def body(look: Look) -> None:
        story = Story()
        story.turn()
        lines = tuple(f"x = {i}" for i in range(10_000))
        story.open("t1h1", "big.py", Kind.ADD)
        story.place("t1h1", None, Edit(0, 0, lines))
        look.follow(story)
        card = look.view.page.cards[0]
        look.view.move_to(5_000)
        look.strips()
        assert look.view.line_count() == 10_002
        assert len(card.strips) <= 3 * look.view.height
        assert look.lines()[0].startswith("▌ 4999 + x = 4998")

    see(body)


def test_another_file_is_shown_from_its_first_column() -> None:
    async def body(look: Look) -> None:
        look.view.show_file("long.txt", Snapshot.of("long.txt", b"x" * 500))
        for _ in range(5):
            look.view.scroll_code(8)
        look.view.show_file("short.txt", Snapshot.of("short.txt", b"short\n"))
        assert look.lines()[1].endswith("short")

    see(body)


def test_code_is_never_scrolled_out_of_view_without_a_sign() -> None:
    async def body(look: Look) -> None:
        text = b"a\n" + b"0123456789" * 20 + b"\n"
        look.view.show_file("long.txt", Snapshot.of("long.txt", text))
        look.view.scroll_code(8)
        short, long = look.lines()[1:3]
        assert short.endswith("…")
        assert "  …9012345" in long
        for _ in range(100):
            look.view.scroll_code(8)
        assert re.search(r"…\d", look.lines()[2])

    see(body)


def test_a_reason_is_never_cut() -> None:
    reason = "the file is not valid UTF-8, so only ASCII text can be placed in it by this program"

    async def body(look: Look) -> None:
        story = Story()
        story.turn()
        story.open("t1h1", "a.txt")
        story.grow("t1h1", "-old", "+new")
        story.tell(ev.HunkUnplaced(HunkId("t1h1"), None, Unplaced("encoding", reason)))
        look.follow(story)
        shown = " ".join(line.strip(" ▌") for line in look.lines())
        assert reason in shown
        assert "- old + new" in shown

    see(body, width=40)
    see(body, width=120)
