"""What a service says when it refuses, and the one fault of our tree that it becomes.

The rule kept here: no key leaves this module. Every text that came from a service or from an
exception goes through `scrub` before it is put into a fault. When to try again is the
transports' business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spark_tui.errors import (
    ConnectFault,
    KeyRefused,
    LimitFault,
    ModelFault,
    ModelMissing,
    NetworkFault,
    RateLimited,
    SparkFault,
    StreamFault,
)
from spark_tui.model.loose import mapping, string

UNTOUCHED = "Your files are untouched."
KEPT = "What arrived is kept; your files hold only what you accepted."
_WORDS = 300
"""Characters of a service's own text that a fault may carry."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whom we talk to: names for the sentences, and the key that must not appear in them."""

    host: str = "the service"
    model: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error in the service's words, whichever of its shapes it came in."""

    code: str = ""
    message: str = ""
    status: int = 0
    """HTTP status, 0 when none was given."""
    param: str = ""
    retry_after_s: float | None = None


class WireRefused(Exception):
    """This endpoint does not speak this wire; another one may do. Never leaves the room."""

    def __init__(self, fault: SparkFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


_SECRETS = (
    re.compile(r"(?i)\bbearer\s+[^\s\"',;]+"),
    re.compile(r"(?i)\b(authorization|api-key|x-api-key)\b[\"']?\s*[:=]\s*[^\s,;]+(\s+[^\s,;]+)?"),
    re.compile(r"\b\w{0,6}sk-[\w*.\-]{4,}"),
    re.compile(r"(?<=://)[^/@\s]+@"),
)


def scrub(text: str, secret: str = "") -> str:
    """The text without keys, in a length fit for a sentence."""
    if len(secret) >= 4:
        text = text.replace(secret, "[key]")
    for pattern in _SECRETS:
        text = pattern.sub("[key]", text)
    text = " ".join(text.split())
    return text if len(text) <= _WORDS else text[: _WORDS - 1] + "…"


def read_refusal(
    body: object, *, status: int = 0, headers: Mapping[str, str] | None = None
) -> Refusal:
    """Reads {"error": {...}}, {"error": "text"}, the flat form, response.failed and plain text."""
    outer = mapping(body)
    error: object = outer.get("error")
    if error is None:
        error = mapping(outer.get("response")).get("error")
    inner = mapping(error)
    if isinstance(error, str):
        message = error
    elif isinstance(body, str):
        message = body
    else:
        message = _text(inner, "message") or _text(outer, "message", "detail")
    number = _number(inner.get("code"))
    status = (
        status or _number(outer.get("status")) or _number(outer.get("status_code")) or number or 0
    )
    code = _text(inner, "code") or _text(outer, "code") or _text(inner, "type")
    told = {str(name).lower(): str(value) for name, value in (headers or {}).items()}
    for source in (outer.get("headers"), inner.get("headers")):
        told.update({str(name).lower(): str(value) for name, value in mapping(source).items()})
    return Refusal(
        code=code,
        message=message,
        status=status,
        param=_text(inner, "param") or _text(outer, "param"),
        retry_after_s=_retry_after(told, message),
    )


def fault_of(refusal: Refusal, place: Place) -> SparkFault:
    """The fault with its sentence and what to do about it."""
    code, status, host = refusal.code, refusal.status, place.host
    words = scrub(refusal.message, place.secret)
    said = f": {_whole(words)}" if words else "."
    model = place.model or "the model"
    if _is_model_missing(refusal):
        return ModelMissing(
            f"{host} does not have {model}{said}",
            hint=f"{UNTOUCHED} Choose another model: spark-tui models lists them.",
        )
    if code in _QUOTA:
        return ModelFault(
            f"{host}: the quota of this key is used up{said}",
            hint=f"{UNTOUCHED} Check the plan and billing, or use another service.",
        )
    if code in _BAD_KEY or status in (401, 403):
        return key_refused(host, status, words)
    if code in _LOST:
        return broken_off(place, words or code)
    if status == 429 or code.startswith("rate_limit"):
        wait = refusal.retry_after_s
        when = f"Ask again in {wait:.0f} s." if wait else "Ask again in a moment."
        return RateLimited(
            f"{host} asks to wait{said}", hint=f"{UNTOUCHED} {when}", retry_after_s=wait
        )
    if code in _WINDOW or _WINDOW_WORDS.search(refusal.message):
        return LimitFault(
            f"The request is larger than the window of {model}{said}",
            hint=f"{UNTOUCHED} Drop files from the context, or start a new session.",
        )
    if status >= 500 or code in _BUSY:
        number = f" ({status})" if status else ""
        return NetworkFault(
            f"{host} has a problem of its own{number}{said}",
            hint=f"{UNTOUCHED} Ask again in a moment.",
        )
    number = f" ({status})" if status else ""
    return ModelFault(
        f"{host} refused the request{number}{said}",
        hint=f"{UNTOUCHED} spark-tui doctor checks the settings.",
    )


def _whole(words: str) -> str:
    """
    >>> _whole("unexpected end of stream"), _whole("Try again.")
    ('unexpected end of stream.', 'Try again.')
    """
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


_ERRNO = re.compile(r"\[Errno -?\d+\] ")
_CALL_FAILED = re.compile(r"(Multiple exceptions: )?Connect call failed \(.*", re.DOTALL)


def _plain(why: str) -> str:
    """A system's words without its numbers.

    >>> _plain("[Errno 111] Connect call failed ('127.0.0.1', 9)")
    'nobody answers at this address'
    """
    return _CALL_FAILED.sub("nobody answers at this address", _ERRNO.sub("", why))


def key_refused(host: str, status: int = 0, words: str = "") -> KeyRefused:
    number = f" ({status})" if status else ""
    said = f": {_whole(words)}" if words else "."
    return KeyRefused(
        f"{host} refused the key{number}{said}",
        hint=f"{UNTOUCHED} Set another key; this one is not tried again by itself.",
    )


def unreachable(place: Place, why: str) -> ConnectFault:
    """Never got through: nothing was sent."""
    return ConnectFault(
        f"No connection to {place.host}: {_whole(_plain(scrub(why, place.secret)))}",
        hint=f"{UNTOUCHED} Check the network and the base URL: spark-tui doctor.",
    )


def broken_off(place: Place, why: str) -> StreamFault:
    """Got through, then broke."""
    return StreamFault(
        f"{place.host} broke off the answer: {_whole(_plain(scrub(why, place.secret)))}",
        hint=f"{KEPT} Ask again to go on.",
    )


def too_large(place: Place, limit_bytes: int) -> LimitFault:
    return LimitFault(
        f"The answer of {place.host} was larger than {limit_bytes >> 20} MB and was cut.",
        hint=f"{KEPT} Ask for a smaller change.",
    )


def optional_field(refusal: Refusal, body: Mapping[str, Any]) -> str | None:
    """The field that the service will not take and the request can do without.

    A service tier is not among them: without it the answer would come at another price.
    """
    if refusal.status not in (0, 400, 422):
        return None
    for name in _OPTIONAL:
        if name not in body:
            continue
        if refusal.param.partition(".")[0].partition("[")[0] == name:
            return name
        loose = rf"\b{name}\b" if "_" in name or name == "temperature" else rf"['\"`]{name}\b"
        if re.search(loose, refusal.message):
            return name
    return None


_OPTIONAL = (
    "temperature",
    "include",
    "reasoning",
    "reasoning_effort",
    "parallel_tool_calls",
    "prompt_cache_key",
    "stream_options",
    "max_tokens",
)
_BAD_KEY = frozenset({"invalid_api_key", "invalid_authentication", "authentication_error"})
_QUOTA = frozenset({"insufficient_quota", "usage_not_included", "usage_limit_reached"})
_LOST = frozenset({"previous_response_not_found", "websocket_connection_limit_reached"})
_WINDOW = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_WINDOW_WORDS = re.compile(r"(?i)(maximum|exceeds?)[^.]{0,60}\bcontext (length|window|size)")
_BUSY = frozenset({"server_error", "overloaded", "overloaded_error", "server_is_overloaded"})
_MISSING = frozenset({"model_not_found", "model_not_supported", "unknown_model", "invalid_model"})
_MISSING_WORDS = re.compile(
    r"(?i)\bmodel\b.{0,120}?(not found|does(n't| not) exist|is not supported|not available"
    r"|no longer|is unknown|is not valid|has been (retired|shut down))"
    r"|\b(unknown|invalid|no such|unsupported) model\b"
)


def _is_model_missing(refusal: Refusal) -> bool:
    if refusal.code in _MISSING:
        return True
    if refusal.status not in (0, 400, 403, 404) or refusal.param not in ("", "model"):
        return False
    return bool(_MISSING_WORDS.search(refusal.message))


def _text(source: Mapping[str, Any], *names: str) -> str:
    return next((text for name in names if (text := string(source.get(name)))), "")


def _number(value: object) -> int:
    """A status; services also send it as a code or as text."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, str) and len(value) == 3 and value.isdecimal() and value.isascii():
        value = int(value)
    return value if isinstance(value, int) and 100 <= value <= 599 else 0


_TRY_AGAIN = re.compile(r"(?i)try again in (\d{1,6}(?:\.\d{1,6})?)\s*(ms|s)\b")


def _retry_after(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds: from retry-after-ms, retry-after, else from the sentence. Dates are not read."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if 0 <= seconds <= 86_400:
            return seconds
    if found := _TRY_AGAIN.search(message):
        return float(found[1]) * (0.001 if found[2].lower() == "ms" else 1.0)
    return None
