"""The one fault of our tree that a refusal becomes, with its sentence and the way out.

The rule kept here: no key and no control character leaves this module. Every text that came from a
service or from an exception goes through `scrub` before it is put into a fault. Reading what a
service said is refusals.py's; when to try again is the transports' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from spark_tui.errors import (
    ConnectFault,
    KeyRefused,
    LimitFault,
    ModelFault,
    ModelMissing,
    NetworkFault,
    QuotaUsed,
    RateLimited,
    SparkFault,
    StreamFault,
)
from spark_tui.model.durations import in_words
from spark_tui.model.fields import optional_field as optional_field
from spark_tui.model.refusals import Refusal as Refusal
from spark_tui.model.refusals import read_refusal as read_refusal

UNTOUCHED = "Your files are untouched."
KEPT = "What arrived is kept; your files hold only what you accepted."
_WORDS = 300
"""Characters of a service's own text that a fault may carry."""
_READ = 4000
"""Characters of it that are looked at."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whom we talk to: names for the sentences, and the key that must not appear in them."""

    host: str = "the service"
    model: str = ""
    secret: str = field(default="", repr=False)


BROKEN = Refusal(code="connection_broken")
"""Nobody said a word: the connection broke before anything came."""


class WireRefused(Exception):
    """This endpoint does not speak this wire; another one may do. Never leaves the room."""

    def __init__(self, fault: SparkFault, *, status: int = 0) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.status = status
        """The HTTP status that said so; 0 when it was something else, which may pass."""


_SECRETS = (
    re.compile(r"(?i)\bbearer\s+[^\s\"',;]+"),
    re.compile(r"(?i)\b(authorization|api-key|x-api-key)\b[\"']?\s*[:=]\s*[^\s,;]+(\s+[^\s,;]+)?"),
    re.compile(r"\b\w{0,6}sk-[\w*.\-]{4,}"),
    re.compile(r"(?<=://)[^/@\s]+@"),
)


def scrub(text: str, secret: str = "") -> str:
    """The text without keys and without what a terminal obeys, in a length fit for a sentence."""
    if len(secret) >= 4:
        text = text.replace(secret, "[key]")
    text = text[:_READ]
    for pattern in _SECRETS:
        text = pattern.sub("[key]", text)
    text = " ".join(text.split())
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return text if len(text) <= _WORDS else text[: _WORDS - 1] + "…"


def fault_of(refusal: Refusal, place: Place) -> SparkFault:
    """The fault with its sentence and what to do about it."""
    status = refusal.status
    names = {refusal.code, refusal.kind}
    host = scrub(place.host, place.secret)
    model = scrub(place.model, place.secret) or "the model"
    words = scrub(refusal.message, place.secret)
    said = f": {_whole(words)}" if words else "."
    number = f" ({status})" if status else ""
    if status == 407:
        return proxy_refused()
    if _is_model_missing(refusal):
        return ModelMissing(
            f"{_missing(refusal, host, model)}{said}",
            hint=f"{UNTOUCHED} Choose another model: spark-tui models lists them.",
        )
    if names & _QUOTA or status == 402 or _QUOTA_WORDS.search(refusal.message):
        when = _again(refusal.retry_after_s, "It is open again in")
        return QuotaUsed(
            f"{host}: the quota of this key is used up{said}",
            hint=f"{UNTOUCHED} {when}Check the plan and billing, or use another service.",
        )
    if names & _POLICY:
        return ModelFault(
            f"{host} does not answer this by its rules of use{said}",
            hint=f"{UNTOUCHED} Ask in other words; nothing is sent again by itself.",
        )
    if names & _BAD_KEY or status in (401, 403):
        return key_refused(host, status, words, has_key=bool(place.secret))
    if names & _LOST:
        return broken_off(place, words or refusal.code)
    if status == 429 or refusal.code.startswith("rate_limit"):
        wait = refusal.retry_after_s
        span = f" {in_words(wait)}" if wait else ""
        when = _again(wait, "Ask again in") or "Ask again in a moment. "
        return RateLimited(
            f"{host} asks to wait{span}{said}",
            hint=f"{UNTOUCHED} {when.strip()}",
            retry_after_s=wait,
        )
    if names & _WINDOW or refusal.window or _WINDOW_WORDS.search(refusal.message):
        return LimitFault(
            f"{_too_long(refusal, model)}{said}",
            hint=f"{UNTOUCHED} Drop files from the context, or start a new session.",
        )
    if status == 413:
        return LimitFault(
            f"The request is larger than {host} takes{said}",
            hint=f"{UNTOUCHED} Drop files from the context.",
        )
    if status >= 500 or status == 408 or names & _BUSY:
        return NetworkFault(
            f"{host} has a problem of its own{number}{said}",
            hint=f"{UNTOUCHED} Ask again in a moment.",
        )
    return ModelFault(
        f"{host} refused the request{number}{said}",
        hint=f"{UNTOUCHED} spark-tui doctor checks the settings.",
    )


