"""A terminal that stalls or goes away holds up nobody."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
import termios
import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest
from textual.app import App
from textual.drivers._writer_thread import WriterThread

from spark_tui.tui.driver import Outlet, SparkDriver


class Dead:
    """A terminal whose line is gone."""

    def write(self, _text: str) -> int:
        raise OSError(5, "Input/output error")

    def flush(self) -> None:
        raise OSError(5, "Input/output error")


def test_an_error_is_told_once_and_ends_the_writing() -> None:
    told: list[str] = []
    outlet = Outlet(cast("Any", Dead()), lambda: told.append("gone"))
    for _ in range(3):
        outlet.write("x")
        outlet.flush()
    assert told == ["gone"] and outlet.is_shut


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[SparkDriver, int]]:
    """On a pseudo-terminal of its own, and the other end of that."""
    master, slave = pty.openpty()
    monkeypatch.setattr("signal.signal", lambda *_: None)

    async def make() -> SparkDriver:
        return SparkDriver(App())

    with os.fdopen(slave, "w", closefd=True) as file:
        monkeypatch.setattr(sys, "__stdin__", file)
        monkeypatch.setattr(sys, "__stderr__", file)
        yield asyncio.run(make()), master


def test_who_waits_for_a_full_terminal_is_let_go(driver: tuple[SparkDriver, int]) -> None:
    made, master = driver
    thread = made._writer_thread = WriterThread(cast("Any", made._outlet))
    made.unblock(if_full=True)
    assert not made._outlet.is_shut, "nobody waits"
    for _ in range(30):  # the thread does not run: its queue is full
        made.write("x" * 100)
    blocked = threading.Thread(target=lambda: made.write("one more"))
    blocked.start()
    made.unblock(if_full=True)
    blocked.join(20)
    assert not blocked.is_alive() and made._outlet.is_shut
    made.write("dropped")
    thread.start()
    made.close()
    assert not thread.is_alive()
    os.close(master)


async def all_said() -> None:
    """What the loop was told until now is done."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_soon(done.set)
    await done.wait()


def test_who_goes_on_in_the_middle_of_a_write_lets_it_end(
    driver: tuple[SparkDriver, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal comes between any two steps, also where the lock of the queue is held."""

    async def story() -> None:
        made = SparkDriver(App())
        came: list[bool] = []
        monkeypatch.setattr(made, "resume_application_mode", lambda: came.append(True))
        made._sigcont_application()
        await all_said()
        assert not came, "the screen has not begun, or is over"
        writer = made._writer_thread = WriterThread(cast("Any", made._outlet))
        keys = made._key_thread = threading.Thread(target=made.exit_event.wait, daemon=True)
        writer.start()
        keys.start()
        with writer._queue.mutex:
            handler = threading.Thread(target=made._sigcont_application, daemon=True)
            handler.start()
            handler.join(20)
            assert not handler.is_alive() and not came
        await all_said()
        assert came and not keys.is_alive() and not writer.is_alive()

    asyncio.run(story())
    os.close(driver[1])


def test_a_line_that_is_gone_is_seen(driver: tuple[SparkDriver, int]) -> None:
    made, master = driver
    assert made.input_tty and not made.is_hung_up
    os.close(master)
    assert made.is_hung_up
    with pytest.raises(termios.error):
        termios.tcgetattr(made.fileno)
