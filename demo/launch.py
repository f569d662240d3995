"""Preparing a demo: a copy of the project as a git repository, and a running server.

The rule kept here: nothing outside the given folder is touched, and no git configuration of the
user is read or written; only the finished copy gets a local identity, where the user has none.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = "tidewater"
AUTHOR = ("Tove Lindqvist", "tove@tidewater.example")


class LaunchError(Exception):
    """The demo cannot start; the message says why."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the project's short history."""

    subject: str
    date: str
    paths: tuple[str, ...]


HISTORY = (
    Commit(
        "Read the levels of a station",
        "2026-05-04T09:12:00Z",
        ("README.md", "pyproject.toml", "tidewater/__init__.py", "tidewater/data.py", "data",
         "tests/test_data.py"),
    ),
    Commit(
        "Know the stations by name and place",
        "2026-05-05T16:40:00Z",
        ("tidewater/stations.py", "tests/test_stations.py"),
    ),
    Commit(
        "Print a daily report",
        "2026-05-11T08:03:00Z",
        ("tidewater/report.py",),
    ),
    Commit(
        "Fetch readings, and try again when the service stumbles",
        "2026-05-19T19:27:00Z",
        ("tidewater/fetch.py", "tests/test_fetch.py"),
    ),
    Commit(
        "Serve stations and reports, with tokens for the gauges",
        "2026-05-26T10:55:00Z",
        ("tidewater/api.py", "tidewater/auth.py"),
    ),
    Commit(
        "Add the page and its little server",
        "2026-06-01T14:31:00Z",
        ("web", "AGENTS.md"),
    ),
)  # fmt: skip


def prepare(into: Path) -> Path:
    """Copy the project below `into` and make it a repository with a short history."""
    folder = into / NAME
    shutil.copytree(HERE / "project", folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    _git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
    _git(folder, "config", "core.autocrlf", "false")
    for commit in HISTORY:
        _git(folder, "add", "--", *commit.paths)
        _commit(folder, commit)
    left = _git(folder, "status", "--porcelain")
    if left:
        raise LaunchError(f"files of the project are in no commit: {left}")
    if not _user_has_identity():
        _git(folder, "config", "user.name", "Demo")
        _git(folder, "config", "user.email", "demo@tidewater.example")
    return folder


def is_untouched(folder: Path) -> bool:
    """Whether nothing was changed or committed since `prepare`."""
    try:
        count = _git(folder, "rev-list", "--count", "HEAD").strip()
        return count == str(len(HISTORY)) and not _git(folder, "status", "--porcelain")
    except LaunchError:
        return False


def start_server(
    *, rate: float = 1000, ttft: str = "150ms", fault: str = "", extra: Sequence[str] = ()
) -> tuple[subprocess.Popen[str], str]:
    """A server in a process of its own, and its URL. It ends when its stdin is closed."""
    command = [sys.executable, str(HERE / "server.py"), "--rate", str(rate), "--ttft", ttft]
    if fault:
        command += ["--fault", fault]
    process = subprocess.Popen(
        [*command, *extra],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl+C at the terminal is for the app; the server ends with its leash.
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - it was asked for
    line = process.stdout.readline()
    if not line.startswith("{"):
        raise LaunchError(f"the demo server did not start (exit status {process.wait()})")
    return process, str(json.loads(line)["url"])


def stop_server(process: subprocess.Popen[str]) -> None:
    """Let go of the leash and wait."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def app_environment(environ: Mapping[str, str], *, url: str, base: Path) -> dict[str, str]:
    """The environment of the app: the demo's models, its own state and settings, no real key."""
    env = {
        name: value
        for name, value in environ.items()
        if name not in ("OPENAI_API_KEY", "OPENAI_BASE_URL")
        and (not name.startswith("SPARK_TUI_") or name.startswith("SPARK_TUI_THEME"))
    }
    env.update(
        SPARK_TUI_BASE_URL=url,
        SPARK_TUI_MODELS__FAST="demo-fast",
        SPARK_TUI_MODELS__SMART="demo-smart",
        SPARK_TUI_DEMO="1",
        SPARK_TUI_STATE_DIR=str(base / "state"),
        SPARK_TUI_CONFIG_DIR=str(base / "config"),
    )
    # In a checkout that is not installed the package lies beside this folder.
    if (HERE.parent / "spark_tui" / "__main__.py").is_file():
        known = env.get("PYTHONPATH")
        env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HERE.parent), known)))
    return env


def _commit(folder: Path, commit: Commit) -> None:
    name, address = AUTHOR
    _git(
        folder,
        "-c", f"user.name={name}", "-c", f"user.email={address}", "-c", "commit.gpgsign=false",
        "commit", "--quiet", "--no-verify", "--message", commit.subject,
        dates=commit.date,
    )  # fmt: skip


def _git(folder: Path, *words: str, dates: str = "") -> str:
    """Git in the demo's folder, deaf to the user's configuration and environment."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1", GIT_TERMINAL_PROMPT="0")
    if dates:
        env.update(GIT_AUTHOR_DATE=dates, GIT_COMMITTER_DATE=dates)
    try:
        done = subprocess.run(
            ["git", "-c", "core.quotePath=false", *words],
            cwd=folder, env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise LaunchError("git is not installed") from error
    except subprocess.CalledProcessError as error:
        raise LaunchError(f"git {words[0]}: {error.stderr.strip()}") from error
    return done.stdout


def _user_has_identity() -> bool:
    """Whether the user's own git could commit."""
    done = subprocess.run(
        ["git", "config", "--global", "user.email"], capture_output=True, check=False
    )
    return done.returncode == 0
