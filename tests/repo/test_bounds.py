"""How much is kept: the oldest go, never what is needed; a kill at any step loses nothing else."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spark_tui.errors import GitFault
from spark_tui.repo.bounds import FLOOR, KEPT_ALWAYS, Bounds, Needs
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.run import Git
from spark_tui.repo.storage import Quiet, Stopped

KIB = 1 << 10
SIZE = 64 * KIB


@pytest.fixture
def store(tmp_path: Path, root: Path, environ: dict[str, str]) -> CheckpointStore:
    return CheckpointStore.open(tmp_path / "state", root, environ=environ)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time passes only between two saves."""
    clock = Clock()
    monkeypatch.setattr("spark_tui.repo.record.time", SimpleNamespace(time=clock))
    return clock


def fill(store: CheckpointStore, clock: Clock, count: int, session: str = "s") -> list[str]:
    ids = []
    for n in range(count):
        clock.now += 1
        ids.append(store.save(session, n, {"a": (os.urandom(SIZE), 0o644), "b": None}))
    return ids


def show(store: CheckpointStore, at: float) -> str:
    """A file as it was shown to a model at that moment."""
    digest = store.keep_blob(os.urandom(SIZE))
    os.utime(store.blobs_folder / digest[:2] / digest[2:], (at, at))
    return digest


def prune(bounds: Bounds, needs: Needs = Needs()) -> tuple[list[str], list[str]]:  # noqa: B008
    checkpoints: list[str] = []
    blobs: list[str] = []
    while doomed := bounds.plan(needs):
        gone = bounds.drop(doomed, needs)
        bounds.settle(gone)
        checkpoints += [info.id for info in gone.checkpoints]
        blobs += gone.blobs
    return checkpoints, blobs


def test_the_oldest_go_until_the_rest_fits(store: CheckpointStore, clock: Clock) -> None:
    ids = fill(store, clock, 40)
    most = 35 * SIZE
    bounds = Bounds(store, most, now=clock)
    assert bounds.is_over()
    gone, _ = prune(bounds)
    assert gone == ids[: len(gone)]
    assert most * 0.6 < bounds.count() <= most
    assert not bounds.is_over()
    assert [i.id for i in store.list()] == ids[len(gone) :]
    assert all(store.load(id) for id in ids[len(gone) :])
    assert prune(bounds) == ([], [])


def test_the_last_twenty_stay_whatever_they_take(store: CheckpointStore, clock: Clock) -> None:
    ids = fill(store, clock, KEPT_ALWAYS + 2)
    bounds = Bounds(store, 5 * SIZE, now=clock)
    assert prune(bounds) == (ids[:2], [])
    assert bounds.is_over()


def test_what_is_needed_stays(store: CheckpointStore, clock: Clock) -> None:
    first = fill(store, clock, 3, "unread")
    ids = fill(store, clock, KEPT_ALWAYS + 4)
    needs = Needs(frozenset({ids[1]}), sessions=frozenset({"unread"}))
    gone, _ = prune(Bounds(store, SIZE, now=clock), needs)
    assert gone == [ids[0], *ids[2:4]]
    assert {i.id for i in store.list()} == {*first, ids[1], *ids[4:]}


def test_files_as_shown_go_by_their_age(store: CheckpointStore, clock: Clock) -> None:
    ids = fill(store, clock, KEPT_ALWAYS)
    old, needed = (show(store, clock.now - 500) for _ in range(2))
    recent = show(store, clock.now - 5)
    bounds = Bounds(store, 22 * SIZE, now=clock)
    assert prune(bounds, Needs(blobs=frozenset({needed})))[1][0] == old
    assert store.blob(old) is None
    assert store.blob(needed) is not None
    tight = Bounds(store, SIZE, now=clock)
    assert prune(tight, Needs(blobs=None)) == ([], [])
    assert prune(tight, Needs(blobs=frozenset({needed})))[1] in ([recent], [])
    assert store.blob(recent) is None
    assert [i.id for i in store.list()] == ids


