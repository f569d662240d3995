"""Which field of a request a service will not take, and whether the request can do without it.

The rule kept here: only fields of ours that the answer does not depend on. A service that refuses
one is not sent it again for that model; see memory.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from spark_tui.model.refusals import Refusal

OPTIONAL = (
    "temperature",
    "include",
    "reasoning",
    "reasoning_effort",
    "parallel_tool_calls",
    "prompt_cache_key",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "service_tier",
    "tools",
)
"""No request ever goes without another field."""
_STATUSES = (0, 400, 422)
_NO_TOOLS = re.compile(
    r"(?i)does(n't| not) support (tools|tool|function)\b|\btool choice requires\b"  # Ollama; vLLM
    r"|\b(tools|tool calling|tool use|function calling) (is|are) not supported"
)
_DEARER = frozenset({"flex"})
"""Tiers that are cheaper than none: without them the answer would cost more."""


def optional_field(refusal: Refusal, body: Mapping[str, Any]) -> str | None:
    """The field that was refused and may be left out, None if it was something else."""
    if refusal.status not in _STATUSES:
        return None
    for name in OPTIONAL:
        if name in body and _is_meant(name, refusal):
            return name if _can_go(name, body) else None
    return None


def _is_meant(name: str, refusal: Refusal) -> bool:
    if name == "tools":
        return bool(_NO_TOOLS.search(refusal.message))
    if refusal.param.partition(".")[0].partition("[")[0] == name:
        return True
    if name == "reasoning" and "reasoning_effort" in refusal.message:
        return True  # a proxy names it as it sends it on
    # A word of everyday language counts in quotes only.
    loose = rf"\b{name}\b" if "_" in name or name == "temperature" else rf"['\"`]{name}\b"
    return bool(re.search(loose, refusal.message))


def _can_go(name: str, body: Mapping[str, Any]) -> bool:
    if name == "service_tier":
        return body[name] not in _DEARER
    # In the other dialect the edits themselves come by a tool.
    return name != "tools" or "messages" in body
