"""Every shape in which a service refuses, and the times and sizes that it names."""

from __future__ import annotations

import pytest
from websockets.datastructures import Headers

from spark_tui.model.refusals import Refusal, read_refusal

NOW = 1_800_000_000.0
LATER = "Fri, 15 Jan 2027 08:01:30 GMT"
"""90 seconds after NOW."""
EARLIER = "Fri, 15 Jan 2027 08:00:30 GMT"


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"Retry-After": "7"}, "", 7.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, "", 0.25),
        ({"Retry-After": LATER}, "", 90.0),
        ({"Retry-After": LATER, "Date": EARLIER}, "", 60.0),
        ({"Retry-After": EARLIER, "Date": LATER}, "", None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, "", None),
        ({"Retry-After": "nan"}, "", None),
        ({"Retry-After": "-1"}, "", None),
        ({"Retry-After": "1e400"}, "", None),
        ({"Retry-After": "0"}, "Please try again in 4s", 4.0),
        ({}, "Please try again in 1.5s.", 1.5),
        ({}, "Please try again in 300ms.", 0.3),
        ({}, "Please try again in 6m0s", 360.0),
        ({}, "Please retry in 34.07s.", 34.07),
        ({}, "Please retry after 20 seconds", 20.0),
        ({}, "Rate limit. Try again in 1 hour, 2 minutes", 3720.0),
        ({}, "you have to wait for an answer", None),
        ({}, "", None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], message: str, seconds: float | None) -> None:
    body = {"error": {"message": message}}
    refusal = read_refusal(body, status=429, headers=headers, now=lambda: NOW)
    assert refusal.retry_after_s == seconds


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        ({"resets_in_seconds": 7300}, 7300.0),
        ({"retry_after": "12"}, 12.0),
        ({"headers": {"retry-after": "3"}}, 3.0),
        ({"retry_after": True}, None),
        ({"retry_after": [3]}, None),
    ],
)
def test_a_wait_inside_the_error_itself(error: dict[str, object], seconds: float | None) -> None:
    assert read_refusal({"error": error}, status=429).retry_after_s == seconds


@pytest.mark.parametrize(
    ("message", "asked", "window"),
    [
        (
            "This model's maximum context length is 4096 tokens. However, you requested 5000 "
            "tokens (4500 in the messages, 500 in the completion).",
            5000,
            4096,
        ),
        ("This model's maximum context length is 4096 tokens.", 0, 4096),
        ("Please reduce the length. Current length is 9000 while limit is 8192", 9000, 8192),
        ("prompt is too long: 210000 tokens > 200000 maximum", 210_000, 200_000),
        (
            "The input token count (1200000) exceeds the maximum number of tokens allowed "
            "(1048576).",
            1_200_000,
            1_048_576,
        ),
        ("request (12019 tokens) exceeds the available context size (1024 tokens)", 12019, 1024),
        ("nothing of the kind", 0, 0),
    ],
)
def test_how_large_a_request_was(message: str, asked: int, window: int) -> None:
    refusal = read_refusal({"error": {"message": message}})
    assert (refusal.asked, refusal.window) == (asked, window)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"code": "x", "message": "m"}}, ("x", "m", 0)),
        ({"error": {"code": 429, "type": "t", "message": "m"}}, ("t", "m", 429)),
        ({"error": {"code": "429", "type": "t", "message": "m"}}, ("t", "m", 429)),
        ({"error": "m"}, ("", "m", 0)),
        ([{"error": {"code": 400, "message": "m"}}], ("", "m", 400)),
        ([], ("", "", 0)),
        ({"type": "error", "code": "x", "message": "m"}, ("x", "m", 0)),
        ({"type": "error", "status": 400, "error": {"type": "t", "message": "m"}}, ("t", "m", 400)),
        ({"type": "error", "status_code": 500, "error": {"message": "m"}}, ("", "m", 500)),
        (
            {"type": "response.failed", "response": {"error": {"code": "x", "message": "m"}}},
            ("x", "m", 0),
        ),
        ({"object": "error", "type": "T", "message": "m", "code": 404}, ("T", "m", 404)),
        ({"message": {"detail": [{"loc": ["body", "a"], "msg": "m"}]}}, ("", "'a': m", 0)),
        ({"detail": [{"msg": "m"}, {"msg": "n"}]}, ("", "m; n", 0)),
        ({"detail": "m"}, ("", "m", 0)),
        ({"errors": [{"message": "m", "code": 7}]}, ("", "m", 0)),
        ("m", ("", "m", 0)),
        (None, ("", "", 0)),
    ],
)
def test_the_shapes_of_an_error(body: object, expected: tuple[str, str, int]) -> None:
    refusal = read_refusal(body)
    assert (refusal.code, refusal.message, refusal.status) == expected


def test_headers_that_come_twice_are_no_fault() -> None:
    """Services behind a shield set two cookies; the WebSocket library raises for the name."""
    headers = Headers([("Set-Cookie", "a"), ("Set-Cookie", "b"), ("Retry-After", "3")])
    assert read_refusal("", status=429, headers=headers) == Refusal(status=429, retry_after_s=3.0)
