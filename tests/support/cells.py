"""Processes that are killed at any instant of a verb: python -m tests.support.cells FOLDER.

Reads jobs, one JSON object a line, and answers each with a row of aftermath.Found. The rule kept
here: everything is imported once, this process has no thread and no loop, and whatever may die or
look is a fork of it; so two thousand deaths take minutes. Times are measured here, where they are
used.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pickle  # both ends are this program
import select
import shutil
import signal
import statistics
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from spark_tui.repo.run import Git
from spark_tui.session.session import Session
from tests.support.aftermath import Aims, Found, aims, judge, raw
from tests.support.scenes import Place, act, copied, lay_out, opened, prepare

T = TypeVar("T")
_DRY_RUNS = 3
_END_S = 60.0


@dataclass
class Scene:
    """A template, what comes of it, and how long the verb takes."""

    template: Path
    aim: Aims
    durations: Sequence[float] = ()

    @property
    def duration(self) -> float:
        return statistics.median(self.durations)


@dataclass
class Cells:
    """One folder in which one scene after the other is played."""

    folder: Path
    scenes: dict[tuple[str, str], Scene] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return Place(self.folder / "cell")

    def scene(self, verb: str, case: str) -> Scene:
        """Made at its first use."""
        if (verb, case) not in self.scenes:
            place, template = self.place, self.folder / f"{verb}-{case}"
            if place.folder.exists():
                shutil.rmtree(place.folder)
            place.folder.mkdir(parents=True)
            lay_out(place, case)
            in_child(lambda: asyncio.run(prepare(place, verb, case)))
            copied(place.folder, template)
            aim = in_child(lambda: asyncio.run(aims(place, verb, case)))
            self.scenes[verb, case] = Scene(template, aim)
        return self.scenes[verb, case]

    def fresh(self, verb: str, case: str) -> Scene:
        scene = self.scene(verb, case)
        copied(scene.template, self.place.folder)
        return scene

    def _timed(self, scene: Scene, verb: str, case: str) -> float:
        copied(scene.template, self.place.folder)
        victim = Victim.born(self.place, verb, case)
        victim.hear(b"o")
        began = time.perf_counter()
        victim.hear(b"d")
        took = time.perf_counter() - began
        victim.ended()
        return took

    def death(self, job: Mapping[str, Any]) -> Found:
        """`at` is the instant, as a part of the verb's duration; `kids`: its git dies as well;
        `soon`: the start does not wait for a git that lives on; `start`: the next start dies too,
        so many seconds after it began."""
        verb, case = job["verb"], job["case"]
        scene = self.scene(verb, case)
        if not scene.durations:
            scene.durations = [self._timed(scene, verb, case) for _ in range(_DRY_RUNS)]
        self.fresh(verb, case)
        victim = Victim.born(self.place, verb, case)
        victim.hear(b"o")
        found = Found(reached=not victim.hear(b"d", within=scene.duration * job["at"]))
        kids = victim.kill(kids=job["kids"])
        raw(self.place, scene.aim, found)
        if job.get("start") is not None:
            found.start_died = True
            starter = Victim.born(self.place, "start", case)
            starter.hear(b"d", within=job["start"])
            starter.kill(kids=job["kids"])
        if not job.get("soon"):
            gone(kids)
        return judged(self.place, verb, case, scene.aim, found)


@dataclass
class Victim:
    """A child at its verb: says "o" when the session is open and "d" when the verb is done."""

    pid: int
    ear: int
    go: int = -1
    """Written to, a held victim starts its verb."""
    heard: bytes = b""
    threads: list[int] = field(default_factory=list)

    @classmethod
    def born(
        cls,
        place: Place,
        verb: str,
        case: str,
        *,
        held: bool = False,
        before: Callable[[], None] = lambda: None,
    ) -> Victim:
        """`held`: when the session is open it makes all its threads, says "w" and waits.
        `before` is called at the birth."""
        ear, mouth = os.pipe()
        wait, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ear)
            os.close(go)
            code = 70
            try:
                before()
                said = asyncio.run(_live(place, verb, case, mouth, wait if held else None))
                code = 3 if said else 0
                os.write(mouth, b"\n" + said.encode())
            except BaseException as cause:
                with contextlib.suppress(OSError):
                    os.write(mouth, f"\n{type(cause).__name__}: {cause}".encode())
            finally:
                os._exit(code)
        os.close(mouth)
        os.close(wait)
        return cls(pid, ear, go)

    def hear(self, word: bytes, *, within: float = _END_S) -> bool:
        """Whether it said so in time, or ended."""
        until = time.perf_counter() + within
        while word not in self.heard:
            left = until - time.perf_counter()
            if left <= 0 or not select.select([self.ear], [], [], left)[0]:
                return False
            piece = os.read(self.ear, 1 << 16)
            if not piece:
                return True
            self.heard += piece
        return True

    def kill(self, *, kids: bool) -> list[int]:
        """SIGKILL, with or without the git that it runs; those are answered."""
        family = descendants(self.pid)
        for pid in (self.pid, *(family if kids else ())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.ended()
        return family

    def ended(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        while piece := os.read(self.ear, 1 << 16) if self._may_read() else b"":
            self.heard += piece
        os.close(self.ear)
        os.close(self.go)
        return os.waitstatus_to_exitcode(status)

    @property
    def said(self) -> str:
        return self.heard.partition(b"\n")[2].decode("utf-8", "replace")

    def _may_read(self) -> bool:
        return bool(select.select([self.ear], [], [], 0)[0])


async def _live(place: Place, verb: str, case: str, mouth: int, wait: int | None) -> str:
    if verb == "start" and wait is not None:
        os.write(mouth, b"w")
        os.read(wait, 1)
    session = await opened(place, fresh=verb == "apply")
    await session.look()
    if wait is not None and verb != "start":
        all_threads(session)
        os.write(mouth, b"w")
        os.read(wait, 1)
    os.write(mouth, b"o")
    said = await act(session, verb, case) if verb != "start" else ""
    os.write(mouth, b"d")
    await session.close()
    return said


def all_threads(session: Session) -> None:
    """A thread that came later would not be watched."""
    rounds = ((session._reads, 2), (session._writes, 1))
    for executor, count in rounds:
        meet = threading.Barrier(count)
        for waiting in [executor.submit(meet.wait) for _ in range(count)]:
            waiting.result()


def descendants(pid: int) -> list[int]:
    """The children of a process, and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *descendants(child)]
    return found


