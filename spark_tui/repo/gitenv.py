"""What git is told before it starts: which executable, which environment, which settings.

The rule kept here: nothing that lies in a repository decides what git runs, unless the run is
the user's own commit. Starting processes is run.py's business.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from spark_tui.errors import GitFault

HARDENED = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.pager", "cat"),
    ("core.askPass", ""),
    ("core.sshCommand", "false"),
    ("commit.gpgSign", "false"),
    ("tag.gpgSign", "false"),
    ("log.showSignature", "false"),
    ("protocol.allow", "never"),
    ("safe.bareRepository", "explicit"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("submodule.recurse", "false"),
    ("credential.helper", ""),
)
"""Settings that beat every file, so that a hostile repository's own have no say."""

PRIVATE = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "spark-tui",
    "GIT_AUTHOR_EMAIL": "spark-tui@localhost",
    "GIT_COMMITTER_NAME": "spark-tui",
    "GIT_COMMITTER_EMAIL": "spark-tui@localhost",
}
"""For a repository of our own: neither the user's settings nor the user's name."""

DURABLE = (
    ("core.fsync", "all"),
    ("core.fsyncMethod", "fsync"),
    ("fastimport.unpackLimit", "0"),
    ("core.logAllRefUpdates", "false"),
    ("core.bigFileThreshold", "16m"),
    ("pack.threads", "1"),
    ("pack.windowMemory", "64m"),
)
"""Settings of a repository of our own: each import is one synced pack, no second process; packs
are joined in little memory, on one core."""

QUIET = frozenset(
    (
        *("cat-file", "check-ignore", "config", "diff-tree", "fast-import", "for-each-ref"),
        *("init", "log", "ls-files", "ls-tree", "merge-file", "prune", "repack", "rev-parse"),
        *("symbolic-ref", "update-ref", "var"),
    )
)
"""Commands that never compare or convert a work file: no driver can be started by them."""

_FILTER_VERBS = ("clean", "smudge", "process")

_CONFIG_HOME = frozenset(
    (
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CEILING_DIRECTORIES",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    )
)
_OWN_COMMIT = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_SSH")


def find_git(root: Path | None, environ: Mapping[str, str]) -> str:
    """The absolute path of a git that does not lie in the work tree."""
    for folder in _search_path(root, environ):
        candidate = Path(folder) / "git"
        if candidate.is_file() and os.access(candidate, os.X_OK) and not _inside(candidate, root):
            return str(candidate)
    raise GitFault(
        "No git was found on PATH outside this folder.",
        hint="Install git 2.31 or newer, then start again.",
    )


def hardened_environ(root: Path | None, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a run that must execute nothing from the repository."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("GIT_") or name in _CONFIG_HOME
    }
    kept["PATH"] = os.pathsep.join(_search_path(root, environ))
    kept.update(
        LC_ALL="C",
        LANGUAGE="C",
        GIT_OPTIONAL_LOCKS="0",
        GIT_NO_LAZY_FETCH="1",
        GIT_TERMINAL_PROMPT="0",
        GIT_LITERAL_PATHSPECS="1",
    )
    return kept


def users_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the user's own commit: hooks find what they would find in a shell."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("GIT_") or name in _CONFIG_HOME or name.startswith(_OWN_COMMIT)
    }
    kept.update(SPARK_TUI_COMMIT="1", GIT_TERMINAL_PROMPT="0")
    return kept


def as_settings(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Settings as environment variables.

    `-c` splits at the first "=", so a driver named "a=b" would slip past it; here the key is
    taken as it stands.
    """
    settings: dict[str, str] = {}
    count = 0
    for key, value in pairs:
        settings[f"GIT_CONFIG_KEY_{count}"] = key
        settings[f"GIT_CONFIG_VALUE_{count}"] = value
        count += 1
    settings["GIT_CONFIG_COUNT"] = str(count)
    return settings


def silenced_drivers(listing: bytes) -> list[tuple[str, str]]:
    """Overrides for the drivers in `git config --show-scope -z --name-only --get-regexp`.

    Drivers from the user's own configuration stay: they are the user's.
    """
    fields = listing.split(b"\0")
    overrides: dict[str, str] = {}
    for scope, key in zip(fields[::2], fields[1::2], strict=False):
        if scope not in (b"local", b"worktree"):
            continue
        name = os.fsdecode(key)
        section, _, rest = name.partition(".")
        driver, _, _ = rest.rpartition(".")
        if not driver:
            continue
        stem = f"{section}.{driver}"
        match section:
            case "filter":
                overrides.update({f"{stem}.{verb}": "" for verb in _FILTER_VERBS})
                overrides[f"{stem}.required"] = "false"
            case "diff":
                overrides.update({f"{stem}.command": "", f"{stem}.textconv": ""})
            case _:
                overrides[f"{stem}.driver"] = "false"
    return list(overrides.items())


def without_filters(names: Iterable[str]) -> list[tuple[str, str]]:
    """Overrides with which git takes these files as they are."""
    off = [(f"filter.{name}.{verb}", "") for name in names for verb in _FILTER_VERBS]
    return off + [(f"filter.{name}.required", "false") for name in names]


def _search_path(root: Path | None, environ: Mapping[str, str]) -> list[str]:
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    return [f for f in folders if Path(f).is_absolute() and not _inside(Path(f), root)]


def _inside(path: Path, root: Path | None) -> bool:
    if root is None:
        return False
    real_root = root.resolve()
    return path.is_relative_to(real_root) or path.resolve().is_relative_to(real_root)
