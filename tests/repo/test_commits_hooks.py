"""What hooks said and did: findings in their output, files and messages that they changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from spark_tui.errors import RepositoryFault
from spark_tui.repo.commits import CommitDone, CommitRefused, CommitRequest, commit
from spark_tui.repo.hook_file import KEPT, MARK, NAME, install, remove
from spark_tui.repo.hooks import MOST, Finding, findings
from spark_tui.repo.repository import Repository

Shell = Callable[..., str]
A = b"one\nTWO\nthree\n"


def hook(repo: Repository, name: str, script: str) -> Path:
    path = repo.git_dir / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("a.txt:1:8: F401 unused", Finding("a.txt", 1, "F401 unused", 8)),
        ("./a.txt:3: error: Bad  [x]", Finding("a.txt", 3, "error: Bad [x]")),
        ("src/b.txt(12,3): error TS2304: no", Finding("src/b.txt", 12, "error TS2304: no", 3)),
        ("src/b.txt:12:3 - error TS1: x", Finding("src/b.txt", 12, "error TS1: x", 3)),
        ("F401 unused\n --> a.txt:1:8", Finding("a.txt", 1, "F401 unused", 8)),
        ("ERROR a.txt:9 boom", Finding("a.txt", 9, "boom")),
        ('  File "a.txt", line 4, in f', Finding("a.txt", 4, "")),
        ("would reformat a.txt", Finding("a.txt", 0, "would reformat")),
        ("Fixing a.txt", Finding("a.txt", 0, "fixing")),
        ("\x1b[31ma.txt:1:1: red\x1b[0m", Finding("a.txt", 1, "red", 1)),
        ("src/b.txt\n   4:9  error  no  no-var", Finding("src/b.txt", 4, "error no no-var", 9)),
        ("a.txt:2: trailing whitespace.\n+x ", Finding("a.txt", 2, "trailing whitespace.")),
    ],
)
def test_findings(repo: Repository, said: str, expected: Finding) -> None:
    assert findings(said, repo.root) == (expected,)


def test_an_absolute_path_of_the_work_tree_is_one_of_it(repo: Repository) -> None:
    assert findings(f"{repo.root}/a.txt:2: x", repo.root) == (Finding("a.txt", 2, "x"),)


@pytest.mark.parametrize(
    "said",
    ["", "http://x.y:80/ no", "../a.txt:1: x", ".git/config:1: x", "/etc/passwd:1: x",
     "none.txt:1: x", "12:30:11 a.txt", "line 2 of a.txt", "\0:1: x", "a.txt"],
)  # fmt: skip
def test_what_is_no_finding(repo: Repository, said: str) -> None:
    assert findings(said, repo.root) == ()


def test_a_flood_of_findings_is_bounded(repo: Repository) -> None:
    said = "\n".join(f"a.txt:{n}: x" for n in range(1, 5 * MOST))
    assert len(findings(said * 2, repo.root)) == MOST
    assert findings("a.txt:1: x\n" + "z" * 5_000_000, repo.root) == (Finding("a.txt", 1, "x"),)


def test_a_refusal_lists_findings_and_what_the_hook_changed(repo: Repository, shell: Shell) -> None:
    (repo.root / "a.txt").write_bytes(A)
    (repo.root / "dirty").write_text("mine")
    hook(repo, "pre-commit", "echo 'a.txt:2:1: too loud' >&2; echo y >> src/b.txt; echo z > new; "
         "echo more >> dirty; exit 1")  # fmt: skip
    head = repo.head()
    no = commit(repo, CommitRequest({"a.txt": (A, 0o644)}, "Shout"))
    assert isinstance(no, CommitRefused)
    assert (no.code, no.findings) == ("hook", (Finding("a.txt", 2, "too loud", 1),))
    assert no.changed == ("dirty", "new", "src/b.txt")
    assert repo.head() == head


def test_a_message_that_a_hook_changed_is_said(repo: Repository, shell: Shell) -> None:
    hook(repo, "commit-msg", 'echo "Ticket: 7" >> "$1"')
    done = commit(repo, CommitRequest({"a.txt": (A, 0o644)}, "Shout"))
    assert isinstance(done, CommitDone)
    assert done.note == "A hook changed the message." and done.hooks == ("commit-msg",)


def test_a_hook_that_floods_is_cut_in_the_middle(repo: Repository) -> None:
    hook(repo, "pre-commit", "echo first; yes spam | head -c 20000000; echo last; exit 1")
    no = commit(repo, CommitRequest({"a.txt": (A, 0o644)}, "Shout"))
    assert isinstance(no, CommitRefused)
    assert len(no.output) < 7_000_000 and "bytes left out" in no.output
    assert no.output.startswith("first") and no.output.endswith("last")


# -- our own hook ------------------------------------------------------------------
def test_install_and_remove(repo: Repository) -> None:
    done = install(repo, "/x y/spark-tui", force=False)
    assert (done.what, done.path) == ("installed", repo.git_dir / "hooks" / NAME)
    assert "'/x y/spark-tui'" in done.path.read_text() and os.access(done.path, os.X_OK)
    assert install(repo, "/z/spark-tui", force=False).what == "updated"
    assert "/z/spark-tui" in done.path.read_text()
    assert remove(repo).what == "removed" and not done.path.exists()
    assert remove(repo).what == "absent"


def test_a_foreign_hook_is_never_overwritten(repo: Repository, tmp_path: Path) -> None:
    path = hook(repo, NAME, 'echo foreign >> "$1"')
    text = path.read_bytes()
    with pytest.raises(RepositoryFault, match="a hook already"):
        install(repo, "spark-tui", force=False)
    assert path.read_bytes() == text
    assert remove(repo).note and path.read_bytes() == text
    done = install(repo, "/none/spark-tui", force=True)
    assert done.what == "chained" and path.with_name(KEPT).read_bytes() == text
    assert MARK in path.read_text()
    message = tmp_path / "m"
    message.write_text("x\n")
    subprocess.run([path, message], check=True, env={"PATH": os.environ["PATH"]})
    assert message.read_text() == "x\nforeign\n", "the hook that was there runs first"
    assert remove(repo).what == "put_back" and path.read_bytes() == text
    assert not path.with_name(KEPT).exists()


def test_a_foreign_hook_that_refuses_still_refuses(repo: Repository, tmp_path: Path) -> None:
    path = hook(repo, NAME, "exit 7")
    install(repo, "spark-tui", force=True)
    assert subprocess.run([path, tmp_path / "m"], check=False).returncode == 7


def test_nothing_that_was_kept_is_lost(repo: Repository) -> None:
    path = hook(repo, NAME, "true")
    path.with_name(KEPT).write_text("older\n")
    with pytest.raises(RepositoryFault, match="is there already"):
        install(repo, "spark-tui", force=True)
    assert path.with_name(KEPT).read_text() == "older\n" and "true" in path.read_text()


def test_a_link_is_somebody_elses_hook(repo: Repository, tmp_path: Path) -> None:
    path = repo.git_dir / "hooks" / NAME
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(RepositoryFault):
        install(repo, "spark-tui", force=False)
    assert not (tmp_path / "nowhere").exists()


def test_the_folder_that_is_configured(repo: Repository, shell: Shell, tmp_path: Path) -> None:
    shell("config", "core.hooksPath", ".hooks")
    done = install(repo, "spark-tui", force=False)
    assert done.path == repo.root / ".hooks" / NAME and "git will show" in done.note
    shell("config", "core.hooksPath", str(tmp_path / "shared"))
    with pytest.raises(RepositoryFault, match="other repositories"):
        install(repo, "spark-tui", force=False)
    assert not (tmp_path / "shared").exists()
    assert install(repo, "spark-tui", force=True).path == tmp_path / "shared" / NAME


def test_a_linked_work_tree_has_the_hooks_of_its_repository(
    repo: Repository, shell: Shell, tmp_path: Path, environ: dict[str, str]
) -> None:
    shell("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Repository.discover(tmp_path / "linked", environ=environ)
    assert linked is not None
    assert install(linked, "spark-tui", force=False).path.samefile(repo.git_dir / "hooks" / NAME)


def test_the_hook_never_fails_a_commit(repo: Repository, shell: Shell) -> None:
    """The program is gone, or broken: the commit is made as without it."""
    assert shutil.which("git")
    broken = repo.root / "broken"
    broken.write_text("#!/bin/sh\nexit 9\n")
    broken.chmod(0o755)
    for program in (str(broken), "/none/at/all"):
        install(repo, program, force=False)
        shell("commit", "-q", "--allow-empty", "-m", "x")
    assert shell("rev-list", "--count", "HEAD").strip() == "3"
