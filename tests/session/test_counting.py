"""Counts from journals: the same as the folded state says, whatever else is in the file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Edit, Kind, Placed, Unplaced
from spark_tui.session import encoding
from spark_tui.session import events as ev
from spark_tui.session.counting import Key, LeftOut, Row, count, count_all, fold, turns_of
from spark_tui.session.events import Decision, Event, HunkId, Outcome, TokenUse, TurnFigures
from spark_tui.session.journal import replay
from spark_tui.session.opening import worktree_state_dir
from spark_tui.session.state import SessionState, Status

H = HunkId
PLACE = Placed(0, 1, (Edit(0, 1, ("a",)),))
THERE = Placed(0, 1, (), already=True)


def lines(events: Iterable[Event]) -> bytes:
    head = json.dumps({"format": encoding.VERSION})
    body = [json.dumps(encoding.encode(e), separators=(",", ":")) for e in events]
    return "\n".join([head, *body, ""]).encode()


def opened(at: float = 1.0) -> ev.SessionOpened:
    return ev.SessionOpened("s", "/repo", at)


def turn(number: int, model: str = "spark", *, at: float = 2.0, refines: str = "") -> Event:
    return ev.TurnStarted(number, "do it", "fast", model, (), 9, at, refines=refines)


def hunk(name: str, *, placed: bool = True) -> list[Event]:
    number = int(name[1 : name.index("h")])
    open_ = ev.HunkOpened(H(name), number, "a.py", Kind.EDIT)
    if placed:
        return [open_, ev.HunkPlaced(H(name), None, PLACE, 1, 1)]
    return [open_, ev.HunkUnplaced(H(name), None, Unplaced("no_match", "nowhere"))]


def ended(number: int, use: TokenUse | None = None) -> Event:
    return ev.TurnEnded(number, Outcome.COMPLETE, use or TokenUse(), 900.0)


def measured(number: int, ttft_ms: float = 5.0, cost: float | None = None) -> Event:
    figures = TurnFigures(ttft_ms=ttft_ms, cost=cost, wire="responses-ws", edit_format="v4a")
    return ev.TurnMeasured(number, figures)


@pytest.fixture
def home(environ: dict[str, str]) -> Path:
    """The state folder of the work tree /repo."""
    return worktree_state_dir(environ, Path("/repo"))


def keep(home: Path, session: str, data: bytes) -> Path:
    path = home / "sessions" / session / "journal.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return path


def only(rows: dict[Key, Row]) -> Row:
    (row,) = rows.values()
    return row


# -- the claim ---------------------------------------------------------------------------
ids = st.builds(lambda t, h: H(f"t{t}h{h}"), st.integers(1, 3), st.integers(1, 3))
some = st.lists(ids, max_size=3, unique=True).map(tuple)
parts = st.lists(st.builds(ev.HunkPart, st.builds(lambda h, n: H(f"{h}.{n}"), ids,
                 st.integers(1, 2)), st.just(PLACE), st.just(1), st.just(1)), max_size=2,
                 unique_by=lambda part: part.hunk).map(tuple)  # fmt: skip
numbers = st.integers(1, 3)
facts: st.SearchStrategy[Event] = st.one_of(
    st.builds(turn, numbers, st.sampled_from(["spark", "smart", ""]),
              at=st.floats(0, 10), refines=st.just("") | ids),
    st.builds(ev.HunkOpened, ids, numbers, st.just("a.py"), st.sampled_from(Kind)),
    st.builds(ev.HunkGrew, ids, st.sampled_from(["-", "+"]), st.text(max_size=5)),
    st.builds(ev.HunkPlaced, ids, st.none(), st.sampled_from([PLACE, THERE]), st.just(1),
              st.just(1)),
    st.builds(ev.HunkUnplaced, ids, st.none(), st.just(Unplaced("x", "y"))),
    st.builds(ev.HunksDecided, some, st.sampled_from(Decision),
              st.sampled_from(["person", "policy", "undo", "redo"])),
    st.builds(ev.HunksConflicted, some, st.just("differs")),
    st.builds(ev.HunkSuperseded, ids, ids),
    st.builds(ev.HunkReshaped, ids, st.just("split"), parts),
    st.builds(ev.TurnUndone, numbers, some),
    st.builds(ev.Committed, st.just("abc"), st.just("x"), some, st.just(())),
    st.builds(ev.Said, numbers, st.text(max_size=5)),
    st.builds(ev.CheckpointSaved, st.just("c"), numbers, st.just(("a.py",))),
    st.builds(ev.Noticed, st.just("info"), st.text(max_size=5)),
    st.builds(ev.FirstToken, numbers, st.floats(1, 999)),
    st.builds(measured, numbers, cost=st.none() | st.just(0.25), ttft_ms=st.just(5.0)),
    st.builds(ev.TurnEnded, numbers, st.sampled_from(Outcome),
              st.builds(TokenUse, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
              st.just(1.0)),
)  # fmt: skip


def plainly(state: SessionState, since: float) -> dict[str, object]:
    """The same counts, told apart by nothing, from the whole state of a session."""
    turns = [t for t in state.turns.values() if t.at >= since]
    hunks = [state.hunks[h] for t in turns for h in state.standing(t.hunks)]
    return {
        "turns": len(turns),
        "outcomes": Counter(t.outcome.value if t.outcome else "unfinished" for t in turns),
        "hunks": Counter(h.status.value for h in hunks),
        "committed": sum(bool(h.committed) for h in hunks),
        "input": sum(t.usage.input for t in turns),
        "output": sum(t.usage.output for t in turns),
        "cost": sum(t.figures.cost or 0 for t in turns if t.figures),
    }


@settings(max_examples=150)
@given(st.lists(facts, max_size=25), st.sampled_from([0.0, 5.0]))
def test_a_journal_counts_as_its_folded_state(events: list[Event], since: float) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        path.write_bytes(lines([opened(), *events]))
        lean = fold(path, LeftOut())
        whole = SessionState()
        for event in replay(path):
            whole.apply(event)
    assert lean is not None
    total = Row()
    for row in count(lean, since=since).values():
        total.add(row)
    assert plainly(whole, since) == {
        "turns": total.turns, "outcomes": total.outcomes, "hunks": total.hunks,
        "committed": total.committed, "input": total.spent.input,
        "output": total.spent.output, "cost": total.spent.cost or 0,
    }  # fmt: skip


# -- what is counted -----------------------------------------------------------------------
def test_every_fate_of_a_hunk(home: Path, environ: dict[str, str]) -> None:
    told = [
        opened(), turn(1),
        *hunk("t1h1"), *hunk("t1h2"), *hunk("t1h3"), *hunk("t1h4", placed=False), *hunk("t1h5"),
        *hunk("t1h6"), *hunk("t1h7"),
        measured(1, ttft_ms=200.0, cost=0.5), ended(1, TokenUse(1000, 800, 60)),
        ev.HunksDecided((H("t1h1"), H("t1h7")), Decision.ACCEPTED),
        ev.HunksDecided((H("t1h2"),), Decision.REJECTED),
        ev.HunksConflicted((H("t1h5"),), "differs"),
        ev.Committed("abc", "x", (H("t1h1"),), ("a.py",)),
        ev.TurnUndone(1, (H("t1h7"),)),
        turn(2, refines="t1h3"), *hunk("t2h1"), ev.HunkSuperseded(H("t1h3"), H("t2h1")),
        measured(2, ttft_ms=400.0), ended(2, TokenUse(500, 0, 20, estimated=True)),
    ]  # fmt: skip
    keep(home, "a", lines(told))
    counted = count_all(environ, Path("/repo"))
    row = only(counted.rows)
    assert next(iter(counted.rows)) == Key("spark", "fast", "responses-ws", "v4a")
    assert row.hunks == {
        "accepted": 1, "rejected": 1, "superseded": 1, "unplaced": 1, "conflict": 1,
        "placed": 2, "undone": 1,
    }  # fmt: skip
    assert (row.refined, row.committed, row.turns) == (1, 1, 2)
    assert row.values["ttft_ms"] == [200.0, 400.0]
    assert (row.spent.cost, row.spent.unpriced, row.spent.estimated) == (0.5, 1, True)
    assert (counted.sessions, counted.worktrees, counted.left_out) == (1, 1, LeftOut())


def test_parts_count_in_place_of_their_whole(home: Path, environ: dict[str, str]) -> None:
    split = ev.HunkReshaped(
        H("t1h1"), "split", tuple(ev.HunkPart(H(f"t1h1.{n}"), PLACE, 1, 1) for n in (1, 2))
    )
    told = [opened(), turn(1), *hunk("t1h1"), split,
            ev.HunksDecided((H("t1h1.1"),), Decision.ACCEPTED), ended(1)]  # fmt: skip
    keep(home, "a", lines(told))
    assert only(count_all(environ, Path("/repo")).rows).hunks == {"accepted": 1, "placed": 1}


def test_models_and_sessions_are_told_apart(home: Path, environ: dict[str, str]) -> None:
    keep(home, "a", lines([opened(), turn(1), measured(1), ended(1)]))
    keep(home, "b", lines([opened(), turn(1, "smart"), ended(1), turn(2, ""), ended(2)]))
    other = worktree_state_dir(environ, Path("/elsewhere"))
    keep(other, "c", lines([opened(), turn(1), measured(1), ended(1)]))
    here, everywhere = count_all(environ, Path("/repo")), count_all(environ, None)
    assert sorted(key.model for key in here.rows) == ["", "smart", "spark"]
    assert (here.sessions, here.worktrees) == (2, 1)
    assert (everywhere.sessions, everywhere.worktrees) == (3, 2)
    assert sum(row.turns for row in everywhere.rows.values()) == 4


def test_only_what_began_since(home: Path, environ: dict[str, str]) -> None:
    told = [opened(), turn(1, at=100.0), *hunk("t1h1"), ended(1), turn(2, at=200.0), ended(2)]
    keep(home, "a", lines(told))
    counted = count_all(environ, Path("/repo"), since=150.0)
    assert only(counted.rows).turns == 1 and not only(counted.rows).hunks
    assert count_all(environ, Path("/repo"), since=300.0).sessions == 0


def test_a_journal_without_figures_still_counts(home: Path, environ: dict[str, str]) -> None:
    told = [opened(), turn(1), ev.FirstToken(1, 210.0), *hunk("t1h1"), ended(1)]
    keep(home, "a", lines(told))
    counted = count_all(environ, Path("/repo"))
    assert next(iter(counted.rows)) == Key("spark", "fast", "", "")
    assert only(counted.rows).values == {"ttft_ms": [210.0]}


def test_a_turn_that_never_ended_is_unfinished(home: Path, environ: dict[str, str]) -> None:
    told = [opened(), turn(1), ev.HunkOpened(H("t1h1"), 1, "a", Kind.EDIT)]
    keep(home, "a", lines(told))
    row = only(count_all(environ, Path("/repo")).rows)
    assert row.outcomes == {"unfinished": 1} and row.hunks == {Status.GROWING.value: 1}


# -- what is left out ------------------------------------------------------------------------
def test_damage_is_counted_and_the_rest_still_counts(home: Path, environ: dict[str, str]) -> None:
    good = lines([opened(), turn(1), *hunk("t1h1"), ended(1)])
    keep(home, "good", good)
    keep(home, "half", good + b'{"e":"Said","turn":1,"te')
    keep(home, "mended", good + b'{"e":"HunkGrew\n' + b"\n" + lines([turn(2), ended(2)])[13:])
    keep(home, "newer", good.replace(b'{"format": 1}', b'{"format": 2}'))
    keep(home, "empty", b"")
    keep(home, "headless", b'{"format": 1}\n')
    keep(home, "noise", bytes(range(256)) * 20)
    (home / "sessions" / "folder" / "journal.jsonl").mkdir(parents=True)
    counted = count_all(environ, Path("/repo"))
    assert counted.left_out == LeftOut(newer=1, unreadable=4, torn=2)
    assert counted.sessions == 3
    assert sum(row.turns for row in counted.rows.values()) == 4


def test_nothing_is_written_where_nothing_was(environ: dict[str, str], tmp_path: Path) -> None:
    environ["SPARK_TUI_STATE_DIR"] = str(tmp_path / "state")
    assert count_all(environ, tmp_path).rows == {}
    assert count_all(environ, None).rows == {}
    assert not (tmp_path / "state").exists()


def test_bulky_lines_are_not_even_parsed(
    home: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal is mostly lines of hunks and prose: those cost a look at their first bytes."""
    bulk: list[Event] = [ev.HunkGrew(H("t1h1"), "+", "x" * 50), ev.Said(1, "y" * 50)] * 500
    keep(home, "a", lines([opened(), turn(1), *hunk("t1h1"), *bulk, ended(1)]))
    parsed = 0
    loads = json.loads

    def counted_loads(*args: object) -> object:
        nonlocal parsed
        parsed += 1
        return loads(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("spark_tui.session.counting.json.loads", counted_loads)
    assert only(count_all(environ, Path("/repo")).rows).hunks == {"placed": 1}
    assert parsed == 6


def test_a_history_keeps_no_text(home: Path, environ: dict[str, str]) -> None:
    path = keep(home, "a", lines([opened(), turn(1), *hunk("t1h1"), ev.Said(1, "z"), ended(1)]))
    state = fold(path, LeftOut())
    assert state is not None
    place = state.hunks[H("t1h1")].place
    assert state.turns[1].prompt == "" and not state.turns[1].parts
    assert place is not None and place.edits == ()


def test_the_turns_of_the_other_sessions(home: Path, environ: dict[str, str]) -> None:
    for name in ("a", "b", "c"):
        keep(home, name, lines([opened(), turn(1), measured(1), ended(1)]))
    keep(home, "d", b"")
    turns, left_out = turns_of(environ, Path("/repo"), but="b")
    assert len(turns) == 2 and left_out == LeftOut(unreadable=1)
