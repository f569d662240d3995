"""A commit of reviewed content, by a private index; everything else stays the user's.

    seed       a private index from HEAD, in a temporary folder
    put        the reviewed bytes of each path
    commit     the user's own `git commit`: hooks, signing, author as they configured it
    settle     in the user's index only the entries which the commit made out of date

The rule kept here: unrelated staged, unstaged and untracked work is as it was, whether the
commit succeeds or is refused. What the message should say is somebody else's business.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spark_tui.errors import GitFault, RefusedFault
from spark_tui.repo.gitenv import as_settings
from spark_tui.repo.messages import clean, with_trailer
from spark_tui.repo.places import components
from spark_tui.repo.repository import Entry, Repository
from spark_tui.repo.run import GitStopped, Ran

_LOCK_WAIT_S = 3.0
_LOCK_STEP_S = 0.05

Code = Literal[
    "operation", "unmerged", "message", "nothing", "identity", "hook", "signing", "git",
    "conflict", "no_git",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """What the commit shall hold."""

    files: Mapping[str, tuple[bytes, int] | None]
    """Path → all bytes and mode it shall have in the commit; None: deleted."""
    message: str
    trailer: str | None = None
    """One line, `Assisted-by: spark-tui:MODEL`."""


@dataclass(frozen=True, slots=True)
class CommitDone:
    """The commit exists."""

    commit: str
    subject: str
    note: str = ""
    """What the person should know: staged work kept, files a hook added."""
    output: str = ""
    """What git and the hooks said."""


@dataclass(frozen=True, slots=True)
class CommitRefused:
    """There is no commit, and nothing changed."""

    code: Code
    message: str
    output: str = ""
    hint: str = ""


def commit(
    repo: Repository, request: CommitRequest, *, timeout_s: float = 600
) -> CommitDone | CommitRefused:
    """Commit exactly `request.files` on top of HEAD."""
    message = clean(request.message)
    if not message:
        return CommitRefused("message", "The commit message is empty.", hint="Write one line.")
    if request.trailer:
        message = with_trailer(message, request.trailer)
    refused = _not_now(repo)
    if refused is not None:
        return refused
    head = repo.tip()
    base = head if head is not None else _empty_tree(repo)
    with _private_index(repo, head) as index:
        problem = _put(repo, request.files, index)
        if problem is not None:
            return problem
        before, after = _changed(repo, base, _tree(repo, index))
        if not before and not after:
            return CommitRefused("nothing", "HEAD already has all of this: nothing to commit.")
        # git lets a file take the place of a folder, and the other way round.
        displaced = sorted((before.keys() | after.keys()) - request.files.keys())
        if displaced:
            return CommitRefused("git", f"This would remove {', '.join(displaced)}.")
        if repo.tip() != head:
            return CommitRefused("git", "HEAD moved meanwhile.", hint="Look at it, then commit.")
        said = _commit(repo, index, message, timeout_s)
        made = repo.tip()
        output = _text(said.err + said.out)
        if made is None or made == head or (said.status != 0 and not _ours(repo, made, message)):
            return _why(repo, said, output)
    note = _settle(repo, base, made, frozenset(request.files))
    return CommitDone(made, message.partition("\n")[0], note, output)


def _not_now(repo: Repository) -> CommitRefused | None:
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
    for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        said = repo.git.run("var", who, as_user=True)
        if said.status != 0:
            return CommitRefused(
                "identity",
                "git does not know who you are.",
                _text(said.err),
                'git config --global user.name "Your Name"; '
                'git config --global user.email "you@example.com"',
            )
    return None


@contextlib.contextmanager
def _private_index(repo: Repository, head: str | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="spark-tui-") as folder:
        index = Path(folder) / "index"
        if head is None:
            _done(repo.git.run("read-tree", "--empty", index=index))
        else:
            # The user's index carries what git knows of the files on disk: hooks are then fast.
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(repo.git_dir / "index", index)
            if repo.git.run("read-tree", "-m", head, index=index, timeout_s=120).status != 0:
                index.unlink(missing_ok=True)
                _done(repo.git.run("read-tree", head, index=index, timeout_s=120))
        yield index


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
            gone.append(_no_line(repo, path))
            continue
        data, mode = kept
        # As `git add` does, with the user's filters: line endings, large files.
        said = repo.git.run(
            "hash-object", "-w", "--stdin", "--path", path, input=data, as_user=True
        )
        if said.status != 0:
            return CommitRefused("git", f"git could not store {path}.", _text(said.err))
        oid = said.out.decode("ascii").strip()
        there[path] = Entry("100755" if mode & 0o100 else "100644", oid)
    lines = [_index_line(entry.mode, entry.oid, path) for path, entry in there.items()]
    said = _update(repo, b"".join(gone + lines), index)
    # A path that git does not want is left out with a word on stderr and status 0.
    if said.status != 0 or repo.staged(list(files), index) != there:
        return CommitRefused("git", "git refused one of the paths.", _text(said.err))
    return None


def _commit(repo: Repository, index: Path, message: str, timeout_s: float) -> Ran:
    try:
        return repo.git.run(
            *("commit", "--cleanup=whitespace", "--file=-"),
            input=message.encode("utf-8") + b"\n",
            env=as_settings([("i18n.commitEncoding", "UTF-8")]),
            index=index,
            as_user=True,
            timeout_s=timeout_s,
        )
    except GitStopped as stopped:
        return Ran(1, b"", f"{stopped.message}\n".encode())


def _ours(repo: Repository, made: str, message: str) -> bool:
    """git can fail after the commit is made, for example on a full disk."""
    said = repo.git.run("log", "-n1", "--format=%B", made, "--")
    return said.out.decode("utf-8", "replace").startswith(message.partition("\n")[0] + "\n")


def _why(repo: Repository, said: Ran, output: str) -> CommitRefused:
    """git's words depend on the user's language; its status and the settings do not."""
    signs = repo.git.run("config", "--type=bool", "commit.gpgSign", as_user=True).out
    if said.status == 128 and signs.strip() == b"true":
        return CommitRefused(
            "signing",
            "The commit could not be signed; nothing was committed.",
            output,
            "Unlock the key in a shell (for example: echo | gpg --clearsign), then commit again.",
        )
    if said.status == 1:
        return CommitRefused(
            "hook",
            "A hook refused the commit; nothing was committed.",
            output,
            "Do what the hook asks for, then commit again. The message is kept.",
        )
    return CommitRefused("git", "git refused the commit; nothing was committed.", output)


def _settle(repo: Repository, base: str, made: str, asked: frozenset[str]) -> str:
    """Index entries which were HEAD's become the new HEAD's; the user's own stay."""
    before, after = _changed(repo, base, made)
    paths = sorted(before.keys() | after.keys())
    staged = repo.staged(paths)
    lines: list[bytes] = []
    merged: list[str] = []
    kept: list[str] = []
    for path in paths:
        old, new, own = before.get(path), after.get(path), staged.get(path)
        if own == new:
            continue
        if own != old:
            combined = _combine(repo, old, own, new)
            if combined is None:
                kept.append(path)
                continue
            merged.append(path)
            new = combined
        if new is None:
            lines.append(_no_line(repo, path))
        else:
            lines.append(_index_line(new.mode, new.oid, path))
    notes: list[str] = []
    if lines and not _update_users(repo, b"".join(lines)):
        notes.append("The index is locked: run `git reset -q` on the committed files later.")
    if kept:
        notes.append(f"Your staged version was kept: {', '.join(kept)}.")
    if merged:
        notes.append(f"Your staged changes were kept on top: {', '.join(merged)}.")
    added = [p for p in paths if p not in asked]
    if added:
        notes.append(f"A hook also changed: {', '.join(added)}.")
    return " ".join(notes)


