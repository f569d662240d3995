"""What the user's git says, asked through hardened calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from spark_tui.errors import GitFault, RepositoryFault, UsageFault
from spark_tui.repo.repository import Repository, plain_files

Shell = Callable[..., str]

NAMES = [
    b"new\nline",
    b"tab\tbed",
    b"-rf",
    b"latin\xe9",
    "ünï日".encode(),
    b'quo"te\\back',
    b":(glob)*",
    b"esc\x1b[31m",
    b" lead and trail ",
    b"x" * 255,
]


def test_a_folder_without_git_has_no_repository(root: Path, environ: dict[str, str]) -> None:
    assert Repository.discover(root, environ=environ) is None


def test_a_subfolder_finds_its_repository(repo: Repository, environ: dict[str, str]) -> None:
    found = Repository.discover(repo.root / "src", environ=environ)
    assert found is not None
    assert found.root == repo.root


def test_init_makes_one(root: Path, environ: dict[str, str]) -> None:
    made = Repository.init(root, environ=environ)
    assert made.head().commit is None
    assert made.head().branch == "main"
    assert made.files() == ()
    assert made.log_subjects() == ()
    assert made.committed("a.txt") is None


def test_head_on_a_branch_and_detached(repo: Repository, shell: Shell) -> None:
    shell("checkout", "-q", "-b", "feature/x")
    head = repo.head()
    assert (head.branch, head.detached) == ("feature/x", False)
    assert head.commit == shell("rev-parse", "HEAD").strip()
    shell("checkout", "-q", "--detach")
    assert (repo.head().branch, repo.head().detached) == (None, True)


def test_status_marks_each_path(repo: Repository, shell: Shell) -> None:
    (repo.root / "a.txt").write_text("changed\n")
    (repo.root / "src/b.txt").unlink()
    (repo.root / "new").mkdir()
    (repo.root / "new/c.txt").write_text("c\n")
    (repo.root / "d.txt").write_text("d\n")
    shell("add", "d.txt")
    status = repo.status()
    assert status.branch == "main"
    assert status.head == repo.head().commit
    assert status.marks == {"a.txt": ".M", "src/b.txt": ".D", "new/c.txt": "??", "d.txt": "A."}


def test_status_shows_conflicts(repo: Repository, shell: Shell) -> None:
    _conflict(repo, shell)
    assert repo.status().marks == {"a.txt": "UU"}
    assert repo.operation() == "merge"
    assert repo.files().count("a.txt") == 1


@pytest.mark.parametrize(
    ("command", "name"),
    [("rebase", "rebase"), ("cherry-pick", "cherry-pick"), ("merge", "merge")],
)
def test_operation_in_progress(repo: Repository, shell: Shell, command: str, name: str) -> None:
    assert repo.operation() is None
    _diverge(repo, shell)
    shell(command, "other", check=False)
    assert repo.operation() == name


def test_bisect_and_revert_in_progress(repo: Repository, shell: Shell) -> None:
    _diverge(repo, shell)
    shell("revert", "--no-edit", "HEAD~1", check=False)
    assert repo.operation() == "revert"
    shell("revert", "--abort")
    shell("bisect", "start")
    assert repo.operation() == "bisect"


@pytest.mark.parametrize("name", NAMES)
def test_every_name_comes_through(repo: Repository, shell: Shell, name: bytes) -> None:
    path = os.fsdecode(name)
    (repo.root / path).write_bytes(b"needle here\n")
    assert path in repo.files()
    assert repo.status().marks == {path: "??"}
    assert repo.ignored([path]) == frozenset()
    assert repo.grep("needle") == ((path, 1, "needle here"),)
    shell("add", "-A")
    shell("commit", "-qm", "names")
    assert repo.committed(path) == b"needle here\n"
    assert repo.status().marks == {}
    assert repo.staged([path]).keys() == {path}


def test_ignored_and_files(repo: Repository) -> None:
    (repo.root / ".gitignore").write_text("*.log\nbuild/\n")
    (repo.root / "x.log").write_text("log\n")
    assert repo.ignored(["x.log", "a.txt", "build/y"]) == {"x.log", "build/y"}
    assert repo.files() == (".gitignore", "a.txt", "run.sh", "src/b.txt")


def test_what_git_cannot_judge_counts_as_ignored(repo: Repository) -> None:
    (repo.root / "link").symlink_to("src")
    assert repo.ignored(["link/b.txt", "a.txt"]) == {"link/b.txt"}


def test_committed_is_heads_not_the_disks(repo: Repository) -> None:
    (repo.root / "a.txt").write_text("changed\n")
    assert repo.committed("a.txt") == b"one\ntwo\nthree\n"
    assert repo.committed("src") is None
    assert repo.committed("nowhere") is None


def test_log_subjects(repo: Repository, shell: Shell) -> None:
    shell("commit", "-q", "--allow-empty", "-m", "Second\n\nwith a body")
    assert repo.log_subjects() == ("Second", "First")
    assert repo.log_subjects(1) == ("Second",)


def test_grep(repo: Repository) -> None:
    assert repo.grep("line [12]$") == (("src/b.txt", 2, "line 1"), ("src/b.txt", 3, "line 2"))
    assert repo.grep("line [12]$", fixed=True) == ()
    assert repo.grep("--open-files-in-pager=touch canary") == ()
    assert len(repo.grep("line", limit=3)) == 3
    with pytest.raises(UsageFault):
        repo.grep("(")


def test_files_of_another_place_are_refused(
    tmp_path: Path, repo: Repository, shell: Shell, environ: dict[str, str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for place in (str(elsewhere), "../.."):
        shell("config", "core.worktree", place)
        with pytest.raises(RepositoryFault):
            Repository.discover(repo.root, environ=environ)


def test_a_bare_repository_is_refused(
    tmp_path: Path, root: Path, shell: Shell, environ: dict[str, str]
) -> None:
    shell("init", "-q", "--bare", "planted")
    (root / "planted/config").write_text(
        f"[core]\n\tbare = true\n\tfsmonitor = touch {tmp_path}/canary\n"
    )
    with pytest.raises(RepositoryFault):
        Repository.discover(root / "planted", environ=environ)
    assert not (tmp_path / "canary").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_foreign_repository_is_refused_with_the_cure(
    repo: Repository, environ: dict[str, str]
) -> None:
    os.chown(repo.root, 12345, 12345)
    os.chown(repo.root / ".git", 12345, 12345)
    with pytest.raises(RepositoryFault, match="another user") as caught:
        Repository.discover(repo.root, environ=environ)
    assert "safe.directory" in caught.value.hint


def test_a_linked_work_tree_and_a_submodule_are_their_own(
    tmp_path: Path, repo: Repository, shell: Shell, environ: dict[str, str]
) -> None:
    shell("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Repository.discover(tmp_path / "linked", environ=environ)
    assert linked is not None
    assert linked.root == tmp_path / "linked"
    assert linked.head().branch == "linked"
    shell("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.root), "sub")
    sub = Repository.discover(repo.root / "sub", environ=environ)
    assert sub is not None
    assert sub.root == repo.root / "sub"


def test_inherited_git_variables_lead_nowhere(
    repo: Repository, tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    found = Repository.discover(repo.root, environ=dict(os.environ))
    assert found is not None
    assert found.status().marks == {}


def test_git_is_never_taken_from_the_work_tree(
    repo: Repository, tmp_path: Path, environ: dict[str, str]
) -> None:
    for folder in (repo.root / "bin", repo.root / "src"):
        folder.mkdir(exist_ok=True)
        (folder / "git").write_text(f"#!/bin/sh\ntouch {tmp_path}/canary\n")
        (folder / "git").chmod(0o755)
    (tmp_path / "way").symlink_to(repo.root / "bin")
    tricked = f"{repo.root}/bin:.:{tmp_path}/way:src"
    env = {**environ, "PATH": f"{tricked}:{environ['PATH']}"}
    found = Repository.discover(repo.root / "src", environ=env)
    assert found is not None
    assert not (tmp_path / "canary").exists()
    with pytest.raises(GitFault, match="No git"):
        Repository.discover(repo.root, environ={**environ, "PATH": tricked})


def test_plain_files(root: Path) -> None:
    for path in ("b/c/d.txt", "a.txt", ".git/config", "node_modules/x.js", ".hidden/y"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")
    (root / "loop").symlink_to(root)
    assert plain_files(root) == (".hidden/y", "a.txt", "b/c/d.txt")
    assert len(plain_files(root, limit=2)) == 2


def _diverge(repo: Repository, shell: Shell) -> None:
    """Two branches which changed the same line; we are on main."""
    shell("checkout", "-q", "-b", "other")
    (repo.root / "a.txt").write_text("theirs\n")
    shell("commit", "-qam", "Theirs")
    shell("checkout", "-q", "main")
    (repo.root / "a.txt").write_text("ours\n")
    shell("commit", "-qam", "Ours")
    (repo.root / "a.txt").write_text("ours again\n")
    shell("commit", "-qam", "Ours again")


def _conflict(repo: Repository, shell: Shell) -> None:
    _diverge(repo, shell)
    shell("merge", "other", check=False)
