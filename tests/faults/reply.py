"""The one answer that all fault tests play: prose, a patch of three hunks over two files, usage.

The rule kept here: values only, the same for all wires; `RESPONSES` as the service streams it,
`CHAT` with the patch in the text.
"""

from __future__ import annotations

from typing import Any

from tests.support.bench import CALC

README = "# Calc\n"
OLD = {"calc.py": CALC, "README.md": README}
NEW = {
    "calc.py": CALC.replace("a + b", "b + a").replace("a - b", "-b + a"),
    "README.md": "# Sums\n",
}
PROSE = "I swap the operands and say so in the title."
HUNKS = (
    ("calc.py", "@@ def add(a, b):\n-    return a + b\n+    return b + a\n"),
    ("calc.py", "@@ def sub(a, b):\n-    return a - b\n+    return -b + a\n"),
    ("README.md", "@@\n-# Calc\n+# Sums\n"),
)
"""Each with the file it is in."""


def patch(*which: int) -> str:
    """A patch of these hunks; "" of none."""
    if not which:
        return ""
    lines, path = ["*** Begin Patch\n"], ""
    for number in which:
        where, body = HUNKS[number]
        if where != path:
            lines.append(f"*** Update File: {where}\n")
            path = where
        lines.append(body)
    return "".join([*lines, "*** End Patch\n"])


def hunk_of(path: str, added: str) -> int:
    """Which of the three it is, by a line that it adds."""
    return next(n for n, (p, body) in enumerate(HUNKS) if p == path and f"+{added}\n" in body)


def pieces(text: str, size: int = 8) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def responses(prose: str, edits: str, number: int = 1) -> list[dict[str, Any]]:
    """A response as the service streams it, with sequence numbers."""
    rid, mid, cid = f"resp_{number}", f"msg_{number}", f"ctc_{number}"
    model = {"id": rid, "model": "gpt-5.3-codex-spark", "status": "in_progress", "output": []}
    part = {"type": "output_text", "text": "", "annotations": []}
    at: dict[str, Any] = {"item_id": mid, "output_index": 0, "content_index": 0}
    message: dict[str, Any] = {"id": mid, "type": "message", "role": "assistant",
                               "status": "completed",
                               "content": [part | {"text": prose}]}  # fmt: skip
    call: dict[str, Any] = {"id": cid, "type": "custom_tool_call", "call_id": f"call_{number}",
            "name": "apply_patch", "input": edits, "status": "completed"}  # fmt: skip
    call_at: dict[str, Any] = {"item_id": cid, "output_index": 1}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": model},
        {"type": "response.in_progress", "response": model},
        {"type": "response.output_item.added", "output_index": 0,
         "item": message | {"content": [], "status": "in_progress"}},
        {"type": "response.content_part.added", **at, "part": part},
        *({"type": "response.output_text.delta", **at, "delta": p} for p in pieces(prose)),
        {"type": "response.output_text.done", **at, "text": prose},
        {"type": "response.content_part.done", **at, "part": part | {"text": prose}},
        {"type": "response.output_item.done", "output_index": 0, "item": message},
    ]  # fmt: skip
    output: list[dict[str, Any]] = [message]
    if edits:
        output.append(call)
        events += [
            {"type": "response.output_item.added", "output_index": 1,
             "item": call | {"input": "", "status": "in_progress"}},
            *({"type": "response.custom_tool_call_input.delta", **call_at, "delta": p}
              for p in pieces(edits)),
            {"type": "response.custom_tool_call_input.done", **call_at, "input": edits},
            {"type": "response.output_item.done", "output_index": 1, "item": call},
        ]  # fmt: skip
    usage = {"input_tokens": 700, "input_tokens_details": {"cached_tokens": 0},
             "output_tokens": 90, "output_tokens_details": {"reasoning_tokens": 0},
             "total_tokens": 790}  # fmt: skip
    whole = model | {"status": "completed", "output": output, "usage": usage}
    events.append({"type": "response.completed", "response": whole})
    return [event | {"sequence_number": n} for n, event in enumerate(events)]


def chat(prose: str, edits: str, number: int = 1) -> list[dict[str, Any]]:
    """The same as chunks of a completion, without their [DONE]."""
    text = f"{prose}\n\n{edits}" if edits else prose
    head = {"id": f"chatcmpl-{number}", "object": "chat.completion.chunk", "model": "m"}

    def choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    return [
        choice({"role": "assistant", "content": ""}),
        *(choice({"content": piece}) for piece in pieces(text, 6)),
        choice({}, "stop"),
        {**head, "choices": [], "usage": {"prompt_tokens": 700, "completion_tokens": 90}},
    ]
