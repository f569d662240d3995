"""Servers and clients that were not written here, started once for the whole suite.

The rule kept here: everything listens on loopback, and a program that cannot be had is a skip
that says why. The suite is opt-in: `make conformance`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from spark_tui.model.provider import Endpoint
from tests.conformance import places
from tests.conformance.places import Missing
from tests.conformance.processes import free_port, running

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WINDOW = 65_536
KEY = "conformance-key-of-llama"
MASTER = "sk-conformance-master-key"


@dataclass(frozen=True, slots=True)
class Llama:
    """llama.cpp with the automaton."""

    base_url: str

    def endpoint(self, wire: str, *, base_url: str = "", key: str = KEY) -> Endpoint:
        return Endpoint(base_url or self.base_url, key, wire)

    def generated(self) -> int:
        """Tokens that it has generated in its life."""
        url = self.base_url.removesuffix("/v1") + "/metrics"
        text = httpx.get(url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False).text
        name = "llamacpp:tokens_predicted_total "
        return int(next(line for line in text.splitlines() if line.startswith(name)).split()[1])


@dataclass(frozen=True, slots=True)
class LiteLLM:
    """A LiteLLM proxy before that llama.cpp: models `tiny`, `other`, and `deaf` with a bad key."""

    base_url: str

    def endpoint(self, wire: str = "auto", *, base_url: str = "", key: str = MASTER) -> Endpoint:
        return Endpoint(base_url or self.base_url, key, wire)


MET = pytest.StashKey[list[str]]()
"""The versions that this run has met."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in terminalreporter.config.stash.get(MET, []):
        terminalreporter.write_line(f"met: {line}")


def _met(request: pytest.FixtureRequest, versions: str) -> None:
    request.config.stash.setdefault(MET, []).append(versions)


@pytest.fixture(scope="session")
def outside() -> Mapping[str, str]:
    """The person's own environment: installers need its proxies, certificates and registries."""
    return dict(os.environ)


@pytest.fixture(scope="session")
def cache(outside: Mapping[str, str]) -> Path:
    return places.cache_folder(outside)


@pytest.fixture(scope="session")
def llama(
    request: pytest.FixtureRequest,
    outside: Mapping[str, str],
    cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Llama]:
    try:
        python = places.python_with(places.LLAMA, cache, outside)
        _met(request, places.versions(python, places.LLAMA, outside))
    except Missing as missing:
        pytest.skip(f"no llama.cpp: {missing}")
    folder = tmp_path_factory.mktemp("llama")
    model = folder / "automaton.gguf"
    places.run([str(python), str(HERE / "automaton.py"), str(model), str(WINDOW)], outside)
    command = [str(python), str(HERE / "llama_server.py"), str(model), str(WINDOW), KEY]
    says = r"listening on (http://127\.0\.0\.1:\d+)"
    with running(command, environ=outside, folder=folder, says=says) as found:
        yield Llama(f"{found[1]}/v1")


@pytest.fixture(scope="session")
def litellm(
    request: pytest.FixtureRequest,
    llama: Llama,
    outside: Mapping[str, str],
    cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiteLLM]:
    try:
        python = places.python_with(places.LITELLM, cache, outside)
        _met(request, places.versions(python, places.LITELLM, outside))
    except Missing as missing:
        pytest.skip(f"no LiteLLM: {missing}")
    folder = tmp_path_factory.mktemp("litellm")
    keys = {"tiny": KEY, "other": KEY, "deaf": "not-the-key"}
    rows = "".join(
        f"  - model_name: {name}\n    litellm_params:\n      model: custom_openai/automaton\n"
        f"      api_base: {llama.base_url}\n      api_key: {key}\n"
        for name, key in keys.items()
    )
    config = folder / "config.yaml"
    config.write_text(f"model_list:\n{rows}general_settings:\n  master_key: {MASTER}\n")
    port = free_port()
    environ = {
        **outside,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it asks the network for prices
        "LITELLM_TELEMETRY": "False",
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
    }
    command = [str(python.parent / "litellm"), "--config", str(config), "--host", "127.0.0.1"]
    command += ["--port", str(port)]
    says = r"Uvicorn running on (http://127\.0\.0\.1:\d+)"
    with running(command, environ=environ, folder=folder, says=says) as found:
        yield LiteLLM(f"{found[1]}/v1")


@pytest.fixture(scope="session")
def codex(request: pytest.FixtureRequest, outside: Mapping[str, str], cache: Path) -> Path:
    try:
        program = places.codex(cache, outside)
        _met(request, places.run([str(program), "--version"], outside).strip())
    except Missing as missing:
        pytest.skip(f"no Codex CLI: {missing}")
    return program