def _changed(repo: Repository, old: str, new: str) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """Entries before and after, of the paths in which two commits or trees differ."""
    before: dict[str, Entry] = {}
    after: dict[str, Entry] = {}
    out = _done(repo.git.run("diff-tree", "-r", "-z", "--no-renames", old, new))
    fields = out.decode("utf-8", "surrogateescape").split("\0")
    for meta, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old_oid, new_oid, _ = meta.removeprefix(":").split(" ")
        if old_mode != "000000":
            before[path] = Entry(old_mode, old_oid)
        if new_mode != "000000":
            after[path] = Entry(new_mode, new_oid)
    return before, after


def _combine(
    repo: Repository, old: Entry | None, own: Entry | None, new: Entry | None
) -> Entry | None:
    """The user's staged change on top of the commit, when both fit together."""
    if own is None or new is None or own.mode != new.mode or not own.mode.startswith("100"):
        return None
    with tempfile.TemporaryDirectory(prefix="spark-tui-") as folder:
        names: list[str] = []
        for name, entry in (("own", own), ("old", old), ("new", new)):
            place = Path(folder) / name
            data = _done(repo.git.run("cat-file", "blob", entry.oid)) if entry else b""
            place.write_bytes(data)
            names.append(str(place))
        said = repo.git.run("merge-file", "-p", "-q", "--", *names)
    if said.status != 0:
        return None
    stored = _done(repo.git.run("hash-object", "-w", "--stdin", "--no-filters", input=said.out))
    return Entry(own.mode, stored.decode("ascii").strip())


def _update_users(repo: Repository, lines: bytes) -> bool:
    """Another git may hold the index for a moment."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    while _update(repo, lines, None).status != 0:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOCK_STEP_S)
    return True


def _update(repo: Repository, lines: bytes, index: Path | None) -> Ran:
    return repo.git.run("update-index", "-z", "--index-info", input=lines, index=index)


def _index_line(mode: str, oid: str, path: str) -> bytes:
    return f"{mode} {oid}\t{path}\0".encode("utf-8", "surrogateescape")


def _no_line(repo: Repository, path: str) -> bytes:
    return _index_line("0", "0" * repo.oid_length, path)


def _tree(repo: Repository, index: Path) -> str:
    return _done(repo.git.run("write-tree", index=index)).decode("ascii").strip()


def _empty_tree(repo: Repository) -> str:
    """git knows it without having it; its name depends on the hash."""
    said = repo.git.run("hash-object", "-t", "tree", "--stdin", input=b"")
    return _done(said).decode("ascii").strip()


def _done(ran: Ran) -> bytes:
    if ran.status != 0:
        raise GitFault("git failed; nothing was committed.", hint=_text(ran.err))
    return ran.out


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip()
