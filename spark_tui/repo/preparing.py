"""Everything of a commit but the commit itself: may it be, and a private index that holds it.

The rule kept here: nothing of the user's changes, and only one commit at a time is prepared in one
folder. git inherits the folder's lock, so whoever comes later sees whether it still runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from spark_tui.errors import DiskFault, RefusedFault
from spark_tui.repo.amending import not_to_amend
from spark_tui.repo.commit_values import CommitRefused, CommitRequest, Identity, Prepared
from spark_tui.repo.messages import clean, with_trailer
from spark_tui.repo.places import components
from spark_tui.repo.repository import Entry, Repository
from spark_tui.repo.settling import (
    changed,
    done,
    empty_tree,
    index_line,
    no_line,
    text,
    update,
    wait_for_index,
)


def prepare(
    repo: Repository, request: CommitRequest, folder: Path | None = None
) -> Prepared | CommitRefused:
    """Everything but the commit itself. `folder` is used for it, and empty otherwise."""
    message = clean(request.message)
    if not message:
        return CommitRefused("message", "The commit message is empty.", hint="Write one line.")
    if request.trailer:
        message = with_trailer(message, request.trailer)
    refused = _not_now(repo, request)
    if refused is not None:
        return refused
    lock: int | None = None
    ready: Prepared | CommitRefused | None = None
    place = folder
    try:
        place = Path(tempfile.mkdtemp(prefix="spark-tui-")) if folder is None else folder
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = lock_folder(place)
        if lock == HELD:
            return CommitRefused(
                "running", "git of an earlier commit, or a hook of it, still runs here.",
                hint="Wait until it has ended, or end it; nothing is lost.",
            )  # fmt: skip
        ready = _fill(repo, request, message, place, lock)
        return ready
    except OSError as error:
        raise DiskFault(
            f"The commit cannot be prepared in {place}: {error.strerror or error}.",
            hint="Nothing was committed. Free some space, or fix the permissions there.",
        ) from error
    finally:
        if place is not None and lock != HELD and not isinstance(ready, Prepared):
            Prepared(place, None, "", None, "", "", frozenset(), lock=lock).close()


def _fill(
    repo: Repository, request: CommitRequest, message: str, folder: Path, lock: int | None
) -> Prepared | CommitRefused:
    head = repo.tip()
    base = head if head is not None else empty_tree(repo)
    index = folder / "index"
    if request.is_staged:
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(repo.git_dir / "index", index)
    else:
        _seed(repo, head, index)
        problem = _put(repo, request.files, index)
        if problem is not None:
            return problem
    tree = done(repo.git.run(*_WHOLE, "write-tree", index=index)).decode("ascii").strip()
    before, after = changed(repo, base, tree)
    if not before and not after and not request.amend:
        if request.is_staged:
            return CommitRefused(
                "nothing", "Nothing is staged.", hint="Stage hunks or files first."
            )
        return CommitRefused("nothing", "HEAD already has all of this: nothing to commit.")
    paths = before.keys() | after.keys()
    if not request.is_staged:
        # git lets a file take the place of a folder, and the other way round.
        displaced = sorted(paths - request.files.keys())
        if displaced:
            return CommitRefused("git", f"This would remove {', '.join(displaced)}.")
        paths = paths | request.files.keys()
    if repo.tip() != head:
        return CommitRefused("git", "HEAD moved meanwhile.", hint="Look at it, then commit.")
    (folder / "message").write_text(message + "\n", "utf-8")
    return Prepared(
        folder, None if request.is_staged else index, message, head, base, tree, frozenset(paths),
        (head or "") if request.amend else "", request.identity, lock,
    )  # fmt: skip


def _not_now(repo: Repository, request: CommitRequest) -> CommitRefused | None:
    operation = repo.operation()
    if operation is not None:
        cure = "git bisect reset" if operation == "bisect" else f"git {operation} --continue"
        return CommitRefused(
            "operation",
            f"A {operation} is in progress.",
            hint=f"Finish it first ({cure}) or give it up, then commit.",
        )
    if repo.unmerged():
        return CommitRefused(
            "unmerged",
            "The index holds unresolved conflicts.",
            hint="Resolve them and `git add` the files, then commit.",
        )
    if request.amend and (no := not_to_amend(repo, request.ours, anyway=request.anyway)):
        code, why, hint = no
        return CommitRefused(code, why, hint=hint)
    env = signed_by(request.identity)
    for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        said = repo.git.run("var", who, as_user=True, env=env)
        if said.status != 0:
            return CommitRefused(
                "identity",
                "git does not know who you are.",
                text(said.err),
                'git config --global user.name "Your Name"; '
                'git config --global user.email "you@example.com"',
            )
    if locked := wait_for_index(repo):
        return CommitRefused(
            "index_locked", f"{locked} Nothing was committed.",
            hint="Let that git end, then commit again. Only when none runs, remove the lock.",
        )  # fmt: skip
    return None


_WHOLE = ("-c", "core.splitIndex=false")
"""A private index leaves nothing in the user's repository."""
HELD = -1


def lock_folder(folder: Path) -> int | None:
    """A lock that git inherits; None where the file system has no locks."""
    fd = os.open(folder / "running", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        return HELD if isinstance(error, BlockingIOError) else None
    return fd


def _seed(repo: Repository, head: str | None, index: Path) -> None:
    """HEAD, and what git knows of the files on disk: hooks are then fast."""
    if head is None:
        done(repo.git.run(*_WHOLE, "read-tree", "--empty", index=index))
        return
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(repo.git_dir / "index", index)
    if repo.git.run(*_WHOLE, "read-tree", "-m", head, index=index, timeout_s=120).status != 0:
        index.unlink(missing_ok=True)
        done(repo.git.run(*_WHOLE, "read-tree", head, index=index, timeout_s=120))


def _put(
    repo: Repository, files: Mapping[str, tuple[bytes, int] | None], index: Path
) -> CommitRefused | None:
    gone: list[bytes] = []
    there: dict[str, Entry] = {}
    for path, kept in files.items():
        try:
            components(path)
        except RefusedFault as fault:
            return CommitRefused("git", fault.message)
        if kept is None:
            gone.append(no_line(repo, path))
            continue
        data, mode = kept
        # As `git add` does, with the user's filters: line endings, large files.
        said = repo.git.run(
            "hash-object", "-w", "--stdin", "--path", path, input=data, as_user=True
        )
        if said.status != 0:
            return CommitRefused("git", f"git could not store {path}.", text(said.err))
        oid = said.out.decode("ascii").strip()
        there[path] = Entry("100755" if mode & 0o100 else "100644", oid)
    lines = [index_line(entry.mode, entry.oid, path) for path, entry in there.items()]
    said = update(repo, b"".join(gone + lines), index)
    # A path that git does not want is left out with a word on stderr and status 0.
    if said.status != 0 or repo.staged(list(files), index) != there:
        return CommitRefused("git", "git refused one of the paths.", text(said.err))
    return None


def signed_by(identity: Identity | None) -> dict[str, str]:
    """The environment of a commit by somebody whom git does not know."""
    if identity is None:
        return {}
    return {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", identity.name), ("EMAIL", identity.email))
    }
