"""The pages of changes in the diff view: which one is shown, and what is under its cursor.

The rule kept here: a page that comes again moves nothing that the person looks at; what is under
the cursor stays there, or the next hunk takes its place. What a key does with it is the pane's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spark_tui.tui.widgets.diff_browse import ChangeBlock, changes_page
from spark_tui.tui.widgets.diff_page import Block
from spark_tui.tui.widgets.diff_view import DiffView

if TYPE_CHECKING:
    from spark_tui.session.changing import ChangeHunk, ChangePage, FileChange, Scope


class ChangesView(DiffView):
    """A DiffView that shows the scopes of what the person has changed."""

    scope: Scope = "worktree"
    """Whose page is shown, or was last."""
    _came: ChangePage | None = None
    """The page as it came, before anything of it was split."""
    _listed: ChangePage | None = None

    @property
    def current_change(self) -> tuple[FileChange, ChangeHunk] | None:
        """The hunk under the cursor of a page of changes."""
        card = self._cards["changes"] if self.mode == "changes" else None
        if not isinstance(card, ChangeBlock) or card.file is None or card.change is None:
            return None
        return card.file, card.change

    @property
    def changed_files(self) -> tuple[FileChange, ...]:
        """All files of the page, hunks as they are split."""
        return self._listed.files if self._listed is not None else ()

    def show_changes(self, page: ChangePage) -> None:
        """Show a scope; shown again, the cursor stays at its hunk or at its number."""
        is_again = self.mode == "changes" and self._came is not None
        is_again = is_again and self._came is not None and self._came.scope == page.scope
        if is_again and page == self._came:
            return
        self._came, self.scope = page, page.scope
        self._list(page, self._cards["changes"] if is_again else None)

    def split_change(self, file: FileChange) -> None:
        """Show this file in place of the one of its path, the cursor where it is."""
        if self._listed is not None:
            files = tuple(file if f.path == file.path else f for f in self._listed.files)
            self._list(replace(self._listed, files=files), self._cards["changes"])

    def show_current(self) -> None:
        """Have as much in view of what is under the cursor as fits."""
        if self._card is not None:
            self._put(self._card)

    # -- private ---------------------------------------------------------------
    def _list(self, page: ChangePage, card: Block | None) -> None:
        at = self._changes.cards.index(card) if card in self._changes.cards else 0
        top = self.top if card is not None else 0
        self._listed = page
        self._changes = changes_page(page)
        cards = self._changes.cards
        like = next((c for c in cards if card is not None and _is_like(c, card)), None)
        first = self._changes.card_from(None, 0)
        self._cards["changes"] = like or self._changes.card_from(first, at)
        self._want(file.path for file in page.files)
        self.switch("changes")
        self._redraw(top)
        self._catch_cursor()


def _is_like(one: Block, other: Block) -> bool:
    """The same lines of the same file, whatever their numbers are now."""
    return one.path == other.path and [r.text for r in one.rows] == [r.text for r in other.rows]
