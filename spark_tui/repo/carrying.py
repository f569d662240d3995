"""The commit itself, by the user's own git: hooks, signing and author as they configured it.

The rule kept here: hooks are never left out, what they said is kept whole, and whether a commit was
made is seen at HEAD, not in git's words. What a killed process left is looked at in the same way.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from spark_tui.errors import SparkFault
from spark_tui.repo.commit_values import CommitDone, CommitRefused, Prepared
from spark_tui.repo.gitenv import as_settings
from spark_tui.repo.hooks import changed_between, findings, hooks_of_a_commit, looks, plain
from spark_tui.repo.preparing import HELD, lock_folder, signed_by
from spark_tui.repo.repository import Repository
from spark_tui.repo.run import GitStopped, Ran
from spark_tui.repo.settling import changed, empty_tree, settle_index, text
from spark_tui.repo.terminal import Terminal

_TRAILER = re.compile(r"^(?:Assisted-by|Co-authored-by): spark-tui:", re.MULTILINE)
"""As it stands in commits that were made here."""
STOPPED = CommitRefused(
    "stopped", "git was stopped; nothing was committed.", hint="The message is kept."
)


def carry_out(
    repo: Repository,
    prepared: Prepared,
    *,
    timeout_s: float = 600,
    terminal: Terminal | None = None,
    goes_on: Callable[[], bool] = lambda: True,
) -> CommitDone | CommitRefused:
    """Let the user's git make the commit, and its hooks run."""
    hooks = hooks_of_a_commit(repo)
    before = looks(repo) if hooks else {}
    if not goes_on():
        return STOPPED
    said = _commit(repo, prepared, timeout_s, terminal)
    made = repo.tip()
    by_hooks = changed_between(before, looks(repo)) if hooks else ()
    output = plain(text(said.err + said.out))
    head = prepared.head
    if made is None or made == head or (said.status != 0 and not _ours(repo, made, prepared)):
        return _why(repo, said, output, by_hooks, has_terminal=terminal is not None)
    try:
        done = finish(repo, prepared.base, made, prepared.paths, output=output, by_hooks=by_hooks,
                      message=prepared.message)  # fmt: skip
    except (SparkFault, OSError) as fault:  # the commit is there, whatever else went wrong
        subject = prepared.message.partition("\n")[0]
        note = f"The commit is made; the index could not follow yet: {fault}"
        done = CommitDone(made, subject, note, output, by_hooks, is_late=True)
    return replace(done, hooks=hooks)


def finish(
    repo: Repository,
    base: str,
    made: str,
    paths: frozenset[str],
    *,
    output: str = "",
    by_hooks: tuple[str, ...] = (),
    message: str = "",
) -> CommitDone:
    """The commit is there: the user's index follows, and what hooks changed is said."""
    settled = settle_index(repo, base, made, paths)
    notes = [settled.note] if settled.note else []
    old, new = changed(repo, base, made)
    added = (old.keys() | new.keys()) - paths
    if on_disk := sorted(set(by_hooks) - added):
        notes.append(f"A hook changed on the disk: {', '.join(on_disk)}.")
    kept = message_of(repo, made)
    if message and kept.strip() != message.strip():
        notes.append("A hook changed the message.")
    return CommitDone(
        made, kept.partition("\n")[0], " ".join(notes), output,
        tuple(sorted({*by_hooks, *added})), is_late=settled.is_late,
    )  # fmt: skip


def _commit(
    repo: Repository, prepared: Prepared, timeout_s: float, terminal: Terminal | None
) -> Ran:
    words = ["--amend"] if prepared.amends else []
    settings = [("i18n.commitEncoding", "UTF-8")]
    if prepared.index is not None:
        settings.append(("core.splitIndex", "false"))
    try:
        # The message is a file: a git that outlives this process has it whole.
        return repo.git.run(
            *(
                "commit",
                "--quiet",
                *words,
                "--cleanup=whitespace",
                f"--file={prepared.folder / 'message'}",
            ),
            env={**as_settings(settings), **signed_by(prepared.identity)},
            index=prepared.index,
            as_user=True,
            timeout_s=timeout_s,
            terminal=terminal,
            inherit=prepared.lock,
        )
    except GitStopped as stopped:
        return Ran(-1, b"", f"{stopped.message}\n".encode())


