"""Another program saves while we write: at each step, in each way, once or twice in one write.

The rule kept here: nothing here depends on time. A test stands between any two system calls of a
write; the 1,000 real races are in benchmarks/races.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault, RefusedFault
from spark_tui.repo import others, pouring
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.ops import Ops
from spark_tui.repo.worktree import Change, Stale, Worktree
from spark_tui.session.opening import worktree_state_dir
from spark_tui.session.state import Status
from tests.faults.states.place import Place, Run, accept, edit, offered
from tests.support.recording import NoExchange, Recording

OLD = {"a.txt": b"old a\n", "gone.txt": b"old gone\n", "hard": b"old hard\n"}
CHANGES = (
    Change("a.txt", b"new a\n"),
    Change("made.txt", b"made\n"),
    Change("hard", b"new hard, longer\n"),
    Change("gone.txt", None),
)
EXPECTED = {c.path: sha256(OLD[c.path]).hexdigest() if c.path in OLD else None for c in CHANGES}
PATHS = tuple(c.path for c in CHANGES)


class Door:
    """A file that is overwritten in place cannot be opened by others meanwhile: they wait."""

    def __init__(self) -> None:
        self.is_shut = False
        self._waiting: list[Callable[[], None]] = []

    @contextmanager
    def alone(self, _: int) -> Iterator[None]:
        self.is_shut = True
        try:
            yield
        finally:
            self.is_shut = False
            waiting, self._waiting = self._waiting, []
            for act in waiting:
                act()

    def when_open(self, act: Callable[[], None]) -> Callable[[], None]:
        return lambda: self._waiting.append(act) if self.is_shut else act()


@pytest.fixture(autouse=True)
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    """Who writes is in this thread: there is nobody to wait for, and nobody may be made to."""
    door = Door()
    monkeypatch.setattr(others, "WAIT_S", 0.0)
    monkeypatch.setattr(pouring, "alone", door.alone)
    return door


class Two(Recording):
    """Something before the first, and something before the second of two steps."""

    def __init__(
        self,
        first: int = -1,
        second: int = -1,
        one: Callable[[], None] = lambda: None,
        two: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._moments = {first: [one], second: [two]} if first != second else {first: [one, two]}

    def _step(self, name: str, where: str = "") -> None:
        super()._step(name, where)
        for act in self._moments.pop(len(self.calls) - 1, []):
            act()


class Person:
    """Saves files, and remembers each version that was saved whole."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._opened: dict[str, int] = {}
        self.saved: dict[bytes, str] = {}

    def rename(self, path: str) -> None:
        """As editors do: a new file takes the name."""
        data = b"mine, by rename %d\n" % len(self.saved)
        (self._root / "editor~").write_bytes(data)
        (self._root / "editor~").rename(self._root / path)
        self.saved[data] = path

    def truncate(self, path: str) -> None:
        """Opened, cut, written, closed."""
        data = b"mine, in place %d\n" % len(self.saved)
        (self._root / path).write_bytes(data)
        self.saved[data] = path

    def append(self, path: str) -> None:
        data = b"mine, at the end %d\n" % len(self.saved)
        with (self._root / path).open("ab") as file:
            file.write(data)
        self.saved[data] = path

    def anew(self, path: str) -> None:
        """Deleted, then made again."""
        (self._root / path).unlink(missing_ok=True)
        self.truncate(path)

    def open(self, path: str) -> None:
        """Open to write; the bytes come later."""
        if (self._root / path).exists():
            self._opened[path] = os.open(self._root / path, os.O_WRONLY | os.O_APPEND)

    def finish(self, path: str) -> None:
        file = self._opened.pop(path, None)
        if file is not None:
            data = b"mine, late %d\n" % len(self.saved)
            os.write(file, data)
            os.close(file)
            self.saved[data] = path


OVER = ["exchange", "link", "rename"]
"""How an exchange is made of three steps: the last but one may hit what somebody saved."""
WAYS = ("rename", "truncate", "append", "anew")


def lay_out(place: Path) -> Path:
    root = place / "work"
    root.mkdir(parents=True)
    for path, data in OLD.items():
        (root / path).write_bytes(data)
    os.link(root / "hard", place / "second")
    return root


