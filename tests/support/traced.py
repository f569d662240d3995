"""Deaths and faults at every single system call: python -m tests.support.traced FOLDER.

As cells.py, but the instant is a system call: strace stops the n-th of its kind in one thread of
the app, or in one git that the app runs, and kills there or lets the call fail. The rule kept
here: a first run writes down which calls there are; only calls that change the disk count. Git is
reached by a `git` of ours that comes first on PATH and hands on to the real one.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.aftermath import Found, files, raw
from tests.support.cells import Cells, Scene, Victim, judged, settle_in
from tests.support.scenes import look

CALLS = (
    *("write", "pwrite64", "writev", "rename", "renameat", "renameat2", "fsync", "fdatasync"),
    *("unlink", "unlinkat", "link", "linkat", "truncate", "ftruncate", "mkdir", "mkdirat"),
    *("rmdir", "openat", "fchmod", "fchown", "fsetxattr", "symlink", "symlinkat"),
)
_LINE = re.compile(r"^(?:(?P<pid>\d+) +)?(?P<call>[a-z0-9]+)\((?P<rest>.*)$")
_NO_FILE = re.compile(r"^\d+<(pipe|socket|anon_inode|/dev/)")
_SHIM = """#!/bin/sh
# Written by tests/support/traced.py: counts the gits of a verb and has one of them fail.
n=$(($(cat "$TRACED/count") + 1)); echo $n > "$TRACED/count"
case $TRACED_AT in
"") exec {git} "$@" ;;
all) exec {strace} -y -o "$TRACED/git.$n" -e trace={calls} {git} "$@" ;;
$n) {strace} -o /dev/null -e trace=$TRACED_CALL -e inject=$TRACED_CALL:$TRACED_HOW {git} "$@"
    status=$?; touch "$TRACED/hit"
    [ -z "$TRACED_ALSO" ] || [ $status -lt 128 ] || kill -9 $PPID
    exit $status ;;
