"""A commit holds what was reviewed; everything else of the user's stays as it was."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from spark_tui.repo import preparing
from spark_tui.repo.commits import CommitDone, CommitRefused, CommitRequest, commit
from spark_tui.repo.messages import clean, with_trailer
from spark_tui.repo.repository import Repository

Shell = Callable[..., str]

A = b"one\nTWO\nthree\n"


def asked(
    files: dict[str, tuple[bytes, int] | None] | None = None, message: str = "Shout"
) -> CommitRequest:
    return CommitRequest({"a.txt": (A, 0o644)} if files is None else files, message)


def made(repo: Repository, request: CommitRequest) -> CommitDone:
    done = commit(repo, request)
    assert isinstance(done, CommitDone), done
    return done


def refused(repo: Repository, request: CommitRequest) -> CommitRefused:
    done = commit(repo, request)
    assert isinstance(done, CommitRefused), done
    return done


def test_exactly_the_reviewed_bytes(repo: Repository, shell: Shell) -> None:
    (repo.root / "a.txt").write_bytes(b"one\nTWO\nthree\nnot reviewed\n")
    done = made(
        repo,
        asked(
            {
                "a.txt": (A, 0o644),
                "new/tool": (b"#!/bin/sh\n", 0o755),
                os.fsdecode(b"latin\xe9\n"): (b"x", 0o644),
                "run.sh": None,
            }
        ),
    )
    assert done.commit == shell("rev-parse", "HEAD").strip()
    assert (done.subject, done.note) == ("Shout", "")
    listing = shell("ls-tree", "-rz", "HEAD").split("\0")[:-1]
    assert {line.split("\t")[1]: line[:6] for line in listing} == {
        "a.txt": "100644",
        "new/tool": "100755",
        os.fsdecode(b"latin\xe9\n"): "100644",
        "src/b.txt": "100644",
    }
    assert repo.committed("a.txt") == A
    assert (repo.root / "a.txt").read_bytes().endswith(b"not reviewed\n")
    assert repo.status().marks["a.txt"] == ".M"
    assert shell("log", "-1", "--format=%an <%ae>|%cn|%B").strip() == (
        "Ada <ada@example.com>|Ada|Shout"
    )


def test_after_a_commit_of_everything_the_status_is_clean(repo: Repository) -> None:
    (repo.root / "a.txt").write_bytes(A)
    (repo.root / "c.txt").write_bytes(b"c")
    (repo.root / "src/b.txt").unlink()
    made(repo, asked({"a.txt": (A, 0o644), "c.txt": (b"c", 0o644), "src/b.txt": None}))
    assert repo.status().marks == {}


def test_unrelated_work_stays(repo: Repository, shell: Shell) -> None:
    (repo.root / "src/b.txt").write_text("staged\n")
    (repo.root / "intent").write_text("later\n")
    (repo.root / "fresh").write_text("fresh\n")
    shell("add", "src/b.txt", "fresh")
    shell("add", "-N", "intent")
    shell("rm", "-q", "--cached", "run.sh")
    (repo.root / "src/b.txt").write_text("staged and dirty\n")
    (repo.root / "untracked").write_text("u\n")
    (repo.root / "a.txt").write_bytes(A)
    marks = dict(repo.status().marks)
    assert marks.pop("a.txt") == ".M"
    entries = _entries(shell, but="a.txt")
    refs = shell("for-each-ref").replace(shell("rev-parse", "HEAD").strip(), "")
    done = made(repo, asked())
    assert done.note == ""
    assert dict(repo.status().marks) == marks
    assert _entries(shell, but="a.txt") == entries
    assert shell("for-each-ref").replace(done.commit, "") == refs
    assert shell("show", "--name-only", "--format=", "HEAD").split() == ["a.txt"]


def test_the_index_is_byte_identical_when_no_entry_is_out_of_date(
    repo: Repository, shell: Shell
) -> None:
    (repo.root / "a.txt").write_bytes(A)
    shell("add", "a.txt")
    before = (repo.git_dir / "index").read_bytes()
    made(repo, asked())
    assert (repo.git_dir / "index").read_bytes() == before
    assert repo.status().marks == {}


def test_other_lines_staged_in_the_same_file_stay_on_top(repo: Repository, shell: Shell) -> None:
    lines = [f"line {n}\n" for n in range(10)]
    (repo.root / "src/b.txt").write_text("".join(["users\n", *lines[1:]]))
    shell("add", "src/b.txt")
    ours = "".join([*lines[:9], "ours\n"]).encode()
    (repo.root / "src/b.txt").write_text("".join(["users\n", *lines[1:9], "ours\n"]))
    done = made(repo, asked({"src/b.txt": (ours, 0o644)}))
    assert "kept on top: src/b.txt" in done.note
    assert repo.committed("src/b.txt") == ours
    assert repo.status().marks == {"src/b.txt": "M."}
    assert shell("diff", "--cached", "-U0").splitlines()[-2:] == ["-line 0", "+users"]


def test_a_staged_version_that_does_not_fit_is_kept(repo: Repository, shell: Shell) -> None:
    (repo.root / "a.txt").write_text("one\nusers\nthree\n")
    shell("add", "a.txt")
    before = (repo.git_dir / "index").read_bytes()
    done = made(repo, asked())
    assert done.note == "Your staged version was kept: a.txt."
    assert (repo.git_dir / "index").read_bytes() == before
    assert shell("show", ":a.txt") == "one\nusers\nthree\n"


def test_a_new_file_with_intent_to_add(repo: Repository, shell: Shell) -> None:
    (repo.root / "c.txt").write_text("c\n")
    shell("add", "-N", "c.txt")
    made(repo, asked({"c.txt": (b"c\n", 0o644)}))
    assert repo.status().marks == {}


def test_the_first_commit(root: Path, environ: dict[str, str], shell: Shell) -> None:
    repo = Repository.init(root, environ=environ)
    (root / "a.txt").write_bytes(A)
    (root / "staged").write_text("s\n")
    shell("add", "staged")
    done = made(repo, asked())
    assert shell("rev-list", "--count", "HEAD").strip() == "1"
    assert done.commit == repo.head().commit
    assert repo.status().marks == {"staged": "A."}


def test_a_detached_head(repo: Repository, shell: Shell) -> None:
    shell("checkout", "-q", "--detach")
    main = shell("rev-parse", "main")
    done = made(repo, asked())
    assert repo.head().commit == done.commit
    assert repo.head().detached
    assert shell("rev-parse", "main") == main


def test_a_linked_work_tree(
    repo: Repository, shell: Shell, tmp_path: Path, environ: dict[str, str]
) -> None:
    shell("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Repository.discover(tmp_path / "linked", environ=environ)
    assert linked is not None
    (linked.root / "a.txt").write_bytes(A)
    before = (repo.git_dir / "index").read_bytes()
    made(linked, asked())
    assert linked.status().marks == {}
    assert (repo.git_dir / "index").read_bytes() == before


def test_hooks_run_as_configured(repo: Repository, shell: Shell, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name in ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit"):
        _hook(repo, name, f"echo {name} $SPARK_TUI_COMMIT >> {log}")
    _hook(repo, "commit-msg", f'echo "commit-msg 1" >> {log}; echo "Ticket: 7" >> "$1"')
    made(repo, CommitRequest({"a.txt": (A, 0o644)}, "Shout", "Assisted-by: spark-tui:m"))
    assert log.read_text().split("\n")[:-1] == [
        "pre-commit 1",
        "prepare-commit-msg 1",
        "commit-msg 1",
        "post-commit 1",
    ]
    assert shell("log", "-1", "--format=%B").strip() == (
        "Shout\n\nAssisted-by: spark-tui:m\nTicket: 7"
    )


def test_a_hook_that_refuses_loses_nothing(repo: Repository, shell: Shell) -> None:
    (repo.root / "a.txt").write_bytes(A)
    (repo.root / "src/b.txt").write_text("staged\n")
    shell("add", "src/b.txt")
    _hook(repo, "pre-commit", "echo 'line too long: a.txt'; exit 1")
    head, index = repo.head(), (repo.git_dir / "index").read_bytes()
    no = refused(repo, asked())
    assert no.code == "hook"
    assert "line too long: a.txt" in no.output
    assert repo.head() == head
    assert (repo.git_dir / "index").read_bytes() == index
    assert (repo.root / "a.txt").read_bytes() == A


def test_a_hook_that_hangs_is_stopped(repo: Repository) -> None:
    _hook(repo, "pre-commit", "sleep 600")
    done = commit(repo, asked(), timeout_s=0.3)
    assert isinstance(done, CommitRefused)
    assert (done.code, "0.3 s" in done.output) == ("stopped", True)


def test_a_hook_that_formats_and_adds(repo: Repository, shell: Shell) -> None:
    (repo.root / "a.txt").write_bytes(A)
    _hook(
        repo,
        "pre-commit",
        "tr a-z A-Z < a.txt > up; mv up a.txt; git add a.txt; echo x > extra; git add extra",
    )
    done = made(repo, asked())
    assert repo.committed("a.txt") == A.upper()
    assert done.note == "A hook also changed: extra. A hook changed on the disk: a.txt."
    assert (done.changed, done.hooks) == (("a.txt", "extra"), ("pre-commit",))
    assert repo.status().marks == {}


def test_a_failing_post_commit_hook_is_still_a_commit(repo: Repository) -> None:
    _hook(repo, "post-commit", "echo sorry; exit 3")
    assert "sorry" in made(repo, asked()).output


def test_signing_that_fails(repo: Repository, shell: Shell) -> None:
    shell("config", "commit.gpgSign", "true")
    shell("config", "gpg.program", "false")
    head = repo.head()
    assert refused(repo, asked()).code == "signing"
    assert repo.head() == head


def test_signing_is_done_as_configured(repo: Repository, shell: Shell, tmp_path: Path) -> None:
    signer = tmp_path / "gpg"
    signer.write_text(
        "#!/bin/sh\ncat > /dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\n"
        "echo '-----BEGIN PGP SIGNATURE-----'\necho x\necho '-----END PGP SIGNATURE-----'\n"
    )
    signer.chmod(0o755)
    shell("config", "commit.gpgSign", "true")
    shell("config", "gpg.program", str(signer))
    made(repo, asked())
    assert "BEGIN PGP SIGNATURE" in shell("cat-file", "commit", "HEAD")


def test_without_an_identity_it_asks(root: Path, repo: Repository, environ: dict[str, str]) -> None:
    Path(environ["HOME"], ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    no = refused(repo, asked())
    assert no.code == "identity"
    assert "user.email" in no.hint


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick", "revert", "bisect"])
def test_an_operation_in_progress(repo: Repository, shell: Shell, operation: str) -> None:
    shell("checkout", "-q", "-b", "other")
    (repo.root / "a.txt").write_text("theirs\n")
    shell("commit", "-qam", "Theirs")
    shell("checkout", "-q", "main")
    for text in ("ours\n", "ours again\n"):
        (repo.root / "a.txt").write_text(text)
        shell("commit", "-qam", text)
    target = {"revert": "HEAD~1", "bisect": "start"}.get(operation, "other")
    shell(operation, target, check=False)
    stages, head = shell("ls-files", "-s"), repo.head()
    no = refused(repo, asked({"src/b.txt": (b"x", 0o644)}))
    assert no.code == "operation"
    assert f"git {operation}" in no.hint
    assert (shell("ls-files", "-s"), repo.head()) == (stages, head)


def test_conflicts_left_by_a_stash(repo: Repository, shell: Shell) -> None:
    (repo.root / "a.txt").write_text("stashed\n")
    shell("stash")
    (repo.root / "a.txt").write_text("committed\n")
    shell("commit", "-qam", "x")
    shell("stash", "pop", check=False)
    assert refused(repo, asked({"src/b.txt": (b"x", 0o644)})).code == "unmerged"


def test_nothing_to_commit(repo: Repository) -> None:
    assert refused(repo, asked({"a.txt": (b"one\ntwo\nthree\n", 0o644)})).code == "nothing"
    assert refused(repo, asked({"none": None})).code == "nothing"
    assert refused(repo, asked({})).code == "nothing"
    assert refused(repo, asked(message=" \n\x00\n")).code == "message"


def test_paths_that_git_refuses(repo: Repository) -> None:
    for path in (".git/hooks/pre-commit", "../x", "a.txt/below", "src"):
        assert refused(repo, asked({path: (b"x", 0o644)})).code == "git"


def test_message_and_path_are_data(repo: Repository, shell: Shell, tmp_path: Path) -> None:
    message = f"--amend\n\n$(touch {tmp_path}/canary) `x`\n# not a comment\n\x1b[31mred\x07\u202e"
    made(repo, asked({"--help": (b"x", 0o644), ":(top)x": (b"y", 0o644)}, message))
    assert shell("rev-list", "--count", "HEAD").strip() == "2"
    assert shell("log", "-1", "--format=%B").rstrip("\n") == (
        f"--amend\n\n$(touch {tmp_path}/canary) `x`\n# not a comment\n[31mred"
    )
    assert not (tmp_path / "canary").exists()


def test_line_endings_are_stored_as_git_add_would(repo: Repository, shell: Shell) -> None:
    shell("config", "core.autocrlf", "true")
    (repo.root / "a.txt").write_bytes(b"one\r\nTWO\r\nthree\r\n")
    made(repo, asked({"a.txt": (b"one\r\nTWO\r\nthree\r\n", 0o644)}))
    assert repo.committed("a.txt") == A
    assert repo.status().marks == {}


def test_a_commit_made_meanwhile_is_not_reverted(
    repo: Repository, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = preparing._put

    def put_and_more(*args: object) -> CommitRefused | None:
        (repo.root / "src/b.txt").write_text("theirs\n")
        shell("commit", "-qam", "Meanwhile")
        return put(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(preparing, "_put", put_and_more)
    assert refused(repo, asked()).message == "HEAD moved meanwhile."
    assert shell("show", "HEAD:src/b.txt") == "theirs\n"


def test_a_locked_index_is_waited_for(repo: Repository) -> None:
    """Another git holds the index while we commit, and lets go of it."""
    lock = repo.git_dir / "index.lock"
    _hook(repo, "post-commit", f"touch {lock}; (sleep 0.3; rm {lock}) > /dev/null 2>&1 &")
    (repo.root / "a.txt").write_bytes(A)
    assert made(repo, asked()).note == ""
    assert repo.status().marks == {}


def test_a_sha256_repository(root: Path, environ: dict[str, str], shell: Shell) -> None:
    shell("init", "-q", "--object-format=sha256")
    (root / "gone").write_text("x")
    shell("add", "-A")
    shell("commit", "-qm", "x")
    repo = Repository.discover(root, environ=environ)
    assert repo is not None
    (root / "gone").unlink()
    made(repo, asked({"gone": None}))
    assert repo.status().marks == {}


def test_stop_during_a_hook(repo: Repository, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "started")
    _hook(repo, "pre-commit", f"echo > {tmp_path}/started; sleep 600")
    results: list[CommitDone | CommitRefused] = []
    thread = threading.Thread(target=lambda: results.append(commit(repo, asked())))
    thread.start()
    (tmp_path / "started").read_bytes()
    repo.git.stop()
    thread.join(20)
    assert isinstance(results[0], CommitRefused)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("One", "One\n\nT: x"),
        ("feat: one", "feat: one\n\nT: x"),
        ("One\n\nBody text", "One\n\nBody text\n\nT: x"),
        ("One\n\nSigned-off-by: A <a@b>", "One\n\nSigned-off-by: A <a@b>\nT: x"),
        ("One\n\nT: x", "One\n\nT: x"),
        ("One\n\nsee: this\nand that", "One\n\nsee: this\nand that\n\nT: x"),
    ],
)
def test_trailers(message: str, expected: str) -> None:
    assert with_trailer(message, "T:  x\n") == expected


def test_clean() -> None:
    assert clean("\n\n a \r\nb\x1b[0m\x00\t c  \n\n\n\nd\ud800\u2028\n") == " a\nb[0m\t c\n\nd"


def _hook(repo: Repository, name: str, script: str) -> None:
    hook = repo.git_dir / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


def _entries(shell: Shell, *, but: str) -> list[str]:
    lines = shell("ls-files", "-s", "-v", "--debug").split("\n")
    kept = [n for n, line in enumerate(lines) if line.startswith((" ", "  ")) is False]
    blocks = ["\n".join(lines[a:b]) for a, b in zip(kept, [*kept[1:], None], strict=True)]
    return [b for b in blocks if f"\t{but}" not in b]
