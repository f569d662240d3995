"""The only writer of the headless face: data on stdout, narration on stderr.

The rule kept here: with --json there is exactly one document on stdout and nothing else; text for
a terminal goes through `text.visible`, text for a pipe stays as it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from spark_tui.errors import SparkFault
from spark_tui.text import visible


class Output:
    """stdout and stderr of one run."""

    def __init__(
        self,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        *,
        is_json: bool = False,
    ) -> None:
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self.is_json = is_json
        self.wrote_document = False
        self._open_line = ""
        self._in_line = False

    @property
    def is_terminal(self) -> bool:
        return self._stdout.isatty()

    def line(self, text: str = "") -> None:
        """One line of data; nothing with --json."""
        if not self.is_json:
            self.end_prose()
            _put(self._stdout, text + "\n")

    def prose(self, piece: str) -> None:
        """Streamed text: at once into a pipe, by whole lines onto a terminal."""
        if self.is_json or not piece:
            return
        if not self.is_terminal:
            self._in_line = not piece.endswith("\n")
            _put(self._stdout, piece)
            return
        *whole, self._open_line = (self._open_line + piece).split("\n")
        for line in whole:
            _put(self._stdout, line.removesuffix("\r") + "\n")

    def end_prose(self) -> None:
        """Close a line that is still open."""
        if self._open_line or self._in_line:
            _put(self._stdout, self._open_line + "\n")
        self._open_line, self._in_line = "", False

    def document(self, body: Mapping[str, Any]) -> None:
        """The one JSON document; nothing without --json."""
        if self.is_json and not self.wrote_document:
            self.wrote_document = True
            import json  # deferred: the screen comes through here too and writes none

            _put(self._stdout, json.dumps(body, ensure_ascii=True) + "\n")

    def say(self, text: str) -> None:
        """Progress and results in words, on stderr."""
        _put(self._stderr, text + "\n")

    def pass_on(self, text: str) -> None:
        """What a program that we started says, on stderr, as it comes."""
        _put(self._stderr, text)

    def fault(self, fault: SparkFault) -> None:
        """What happened and what to do, on stderr."""
        self.say(f"spark-tui: {fault.message}")
        if fault.hint:
            self.say(f"  {fault.hint}")

    def hush(self) -> None:
        """Nobody reads: let the interpreter's last flush go nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (self._stdout, self._stderr):
            try:
                os.dup2(nowhere, stream.fileno())
            except (OSError, ValueError):
                continue
        os.close(nowhere)


def _put(stream: TextIO, text: str) -> None:
    if stream.isatty():
        text = visible(text)
    try:
        stream.write(text)
    except UnicodeEncodeError:
        # A name whose bytes are no text, or a stream that knows only ASCII.
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
