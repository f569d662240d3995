"""What the desk asks of the application: other screens. Messages only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from spark_tui.session.session import ModelOffer, Plan
    from spark_tui.session.undo_preview import Preview
    from spark_tui.tui.screens.context import Answer


class ConnectAsked(Message):
    """The choices of the first start are needed; `text` waits to be sent."""

    def __init__(self, text: str = "", offer: ModelOffer | None = None) -> None:
        super().__init__()
        self.text = text
        self.offer = offer
        """Models to choose from: the one in use is not listed."""


class CommitAsked(Message):
    """The person wants to commit what is accepted, or what they staged."""

    def __init__(self, *, staged: bool = False) -> None:
        super().__init__()
        self.staged = staged


class GoOnAsked(Message):
    """The person wants to go on, and no answer of this session waits for that."""


class FiguresAsked(Message):
    """The person wants to see how fast and how dear the turns were."""


class UndoTurnAsked(Message):
    """The person wants to see what taking the turn or the commit back would touch."""

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview


class ContextAsked(Message):
    """The person wants to see what the next request holds."""

    def __init__(
        self,
        left_out: frozenset[str],
        replan: Callable[[frozenset[str]], Awaitable[Plan | None]],
        answered: Callable[[Answer | None], None],
    ) -> None:
        super().__init__()
        self.left_out = left_out
        """Paths that stay home this time already."""
        self.replan = replan
        self.answered = answered