def message_of(repo: Repository, commit: str) -> str:
    """The whole message of a commit."""
    said = repo.git.run("log", "-n1", "--format=%B", commit, "--")
    return said.out.decode("utf-8", "replace").rstrip("\n")


def _ours(repo: Repository, made: str, prepared: Prepared) -> bool:
    """git can fail after the commit is made, for example on a full disk."""
    subject = prepared.message.partition("\n")[0]
    return _is_it(repo, made, prepared.tree, subject)


def _is_it(repo: Repository, made: str, tree: str, subject: str) -> bool:
    """By its content or its message; a hook may have changed both, and hardly all of either."""
    said = repo.git.run("log", "-n1", "--format=%T%n%B", made, "--")
    found, _, message = said.out.decode("utf-8", "replace").rstrip("\n").partition("\n")
    if tree and found == tree:
        return True
    return subject in message.partition("\n")[0] or bool(_TRAILER.search(message))


def signs(repo: Repository) -> bool:
    """The user has commits signed: that may ask for a passphrase."""
    said = repo.git.run("config", "--type=bool", "commit.gpgSign", as_user=True)
    return said.out.strip() == b"true"


def _why(
    repo: Repository, said: Ran, output: str, by_hooks: tuple[str, ...], *, has_terminal: bool
) -> CommitRefused:
    """git's words depend on the user's language; its status and the settings do not."""
    if said.status < 0:
        return replace(STOPPED, output=output, changed=by_hooks)
    if said.status == 128 and signs(repo):
        lacks = "" if has_terminal else " git had no terminal to ask for a passphrase."
        return CommitRefused(
            "signing",
            f"The commit could not be signed; nothing was committed.{lacks}",
            output,
            "Unlock the key in a shell (for example: echo | gpg --clearsign), then commit again.",
            changed=by_hooks,
        )
    if said.status == 1:
        return CommitRefused(
            "hook",
            "A hook refused the commit; nothing was committed.",
            output,
            "Do what the hook asks for, then commit again. The message is kept.",
            findings(output, repo.root),
            by_hooks,
        )
    return CommitRefused(
        "git", "git refused the commit; nothing was committed.", output, changed=by_hooks
    )


# -- after a kill ------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Found:
    """What became of a commit whose process did not live to see it."""

    state: Literal["made", "none", "running"]
    done: CommitDone | None = None


def found(
    repo: Repository,
    folder: Path,
    *,
    head: str,
    paths: frozenset[str],
    tree: str,
    subject: str,
    amends: str = "",
) -> Found:
    """Look for it; when it was made, the user's index follows it now."""
    made = _made(repo, head, tree, subject, amends)
    if made:
        base = head or empty_tree(repo)
        shutil.rmtree(folder, ignore_errors=True)
        return Found("made", finish(repo, base, made, paths))
    if folder.is_dir():
        lock = lock_folder(folder)
        if lock == HELD:
            return Found("running")
        # Between our look at HEAD and the lock it may have been made.
        made = _made(repo, head, tree, subject, amends)
        if lock is not None:
            os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)
        if made:
            return Found("made", finish(repo, head or empty_tree(repo), made, paths))
    return Found("none")


def _made(repo: Repository, head: str, tree: str, subject: str, amends: str) -> str:
    """The commit that came next after `head` on this branch, if it is the one; ""."""
    tip = repo.tip()
    if tip is None or tip == head:
        return ""
    # An amended commit stands where the old one stood: its parent's next.
    since = f"^{amends}^@" if amends else f"^{head}" if head else ""
    words = ["rev-list", "--first-parent", tip, *([since] if since else []), "--"]
    said = repo.git.run(*words)
    line = said.out.decode("ascii").split()
    if said.status != 0 or not line:
        return ""
    return line[-1] if line[-1] != amends and _is_it(repo, line[-1], tree, subject) else ""
