"""What a service refuses in a request's items: a checker for every request of a test."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from spark_tui.model.provider import (
    AssistantText,
    Delta,
    Item,
    Opaque,
    Request,
    ToolCall,
    ToolOutput,
    UserText,
)
from spark_tui.model.scripted import Scripted


def problems(items: Sequence[Item]) -> list[str]:
    """Everything for which a Responses or chat service would refuse these items."""
    found: list[str] = []
    waiting: dict[str, ToolCall] = {}
    last: Item | None = None
    for at, item in enumerate(items):
        match item:
            case UserText(text):
                found += [f"{at}: call {c} has no output" for c in waiting]
                waiting.clear()
                if isinstance(last, UserText) and not (at == 1 and is_project(items[0])):
                    found.append(f"{at}: two prompts in a row")
                if not text.strip():
                    found.append(f"{at}: an empty prompt")
            case AssistantText(text):
                if not text.strip():
                    found.append(f"{at}: an empty answer")
            case ToolCall():
                if item.call_id in waiting:
                    found.append(f"{at}: call {item.call_id} twice")
                waiting[item.call_id] = item
            case ToolOutput():
                call = waiting.pop(item.call_id, None)
                if call is None:
                    found.append(f"{at}: output of {item.call_id} without its call")
                elif call.custom != item.custom:
                    found.append(f"{at}: output of another kind than its call")
            case Opaque():
                pass
        last = item
    found += [f"end: call {c} has no output" for c in waiting]
    if not isinstance(last, UserText | ToolOutput):
        found.append("end: nothing is asked")
    return found


def is_project(item: Item) -> bool:
    """The project's own instructions, which stand in front of the conversation."""
    return isinstance(item, UserText) and item.text.startswith("# The project's own instructions")


class StrictScripted(Scripted):
    """A scripted service that looks at what it is sent, as a real one does."""

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        wrong = problems(request.items)
        if wrong:
            raise AssertionError(f"{wrong}: {request.items!r}")
        async for delta in super().stream(request):
            yield delta