def test_a_file_that_is_shown_again_meanwhile_stays(store: CheckpointStore, clock: Clock) -> None:
    data = os.urandom(SIZE)
    digest = store.keep_blob(data)
    os.utime(store.blobs_folder / digest[:2] / digest[2:], (5, 5))
    bounds = Bounds(store, KIB, now=clock)
    doomed = bounds.plan(Needs())
    assert doomed.blobs == (digest,)
    assert store.keep_blob(data) == digest
    bounds.drop(doomed, Needs())
    assert store.blob(digest) == data


def test_what_became_needed_meanwhile_stays(store: CheckpointStore, clock: Clock) -> None:
    ids = fill(store, clock, KEPT_ALWAYS + 3)
    shown = show(store, 5)
    bounds = Bounds(store, SIZE, now=clock)
    doomed = bounds.plan(Needs())
    assert [i.id for i in doomed.checkpoints] == ids[:3]
    gone = bounds.drop(doomed, Needs(frozenset({ids[1]}), blobs=frozenset({shown})))
    assert ([i.id for i in gone.checkpoints], gone.blobs) == ([ids[0], ids[2]], ())
    bounds.settle(gone)
    assert store.load(ids[1])
    assert store.blob(shown) is not None


def test_no_limit_is_never_over(store: CheckpointStore, clock: Clock) -> None:
    fill(store, clock, KEPT_ALWAYS + 1)
    bounds = Bounds(store, 0, now=clock)
    assert not bounds.is_over()
    assert not bounds.plan(Needs())


