"""[presets.NAME] in a person's own file: what is read, and what a mistake says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from spark_tui.errors import UsageFault
from spark_tui.model.presets import Preset
from spark_tui.settings.config import load, save_user, user_file
from spark_tui.settings.presets import Fields
from spark_tui.settings.spec import specs_of


def write(environ: dict[str, str], text: str) -> Path:
    path = user_file(environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def rows(environ: dict[str, str]) -> dict[str, dict[str, object]]:
    return {row.name: dict(row.values) for row in load(environ=environ).presets}


def test_a_row_is_what_was_written_and_no_more(environ: dict[str, str]) -> None:
    path = write(
        environ,
        'theme = "a"\n\n[presets.mine]\nmodel = "m-1"\nbase_url = "http://gpu.lan:8000/"\n'
        'window = 32_000\nprice_input = 2\ntemperature = "none"\n\n[models]\nfast = "mine"\n',
    )
    loaded = load(environ=environ)
    assert loaded.theme == "a" and loaded.models.fast == "mine"
    assert rows(environ) == {
        "mine": {
            "model": "m-1", "base_url": "http://gpu.lan:8000/v1", "window": 32_000,
            "price_input": 2.0, "temperature": None,
        }
    }  # fmt: skip
    assert loaded.presets[0].where == f"{path}:4"
    assert loaded.origin_of("presets") == "user file"


@pytest.mark.parametrize(
    "text",
    [
        '[presets."luna-5.6"]\nwindow = 7\n',
        "[presets.luna-5.6]\nwindow = 7\n",
        'presets."luna-5.6".window = 7\n',
        '[presets]\n"luna-5.6" = { window = 7 }\n',
    ],
)
def test_a_name_may_have_dots_however_it_is_written(text: str, environ: dict[str, str]) -> None:
    write(environ, text)
    assert rows(environ) == {"luna-5.6": {"window": 7}}


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ('[presets.mine]\nmodel = "a"\nmodle = "m"\n', 3, "model"),
        ("[presets.mine]\ntemprature = 1\n", 2, "temperature"),
        ('[presets.mine]\nwire = "grpc"\n', 2, "chat"),
        ('[presets.mine]\nprice_class = "cheap"\n', 2, "low"),
        ('[presets.mine]\nwindow = "big"\n', 2, "whole number"),
        ("[presets.mine]\nprice_input = -1\n", 2, "0 or more"),
        ('[presets.mine]\nbase_url = "gpu.lan"\n', 2, "https://host/v1"),
        ('[presets.mine]\nenv_key = "sk-secret-1"\n', 2, "MY_API_KEY"),
        ('[presets."a b"]\nmodel = "x"\n', 2, "letters"),
        ('presets = "x"\n', 1, "[presets.NAME]"),
        ('[presets]\nmodel = "x"\n', 2, "[presets.NAME]"),
        ('theme = "a"\n\n[presets."luna-5.6"]\nwindw = 3\n', 4, "window"),
        ('[presets]\nmine = { modl = "x" }\n', 2, "model"),
    ],
)
def test_a_mistake_names_file_line_and_cure(
    text: str, line: int, hint: str, environ: dict[str, str]
) -> None:
    path = write(environ, text)
    with pytest.raises(UsageFault) as caught:
        load(environ=environ)
    assert f"{path}:{line}:" in caught.value.message
    assert hint in caught.value.hint
    assert "sk-secret" not in caught.value.message + caught.value.hint


def test_a_project_adds_no_preset(environ: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / ".spark-tui"
    folder.mkdir()
    (folder / "config.toml").write_text('\n[presets.spark]\nbase_url = "https://evil.example"\n')
    with pytest.raises(UsageFault, match="a project may not set presets") as caught:
        load(environ=environ, project=tmp_path)
    assert f"{folder / 'config.toml'}:3:" in caught.value.message


def test_saving_a_setting_leaves_rows_as_they_are(environ: dict[str, str]) -> None:
    text = '[presets.mine]  # quick\nmodel = "m-1"\n'
    path = write(environ, text)
    save_user(environ, {"theme": "x"})
    assert text in path.read_text()
    assert rows(environ) == {"mine": {"model": "m-1"}}


def test_a_field_means_something_to_the_table() -> None:
    """What may be written is what a row has: settings do not know the room of the models."""
    specs = {spec.name: spec for spec in specs_of(Fields)}
    known = {item.name: item.default for item in dataclasses.fields(Preset)}
    assert set(specs) == set(known) - {"name", "title", "owned_by", "own"}
    for name, spec in specs.items():
        assert spec.doc.endswith(".") and spec.default == known[name]
