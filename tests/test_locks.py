"""The locks belong to this pyproject.toml, name the public index only, and pin with hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9-]", text)[0].lower() for text in requirements}


def test_the_lock_is_of_these_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (own,) = (package for package in locked if package["name"] == project["name"])
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(text for extra in extras for text in extra)]
    rows = own["metadata"]["requires-dist"]
    assert {(r["name"], r.get("specifier", "")) for r in rows} == {
        (name, _sorted(text[len(name) :])) for text in wanted for name in names([text])
    }


def test_only_the_public_index_is_named() -> None:
    text = (ROOT / "uv.lock").read_text()
    assert set(re.findall(r'registry = "([^"]+)"', text)) == {"https://pypi.org/simple"}
    assert set(re.findall(r'url = "(https?://[^/]+)', text)) == {"https://files.pythonhosted.org"}
    assert "file://" not in text


def test_every_run_time_dependency_is_pinned_with_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.M))
    assert names(project["dependencies"]) <= set(pinned)
    for block in re.split(r"\n(?=[a-z])", text)[1:]:
        assert "--hash=sha256:" in block
    assert "-e " not in text and "--index" not in text


def _sorted(specifier: str) -> str:
    """uv writes the parts of a specifier in its own order."""
    return ",".join(sorted(specifier.replace(" ", "").split(","), reverse=True))
