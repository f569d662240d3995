"""What a service says becomes a sentence without a key."""

from __future__ import annotations

import pytest

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
)
from spark_tui.model.address import headers_of, socket_url
from spark_tui.model.faults import (
    BROKEN,
    Place,
    Refusal,
    fault_of,
    optional_field,
    read_refusal,
    scrub,
    unreachable,
    why_wait,
)
from spark_tui.model.provider import Endpoint

KEY = "topsecret-value-1"


@pytest.mark.parametrize(
    "text",
    [
        f"bad key {KEY}",
        f"Authorization: Bearer {KEY}",
        "Incorrect API key provided: sk-proj-abc123. Find yours at",
        "{'authorization': 'Bearer zzzzzzzzz'}",
        "cannot reach http://me:hunter22@proxy:3128",
        "csk-abcdefgh is wrong",
    ],
)
def test_no_key_survives(text: str) -> None:
    clean = scrub(text, KEY)
    for secret in (KEY, "abc123", "zzzz", "hunter22", "abcdefgh"):
        assert secret not in clean
    fault = unreachable(Place("h", secret=KEY), text)
    assert KEY not in fault.message + fault.hint + repr(fault)


def test_long_words_of_a_service_are_cut() -> None:
    assert len(scrub("x" * 10_000)) <= 300


def test_the_key_is_no_part_of_what_is_printed_of_values() -> None:
    assert KEY not in repr(Place("h", secret=KEY)) + repr(Endpoint("http://h", KEY))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, {"error": {"message": "model 'x' not found, try pulling it first"}}, ModelMissing),
        (
            400,
            {"error": {"message": "The model `x` does not exist or you have no access"}},
            ModelMissing,
        ),
        (
            400,
            {"error": {"message": "The 'x' model is not supported when using this"}},
            ModelMissing,
        ),
        (400, {"error": {"code": 400, "type": "exceed_context_size_error"}}, LimitFault),
        (400, {"error": {"message": "'temperature' is not supported with this model"}}, ModelFault),
        (422, {"detail": "field required"}, ModelFault),
        (402, {"error": {"message": "Pay first."}}, QuotaUsed),
        (429, {"error": {"code": "insufficient_quota"}}, QuotaUsed),
    ],
)
def test_servers_say_the_same_thing_in_many_ways(
    status: int, body: object, kind: type[Exception]
) -> None:
    assert type(fault_of(read_refusal(body, status=status), Place())) is kind


@pytest.mark.parametrize(
    ("refusal", "name"),
    [
        (Refusal(status=400, param="temperature"), "temperature"),
        (Refusal(status=400, message="Unsupported parameter: 'temperature'"), "temperature"),
        (Refusal(status=400, param="include[0]"), "include"),
        (Refusal(status=400, message="the text must include a word"), None),
        (Refusal(status=500, param="temperature"), None),
        (Refusal(status=400, param="service_tier"), "service_tier"),
        (Refusal(status=400, param="reasoning.effort"), None),
    ],
)
def test_only_a_field_that_was_sent_and_is_ours_is_left_out(
    refusal: Refusal, name: str | None
) -> None:
    body = {"temperature": 0.1, "include": [], "service_tier": "fast", "model": "m"}
    assert optional_field(refusal, body) == name


def test_a_tier_that_makes_it_cheaper_is_never_left_out() -> None:
    refusal = Refusal(status=400, param="service_tier")
    assert optional_field(refusal, {"service_tier": "flex"}) is None


def test_tools_are_left_out_only_where_edits_come_as_text() -> None:
    refusal = Refusal(status=400, message="gemma does not support tools")
    assert optional_field(refusal, {"tools": [], "messages": []}) == "tools"
    assert optional_field(refusal, {"tools": [], "input": []}) is None


