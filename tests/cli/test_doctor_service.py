"""The doctor and a real service: the way there, the wire and why, the models, the terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spark_tui.cli.abilities import Abilities
from spark_tui.cli.verbs import doctor
from tests.support.shell import Shell

ROOT = Path(__file__).resolve().parents[2]
Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start demo/server.py with these options; returns its URL."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> str:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "demo" / "server.py"), "--port", "0", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        assert process.stdout is not None
        url: str = json.loads(process.stdout.readline())["url"]
        return url

    yield start
    for process in running:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


def findings(shell: Shell, url: str, *models: str) -> dict[str, list[dict[str, Any]]]:
    shell.environ |= {
        "SPARK_TUI_BASE_URL": url,
        "SPARK_TUI_MODELS__FAST": models[0] if models else "demo-fast",
        "SPARK_TUI_MODELS__SMART": models[-1] if models else "demo-smart",
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in shell("doctor", "--json").document["findings"]:
        found.setdefault(finding["code"], []).append(finding)
    return found


def test_all_is_well(shell: Shell, serve: Serve) -> None:
    found = findings(shell, serve())
    assert [f["level"] for f in found["models"]] == ["ok", "ok"]
    assert "demo-fast is listed" in found["models"][0]["message"]
    assert "Responses WebSocket" in found["wire"][0]["message"]
    assert "answers in" in found["latency"][0]["message"]
    assert "no key" in found["key"][0]["message"]
    assert not Path(shell.environ["SPARK_TUI_STATE_DIR"]).exists(), "looking changes nothing"


def test_a_lesser_wire_is_said_with_its_reason(shell: Shell, serve: Serve) -> None:
    (wire,) = findings(shell, serve("--fault", "refuse"))["wire"]
    assert wire["level"] == "ok"
    assert "server-sent events (no WebSocket (426))" in wire["message"]
    assert "looked for again" in wire["hint"]


def test_a_model_that_is_not_there_comes_with_the_next_one(shell: Shell, serve: Serve) -> None:
    found = findings(shell, serve(), "gpt-5.3-codex-spark", "demo-smart")["models"]
    assert [f["level"] for f in found] == ["warning", "ok"]
    assert "gpt-5.3-codex-spark is not listed" in found[0]["message"]
    assert "models.fast" in found[0]["hint"] and "demo-" in found[0]["hint"]


def test_a_refused_key_is_said_once(shell: Shell, serve: Serve) -> None:
    shell.environ["SPARK_TUI_API_KEY"] = "sk-hidden-and-refused"
    found = findings(shell, serve("--fault", "badkey"))
    assert found["endpoint"][0]["level"] == "error"
    assert "refused the key" in found["endpoint"][0]["message"]
    assert "wire" not in found
    assert "sk-hidden" not in json.dumps(found)


def test_nobody_there(shell: Shell) -> None:
    (finding,) = findings(shell, "http://127.0.0.1:9/v1")["endpoint"]
    assert finding["level"] == "error" and "No way to 127.0.0.1:9" in finding["message"]
    assert finding["hint"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Abilities("foot", True, True, True, 3.0), ["foot answers in 3 ms"]),
        (Abilities("", None, False, None, 3.0), ["mode 2026", "Ctrl+J"]),
        (Abilities("far", True, True, True, 420.0), ["The way to the terminal is long."]),
        (Abilities(), ["did not say"]),
    ],
)
def test_what_the_terminal_can(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, found: Abilities, words: list[str]
) -> None:
    monkeypatch.setattr(doctor, "ask_terminal", lambda *_: found)
    shell.environ["OPENAI_API_KEY"] = "sk"
    out = shell("doctor", "--offline", terminal=True).out
    for word in words:
        assert word in out
