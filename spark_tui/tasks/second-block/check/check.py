"""The second reader waits longer and longer, the first one as always."""

import time
import unittest.mock
from typing import Any

import case

PATH = "sync/readers.py"


class Client:
    """Fails so many times."""

    def __init__(self, failures: int) -> None:
        self._failures = failures
        self.asked: list[str] = []

    def get(self, path: str) -> list[Any]:
        self.asked.append(path)
        if len(self.asked) <= self._failures:
            raise ConnectionError
        return [1, 2]


class Check(case.Case):
    may_change = (PATH,)

    def setUp(self) -> None:
        self.slept: list[float] = []
        patch = unittest.mock.patch.object(time, "sleep", self.slept.append)
        patch.start()
        self.addCleanup(patch.stop)
        self.readers = self.fresh("sync.readers")

    def test_orders_wait_longer_each_time(self) -> None:
        client = Client(3)
        self.assertEqual(self.readers.read_orders(client), [1, 2])
        self.assertEqual((self.slept, client.asked), ([1.0, 2.0, 4.0], ["/orders"] * 4))

    def test_from_the_delay_that_is_given(self) -> None:
        with self.assertRaises(ConnectionError):
            self.readers.read_orders(Client(9), attempts=3, delay=0.5)
        self.assertEqual(self.slept, [0.5, 1.0])

    def test_users_wait_as_before(self) -> None:
        self.assertEqual(self.readers.read_users(Client(3)), [1, 2])
        self.assertEqual(self.slept, [1.0, 1.0, 1.0])

    def test_the_first_block_is_as_it_was(self) -> None:
        def first(text: bytes) -> bytes:
            return text.partition(b"def read_orders")[0]

        self.assertEqual(first(self.new(PATH)), first(self.old(PATH)))