def play(root: Path, ops: Ops) -> tuple[bool, dict[str, list[bytes]]]:
    """Whether it was written, and what was kept."""
    kept: dict[str, list[bytes]] = {}

    def keep(path: str, data: bytes, _: str) -> bool:
        kept.setdefault(path, []).append(data)
        return True

    try:
        Worktree(root, ops=ops).write_all(CHANGES, expected=EXPECTED, keep=keep)
    except Stale as stale:
        assert "Nothing was written" in stale.message
        return False, kept
    return True, kept


def count(place: Path, kind: type[Recording] = Recording) -> int:
    ops = kind()
    assert play(lay_out(place), ops)[0]
    return len(ops.calls)


def on_disk(root: Path) -> bytes:
    return b"".join(f.read_bytes() for f in (*root.iterdir(), root.parent / "second"))


def was_lost(
    person: Person, root: Path, kept: dict[str, list[bytes]], *, last: bool
) -> list[bytes]:
    """What the person saved and nobody has any more. What they themselves saved over later is
    theirs to lose: only the last version of a path is asked for, if `last`."""
    everything = on_disk(root) + b"".join(d for datas in kept.values() for d in datas)
    wanted = {path: data for data, path in person.saved.items()} if last else {}
    asked = wanted.values() if last else person.saved
    return [data for data in asked if data not in everything]


@pytest.mark.parametrize("kind", [Recording, NoExchange])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", PATHS)
def test_one_save_at_any_step_survives(
    tmp_path: Path, path: str, way: str, kind: type[Recording], door: Door
) -> None:
    """You save in your editor while a hunk is accepted: your text is in the file afterwards, and
    the hunk is in conflict, or you saved over the hunk. Without an exchange of names in one step
    (a network file system) one instant is left: that before the rename over the file."""
    for at in range(count(tmp_path / "count", kind)):
        root = lay_out(tmp_path / f"{at}")
        person = Person(root)
        ops = kind(at, door.when_open(lambda: getattr(person, way)(path)))  # noqa: B023
        written, kept = play(root, ops)
        if kind is NoExchange and path == "a.txt" and ops.calls[at - 2 : at + 1] == OVER:
            continue
        assert person.saved
        assert not was_lost(person, root, kept, last=False), (at, written)
        assert (root / path).read_bytes().endswith(next(iter(person.saved)))
        assert not kept
        if not written:
            rest = {p: (root / p).read_bytes() for p in OLD if p != path}
            assert rest == {p: OLD[p] for p in OLD if p != path}
        assert not list(root.glob(".spark-tui-*"))


@pytest.mark.parametrize("second", ["rename", "append"])
@pytest.mark.parametrize("first", ["rename", "append"])
def test_two_saves_in_one_write_survive(
    tmp_path: Path, first: str, second: str, door: Door
) -> None:
    """Two programs save the same file, one after the other, while a hunk is accepted: the newest
    is in the file, and what it did not replace itself is kept where it is said."""
    for path in PATHS:
        steps = count(tmp_path / f"count {path}")
        for at in range(steps):
            for later in range(at, min(steps + 2, at + 5)):
                root = lay_out(tmp_path / f"{path} {at} {later}")
                person = Person(root)
                ops = Two(
                    at,
                    later,
                    door.when_open(lambda: getattr(person, first)(path)),  # noqa: B023
                    door.when_open(lambda: getattr(person, second)(path)),  # noqa: B023
                )
                _, kept = play(root, ops)
                lost = was_lost(person, root, kept, last=True)
                assert not lost, (path, at, later, ops.calls, lost)


@pytest.mark.parametrize("path", ["a.txt", "hard", "gone.txt"])
def test_a_file_that_is_open_for_writing_is_left_alone(
    tmp_path: Path, path: str, door: Door
) -> None:
    """A program has the file open and writes later: nothing is written, and it is said by whom the
    file is held; the late bytes land in the file."""
    for at in range(count(tmp_path / "count")):
        for later in range(at, at + 9):
            root = lay_out(tmp_path / f"{at} {later}")
            person = Person(root)
            ops = Two(
                at,
                later,
                door.when_open(lambda: person.open(path)),  # noqa: B023
                door.when_open(lambda: person.finish(path)),  # noqa: B023
            )
            play(root, ops)
            person.finish(path)
            for data in person.saved:
                assert (root / path).read_bytes().endswith(data), (at, later, ops.calls)