def gone(pids: Sequence[int]) -> None:
    """Wait for processes that are not our children; each ends by itself."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            select.select([handle], [], [], _END_S)
            os.close(handle)


def judged(place: Place, verb: str, case: str, aim: Aims, found: Found) -> Found:
    def job() -> Found:
        asyncio.run(judge(place, verb, case, aim, found))
        return found

    return in_child(job)


def in_child(job: Callable[[], T]) -> T:
    """What the job answers, from a fork: it may make threads and loops."""
    ear, mouth = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ear)
        try:
            said: Any = job()
        except BaseException:
            said = RuntimeError(traceback.format_exc())
        with os.fdopen(mouth, "wb") as out:
            out.write(pickle.dumps(said))
        os._exit(0)
    os.close(mouth)
    with os.fdopen(ear, "rb") as heard:
        data = heard.read()
    os.waitpid(pid, 0)
    answer: T | RuntimeError = pickle.loads(data)  # noqa: S301
    if isinstance(answer, RuntimeError):
        raise answer
    return answer


def settle_in(folder: Path) -> None:
    """This process from now on knows nothing but the folder."""
    environ = Cells(folder).place.environ
    for name in set(os.environ) - set(environ) - {"PYTHONPATH"}:
        del os.environ[name]
    os.environ.update(environ)
    Git(None, environ=os.environ).run("version")  # which imports what it needs


def main() -> None:
    folder = Path(sys.argv[1])
    settle_in(folder)
    cells = Cells(folder)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            row = cells.death(job).as_row()
        except Exception:  # a death that cannot be judged is a row as well
            row = Found(wrong=[traceback.format_exc()]).as_row()
        print(json.dumps({"job": job, **row}), flush=True)


if __name__ == "__main__":
    main()
