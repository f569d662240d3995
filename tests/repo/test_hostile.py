"""A repository whose every setting wants to run something; opening it runs nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Change, Worktree

Shell = Callable[..., str]

HOOKS = (
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-rewrite",
    "pre-auto-gc",
    "pre-commit",
    "prepare-commit-msg",
    "reference-transaction",
)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def hostile(repo: Repository, shell: Shell, canary: Path) -> Repository:
    """All traps are set, and there is a change of equal size for the filters to look at."""
    trap = f"sh -c 'echo $0 $* >> {canary}; cat'"
    (repo.root / ".gitattributes").write_text(
        "*.txt filter=evil diff=evil merge=evil\n*.sh filter=e=v diff=inc\n"
    )
    (repo.root / "hooks").mkdir()
    for folder in (repo.git_dir / "hooks", repo.root / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in HOOKS:
            (folder / name).write_text(f"#!/bin/sh\necho {name} >> {canary}\n")
            (folder / name).chmod(0o755)
    (repo.root / "included").write_text(
        f'[filter "evil"]\n\tprocess = "{trap}"\n[diff "inc"]\n\ttextconv = "{trap}"\n'
    )
    shell("add", "-A")
    shell("-c", "core.hooksPath=/dev/null", "commit", "-qm", "traps")
    canary.unlink(missing_ok=True)
    with (repo.git_dir / "config").open("a") as config:
        config.write(
            f'[core]\n\tfsmonitor = {canary}.sh\n\thooksPath = hooks\n\tpager = "{trap}"\n'
            f'\tsshCommand = "{trap}"\n\taskPass = {canary}.sh\n'
            f'[filter "evil"]\n\tclean = "{trap}"\n\tsmudge = "{trap}"\n\trequired = true\n'
            f'[filter "e=v"]\n\tclean = "{trap}"\n\tsmudge = "{trap}"\n'
            f'[diff "evil"]\n\ttextconv = "{trap}"\n\tcommand = "{trap}"\n'
            f'[merge "evil"]\n\tdriver = "{trap}"\n'
            f'[diff]\n\texternal = "{trap}"\n[gpg]\n\tprogram = {canary}.sh\n'
            "[log]\n\tshowSignature = true\n[commit]\n\tgpgSign = true\n"
            f'[alias]\n\tstatus = "!{trap}"\n[credential]\n\thelper = "!{trap}"\n'
            f'[trailer "x"]\n\tcommand = "{trap}"\n[pager]\n\tgrep = "{trap}"\n'
            "[include]\n\tpath = ../included\n"
        )
    script = Path(f"{canary}.sh")
    script.write_text(f"#!/bin/sh\necho $0 >> {canary}\n")
    script.chmod(0o755)
    (repo.root / "a.txt").write_text("ONE\ntwo\nthree\n")
    (repo.root / "run.sh").write_text("#!/bin/SH\n")
    return repo


def test_the_traps_work(hostile: Repository, shell: Shell, canary: Path) -> None:
    """Else the test below would prove nothing."""
    shell("status", check=False)
    shell("update-ref", "refs/heads/x", "HEAD")
    sprung = canary.read_text().splitlines()
    assert f"{canary}.sh" in sprung
    assert "reference-transaction" in sprung
    assert "sh" in sprung  # a filter


def test_opening_runs_nothing(
    hostile: Repository, canary: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    config = (hostile.git_dir / "config").read_bytes()
    index = (hostile.git_dir / "index").read_bytes()
    found = Repository.discover(hostile.root, environ=environ)
    assert found is not None
    found.head()
    assert found.status().marks == {"a.txt": ".M", "run.sh": ".M"}
    found.files()
    found.ignored(["a.txt"])
    found.operation()
    found.committed("a.txt")
    found.log_subjects()
    assert found.grep("ONE") == (("a.txt", 1, "ONE"),)
    found.staged(["a.txt"])
    worktree = Worktree(hostile.root)
    snapshot = worktree.read("a.txt")
    assert snapshot is not None
    store = CheckpointStore.open(tmp_path / "state", hostile.root, environ=environ)
    kept = store.save("s", 1, {"a.txt": (snapshot.data, snapshot.mode)})
    worktree.write_all([Change("a.txt", b"new\n")], expected={"a.txt": snapshot.digest})
    store.load(kept)
    store.list()
    store.storage.gather_refs()
    store.forget(store.list())
    store.storage.join(drop=True)
    assert not canary.exists(), canary.read_text()
    assert (hostile.git_dir / "config").read_bytes() == config
    assert (hostile.git_dir / "index").read_bytes() == index


def test_a_submodules_filters_are_not_run(repo: Repository, shell: Shell, canary: Path) -> None:
    shell("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.root), "sub")
    shell("commit", "-qm", "sub")
    with (repo.git_dir / "modules/sub/config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = touch {canary};\n")
        config.write(f'[filter "evil"]\n\tclean = "touch {canary}; cat"\n')
    (repo.git_dir / "modules/sub/info").mkdir(exist_ok=True)
    (repo.git_dir / "modules/sub/info/attributes").write_text("* filter=evil\n")
    (repo.root / "sub/a.txt").write_text("ONE\ntwo\nthree\n")
    repo.status()
    repo.files()
    repo.grep("ONE")
    assert not canary.exists()


def test_nothing_is_written_to_git_by_reading(repo: Repository) -> None:
    for path in (repo.root / "a.txt", repo.root / "run.sh"):
        os.utime(path, (1, 1))
    before = _contents(repo.git_dir)
    repo.status()
    repo.files()
    repo.grep("one")
    assert _contents(repo.git_dir) == before


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(f): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
