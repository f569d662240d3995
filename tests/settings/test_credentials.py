"""The key goes to one origin only, is private on disk, and is never shown."""

from __future__ import annotations

import json
import os
import sys
import types

import pytest

from spark_tui.errors import UsageFault
from spark_tui.settings.config import load, save_user
from spark_tui.settings.credentials import find_key, forget_key, key_file, store_key
from spark_tui.settings.origin import is_loopback, is_plain, ollama_url, origin_of

OPENAI = "https://api.openai.com/v1"
CEREBRAS = "https://api.cerebras.ai/v1"


def found(environ: dict[str, str], **flags: str) -> tuple[str, str] | None:
    key = find_key(load(environ=environ, flags=flags), environ)
    return (key.value, key.origin) if key else None


def test_our_variable_beats_the_sdks(environ: dict[str, str]) -> None:
    environ["OPENAI_API_KEY"] = "sk-open"
    assert found(environ) == ("sk-open", "OPENAI_API_KEY")
    environ["SPARK_TUI_API_KEY"] = "sk-ours"
    assert found(environ) == ("sk-ours", "SPARK_TUI_API_KEY")


def test_openais_key_follows_only_a_url_of_the_same_start(environ: dict[str, str]) -> None:
    environ["OPENAI_API_KEY"] = "sk-open"
    assert found(environ, base_url="https://gateway.example/v1")
    save_user(environ, {"base_url": "https://gateway.example/v1"})
    assert found(environ) is None
    environ["OPENAI_BASE_URL"] = "https://other.example/v1"
    assert found(environ)
    del environ["OPENAI_BASE_URL"]
    environ["SPARK_TUI_BASE_URL"] = "https://other.example/v1"
    assert found(environ)


def test_a_local_server_is_not_handed_openais_key(environ: dict[str, str]) -> None:
    environ["OPENAI_API_KEY"] = "sk-open"
    local = "http://127.0.0.1:11434/v1"
    assert found(environ, base_url=local) is None
    environ["OPENAI_BASE_URL"] = local
    assert found(environ)
    environ["SPARK_TUI_BASE_URL"] = local
    assert found(environ) is None


def test_a_files_env_key_belongs_to_the_files_url(environ: dict[str, str]) -> None:
    save_user(environ, {"base_url": CEREBRAS, "env_key": "CEREBRAS_API_KEY"})
    environ["CEREBRAS_API_KEY"] = "csk"
    assert found(environ) == ("csk", "CEREBRAS_API_KEY")
    assert found(environ, base_url="https://evil.example/v1") is None


GATEWAY = "https://gateway.example/v1"
LOCAL = "http://127.0.0.1:11434/v1"
KEYS = {
    "SPARK_TUI_API_KEY": "ours",
    "OPENAI_API_KEY": "openai",
    "CEREBRAS_API_KEY": "cerebras",
    "FILE_KEY": "file",
}


@pytest.mark.parametrize(
    ("named", "asked", "env_key", "wanted"),
    [
        # where the settings' URL comes from, the URL asked for, a preset's variable, whose keys fit
        ("default", OPENAI, "", ["ours", "openai"]),
        ("default", OPENAI, "FILE_KEY", ["ours", "file", "openai"]),
        ("default", CEREBRAS, "CEREBRAS_API_KEY", ["cerebras"]),
        ("default", CEREBRAS, "", []),
        ("default", "https://api.openai.com:444/v1", "", []),
        ("default", LOCAL, "", []),
        ("file", GATEWAY, "", ["ours", "file"]),
        ("file", OPENAI, "", ["openai"]),
        ("file", OPENAI, "OPENAI_API_KEY", ["openai"]),
        ("file", CEREBRAS, "CEREBRAS_API_KEY", ["cerebras"]),
        ("file", CEREBRAS, "", []),
        ("flag", GATEWAY, "", ["ours", "openai"]),
        ("flag", CEREBRAS, "CEREBRAS_API_KEY", ["cerebras"]),
        ("flag", OPENAI, "", ["openai"]),
        ("flag", LOCAL, "", []),
        ("flag-local", LOCAL, "", ["ours"]),
        ("flag-local", OPENAI, "", ["openai"]),
        ("twin-local", LOCAL, "", ["ours", "openai"]),
        ("twin-local", CEREBRAS, "CEREBRAS_API_KEY", ["cerebras"]),
        ("demo", OPENAI, "OPENAI_API_KEY", []),
    ],
)
def test_which_variables_speak_for_which_url(
    named: str, asked: str, env_key: str, wanted: list[str], environ: dict[str, str]
) -> None:
    """The best first: each key is taken away once it was found."""
    flags = {"flag": {"base_url": GATEWAY}, "flag-local": {"base_url": LOCAL}}.get(named, {})
    if named == "file":
        save_user(environ, {"base_url": GATEWAY, "env_key": "FILE_KEY"})
    if named == "twin-local":
        environ["OPENAI_BASE_URL"] = LOCAL
    if named == "demo":
        environ["SPARK_TUI_DEMO"] = "1"
    environ |= KEYS
    loaded = load(environ=environ, flags=flags)
    found = []
    while key := find_key(loaded, environ, base_url=asked, env_key=env_key):
        assert key.bound_to == origin_of(asked)
        found.append(key.value)
        del environ[key.origin]
    assert found == wanted


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1:11435", "http://127.0.0.1:11435/v1"),
        ("0.0.0.0", LOCAL),  # noqa: S104
        (":11434", LOCAL),
        ("[::]:8", "http://[::1]:8/v1"),
        ("http://gpu.lan", "http://gpu.lan:80/v1"),
        ("https://o.example/api", "https://o.example:443/v1"),
        ("", ""),
        ("no host", ""),
        ("http://me:pw@host", ""),
        ("host:99999", ""),
    ],
)
def test_where_ollama_is(host: str, url: str) -> None:
    assert ollama_url(host) == url


