"""What hooks and git said about a commit that was not made: findings to go to, or all of it.

The rule kept here: the output is untrusted text and passes `visible`, colours left out; it is there
in full, whatever could be read out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from spark_tui.text import one_line, visible
from spark_tui.tui.widgets.commit_list import PickView

if TYPE_CHECKING:
    from spark_tui.session.session import CommitRefused, Finding

MOST_LINES = 20_000
"""Of the output; the last ones."""


class CommitSaid(PickView):
    """Rows of findings, or of the output."""

    class Jumped(Message):
        """The person wants to see that place."""

        def __init__(self, path: str, line: int) -> None:
            super().__init__()
            self.path = path
            self.line = line
            """1-based; 0: the file."""

    def __init__(self, *, id: str = "said") -> None:
        super().__init__(id=id)
        self._findings: list[tuple[str, int, str]] = []
        self._output: list[str] = []
        self.shows_output = False

    def show(self, refused: CommitRefused, output: str) -> bool:
        """Its findings, else its output. Says whether there is anything to show."""
        self._findings = [(f.path, f.line, _words(f)) for f in refused.findings]
        found = {f.path for f in refused.findings if not f.line}
        self._findings += [
            (path, 0, f"{one_line(path)}  changed by a hook")
            for path in refused.changed if path not in found
        ]  # fmt: skip
        lines = [visible(line) for line in output.rstrip().split("\n")]
        self._output = lines[-MOST_LINES:] if any(lines) else []
        self.shows_output = not self._findings
        self._lay()
        return bool(self._findings or self._output)

    def switch(self) -> None:
        """Findings, or all of the output."""
        if self._findings and self._output:
            self.shows_output = not self.shows_output
            self._lay()

    @property
    def count(self) -> int:
        return len(self._findings)

    def action_choose(self) -> None:
        if self.shows_output or not 0 <= self.cursor < len(self._findings):
            super().action_choose()
            return
        path, line, _ = self._findings[self.cursor]
        self.post_message(self.Jumped(path, line))

    def _lay(self) -> None:
        self.renew()
        if self.shows_output:
            self.move_to(self.last_top)

    def line_count(self) -> int:
        return len(self._output if self.shows_output else self._findings)

    def entry(self, y: int) -> tuple[str, str]:
        if self.shows_output:
            return "context", self._output[y]
        return ("removed" if self._findings[y][1] else "file"), self._findings[y][2]

    def stops(self) -> Sequence[int]:
        return () if self.shows_output else range(len(self._findings))


def _words(finding: Finding) -> str:
    where = one_line(finding.path)
    if finding.line:
        where += f":{finding.line}" + (f":{finding.column}" if finding.column else "")
    return f"{where}  {one_line(finding.message)}"
