"""Which paths and contents need an explicit yes, and which deserve a second look.

The rule kept here: names and text in, a flag or a sentence out; no disk. These rules warn and
hold back automatic acceptance; a person's single `y` always works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from spark_tui.edits.changeset import Flag

_RUNS_LATER_NAMES = frozenset(
    {
        ".envrc", ".gitattributes", ".gitmodules", ".pre-commit-config.yaml", ".gitlab-ci.yml",
        "conftest.py", "sitecustomize.py", "usercustomize.py", "setup.py", "noxfile.py",
        "makefile", "gnumakefile", "justfile", "rakefile", "gruntfile.js", "gulpfile.js",
        "package.json", "dockerfile", "jenkinsfile", "agents.md", "claude.md", "gemini.md",
        ".bashrc", ".zshrc", ".profile", ".bash_profile", ".npmrc", "tox.ini", "build.rs",
    }
)  # fmt: skip
_RUNS_LATER_FOLDERS = frozenset(
    {".vscode", ".idea", ".github", ".circleci", ".husky", ".githooks", "hooks", ".spark-tui",
     ".claude", ".codex", ".cursor", ".devcontainer"}
)  # fmt: skip
_SECRET_NAME = re.compile(
    r"(^|/)(\.env(\..*)?|\.netrc|\.npmrc|\.pypirc|\.pgpass|id_(rsa|dsa|ecdsa|ed25519)|"
    r"[^/]*\.(pem|key|p12|pfx|jks|keystore|kdbx|tfstate)|credentials(\.[^/]*)?|"
    r"secrets?(\.(ya?ml|json|toml|ini|env))?)$|(^|/)(secrets|\.ssh|\.aws|\.gnupg)/",
    re.IGNORECASE,
)
_SAFE_EXAMPLE = re.compile(r"\.(example|sample|template|dist)$", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}|"
    r"\bsk-[A-Za-z0-9_-]{20,}|\bxox[baprs]-[A-Za-z0-9-]{10,}|\bglpat-[A-Za-z0-9_-]{20,}|"
    r"\bAIza[0-9A-Za-z_-]{35}\b|\beyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\."
)
_RISKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"\b\w*(token|secret|password|passwd|signature|digest|hmac|api_?key)\w*(\(\))?\s*"
            r"[!=]==?\s*\w|[!=]==?\s*[\w.]*(token|secret|password|signature|digest|hmac|api_?key)",
            re.IGNORECASE,
        ),
        "compares a secret with == (timing attack)",
    ),
    (re.compile(r"\b(md5|sha1)\s*\(", re.IGNORECASE), "uses a weak hash"),
    (re.compile(r"verify\s*=\s*False|rejectUnauthorized\s*:\s*false"), "turns TLS checks off"),
    (re.compile(r"shell\s*=\s*True|\bos\.system\s*\(|\bchild_process\b"), "runs a shell command"),
    (re.compile(r"\b(eval|exec)\s*\("), "evaluates code"),
    (re.compile(r"\bpickle\.loads?\s*\(|yaml\.load\s*\((?!.*Safe)"), "loads untrusted objects"),
    (re.compile(r"\b(DROP|TRUNCATE)\s+TABLE\b", re.IGNORECASE), "drops a table"),
    (re.compile(r"\brm\s+-rf\b"), "deletes recursively"),
    (re.compile(r"dangerouslySetInnerHTML|\.innerHTML\s*="), "writes raw HTML"),
)
_HARMLESS_COMPARE = re.compile(r"[!=]==?\s*(None|null|undefined|\"\"|''|0|len\b|true|false)", re.I)


def is_secret_name(path: str) -> bool:
    """True for names that usually hold keys: .env, *.pem, id_rsa, credentials, ..."""
    return bool(_SECRET_NAME.search(path)) and not _SAFE_EXAMPLE.search(path)


def holds_secret(text: str) -> bool:
    """True when the text holds a well-known token form or a private key."""
    return bool(_SECRET_TEXT.search(text))


def runs_later(path: str) -> bool:
    """True for files which something runs or obeys later without being asked."""
    parts = path.casefold().split("/")
    return parts[-1] in _RUNS_LATER_NAMES or any(p in _RUNS_LATER_FOLDERS for p in parts[:-1])


def path_flags(path: str, *, ignored: bool) -> frozenset[Flag]:
    """The flags that a path alone puts on its hunks."""
    flags = set()
    if ignored:
        flags.add(Flag.IGNORED)
    if runs_later(path):
        flags.add(Flag.RUNS_LATER)
    if is_secret_name(path):
        flags.add(Flag.SECRET)
    return frozenset(flags)


SENSITIVE = frozenset({Flag.IGNORED, Flag.RUNS_LATER, Flag.SECRET})
"""Taken automatically only with --allow-sensitive, in review only one by one."""
ALONE = SENSITIVE | {Flag.UNDO}
"""In review only one by one."""


def risk_of(added: Iterable[str]) -> str:
    """Why these new lines deserve a second look, or ""."""
    for line in added:
        for pattern, sentence in _RISKS:
            if pattern.search(line) and not (
                sentence.startswith("compares") and _HARMLESS_COMPARE.search(line)
            ):
                return sentence
    return ""


def takes(level: str, flags: frozenset[Flag], score: float, *, allowed: bool) -> bool:
    """Does automatic acceptance at this level (none, ask, safe, all) take such a hunk?

    `allowed` is the person's --allow-sensitive for its path.
    """
    if level not in ("safe", "all") or Flag.UNDO in flags:
        return False
    if flags & SENSITIVE and not allowed:
        return False
    rest = flags - SENSITIVE
    if level == "safe":
        return not rest
    if Flag.SHRINKS in rest:
        return False
    return Flag.ABOUT not in rest or (rest == {Flag.ABOUT} and score >= 0.9)


def is_below(path: str, places: Iterable[str]) -> bool:
    """Is the path one of these places, or in one of these folders? "." is the whole tree.

    >>> is_below("ci/build.yml", ["ci"]), is_below("city", ["ci"])
    (True, False)
    """
    return any(place in (".", path) or path.startswith(f"{place}/") for place in places)


def needs_own_yes(flags: frozenset[Flag], *, together: int) -> bool:
    """A sensitive hunk, or one that undoes over a person's edit, is not taken by "accept all": it
    wants a decision of its own."""
    return together > 1 and bool(flags & ALONE)


def redact(text: str) -> str:
    """The text with well-known token forms masked; for logs, tool output and reports."""
    return _SECRET_TEXT.sub("[redacted]", text)


def summary(reasons: Sequence[str]) -> str:
    """Reasons as one phrase."""
    return ", ".join(dict.fromkeys(reasons))
