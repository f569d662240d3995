"""The table of models as it is shipped, and with what a person adds to it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from spark_tui.model.presets import PRESETS, SERVERS, SHIPPED, Preset, preset
from spark_tui.model.provider import Endpoint, ModelInfo

OPENAI = "https://api.openai.com/v1"
CEREBRAS = "https://api.cerebras.ai/v1"


@pytest.mark.parametrize("row", PRESETS, ids=lambda row: row.name)
def test_a_shipped_row_is_sound(row: Preset) -> None:
    url = urlsplit(row.base_url)
    is_local = Endpoint(row.base_url).is_local
    assert url.path == "/v1" and not url.query
    assert url.scheme == ("http" if is_local else "https")
    assert bool(row.env_key) is not is_local, "a key for each service, none for this machine"
    assert row.model or not row.window, "what holds of one model only needs its id"
    assert bool(row.title) is is_local
    assert row.wire in ("auto", "responses-ws", "responses", "chat")
    assert row.price_class in ("", "local", "low", "mid", "high")
    assert row.price_class != "local" or is_local
    assert not (row.price_input or row.price_cached or row.price_output), "never a guess"
    assert row.temperature is None or 0 <= row.temperature <= 1
    assert not row.own


def test_names_and_chains_are_sound() -> None:
    names = [row.name for row in PRESETS]
    assert len(set(names)) == len(names)
    assert not [name for name in names if set(name) & set(", @")]
    assert set(SHIPPED.chains) == {"fast", "smart"}
    for role, chain in SHIPPED.chains.items():
        assert len(set(chain)) == len(chain)
        assert set(chain) <= set(names), role
    assert SHIPPED.chains["fast"][0] == "spark" and SHIPPED.chains["smart"][0] == "smart"
    wanted = {"spark", "smart", "oss-120b", "cerebras", "ollama", "lm-studio", "llama-cpp", "vllm"}
    assert wanted <= set(names)


def test_a_model_that_reasons_takes_no_temperature_and_others_do() -> None:
    for row in PRESETS:
        assert (row.temperature is None) is (row.base_url == OPENAI), row.name


def test_servers_of_this_machine_have_a_port_each() -> None:
    ports = [urlsplit(server.base_url).port for server in SERVERS]
    assert len(set(ports)) == len(ports) == 7
    assert ("Ollama", 11434) in zip((s.name for s in SERVERS), ports, strict=True)


# -- a person's rows ----------------------------------------------------------------------------
def test_a_known_name_is_changed_where_it_stands() -> None:
    table = SHIPPED.with_own([("sol", {"window": 9, "price_input": 2.0})])
    sol, was = table.named("sol"), preset("sol")
    assert sol is not None and was is not None
    assert (sol.window, sol.price_input, sol.model) == (9, 2.0, was.model)
    assert sol.own == {"window", "price_input"}
    assert [row.name for row in table.rows] == [row.name for row in PRESETS]
    assert preset("sol") == was, "the shipped table stays"


def test_a_row_that_moves_leaves_key_price_and_wire_behind() -> None:
    """OPENAI_API_KEY was named for api.openai.com: another service is not handed it."""
    (row,) = (
        row
        for row in SHIPPED.with_own([("oss-120b", {"base_url": "https://gw.example/v1"})]).rows
        if row.name == "oss-120b"
    )
    assert (row.env_key, row.wire, row.price_class, row.speed) == ("", "auto", "", 0)
    assert (row.model, row.window, row.temperature) == ("gpt-oss-120b", 131_072, 0.1)
    assert row.base_url == "https://gw.example/v1"
    own = {"base_url": "https://gw.example/v1", "env_key": "GW_KEY", "wire": "chat"}
    named = SHIPPED.with_own([("oss-120b", own)]).named("oss-120b")
    assert named is not None and (named.env_key, named.wire) == ("GW_KEY", "chat")


@pytest.mark.parametrize(
    ("url", "stays"),
    [
        ("https://api.cerebras.ai/v2", True),
        ("https://api.cerebras.ai:443/v1", True),
        ("https://api.cerebras.ai:444/v1", False),
        ("http://api.cerebras.ai/v1", False),
        ("https://api.cerebras.ai.example/v1", False),
    ],
)
def test_a_row_has_moved_when_its_origin_has(url: str, stays: bool) -> None:
    row = SHIPPED.with_own([("qwen", {"base_url": url})]).named("qwen")
    assert row is not None and bool(row.env_key) is stays


def test_a_new_row_comes_first_and_wins_for_its_model() -> None:
    own = {"model": "gpt-6.1-sol", "base_url": OPENAI, "window": 5}
    table = SHIPPED.with_own([("mine", own)])
    assert table.rows[0].name == "mine"
    found = table.of_model("gpt-6.1-sol", OPENAI)
    assert found is not None and found.name == "mine"


# -- what is known of a model somewhere -----------------------------------------------------------
def test_what_a_service_charges_says_nothing_of_another() -> None:
    here, there = (
        SHIPPED.of_model("gpt-oss-120b", CEREBRAS),
        SHIPPED.of_model("gpt-oss-120b", OPENAI),
    )
    assert here is not None and there is not None
    assert (here.price_class, here.speed) == ("low", 3000)
    assert (there.price_class, there.speed, there.env_key, there.base_url) == ("", 0, "", "")
    assert there.window == here.window
    info = SHIPPED.at(SHIPPED.describe("gpt-oss-120b"), "http://localhost:11434/v1")
    assert (info.price_class, info.speed, info.preset) == ("local", 0, "")
    assert SHIPPED.at(ModelInfo("gpt-oss-120b"), CEREBRAS).speed == 3000


def test_a_dated_id_is_the_model_it_is_dated_from() -> None:
    found = SHIPPED.of_model("gpt-6-luna-2026-09-01", OPENAI)
    assert found is not None and found.name == "luna"
    assert SHIPPED.of_model("", OPENAI) is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://127.0.0.1:11434/v1", "ollama"),
        ("http://localhost:11434/v1", "ollama"),
        ("http://[::1]:8080/v1", "llama-cpp"),
        (CEREBRAS, "cerebras"),
        ("http://gpu.lan:11434/v1", None),
        (OPENAI, None),
    ],
)
def test_a_service_is_known_by_its_place(url: str, name: str | None) -> None:
    found = SHIPPED.of_service(url)
    assert (found.name if found else None) == name
