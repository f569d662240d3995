"""A commit leaves its branch and comes back; index, files and other refs stay the person's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from spark_tui.repo.commits import CommitDone, CommitRequest, commit
from spark_tui.repo.repository import Repository
from spark_tui.repo.uncommit import (
    Kept,
    Tip,
    bring_back,
    drop,
    look,
    may_return,
    revert_message,
    reverted,
    settle_dropped,
)

Shell = Callable[..., str]
A = b"one\nTWO\nthree\n"


def made(repo: Repository, data: bytes = A, path: str = "a.txt", message: str = "Shout") -> str:
    (repo.root / path).write_bytes(data)
    done = commit(repo, CommitRequest({path: (data, 0o644)}, message))
    assert isinstance(done, CommitDone), done
    return done.commit


def tip(repo: Repository, commit: str) -> Tip:
    found = look(repo, commit)
    assert isinstance(found, Tip), found
    return found


def kept(repo: Repository, commit: str) -> Kept:
    found = look(repo, commit)
    assert isinstance(found, Kept), found
    return found


def index(shell: Shell) -> list[str]:
    """Entries and flags, without what the file system adds."""
    words = ("ls-files", "-s", "-v", "--debug")
    times = ("  ctime", "  mtime", "  dev", "  uid", "  size")
    return [line for line in shell(*words).splitlines() if not line.startswith(times)]


def test_down_and_up_again(repo: Repository, shell: Shell) -> None:
    before, first = index(shell), repo.tip()
    oid = made(repo)
    after = index(shell)
    assert drop(repo, tip(repo, oid)) == ""
    assert repo.tip() == first and index(shell) == before
    assert (repo.root / "a.txt").read_bytes() == A, "files are somebody else's business"
    assert repo.head().branch == "main"
    assert shell("reflog", "-1", "--format=%gs") == f"spark-tui: drop {oid[:9]}: Shout\n"
    assert bring_back(repo, oid) == ""
    assert repo.tip() == oid and index(shell) == after and repo.status().marks == {}
    assert shell("reflog", "-1", "--format=%gs", "main").startswith("spark-tui: bring back")


def test_the_persons_own_index_stays(repo: Repository, shell: Shell) -> None:
    (repo.root / "src/b.txt").write_text("staged\n")
    (repo.root / "later").write_text("later\n")
    shell("add", "src/b.txt")
    shell("add", "-N", "later")
    shell("update-index", "--assume-unchanged", "run.sh")
    before = index(shell)
    oid = made(repo)
    assert drop(repo, tip(repo, oid)) == ""
    assert index(shell) == before
    assert bring_back(repo, oid) == "" and repo.staged(["src/b.txt"])


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_marks_of_its_own_entries_stay_too(repo: Repository, shell: Shell, mark: str) -> None:
    shell("update-index", mark, "a.txt")
    before = index(shell)
    oid = made(repo)
    assert shell("ls-files", "-v", "a.txt")[0] in "hS"
    assert drop(repo, tip(repo, oid)) == "" and index(shell) == before


def test_what_was_staged_on_top_stays_on_top(repo: Repository, shell: Shell) -> None:
    lines = [f"line {n}\n" for n in range(10)]
    oid = made(repo, "".join(["LINE 0\n", *lines[1:]]).encode(), "src/b.txt")
    (repo.root / "src/b.txt").write_text("".join(["LINE 0\n", *lines[1:9], "mine\n"]))
    shell("add", "src/b.txt")
    assert "Your staged changes were kept" in str(drop(repo, tip(repo, oid)))
    assert shell("show", ":src/b.txt") == "".join([*lines[:9], "mine\n"])


def test_a_staged_change_of_the_same_line_stays_as_it_is(repo: Repository, shell: Shell) -> None:
    oid = made(repo)
    (repo.root / "a.txt").write_text("one\nmine\nthree\n")
    shell("add", "a.txt")
    assert "Your staged version was kept: a.txt." in str(drop(repo, tip(repo, oid)))
    assert shell("show", ":a.txt") == "one\nmine\nthree\n"


def test_a_crash_before_the_index_is_made_good_later(repo: Repository, shell: Shell) -> None:
    before, first = index(shell), repo.tip()
    oid = made(repo)
    shell("update-ref", "refs/heads/main", str(first))
    assert settle_dropped(repo, oid) == "" and index(shell) == before
    assert settle_dropped(repo, oid) == "" and index(shell) == before


def test_the_first_commit(root: Path, environ: dict[str, str], shell: Shell) -> None:
    shell("init", "-q", "--template=")
    repo = Repository.discover(root, environ=environ)
    assert repo is not None
    (root / "own.txt").write_text("mine\n")
    shell("add", "own.txt")
    before = index(shell)
    oid = made(repo)
    assert tip(repo, oid).parent is None
    assert drop(repo, tip(repo, oid)) == ""
    assert repo.tip() is None and repo.head().branch == "main" and index(shell) == before
    assert bring_back(repo, oid) == "" and repo.tip() == oid
    shell("checkout", "-q", "--detach")
    shell("branch", "-D", "main")
    assert kept(repo, oid) == Kept(
        "first", "it is the first commit and HEAD is on no branch", can_revert=True
    )


def test_detached(repo: Repository, shell: Shell) -> None:
    shell("checkout", "-q", "--detach")
    first = repo.tip()
    oid = made(repo)
    assert tip(repo, oid).ref == "HEAD"
    assert drop(repo, tip(repo, oid)) == ""
    assert repo.tip() == first == shell("rev-parse", "main").strip()
    assert repo.head().detached and bring_back(repo, oid) == "" and repo.tip() == oid


def test_in_a_linked_work_tree_only_its_own_head_moves(
    repo: Repository, shell: Shell, tmp_path: Path, environ: dict[str, str]
) -> None:
    shell("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    linked = Repository.discover(tmp_path / "side", environ=environ)
    assert linked is not None
    first, before = repo.tip(), index(shell)
    oid = made(linked)
    assert drop(linked, tip(linked, oid)) == ""
    assert linked.tip() == first == repo.tip() and index(shell) == before
    assert linked.staged(["a.txt"]) == linked.tree(["a.txt"])


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("update-ref", "refs/remotes/origin/main", "HEAD"), "pushed", "it is on origin/main"),
        (("tag", "v1"), "tag", "the tag v1 holds it"),
        (("tag", "-a", "-m", "x", "v2"), "tag", "the tag v2 holds it"),
        (("branch", "side"), "branch", "the branch side holds it too"),
        (("commit", "-q", "--allow-empty", "-m", "x"), "elsewhere", "it is not the newest"),
    ],
)
def test_what_somebody_else_may_have_is_kept(
    repo: Repository, shell: Shell, words: tuple[str, ...], code: str, why: str
) -> None:
    oid = made(repo)
    aim = tip(repo, oid)
    shell(*words)
    head = repo.tip()
    found = kept(repo, oid)
    assert (found.code, found.can_revert) == (code, True) and found.message.startswith(why)
    assert drop(repo, aim) == found and repo.tip() == head


def test_a_detached_work_tree_elsewhere_holds_it(
    repo: Repository, shell: Shell, tmp_path: Path
) -> None:
    oid = made(repo)
    shell("worktree", "add", "-q", "--detach", str(tmp_path / "other"))
    assert kept(repo, oid).code == "worktree"


def test_merges_operations_and_strangers_are_left_alone(repo: Repository, shell: Shell) -> None:
    first = str(repo.tip())
    shell("checkout", "-q", "-b", "side")
    made(repo, b"side\n", "side.txt")
    shell("checkout", "-q", "main")
    oid = made(repo)
    shell("merge", "-q", "--no-edit", "side")
    assert kept(repo, str(repo.tip())) == Kept("merge", "it is a merge")
    shell("reset", "-q", "--hard", oid)
    shell("branch", "-D", "side")
    (repo.git_dir / "MERGE_HEAD").write_text(f"{first}\n")
    assert kept(repo, oid) == Kept("operation", "a merge is in progress")
    assert isinstance(bring_back(repo, oid), Kept)
    (repo.git_dir / "MERGE_HEAD").unlink()
    shell("reset", "-q", "--hard", first)
    assert kept(repo, oid) == Kept("not_here", "this branch does not hold it")
    assert kept(repo, "1" * 40).code == "unknown"


def test_a_conflict_in_the_index_comes_first(repo: Repository, shell: Shell) -> None:
    oid = made(repo)
    blob = shell("rev-parse", "HEAD:a.txt").strip()
    lines = "".join(f"100644 {blob} {stage}\tboth\n" for stage in (1, 2, 3))
    subprocess.run(
        ["git", "update-index", "--index-info"], cwd=repo.root, input=lines.encode(), check=True
    )
    assert kept(repo, oid) == Kept("unmerged", "the index holds unresolved conflicts")


def test_head_that_moved_meanwhile_stays(
    repo: Repository, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the move somebody commits: compare-and-swap sees it."""
    oid = made(repo)
    aim = tip(repo, oid)
    monkeypatch.setattr("spark_tui.repo.uncommit.look", lambda *_: aim)
    shell("commit", "-q", "--allow-empty", "-m", "theirs")
    theirs = repo.tip()
    assert drop(repo, aim) == Kept("moved", "HEAD moved meanwhile") and repo.tip() == theirs
    assert isinstance(bring_back(repo, oid), Kept)


