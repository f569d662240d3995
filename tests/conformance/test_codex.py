"""The Codex CLI as a client of the demo's server: it warms up, chains, patches and reports.

The rule kept here: it works in a scratch folder with a home of its own, and can reach nothing but
loopback: every other address goes to a proxy that is not there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.script import Script, load
from tests.conformance import places
from tests.conformance.conftest import ROOT
from tests.conformance.processes import running

pytestmark = pytest.mark.conformance
MODEL = "demo-fast"
DONE = "Success. Updated the following files"
SAID = "Write factorial, tests first"
"""A prompt of the demo: two texts and two patches."""
AFTER_OTHERS = ("03-card-2-loading", "03-card-3-avatar", "03-card-4-accessible")
"""Go on where another script has been."""
STALE = "09-stale-1"
"""Has a hunk that fits nowhere, on purpose."""
PLAYED = [
    script
    for script in load()
    if script.patches and script.say and not script.sees and script.models in ((), (MODEL,))
    and script.name not in (*AFTER_OTHERS, STALE)
]  # fmt: skip
"""What the demo shows in a project that nobody has touched."""


@dataclass(frozen=True, slots=True)
class Run:
    """What Codex printed, what the server logged, and the folder that it worked in."""

    printed: str
    requests: list[dict[str, Any]]
    folder: Path

    @property
    def generated(self) -> list[dict[str, Any]]:
        """Requests that were answered, without warm-ups."""
        asked = [entry for entry in self.requests if entry["wire"].startswith("responses")]
        return [entry for entry in asked if not entry["warm_up"]]

    @property
    def outputs(self) -> list[str]:
        """What it reported back of its calls, each once: a full request repeats them."""
        items = [item for entry in self.generated for item in entry["body"]["input"]]
        told = {item["call_id"]: _text(item["output"]) for item in items if "output" in item}
        return list(told.values())


def _text(output: Any) -> str:
    if isinstance(output, str):
        return output
    return "".join(str(part.get("text", "")) for part in output)


class Desk:
    """Codex, a scratch home for it, and its knowledge of a model that has a plain patch tool."""

    def __init__(self, program: Path, base: Path, environ: Mapping[str, str]) -> None:
        self._program = program
        self._base = base
        self._home = base / "home"
        self._home.mkdir()
        nowhere = "http://127.0.0.1:9"
        self._environ = {
            **environ,
            "CODEX_HOME": str(self._home),
            "DEMO_KEY": "any",
            "HTTPS_PROXY": nowhere,
            "HTTP_PROXY": nowhere,
            "ALL_PROXY": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
        }
        self._catalog = base / "models.json"
        self._catalog.write_text(json.dumps({"models": [self._plain_model()]}))

    def _plain_model(self) -> dict[str, Any]:
        """The newest of its models bring their tools wrapped in JavaScript; ours does not."""
        told = json.loads(places.run([str(self._program), "debug", "models"], self._environ))
        row: dict[str, Any] = told["models"][-1]
        return {
            **row,
            "slug": MODEL,
            "tool_mode": None,
            "use_responses_lite": False,
            "apply_patch_tool_type": "freeform",
            "upgrade": None,
        }

    def run(self, url: str, said: str, *, socket: bool) -> Run:
        folder = self._base / "project"
        shutil.copytree(ROOT / "demo" / "project", folder)
        provider = (
            f'{{name="demo",base_url="{url}",wire_api="responses",env_key="DEMO_KEY",'
            f"supports_websockets={str(socket).lower()}}}"
        )
        settings = {
            "model_provider": '"demo"',
            "model_providers.demo": provider,
            "model_catalog_json": json.dumps(str(self._catalog)),
            "analytics.enabled": "false",
            "check_for_update_on_startup": "false",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        done = subprocess.run(
            [
                str(self._program), "exec", "--skip-git-repo-check",
                # Nobody is there to approve; the patches are the demo's, the folder is scratch.
                "--dangerously-bypass-approvals-and-sandbox",
                "--model", MODEL, *options, said,
            ],
            cwd=folder, env=self._environ, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=120, check=False,
        )  # fmt: skip
        log = httpx.get(url.removesuffix("/v1") + "/_log", trust_env=False).json()
        assert done.returncode == 0, done.stderr[-2000:]
        return Run(done.stdout + done.stderr, log["requests"], folder)


@pytest.fixture
def desk(codex: Path, outside: Mapping[str, str], tmp_path: Path) -> Desk:
    return Desk(codex, tmp_path, outside)


@contextmanager
def demo_server(environ: Mapping[str, str], folder: Path, *options: str) -> Iterator[str]:
    command = [sys.executable, str(ROOT / "demo" / "server.py"), "--rate", "0", "--ttft", "0"]
    says = r'"url": "([^"]+)"'
    with running([*command, *options], environ=environ, folder=folder, says=says) as found:
        yield found[1]


@pytest.mark.parametrize("script", PLAYED, ids=lambda script: script.name)
def test_it_warms_up_chains_and_applies_what_the_demo_says(
    desk: Desk, outside: Mapping[str, str], tmp_path: Path, script: Script
) -> None:
    with demo_server(outside, tmp_path) as url:
        run = desk.run(url, script.say, socket=True)
    warm = run.requests[0]
    assert (warm["wire"], warm["warm_up"]) == ("responses-ws", True)
    first, *rest = run.generated
    assert first["script"] == script.name
    assert first["parent"], "it goes on from the warm-up"
    assert "apply_patch" in [tool.get("name") for tool in first["body"]["tools"]]
    assert rest, "it has sent the outputs of its calls"
    assert all(entry["wire"] == "responses-ws" for entry in run.generated)
    assert all(entry["ended"] == "completed" for entry in run.requests)
    assert len(run.outputs) == len(script.patches)
    assert all(DONE in output for output in run.outputs)
    assert "Done." in run.printed
    for line in "".join(script.patches).splitlines():
        action, _, name = line.partition(" File: ")
        if action in ("*** Add", "*** Update"):
            before = ROOT / "demo" / "project" / name
            after = (run.folder / name).read_bytes()
            assert after != (before.read_bytes() if before.exists() else b"")


def test_a_patch_that_fits_nowhere_is_told_to_the_model(
    desk: Desk, outside: Mapping[str, str], tmp_path: Path
) -> None:
    (script,) = [script for script in load() if script.name == STALE]
    with demo_server(outside, tmp_path) as url:
        run = desk.run(url, script.say, socket=True)
    failed, applied = run.outputs
    assert "apply_patch verification failed" in failed
    assert DONE in applied, "the demo sends the hunk again, from the file as it is"


@pytest.mark.parametrize(
    ("socket", "options"),
    [(True, ("--fault", "refuse")), (False, ())],
    ids=["426 to the upgrade", "no socket wanted"],
)
def test_over_http_it_does_the_same(
    desk: Desk,
    outside: Mapping[str, str],
    tmp_path: Path,
    socket: bool,
    options: tuple[str, ...],
) -> None:
    with demo_server(outside, tmp_path, *options) as url:
        run = desk.run(url, SAID, socket=socket)
    assert {entry["wire"] for entry in run.generated} == {"responses"}
    assert all(DONE in output for output in run.outputs)
    assert len(run.outputs) == 2
    assert (run.folder / "tidewater" / "factorial.py").is_file()


def test_a_connection_that_breaks_once_is_no_matter(
    desk: Desk, outside: Mapping[str, str], tmp_path: Path
) -> None:
    """Dropped in the middle of a patch: it asks again and applies each patch once."""
    with demo_server(outside, tmp_path, "--fault", "drop:60x1") as url:
        run = desk.run(url, SAID, socket=True)
    assert [entry["ended"] for entry in run.generated].count("broken") == 1
    assert len(run.outputs) == 2
    assert all(DONE in output for output in run.outputs)