def test_the_demo_sees_no_key(environ: dict[str, str]) -> None:
    environ |= {"SPARK_TUI_API_KEY": "sk", "SPARK_TUI_DEMO": "1"}
    assert found(environ) is None


def test_a_kept_key_is_private_and_bound_to_its_origin(environ: dict[str, str]) -> None:
    where = store_key(CEREBRAS, " csk-1 \n", environ)
    path = key_file(environ)
    assert where == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert found(environ, base_url=CEREBRAS) == ("csk-1", str(path))
    assert found(environ, base_url="https://api.cerebras.ai:444/v1") is None
    assert found(environ, base_url="http://api.cerebras.ai/v1") is None
    assert found(environ) is None


def test_forgetting_one_key_leaves_the_others(environ: dict[str, str]) -> None:
    store_key(CEREBRAS, "one", environ)
    store_key(OPENAI, "two", environ)
    assert forget_key(CEREBRAS, environ)
    assert not forget_key(CEREBRAS, environ)
    assert found(environ) == ("two", str(key_file(environ)))
    assert forget_key(OPENAI, environ)
    assert not key_file(environ).exists()


def test_a_file_that_others_may_read_is_closed(environ: dict[str, str]) -> None:
    store_key(OPENAI, "two", environ)
    key_file(environ).chmod(0o644)
    assert found(environ)
    assert key_file(environ).stat().st_mode & 0o777 == 0o600


def test_a_linked_key_file_is_not_followed(
    environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other") / "keys.json"
    other.write_text(json.dumps({"https://api.openai.com:443": "planted"}))
    key_file(environ).parent.mkdir(parents=True)
    key_file(environ).symlink_to(other)
    with pytest.raises(Exception, match="cannot be read"):
        found(environ)
    store_key(OPENAI, "mine", environ) if not key_file(environ).is_symlink() else None
    assert json.loads(other.read_text()) == {"https://api.openai.com:443": "planted"}


@pytest.mark.parametrize("value", ["a b", "a\nb", "clé", "\x1b[A"])
def test_what_cannot_be_a_key_is_refused_unseen(value: str, environ: dict[str, str]) -> None:
    with pytest.raises(UsageFault) as caught:
        store_key(OPENAI, value, environ)
    assert value not in caught.value.message + caught.value.hint
    environ["OPENAI_API_KEY"] = value
    with pytest.raises(UsageFault):
        found(environ)


def test_a_key_is_never_in_a_repr(environ: dict[str, str]) -> None:
    environ["OPENAI_API_KEY"] = "sk-very-secret"
    assert "secret" not in repr(find_key(load(environ=environ), environ))


# -- keyring ---------------------------------------------------------------------------------
class Ring:
    """A keyring in memory."""

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.kept: dict[tuple[str, str], str] = {}


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    ring = Ring(5)
    errors = types.ModuleType("keyring.errors")
    fake = types.ModuleType("keyring")
    vars(errors)["KeyringError"] = type("KeyringError", (Exception,), {})
    vars(fake).update(
        errors=errors,
        __path__=[],
        __spec__=types.SimpleNamespace(),
        get_keyring=lambda: ring,
        get_password=lambda s, n: ring.kept.get((s, n)),
        set_password=lambda s, n, v: ring.kept.__setitem__((s, n), v),
        delete_password=lambda s, n: ring.kept.pop((s, n)),
    )
    monkeypatch.setitem(sys.modules, "keyring", fake)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return ring


def test_a_keyring_is_used_where_there_is_one(environ: dict[str, str], ring: Ring) -> None:
    assert store_key(OPENAI, "sk-ring", environ) == "keyring"
    assert "sk-ring" not in key_file(environ).read_text()
    assert found(environ) == ("sk-ring", "keyring")
    assert forget_key(OPENAI, environ)
    assert ring.kept == {} and found(environ) is None


def test_a_keyring_that_cannot_keep_is_passed_over(environ: dict[str, str], ring: Ring) -> None:
    ring.priority = 0
    assert store_key(OPENAI, "sk-file", environ) == str(key_file(environ))
    assert ring.kept == {}


# -- origins ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost.evil.example/v1", False),
        ("http://127.evil.example/v1", False),
        ("http://127.0.0.1.evil.example/v1", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_loopback_is_an_address_not_a_beginning(url: str, local: bool) -> None:
    assert is_loopback(url) is local


def test_the_port_is_part_of_the_origin() -> None:
    assert origin_of("https://API.example/v1") == "https://api.example:443"
    assert origin_of("wss://api.example/v1") == origin_of("https://api.example:443/other")
    assert is_plain("http://gpu.lan:8000/v1") and not is_plain("http://localhost:8000/v1")
    assert os.environ["HOME"]  # the environment of these tests is private, see conftest
