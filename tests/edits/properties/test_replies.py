"""What must hold for every reply and every file."""

from __future__ import annotations

from functools import partial
from itertools import permutations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Changeset, Edit, Placed, Unplaced
from spark_tui.edits.compose import clash, compose, in_order
from spark_tui.edits.demux import Demux
from spark_tui.edits.formats.signals import Said, Trouble
from spark_tui.edits.pieces import (
    Closed,
    HunkGrew,
    HunkOpened,
    HunkPending,
    HunkPlaced,
    HunkTyping,
    HunkUnplaced,
    HunkWaiting,
    Issue,
    Piece,
    Prose,
)
from spark_tui.edits.reader import EditStream
from spark_tui.edits.snapshot import Snapshot
from spark_tui.edits.tree import is_file
from tests.support.made_replies import FILE, REPLY, WORDS, Part, cut, lanes, play_parts
from tests.support.replies import MemoryTree, facts, hunks_of, play

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)


def tree_with(text: str) -> MemoryTree:
    """A file `a.py` of this text and others that replies may name."""
    files = {"a.py": text.encode(), "b.py": b"x = 1\n", "a/b.py": b"a\nb\n", "x": b"a\n"}
    return MemoryTree(files, unread=["b.py"])


def check_chunks(reply: str, text: str, places: list[int]) -> None:
    tree = tree_with(text)
    at_once, changeset = play(tree, [reply])
    for chunks in (list(reply), cut(reply, places)):
        pieces, same = play(tree, chunks)
        assert facts(pieces) == facts(at_once)
        assert same == changeset


CUTS = st.lists(st.integers(0, 800), max_size=6)


@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(REPLY, FILE, CUTS)
def test_chunks_never_matter(reply: str, text: str, places: list[int]) -> None:
    check_chunks(reply, text, places)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None, suppress_health_check=SLOW)
@given(REPLY, FILE, CUTS)
def test_chunks_never_matter_in_many_replies(reply: str, text: str, places: list[int]) -> None:
    check_chunks(reply, text, places)


def check_lanes(parts: list[Part], text: str, places: list[int]) -> None:
    tree = tree_with(text)
    at_once, changeset = play_parts(tree, parts)
    finer = [[(lane, chunk) for lane, part in parts for chunk in list(part)]]
    finer += [[(lane, chunk) for lane, part in parts for chunk in cut(part, places)]]
    for chunks in finer:
        pieces, same = play_parts(tree, chunks)
        assert facts(pieces) == facts(at_once)
        assert same == changeset


SHORT_CUTS = st.lists(st.integers(0, 60), max_size=6)


@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
@given(lanes(), FILE, SHORT_CUTS)
def test_chunks_never_matter_where_lanes_take_turns(
    parts: list[Part], text: str, places: list[int]
) -> None:
    check_lanes(parts, text, places)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, suppress_health_check=SLOW)
@given(lanes(), FILE, SHORT_CUTS)
def test_chunks_never_matter_where_lanes_take_turns_in_many_replies(
    parts: list[Part], text: str, places: list[int]
) -> None:
    check_lanes(parts, text, places)


def check_story(pieces: list[Piece], changeset: Changeset, tree: MemoryTree) -> None:
    """Each hunk is opened, grows and has one verdict; nothing is said that is not so."""
    opened: dict[int, HunkOpened] = {}
    old: dict[int, list[str]] = {}
    pending: dict[int, int] = {}
    waiting: set[int] = set()
    verdicts: dict[int, HunkPlaced | HunkUnplaced] = {}
    assert [piece for piece in pieces if isinstance(piece, Closed)] == pieces[-1:]
    for piece in pieces:
        if isinstance(piece, HunkGrew | HunkTyping | HunkPending | HunkWaiting):
            assert piece.hunk in opened
            assert piece.hunk not in verdicts
            assert piece.hunk not in waiting
        match piece:
            case HunkOpened(hunk):
                assert hunk not in opened
                assert hunk == len(opened) + 1
                opened[hunk] = piece
            case HunkGrew(hunk, sign, text):
                if sign != "+":
                    old.setdefault(hunk, []).append(text)
            case HunkPending(hunk, line):
                assert hunk not in pending
                pending[hunk] = line
                base = tree.on_disk(opened[hunk].path)
                assert base is not None
                grown = old[hunk]
                assert list(base.lines[line : line + len(grown)]) == grown
            case HunkWaiting(hunk):
                waiting.add(hunk)
            case HunkPlaced(hunk) | HunkUnplaced(hunk):
                assert hunk in opened
                assert hunk not in verdicts
                verdicts[hunk] = piece
            case Prose(text):
                assert text
            case _:
                pass
    assert set(verdicts) == set(opened)
    assert [hunk.number for hunk in changeset.hunks] == sorted(opened)
    for found in changeset.hunks:
        said = verdicts[found.number]
        assert found.place == (said.place if isinstance(said, HunkPlaced) else said.why)
    fatal = any(isinstance(piece, Issue) and piece.fatal for piece in pieces)
    assert pieces[-1] == Closed(changeset.complete)
    assert not (fatal and changeset.complete)
    for path in {hunk.path for hunk in changeset.hunks}:
        mine = [hunk for hunk in changeset.hunks if hunk.path == path]
        edits = [e for h in mine if isinstance(h.place, Placed) for e in h.place.edits]
        in_order(edits)
        base = tree.on_disk(path)
        assert all(edit.end <= len(base.lines if base else ()) for edit in edits)


@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(REPLY, FILE)
def test_every_hunk_has_one_verdict_and_nothing_is_taken_back(reply: str, text: str) -> None:
    tree = tree_with(text)
    check_story(*play(tree, list(reply)), tree)


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(lanes(), FILE, st.integers(0, 3))
def test_the_same_in_several_lanes_and_with_late_answers(
    parts: list[Part], text: str, late: int
) -> None:
    tree = tree_with(text)
    check_story(*play_parts(tree, parts, answers_after=late), tree)


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(REPLY, FILE, st.integers(0, 30), CUTS)
def test_a_late_answer_changes_nothing_in_one_lane(
    reply: str, text: str, late: int, places: list[int]
) -> None:
    tree = tree_with(text)
    parts = [("text", chunk) for chunk in cut(reply, places)]
    _, changeset = play_parts(tree, parts, answers_after=late)
    assert changeset == play(tree, [reply])[1]


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(REPLY, FILE)
def test_nothing_is_complete_before_the_end_or_without_the_word_of_the_wire(
    reply: str, text: str
) -> None:
    tree = tree_with(text)
    stream = EditStream(tree)
    for sign in reply:
        stream.feed(sign)
        assert not stream.changeset.complete
    assert not play(tree, [reply], complete=False)[1].complete


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(REPLY, FILE)
def test_a_reply_without_an_edit_is_prose_sign_for_sign(reply: str, text: str) -> None:
    demux = Demux(partial(is_file, tree_with(text)))
    signals = [*demux.feed(reply), *demux.end()]
    if not demux.found and not any(isinstance(s, Trouble) for s in signals):
        assert "".join(s.text for s in signals if isinstance(s, Said)) == reply


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
