"""What the desk asks of the application: other screens. Messages only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from spark_tui.session.session import ModelOffer


class ConnectAsked(Message):
    """The choices of the first start are needed; `text` waits to be sent."""

    def __init__(self, text: str = "", offer: ModelOffer | None = None) -> None:
        super().__init__()
        self.text = text
        self.offer = offer
        """Models to choose from: the one in use is not listed."""


class CommitAsked(Message):
    """The person wants to commit what is accepted."""


class UndoTurnAsked(Message):
    """The person wants to see what taking the turn back would touch."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__()
        self.paths = paths
