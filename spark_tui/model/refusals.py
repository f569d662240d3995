"""A refusal in a service's own words, whichever of its many shapes it came in.

The rule kept here: total, and reading only. What it means for a person is faults.py's, whether to
ask again retry.py's. The texts are as they came: they are shown through `faults.scrub` only.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spark_tui.model.durations import bounded, moment_of, seconds_of, until
from spark_tui.model.loose import count, listed, lowered, mapping, string


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error in the service's words."""

    code: str = ""
    """The most telling name: code, else type."""
    message: str = ""
    status: int = 0
    """HTTP status, 0 when none was given."""
    param: str = ""
    retry_after_s: float | None = None
    kind: str = ""
    """The service's type of error."""
    asked: int = 0
    """Tokens of the request, where it was too large and the service says so; else 0."""
    window: int = 0
    """Tokens of the window, likewise."""


def read_refusal(
    body: object,
    *,
    status: int = 0,
    headers: Mapping[str, str] | None = None,
    now: Callable[[], float] = time.time,
) -> Refusal:
    """Reads {"error": {...}}, {"error": "text"}, a list of one, the flat form, response.failed,
    {"detail": [...]} and plain text. `now` is in seconds since 1970."""
    if isinstance(body, list):  # Gemini
        body = body[0] if body else None
    outer = mapping(body)
    error: object = outer.get("error")
    if error is None:
        error = mapping(outer.get("response")).get("error")
    inner = mapping(error)
    message = _words(inner) or _words(error if isinstance(error, str) else body)
    codes = (inner.get("code"), outer.get("code"))
    number = next((found for code in codes if (found := _number(code))), 0)
    status = status or _number(outer.get("status")) or _number(outer.get("status_code")) or number
    kind = string(inner.get("type")) or _flat_type(outer)
    named = (text for code in codes if (text := string(code)) and not _number(text))
    if kind == "server_error" and (raised := _LITELLM.match(message)):
        kind = _RAISED.get(raised[1], kind)
    told = lowered(headers or {})
    for source in (outer.get("headers"), inner.get("headers")):
        told |= lowered(mapping(source))
    asked, window = _sizes(inner, message)
    return Refusal(
        code=next(named, kind),
        message=message,
        status=status,
        param=string(inner.get("param")) or string(outer.get("param")),
        retry_after_s=_retry_after(told, inner, message, now),
        kind=kind,
        asked=asked,
        window=window,
    )


_LITELLM = re.compile(r"litellm\.(\w+)")
_RAISED = {
    "AuthenticationError": "upstream_key_refused",
    "BadRequestError": "invalid_request_error",
    "ContextWindowExceededError": "context_length_exceeded",
    "NotFoundError": "model_not_found",
    "PermissionDeniedError": "upstream_key_refused",
    "RateLimitError": "rate_limit_exceeded",
    "UnsupportedParamsError": "invalid_request_error",
}
"""On a socket LiteLLM calls everything server_error; what it raised stands before the words. A key
that was refused there is the proxy's own, not the person's."""


def _flat_type(outer: Mapping[str, Any]) -> str:
    """In the stream's own shapes the type is that of the event."""
    kind = string(outer.get("type"))
    return "" if kind == "error" or kind.startswith("response.") else kind


def _words(value: object, depth: int = 4) -> str:
    """The sentence in it; a list of wrong fields (FastAPI, Mistral) becomes one."""
    if isinstance(value, str) or not depth:
        return string(value)
    if isinstance(value, Mapping):
        names = ("message", "msg", "detail", "errors")
        text = next((words for n in names if (words := _words(value.get(n), depth - 1))), "")
        where = ".".join(part for part in listed(value.get("loc"))[1:] if isinstance(part, str))
        return f"'{where}': {text}" if where and text else text
    return "; ".join(words for one in listed(value)[:3] if (words := _words(one, depth - 1)))


def _number(value: object) -> int:
    """A status; services also send it as a code or as text."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, str) and len(value) == 3 and value.isdecimal() and value.isascii():
        value = int(value)
    return value if isinstance(value, int) and 100 <= value <= 599 else 0


_SPAN = (
    r"((?:\d{1,9}(?:\.\d{1,9})?\s*"
    r"(?:ms|(?:milli)?seconds?|secs?|s|min(?:ute)?s?|m|hours?|h|days?|d)(?![a-z])[\s,]*)+)"
)
_TRY_AGAIN = re.compile(
    rf"(?i)\b(?:try again|retry|wait|resets)(?: again)?(?: in| after| for)? {_SPAN}"
)
_WAITS = ("resets_in_seconds", "retry_after", "retry_after_seconds")


def _retry_after(
    headers: Mapping[str, str], inner: Mapping[str, Any], message: str, now: Callable[[], float]
) -> float | None:
    """Seconds, from retry-after-ms, retry-after, the error, else from the sentence. A wait of
    nothing is as good as none told."""
    milliseconds = _seconds(headers.get("retry-after-ms"))
    told = [
        None if milliseconds is None else milliseconds / 1000,
        _after(headers, now),
        *(_seconds(inner.get(name)) for name in _WAITS),
    ]
    if span := _TRY_AGAIN.search(message):
        told.append(seconds_of(span[1]))
    return next((seconds for seconds in told if seconds), None)


def _after(headers: Mapping[str, str], now: Callable[[], float]) -> float | None:
    """Retry-After, in seconds or as a date; that is measured by the service's own clock, where it
    says what that shows, because ours may be wrong."""
    after = headers.get("retry-after", "")
    seconds = _seconds(after)
    if seconds is not None:
        return seconds
    today = moment_of(headers.get("date", ""))
    return until(after, now() if today is None else today)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return bounded(float(value))
    except (ValueError, OverflowError):
        return None


_SIZES = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        # OpenAI, vLLM
        r"maximum context length (?:is|of) (?P<window>[\d,]{1,12}) tokens"
        r"(?:.{0,80}?(?:resulted in|requested(?: about)?|contains?|has) (?P<asked>[\d,]{1,12}))?",
        # llama.cpp
        r"\((?P<asked>[\d,]{1,12}) tokens\) exceeds.{0,40}? \((?P<window>[\d,]{1,12}) tokens\)",
        # Cerebras
        r"length is (?P<asked>[\d,]{1,12}) while limit is (?P<window>[\d,]{1,12})",
        # Anthropic
        r"(?P<asked>[\d,]{1,12}) tokens > (?P<window>[\d,]{1,12}) maximum",
        # Gemini
        r"token count \((?P<asked>[\d,]{1,12})\) exceeds.{0,60}? \((?P<window>[\d,]{1,12})\)",
    )
)


def _sizes(inner: Mapping[str, Any], message: str) -> tuple[int, int]:
    """Tokens asked for and tokens of the window; 0 for what is not told."""
    asked, window = count(inner.get("n_prompt_tokens")), count(inner.get("n_ctx"))
    if asked or window:
        return asked, window
    found = next((match for size in _SIZES if (match := size.search(message))), None)
    if found is None:
        return 0, 0
    numbers = ((found[name] or "").replace(",", "") for name in ("asked", "window"))
    asked, window = (int(number) if number else 0 for number in numbers)
    return asked, window
