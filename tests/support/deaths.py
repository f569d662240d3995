"""Processes that die in the middle of `spark-tui apply`: python -m tests.support.deaths.

Reads jobs, one JSON object a line; for each it makes a child that runs the real verb and is
killed at the step which the job names, and answers with the child's end and its steps. The rule
kept here: everything is imported once, and each child is a fork of this clean process (no thread,
no loop), so that a death costs less than a start.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spark_tui.cli.main import run
from spark_tui.cli.output import Output
from spark_tui.cli.verbs import apply as apply
from spark_tui.repo.run import Git
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.settings.config import Settings, load
from tests.support.steps import Steps

Tree = Mapping[str, tuple[bytes, int] | None]
"""Path → bytes and permission bits; None: a folder."""


@dataclass(frozen=True)
class Case:
    """A reply that changes five files, and the tree before and after it."""

    reply: str
    hunks: int
    old: Tree
    new: Tree
    links: Mapping[str, str] = field(default_factory=dict)
    """Second names of files."""

    def lay_out(self, root: Path) -> None:
        """The old tree. Does nothing where it is already."""
        if root.exists():
            return
        root.mkdir(parents=True)
        for path, kept in self.old.items():
            if path in self.links:
                os.link(root / self.links[path], root / path)
            elif kept is None:
                (root / path).mkdir(parents=True)
            else:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(kept[0])
                (root / path).chmod(kept[1])


def look(root: Path) -> Tree:
    """Everything below the folder, ours that was left behind included."""
    found: dict[str, tuple[bytes, int] | None] = {}
    for path in sorted(root.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        name = path.relative_to(root).as_posix()
        found[name] = None if path.is_dir() else (path.read_bytes(), mode)
    return found


def _text(word: str) -> bytes:
    return f"one\n{word}\nthree\n".encode() + b"".join(b"line %d\n" % n for n in range(40))


def _update(path: str, *, to: str = "") -> str:
    move = f"*** Move to: {to}\n" if to else ""
    return f"*** Update File: {path}\n{move}@@\n one\n-two\n+2\n three\n"


_A, _B = _text("two"), _text("2")
_KEPT = {"empty": None, "here.txt": (b"not ours\n", 0o644)}


def _diff(path: str, *lines: str) -> str:
    return "\n".join((f"diff --git a/{path} b/{path}", *lines, ""))


def _sides(path: str) -> tuple[str, ...]:
    hunk = ("@@ -1,3 +1,3 @@", " one", "-two", "+2", " three")
    return (f"--- a/{path}", f"+++ b/{path}", *hunk)


FIVE = Case(
    reply="".join(
        (
            _diff("tool.sh", "old mode 100755", "new mode 100644"),
            _diff("calc.txt", *_sides("calc.txt")),
            _diff(
                "new/pkg/run.sh",
                *("new file mode 100755", "--- /dev/null", "+++ b/new/pkg/run.sh"),
                *("@@ -0,0 +1 @@", "+hello"),
            ),
            _diff(
                "gone/only.txt",
                *("deleted file mode 100644", "--- a/gone/only.txt", "+++ /dev/null"),
                *("@@ -1 +0,0 @@", "-secret"),
            ),
            _diff("lib/deep/sums.txt", *_sides("lib/deep/sums.txt")),
        )
    ),
    hunks=5,
    old={
        **_KEPT,
        "calc.txt": (_A, 0o644),
        "gone": None,
        "gone/only.txt": (b"secret\n", 0o600),
        "lib": None,
        "lib/deep": None,
        "lib/deep/sums.txt": (_A, 0o640),
        "tool.sh": (_A, 0o755),
    },
    new={
        **_KEPT,
        "calc.txt": (_B, 0o644),
        "lib": None,
        "lib/deep": None,
        "lib/deep/sums.txt": (_B, 0o640),
        "new": None,
        "new/pkg": None,
        "new/pkg/run.sh": (b"hello\n", 0o755),
        "tool.sh": (_A, 0o644),
    },
)
"""Two updates in folders of their own, an add in a new folder, a delete, an executable bit."""

MOVED = Case(
    reply="*** Begin Patch\n"
    + _update("lib/name.txt", to="box/in/name.txt")
    + _update("twin.txt")
    + _update("bin.sh", to="tools/bin.sh")
    + _update("calc.txt")
    + "*** Delete File: also.txt\n"
    + "*** End Patch\n",
    hunks=7,
    old={
        **_KEPT,
        "also.txt": (b"also\n", 0o604),
        "bin.sh": (_A, 0o750),
        "box": None,
        "calc.txt": (_A, 0o600),
        "lib": None,
        "lib/name.txt": (_A, 0o600),
        "lib/stays.txt": (b"stays\n", 0o644),
        "twin.txt": (_A, 0o644),
        "twin too.txt": (_A, 0o644),
    },
    new={
        **_KEPT,
        "box": None,
        "box/in": None,
        "box/in/name.txt": (_B, 0o600),
        "calc.txt": (_B, 0o600),
        "lib": None,
        "lib/stays.txt": (b"stays\n", 0o644),
        "tools": None,
        "tools/bin.sh": (_B, 0o750),
        "twin.txt": (_B, 0o644),
        "twin too.txt": (_B, 0o644),
    },
    links={"twin too.txt": "twin.txt"},
)
"""Two moves (private, executable; into an empty folder, into a new one), a hard-linked file."""

CASES = {"five": FIVE, "moved": MOVED}


def main() -> None:
    Git(None, environ=os.environ).run("version")  # which imports what it needs
    for line in sys.stdin:
        job = json.loads(line)
        CASES[job["case"]].lay_out(Path(job["root"]))
        ear, mouth = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ear)
            _live(job, mouth)
        os.close(mouth)
        with os.fdopen(ear) as heard:
            names = heard.read()
        _, status = os.waitpid(child, 0)
        ended = os.waitstatus_to_exitcode(status)
        print(json.dumps({"ended": ended, "names": names.splitlines()}), flush=True)


def _live(job: Mapping[str, Any], mouth: int) -> None:
    """The child: it does not come back."""
    code = 70

    def tell(names: list[str]) -> None:
        os.write(mouth, "\n".join(names).encode())

    try:
        steps = Steps(job["name"], job["nth"], job["how"], tell)
        steps.install(plain=job["plain"])
        code = _start(job, steps) if job["verb"] == "start" else _apply(job, steps)
        steps.is_armed = False
        tell(steps.names)
    finally:
        os._exit(code)


def _apply(job: Mapping[str, Any], steps: Steps) -> int:
    """The steps count from the moment when the session is open."""

    async def opener(
        where: Path,
        settings: Settings,
        *,
        environ: Mapping[str, str],
        lock: bool,
        resume: str | None,
        fresh: bool,
    ) -> Session:
        session = await open_session(
            where, settings, environ=environ, lock=lock, resume=resume, fresh=fresh
        )
        steps.is_armed = True
        return session

    said = io.StringIO()
    words = ["apply", "-C", job["root"], "--accept", "all"]
    reply = io.StringIO(CASES[job["case"]].reply)
    code = run(words, dict(os.environ), out=Output(said, said), stdin=reply, opener=opener)
    if code:
        sys.stderr.write(said.getvalue())
    return code


def _start(job: Mapping[str, Any], steps: Steps) -> int:
    """The next start, which may be killed as well."""

    async def start() -> None:
        environ = dict(os.environ)
        settings = load(environ=environ)
        root = Path(job["root"])
        session = await open_session(root, settings, environ=environ, fresh=False)
        await session.close()

    steps.is_armed = True
    asyncio.run(start())
    return 0


if __name__ == "__main__":
    main()
