"""Layers of settings: who wins, where a value came from, and what a mistake says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_tui.errors import UsageFault
from spark_tui.settings import toml
from spark_tui.settings.config import DEFAULT_URL, Settings, load, save_user, specs, user_file


def write(environ: dict[str, str], text: str) -> Path:
    path = user_file(environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_anything_the_defaults_hold(environ: dict[str, str]) -> None:
    loaded = load(environ=environ)
    assert loaded == Settings()
    assert loaded.base_url == DEFAULT_URL
    assert loaded.origin_of("theme") == "default"


def test_each_layer_beats_the_one_before(environ: dict[str, str], tmp_path: Path) -> None:
    write(environ, 'trailer = "none"\ntheme = "file"\nwindow = 1\n')
    project = tmp_path / ".spark-tui"
    project.mkdir()
    (project / "config.toml").write_text('trailer = "co-authored-by"\nwindow = 2\n')
    environ["SPARK_TUI_WINDOW"] = "3"
    environ["SPARK_TUI_THEME"] = "environment"
    loaded = load(environ=environ, flags={"theme": "flag"}, project=tmp_path)
    assert (loaded.trailer, loaded.window, loaded.theme) == ("co-authored-by", 3, "flag")
    assert [loaded.origin_of(k) for k in ("trailer", "window", "theme", "mouse")] == [
        "project",
        "environment",
        "flag",
        "default",
    ]


@pytest.mark.parametrize("line", ['base_url = "https://evil.example/v1"', 'env_key = "X"',
                                  'accept = "all"', 'models.fast = "x"'])  # fmt: skip
def test_a_project_sets_no_url_key_or_consent(
    line: str, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".spark-tui").mkdir()
    (tmp_path / ".spark-tui" / "config.toml").write_text(line)
    with pytest.raises(UsageFault, match="a project may not set"):
        load(environ=environ, project=tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ('\n# x\nthem = "a"\n', 3, "theme"),
        ('[models]\nfats = "a"\n', 2, "models.fast"),
        ('accept = "yes"\n', 1, "safe"),
        ("mouse = 1\n", 1, "true or false"),
        ("window = -1\n", 1, "whole number"),
        ("temperature = nan\n", 1, "number"),
        ("a = \n", 1, "TOML"),
        ("theme = 3\n", 1, "text"),
    ],
)
def test_a_mistake_names_file_line_and_cure(
    text: str, line: int, hint: str, environ: dict[str, str]
) -> None:
    path = write(environ, text)
    with pytest.raises(UsageFault) as caught:
        load(environ=environ)
    assert f"{path}:{line}" in caught.value.message
    assert hint in caught.value.hint


def test_one_model_serves_both_roles_unless_smart_is_named(environ: dict[str, str]) -> None:
    environ["SPARK_TUI_MODEL"] = "tiny"
    assert load(environ=environ).models.smart == "tiny"
    assert load(environ=environ, flags={"model": "flag"}).models.smart == "flag"
    environ["SPARK_TUI_MODELS__SMART"] = "big"
    loaded = load(environ=environ)
    assert (loaded.models.fast, loaded.models.smart) == ("tiny", "big")
    del environ["SPARK_TUI_MODEL"], environ["SPARK_TUI_MODELS__SMART"]
    write(environ, 'model = "mine"\n')
    assert load(environ=environ).models == Settings().models.__class__("mine", "gpt-5.3-codex")


def test_our_url_beats_the_sdks(environ: dict[str, str]) -> None:
    environ["OPENAI_BASE_URL"] = "https://one.example"
    assert load(environ=environ).base_url == "https://one.example/v1"
    environ["SPARK_TUI_BASE_URL"] = "http://127.0.0.1:8080/"
    assert load(environ=environ).base_url == "http://127.0.0.1:8080/v1"
    assert load(environ=environ, flags={"base_url": "wss://h/x/"}).base_url == "https://h/x"


@pytest.mark.parametrize("url", ["ftp://h", "https://me:pw@h/v1", "https://h/?k=v", "h", "https://",
                                 "https://h:99999/v1", "https://h/a b"])  # fmt: skip
def test_no_url_is_refused_without_repeating_it(url: str, environ: dict[str, str]) -> None:
    with pytest.raises(UsageFault) as caught:
        load(environ=environ, flags={"base_url": url})
    assert "pw" not in caught.value.message + caught.value.hint


def test_every_setting_has_a_sentence_and_an_environment_name(environ: dict[str, str]) -> None:
    for spec in specs():
        assert spec.doc.endswith(".")
        text = {"bool": "no", "int": "7", "float": "7", "float | None": "0.5"}.get(spec.kind)
        word = "https://h/v1" if spec.name == "base_url" else "word"
        environ[spec.env] = text or (spec.choices[-1] if spec.choices else word)
    loaded = load(environ=environ)
    assert {loaded.origin_of(spec.key) for spec in specs()} == {"environment"}


@pytest.mark.parametrize("value", ["", " ", ",", " , ,"])
def test_a_chain_names_at_least_one_model(value: str, environ: dict[str, str]) -> None:
    path = write(environ, f'[models]\nsmart = "{value}"\n')
    with pytest.raises(UsageFault) as caught:
        load(environ=environ)
    assert f"{path}:2: models.smart names no model" in caught.value.message


def test_a_chain_is_kept_as_it_was_written(environ: dict[str, str]) -> None:
    environ["SPARK_TUI_MODEL"] = "spark, sol, oss-120b"
    assert load(environ=environ).models.smart == "spark, sol, oss-120b"
    environ["SPARK_TUI_MODEL"] = " ,"
    with pytest.raises(UsageFault, match="SPARK_TUI_MODEL"):
        load(environ=environ)


@pytest.mark.parametrize("value", ["sk-secret-1", "MY KEY", "1KEY", "$KEY"])
def test_a_key_in_place_of_its_variable_is_not_repeated(
    value: str, environ: dict[str, str]
) -> None:
    write(environ, f'env_key = "{value}"\n')
    with pytest.raises(UsageFault) as caught:
        load(environ=environ)
    assert value not in caught.value.message + caught.value.hint


def test_a_settings_file_that_is_a_pipe_does_not_hang(environ: dict[str, str]) -> None:
    import os

    path = write(environ, "")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UsageFault, match="not a settings file"):
        load(environ=environ)


# -- writing ---------------------------------------------------------------------------------
def test_saving_keeps_comments_and_order(environ: dict[str, str]) -> None:
    path = write(
        environ,
        '# mine\ntheme = "a"  # nice\nmouse = false\n\n[models]\n# quick\nfast = "x"\n\n[prices]\n'
        "fast_input = 1.5\n",
    )
    save_user(environ, {"theme": "b", "models.smart": "y", "base_url": "https://h/v1",
                        "mouse": None})  # fmt: skip
    assert path.read_text() == (
        '# mine\ntheme = "b"  # nice\nbase_url = "https://h/v1"\n\n[models]\n# quick\nfast = "x"\n'
        'smart = "y"\n\n[prices]\nfast_input = 1.5\n'
    )
    assert load(environ=environ).models.smart == "y"


def test_a_new_file_is_private_and_whole(environ: dict[str, str]) -> None:
    path = save_user(environ, {"models.fast": "q\"u'o\\te\x7f", "low_bandwidth": True})
    assert path.stat().st_mode & 0o777 == 0o600
    assert load(environ=environ).models.fast == "q\"u'o\\te\x7f"
    assert [p.name for p in path.parent.iterdir()] == ["config.toml"]


def test_a_url_is_saved_as_it_will_be_used(environ: dict[str, str]) -> None:
    save_user(environ, {"base_url": "HTTP://LOCALHOST:1234".lower()})
    assert 'base_url = "http://localhost:1234/v1"' in user_file(environ).read_text()


def test_nonsense_is_not_saved(environ: dict[str, str]) -> None:
    path = write(environ, 'theme = "a"\n')
    for changes in ({"accept": "yes"}, {"acept": "all"}, {"base_url": "nope"}):
        with pytest.raises(UsageFault):
            save_user(environ, changes)
    assert path.read_text() == 'theme = "a"\n'


def test_a_broken_file_is_said_not_replaced(environ: dict[str, str]) -> None:
    path = write(environ, "theme = \n")
    with pytest.raises(UsageFault):
        save_user(environ, {"theme": "x"})
    assert path.read_text() == "theme = \n"


def test_a_link_into_a_dotfiles_folder_stays_a_link(
    environ: dict[str, str], tmp_path: Path
) -> None:
    target = tmp_path / "dotfiles.toml"
    target.write_text('theme = "a"\n')
    path = user_file(environ)
    path.parent.mkdir(parents=True)
    path.symlink_to(target)
    save_user(environ, {"theme": "b"})
    assert path.is_symlink() and target.read_text() == 'theme = "b"\n'


KEYS = st.sampled_from(["a", "b", "t.a", "t.b", "u.x"])
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])), st.booleans(), st.integers(0, 99)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(KEYS, st.one_of(st.none(), VALUES), max_size=4), max_size=4))
def test_rewriting_gives_exactly_what_was_asked(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("toml") / "f.toml"
    path.write_text('# head\nz = """\na = 1\n[t]\n"""  # odd\n[u]\ny = [1,\n 2]\n')
    wanted = {key: value for key, value, _ in toml.read(path)}
    for changes in steps:
        toml.rewrite(path, changes)
        wanted = {k: v for k, v in {**wanted, **changes}.items() if v is not None}
        assert {key: value for key, value, _ in toml.read(path)} == wanted