*) exec {git} "$@" ;;
esac
"""


def possible() -> str:
    """ "" where processes can be traced here, else why not."""
    strace = shutil.which("strace")
    if strace is None or not Path("/proc/self/task").is_dir():
        return "strace is not installed"
    words = [strace, "-e", "trace=none", "-e", "inject=fsync:signal=KILL", "true"]
    tried = subprocess.run(words, capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.decode()}"


class Point(NamedTuple):
    """One call: `who` is "t0", "t1"... (a thread, oldest first) or "g1", "g2"... (a git)."""

    who: str
    call: str
    nth: int
    about: str


class Traced(Cells):
    """Cells whose victims run under strace."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        git, strace = shutil.which("git"), shutil.which("strace")
        shim = folder / "bin" / "git"
        shim.parent.mkdir(parents=True, exist_ok=True)
        shim.write_text(_SHIM.format(git=git, strace=strace, calls=",".join(CALLS)))
        shim.chmod(0o755)
        self.notes = folder / "notes"
        self._path = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"

    # -- which calls there are --------------------------------------------------
    def points(self, verb: str, case: str) -> list[Point]:
        """In the order in which they are made, thread by thread and git by git."""
        self.fresh(verb, case)
        with self._shimmed(at=""):
            victim = self._held(verb, case)
            log = self.notes / "log"
            words = ("-f", "-y", "-o", str(log), "-e", f"trace={','.join(CALLS)}")
            self._let_go(victim, *words, "-p", str(victim.pid))
            found = [
                Point(f"t{victim.threads.index(pid)}", call, nth, about)
                for pid, call, nth, about in _calls(log)
                if pid in victim.threads
            ]
        self.fresh(verb, case)
        with self._shimmed(at="all"):
            self._let_go(self._held(verb, case))
            gits = sorted(self.notes.glob("git.*"), key=lambda p: int(p.suffix[1:]))
            for number, path in enumerate(gits, 1):
                found += [Point(f"g{number}", c, n, about) for _, c, n, about in _calls(path)]
        return found

    # -- at one of them ----------------------------------------------------------
    def at_point(self, verb: str, case: str, point: Point, how: str) -> Found:
        """`how`: "kill" (the app, and where a git is meant both), "git" (that git alone), or the
        name of an error that the call ends with."""
        is_kill = how in ("kill", "git")
        inject = ("signal=KILL" if is_kill else f"error={how}") + f":when={point.nth}"
        scene = self.fresh(verb, case)
        if point.who.startswith("t"):
            with self._shimmed(at=""):
                victim = self._held(verb, case)
                thread = victim.threads[int(point.who[1:])]
                words = ("-e", f"trace={point.call}", "-e", f"inject={point.call}:{inject}")
                log = ("-o", str(self.notes / "log"))
                code, said = self._let_go(victim, *log, *words, "-p", str(thread))
        else:
            also = "1" if how == "kill" else ""
            with self._shimmed(at=point.who[1:], call=point.call, how=inject, also=also):
                victim = self._held(verb, case)
                code, said = self._let_go(victim)
        found = Found(reached=code == -9 or how != "kill", said=said)
        raw(self.place, scene.aim, found)
        if how != "kill":
            self._alive(scene, verb, code, found)
        found.lived = how != "kill"
        found.folders = how in ("kill", "git")
        return judged(self.place, verb, case, scene.aim, found)

    # -- the start after it --------------------------------------------------------
    def start_points(self, verb: str, case: str, point: Point) -> list[Point]:
        """The calls of the start that follows a death at this point."""
        self._die(verb, case, point)
        with self._shimmed(at=""):
            log = self.notes / "log"
            words = ("-f", "-y", "-o", str(log), "-e", f"trace={','.join(CALLS)}")
            victim = self._held("start", case)
            self._let_go(victim, *words, "-p", str(victim.pid))
            # Which thread does the work is not known before: the first that comes so far dies.
            found = {(call, nth): Point("s", call, nth, a) for _, call, nth, a in _calls(log)}
        return list(found.values())

    def at_start(self, verb: str, case: str, point: Point, second: Point) -> Found:
        """Two deaths: of the verb at `point`, and of the start that follows at `second`."""
        scene = self.fresh(verb, case)
        self._die(verb, case, point)
        found = Found(start_died=True)
        raw(self.place, scene.aim, found)
        with self._shimmed(at=""):
            inject = f"inject={second.call}:signal=KILL:when={second.nth}"
            log = ("-f", "-o", str(self.notes / "log"), "-e", f"trace={second.call}")
            victim = self._held("start", case)
            code, _ = self._let_go(victim, *log, "-e", inject, "-p", str(victim.pid))
        found.reached = code == -9
        return judged(self.place, verb, case, scene.aim, found)

    def _die(self, verb: str, case: str, point: Point) -> None:
        self.fresh(verb, case)
        with self._shimmed(at=""):
            victim = self._held(verb, case)
            inject = f"inject={point.call}:signal=KILL:when={point.nth}"
            log = ("-o", str(self.notes / "log"), "-e", f"trace={point.call}", "-e", inject)
            self._let_go(victim, *log, "-p", str(victim.threads[int(point.who[1:])]))

    def _alive(self, scene: Scene, verb: str, code: int, found: Found) -> None:
        """It can still speak: then the files are whole before any start repairs them, or it says
        that they could not be put back."""
        tree, aim = look(self.place.work), scene.aim
        if code == -9:
            found.wrong.append("the app died of a fault")
        if files(tree) not in (files(aim.old), files(aim.new)) and "put back" not in found.said:
            found.wrong.append(f"a half set from a process that lives: {found.said!r}")
        if verb != "commit" and tree == aim.old and not found.said:
            found.wrong.append("nothing was done and nothing was said")

    def _held(self, verb: str, case: str) -> Victim:
        """A victim that waits with all its threads."""
        victim = Victim.born(self.place, verb, case, held=True)
        victim.hear(b"w")
        names = (t.name for t in Path(f"/proc/{victim.pid}/task").iterdir())
        victim.threads = sorted(int(name) for name in names)
        return victim

    def _let_go(self, victim: Victim, *words: str) -> tuple[int, str]:
        """Under strace with these words, if any; how it ended and what it said."""
        tracer = None
        if words:
            tracer = subprocess.Popen(["strace", *words], stderr=subprocess.PIPE, text=True)
            assert tracer.stderr
            line = tracer.stderr.readline()
            if "attached" not in line:
                victim.kill(kids=True)
                raise RuntimeError(f"strace did not attach: {line}")
        (self.notes / "count").write_text("0")
        os.write(victim.go, b"g")
        victim.hear(b"d")
        code = victim.ended()
        if tracer is not None:
            tracer.communicate()
        return code, victim.said

    @contextlib.contextmanager
    def _shimmed(self, *, at: str, call: str = "", how: str = "", also: str = "") -> Iterator[None]:
        shutil.rmtree(self.notes, ignore_errors=True)
        self.notes.mkdir()
        (self.notes / "count").write_text("0")
        mine = {"TRACED": str(self.notes), "TRACED_AT": at, "TRACED_CALL": call,
                "TRACED_HOW": how, "TRACED_ALSO": also, "PATH": self._path}  # fmt: skip
        was = os.environ["PATH"]
        os.environ.update(mine if at else {})
        try:
            yield
        finally:
            for name in mine:
                os.environ.pop(name, None)
            os.environ["PATH"] = was


def _calls(log: Path) -> Iterator[tuple[int, str, int, str]]:
    """Process, call, how many of its kind before it and itself, and what it was about."""
    counts: dict[tuple[int, str], int] = {}
    for line in log.read_text(errors="replace").splitlines():
        if (found := _LINE.match(line)) is None:
            continue
        pid, call, rest = int(found["pid"] or 0), found["call"], found["rest"]
        nth = counts[pid, call] = counts.get((pid, call), 0) + 1
        if call == "openat" and "O_CREAT" not in rest:
            continue
        if call in ("write", "writev") and _NO_FILE.match(rest):
            continue
        yield pid, call, nth, rest[:90]


def main() -> None:
    folder = Path(sys.argv[1])
    settle_in(folder)
    cells = Traced(folder)
    for line in sys.stdin:
        job: Mapping[str, Any] = json.loads(line)
        try:
            answer: Any = _done(cells, job, job["verb"], job["case"])
        except Exception:  # a death that cannot be judged is a row as well
            answer = Found(wrong=[traceback.format_exc()]).as_row()
        print(json.dumps({"job": job, **answer}), flush=True)


def _done(cells: Traced, job: Mapping[str, Any], verb: str, case: str) -> dict[str, Any]:
    match job["do"]:
        case "points":
            return {"points": cells.points(verb, case)}
        case "starts":
            return {"points": cells.start_points(verb, case, Point(*job["point"]))}
        case "start":
            at, then = Point(*job["point"]), Point(*job["second"])
            return cells.at_start(verb, case, at, then).as_row()
        case _:
            return cells.at_point(verb, case, Point(*job["point"]), job["do"]).as_row()


if __name__ == "__main__":
    main()
