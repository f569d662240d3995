"""Amending, and the user's index as it is: what may be replaced, and what stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault, GitFault
from spark_tui.repo import carrying, settling
from spark_tui.repo.commits import (
    CommitDone,
    CommitRefused,
    CommitRequest,
    Identity,
    commit,
    prepare,
)
from spark_tui.repo.repository import Repository
from spark_tui.repo.settling import lock_words, wait_for_index

Shell = Callable[..., str]
A = b"one\nTWO\nthree\n"


def test_amend_keeps_author_and_parents(repo: Repository, shell: Shell) -> None:
    first = shell("rev-parse", "HEAD").strip()
    who = ("--author=Bob <bob@example.com>", "--date=2001-02-03T04:05:06Z")
    shell("commit", "-q", "--allow-empty", "-m", "Second", *who)
    old = shell("rev-parse", "HEAD").strip()
    (repo.root / "src/b.txt").write_text("staged\n")
    shell("add", "src/b.txt")
    (repo.root / "a.txt").write_bytes(A)
    request = CommitRequest(
        {"a.txt": (A, 0o644)}, "Better", "T: x", amend=True, ours=frozenset({old})
    )
    done = commit(repo, request)
    assert isinstance(done, CommitDone), done
    assert shell("rev-parse", "HEAD~").strip() == first
    said = shell("log", "-1", "--format=%an|%ad|%cn|%B", "--date=iso-strict").strip()
    assert said == "Bob|2001-02-03T04:05:06+00:00|Ada|Better\n\nT: x"
    assert repo.committed("a.txt") == A
    assert dict(repo.status().marks) == {"src/b.txt": "M."}


def test_amend_of_the_message_alone(repo: Repository, shell: Shell) -> None:
    tree = shell("rev-parse", "HEAD^{tree}")
    done = commit(repo, CommitRequest({}, "First, better\n\nT: x", "T: x", amend=True))
    assert isinstance(done, CommitDone), done
    assert shell("rev-parse", "HEAD^{tree}") == tree
    assert shell("rev-list", "--count", "HEAD").strip() == "1"
    assert shell("log", "-1", "--format=%B").strip() == "First, better\n\nT: x"


def test_what_is_pushed_or_anothers_is_amended_only_when_insisted(
    repo: Repository, shell: Shell
) -> None:
    head = shell("rev-parse", "HEAD").strip()
    shell("update-ref", "refs/remotes/origin/main", head)
    request = CommitRequest({"a.txt": (A, 0o644)}, "x", amend=True)
    no = commit(repo, request)
    assert isinstance(no, CommitRefused) and no.code == "pushed" and "origin/main" in no.message
    shell("update-ref", "-d", "refs/remotes/origin/main")
    bob = ("-c", "user.name=Bob", "-c", "user.email=bob@e.org")
    shell(*bob, "commit", "-q", "--amend", "--no-edit", "--reset-author")
    no = commit(repo, request)
    assert isinstance(no, CommitRefused) and no.code == "foreign" and "Bob" in no.message
    done = commit(repo, CommitRequest({"a.txt": (A, 0o644)}, "x", amend=True, anyway=True))
    assert isinstance(done, CommitDone)


def test_a_merge_or_no_commit_is_never_amended(
    repo: Repository, shell: Shell, tmp_path: Path, environ: dict[str, str]
) -> None:
    shell("checkout", "-qb", "side")
    shell("commit", "-q", "--allow-empty", "-m", "Side")
    shell("checkout", "-q", "main")
    shell("merge", "-q", "--no-ff", "-m", "Merge", "side")
    request = CommitRequest({}, "x", amend=True, anyway=True)
    no = commit(repo, request)
    assert isinstance(no, CommitRefused) and no.code == "amend" and "merge" in no.message
    (tmp_path / "fresh").mkdir()
    fresh = Repository.init(tmp_path / "fresh", environ=environ)
    no = commit(fresh, request)
    assert isinstance(no, CommitRefused) and no.code == "amend"


def test_exactly_the_users_index(repo: Repository, shell: Shell) -> None:
    (repo.root / "a.txt").write_bytes(A)
    shell("add", "a.txt")
    (repo.root / "a.txt").write_bytes(A + b"not staged\n")
    (repo.root / "new").write_text("untracked")
    done = commit(repo, CommitRequest({}, "Staged", is_staged=True))
    assert isinstance(done, CommitDone), done
    assert repo.committed("a.txt") == A and done.note == ""
    assert dict(repo.status().marks) == {"a.txt": ".M", "new": "??"}
    no = commit(repo, CommitRequest({}, "Again", is_staged=True))
    assert isinstance(no, CommitRefused) and (no.code, no.message) == (
        "nothing", "Nothing is staged.",
    )  # fmt: skip


def test_an_identity_for_one_commit(
    repo: Repository, shell: Shell, environ: dict[str, str]
) -> None:
    Path(environ["HOME"], ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    who = Identity("Eve", "eve@example.com")
    done = commit(repo, CommitRequest({"a.txt": (A, 0o644)}, "x", identity=who))
    assert isinstance(done, CommitDone), done
    assert shell("log", "-1", "--format=%an <%ae> %cn <%ce>").strip() == (
        "Eve <eve@example.com> Eve <eve@example.com>"
    )
    assert "Eve" not in (repo.git_dir / "config").read_text()
    no = commit(repo, CommitRequest({"a.txt": (b"y\n", 0o644)}, "x"))
    assert isinstance(no, CommitRefused) and no.code == "identity"


def test_a_lock_that_stays_is_named_and_left(
    repo: Repository, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = repo.git_dir / "index.lock"
    lock.write_text("")
    clock = iter(range(100))
    slept: list[float] = []
    words = wait_for_index(repo, clock=lambda: next(clock), sleep=slept.append)
    assert str(lock) in words and "s old" in words and "may be left" in words
    assert 0 < len(slept) <= 4 and lock.exists()
    monkeypatch.setattr(settling, "LOCK_WAIT_S", 0.0)
    no = commit(repo, CommitRequest({"a.txt": (A, 0o644)}, "x"))
    assert isinstance(no, CommitRefused) and no.code == "index_locked" and lock.exists()
    assert shell("rev-list", "--count", "HEAD").strip() == "1"
    assert lock_words(repo, now=lambda: lock.stat().st_mtime + 75).count("75 s old") == 1


@pytest.mark.parametrize("how", ["split", "sparse"])
def test_unusual_indexes(repo: Repository, shell: Shell, how: str) -> None:
    if how == "split":
        shell("config", "core.splitIndex", "true")
        shell("update-index", "--split-index")
    else:
        shell("update-index", "-q", "--refresh")
        shell("sparse-checkout", "set", "--cone", "--sparse-index")
        assert not (repo.root / "src").exists()
    (repo.root / "run.sh").write_text("#!/bin/sh\nstaged\n")
    shell("add", "run.sh")
    (repo.root / "a.txt").write_bytes(A)
    before = {p.name for p in repo.git_dir.iterdir()}
    done = commit(repo, CommitRequest({"a.txt": (A, 0o644)}, "x"))
    assert isinstance(done, CommitDone), done
    assert dict(repo.status().marks) == {"run.sh": "M."}
    assert shell("show", "--name-status", "--format=", "HEAD").split() == ["M", "a.txt"]
    assert repo.committed("src/b.txt") is not None
    left = {p.name for p in repo.git_dir.iterdir()} - before
    assert left <= {"COMMIT_EDITMSG", "ORIG_HEAD"} | {n for n in left if "sharedindex" in n}
    assert sum("sharedindex" in n for n in left) <= 1, "none but the user's own index's"


def test_what_cannot_be_prepared_is_a_fault(repo: Repository, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DiskFault, match="cannot be prepared"):
        prepare(repo, CommitRequest({"a.txt": (A, 0o644)}, "x"), blocked / "commit")
    assert repo.status().marks == {}


def test_a_commit_that_is_made_stays_one(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full just now: the commit is there, the index follows another time."""

    def full(*_: object, **__: object) -> None:
        raise GitFault("git failed.")

    monkeypatch.setattr(carrying, "finish", full)
    done = commit(repo, CommitRequest({"a.txt": (A, 0o644)}, "x"))
    assert isinstance(done, CommitDone) and done.is_late and "index could not follow" in done.note
    assert repo.tip() == done.commit
