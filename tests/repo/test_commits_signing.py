"""Signing as the user has it configured, checked by git itself; with a key that needs no word."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spark_tui.repo.commits import CommitDone, CommitRefused, CommitRequest, commit
from spark_tui.repo.repository import Repository

Shell = Callable[..., str]
REQUEST = CommitRequest({"a.txt": (b"one\nTWO\nthree\n", 0o644)}, "Shout")


@pytest.fixture
def gnupg(environ: dict[str, str]) -> Iterator[dict[str, str]]:
    """A key ring of its own: short, since the agent's socket lies in it."""
    if not shutil.which("gpg"):
        pytest.skip("there is no gpg here")
    home = tempfile.mkdtemp(prefix="g", dir="/tmp")
    ours = {**environ, "GNUPGHOME": home}
    who = "Ada <ada@example.com>"
    make = ("gpg", "--batch", "--passphrase", "", "--quick-generate-key", who, "ed25519", "sign")
    made = subprocess.run(make, env=ours, capture_output=True, check=False)
    try:
        if made.returncode:
            pytest.skip(f"gpg cannot make a key here: {made.stderr.decode()[-200:]}")
        yield ours
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], env=ours, check=False)
        shutil.rmtree(home, ignore_errors=True)


def test_signed_by_gpg(root: Path, repo: Repository, gnupg: dict[str, str], shell: Shell) -> None:
    shell("config", "commit.gpgSign", "true")
    signing = Repository.discover(root, environ=gnupg)
    assert signing is not None
    done = commit(signing, REQUEST)
    assert isinstance(done, CommitDone), done
    verify(root, gnupg)
    amended = commit(signing, CommitRequest({}, "Shout louder", amend=True))
    assert isinstance(amended, CommitDone), amended
    verify(root, gnupg)


def test_signed_by_ssh(
    root: Path, repo: Repository, environ: dict[str, str], shell: Shell, tmp_path: Path
) -> None:
    if not shutil.which("ssh-keygen"):
        pytest.skip("there is no ssh-keygen here")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ada@example.com {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("commit.gpgSign", "true"), ("gpg.format", "ssh"), ("user.signingKey", str(key)),
        ("gpg.ssh.allowedSignersFile", str(allowed)),
    ):  # fmt: skip
        shell("config", name, value)
    assert isinstance(commit(repo, REQUEST), CommitDone)
    verify(root, environ)


def test_a_key_that_is_not_there(repo: Repository, shell: Shell, tmp_path: Path) -> None:
    for name, value in (
        ("commit.gpgSign", "true"), ("gpg.format", "ssh"),
        ("user.signingKey", str(tmp_path / "none")),
    ):  # fmt: skip
        shell("config", name, value)
    no = commit(repo, REQUEST)
    assert isinstance(no, CommitRefused) and no.code == "signing"
    assert "no terminal" in no.message and shell("rev-list", "--count", "HEAD").strip() == "1"


def verify(root: Path, environ: dict[str, str]) -> None:
    said = subprocess.run(
        ["git", "verify-commit", "HEAD"], cwd=root, env=environ, capture_output=True, check=False
    )
    assert said.returncode == 0, said.stderr.decode()
