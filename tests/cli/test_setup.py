"""config, models, doctor: what they show, what they never show, what they change (nothing)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from spark_tui.model.provider import ModelInfo
from spark_tui.model.scripted import done, patch
from spark_tui.session.link import Link
from spark_tui.settings.config import save_user, specs
from spark_tui.settings.credentials import key_file, store_key
from spark_tui.settings.theme import shipped_folder
from tests.support.shell import Ran, Shell

PATCH = """*** Begin Patch
*** Update File: calc.py
@@
-    return a + b
+    return b + a
@@
-    nothing like this
+    x
*** End Patch
"""


@pytest.fixture
def listing(monkeypatch: pytest.MonkeyPatch) -> list[ModelInfo | Exception]:
    """What the service answers to the free request."""
    answers: list[ModelInfo | Exception] = []

    async def models(self: Link, role: str = "") -> Sequence[ModelInfo | Exception]:
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return tuple(answers)

    monkeypatch.setattr(Link, "models", models)
    return answers


def listed(ran: Ran) -> list[str]:
    """The lines about what the service lists: those before the presets."""
    return ran.out.splitlines()[: ran.out.splitlines().index("")]


def test_config_shows_each_value_and_its_origin(shell: Shell) -> None:
    save_user(shell.environ, {"theme": "spark-light", "models.fast": "mine"})
    shell.environ["SPARK_TUI_MOUSE"] = "off"
    ran = shell("config", "--show-origin")
    assert 'theme = "spark-light"  # user file' in ran.out
    assert 'models.fast = "mine"  # user file' in ran.out
    assert "mouse = false  # environment" in ran.out
    assert "temperature = 0.1  # default" in ran.out
    rows = shell("config", "--json").document["settings"]
    assert [row["key"] for row in rows] == [spec.key for spec in specs()]


def test_config_never_shows_a_key(shell: Shell) -> None:
    shell.environ["OPENAI_API_KEY"] = "sk-hidden"
    for words in ((), ("--json",), ("--show-origin",)):
        ran = shell("config", *words)
        assert "sk-hidden" not in ran.out + ran.err
        assert "OPENAI_API_KEY" in ran.out + ran.err


def test_forget_key(shell: Shell) -> None:
    store_key("https://api.openai.com/v1", "sk-kept", shell.environ)
    assert shell("config", "forget-key", "--json").document["forgotten"] is True
    assert not key_file(shell.environ).exists()
    assert shell("config", "forget-key", "--json").document["forgotten"] is False


def test_a_broken_settings_file_is_2_with_its_line(shell: Shell) -> None:
    path = save_user(shell.environ, {"theme": "x"})
    path.write_text("thme = 1\n")
    ran = shell("config", "--json")
    assert ran.code == 2 and f"{path}:1" in ran.err and "Did you mean theme?" in ran.err


def test_models_marks_the_roles(shell: Shell, listing: list[ModelInfo | Exception]) -> None:
    listing += [ModelInfo("gpt-5.3-codex-spark"), ModelInfo("other", speed=300, price_class="low")]
    shell.environ["OPENAI_API_KEY"] = "sk"
    ran = shell("models")
    assert ran.code == 0
    assert listed(ran) == ["gpt-5.3-codex-spark  (fast)", "other  (low, ~300 tok/s)"]
    rows = shell("models", "--json").document["models"]
    assert [(r["id"], r["role"]) for r in rows] == [
        ("gpt-5.3-codex-spark", "fast"),
        ("other", None),
    ]


def test_models_tells_how_edits_went(shell: Shell, listing: list[ModelInfo | Exception]) -> None:
    shell.environ["OPENAI_API_KEY"] = "sk"
    shell.replies = [(*patch(PATCH), *done())]
    shell("edit", "--", "one")
    listing += [ModelInfo("gpt-5.3-codex-spark"), ModelInfo("other")]
    assert listed(shell("models")) == [
        "gpt-5.3-codex-spark  (fast, edits placed: v4a 1 of 2)",
        "other",
    ]
    shell.replies = [(*patch(PATCH.replace("return a + b", "gone")), *done())]
    for _ in range(3):
        shell("edit", "--", "more")
    rows = shell("models", "--json").document["models"]
    assert rows[0]["edits"]["v4a"] == {
        "replies": 4, "well_formed": 4, "hunks": 8, "located": 1, "repaired": 0, "unplaced": 7,
        "demoted": True,
    }  # fmt: skip
    assert rows[1]["edits"] == {}


def test_models_without_a_key_is_4(shell: Shell) -> None:
    ran = shell("models", "--json")
    assert (ran.code, ran.document["status"]) == (4, "error")
    assert ran.document["errors"][0]["code"] == "key_missing"


def test_doctor_in_good_health(shell: Shell) -> None:
    shell.environ["SPARK_TUI_API_KEY"] = "sk-hidden"
    ran = shell("doctor", "--offline", "--json")
    levels = {f["code"]: f["level"] for f in ran.document["findings"]}
    assert ran.code == 0 and "sk-hidden" not in ran.out + ran.err
    assert set(levels.values()) == {"ok"}
    assert {"version", "git", "repository", "state", "terminal", "key"} <= set(levels)
    assert not Path(shell.environ["SPARK_TUI_STATE_DIR"]).exists(), "looking changes nothing"


@pytest.mark.parametrize(
    ("extra", "code", "level", "needle"),
    [
        ({"OPENAI_API_KEY": ""}, "key", "error", "OPENAI_API_KEY"),
        ({"SPARK_TUI_THEEM": "x"}, "settings", "warning", "SPARK_TUI_THEME"),
        ({"TERM": "dumb"}, "terminal", "warning", "verbs"),
        ({"TMUX": "1", "COLORTERM": ""}, "terminal", "warning", "tmux.conf"),
        ({"LC_ALL": "C"}, "locale", "warning", "C.UTF-8"),
        ({"PATH": "/nonexistent"}, "git", "error", "Install git"),
        ({"OPENAI_BASE_URL": "http://gpu.lan/v1"}, "endpoint", "warning", "https"),
    ],
)
def test_doctor_finds(
    extra: dict[str, str], code: str, level: str, needle: str, shell: Shell
) -> None:
    shell.environ |= {"OPENAI_API_KEY": "sk", **extra}
    ran = shell("doctor", "--offline", "--json")
    found = [f for f in ran.document["findings"] if f["code"] == code and f["level"] == level]
    assert any(needle in f["hint"] for f in found), ran.out
    assert ran.code == (1 if level == "error" else 0)


def test_what_a_verb_makes_is_private(shell: Shell) -> None:
    assert shell("apply", stdin="no edit").code == 6
    state = Path(shell.environ["SPARK_TUI_STATE_DIR"])
    for folder in (state, state / "worktrees", *(state / "worktrees").iterdir()):
        assert folder.stat().st_mode & 0o077 == 0, folder


def test_doctor_says_why_openais_key_is_not_used(shell: Shell) -> None:
    save_user(shell.environ, {"base_url": "https://api.cerebras.ai/v1"})
    shell.environ["OPENAI_API_KEY"] = "sk"
    ran = shell("doctor", "--offline")
    assert ran.code == 1 and "name its variable with env_key" in ran.out


def test_doctor_checks_a_theme(shell: Shell, tmp_path: Path) -> None:
    folder = shipped_folder()
    assert folder is not None
    assert shell("doctor", "--theme", str(folder / "spark-dark.toml")).code == 0
    bad = tmp_path / "bad.toml"
    text = (folder / "spark-dark.toml").read_text()
    bad.write_text(text.replace('foreground = "#d9dce3"', 'foreground = "#444444"'))
    ran = shell("doctor", "--theme", str(bad))
    assert ran.code == 1 and "foreground on background" in ran.out
