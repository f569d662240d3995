"""What a name means: which model, where, with which key, window, price and sampling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from spark_tui.errors import UsageFault
from spark_tui.model.presets import PRESETS
from spark_tui.session.figures import Price
from spark_tui.session.link import Link
from spark_tui.session.targets import DEFAULT_WINDOW, Sampling, read_word, table_of, word_for
from spark_tui.settings.config import load, user_file
from spark_tui.settings.origin import is_loopback, origin_of

OPENAI = "https://api.openai.com/v1"
CEREBRAS = "https://api.cerebras.ai/v1"
OLLAMA = "http://127.0.0.1:11434/v1"
GATEWAY = "https://gateway.example/v1"
LAN = "http://gpu.lan:8000/v1"


def write(environ: dict[str, str], text: str) -> None:
    path = user_file(environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def link(environ: dict[str, str], **flags: Any) -> Link:
    return Link(load(environ=environ, flags=flags), environ)


# -- where a name leads -------------------------------------------------------------------------
OWN = (
    f'[presets.mine]\nmodel = "m-1"\nbase_url = "{LAN}"\n'
    f'[presets.quick]\nmodel = "m-2"\neffort = "low"\n'
)


@pytest.mark.parametrize(
    ("word", "by_default", "from_file", "by_flag"),
    [
        # the word; model and URL: the settings name none, their file does, this start does
        ("sol", ("gpt-6.1-sol", OPENAI), ("gpt-6.1-sol", OPENAI), "gpt-6.1-sol"),
        ("oss-120b", ("gpt-oss-120b", CEREBRAS), ("gpt-oss-120b", CEREBRAS), "gpt-oss-120b"),
        ("ollama", ("", OLLAMA), ("", OLLAMA), ""),
        ("mine", ("m-1", LAN), ("m-1", LAN), "m-1"),
        ("quick", ("m-2", OPENAI), ("m-2", GATEWAY), "m-2"),
        ("gpt-oss-120b", ("gpt-oss-120b", OPENAI), ("gpt-oss-120b", GATEWAY), "gpt-oss-120b"),
        ("any/id:7b", ("any/id:7b", OPENAI), ("any/id:7b", GATEWAY), "any/id:7b"),
        ("qwen3:8b@ollama", ("qwen3:8b", OLLAMA), ("qwen3:8b", OLLAMA), "qwen3:8b"),
        ("x@mine", ("x", LAN), ("x", LAN), "x"),
        ("spark@", ("spark", OPENAI), ("spark", GATEWAY), "spark"),
        ("a@2025", ("a@2025", OPENAI), ("a@2025", GATEWAY), "a@2025"),
        ("@cf/m", ("@cf/m", OPENAI), ("@cf/m", GATEWAY), "@cf/m"),
    ],
)  # fmt: skip
def test_where_a_name_leads(
    word: str,
    by_default: tuple[str, str],
    from_file: tuple[str, str],
    by_flag: str,
    environ: dict[str, str],
) -> None:
    def target(**flags: str) -> tuple[str, str]:
        found = link(environ, model=word, **flags).target()
        assert found.word == word and found.role == "fast"
        return found.model, found.endpoint.base_url

    write(environ, OWN)
    assert target() == by_default
    assert target(base_url="https://other.example/v1") == (by_flag, "https://other.example/v1")
    write(environ, f'base_url = "{GATEWAY}"\n{OWN}')
    assert target() == from_file
    environ["SPARK_TUI_BASE_URL"] = "https://other.example/v1"
    assert target() == (by_flag, "https://other.example/v1")
    del environ["SPARK_TUI_BASE_URL"]
    environ["OPENAI_BASE_URL"] = "https://other.example/v1"
    assert target() == (by_flag, "https://other.example/v1")


def test_the_roles_may_live_at_two_services(environ: dict[str, str]) -> None:
    environ |= {
        "SPARK_TUI_MODELS__FAST": "oss-120b", "SPARK_TUI_MODELS__SMART": "astra",
        "CEREBRAS_API_KEY": "csk", "OPENAI_API_KEY": "osk",
    }  # fmt: skip
    here = link(environ)
    fast, smart = here.target("fast"), here.target("smart")
    assert (fast.endpoint.base_url, fast.endpoint.key) == (CEREBRAS, "csk")
    assert (smart.endpoint.base_url, smart.endpoint.key) == (OPENAI, "osk")
    assert here.target() == fast
    here.switch_role()
    assert here.target() == smart and here.label == "api.openai.com"
    assert here.provider("fast") is not here.provider("smart")
    assert here.provider() is here.provider("smart"), "one for each endpoint, kept"


def test_presets_of_one_service_share_a_provider(environ: dict[str, str]) -> None:
    environ |= {
        "SPARK_TUI_MODELS__FAST": "spark", "SPARK_TUI_MODELS__SMART": "gpt-5.3-codex",
        "OPENAI_API_KEY": "osk",
    }  # fmt: skip
    here = link(environ)
    assert here.provider("fast") is here.provider("smart")


@pytest.mark.parametrize(
    ("lines", "word", "wire"),
    [
        ("", "oss-120b", "chat"),
        ("", "spark", "auto"),
        ('wire = "responses"', "spark", "responses"),
        ('wire = "responses"', "oss-120b", "chat"),
        ('wire = "responses"', "any-id", "responses"),
        (f'base_url = "{CEREBRAS}"\nwire = "responses"', "oss-120b", "responses"),
    ],
)
def test_the_wire_of_the_settings_is_that_of_their_url(
    lines: str, word: str, wire: str, environ: dict[str, str]
) -> None:
    write(environ, lines)
    assert link(environ, model=word).target().endpoint.wire == wire


def test_ollama_is_where_its_variable_says(environ: dict[str, str]) -> None:
    assert not link(environ).looks_around
    environ["OLLAMA_HOST"] = "0.0.0.0:7000"
    here = link(environ, model="ollama")
    assert here.target().endpoint.base_url == "http://127.0.0.1:7000/v1"
    assert here.looks_around and here.ready
    environ["OLLAMA_HOST"] = "gpu.lan"
    assert link(environ, model="ollama").ready, "the preset needs no key"
    write(environ, f'[presets.ollama]\nbase_url = "{LAN}"\n')
    assert link(environ, model="ollama").target().endpoint.base_url == LAN


def test_a_key_without_its_service_is_refused_with_its_line(environ: dict[str, str]) -> None:
    write(environ, '[presets.mine]\nmodel = "m"\nenv_key = "MY_KEY"\n')
    with pytest.raises(UsageFault) as caught:
        link(environ)
    assert f"{user_file(environ)}:2" in caught.value.message
    assert "base_url" in caught.value.hint


@pytest.mark.parametrize("url", [OPENAI, CEREBRAS, OLLAMA, LAN])
@pytest.mark.parametrize("model", ["odd", "spark", "qwen", "x@ollama", "gpt-oss-120b", "m-1"])
@pytest.mark.parametrize("settings_url", ["", GATEWAY])
def test_a_word_can_be_found_for_what_was_chosen(
    url: str, model: str, settings_url: str, environ: dict[str, str]
) -> None:
    write(environ, (f'base_url = "{settings_url}"\n' if settings_url else "") + OWN)
    settings = load(environ=environ)
    table = table_of(settings, environ)
    word = word_for(model, url, settings, table)
    if not word:  # OpenAI has a row for each of its models, the settings do not go there
        assert url == OPENAI and settings_url
        return
    named = read_word(word, settings, table)
    assert (named.model, named.base_url) == (model, url)


# -- window, price, sampling --------------------------------------------------------------------
def test_the_window_is_what_the_person_says_then_the_table(environ: dict[str, str]) -> None:
    assert link(environ, model="spark").target().window == 128_000
    assert link(environ, model="odd").target().window == DEFAULT_WINDOW
    write(environ, "[presets.spark]\nwindow = 50\n")
    assert link(environ, model="spark").target().window == 50
    environ["SPARK_TUI_WINDOW"] = "60"
    assert link(environ, model="spark").target().window == 60


def test_the_price_is_the_persons_then_the_rows_then_unknown(environ: dict[str, str]) -> None:
    assert link(environ, model="sol").target().price is None, "none is guessed"
    write(environ, "[presets.sol]\nprice_input = 2\nprice_output = 8\n")
    assert link(environ, model="sol").target().price == Price(2, 2, 8), "nobody said cheaper"
    assert link(environ, model="gpt-6.1-sol").target().price == Price(2, 2, 8)
    elsewhere = link(environ, model="sol", base_url=GATEWAY)
    assert elsewhere.target().price is None, "another service has its own prices"
    write(environ, "[presets.sol]\nprice_input = 2\nprice_cached = 0\nprice_output = 8\n")
    assert link(environ, model="sol").target().price == Price(2, 0, 8)
    environ["SPARK_TUI_PRICES__SMART_INPUT"] = "5"
    here = link(environ, model="sol")
    assert (here.target("fast").price, here.target("smart").price) == (
        Price(2, 0, 8),
        Price(5, 5, 0),
    )


@pytest.mark.parametrize(
    ("word", "lines", "wanted"),
    [
        ("spark", "", Sampling()),
        ("gpt-5.3-codex-spark", "", Sampling()),
        ("odd", "", Sampling(temperature=0.1)),
        ("oss-120b", "", Sampling(temperature=0.1)),
        ("odd@ollama", "", Sampling(temperature=0.1)),
        ("gpt-5.3-codex@ollama", "", Sampling()),
        ("sol-ultrafast", "", Sampling(service_tier="ultrafast")),
        ("gpt-6.1-sol", "", Sampling()),
        ("sol-ultrafast", 'service_tier = ""', Sampling()),
        ("sol-ultrafast", 'service_tier = "flex"', Sampling(service_tier="flex")),
        ("spark", "temperature = 0.1", Sampling(temperature=0.1)),
        ("oss-120b", 'temperature = "none"', Sampling()),
        ("odd", 'temperature = "none"', Sampling()),
        ("oss-120b", "[presets.oss-120b]\ntemperature = 0.7", Sampling(temperature=0.7)),
        ("spark", '[presets.spark]\neffort = "low"', Sampling(effort="low")),
        ("spark", 'effort = "high"\n[presets.spark]\neffort = "low"', Sampling(effort="high")),
        ("spark", 'effort = ""\n[presets.spark]\neffort = "low"', Sampling()),
        ("spark", "[presets.spark]\nmax_output_tokens = 9", Sampling(max_output_tokens=9)),
        ("spark", "max_output_tokens = 7\n[presets.spark]\nmax_output_tokens = 9",
         Sampling(max_output_tokens=7)),
    ],
)  # fmt: skip
def test_what_a_person_set_wins_over_a_preset_and_that_over_a_default(
    word: str, lines: str, wanted: Sampling, environ: dict[str, str]
) -> None:
    write(environ, lines)
    here = link(environ, model=word)
    assert here.sampling(here.target()) == wanted


def test_what_was_chosen_while_running_wins_over_all(environ: dict[str, str]) -> None:
    write(environ, 'effort = "high"\n')
    here = link(environ, model="sol-ultrafast")
    here.effort, here.service_tier = "low", ""
    assert here.sampling(here.target()) == Sampling(effort="low")
    here.effort = ""
    assert here.sampling(here.target()) == Sampling(), "the model's own"


def test_a_key_for_one_address_of_this_machine_is_not_for_another(environ: dict[str, str]) -> None:
    """localhost and [::1] may be two servers, though their port makes them one row."""
    environ["BOX_KEY"] = "secret"
    write(environ, '[presets.box]\nbase_url = "http://localhost:9000"\nenv_key = "BOX_KEY"\n')
    assert link(environ, model="odd", base_url="http://localhost:9000").endpoint.key == "secret"
    there = link(environ, model="odd", base_url="http://[::1]:9000")
    assert there.target().preset is not None and there.endpoint.key == ""


# -- keys -----------------------------------------------------------------------------------------
URLS = [OPENAI, CEREBRAS, GATEWAY, LAN, OLLAMA, "http://localhost:9000/v1", "http://[::1]:9000/v1"]
VARIABLES = ["SPARK_TUI_API_KEY", "OPENAI_API_KEY", "CEREBRAS_API_KEY", "KEY_A", "KEY_B"]
WORDS = ["spark", "oss-120b", "ollama", "own-a", "own-b", "odd", "odd@own-a", "odd@cerebras",
         "own-a@", "gpt-oss-120b"]  # fmt: skip
own_rows = st.fixed_dictionaries(
    {}, optional={"base_url": st.sampled_from(URLS), "env_key": st.sampled_from(VARIABLES)}
)


@hypothesis_settings(max_examples=400, deadline=None)
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=2, max_size=2),
    file_url=st.none() | st.sampled_from(URLS),
    file_key=st.none() | st.sampled_from(VARIABLES),
    flag=st.none() | st.sampled_from(URLS),
    variable=st.none() | st.tuples(
        st.sampled_from(["SPARK_TUI_BASE_URL", "OPENAI_BASE_URL"]), st.sampled_from(URLS)
    ),
    rows=st.dictionaries(
        st.sampled_from(["own-a", "own-b", "oss-120b", "spark"]), own_rows, max_size=3
    ),
    ollama=st.sampled_from(["", "gpu.lan", "127.0.0.1"]),
)  # fmt: skip
def test_no_key_reaches_an_origin_that_it_was_not_given_for(
    tmp_path_factory: pytest.TempPathFactory,
    words: list[str],
    file_url: str | None,
    file_key: str | None,
    flag: str | None,
    variable: tuple[str, str] | None,
    rows: dict[str, dict[str, str]],
    ollama: str,
) -> None:
    """Each variable holds its own name; who may have it is said anew here, from the files."""
    folder = tmp_path_factory.mktemp("keys")
    environ = {name: f"value-of-{name}" for name in VARIABLES}
    environ |= {"SPARK_TUI_CONFIG_DIR": str(folder), "OLLAMA_HOST": ollama}
    if variable:
        environ[variable[0]] = variable[1]
    lines = [f'base_url = "{file_url}"'] if file_url else []
    lines += [f'env_key = "{file_key}"'] if file_key else []
    for name, row in rows.items():
        lines += [f"[presets.{name}]", *(f'{field} = "{text}"' for field, text in row.items())]
    Path(folder, "config.toml").write_text("\n".join(lines))
    flags = {"base_url": flag} if flag else {}

    given_for = _given_for(file_url, file_key, flag, variable, rows)
    try:
        settings = load(environ=environ, flags={**flags, "model": words[0]})
        here = Link(settings, environ)
    except UsageFault as fault:
        assert "names a key, but no service" in fault.message
        return
    here.take(words[1], "smart")
    for role in ("fast", "smart"):
        endpoint = here.target(role).endpoint
        if endpoint.key:
            name = endpoint.key.removeprefix("value-of-")
            assert origin_of(endpoint.base_url) in given_for[name], (name, endpoint.base_url)


def _given_for(
    file_url: str | None,
    file_key: str | None,
    flag: str | None,
    variable: tuple[str, str] | None,
    rows: dict[str, dict[str, str]],
) -> dict[str, set[str]]:
    """Variable -> origins."""
    given_for: dict[str, set[str]] = {name: set() for name in VARIABLES}
    from_start = flag or (variable[1] if variable else None)
    used = from_start or file_url or OPENAI
    given_for["SPARK_TUI_API_KEY"].add(origin_of(used))
    given_for["OPENAI_API_KEY"].add(origin_of(OPENAI))
    is_twin = flag is None and variable is not None and variable[0] == "OPENAI_BASE_URL"
    if from_start and (is_twin or not is_loopback(from_start)):
        given_for["OPENAI_API_KEY"].add(origin_of(from_start))
    if file_key:
        given_for[file_key].add(origin_of(file_url or OPENAI))
    shipped = {row.name: row for row in PRESETS}
    for row in PRESETS:
        if row.env_key:
            given_for[row.env_key].add(origin_of(row.base_url))
    for name, row_ in rows.items():
        known = shipped.get(name)
        url = row_.get("base_url") or (known.base_url if known else "")
        if "env_key" in row_ and url:
            given_for[row_["env_key"]].add(origin_of(url))
    return given_for
