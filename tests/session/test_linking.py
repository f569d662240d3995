"""News of the link: moments in the event, sentences counted from now."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_tui.model.provider import Lively, News, Pool, Quiet, Waiting
from spark_tui.session.linking import news_event, sentence
from spark_tui.session.state import SessionState

NOW = 1_000.0


@pytest.mark.parametrize(
    ("news", "later", "words"),
    [
        (Quiet(12.0), 0.0, "no sign of api.x for 12 s"),
        (Quiet(12.0), 3.5, "no sign of api.x for 15 s"),
        (Waiting(7.0, "api.x asks to wait"), 0.0, "waits 7 s: api.x asks to wait"),
        (Waiting(7.0, "api.x asks to wait"), 6.2, "waits 1 s: api.x asks to wait"),
        (Waiting(7.0, "api.x asks to wait"), 7.0, "asks again: api.x asks to wait"),
        (Waiting(0.4, ""), 0.0, "waits 1 s: api.x asks to wait"),
        (Lively(), 0.0, ""),
        (Pool(1, None), 0.0, "1 request left at api.x"),
        (
            Pool(3, 12_000, 6.5),
            0.0,
            "3 requests and 12,000 tokens left at api.x, full again in 7 s",
        ),
        (Pool(3, 12_000, 6.5), 7.0, "3 requests and 12,000 tokens left at api.x"),
        (Pool(0, 0), 0.0, "0 requests and 0 tokens left at api.x"),
        (Pool(None, None, 5.0), 0.0, ""),
    ],
)
def test_what_it_says(news: News, later: float, words: str) -> None:
    assert sentence(news_event(news, "api.x", NOW), NOW + later) == words


@given(
    st.builds(Quiet, st.floats())
    | st.builds(Waiting, st.floats(), st.text())
    | st.builds(Pool, st.none() | st.integers(), st.none() | st.integers(), st.none() | st.floats())
)
def test_no_header_of_a_service_breaks_it(news: News) -> None:
    event = news_event(news, "api.x", NOW)
    assert math.isfinite(event.until) and math.isfinite(event.since)
    assert isinstance(sentence(event, NOW), str)


def test_what_the_state_makes_of_it() -> None:
    state = SessionState()
    for news in (Pool(5, None), Quiet(12.0), Waiting(7.0, "busy")):
        state.apply(news_event(news, "api.x", NOW))
    assert state.link is not None and state.link.kind == "waiting"
    assert state.pool is not None and state.pool.requests_left == 5
    state.apply(news_event(Lively(), "api.x", NOW))
    assert state.link is None
    assert state.pool is not None, "what is left is true still"
