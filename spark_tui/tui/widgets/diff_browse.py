"""Pages that need no model: a scope of changes, a plain file, a few words of help.

The rule kept here: they are made whole from what the session gave, and never change. The cursor on
them is the view's business, what a key does there the pane's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_tui.edits.diff import Row
from spark_tui.edits.exact import BARE
from spark_tui.edits.snapshot import Snapshot
from spark_tui.tui.widgets.diff_page import Block, Page, Section
from spark_tui.tui.widgets.diff_rows import FileLines, Head, Note

if TYPE_CHECKING:
    from spark_tui.session.changing import ChangeHunk, ChangePage, FileChange

_CHANGES = {"add": "new file", "delete": "deleted", "mode": "mode", "type": "another kind"}
TITLES = {
    "worktree": "work tree, not staged",
    "staged": "staged for the next commit",
    "branch": "what this branch adds",
}
"""What each scope is called at the head of its page."""
_KEYS = {
    "worktree": "y stage · D discard · u undo · w next page",
    "staged": "y unstage · C commit · u undo · w next page",
    "branch": "for reading · Enter shows the file · w next page",
}
_NONE = {
    "worktree": "Nothing is changed that is not staged.",
    "staged": "Nothing is staged.",
    "branch": "This branch adds nothing.",
}


@dataclass(slots=True, eq=False)
class ChangeBlock(Block):
    """A card of a page of changes."""

    file: FileChange | None = None
    change: ChangeHunk | None = None


def words_page(lines: Sequence[str]) -> Page:
    """Lines that are not code."""
    return Page([Section(Block("", rows=[Note(text, "muted") for text in lines]))])


def changes_page(page: ChangePage) -> Page:
    """A scope: a section a file, a card a hunk; its head says what it is and what the keys do."""
    added, removed = page.counts
    count = "1 file" if len(page.files) == 1 else f"{len(page.files)} files"
    title = TITLES[page.scope] + (f" to {page.base}" if page.base else "")
    head = Head("", "file", title, added, removed, words=count if page.files else "")
    words: list[Row | Note] = [Note(_KEYS[page.scope], "muted")]
    if not page.files:
        words.append(Note(_NONE[page.scope], "muted"))
    if page.more:
        words.append(Note(f"{page.more} more files are not listed", "note"))
    top = Section(Block("", head, words, is_file=True))
    return Page([top, *(_section(file) for file in page.files)])


def file_page(path: str, snapshot: Snapshot) -> Page:
    """One file with line numbers; its rows are made when looked at."""
    count = len(snapshot.lines)
    words = "1 line" if count == 1 else f"{count} lines"
    if snapshot.binary:
        words = f"binary, {len(snapshot.data)} bytes"
    head = Block(path, Head("", "file", path, words=words), is_file=True)
    rows = FileLines(() if snapshot.binary else snapshot.lines)
    return Page([Section(head, [Block(path, rows=rows)])])


def _section(file: FileChange) -> Section:
    head = Head(
        sign="",
        look="file",
        title=file.path,
        added=sum(hunk.added for hunk in file.hunks),
        removed=sum(hunk.removed for hunk in file.hunks),
        words=", ".join(part for part in (_CHANGES.get(file.change), file.note) if part),
    )
    # Why, and below it the command to use: each in a row of its own, so that neither is cut off.
    held: list[Row | Note] = [Note(part, "note") for part in file.held.split(": ", 1) if part]
    cards: list[Block] = [
        ChangeBlock(
            file.path,
            Head("~", "muted", hunk.title),
            [_row(row) for row in hunk.rows],
            file=file,
            change=hunk,
        )
        for hunk in file.hunks
    ]
    return Section(Block(file.path, head, held, is_file=True), cards)


def _row(row: Row) -> Row | Note:
    return Note(f"{row.sign} {row.text}", "muted") if row.sign == BARE else row