PLACE = Place("host", "m", KEY)
ROWS = [
    # (status, error, kind of fault, its message, a word of its hint)
    (
        400,
        {"code": "model_not_found", "message": "m was retired on 2026-09-15"},
        ModelMissing,
        "host has retired m on 2026-09-15: m was retired on 2026-09-15.",
        "spark-tui models",
    ),
    (
        400,
        {"code": "model_decommissioned", "message": ""},
        ModelMissing,
        "host has retired m.",
        "spark-tui models",
    ),
    (
        400,
        {"message": "The 'm' model is not supported when using this with your account"},
        ModelMissing,
        "host does not open m to this account: The 'm' model is not supported when using this "
        "with your account.",
        "spark-tui models",
    ),
    (
        403,
        {"message": "Your organization must be verified to use the model m"},
        ModelMissing,
        "host does not open m to this account: Your organization must be verified to use the "
        "model m.",
        "spark-tui models",
    ),
    (
        404,
        {"message": "The model m does not exist or you do not have access to it."},
        ModelMissing,
        "host does not have m: The model m does not exist or you do not have access to it.",
        "spark-tui models",
    ),
    (
        429,
        {"type": "insufficient_quota", "code": None, "message": "You exceeded it"},
        QuotaUsed,
        "host: the quota of this key is used up: You exceeded it.",
        "billing",
    ),
    (
        429,
        {"code": "usage_limit_reached", "message": "", "resets_in_seconds": 7300},
        QuotaUsed,
        "host: the quota of this key is used up.",
        "open again in 2 h 2 min",
    ),
    (402, {"message": ""}, QuotaUsed, "host: the quota of this key is used up.", "billing"),
    (
        400,
        {"code": "invalid_prompt", "message": "flagged"},
        ModelFault,
        "host does not answer this by its rules of use: flagged.",
        "other words",
    ),
    (
        400,
        {
            "code": "context_length_exceeded",
            "message": "This model's maximum context length is 128,000 tokens. However, your "
            "messages resulted in 130022 tokens.",
        },
        LimitFault,
        "The request has 130022 tokens; the window of m is 128000: This model's maximum context "
        "length is 128,000 tokens. However, your messages resulted in 130022 tokens.",
        "Drop files",
    ),
    (
        400,
        {"code": "context_length_exceeded", "message": ""},
        LimitFault,
        "The request is larger than the window of m.",
        "Drop files",
    ),
    (413, {"message": ""}, LimitFault, "The request is larger than host takes.", "Drop files"),
    (
        429,
        {"message": "Please try again in 1.2s."},
        RateLimited,
        "host asks to wait 2 s: Please try again in 1.2s.",
        "in 2 s",
    ),
    (429, {"message": ""}, RateLimited, "host asks to wait.", "in a moment"),
    (503, {"message": ""}, NetworkFault, "host has a problem of its own (503).", "in a moment"),
    (408, {"message": ""}, NetworkFault, "host has a problem of its own (408).", "in a moment"),
    (401, {"message": "no"}, KeyRefused, "host refused the key (401): no.", "another key"),
    (
        407,
        {"message": ""},
        ConnectFault,
        "The proxy on the way wants a name and a password (407).",
        "HTTPS_PROXY",
    ),
    (400, {"message": "odd"}, ModelFault, "host refused the request (400): odd.", "doctor"),
]


@pytest.mark.parametrize(("status", "error", "kind", "message", "hint"), ROWS)
def test_what_a_person_reads(
    status: int, error: dict[str, object], kind: type[SparkFault], message: str, hint: str
) -> None:
    fault = fault_of(read_refusal({"error": error}, status=status), PLACE)
    assert type(fault) is kind
    assert fault.message == message
    assert hint in fault.hint
    assert fault.hint.startswith("Your files are untouched.")


def test_a_key_that_was_never_sent_is_not_called_refused() -> None:
    fault = fault_of(Refusal(status=401), Place("host"))
    assert isinstance(fault, KeyRefused)
    assert fault.message == "host wants a key (401)."


@pytest.mark.parametrize(
    ("why", "words", "hint"),
    [
        ("[Errno 111] Connect call failed ('127.0.0.1', 9)", "nobody answers", "running"),
        ("All connection attempts failed", "nobody answers", "running"),
        ("[Errno -2] Name or service not known", "nobody has this name", "slip"),
        ("[Errno -3] Temporary failure in name resolution", "cannot be looked up", "network"),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate"
            " (_ssl.c:1006)",
            "its certificate is not trusted: self-signed certificate.",
            "SSL_CERT_FILE",
        ),
        ("its certificate is not trusted: expired", "not trusted: expired.", "SSL_CERT_FILE"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1)", "speak TLS", "http://"),
        (
            "the proxy p:1 wants another name and password (407)",
            "the proxy p:1 wants another name and password (407).",
            "HTTPS_PROXY",
        ),
        (
            "the proxy p:1: [Errno 111] Connect call failed ('10.0.0.1', 1)",
            "the proxy p:1: nobody answers",
            "running",
        ),
        ("[Errno 104] Connection reset by peer", "host: Connection reset by peer.", "network"),
    ],
)
def test_why_nobody_was_reached(why: str, words: str, hint: str) -> None:
    fault = unreachable(PLACE, why)
    assert words in fault.message
    assert "Errno" not in fault.message
    assert hint in fault.hint


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(status=429), "host asks to wait"),
        (Refusal(code="rate_limit_exceeded"), "host asks to wait"),
        (Refusal(status=503), "host is busy (503)"),
        (Refusal(code="server_error"), "host is busy"),
        (BROKEN, "the connection to host broke"),
    ],
)
def test_what_is_read_while_a_request_waits(refusal: Refusal, words: str) -> None:
    assert why_wait(refusal, PLACE) == words


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://127.0.0.1.example.org/v1", False),
        ("http://localhost.example.org/v1", False),
        ("http://127.0.0.1@example.org/v1", False),
        ("https://api.openai.com/v1", False),
        ("http://[broken/v1", False),
    ],
)
def test_what_is_this_machine(url: str, local: bool) -> None:
    assert Endpoint(url).is_local is local


def test_a_key_with_a_line_break_never_becomes_a_header() -> None:
    with pytest.raises(Exception, match="refused the key") as caught:
        headers_of(Endpoint("http://h/v1", f"{KEY}\nX: y"))
    assert KEY not in str(caught.value)


def test_no_key_no_header() -> None:
    assert headers_of(Endpoint("http://127.0.0.1/v1")) == {}
    assert socket_url(Endpoint("https://h/v1/"), "/responses") == "wss://h/v1/responses"
