"""What must hold for every reply and every file."""

from __future__ import annotations

from itertools import permutations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Edit, Placed, Unplaced
from spark_tui.edits.compose import clash, compose, in_order
from spark_tui.edits.pieces import HunkPlaced, HunkUnplaced
from spark_tui.edits.snapshot import Snapshot
from tests.support.replies import MemoryTree, facts, hunks_of, play

WORDS = ["", "a", "b", "  a", "  b", "\ta", "x = 1", "    x = 1", "def f():", "=======", "}", "é  "]
FRAGMENTS = st.sampled_from(
    [
        "*** Begin Patch\n",
        "*** Update File: a.py\n",
        "*** Update File: a/b.py\n",
        "*** Add File: new.py\n",
        "*** Delete File: a.py\n",
        "*** Move to: c.py\n",
        "*** End of File\n",
        "*** End Patch\n",
        " *** End Patch\n",
        "@@\n",
        "@@ def f():\n",
        "@@ -3,2 +3,2 @@\n",
        "a.py\n",
        "```python\n",
        "```\n",
        "<<<<<<< SEARCH\n",
        "=======\n",
        ">>>>>>> REPLACE\n",
        "EOF\n",
        "apply_patch <<'EOF'\n",
        "some words here\n",
        "\n",
        "   \n",
        "word\n",
        "#### a.py:\r\n",
        "*** ",
        "<<<",
        "`",
        *(sign + word + "\n" for sign in (" ", "-", "+", "") for word in WORDS),
    ]
)
FILE = st.lists(st.sampled_from(WORDS), max_size=12).map(
    lambda lines: "".join(f"{x}\n" for x in lines)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(FRAGMENTS, max_size=25), FILE, st.data())
def test_chunks_never_matter(fragments: list[str], text: str, data: st.DataObject) -> None:
    reply = "".join(fragments)
    tree = MemoryTree({"a.py": text.encode(), "b.py": b"x = 1\n"}, unread=["b.py"])
    at_once, changeset = play(tree, [reply])
    by_sign, same = play(tree, list(reply))
    assert facts(by_sign) == facts(at_once)
    assert same == changeset
    cuts = sorted(data.draw(st.lists(st.integers(0, len(reply)), max_size=6)))
    chunks = [reply[a:b] for a, b in zip([0, *cuts], [*cuts, len(reply)], strict=True)]
    assert facts(play(tree, chunks)[0]) == facts(at_once)


@settings(max_examples=150, deadline=None)
@given(st.lists(FRAGMENTS, max_size=25), FILE)
def test_every_hunk_gets_one_verdict_and_placed_ones_fit_together(
    fragments: list[str], text: str
) -> None:
    tree = MemoryTree({"a.py": text.encode()})
    pieces, changeset = play(tree, ["".join(fragments)])
    told = [p.hunk for p in pieces if isinstance(p, HunkPlaced | HunkUnplaced)]
    assert sorted(told) == [hunk.number for hunk in changeset.hunks]
    edits = [
        edit
        for hunk in changeset.hunks
        if hunk.path == "a.py" and isinstance(hunk.place, Placed)
        for edit in hunk.place.edits
    ]
    in_order(edits)


def patch_of(lines: list[str], start: int, end: int, new: list[str], context: int) -> str:
    above = lines[max(0, start - context) : start]
    below = lines[end : end + context]
    body = [*(f" {x}" for x in above), *(f"-{x}" for x in lines[start:end])]
    body += [*(f"+{x}" for x in new), *(f" {x}" for x in below)]
    return "*** Begin Patch\n*** Update File: a.py\n@@\n" + "\n".join(body) + "\n*** End Patch\n"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14), st.data())
def test_a_place_is_the_right_one_or_refused(lines: list[str], data: st.DataObject) -> None:
    """An edit copied exactly from the file lands where it was meant, or nowhere."""
    start = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    new = data.draw(st.lists(st.sampled_from(["new", "  new", "other"]), max_size=3))
    context = data.draw(st.integers(0, 3))
    reply = patch_of(lines, start, end, new, context)
    assume(start != end or (new and context and (start or end < len(lines))))
    text = "".join(f"{x}\n" for x in lines)
    hunks = hunks_of(MemoryTree({"a.py": text.encode()}), reply)
    assert len(hunks) == 1
    place = hunks[0].place
    if isinstance(place, Unplaced):
        assert place.code == "ambiguous"
        return
    wanted = "".join(f"{x}\n" for x in [*lines[:start], *new, *lines[end:]])
    base = Snapshot.of("a.py", text.encode())
    assert compose(base, place.edits).decode() == wanted


@settings(max_examples=200, deadline=None)
@given(FILE, st.lists(st.sampled_from(WORDS), min_size=1, max_size=5), FILE)
def test_a_search_side_that_stands_twice_is_never_placed(
    before: str, search: list[str], between: str
) -> None:
    assume(any(line.strip() for line in search) and "=======" not in search)
    twice = "".join(f"{line}\n" for line in search)
    doubled = before + twice + between + twice
    block = "\n".join(["a.py", "<<<<<<< SEARCH", *search, "=======", "new", ">>>>>>> REPLACE", ""])
    (hunk,) = hunks_of(MemoryTree({"a.py": doubled.encode()}), block)
    assert isinstance(hunk.place, Unplaced)
    assert hunk.place.code == "ambiguous"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), max_size=10),
    st.lists(
        st.tuples(
            st.integers(0, 10), st.integers(0, 4), st.lists(st.sampled_from(WORDS), max_size=2)
        ),
        max_size=4,
    ),
)
def test_acceptance_in_any_order_gives_the_same_file(
    lines: list[str], drawn: list[tuple[int, int, list[str]]]
) -> None:
    base = Snapshot.of("a", "".join(f"{x}\n" for x in lines).encode())
    edits: list[Edit] = []
    for start, size, new in drawn:
        edit = Edit(min(start, len(lines)), min(start + size, len(lines)), tuple(new))
        if not any(clash(edit, other) for other in edits):
            edits.append(edit)
    assert len({compose(base, order) for order in permutations(edits)}) == 1