def why_wait(refusal: Refusal, place: Place) -> str:
    """What a person reads while a request waits for its next try.

    >>> why_wait(Refusal(status=503), Place("api.example.org"))
    'api.example.org is busy (503)'
    """
    host = scrub(place.host, place.secret)
    if refusal.code == BROKEN.code:
        return f"the connection to {host} broke"
    if isinstance(fault_of(refusal, place), RateLimited):
        return f"{host} asks to wait"
    return f"{host} is busy" + (f" ({refusal.status})" if refusal.status else "")


def _again(wait_s: float | None, words: str) -> str:
    return f"{words} {in_words(wait_s)}. " if wait_s else ""


def _whole(words: str) -> str:
    """
    >>> _whole("unexpected end of stream"), _whole("Try again.")
    ('unexpected end of stream.', 'Try again.')
    """
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def _missing(refusal: Refusal, host: str, model: str) -> str:
    message = refusal.message
    if refusal.code in _GONE or _GONE_WORDS.search(message):
        day = _DAY.search(message)
        return f"{host} has retired {model}{f' on {day[0]}' if day else ''}"
    if _DENIED_WORDS.search(message) and "does not exist" not in message:
        return f"{host} does not open {model} to this account"
    return f"{host} does not have {model}"


def _too_long(refusal: Refusal, model: str) -> str:
    asked, window = refusal.asked, refusal.window
    if asked and window:
        return f"The request has {asked} tokens; the window of {model} is {window}"
    size = f" ({window} tokens)" if window else ""
    return f"The request is larger than the window of {model}{size}"


def key_refused(host: str, status: int = 0, words: str = "", *, has_key: bool = True) -> KeyRefused:
    number = f" ({status})" if status else ""
    said = f": {_whole(words)}" if words else "."
    if not has_key:
        return KeyRefused(
            f"{host} wants a key{number}{said}",
            hint=f"{UNTOUCHED} None was sent: set one on the welcome screen or by its variable.",
        )
    return KeyRefused(
        f"{host} refused the key{number}{said}",
        hint=f"{UNTOUCHED} Set another key; this one is not tried again by itself.",
    )


def proxy_refused() -> ConnectFault:
    return ConnectFault(
        "The proxy on the way wants a name and a password (407).",
        hint=f"{UNTOUCHED} Write them into HTTPS_PROXY: http://name:password@host:port.",
    )


def unreachable(place: Place, why: str) -> ConnectFault:
    """Never got through: nothing was sent."""
    host = scrub(place.host, place.secret)
    words = scrub(why, place.secret)
    way_out = "Check the network and the base URL: spark-tui doctor."
    for pattern, reason, remedy in _REASONS:
        if pattern.search(words):
            words, way_out = pattern.sub(reason, words), remedy
            break
    return ConnectFault(
        f"No connection to {host}: {_whole(_plain(words))}", hint=f"{UNTOUCHED} {way_out}"
    )


_ERRNO = re.compile(r"\[Errno -?\d+\] ")


def _plain(why: str) -> str:
    """A system's words without its numbers.

    >>> _plain("[Errno 104] Connection reset by peer")
    'Connection reset by peer'
    """
    return _ERRNO.sub("", why)


