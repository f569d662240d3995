"""The processes: the server's leash, the prepared project, the launcher's manners."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from demo import launch, launcher

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo"


def started(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("command", [(str(DEMO / "server.py"),), ("-m", "demo.server")])
def test_the_server_says_where_it_is_and_ends_with_its_parent(command: tuple[str, ...]) -> None:
    """Both ways of starting it; one ends by the leash, the other by SIGTERM."""
    server = started(*command, "--models", "a,b")
    assert server.stdout
    url = json.loads(server.stdout.readline())["url"]
    with urlopen(f"{url}/models", timeout=5) as answer:  # noqa: S310 - our own address
        assert [row["id"] for row in json.load(answer)["data"]] == ["a", "b"]
    if command[0] == "-m":
        server.send_signal(signal.SIGTERM)
    _, errors = server.communicate(timeout=5)
    assert (server.returncode, errors) == (0, "")


def test_a_copy_in_another_place_works_by_its_path(tmp_path: Path) -> None:
    """As in an installed wheel, where the folder lies inside another package."""
    link = tmp_path / "spark_tui" / "demo"
    link.parent.mkdir()
    (link.parent / "text.py").write_text("raise RuntimeError('not me')")
    link.symlink_to(DEMO)
    done = subprocess.run(
        [sys.executable, str(link / "server.py"), "--list-scripts"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Write factorial, tests first" in done.stdout


def test_without_a_terminal_the_demo_says_how(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(DEMO)],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "--server-only" in done.stderr


def test_server_only_needs_none_and_leaves_nothing(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    demo = subprocess.Popen(
        [sys.executable, str(DEMO), "--server-only", "--rate", "0"],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout
    url = demo.stdout.readline().strip()
    with urlopen(f"{url}/models", timeout=5) as answer:  # noqa: S310 - our own address
        assert answer.status == 200
    assert "SPARK_TUI_MODELS__FAST=demo-fast" in demo.stdout.readline() + demo.stdout.readline()
    _, errors = demo.communicate(timeout=10)
    assert (demo.returncode, errors) == (0, "")
    assert not list(tmp_path.iterdir())


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode()


def test_the_project_becomes_a_clean_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "not-this-one"))
    folder = launch.prepare(tmp_path)
    monkeypatch.delenv("GIT_DIR")
    assert git(folder, "status", "--porcelain") == ""
    subjects = git(folder, "log", "--reverse", "--format=%s").splitlines()
    assert subjects == [commit.subject for commit in launch.HISTORY]
    assert git(folder, "config", "user.name").strip() == "Demo"
    assert b"\r\n" in (folder / "data/stations.csv").read_bytes()
    assert (folder / "data/Ålesund.csv").is_file()
    assert launch.is_untouched(folder)
    (folder / "README.md").write_text("changed")
    assert not launch.is_untouched(folder)


def test_the_app_sees_the_demo_and_no_real_key(tmp_path: Path) -> None:
    mine = {"OPENAI_API_KEY": "private", "SPARK_TUI_MODEL": "mine", "TERM": "xterm"}
    env = launch.app_environment(mine, url="http://127.0.0.1:1/v1", base=tmp_path)
    assert "private" not in env.values()
    assert "SPARK_TUI_MODEL" not in env
    assert env["TERM"] == "xterm"
    assert env["SPARK_TUI_BASE_URL"] == "http://127.0.0.1:1/v1"
    assert env["SPARK_TUI_MODELS__SMART"] == "demo-smart"
    assert env["SPARK_TUI_STATE_DIR"].startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("ends", "status"), [("sys.exit(6)", 6), ("os.kill(os.getpid(), 15)", 143)]
)
def test_the_status_of_the_app_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str, status: int
) -> None:
    """A stand-in for the app; one of the same name in the current folder is left alone."""
    planted = tmp_path / "here" / "spark_tui"
    planted.mkdir(parents=True)
    (planted / "__main__.py").write_text("raise SystemExit(99)")
    package = tmp_path / "spark_tui"
    package.mkdir()
    (package / "__init__.py").touch()  # an installed package wins over a folder without one
    (package / "__main__.py").write_text(f"import os, sys\n{ends}\n")
    monkeypatch.chdir(planted.parent)
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    assert launcher.run_app(tmp_path, env, []) == status


def test_a_folder_that_was_worked_on_is_kept_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = launch.prepare(tmp_path)
    (folder / "new.txt").write_text("mine")
    launcher.leave(folder, tmp_path, keep=False)
    assert folder.is_dir()
    assert f"rm -rf {tmp_path}" in capsys.readouterr().err
