"""Whether a service that speaks the Responses dialect passes custom tools on to its model.

The rule kept here: by what the service itself repeats. Some drop tools of a kind that they do not
know without a word; then the edits are better asked for as text, on the other dialect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spark_tui.model.loose import mapping
from spark_tui.model.provider import CustomTool, Request


class Echo:
    """Of one answer."""

    def __init__(self, request: Request) -> None:
        self.listens = any(isinstance(tool, CustomTool) for tool in request.tools)
        """False once nothing more is to be found out."""
        self._offered = self.listens
        self._numbered = False
        self._repeated: bool | None = None

    def hear(self, event: Mapping[str, Any]) -> None:
        self._numbered = self._numbered or "sequence_number" in event
        tools = mapping(event.get("response")).get("tools")
        if isinstance(tools, list):
            self._note(any(mapping(tool).get("type") == "custom" for tool in tools))
        if mapping(event.get("item")).get("type") == "custom_tool_call":
            self._note(True)

    @property
    def drops_tools(self) -> bool:
        """The tools came back without ours; or nothing came back at all and the events bear no
        numbers either, which is llama.cpp's own short form of the dialect."""
        if self._repeated is None:
            return self._offered and not self._numbered
        return not self._repeated

    def _note(self, repeated: bool) -> None:
        self._repeated = repeated
        self.listens = False
