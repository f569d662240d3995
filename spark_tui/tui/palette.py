"""The keys as commands: what Ctrl+P offers.

The rule kept here: it offers the rows of the key table and nothing that has no key or screen of
its own; choosing one does what the key does where it works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from spark_tui.tui import keys

EXTRA: tuple[tuple[str, str, str], ...] = (
    ("welcome", "app.connect", "key, local server, model, demo: the choices of the first start"),
    ("models", "screen.models", "what the service lists, to choose from"),
    ("git init", "app.git_init", "make this folder a git repository"),
    ("insert code", "screen.insert_code", "the last code block, into the file that is shown"),
    ("commit", "app.commit", "commit the accepted hunks"),
    *(
        (f"effort: {word or own}", f"screen.effort('{word}')", "reasoning effort for this session")
        for own in ("the model's own",)
        for word in ("low", "medium", "high", "")
    ),
    *(
        (f"tier: {word or own}", f"screen.tier('{word}')", "service tier for this session")
        for own in ("the account's own",)
        for word in ("fast", "priority", "ultrafast", "flex", "")
    ),
)
"""Title, action, help of commands whose key works in one pane only, or which have none."""


class KeyCommands(Provider):
    """Rows of the key table for the focused pane, and those that work everywhere."""

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        for title, action, words in EXTRA:
            yield title, words, partial(self.app.run_action, action)
        for row in keys.TABLE:
            owner = self._owner(row)
            if row.palette and owner is not None:
                name = f"{row.words}  ({row.label})"
                yield name, keys.TITLES[row.area], partial(self._run, row, owner)

    def _owner(self, row: keys.Key) -> object | None:
        """Who has this row's action: the screen below the palette, or the pane of its area."""
        if row.action == "quit":
            return self.app
        if row.area == "global":
            return self.screen
        found = self.screen.query(f"#{row.area}") if row.area in ("diff", "files") else None
        return found.first() if found else None

    async def _run(self, row: keys.Key, owner: object) -> None:
        await self.app.run_action(row.action, default_namespace=owner)  # type: ignore[arg-type]

    async def discover(self) -> Hits:
        for name, words, command in self._commands():
            yield DiscoveryHit(name, command, help=words)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, words, command in self._commands():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), command, help=words)