_WAY = r"^(the proxy \S+: )?.*"
_REASONS = tuple(
    (re.compile(pattern), reason, remedy)
    for pattern, reason, remedy in (
        (
            _WAY + r"(Connect call failed|Connection refused|All connection attempts failed).*",
            r"\1nobody answers at this address",
            "Is the service running? Check the network and the base URL: spark-tui doctor.",
        ),
        (
            _WAY + r"(Name or service not known|nodename nor servname|No address associated).*",
            r"\1nobody has this name",
            "Check the base URL for a slip: spark-tui doctor.",
        ),
        (
            _WAY + r"(Temporary failure in name resolution|getaddrinfo failed).*",
            r"\1its name cannot be looked up",
            "Is there a network? Is a proxy needed (HTTPS_PROXY)?",
        ),
        (
            _WAY + r"(?i:wrong.version.number|record.layer.failure|\[SSL: HTTP_REQUEST).*",
            r"\1it does not speak TLS at this address",
            "Is it http:// instead of https://, or another port?",
        ),
        (
            r"(\[SSL: CERTIFICATE_VERIFY_FAILED\]|its certificate is not trusted:?)"
            r" ?(?:certificate verify failed: )?([^(]*[^( ]).*",
            r"its certificate is not trusted: \2",
            "Behind a proxy that reads along, name its certificate with SSL_CERT_FILE.",
        ),
        (
            r"^(.*\bproxy\b.* 407\b.*|.*\bproxy\b.*\(407\).*)$",
            r"\1",
            "Write name and password into HTTPS_PROXY: http://name:password@host:port.",
        ),
    )
)


def broken_off(place: Place, why: str) -> StreamFault:
    """Got through, then broke."""
    return StreamFault(
        f"{scrub(place.host, place.secret)} broke off the answer: "
        f"{_whole(_plain(scrub(why, place.secret)))}",
        hint=KEPT,
    )


def too_large(place: Place, limit_bytes: int) -> LimitFault:
    return LimitFault(
        f"The answer of {scrub(place.host, place.secret)} was larger than "
        f"{limit_bytes >> 20} MB and was cut.",
        hint=f"{KEPT} Ask for a smaller change.",
    )


_BAD_KEY = frozenset(
    {
        "invalid_api_key",
        "invalid_authentication",
        "authentication_error",
        "no_db_connection",  # LiteLLM knows its own key only, and has nowhere to look up another
    }
)
_QUOTA = frozenset(
    {
        "insufficient_quota",
        "usage_not_included",
        "usage_limit_reached",
        "billing_hard_limit_reached",
        "billing_not_active",
    }
)
_QUOTA_WORDS = re.compile(r"(?i)\b(insufficient|not enough|out of) (credits?|balance|funds)\b")
_POLICY = frozenset(
    {
        "invalid_prompt",
        "content_filter",
        "content_policy_violation",
        "cyber_policy_violation",
        "moderation_blocked",
        "policy_violation",
    }
)
_LOST = frozenset(
    {"previous_response_not_found", "websocket_connection_limit_reached", BROKEN.code}
)
_WINDOW = frozenset(
    {
        "context_length_exceeded",
        "context_window_exceeded",
        "exceed_context_size_error",
        "string_above_max_length",
    }
)
_WINDOW_WORDS = re.compile(r"(?i)(maximum|exceeds?)[^.]{0,60}\bcontext (length|window|size)")
_BUSY = frozenset({"server_error", "overloaded", "overloaded_error", "server_is_overloaded"})
_MISSING = frozenset({"model_not_found", "model_not_supported", "unknown_model", "invalid_model"})
_GONE = frozenset({"model_decommissioned", "model_deprecated", "model_retired"})
_GONE_WORDS = re.compile(
    r"(?i)\b(retired|decommissioned|deprecated|sunset|shut ?down|no longer (available|supported))\b"
)
_DENIED_WORDS = re.compile(
    r"(?i)\b(do(es)? not|don't|doesn't) have access|\bmust be verified"
    r"|\bnot (supported|available|allowed|enabled) (when|for|to|with|on) (using|your|this)\b"
)
_DAY = re.compile(r"\b20\d\d-[01]\d-[0-3]\d\b")
_MISSING_WORDS = re.compile(
    r"(?i)\bmodel\b.{0,120}?(not found|does(n't| not) exist|is not supported|not available"
    r"|no longer|is unknown|is not valid|(was|has been|is) (retired|shut down|decommissioned"
    r"|deprecated)|must be verified)"
    r"|\b(unknown|invalid|no such|unsupported) model\b|\bnot have access to (the )?model\b"
    r"|\bmust be verified\b.{0,80}\bmodel\b|\bLLM Provider NOT provided\b"
)


def _is_model_missing(refusal: Refusal) -> bool:
    if refusal.code in _MISSING | _GONE:
        return True
    if refusal.status not in (0, 400, 403, 404, 410) or refusal.param not in ("", "model"):
        return False
    return bool(_MISSING_WORDS.search(refusal.message[:_READ]))