def test_a_disk_with_little_room_gives_less(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = Bounds(store, 1 << 30)
    for free, limit in ((100 << 30, 1 << 30), (10 << 30, 512 << 20), (1 << 20, FLOOR)):
        found = SimpleNamespace(f_bavail=free // 4096, f_frsize=4096)
        monkeypatch.setattr(os, "statvfs", lambda _, found=found: found)
        assert bounds.limit_bytes(0) == limit


def test_whether_it_is_due_costs_no_walk(
    store: CheckpointStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: list[int] = []
    real = Bounds.count

    def count(self: Bounds) -> int:
        walks.append(1)
        return real(self)

    monkeypatch.setattr(Bounds, "count", count)
    bounds = Bounds(store, 100 * SIZE, now=clock)
    assert not bounds.is_over()
    assert len(walks) == 1  # nothing was known
    for _ in range(20):
        fill(store, clock, 1)
        assert not bounds.is_over()
    again = Bounds(store, 100 * SIZE, now=clock)  # another process, later
    assert not again.is_over()
    assert len(walks) == 1
    clock.now += 25 * 3600
    assert not again.is_over()
    assert len(walks) == 2  # once a day all the same
    tight = Bounds(store, 10 * SIZE, now=clock)
    assert tight.is_over()
    assert len(walks) == 3
    (store.folder / "usage").write_bytes(b"{torn")
    assert not again.is_over()
    assert len(walks) == 4


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("stride", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_any_step_of_a_prune(
    store: CheckpointStore, clock: Clock, monkeypatch: pytest.MonkeyPatch, stride: int
) -> None:
    """Each git that it runs, and each file that it removes, is the last thing it does."""
    steps = 0
    while True:
        ids = fill(store, clock, KEPT_ALWAYS + 6 - len(store.list()))
        ids = [i.id for i in store.list()]
        protected, shown, needed = ids[0], show(store, 5), show(store, 4)
        needs = Needs(frozenset({protected}), blobs=frozenset({needed}))
        contents = {id: store.load(id) for id in ids}
        with monkeypatch.context() as patch:
            left = _die_after(patch, steps)
            with contextlib.suppress(Killed):
                prune(Bounds(store, SIZE, now=clock), needs)
            is_dead = left[0] < 0
        after = {i.id for i in store.list()}
        assert after >= {protected, *ids[-KEPT_ALWAYS:]}
        assert all(store.load(id) == contents[id] for id in after)
        assert store.blob(needed) is not None
        # The next one ends it, and gives the disk back what was forgotten.
        prune(Bounds(store, SIZE, now=clock), needs)
        assert {i.id for i in store.list()} == {protected, *ids[-KEPT_ALWAYS:]}
        assert store.blob(shown) is None
        assert len(store.storage.packs()) == 1
        if not is_dead:
            break
        steps += stride
    assert steps >= 8


def _die_after(patch: pytest.MonkeyPatch, steps: int) -> list[int]:
    left = [steps]

    def mortal(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return real(*args, **kwargs)

        return step

    patch.setattr(Git, "run", mortal(Git.run))
    patch.setattr(Path, "unlink", mortal(Path.unlink))
    return left


def test_a_stop_ends_it_with_nothing_lost(
    store: CheckpointStore, clock: Clock, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(store, clock, KEPT_ALWAYS + 2)
    git = Git(None, environ=environ)
    quiet = Quiet(git)
    bounds = Bounds(store, SIZE, quiet=quiet, now=clock)
    doomed = bounds.plan(Needs())
    real = Git.run

    def run(self: Git, *args: str, **kwargs: Any) -> Any:
        if self is git:
            quiet.stop()
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Git, "run", run)
    packs = store.storage.packs()
    gone = bounds.drop(doomed, Needs())
    with pytest.raises(Stopped):
        bounds.settle(gone)
    assert set(packs) <= set(store.storage.packs())
    assert [i.id for i in store.list()] == ids[2:]
    with pytest.raises(Stopped):
        bounds.plan(Needs())
    later = Bounds(store, SIZE, now=clock)
    assert prune(later) == ([], [])
    assert len(store.storage.packs()) == 1


def test_many_small_packs_are_joined(store: CheckpointStore, clock: Clock) -> None:
    ids = fill(store, clock, 6)
    bounds = Bounds(store, 0, now=clock)
    assert not bounds.tidy(packs=6)
    assert bounds.tidy(packs=5)
    assert len(store.storage.packs()) == 1
    assert all(store.load(id) for id in ids)


def test_a_damaged_store_is_left_alone(store: CheckpointStore, clock: Clock) -> None:
    ids = fill(store, clock, KEPT_ALWAYS + 3)
    pack = sorted(store.storage.packs_folder.glob("*.pack"))[-1]
    pack.chmod(0o600)
    os.truncate(pack, 40)
    before = store.storage.packs()
    bounds = Bounds(store, SIZE, now=clock)
    needs = Needs(frozenset(ids))
    assert not bounds.plan(needs)
    with pytest.raises(GitFault, match="nothing is lost by it"):
        store.storage.join(drop=True)
    assert set(before) <= set(store.storage.packs())
    assert {i.id for i in store.list()} == set(ids)
    (damaged,) = [i for i in store.list() if i.is_damaged]
    assert prune(bounds)[0][0] == damaged.id  # it goes first, and then it is in nobody's way
    left = [i.id for i in store.list()]
    assert len(left) == KEPT_ALWAYS
    assert all(store.load(id) for id in left)
    assert len(store.storage.packs()) == 1


def test_fifty_turns_grow_it_by_less_than_twice_what_they_touch(
    store: CheckpointStore, clock: Clock
) -> None:
    """A file of 20 kB and one of 2 kB, code as people write it, shown and saved in each turn."""
    code = (Path(__file__).parents[2] / "spark_tui/repo/storage.py").read_bytes() * 4
    code = code[:20_000]
    bounds = Bounds(store, 0, now=clock)
    before = bounds.count()
    touched = 0
    for turn in range(50):
        big = code[: turn * 100] + b"# turn %d\n" % turn + code[turn * 100 :]
        small = b"# %d\n" % turn + code[:2000]
        for data in (big, small):
            store.keep_blob(data)
            touched += len(data)
        store.save("s", turn, {"big.py": (big, 0o644), "small.py": (small, 0o644)})
    assert bounds.count() - before <= 2 * touched
    bounds.tidy(packs=0)
    assert bounds.count() - before <= touched
