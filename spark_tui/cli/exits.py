"""Exit codes: a public contract, one sentence each.

The rule kept here: a fault knows its own code (errors.py); here is what a code means, and which
code stands behind the word a turn ended with.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from spark_tui.errors import SparkFault


class Exit(IntEnum):
    """What the shell is told."""

    DONE = 0
    FOUND = 1
    USAGE = 2
    NETWORK = 3
    KEY = 4
    LIMIT = 5
    REFUSED = 6
    FORBIDDEN = 7
    BUG = 70
    HANGUP = 129
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Exit.DONE: "done as asked (also: nothing to undo, accepted before)",
    Exit.FOUND: "the check found something",
    Exit.USAGE: "wrong usage or settings, unknown hunk",
    Exit.NETWORK: "the network or the model failed",
    Exit.KEY: "the key is missing or was refused",
    Exit.LIMIT: "a limit of time, tokens or size was reached",
    Exit.REFUSED: "refused or incomplete: policy, no place, conflict",
    Exit.FORBIDDEN: "the repository or the file system forbids it",
    Exit.BUG: "a bug of spark-tui",
    Exit.HANGUP: "the terminal hung up",
    Exit.INTERRUPTED: "interrupted (Ctrl+C)",
    Exit.BROKEN_PIPE: "nobody reads the output any more",
    Exit.TERMINATED: "terminated",
}

_WORDS = {
    "cut": Exit.LIMIT,
    "timeout": Exit.LIMIT,
    # why a commit was not made
    "operation": Exit.FORBIDDEN,
    "unmerged": Exit.FORBIDDEN,
    "identity": Exit.FORBIDDEN,
    "signing": Exit.FORBIDDEN,
    "no_git": Exit.FORBIDDEN,
    "index_locked": Exit.FORBIDDEN,
    "running": Exit.FORBIDDEN,
    "amend": Exit.FORBIDDEN,
    "pushed": Exit.FORBIDDEN,
    "foreign": Exit.FORBIDDEN,
}
"""Words which are no fault's; any other is a refusal."""


def of_code(code: str) -> Exit:
    """The exit code for a fault's or a turn's word; what is unknown is a refusal, never 0."""
    for fault in _tree(SparkFault):
        if fault.code == code:
            return Exit(fault.exit_code)
    return _WORDS.get(code, Exit.REFUSED)


def _tree(root: type[SparkFault]) -> Iterator[type[SparkFault]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _tree(kind)
