"""Presets on the command line: `models`, `config`, and which key each of them wants."""

from __future__ import annotations

import pytest

from spark_tui.model.presets import PRESETS
from spark_tui.settings.config import user_file
from spark_tui.settings.credentials import store_key
from tests.support.aside import aside
from tests.support.services import listing, row
from tests.support.shell import Shell
from tests.support.wire_server import WireServer

GATEWAY = "https://gateway.example/v1"


def write(shell: Shell, text: str) -> str:
    path = user_file(shell.environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def line(text: str, name: str) -> str:
    (found,) = [row for row in text.splitlines() if row.split(" ")[0] == name]
    return found


def test_presets_are_shown_without_asking_anybody(shell: Shell) -> None:
    """No key is set, and nothing listens: the network is not touched."""
    ran = shell("models", "--presets")
    assert ran.code == 0
    assert len(ran.out.splitlines()) == len(PRESETS)
    spark = "gpt-5.3-codex-spark at api.openai.com  (OPENAI_API_KEY not set, high, ~1000 tok/s)"
    assert line(ran.out, "spark").endswith(f" {spark}")
    assert "what it lists at 127.0.0.1:11434  (no key needed, local)" in line(ran.out, "ollama")


def test_a_key_is_said_to_be_there_and_never_shown(shell: Shell) -> None:
    shell.environ["CEREBRAS_API_KEY"] = "csk-hidden"
    store_key("https://api.openai.com/v1", "sk-hidden", shell.environ)
    ran = shell("models", "--presets")
    assert "CEREBRAS_API_KEY set" in line(ran.out, "oss-120b")
    assert "key from " in line(ran.out, "sol")
    document = shell("models", "--presets", "--json").document
    assert "hidden" not in str(document) + ran.out + ran.err
    rows = {row["name"]: row for row in document["presets"]}
    assert (rows["oss-120b"]["env_key_set"], rows["oss-120b"]["usable"]) == (True, True)
    assert (rows["sol"]["env_key_set"], rows["sol"]["usable"]) == (False, True)
    assert rows["ollama"]["usable"] and rows["ollama"]["key_from"] is None
    assert rows["spark"]["listed"] is None, "nobody was asked"
    assert document["models"] == [] and document["errors"] == []


def test_a_variable_that_holds_no_key_is_not_usable(shell: Shell) -> None:
    shell.environ["CEREBRAS_API_KEY"] = "two words"
    rows = shell("models", "--presets", "--json").document["presets"]
    (oss,) = [row for row in rows if row["name"] == "oss-120b"]
    assert (oss["env_key_set"], oss["usable"], oss["key_from"]) == (True, False, None)


def test_own_rows_roles_prices_and_what_is_listed(shell: Shell) -> None:
    server = WireServer(http={"/v1/models": [listing("m-1", "odd")]})
    with aside(server):
        write(
            shell,
            '[models]\nfast = "mine, sol"\n'
            + row("mine", server.base_url, model="m-1", price_input=1.5, price_output=6)
            + row("gone", server.base_url, model="m-2"),
        )
        ran = shell("models", "--json")
        document = ran.document
    assert ran.code == 0 and document["base_url"] == server.base_url
    assert [(m["id"], m["role"]) for m in document["models"]] == [("m-1", "fast"), ("odd", None)]
    mine, gone = document["presets"][:2]
    assert (mine["name"], mine["role"], mine["listed"], mine["own"]) == ("mine", "fast", True, True)
    assert mine["price"] == {"input": 1.5, "cached": 1.5, "output": 6.0}
    assert (gone["listed"], gone["role"], gone["price"]) == (False, None, None)


def test_where_the_other_role_lives_is_said(shell: Shell) -> None:
    server = WireServer(http={"/v1/models": [listing("m-1")]})
    with aside(server):
        write(shell, '[models]\nfast = "mine"\nsmart = "sol"\n' + row("mine", server.base_url))
        ran = shell("models")
    assert ran.code == 0
    assert "smart is gpt-6.1-sol at https://api.openai.com/v1" in ran.err
    assert "spark-tui models --model sol" in ran.err


def test_config_shows_own_presets_with_their_line(shell: Shell) -> None:
    shell.environ["MY_KEY"] = "sk-hidden"
    path = write(
        shell,
        '[models]\nfast = "mine"\n\n[presets.mine]\nmodel = "m"\nbase_url = "https://gw.example/v1"\n'
        'env_key = "MY_KEY"\ntemperature = "none"\n',
    )
    ran = shell("config", "--show-origin")
    assert f'presets.mine.model = "m"  # {path}:5' in ran.out
    assert 'presets.mine.temperature = "none"' in ran.out
    assert "key of fast, for https://gw.example/v1: from MY_KEY" in ran.err
    assert "key of smart, for https://api.openai.com/v1: none" in ran.err
    document = shell("config", "--json").document
    assert document["presets"][0]["values"]["env_key"] == "MY_KEY"
    assert document["keys"][0] == {
        "base_url": "https://gw.example/v1", "roles": "fast", "from": "MY_KEY",
    }  # fmt: skip
    assert "sk-hidden" not in str(document) + ran.out + ran.err


@pytest.mark.parametrize("verb", ["config", "models"])
def test_a_mistake_in_a_row_is_2_with_its_line(verb: str, shell: Shell) -> None:
    path = write(shell, '[presets.mine]\nmodle = "m"\n')
    ran = shell(verb)
    assert ran.code == 2 and f"{path}:2" in ran.err and "Did you mean model?" in ran.err
    write(shell, '[presets.mine]\nenv_key = "K"\n')
    ran = shell(verb)
    assert ran.code == 2 and f"{path}:2" in ran.err and "base_url" in ran.err
