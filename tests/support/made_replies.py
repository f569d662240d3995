"""Replies for property tests: pieces that may stand in one, lanes, and ways to cut them.

The rule kept here: everything is drawn from small alphabets, so that paths, lines and markers meet
by chance; nothing here knows what a reply ought to come to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from hypothesis import strategies as st

from spark_tui.edits.changeset import Changeset
from spark_tui.edits.pieces import NeedFile, Piece
from spark_tui.edits.reader import EditStream
from tests.support.replies import MemoryTree

WORDS = ["", "a", "b", "  a", "  b", "\ta", "x = 1", "    x = 1", "def f():", "=======", "}", "é  "]
PATCHES = [
    "*** Begin Patch",
    "*** Update File: a.py",
    "*** Update File: a/b.py",
    "*** Add File: new.py",
    "*** Delete File: a.py",
    "*** Move to: c.py",
    "*** End of File",
    "*** End Patch",
    " *** End Patch",
    "@@",
    "@@ def f():",
    "@@ -3,2 +3,2 @@",
]
BLOCKS = ["<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "<<<<< SEARCH", "<<<<<<< HEAD"]
DIFFS = [
    "diff --git a/a.py b/a.py",
    'diff --git "a/caf\\303\\251" "b/caf\\303\\251"',
    "index 1234567..89abcde 100644",
    "--- a/a.py",
    "+++ b/a.py",
    "--- b.py",
    "+++ b.py\t2026-01-01",
    "--- /dev/null",
    "+++ /dev/null",
    "+++ b/new.py",
    "@@ -1,2 +1,2 @@ def f():",
    "@@ -1 +1 @@",
    "@@ -0,0 +1,2 @@",
    "\\ No newline at end of file",
    "rename from a.py",
    "rename to c.py",
    "old mode 100644",
    "new mode 100755",
    "new file mode 100755",
    "deleted file mode 100644",
    "Binary files a/a.py and b/a.py differ",
    "--- comment",
    "+++ added",
    "---",
]
FENCES = ["```", "```python", "```diff", "````", "````md", "~~~", "  ```", "```sh"]
AROUND = [
    "a.py",
    "b.py",
    "**new.py**",
    "#### a.py:",
    "`docs/x.md`",
    "README.md",
    "x",
    "Node.js",
    "Before/After",
    "EOF",
    "apply_patch <<'EOF'",
    "some words here",
    "# ... existing code ...",
    "- a point",
    "",
    "   ",
    "word",
]
BODY = [sign + word for sign in (" ", "-", "+", "") for word in WORDS]
LINE = st.one_of(
    *(st.sampled_from(kind) for kind in (PATCHES, BLOCKS, DIFFS, FENCES, AROUND, BODY, BODY))
)
STRAY = st.sampled_from(["*** ", "<<<", "`", "\r", "--- ", "diff --git", "\t" * 310, " " * 1100])
FRAGMENT = st.one_of(
    LINE.map(lambda line: f"{line}\n"),
    LINE.map(lambda line: f"{line}\n"),
    LINE.map(lambda line: f"{line}\n"),
    LINE.map(lambda line: f"{line}\r\n"),
    STRAY,
)
REPLY = st.lists(FRAGMENT, max_size=25).map("".join)
FILE = st.lists(st.sampled_from(WORDS), max_size=12).map(
    lambda lines: "".join(f"{x}\n" for x in lines)
)

Part = tuple[str, str]
"""A lane and some text of it."""


@st.composite
def arguments(draw: st.DrawFn) -> str:
    """The arguments of a function call; often sound JSON, sometimes cut or spoilt."""
    name = draw(st.sampled_from(["input", "patch", "edits", "path", "other"]))
    texts = draw(st.lists(REPLY, min_size=1, max_size=2))
    whole = json.dumps(
        {"n": 1, name: texts if draw(st.booleans()) else texts[0], "text": draw(REPLY)},
        ensure_ascii=draw(st.booleans()),
    )
    match draw(st.sampled_from(["sound", "sound", "cut", "spoilt", "pairs"])):
        case "cut":
            return whole[: draw(st.integers(0, len(whole)))]
        case "spoilt":
            at = draw(st.integers(0, len(whole)))
            return whole[:at] + draw(st.sampled_from('"\\{}[],:\0')) + whole[at:]
        case "pairs":
            return whole.replace("a", draw(st.sampled_from(["\\ud83d\\ude00", "\\ud83d", "\\u00"])))
        case _:
            return whole


@st.composite
def lanes(draw: st.DrawFn) -> list[Part]:
    """Several parts of one reply, as they may come in turns."""
    whole = {
        "text": draw(REPLY),
        "text/1": draw(REPLY),
        "call:1": draw(REPLY),
        "json:1": draw(arguments()),
    }
    parts: list[Part] = []
    left = {name: text for name, text in whole.items() if text and draw(st.booleans())}
    while left:
        name = draw(st.sampled_from(sorted(left)))
        size = draw(st.integers(1, 60))
        parts.append((name, left[name][:size]))
        left[name] = left[name][size:]
        if not left[name]:
            del left[name]
    return parts


def cut(text: str, places: Iterable[int]) -> list[str]:
    """The text in chunks."""
    cuts = sorted({min(place, len(text)) for place in places})
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]


def play_parts(
    tree: MemoryTree, parts: Iterable[Part], *, answers_after: int = 0
) -> tuple[list[Piece], Changeset]:
    """All pieces of a reply in several lanes. Files are given so many parts after the question."""
    stream = EditStream(tree)
    pieces: list[Piece] = []
    asked: list[tuple[int, str]] = []

    def take(more: Sequence[Piece], now: int) -> None:
        for piece in more:
            pieces.append(piece)
            if isinstance(piece, NeedFile):
                asked.append((now + answers_after, piece.path))
        while asked and asked[0][0] <= now:
            _, path = asked.pop(0)
            take(stream.provide(path, tree.on_disk(path)), now)

    now = 0
    for lane, text in parts:
        now += 1
        take(stream.feed(text, lane), now)
    take([], now + answers_after)
    take(stream.close(complete=True), now + answers_after)
    return pieces, stream.changeset
