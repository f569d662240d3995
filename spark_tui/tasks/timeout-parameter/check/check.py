"""The time limit arrives at the bottom, and is 30.0 wherever nobody says anything."""

from typing import Any

import case


class Opener:
    """Remembers how it was called; fails the first `failures` times."""

    def __init__(self, failures: int = 0) -> None:
        self.calls: list[tuple[str, Any]] = []
        self._failures = failures

    def __call__(self, url: str, *, timeout: float) -> bytes:
        self.calls.append((url, timeout))
        if len(self.calls) <= self._failures:
            raise OSError("later")
        return b"data"


class Check(case.Case):
    may_change = ("mirror/api.py", "mirror/client.py", "mirror/transport.py")

    def setUp(self) -> None:
        transport, client, self.api = self.fresh("mirror.transport", "mirror.client", "mirror.api")
        self.opener = Opener()
        self.transport = transport.Transport(self.opener)
        self.client = client.Client(self.transport, "http://m/")

    def test_it_goes_all_the_way_down(self) -> None:
        self.assertEqual(self.api.download(self.client, "a", timeout=1.5), b"data")
        self.assertEqual(self.opener.calls, [("http://m/files/a", 1.5)])

    def test_each_layer_takes_it(self) -> None:
        self.client.fetch("/x", timeout=2.0)
        self.transport.get("http://m/y", timeout=4.0)
        self.assertEqual(self.opener.calls, [("http://m/x", 2.0), ("http://m/y", 4.0)])

    def test_without_it_all_is_as_before(self) -> None:
        self.api.download(self.client, "a")
        self.client.fetch("/x")
        self.transport.get("http://m/y")
        self.assertTrue(self.api.exists(self.client, "a"))
        self.assertEqual([timeout for _, timeout in self.opener.calls], [30.0] * 4)

    def test_every_try_has_it(self) -> None:
        self.opener = Opener(failures=2)
        self.transport._opener = self.opener
        self.api.download(self.client, "a", timeout=1.5)
        self.assertEqual([timeout for _, timeout in self.opener.calls], [1.5] * 3)
