"""The process runner: limits, groups, environment."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spark_tui.errors import GitFault
from spark_tui.repo.gitenv import silenced_drivers
from spark_tui.repo.repository import Repository
from spark_tui.repo.run import Git, GitStopped


def test_bytes_in_bytes_out_nothing_stripped(repo: Repository) -> None:
    data = bytes(range(256)) * 4096 + b"\n\n"
    oid = repo.git.run("hash-object", "-w", "--no-filters", "--stdin", input=data)
    assert oid.status == 0
    assert repo.git.run("cat-file", "blob", oid.out.strip()).out == data


def test_a_failure_is_a_status(repo: Repository) -> None:
    said = repo.git.run("rev-parse", "--verify", "nowhere")
    assert said.status == 128
    assert said.out == b""
    assert b"fatal" in said.err


def test_output_is_cut_at_the_limit(repo: Repository) -> None:
    (repo.root / "big.txt").write_text("needle and much hay\n" * 200_000)
    said = repo.git.run("grep", "--untracked", "-e", "needle", max_out=10_000)
    assert said.cut
    assert len(said.out) == 10_000


def test_the_time_limit_ends_the_whole_group(repo: Repository, tmp_path: Path) -> None:
    _hook(repo, "pre-commit", f"echo $$ > {tmp_path}/pid; sleep 600 & sleep 600")
    with pytest.raises(GitStopped, match=r"0\.5 s"):
        repo.git.run("commit", "--allow-empty", "-m", "x", as_user=True, timeout_s=0.5)
    _assert_gone(tmp_path)


def test_stop_ends_what_runs(repo: Repository, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "started")
    _hook(repo, "pre-commit", f"echo $$ > {tmp_path}/pid; echo > {tmp_path}/started; sleep 600")
    statuses: list[int] = []

    def commit() -> None:
        said = repo.git.run("commit", "--allow-empty", "-m", "x", as_user=True)
        statuses.append(said.status)

    thread = threading.Thread(target=commit)
    thread.start()
    (tmp_path / "started").read_bytes()
    repo.git.stop()
    thread.join(20)
    assert statuses == [-15]
    _assert_gone(tmp_path)


def test_a_hook_that_will_not_end_is_killed(repo: Repository, tmp_path: Path) -> None:
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 600; done"
    _hook(repo, "pre-commit", script)
    with pytest.raises(GitStopped):
        repo.git.run("commit", "--allow-empty", "-m", "x", as_user=True, timeout_s=0.3)
    _assert_gone(tmp_path)
    assert not list(repo.git_dir.rglob("*.lock"))


def test_a_child_left_behind_does_not_hold_us(repo: Repository, tmp_path: Path) -> None:
    _hook(repo, "post-commit", f"sleep 600 & echo $! > {tmp_path}/pid")
    said = repo.git.run("commit", "--allow-empty", "-m", "x", as_user=True, timeout_s=60)
    assert said.status == 0
    os.kill(int((tmp_path / "pid").read_text()), 9)


def test_hooks_see_the_users_environment_and_nothing_of_ours(
    repo: Repository, tmp_path: Path, environ: dict[str, str]
) -> None:
    _hook(repo, "pre-commit", f"env > {tmp_path}/env")
    mine = {
        **environ,
        "GIT_AUTHOR_NAME": "Grace",
        "GIT_DIR": "/nowhere",
        "GIT_TRACE": "1",
        "LC_ALL": "C.UTF-8",
    }
    git = Git(repo.root, environ=mine)
    assert git.run("commit", "--allow-empty", "-m", "x", as_user=True).status == 0
    seen = dict(line.partition("=")[::2] for line in (tmp_path / "env").read_text().splitlines())
    assert seen["GIT_AUTHOR_NAME"] == "Grace"
    assert seen["LC_ALL"] == "C.UTF-8"
    assert seen["SPARK_TUI_COMMIT"] == "1"
    ours = ("GIT_TRACE", "GIT_LITERAL_PATHSPECS", "GIT_OPTIONAL_LOCKS", "GIT_CONFIG_COUNT")
    assert not seen.keys() & {*ours, "GIT_PYTHON_REFRESH"}


def test_the_process_environment_cannot_reach_git(
    repo: Repository, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "garbage")
    assert Git(repo.root, environ=environ).run("rev-parse", "HEAD").status == 0


def test_no_git_is_a_fault_with_a_hint(root: Path) -> None:
    with pytest.raises(GitFault) as caught:
        Git(root, environ={"PATH": ""})
    assert "Install git" in caught.value.hint


def test_gitpython_is_not_imported_before_it_is_needed() -> None:
    modules = ("run", "repository", "worktree", "checkpoints", "commits", "watch", "lock")
    code = ";".join(f"import spark_tui.repo.{m}" for m in modules)
    code += ";import sys;print([m for m in ('git', 'watchfiles', 'asyncio') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_drivers_of_the_user_stay() -> None:
    listing = b"global\0filter.lfs.clean\0local\0filter.x=y.z.clean\0worktree\0diff.d.textconv\0"
    keys = [key for key, _ in silenced_drivers(listing)]
    assert "filter.x=y.z.clean" in keys
    assert "diff.d.textconv" in keys
    assert not any("lfs" in key for key in keys)


def _hook(repo: Repository, name: str, script: str) -> None:
    hook = repo.git_dir / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


def _assert_gone(tmp_path: Path) -> None:
    """Killed already, though the system may take a moment to carry it out."""
    try:
        process = os.pidfd_open(int((tmp_path / "pid").read_text()))
    except ProcessLookupError:
        return
    try:
        assert select.select([process], [], [], 20)[0]
    finally:
        os.close(process)
