"""Fetching from a service that stumbles."""

import io
import urllib.error

from tidewater.fetch import Fetcher


def stumbling(*answers):
    """An opener that gives these answers one after the other; faults are raised."""
    left = list(answers)

    def opener(url, timeout):
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer)

    return opener


def test_a_good_answer_is_returned():
    fetcher = Fetcher("http://gauges.test", opener=stumbling(b"time,level\n"))
    assert fetcher.get("AES.csv") == b"time,level\n"


def test_one_stumble_is_forgiven():
    opener = stumbling(urllib.error.URLError("down"), b"ok")
    fetcher = Fetcher("http://gauges.test", opener=opener, sleep=lambda _: None)
    assert fetcher.get("AES.csv") == b"ok"
