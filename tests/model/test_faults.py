"""What a service says becomes a sentence without a key."""

from __future__ import annotations

import pytest

from spark_tui.errors import LimitFault, ModelFault, ModelMissing, RateLimited
from spark_tui.model.address import headers_of, socket_url
from spark_tui.model.faults import (
    Place,
    Refusal,
    fault_of,
    optional_field,
    read_refusal,
    scrub,
    unreachable,
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
    ("headers", "message", "seconds"),
    [
        ({"Retry-After": "7"}, "", 7.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, "", 0.25),
        ({}, "Please try again in 1.5s.", 1.5),
        ({}, "Please try again in 300ms.", 0.3),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "", None),
        ({"Retry-After": "nan"}, "", None),
        ({}, "", None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], message: str, seconds: float | None) -> None:
    refusal = read_refusal({"error": {"message": message}}, status=429, headers=headers)
    fault = fault_of(refusal, Place())
    assert isinstance(fault, RateLimited)
    assert fault.retry_after_s == seconds


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
        (Refusal(status=400, param="service_tier"), None),
        (Refusal(status=400, param="reasoning.effort"), None),
    ],
)
def test_only_a_field_that_was_sent_and_is_ours_is_left_out(
    refusal: Refusal, name: str | None
) -> None:
    body = {"temperature": 0.1, "include": [], "service_tier": "fast", "model": "m"}
    assert optional_field(refusal, body) == name


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
