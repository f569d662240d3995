"""Names, contents and flags: what is held back and what is marked."""

from __future__ import annotations

import pytest

from spark_tui.edits.changeset import Flag
from spark_tui.session import policy


@pytest.mark.parametrize(
    "path", [".env", "a/.env.local", "id_rsa", "x/server.pem", "secrets/x", "credentials.json"]
)
def test_secret_names(path: str) -> None:
    assert policy.is_secret_name(path)


@pytest.mark.parametrize("path", [".env.example", "src/keyboard.py", "monkey.py", "secretary.py"])
def test_harmless_names(path: str) -> None:
    assert not policy.is_secret_name(path)


@pytest.mark.parametrize(
    "line",
    [
        "    return token == expected",
        "if (user.password === given) {",
        "ok = sent_signature != make(x)",
        "return supplied == self.api_key",
    ],
)
def test_a_plain_comparison_of_secrets_is_marked(line: str) -> None:
    assert policy.risk_of([line]).startswith("compares a secret")


@pytest.mark.parametrize(
    "line",
    [
        "if token == None:",
        "return hmac.compare_digest(token, expected)",
        "if token is None:",
        "x = y == z",
        'assert kind == "token_list_length"',
    ],
)
def test_harmless_lines_are_not_marked(line: str) -> None:
    assert policy.risk_of([line]) == ""


def test_runs_later() -> None:
    assert policy.runs_later("a/conftest.py")
    assert policy.runs_later(".GitHub/workflows/ci.yml")
    assert not policy.runs_later("src/app.py")


@pytest.mark.parametrize(
    ("level", "flags", "score", "allowed", "taken"),
    [
        ("safe", set(), 1.0, False, True),
        ("safe", {Flag.UNSEEN}, 1.0, False, False),
        ("all", {Flag.UNSEEN, Flag.REWRITE}, 1.0, False, True),
        ("all", {Flag.ABOUT}, 0.95, False, True),
        ("all", {Flag.ABOUT}, 0.85, False, False),
        ("all", {Flag.ABOUT, Flag.UNSEEN}, 0.95, False, False),
        ("all", {Flag.RUNS_LATER}, 1.0, False, False),
        ("safe", {Flag.RUNS_LATER}, 1.0, True, True),
        ("ask", set(), 1.0, True, False),
        ("none", set(), 1.0, True, False),
    ],
)
def test_what_a_level_takes(
    level: str, flags: set[Flag], score: float, allowed: bool, taken: bool
) -> None:
    assert policy.takes(level, frozenset(flags), score, allowed=allowed) is taken


def test_redaction_masks_tokens() -> None:
    assert "ghp_" not in policy.redact("x ghp_" + "a" * 40 + " y")