def test_a_lock_that_stays_is_named_and_left(
    repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spark_tui.repo.uncommit._LOCK_WAIT_S", 0)
    oid = made(repo)
    lock = repo.git_dir / "refs/heads/main.lock"
    lock.touch()
    said = drop(repo, tip(repo, oid))
    assert isinstance(said, Kept) and said.code == "locked" and "main.lock" in said.message
    assert lock.exists() and repo.tip() == oid


def test_an_index_that_somebody_holds_comes_first(
    repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spark_tui.repo.settling.LOCK_WAIT_S", 0)
    oid = made(repo)
    aim = tip(repo, oid)
    lock = repo.git_dir / "index.lock"
    lock.touch()
    said = drop(repo, aim)
    assert (
        isinstance(said, Kept) and said.code == "locked" and "the index is locked" in said.message
    )
    assert lock.exists() and repo.tip() == oid
    lock.unlink()
    assert drop(repo, aim) == ""
    lock.touch()
    assert isinstance(bring_back(repo, oid), Kept) and repo.tip() == aim.parent


def test_no_hook_runs(repo: Repository, tmp_path: Path) -> None:
    oid = made(repo)
    ran = tmp_path / "ran"
    hooks = repo.git_dir / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-index-change", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (hooks / name).chmod(0o755)
    assert drop(repo, tip(repo, oid)) == "" and bring_back(repo, oid) == ""
    assert not ran.exists()


def test_reverted_is_head_without_the_commit(repo: Repository, shell: Shell) -> None:
    oid = made(repo)
    made(repo, b"one\nTWO\nthree\n\n\nfour\n")
    assert reverted(repo, oid) == {"a.txt": (b"one\ntwo\nthree\n\n\nfour\n", 0o644)}
    assert revert_message(repo, oid) == f'Revert "Shout"\n\nThis reverts commit {oid}.'


def test_reverted_files_that_came_went_or_run(repo: Repository) -> None:
    request = CommitRequest(
        {"new.txt": (b"new\n", 0o644), "run.sh": None, "a.txt": (b"one\ntwo\nthree\n", 0o755)},
        "Turn around",
    )
    done = commit(repo, request)
    assert isinstance(done, CommitDone)
    assert reverted(repo, done.commit) == {
        "new.txt": None,
        "run.sh": (b"#!/bin/sh\n", 0o755),
        "a.txt": (b"one\ntwo\nthree\n", 0o644),
    }


def test_what_later_commits_changed_is_a_conflict(repo: Repository) -> None:
    oid = made(repo)
    made(repo, b"one\nmine\nthree\n")
    found = reverted(repo, oid)
    assert isinstance(found, Kept) and found.code == "conflict" and "a.txt" in found.message
    made(repo, b"one\ntwo\nthree\n")
    assert reverted(repo, oid) == Kept("nothing", "nothing of it is left")


def test_a_commit_that_git_threw_away_cannot_come_back(repo: Repository, shell: Shell) -> None:
    oid = made(repo)
    drop(repo, tip(repo, oid))
    assert may_return(repo, oid) == repo.tip()
    shell("reflog", "expire", "--expire=now", "--all")
    shell("gc", "-q", "--prune=now")
    assert bring_back(repo, oid) == Kept("unknown", "git has thrown it away")
