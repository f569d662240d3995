"""Our line in the user's hooks: prepare-commit-msg, put in and taken out by their explicit word.

The rule kept here: a hook that is not ours is never overwritten. It is refused, or, when the person
insists, kept beside ours and run before it; taking ours out puts it back.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spark_tui.errors import DiskFault, RepositoryFault
from spark_tui.repo.hooks import hooks_folder
from spark_tui.repo.repository import Repository

NAME = "prepare-commit-msg"
KEPT = f"{NAME}.before-spark-tui"
MARK = "# spark-tui: drafts the message of a plain `git commit`; `spark-tui hook remove` ends it"

_SCRIPT = f"""\
#!/bin/sh
{MARK}
before="$(dirname "$0")/{KEPT}"
if [ -x "$before" ]; then "$before" "$@" || exit $?; fi
[ -z "$SPARK_TUI_COMMIT" ] || exit 0
program=%s
[ -x "$program" ] || program=spark-tui
command -v "$program" >/dev/null 2>&1 || exit 0
"$program" commit-msg -- "$@"
exit 0
"""


@dataclass(frozen=True, slots=True)
class HookDone:
    """What was done with the hook."""

    what: Literal["installed", "updated", "chained", "removed", "put_back", "absent"]
    path: Path
    note: str = ""


def install(repo: Repository, program: str, *, force: bool) -> HookDone:
    """Write the hook that runs `program`. Raises RepositoryFault when that would harm another."""
    folder = hooks_folder(repo)
    path = folder / NAME
    shared = not _is_this_repositorys(repo, folder)
    if shared and not force:
        raise RepositoryFault(
            f"core.hooksPath is {folder}: a hook there is run in other repositories too.",
            hint="spark-tui hook install --force puts it there all the same.",
        )
    there = _read(path)
    what: Literal["installed", "updated", "chained"] = "installed"
    try:
        if there is not None and MARK.encode() in there:
            what = "updated"
        elif there is not None:
            if not force:
                raise RepositoryFault(
                    f"There is a hook already: {path}.",
                    hint="spark-tui hook install --force keeps it and runs it first; or add to it: "
                    'spark-tui commit-msg "$@"',
                )
            if os.path.lexists(folder / KEPT):
                raise RepositoryFault(
                    f"{folder / KEPT} is there already; nothing was changed.",
                    hint="Look at both files, and move one of them away.",
                )
            path.rename(folder / KEPT)
            what = "chained"
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, (_SCRIPT % shlex.quote(program)).encode())
    except OSError as error:
        raise _fault(path, error) from error
    tracked = folder.is_relative_to(repo.root) and not folder.is_relative_to(repo.git_dir)
    note = f"{folder} belongs to the work tree: git will show the file." if tracked else ""
    return HookDone(what, path, note)


def remove(repo: Repository) -> HookDone:
    """Take ours away, and put back what was there before. A hook of somebody else stays."""
    path = hooks_folder(repo) / NAME
    there = _read(path)
    if there is None or MARK.encode() not in there:
        note = "A hook of somebody else is there; it stays." if there is not None else ""
        return HookDone("absent", path, note)
    kept = path.with_name(KEPT)
    try:
        if os.path.lexists(kept):
            kept.replace(path)
            return HookDone("put_back", path)
        path.unlink()
    except OSError as error:
        raise _fault(path, error) from error
    return HookDone("removed", path)


def _is_this_repositorys(repo: Repository, folder: Path) -> bool:
    common = repo.git.run("rev-parse", "--path-format=absolute", "--git-common-dir").out
    homes = (repo.root, repo.git_dir, Path(os.fsdecode(common.removesuffix(b"\n"))))
    real = folder.resolve()
    return any(real.is_relative_to(home.resolve()) for home in homes)


def _read(path: Path) -> bytes | None:
    """The hook that is there; a link that leads nowhere counts as one."""
    if not os.path.lexists(path):
        return None
    try:
        return path.read_bytes() if not path.is_symlink() else b""
    except OSError:
        return b""


def _write(path: Path, data: bytes) -> None:
    """In one step, so that no git ever runs half a hook."""
    staged = path.with_name(f".{NAME}.{os.getpid()}")
    try:
        file = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o755)
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def _fault(path: Path, error: OSError) -> DiskFault:
    return DiskFault(f"{path} cannot be written: {error.strerror}.", hint="Nothing was changed.")
