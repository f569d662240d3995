"""Another program saves a file while a hunk of it is accepted or taken back: 1,000 times for real.

    python benchmarks/races.py [--races N] [--seed N] [--json]

A process of its own saves as editors, shells and scripts do (a new file renamed over the old one,
an append, truncate and write with and without a pause, delete and make again), or puts a link in
the place of the folder, at a random moment of an accept or an undo of the engine. Each save has a
mark of its own. Afterwards the mark must be in the file, or in a checkpoint that a notice names;
nothing may have been written outside the root, and none of our staged files may be left. Exit 1
when one of these does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from spark_tui.errors import SparkFault  # noqa: E402 - found beside this file
from spark_tui.model.scripted import Scripted  # noqa: E402
from spark_tui.repo.checkpoints import CheckpointStore  # noqa: E402
from spark_tui.session.events import Decision  # noqa: E402
from spark_tui.session.opening import open_session, worktree_state_dir  # noqa: E402
from spark_tui.session.session import Session  # noqa: E402
from spark_tui.settings.config import load  # noqa: E402

SAVES = ("rename", "append", "truncate", "truncate slowly", "anew")
LINK = "folder becomes a link"
KINDS = (*SAVES, LINK)
LINES = [f"line {n}" for n in range(40)]
OUTSIDE = "not of this folder\n"

SAVER = r"""
import json, os, sys, time
for said in sys.stdin:
    job = json.loads(said)
    path, mark, kind = job["path"], job["mark"].encode(), job["kind"]
    until = time.perf_counter() + job["delay"]
    while time.perf_counter() < until:
        pass
    try:
        if kind == "folder becomes a link":
            os.rename("src", "src.away")
            os.symlink(job["outside"], "src")
        else:
            try:
                old = open(path, "rb").read()
            except FileNotFoundError:
                old = b""
            if kind == "append":
                with open(path, "ab") as file:
                    file.write(mark)
            elif kind == "rename":
                with open(path + "~", "wb") as file:
                    file.write(old + mark)
                os.rename(path + "~", path)
            else:
                if kind == "anew":
                    os.unlink(path)
                with open(path, "wb", buffering=0) as file:
                    if kind == "truncate slowly":
                        time.sleep(0.004)
                    file.write(old + mark)
        print("saved", flush=True)
    except OSError as error:
        print(f"failed {error}", flush=True)
