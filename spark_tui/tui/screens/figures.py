"""How fast, how much, how dear: the figures of this session, or of all of this work tree.

The rule kept here: it opens and closes by a key and changes nothing. Journals are read off the
loop and only when the person asks for them. What the page looks like is widgets/figure_page.py's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from spark_tui.session import events as ev
from spark_tui.session.figures import METRICS
from spark_tui.session.state import TurnState
from spark_tui.tui.widgets.figure_page import heading, models_of, page
from spark_tui.tui.widgets.hint import Hint

if TYPE_CHECKING:
    from spark_tui.session.counting import LeftOut
    from spark_tui.session.session import Session

_KEYS = "j k figure · [ ] model · w {scope} · x copy · Esc back"
_SCOPES = ("this session", "all sessions of this work tree")
TTFT = next(at for at, metric in enumerate(METRICS) if metric.key == "ttft_ms")


class FiguresScreen(Screen[None]):
    """Esc, q or the key that opened it leave it."""

    CSS_PATH = "figures.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f2", "dismiss", "back", show=False),
        Binding("j,down", "choose(1)", "next figure", show=False),
        Binding("k,up", "choose(-1)", "previous figure", show=False),
        Binding("right_square_bracket", "model(1)", "next model", show=False),
        Binding("left_square_bracket", "model(-1)", "previous model", show=False),
        Binding("w", "switch_scope", "this session or all", show=False),
        Binding("x", "copy", "copy as text", show=False),
    ]

    def __init__(self, session: Session, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._session = session
        self._environ = environ
        self._earlier: list[TurnState] | None = None
        """Of the other sessions; None until somebody asked for them."""
        self._is_wide = False
        """All sessions are shown."""
        self._model = 0
        """0 is all models, n the n-th one."""
        self._chosen = TTFT
        self._title = Static("", id="title", markup=False)
        self._heading = Static("", id="model", markup=False)
        self._page = Static("", id="figures", markup=False)
        self._hint = Hint()

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._heading
        with VerticalScroll(id="page", can_focus=False):
            yield self._page
        yield self._hint

    def on_mount(self) -> None:
        self._stop_listening = self._session.listen(self._hear)
        models = self._models()
        self._model = 1 if len(models) == 1 else 0
        self._show()

    def on_unmount(self) -> None:
        self._stop_listening()

    def on_resize(self, event: events.Resize) -> None:
        self._show()

    def _hear(self, event: ev.Event) -> None:
        if isinstance(event, ev.TurnEnded):
            self.call_later(self._show)

    # -- what is shown -----------------------------------------------------------------
    def _turns(self) -> list[TurnState]:
        """Those that asked a model and have ended."""
        found = self._session.state.turns.values()
        own = [turn for turn in found if turn.model and turn.outcome is not None]
        return [*(self._earlier or ()), *own] if self._is_wide else own

    def _models(self) -> list[str]:
        return models_of(self._turns())

    def _shown(self) -> list[TurnState]:
        models = self._models()
        if not self._model:
            return self._turns()
        return [turn for turn in self._turns() if turn.model == models[self._model - 1]]

    def _show(self) -> None:
        if not self.is_mounted:
            return
        width, height = self.size.width - 2, self.size.height - 4
        models = self._models()
        self._model = min(self._model, len(models))
        self._title.update(f"Figures of {_SCOPES[self._is_wide]}")
        self._heading.update(heading(models, self._model, width))
        self._page.update(page(self._shown(), self._chosen, width, height))
        self._hint.rest(_KEYS.format(scope=_SCOPES[not self._is_wide]))

    # -- keys ----------------------------------------------------------------------------
    def action_choose(self, step: int) -> None:
        self._chosen = (self._chosen + step) % len(METRICS)
        self._show()

    def action_model(self, step: int) -> None:
        self._model = (self._model + step) % (len(self._models()) + 1)
        self._show()

    def action_switch_scope(self) -> None:
        """This session, or every one of this work tree."""
        self._is_wide = not self._is_wide
        self._model = 0
        self._hint.say("")
        if self._is_wide and self._earlier is None:
            self._hint.say("reading the journals of this work tree")
            self._read()
        self._show()

    @work(group="figures", exclusive=True)
    async def _read(self) -> None:
        from spark_tui.session.counting import turns_of  # deferred: only who asks pays for it

        state = self._session.state
        turns, left_out = await asyncio.to_thread(
            turns_of, self._environ, Path(state.root), but=state.session
        )
        self._earlier = [turn for turn in turns if turn.model]
        told = _left_out(left_out)
        self._hint.say(told, level="warning" if told else "info")
        self._show()

    def action_copy(self) -> None:
        """What is shown, as text."""
        lines = [self._title.visual, self._heading.visual, self._page.visual]
        self.app.copy_to_clipboard("\n".join(str(line) for line in lines) + "\n")
        self._hint.say("copied to the terminal's clipboard")


def _left_out(left: LeftOut) -> str:
    told = [
        f"{count} {what}"
        for count, what in (
            (left.newer, "of a newer version"),
            (left.unreadable, "that cannot be read"),
        )
        if count
    ]
    return f"left out: journals, {', '.join(told)}" if told else ""
