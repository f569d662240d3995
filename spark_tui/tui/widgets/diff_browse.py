"""Pages that need no model: changes of the work tree, a plain file, a few words of help.

The rule kept here: they are made whole from what session.browsing gave, and never change. The
cursor on them is the view's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_tui.edits.snapshot import Snapshot
from spark_tui.tui.widgets.diff_page import Block, Page, Section
from spark_tui.tui.widgets.diff_rows import FileLines, Head, Note

if TYPE_CHECKING:
    from spark_tui.session.browsing import FileChange

_CHANGES = {"add": "new file", "delete": "deleted", "binary": "binary", "large": "large"}


def words_page(lines: Sequence[str]) -> Page:
    """Lines that are not code."""
    return Page([Section(Block("", rows=[Note(text, "muted") for text in lines]))])


def changes_page(changes: Sequence[FileChange]) -> Page:
    """What the work tree has over HEAD: a section a file, a card a group."""
    sections = []
    for change in changes:
        rows = [row for group in change.groups for row in group]
        head = Head(
            sign="",
            look="file",
            title=change.path,
            added=sum(row.sign == "+" for row in rows),
            removed=sum(row.sign == "-" for row in rows),
            words=", ".join(part for part in (_CHANGES.get(change.change), change.note) if part),
        )
        cards = [
            Block(change.path, Head("~", "muted", group[0].text), group[1:])
            for group in change.groups
            if group
        ]
        sections.append(Section(Block(change.path, head, is_file=True), cards))
    return Page(sections) if sections else words_page(["The work tree is as HEAD has it."])


def file_page(path: str, snapshot: Snapshot) -> Page:
    """One file with line numbers; its rows are made when looked at."""
    count = len(snapshot.lines)
    words = "1 line" if count == 1 else f"{count} lines"
    if snapshot.binary:
        words = f"binary, {len(snapshot.data)} bytes"
    head = Block(path, Head("", "file", path, words=words), is_file=True)
    rows = FileLines(() if snapshot.binary else snapshot.lines)
    return Page([Section(head, [Block(path, rows=rows)])])
