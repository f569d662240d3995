"""The work for a reply grows with its length, whatever is in it.

Work is counted, not timed: each line of code that is run, each turn of a loop being one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from spark_tui.edits.demux import Demux
from spark_tui.edits.formats.signals import Said, Typing
from spark_tui.edits.reader import EditStream
from tests.support.replies import MemoryTree

SIZE = 200
"""Half of the larger reply: enough for a square to stand out."""
MOST = 2.6
"""Times as much for a reply twice as long; a square would be 4."""
FILES = {
    "a.py": b"".join(b"line %d\n" % i for i in range(700)),
    "same.txt": b"x\n" * 40 + b"middle\n",
    "a.md": b"a\n",
}


class Steps:
    """Counts lines of code that are run."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, arg: object) -> Steps:
        self.count += 1
        return self


def work(reply: str, size: int, lane: str) -> int:
    """Lines of code that it takes to read the reply in chunks of so many characters."""
    chunks = [reply[i : i + size] for i in range(0, len(reply), size)]
    stream = EditStream(MemoryTree(FILES))
    steps, before = Steps(), sys.gettrace()
    sys.settrace(steps)
    try:
        for chunk in chunks:
            stream.feed(chunk, lane)
        stream.close(complete=True)
    finally:
        sys.settrace(before)
    return steps.count


def patch(body: str) -> str:
    return f"*** Begin Patch\n*** Update File: a.py\n{body}*** End Patch\n"


def diff(body: str) -> str:
    return f"```diff\n--- a/a.py\n+++ b/a.py\n{body}```\n"


def block(old: str, new: str) -> str:
    return f"a.py\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"


def each(n: int, form: str) -> str:
    return "".join(form.format(i=i) for i in range(n))


LONG_LINES: dict[str, str] = {
    "prose": "some words ",
    "one word": "w",
    "a fence": "```",
    "blanks": " ",
    "tabs": "\t",
    "a marker": "*** Update File: ",
    "a patch": "*** Update File: a.py\n+",
    "a patch, kept": "*** Update File: a.py\n ",
    "a new file": "*** Add File: n.py\n+",
    "a block": "a.py\n<<<<<<< SEARCH\n",
    "a diff": "--- a/a.py\n+++ b/a.py\n@@\n+",
    "a name of a diff": "--- ",
    "a whole file": "a.py\n```\n",
}

SHAPES: dict[str, Callable[[int], str]] = {
    "long prose": lambda n: each(n, "Words that say something about {i}, at length.\n"),
    "words": lambda n: each(n, "word{i}\n"),
    "paths": lambda n: each(n, "src/file{i}.py\n"),
    "blank lines": lambda n: "word\n" + "\n" * n,
    "blank lines in a fence": lambda n: "```\n" + "\n" * n,
    "blank lines in the fence of a file": lambda n: "n.py\n```\n" + "\n" * n,
    "fences": lambda n: "```\n" * n,
    "fences below paths": lambda n: each(n, "n{i}.py\n```py\nx\n```\n"),
    "a fence without end": lambda n: "```python\n" + each(n, "x = {i}\n"),
    "a file without end": lambda n: "n.py\n```python\n" + each(n, "x = {i}\n"),
    "fences in fences": lambda n: "a.md\n````md\n" + "```x\n" * n + "```\n" * n + "````\n",
    "bare fences in fences": lambda n: "a.md\n```md\n" + "```\n" * n,
    "lines that may open a diff": lambda n: each(n, "--- {i}\n"),
    "headers of diffs": lambda n: each(n, "--- a/{i}\n+++ b/{i}\n"),
    "headers of git": lambda n: each(n, "diff --git a/{i} b/{i}\n"),
    "lines that may open a block": lambda n: "<<<<<<< HEAD\n" * n,
    "tiny hunks of a patch": lambda n: patch(each(n, "@@\n-line {i}\n+x\n")),
    "tiny hunks of a diff": lambda n: diff(each(n, "@@ -1 +1 @@\n-line {i}\n+x\n")),
    "tiny blocks": lambda n: "".join(block(f"line {i}\n", "x\n") for i in range(n)),
    "hunks that are not found": lambda n: patch(each(n, "@@\n-nothing {i}\n+x\n")),
    "hunks on the same line": lambda n: patch("@@\n-line 7\n+x\n" * n),
    "one long hunk": lambda n: patch("@@\n" + each(n, " line {i}\n") + "+x\n"),
    "one long block": lambda n: block(each(n, "line {i}\n"), each(n, "new {i}\n")),
    "a rewrite": lambda n: "a.py\n```\n" + each(n, "line {i}\nnew\n") + "```\n",
    "many dividers": lambda n: block("a\n" + "=======\n" * n, "b\n"),
    "added lines that look like headers": lambda n: diff("@@\n" + each(n, "--- {i}\n+++ {i}\n")),
    "blank lines behind a diff": lambda n: (
        "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y\n" + "\n" * n
    ),
    "stacked headers": lambda n: patch("@@ line 5\n" * n + "-line 6\n"),
    "end markers behind a blank": lambda n: patch("-line 6\n" + " *** End Patch\n" * n),
    "empty envelopes": lambda n: "*** Begin Patch\n*** End Patch\n" * n,
    "new files": lambda n: patch(each(n, "*** Add File: n{i}.py\n+x\n")),
    "moves": lambda n: patch(each(n, "*** Update File: a.py\n*** Move to: m{i}.py\n")),
    "refused paths": lambda n: patch(each(n, "*** Delete File: ../{i}\n")),
}

