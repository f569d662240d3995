"""The door of the screen: first frame, then Textual, and a terminal that is given back.

The rule kept here: nothing heavy is imported before the first frame stands, and whatever happens
the terminal is as it was. The application itself is application.py.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from spark_tui.options import AppOptions
from spark_tui.tui.skeleton import Skeleton

if TYPE_CHECKING:
    from spark_tui.tui.application import SparkApp

DEMO = -1
"""Result of `start`: the person chose the demo, which __main__ becomes."""

ESCAPE_MS = "50"
"""How long Textual waits for the rest of a sequence after an Esc, where nobody said otherwise."""


def start(options: AppOptions) -> int:
    """Run the app; the result is the exit code, or DEMO. Raises SparkFault."""
    gc.disable()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _leave_early)  # until the application has its own
    skeleton = Skeleton(options.environ)
    try:
        skeleton.open()
        app = _make(options, skeleton.before)
        app.run(mouse=app.settings.mouse)
    finally:
        skeleton.close()
        _forget_dead_streams()
        gc.enable()
    if app.crash is not None:
        raise app.crash
    if app.return_value == "demo":
        return DEMO
    with contextlib.suppress(OSError):
        sys.stdout.write(app.farewell)
    _forget_dead_streams()
    return app.return_code or 0


def _forget_dead_streams() -> None:
    """What could not be written to a terminal that is gone would, at the very end, take the place
    of our exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _leave_early(number: int, _frame: object) -> None:
    """Nothing is open yet but the screen, which is given back on the way out."""
    raise SystemExit(128 + number)


def _make(options: AppOptions, terminal: list[Any] | None) -> SparkApp:
    from spark_tui.settings import config

    settings = config.load(environ=options.environ, flags=options.flags)
    is_ours = "ESCDELAY" not in os.environ
    if is_ours:
        os.environ["ESCDELAY"] = ESCAPE_MS
    from spark_tui.tui.application import SparkApp

    if is_ours:
        del os.environ["ESCDELAY"]
    return SparkApp(options, settings, terminal=terminal)
