"""What services tell of their limits, in all the ways in which they spell it."""

from __future__ import annotations

import pytest

from spark_tui.model.durations import in_words, seconds_of, until
from spark_tui.model.provider import Pool
from spark_tui.model.rate_limits import pool_of

NOW = 1_800_000_000.0

OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-reset-tokens": "6m0s",
}
CEREBRAS = {
    "x-ratelimit-limit-requests-day": "1000",
    "x-ratelimit-limit-tokens-minute": "60000",
    "x-ratelimit-remaining-requests-day": "990",
    "x-ratelimit-remaining-tokens-minute": "30000",
    "x-ratelimit-reset-requests-day": "33011.382867",
    "x-ratelimit-reset-tokens-minute": "11.382867",
}


@pytest.mark.parametrize(
    ("headers", "pool"),
    [
        (OPENAI, Pool(59, 149984, 1.0)),
        ({name.title(): value for name, value in OPENAI.items()}, Pool(59, 149984, 1.0)),
        ({f"llm_provider-{name}": value for name, value in OPENAI.items()}, Pool(59, 149984, 1.0)),
        (CEREBRAS, Pool(990, 30000, 11.382867)),
        (
            {
                **CEREBRAS,
                "x-ratelimit-limit-requests-minute": "30",
                "x-ratelimit-remaining-requests-minute": "0",
                "x-ratelimit-reset-requests-minute": "20s",
            },
            Pool(0, 30000, 20.0),
        ),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1800000030"}, Pool(7, None, 30.0)),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1800000030000"}, Pool(7, None, 30.0)),
        ({"ratelimit-remaining": "7", "ratelimit-reset": "30"}, Pool(7, None, 30.0)),
        (
            {
                "anthropic-ratelimit-requests-remaining": "4",
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "2027-01-15T08:00:20Z",
            },
            Pool(4, 0, 20.0),
        ),
        ({"x-ratelimit-remaining-tokens": "12.0"}, Pool(None, 12, None)),
        ({"x-ratelimit-remaining-requests": "-1"}, None),
        ({"x-ratelimit-remaining-requests": "many"}, None),
        ({"x-ratelimit-limit-requests": "60"}, None),
        ({"x-ratelimit-remaining-concurrency": "3"}, None),
        ({"retry-after": "3"}, None),
        ({}, None),
    ],
)
def test_the_pool(headers: dict[str, str], pool: Pool | None) -> None:
    assert pool_of(headers, now=lambda: NOW) == pool


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360.0),
        ("1h2m3.5s", 3723.5),
        ("20ms", 0.02),
        ("59.5", 59.5),
        ("2 minutes", 120.0),
        ("1 hour, 1 minute", 3660.0),
        ("0s", 0.0),
        ("1fortnight", None),
        ("soon", None),
        ("", None),
        ("-3s", None),
        ("999999999999d", None),
        ("1" * 5000, None),
    ],
)
def test_spans(text: str, seconds: float | None) -> None:
    found = seconds_of(text)
    assert found == (pytest.approx(seconds) if seconds is not None else None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Fri, 15 Jan 2027 08:00:20 GMT", 20.0),
        ("2027-01-15T08:00:20+00:00", 20.0),
        ("2027-01-15T08:00:20", None),
        ("1800000020", 20.0),
        ("1799999999", None),
        ("nan", None),
        ("never", None),
        ("Fri, 99 Foo 99999 99:99:99 GMT", None),
    ],
)
def test_moments(text: str, seconds: float | None) -> None:
    assert until(text, NOW) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"), (20, "20 s"), (20.1, "21 s"), (120, "120 s"), (121, "3 min"),
        (3600, "60 min"), (3661, "1 h 2 min"), (7200, "2 h"), (100_000, "28 h"),
    ],
)  # fmt: skip
def test_spans_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
