"""Where the programs of others are: environments made once, in a folder that outlives a run.

The rule kept here: nothing of ours is installed there and nothing of theirs here. What cannot be
had is `Missing`, with a sentence that says which command failed and how; it becomes a skip.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import platformdirs

LLAMA = ("xllamacpp", "gguf")
LITELLM = ("litellm[proxy]",)
CODEX = "@openai/codex"
PATIENCE_S = 900
"""For one installation: LiteLLM has a hundred dependencies, Codex 400 MB."""


class Missing(Exception):
    """A program that cannot be installed here."""


def cache_folder(environ: Mapping[str, str]) -> Path:
    """SPARK_TUI_CONFORMANCE_DIR, else a folder in the person's cache.

    >>> cache_folder({"SPARK_TUI_CONFORMANCE_DIR": "/some/place"}).as_posix()
    '/some/place'
    """
    if named := environ.get("SPARK_TUI_CONFORMANCE_DIR"):
        return Path(named)
    folder = platformdirs.user_cache_path("spark-tui") / "conformance"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / "spark-tui-conformance"
    return folder


def python_with(packages: Sequence[str], cache: Path, environ: Mapping[str, str]) -> Path:
    """The Python of an environment that has these packages."""
    folder = _place(cache, "python", [*packages, sys.version])
    python = folder / "bin" / "python"
    if not _is_ready(folder):
        run([sys.executable, "-m", "venv", str(folder)], environ)
        run([str(python), "-m", "pip", "install", "--quiet", *packages], environ)
        _set_ready(folder)
    return python


def versions(python: Path, packages: Sequence[str], environ: Mapping[str, str]) -> str:
    """What is really installed: "gguf 0.19.0, xllamacpp 2026.10.11549"."""
    names = [package.partition("[")[0] for package in packages]
    ask = (
        "import importlib.metadata as m, sys;"
        "print(', '.join(f'{n} {m.version(n)}' for n in sorted(sys.argv[1:])))"
    )
    return run([str(python), "-c", ask, *names], environ).strip()


def codex(cache: Path, environ: Mapping[str, str]) -> Path:
    """The Codex CLI, installed with npm."""
    npm = shutil.which("npm", path=environ.get("PATH"))
    if npm is None:
        raise Missing(f"{CODEX} needs npm, which is not installed")
    folder = _place(cache, "npm", [CODEX])
    if not _is_ready(folder):
        folder.mkdir(parents=True)
        run([npm, "install", "--no-fund", "--no-audit", "--prefix", str(folder), CODEX], environ)
        _set_ready(folder)
    return folder / "node_modules" / ".bin" / "codex"


def _place(cache: Path, kind: str, contents: Sequence[str]) -> Path:
    """One folder for each wish: another Python or another package is another place."""
    name = "".join(letter for letter in contents[0] if letter.isalnum())
    return cache / f"{kind}-{name}-{hashlib.sha256(repr(contents).encode()).hexdigest()[:8]}"


def _is_ready(folder: Path) -> bool:
    """Half an installation is none."""
    if (folder / "ready").is_file():
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _set_ready(folder: Path) -> None:
    (folder / "ready").touch()


def run(command: Sequence[str], environ: Mapping[str, str]) -> str:
    shown = " ".join([Path(command[0]).name, *command[1:]])
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip().splitlines() or ["no word"]
        raise Missing(f"`{shown}` failed ({error.returncode}): {said[-1]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"`{shown}` failed: {error}") from error
    return done.stdout
