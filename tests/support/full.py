"""Verbs on a disk that is full, read-only or refuses: python -m tests.support.full FOLDER.

Meant to run inside `unshare -rm`, where anybody may mount: one part of the scene (the work tree,
the state folder, the temporary folder) lies on a small tmpfs. The rule kept here: the disk turns
bad when the session is open, and is good again before the next start; the process that met it must
leave all files old or all new, and say what was wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spark_tui.errors import SparkFault
from tests.support.aftermath import Found, files, raw
from tests.support.cells import Cells, Victim, in_child, judged, settle_in
from tests.support.scenes import CASES, Place, look, opened

PARTS = ("work", "state", "tmp")
_SIZE = "4m"


@dataclass(frozen=True)
class Bad:
    """How the disk is bad. `fill`: so many KiB are left; `fsize`: no file may get longer than so
    many KiB; `memory`: so many KiB more may be had; `readonly`, `folder` (0555) and `file` (0444)
    need no number."""

    how: str
    part: str = "work"
    level: int = 0


class Full(Cells):
    """Cells with one part on a disk of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._mounted: Path | None = None

    def run(self, verb: str, case: str, bad: Bad) -> Found:
        self._mount(None)
        scene = self.scene(verb, case)
        if bad.how in ("fill", "readonly"):
            self._mount(self.folder / "cell" / bad.part)
            self._copy_in(scene.template)
        else:
            self.fresh(verb, case)
        victim = Victim.born(self.place, verb, case, held=True, before=_plain_person)
        if not victim.hear(b"w") or b"w" not in victim.heard:
            raise RuntimeError(f"the session did not open: {victim.heard!r}")
        found = Found()
        with self._turned(bad, victim.pid, case):
            os.write(victim.go, b"g")
            victim.hear(b"d")
            code = victim.ended()
            found.said = victim.said
            if said := in_child(lambda: _start(self.place)):
                found.wrong.append(f"a start on the bad disk: {said}")
        tree, aim = look(self.place.work), scene.aim
        found.recovered = "put back" in found.said
        if files(tree) not in (files(aim.old), files(aim.new)) and not found.recovered:
            found.wrong.append(f"a half set from a process that lives: {found.said!r}")
        if code < 0:
            found.wrong.append(f"the app died of it: {code}")
        if verb != "commit" and files(tree) == files(aim.old) and not found.said:
            found.wrong.append("nothing was done and nothing was said")
        raw(self.place, scene.aim, found)
        found.folders = False
        return judged(self.place, verb, case, scene.aim, found)

    @contextlib.contextmanager
    def _turned(self, bad: Bad, pid: int, case: str) -> Iterator[None]:
        part = self.place.folder / bad.part
        match bad.how:
            case "fill":
                _fill(part, bad.level)
                yield
                (part / "filler").unlink()
            case "readonly":
                _mount("-o", "remount,ro", str(part))
                yield
                _mount("-o", "remount,rw", str(part))
            case "fsize" | "memory":
                kind = resource.RLIMIT_FSIZE if bad.how == "fsize" else resource.RLIMIT_AS
                has = 0 if bad.how == "fsize" else _memory(pid)
                resource.prlimit(pid, kind, (has + bad.level * 1024, resource.RLIM_INFINITY))
                yield
            case "folder" | "file":
                path = self._one_of(case)
                path = path.parent if bad.how == "folder" else path
                bits = stat.S_IMODE(path.stat().st_mode)
                path.chmod(bits & ~0o222)
                yield
                if path.exists():
                    path.chmod(bits)
            case _:
                raise ValueError(bad.how)

    def _one_of(self, case: str) -> Path:
        """A file that the verb changes, or the folder it is in: the last, so that others come
        before it."""
        old, new = CASES[case].old, CASES[case].new
        changed = [p for p in new if p in old and old[p] != new[p]]
        return self.place.work / changed[-1]

    def _mount(self, target: Path | None) -> None:
        if self._mounted is not None and self._mounted != target:
            subprocess.run(["umount", str(self._mounted)], check=True)
            self._mounted = None
        if target is not None and self._mounted is None:
            _mount("-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(target))
            self._mounted = target

    def _copy_in(self, template: Path) -> None:
        for part in template.iterdir():
            target = self.place.folder / part.name
            target.mkdir(exist_ok=True)
            for old in target.iterdir():
                shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
            subprocess.run(["cp", "-a", f"{part}/.", str(target)], check=True)


def possible() -> str:
    """ "" where small disks can be made here, else why not."""
    if shutil.which("unshare") is None:
        return "there is no unshare"
    words = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    tried = subprocess.run(words, capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"nothing may be mounted here: {tried.stderr.decode()}"


def _start(place: Place) -> str:
    """A start may fail then, with words."""

    async def job() -> None:
        session = await opened(place)
        await session.close()

    try:
        asyncio.run(job())
    except SparkFault:
        return ""
    except Exception:
        return traceback.format_exc()
    return ""


def _plain_person() -> None:
    """Modes mean nothing to root."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(28, 3, 0, 0, 0)  # PR_SET_SECUREBITS: what root starts is not root again
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())


def _fill(part: Path, kib: int) -> None:
    with (part / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"x" * 4096)
    size = (part / "filler").stat().st_size
    os.truncate(part / "filler", max(0, size - kib * 1024))


def _memory(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, stdin=subprocess.DEVNULL)


def main() -> None:
    folder = Path(sys.argv[1])
    settle_in(folder)
    cells = Full(folder)
    for line in sys.stdin:
        job: Mapping[str, Any] = json.loads(line)
        try:
            row = cells.run(job["verb"], job["case"], Bad(*job["bad"])).as_row()
        except Exception:  # what cannot be judged is a row as well
            row = Found(wrong=[traceback.format_exc()]).as_row()
        print(json.dumps({"job": job, **row}), flush=True)


if __name__ == "__main__":
    main()