def test_who_has_the_file_open_is_said(tmp_path: Path) -> None:
    """ "Another program has a.txt open for writing. Nothing was written.\""""
    root = lay_out(tmp_path)
    with (root / "a.txt").open("ab"), pytest.raises(Stale) as caught:
        Worktree(root).write_all(CHANGES[:1], expected=EXPECTED)
    assert caught.value.message == (
        "Another program has a.txt open for writing. Nothing was written."
    )
    assert "Save and close it there" in caught.value.hint
    Worktree(root).write_all(CHANGES[:1], expected=EXPECTED)
    assert (root / "a.txt").read_bytes() == b"new a\n"


def test_what_cannot_be_kept_elsewhere_stays_beside_its_path(tmp_path: Path) -> None:
    """The checkpoint store is full in that very moment: even then nothing is thrown away."""
    root = lay_out(tmp_path)
    person = Person(root)
    swaps = [0]

    class Swapping(Recording):
        def exchange(self, name: str, other: str, folder: int) -> bool:
            swaps[0] += 1
            person.rename("a.txt")
            return super().exchange(name, other, folder)

    def full(path: str, data: bytes, name: str) -> bool:
        raise DiskFault("Disk full.")

    with pytest.raises(RefusedFault):
        Worktree(root, ops=Swapping()).write_all(CHANGES[:1], expected=EXPECTED, keep=full)
    assert swaps[0] >= 2
    assert not was_lost(person, root, {}, last=True)
    assert len(list(root.glob(".spark-tui-*.tmp"))) <= 1


def test_it_is_said_where_the_earlier_version_is(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two saves in one accept, through the engine: the hunk is in conflict, the later save is in
    the file, and a warning names the checkpoint that holds the earlier one."""

    async def story() -> None:
        session = await offered(place, edit("a.txt"))
        real, swaps = Ops.exchange, [0]

        def exchange(self: Ops, name: str, other: str, folder: int) -> bool:
            if swaps[0] < 2:
                place.write("editor~", f"saved {swaps[0]}\n")
                (place.root / "editor~").rename(place.root / "a.txt")
            swaps[0] += 1
            return real(self, name, other, folder)

        with monkeypatch.context() as patched:
            patched.setattr(Ops, "exchange", exchange)
            stands = await accept(session)
        assert set(stands.values()) == {Status.CONFLICT} and place.read("a.txt") == "saved 1\n"
        said = next(n for n in session.state.notices if "saved twice" in n.message)
        assert said.message.startswith("a.txt ") and said.level == "warning"
        home = worktree_state_dir(place.environ, place.root)
        store = CheckpointStore.open(home, place.root, environ=place.environ)
        kept = next(c for c in store.list() if c.id[:12] in said.hint)
        assert store.load(kept.id) == {"a.txt": (b"saved 0\n", 0o644)}
        assert not list(place.root.glob(".spark-tui-*"))
        await session.close()
        hints.append(said.hint)

    hints: list[str] = []
    run(story())
    words = hints[0].partition("spark-tui ")[2].partition(" (")[0].split()
    ran = place.shell(*words)
    assert ran.code == 0 and place.read("a.txt") == "saved 0\n", ran


def test_a_folder_that_becomes_a_link_gets_nothing(tmp_path: Path) -> None:
    """At every step the folder goes away and a link out of the root takes its name: outside
    nothing is written, and in the folder, wherever it is now, all is as it was."""
    change = [Change("src/a.txt", b"new\n")]
    expected = {"src/a.txt": sha256(b"old\n").hexdigest()}
    for at in range(12):
        root, outside = tmp_path / f"{at}" / "work", tmp_path / f"{at}" / "outside"
        (root / "src").mkdir(parents=True)
        outside.mkdir()
        for folder in (root / "src", outside):
            (folder / "a.txt").write_bytes(b"old\n")

        def turn(root: Path = root, outside: Path = outside) -> None:
            (root / "src").rename(root / "moved")
            (root / "src").symlink_to(outside)

        ops = Recording(at, turn)
        try:
            Worktree(root, ops=ops).write_all(change, expected=expected)
        except (RefusedFault, DiskFault):
            assert (root / "moved/a.txt").read_bytes() == b"old\n"
        assert [f.name for f in outside.iterdir()] == ["a.txt"]
        assert (outside / "a.txt").read_bytes() == b"old\n"
