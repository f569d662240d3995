"""A silent answer over HTTP: thinking, or a dead line; asked of the kernel, not of the clock."""

from __future__ import annotations

import socket
import sys

import pytest

from spark_tui.model.provider import Lively, News, Quiet
from spark_tui.model.silence import Peer, Silence


class Ear:
    def __init__(self) -> None:
        self.news: list[News] = []
        self.silence = Silence(self.news.append, 100.0)


def test_thinking_is_no_news_as_long_as_the_other_end_confirms() -> None:
    ear = Ear()
    for now in range(101, 400):
        ear.silence.look(float(now), confirmed_s=4.9)
    ear.silence.end()
    assert ear.news == []


def test_an_end_that_confirms_nothing_any_more_is_said_once_and_taken_back() -> None:
    ear = Ear()
    for now in (103.0, 106.0, 109.0):
        ear.silence.look(now, confirmed_s=now - 100)
    assert ear.news == []
    ear.silence.look(112.0, confirmed_s=12.0)
    ear.silence.look(115.0, confirmed_s=15.0)
    assert ear.news == [Quiet(12.0)]
    ear.silence.look(118.0, confirmed_s=0.5)
    assert ear.news == [Quiet(12.0), Lively()]


def test_what_came_ends_the_silence() -> None:
    ear = Ear()
    ear.silence.look(113.0, confirmed_s=20.0)
    assert ear.news == [Quiet(13.0)]
    ear.silence.heard(114.0)
    ear.silence.look(120.0, confirmed_s=20.0)
    ear.silence.end()
    assert ear.news == [Quiet(13.0), Lively()]


def test_where_nobody_tells_the_news_says_so() -> None:
    ear = Ear()
    ear.silence.look(111.0, confirmed_s=None)
    ear.silence.look(112.0, confirmed_s=None)
    ear.silence.end()
    assert ear.news == [Quiet(12.0, may_think=True), Lively()]


def test_before_there_is_a_connection_nobody_tells() -> None:
    assert Peer().confirmed_s() is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_the_kernel_tells_when_the_other_end_confirmed_something() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        with ours, theirs:
            ours.sendall(b"a question")
            assert theirs.recv(10) == b"a question"
            peer = Peer()
            peer.meet(ours)
            confirmed_s = peer.confirmed_s()
            assert confirmed_s is not None
            assert 0.0 <= confirmed_s < 60.0
        assert peer.confirmed_s() is None  # it is closed
