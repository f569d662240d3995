"""What checkpoints cost: time before a write, room on the disk, and what many of them do to both.

    python benchmarks/store.py [--files 100000] [--saves 100] [--only time|room|many] [--json]

time   A repository of `--files` files. First what the least of it takes on this machine just now:
       a git that does nothing, a file written durably. `save`: one file's earlier bytes kept, with
       every fsync; `accept`: the whole decision of one hunk, from the call until file and journal
       are on the disk, with a quiet moment after each, as the app has; `accept, tended`: every
       fifth of them while packs are joined beside it.
room   50 turns as the app does them, each of which edits a file of 20 kB and one of 2 kB: blocks
       that the store and the files as shown have grown by, over the bytes of the two files in each
       turn; with code, and with text that cannot be compressed.
many   `save` with 1,000 checkpoints there: packs as they fall, and tended after each turn.

Everything happens in a folder below TMPDIR; fsync is as slow as its disk. A figure above its
budget is marked, and the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.children import percentile  # noqa: E402 - found beside this file
from spark_tui.model.scripted import Scripted  # noqa: E402
from spark_tui.repo.bounds import Bounds  # noqa: E402
from spark_tui.repo.checkpoints import CheckpointStore  # noqa: E402
from spark_tui.repo.durable import put  # noqa: E402
from spark_tui.session.events import Decision  # noqa: E402
from spark_tui.session.opening import open_session, worktree_state_dir  # noqa: E402
from spark_tui.session.session import Session  # noqa: E402
from spark_tui.settings.config import load  # noqa: E402

SAVE_MS, GROWTH = 50.0, 2.0
TURNS = 50
WARM = 10
"""Turns after which the folders themselves, made once, say little."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, and what it may be at most."""

    group: str
    name: str
    value: float
    unit: str
    counted: str = ""
    most: float | None = None

    @property
    def is_above(self) -> bool:
        return self.most is not None and self.value > self.most


def code(lines: int, seed: int) -> list[str]:
    """Lines as source has them, each there once."""
    words = ("level", "gauge", "river", "station", "reading", "count", "total", "value")
    chance = random.Random(seed)
    return [
        f"{chance.choice(words)}_{n} = {chance.choice(words)}({n}, {chance.choice(words)!r})\n"
        for n in range(lines)
    ]


def noise(lines: int, seed: int) -> list[str]:
    """Text that hardly gets smaller: random signs, 90 a line."""
    chance = random.Random(seed)
    signs = [chr(c) for c in range(33, 127) if chr(c) not in "*@+-"]
    return [f"{n}:{''.join(chance.choices(signs, k=90))}\n" for n in range(lines)]


def edit(path: str, old: str, new: str) -> str:
    return f"*** Update File: {path}\n@@\n-{old.rstrip()}\n+{new.rstrip()}\n"