ARGUMENTS: dict[str, Callable[[int], str]] = {
    "a patch": lambda n: json.dumps({"input": patch(each(n, "@@\n-line {i}\n+x\n"))}),
    "escapes": lambda n: json.dumps({"input": "\U0001f600é\n" * n}),
    "many texts": lambda n: json.dumps({"edits": [block(f"line {i}\n", "x\n") for i in range(n)]}),
    "depth": lambda n: "[" * n + "]" * n,
    "a long name and colons": lambda n: '{"' + "x" * n + '"' + ":" * n,
    "commas": lambda n: '{"input": [' + "," * n,
}


def check(make: Callable[[int], str], size: int, chunk: int, lane: str = "text") -> None:
    less, more = (work(make(n), chunk, lane) for n in (size, 2 * size))
    assert more <= MOST * less, (less, more)


@pytest.mark.parametrize("name", SHAPES)
def test_work_grows_with_the_reply(name: str) -> None:
    check(SHAPES[name], SIZE, 5)


@pytest.mark.parametrize("name", LONG_LINES)
def test_of_a_long_line_little_is_looked_at(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = LONG_LINES[name]
    line = start + (start if name in ("blanks", "tabs") else "y") * 20_000
    demux = Demux(lambda path: path == "a.py")
    seen: list[int] = []
    may_matter = demux._may_matter

    def watched(text: str) -> bool:
        seen.append(len(text))
        return may_matter(text)

    monkeypatch.setattr(demux, "_may_matter", watched)
    said = 0
    for i in range(0, len(line), 4):
        for signal in demux.feed(line[i : i + 4]):
            match signal:
                case Typing(_, text):
                    seen.append(len(text))
                case Said(text):
                    said += len(text)
                case _:
                    pass
    assert seen
    assert max(seen) <= 1024
    for signal in demux.end():
        said += len(signal.text) if isinstance(signal, Said) else 0
    assert said in (0, len(line))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_work_grows_with_the_arguments_of_a_call(name: str) -> None:
    check(ARGUMENTS[name], SIZE, 3, "json:1")


@pytest.mark.parametrize("size", [1, 50, 100_000])
def test_small_chunks_cost_little_more(size: int) -> None:
    reply = "Words.\n" * 50 + SHAPES["tiny hunks of a patch"](SIZE)
    assert work(reply, size, "text") <= 80 * len(reply) + work(reply, len(reply), "text")