"""


@dataclass
class Tally:
    """What came of the races."""

    races: int = 0
    on_disk: int = 0
    in_checkpoint: int = 0
    lost: list[str] = field(default_factory=list)
    outside: int = 0
    leftovers: int = 0
    not_saved: int = 0
    """The program itself could not save: its folder had gone, say."""
    acts: Counter[str] = field(default_factory=Counter)
    """How the accept or the undo ended."""
    took_ms: list[float] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.lost and not self.outside and not self.leftovers


@dataclass
class Place:
    """A repository, and the program beside us."""

    folder: Path
    environ: dict[str, str]
    saver: subprocess.Popen[str]

    @property
    def root(self) -> Path:
        return self.folder / "work"

    @property
    def outside(self) -> Path:
        return self.folder / "outside"

    def save(self, path: str, kind: str, mark: str, delay: float) -> None:
        assert self.saver.stdin is not None
        job = {"path": path, "kind": kind, "mark": mark, "delay": delay,
               "outside": str(self.outside)}  # fmt: skip
        self.saver.stdin.write(json.dumps(job) + "\n")
        self.saver.stdin.flush()

    def saved(self) -> bool:
        assert self.saver.stdout is not None
        return self.saver.stdout.readline().startswith("saved")

    def tidy(self, path: str) -> None:
        """The folder with this file alone: each race has one of its own."""
        if (self.root / "src").is_symlink():
            (self.root / "src").unlink()
            (self.root / "src.away").rename(self.root / "src")
        for file in (self.root / "src").iterdir():
            file.unlink()
        (self.root / path).write_text("".join(f"{line}\n" for line in LINES))


def build(folder: Path) -> Place:
    root = folder / "work"
    (root / "src").mkdir(parents=True)
    (folder / "outside").mkdir()
    (folder / "outside/f.txt").write_text(OUTSIDE)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1",
               "LANG": "C.UTF-8", "SPARK_TUI_STATE_DIR": str(folder / "state"),
               "SPARK_TUI_CONFIG_DIR": str(folder / "config")}  # fmt: skip
    (root / "a.txt").write_text("a\n")
    who = ["-c", "user.name=A", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "Start"]):
        subprocess.run(["git", *words], cwd=root, env=environ, check=True)
    saver = subprocess.Popen(
        [sys.executable, "-c", SAVER], cwd=root, env=environ, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    return Place(folder, environ, saver)


async def race(
    place: Place, session: Session, n: int, chance: random.Random, tally: Tally, window: float
) -> None:
    """One save in one act."""
    path = f"src/f{n}.txt"
    place.tidy(path)
    line = chance.randrange(5, 35)
    reply = (f"*** Begin Patch\n*** Update File: {path}\n@@\n-line {line}\n+LINE {line} of {n}\n"
             "*** End Patch\n")  # fmt: skip
    await session.apply_reply(reply, accept="none")
    hid = list(session.state.hunks)[-1]
    undoes = chance.random() < 0.5
    if undoes:
        await session.decide([hid], Decision.ACCEPTED)
    kind, mark = chance.choice(KINDS), f"# saved {n}\n"
    # Half of them anywhere, half of them towards the end, where the names change.
    earliest = chance.choice((0.0, 0.55 * window))
    place.save(path, kind, mark, chance.uniform(earliest, window))
    begun = time.perf_counter()
    try:
        if undoes:
            ended = "undone" if (await session.undo()).done else "undo refused"
        else:
            await session.decide([hid], Decision.ACCEPTED)
            ended = f"accept: {session.state.hunks[hid].status}"
    except SparkFault as fault:
        ended = f"{'undo' if undoes else 'accept'}: {fault.code}"
    tally.took_ms.append((time.perf_counter() - begun) * 1000)
    saved = await asyncio.get_running_loop().run_in_executor(None, place.saved)
    tally.races += 1
    tally.acts[ended] += 1
    tally.leftovers += sum(1 for _ in place.root.rglob(".spark-tui-*"))
    if [f.name for f in place.outside.iterdir()] != ["f.txt"] or (
        (place.outside / "f.txt").read_text() != OUTSIDE
    ):
        tally.outside += 1
        shutil.rmtree(place.outside)
        place.outside.mkdir()
        (place.outside / "f.txt").write_text(OUTSIDE)
    if not saved or kind == LINK:
        tally.not_saved += not saved
        return
    file = place.root / path
    if file.exists() and mark in file.read_text():
        tally.on_disk += 1
    elif is_kept(place, session, path, mark):
        tally.in_checkpoint += 1
    else:
        tally.lost.append(f"{n}: {kind}, {ended}")


def is_kept(place: Place, session: Session, path: str, mark: str) -> bool:
    """In a checkpoint that the person was told of."""
    state = worktree_state_dir(place.environ, place.root.resolve())
    store = CheckpointStore.open(state, place.root, environ=place.environ)
    hints = " ".join(notice.hint for notice in session.state.notices)
    return any(
        info.id[:12] in hints
        and (kept := store.load(info.id).get(path))
        and mark.encode() in kept[0]
        for info in store.list()
    )


async def run(races: int, seed: int) -> Tally:
    folder = Path(tempfile.mkdtemp(prefix="races"))
    place = build(folder)
    tally, chance = Tally(), random.Random(seed)
    try:
        for start in range(0, races, 100):
            # A session of its own for each hundred, so that none has a thousand turns.
            session = await open_session(
                place.root, load(environ=place.environ), environ=place.environ,
                provider=Scripted(()),
            )  # fmt: skip
            await session.look()
            for n in range(start, min(start + 100, races)):
                took = sorted(tally.took_ms)
                window = (took[len(took) // 2] if took else 20.0) / 1000 * 1.2
                await race(place, session, n, chance, tally, min(window, 0.1))
            await session.close()
    finally:
        place.saver.terminate()
        place.saver.wait()
        shutil.rmtree(folder)
    return tally


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--races", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    tally = asyncio.run(run(args.races, args.seed))
    took = sorted(tally.took_ms)
    figures = {
        "races": tally.races,
        "on_disk": tally.on_disk,
        "in_checkpoint_and_said": tally.in_checkpoint,
        "lost": tally.lost,
        "written_outside": tally.outside,
        "leftovers": tally.leftovers,
        "not_saved": tally.not_saved,
        "acts": dict(tally.acts),
        "act_ms": {
            "p50": round(took[len(took) // 2], 1),
            "p99": round(took[-1 - len(took) // 100], 1),
        },
    }
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:24} {value}")
    return 0 if tally.is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