class Place:
    """A work tree with a session on it, in a folder that is thrown away."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "work"
        self.root.mkdir()
        self.environ = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1", "SPARK_TUI_STATE_DIR": str(folder / "state"),
            "SPARK_TUI_CONFIG_DIR": str(folder / "config"),
        }  # fmt: skip

    def fill(self, files: Mapping[str, str], count: int) -> None:
        """A committed repository with these files, and others up to `count`."""
        others = {f"f{n // 1000}/{n}.txt": f"{n}\n" for n in range(count - len(files))}
        told = ["commit refs/heads/main\ncommitter Ada <ada@example.org> 1 +0000\ndata 0\n"]
        for path, text in {**files, **others}.items():
            told.append(f"M 100644 inline {path}\ndata {len(text)}\n{text}\n")
        for words, said in (
            (("init", "-q", "-b", "main"), ""),
            (("fast-import", "--quiet"), "".join(told)),
            (("-c", "gc.auto=0", "reset", "-q", "--hard"), ""),
        ):
            subprocess.run(
                ["git", *words], cwd=self.root, env=self.environ, check=True,
                input=said.encode("ascii"),
            )  # fmt: skip
        os.sync()  # else the first fsync waits for all that

    async def open(self) -> Session:
        settings = replace(load(environ=self.environ), checkpoints_mb=0)
        session = await open_session(
            self.root, settings, environ=self.environ, provider=Scripted([])
        )
        await session.look()
        return session

    @property
    def home(self) -> Path:
        return worktree_state_dir(self.environ, self.root)

    def store(self) -> CheckpointStore:
        return CheckpointStore.open(self.home, self.root, environ=self.environ)


def spread(
    group: str, name: str, taken: list[float], counted: str, most: float | None
) -> Iterator[Row]:
    for of in (50, 95):
        yield Row(group, f"{name}, p{of}", percentile(taken, of / 100), "ms", counted, most)


def machine(store: CheckpointStore, count: int) -> Iterator[Row]:
    """What the least of it takes here and now: a git that does nothing, and one sync."""
    spawned, synced = [], []
    for _ in range(count):
        began = time.perf_counter()
        store.storage.run("version")
        spawned.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        put(store.folder / "bench", b"x" * 20_000)
        synced.append((time.perf_counter() - began) * 1000)
    yield from spread("time", "git that does nothing", spawned, f"{count} times", None)
    yield from spread("time", "one durable file", synced, "two syncs", None)


def saves(
    store: CheckpointStore, count: int, session: str = "bench", tend: Bounds | None = None
) -> list[float]:
    lines = code(400, 1)
    taken = []
    for n in range(count):
        lines[n % 400] = f"# {n}\n"
        files = {"big.py": ("".join(lines).encode(), 0o644)}
        began = time.perf_counter()
        store.save(session, n // 3, files)
        taken.append((time.perf_counter() - began) * 1000)
        if tend is not None:
            tend.tidy()
    return taken


async def time_rows(place: Place, args: argparse.Namespace) -> list[Row]:
    lines = code(600, 2)
    place.fill({"big.py": "".join(lines)}, args.files)
    store = place.store()
    counted = f"{args.saves} of one file, {args.files:,} files"
    rows = list(machine(store, args.saves))
    rows += list(
        spread("time", "save", saves(store, args.saves, tend=Bounds(store, 0)), counted, SAVE_MS)
    )
    session = await place.open()
    await session.keeping.tend()
    for name, tended in (("accept", False), ("accept, tended", True)):
        shift = 300 if tended else 0
        chosen = range(shift, shift + min(args.saves, 140) * 2, 2)
        edits = [edit("big.py", lines[n], f"# {n}") for n in chosen]
        await session.apply_reply(
            "*** Begin Patch\n" + "".join(edits) + "*** End Patch\n", accept="none"
        )
        hunks = [h.id for h in session.state.open_hunks()]
        taken = []
        for at, hunk in enumerate(hunks):
            tending = None
            if tended and at % 5 == 0:
                tending = asyncio.ensure_future(asyncio.to_thread(session.keeping.bounds.tidy, 0))
                await asyncio.sleep(0)
            began = time.perf_counter()
            decided = await session.decide([hunk], Decision.ACCEPTED)
            taken.append((time.perf_counter() - began) * 1000)
            if decided.written != (hunk,):
                raise SystemExit(f"{hunk} was not written: {decided}")
            if tending is not None:
                await tending
            await session.keeping.tend()
        rows += spread("time", name, taken, f"{len(taken)} hunks", SAVE_MS)
    await session.close()
    return rows


async def room_rows(place: Place, make: Callable[[int, int], list[str]], what: str) -> list[Row]:
    big, small = make(2000, 3), make(200, 4)
    for lines, size in ((big, 20_000), (small, 2_000)):
        while sum(map(len, lines)) > size:
            lines.pop()
    place.fill({"big.txt": "".join(big), "small.txt": "".join(small)}, 2)
    session = await place.open()
    bounds = Bounds(place.store(), 0)
    before, touched, worst = bounds.count(), 0, 0.0
    for turn in range(TURNS):
        at = {"big.txt": turn * 3 % len(big), "small.txt": turn % len(small)}
        edits = ""
        for path, lines in (("big.txt", big), ("small.txt", small)):
            new = f"turn {turn} of {path}\n"
            edits += edit(path, lines[at[path]], new)
            touched += sum(map(len, lines))
            lines[at[path]] = new
        outcome = await session.apply_reply(
            f"*** Begin Patch\n{edits}*** End Patch\n", accept="none"
        )
        hunks = [h.id for h in session.state.open_hunks()]
        decided = await session.decide(hunks, Decision.ACCEPTED)
        if len(decided.written) != 2:
            raise SystemExit(f"turn {turn}: {outcome}, {decided}")
        await session.keeping.tend()
        if turn >= WARM:
            worst = max(worst, (bounds.count() - before) / touched)
    await session.close()
    counted = f"{touched:,} bytes touched in {TURNS} turns"
    grown = bounds.count() - before
    rows = [Row("room", f"{what}, grown by", grown / touched, "x", counted, GROWTH)]
    rows.append(Row("room", f"{what}, most on the way", worst, "x", f"from turn {WARM} on"))
    bounds.tidy(packs=0)
    grown = bounds.count() - before
    rows.append(Row("room", f"{what}, packs joined", grown / touched, "x", counted, GROWTH))
    return rows


def many_rows(place: Place, args: argparse.Namespace) -> list[Row]:
    store = place.store()
    bounds = Bounds(store, 0)
    saves(store, 1000, "many")
    rows = list(spread("many", "save, as they fall", saves(store, 30, "x"),
                       f"{len(store.storage.packs())} packs", None))  # fmt: skip
    began = time.perf_counter()
    bounds.tidy()
    rows.append(Row("many", "join them", (time.perf_counter() - began) * 1000, "ms"))
    taken = []
    for turn in range(30):
        taken += saves(store, 1, f"t{turn}")
        bounds.tidy()
    rows += spread("many", "save, tended", taken, f"{len(store.storage.packs())} packs", SAVE_MS)
    began = time.perf_counter()
    count = len(store.list())
    listed = (time.perf_counter() - began) * 1000
    rows.append(Row("many", "list", listed, "ms", f"{count} checkpoints"))
    began = time.perf_counter()
    bounds.count()
    rows.append(Row("many", "measure", (time.perf_counter() - began) * 1000, "ms"))
    return rows


async def rows_of(group: str, args: argparse.Namespace) -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        match group:
            case "time":
                rows += await time_rows(Place(Path(folder)), args)
            case "room":
                for what, make in (("code", code), ("noise", noise)):
                    (Path(folder) / what).mkdir()
                    rows += await room_rows(Place(Path(folder) / what), make, what)
            case _:
                rows += many_rows(Place(Path(folder)), args)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Verbatim)
    groups = ("time", "room", "many")
    parser.add_argument("--files", type=int, default=100_000, help="files of the repository")
    parser.add_argument("--saves", type=int, default=100)
    parser.add_argument("--only", choices=groups, action="append", help="this group; repeatable")
    parser.add_argument("--json", action="store_true", help="one object a line instead of a table")
    args = parser.parse_args()
    above = 0
    for group in args.only or groups:
        for row in asyncio.run(rows_of(group, args)):
            above += row.is_above
            if args.json:
                print(json.dumps({"group": row.group, "name": row.name, "unit": row.unit,
                                  "value": round(row.value, 2), "counted": row.counted,
                                  "most": row.most}), flush=True)  # fmt: skip
                continue
            mark = f"  above {row.most:g}" if row.is_above else ""
            print(f"{row.group:6} {row.name:28} {row.value:9.2f} {row.unit:3} {row.counted}{mark}",
                  flush=True)  # fmt: skip
    return 1 if above else 0


class _Verbatim(argparse.RawDescriptionHelpFormatter):
    """The text above as it stands."""


if __name__ == "__main__":
    raise SystemExit(main())
