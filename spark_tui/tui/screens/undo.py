"""Before a turn or a commit is taken back: which files that touches, and what it cannot undo.

The rule kept here: it opens by the person's own key, Enter confirms, every key that is not named
leaves everything as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from spark_tui.text import one_line

if TYPE_CHECKING:
    from spark_tui.session.undo_preview import CommitUndoing, FileUndone, Preview

MOST = 12
Choice = Literal["all", "keep", "revert", ""]
"""Everything; only the commit; by a commit against it; nothing."""


class UndoScreen(ModalScreen[Choice]):
    """Dismissed with what the person chose."""

    CSS_PATH = "sheet.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "confirm", "take it back", show=False),
        Binding("k", "keep", "only the commit", show=False),
        Binding("escape,q,n", "leave", "leave", show=False),
    ]

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self._preview = preview

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static(self._words(), markup=False)

    def action_confirm(self) -> None:
        match self._preview.commit.how if self._preview.commit is not None else "drop":
            case "drop":
                self.dismiss("all")
            case "revert":
                self.dismiss("revert")
            case _:
                self.dismiss("")

    def action_keep(self) -> None:
        commit = self._preview.commit
        if commit is not None and commit.how == "drop":
            self.dismiss("keep")

    def action_leave(self) -> None:
        self.dismiss("")

    # -- words -----------------------------------------------------------------
    def _words(self) -> Content:
        seen = self._preview
        commit = seen.commit
        lines = [Content.assemble((_title(seen), "bold"))]
        lines += [Content(line) for line in self._files()]
        lines += [
            Content(f"  {hid} stays: {one_line(why)}; it becomes a hunk for you to decide")
            for hid, why in seen.stuck[:MOST]
        ]
        if commit is not None:
            lines.append(Content(_about(commit)))
        lines += [Content(f"Not undone: {one_line(why)}") for why in seen.stays]
        lines.append(Content.assemble((_keys(commit), "dim")))
        return Content("\n").join(lines)

    def _files(self) -> list[str]:
        files = self._preview.files
        if not files:
            return []
        count = f"{len(files)} files change" if len(files) > 1 else "file changes"
        rows = [f"{'These' if len(files) > 1 else 'This'} {count}; your own later edits are kept:"]
        rows += [_row(file) for file in files[:MOST]]
        if len(files) > MOST:
            rows.append(f"  and {len(files) - MOST} more")
        return rows


def _title(seen: Preview) -> str:
    if seen.commit is None:
        return "Take the whole turn back?"
    short = f"{seen.commit.commit[:9]} {one_line(seen.commit.subject)}"
    return f"Take commit {short} back?" if seen.commit.how else f"Commit {short} stays"


def _row(file: FileUndone) -> str:
    what = "" if file.change == "update" else f" {file.change}"
    edited = " · edited by you since" if file.is_merged else ""
    return f"  {one_line(file.path)}{what} +{file.added} -{file.removed}{edited}"


def _about(commit: CommitUndoing) -> str:
    match commit.how:
        case "drop":
            return "It leaves the branch: it is yours, and nothing else holds it."
        case "revert":
            return f"Because {one_line(commit.why)}, a new commit takes it out."
        case _:
            return f"Nothing is done: {one_line(commit.why)}."


def _keys(commit: CommitUndoing | None) -> str:
    match commit.how if commit is not None else None:
        case "drop":
            return "Enter takes back · k only the commit, its changes stay · Esc leaves"
        case "revert":
            return "Enter makes that commit · Esc leaves"
        case "":
            return "Esc leaves"
        case _:
            return "Enter takes back · Esc leaves"
