"""Events survive JSON and the disk; a journal cut anywhere folds to the events that are whole."""

from __future__ import annotations

import typing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Edit, Flag, Kind, Placed, Quality, Unplaced
from spark_tui.session import encoding
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, Durability, Event, HunkId, Outcome
from spark_tui.session.journal import Journal, replay
from spark_tui.session.state import SessionState

text = st.text(st.characters(), max_size=20)
ids = st.builds(lambda t, h: HunkId(f"t{t}h{h}"), st.integers(1, 3), st.integers(1, 3))
edits = st.builds(
    Edit, st.integers(0, 9), st.integers(0, 9), st.lists(text).map(tuple), st.none() | st.booleans()
)
places = st.builds(
    Placed,
    st.integers(0, 9),
    st.integers(0, 9),
    st.lists(edits, max_size=3).map(tuple),
    st.sampled_from(Quality),
    st.just(1.0),
    st.frozensets(st.sampled_from(Flag)),
    st.booleans(),
)
facts: st.SearchStrategy[Event] = st.one_of(
    st.builds(ev.SessionOpened, text, text, st.just(1.5)),
    st.builds(ev.TurnStarted, st.integers(1, 3), text, text, text,
              st.lists(st.builds(ev.FileSent, text, text, st.integers(0, 9), text)).map(tuple),
              st.integers(0, 9), st.just(2.0)),
    st.builds(ev.Said, st.integers(1, 3), text),
    st.builds(ev.HunkOpened, ids, st.integers(1, 3), text, st.sampled_from(Kind)),
    st.builds(ev.HunkGrew, ids, st.sampled_from([" ", "-", "+", "?"]), text),
    st.builds(ev.HunkPlaced, ids, st.none() | text, places, st.integers(0, 9), st.integers(0, 9)),
    st.builds(ev.HunkUnplaced, ids, st.none(), st.builds(Unplaced, text, text)),
    st.builds(ev.HunkReshaped, ids, text, st.lists(
        st.builds(ev.HunkPart, ids, places, st.integers(0, 9), st.integers(0, 9), text),
        max_size=3).map(tuple), text),
    st.builds(ev.HunksAnchored, st.lists(
        st.builds(ev.Anchor, ids, text, st.none() | places, st.integers(-9, 9), text),
        max_size=3).map(tuple)),
    st.builds(ev.HunksDecided, st.lists(ids).map(tuple), st.sampled_from(Decision)),
    st.builds(ev.FilesWritten, st.integers(1, 9), text, st.lists(ids).map(tuple),
              st.lists(st.builds(ev.Written, text, st.none() | text, text)).map(tuple), text),
    st.builds(ev.TurnEnded, st.integers(1, 3), st.sampled_from(Outcome),
              st.builds(ev.TokenUse, st.integers(0, 9)), st.just(3.0), text),
    st.builds(ev.TurnUndone, st.integers(1, 3), st.lists(ids).map(tuple)),
    st.builds(ev.Noticed, text, text, text),
)  # fmt: skip


@given(facts)
def test_an_event_survives_json(event: Event) -> None:
    import json

    assert encoding.decode(json.loads(json.dumps(encoding.encode(event)))) == event


def test_every_event_has_a_durability() -> None:
    for kind in typing.get_args(Event):
        assert isinstance(kind.durability, Durability), kind


def test_an_unknown_kind_is_left_out() -> None:
    assert encoding.decode({"e": "FromTheFuture", "x": 1}) is None


@settings(max_examples=25)
@given(st.lists(facts, max_size=12), st.integers(0, 2000))
def test_a_cut_journal_folds_to_its_whole_events(events: list[Event], cut: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        journal = Journal(path)
        for event in events:
            journal.append(event)
            journal.flush()
        journal.close()
        data = path.read_bytes()
        whole = list(replay(path))
        path.write_bytes(data[: min(cut, len(data))])
        part = list(replay(path))
        assert part == whole[: len(part)]
        state = SessionState()
        for event in part:
            state.apply(event)
        again = Journal(path)
        again.append(ev.Noticed("info", "back", ""))
        again.close()
        assert list(replay(path))[-1] == ev.Noticed("info", "back", "")


def test_runs_of_prose_are_one_line_and_views_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    for part in ("a", "b", "c"):
        journal.append(ev.Said(1, part))
        journal.append(ev.HunkTyping(HunkId("t1h1"), "+", part))
    journal.close()
    assert list(replay(tmp_path / "j")) == [ev.Said(1, "abc")]


def test_the_journal_is_private(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "j")
    journal.close()
    assert (tmp_path / "deep" / "j").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "deep").stat().st_mode & 0o777 == 0o700
