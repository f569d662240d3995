"""The house keeps its shape at run time too: who loads what, who prints, where colours stand.

Contracts over imports are in pyproject.toml (`lint-imports`); here a fresh interpreter shows what
is really loaded, and a look at the text finds what no import tells.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "spark_tui"

SCREEN = {"textual", "rich", "pygments"}
WIRE = {"websockets", "httpx", "openai"}
GIT = {"git", "gitdb"}
FORBIDDEN: Mapping[str, set[str]] = {
    "errors": SCREEN | WIRE | GIT | {"pathlib", "asyncio", "subprocess", "logging"},
    "text": SCREEN | WIRE | GIT | {"pathlib", "asyncio", "subprocess", "logging"},
    "edits": SCREEN | WIRE | GIT | {"asyncio", "subprocess", "logging"},
    "options": SCREEN | WIRE | GIT | {"asyncio", "subprocess", "logging"},
    "settings": SCREEN | WIRE | GIT | {"asyncio", "subprocess", "logging", "argparse"},
    "repo": SCREEN | WIRE | GIT | {"asyncio", "argparse"},
    "model": SCREEN | WIRE | GIT | {"argparse"},
    "session": SCREEN | WIRE | GIT | {"argparse"},
    "cli": SCREEN | WIRE | GIT,
}
"""Room -> what none of its modules may bring along when it is imported alone."""

PROBE = """
import importlib, sys
name, *forbidden = sys.argv[1:]
before = set(sys.modules)
importlib.import_module(name)
print(*sorted({m for m in sys.modules if m.split(".")[0] in forbidden} - before))
"""


def modules(room: str) -> list[str]:
    """Dotted names of a room's modules."""
    place = PACKAGE / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    names = [".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files]
    return [name.removesuffix(".__init__") for name in names]


def sources(*folders: Path, suffixes: tuple[str, ...] = (".py",)) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in suffixes:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_loads_only_what_it_may(room: str) -> None:
    """All modules of a room in one fresh interpreter; a guilty room is then asked one by one."""
    names = modules(room)
    assert names, f"{room} is gone: take it out of this table"
    everything = "\n".join(f"import {name}" for name in names)
    probe = PROBE.replace("importlib.import_module(name)", everything)
    assert _loaded(probe, room) == [], {n: _loaded(PROBE, room, n) for n in names}


def _loaded(probe: str, room: str, name: str = "-") -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", probe, name, *sorted(FORBIDDEN[room])],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_every_room_is_in_the_table() -> None:
    rooms = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert rooms - {"__init__", "__main__", "tui", "py"} == set(FORBIDDEN)


def test_the_door_imports_no_face() -> None:
    probe = PROBE.replace("importlib.import_module(name)", "import spark_tui.__main__")
    forbidden = [*SCREEN, *WIRE, *GIT, "asyncio", "argparse", "json"]
    ran = subprocess.run(
        [sys.executable, "-c", probe, "-", *forbidden],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout.split()) == (0, []), ran.stderr


# -- what imports do not tell ----------------------------------------------------------------
def test_no_colour_in_code() -> None:
    """Every colour comes from a theme file."""
    color = re.compile(r"""(?<![\w&])#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{8})\b|\brgba?\(""")
    about_colors = {"spark_tui/settings/theme.py", "spark_tui/settings/config.py"}
    found = [
        f"{path}: {match[0]}"
        for path, text in sources(PACKAGE, suffixes=(".py", ".tcss"))
        if path not in about_colors
        for match in color.finditer(text)
    ]
    assert found == []


def test_only_one_file_prints() -> None:
    found = []
    for path, text in sources(PACKAGE):
        if path == "spark_tui/cli/output.py":
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(func=ast.Name(id="print")):
                    found.append(f"{path}:{node.lineno} print")
                case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "__stdout__"):
                    if (
                        path != "spark_tui/__main__.py"
                        and "tui/" not in path.split("spark_tui/")[1]
                    ):
                        found.append(f"{path}:{node.lineno} sys.stdout")
                case _:
                    pass
    assert found == []


MARKUP_SINKS = {"Static", "Label", "notify", "Button", "OptionList", "Select", "Tabs", "Tab"}
"""Textual parses markup in these unless told otherwise: a "[/x]" from a model ends the app."""


def test_text_that_is_not_ours_is_never_markup() -> None:
    found = []
    for path, text in sources(PACKAGE / "tui"):
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call):
                continue
            name = _called(node)
            if name == "from_markup" and not all(isinstance(a, ast.Constant) for a in node.args):
                found.append(f"{path}:{node.lineno} from_markup of a value")
            if name not in MARKUP_SINKS or not node.args or isinstance(node.args[0], ast.Constant):
                continue
            off = any(
                k.arg == "markup" and isinstance(k.value, ast.Constant) and k.value.value is False
                for k in node.keywords
            )
            is_content = isinstance(node.args[0], ast.Call) and _called(node.args[0]) == "Content"
            if not off and not is_content:
                found.append(f"{path}:{node.lineno} {name}(...) without markup=False")
    assert found == []


def test_broad_excepts_stand_at_the_boundaries_only() -> None:
    allowed = {
        "spark_tui/cli/main.py",
        "spark_tui/cli/boundary.py",
        "spark_tui/tui/app.py",
        "spark_tui/session/session.py",
    }
    broad = re.compile(
        r"except \(?(?:Base)?Exception\b(?!Group)[^\n]*:\n(?P<body>(?:\s+.*\n){1,6})"
    )
    found = [
        path
        for path, text in sources(PACKAGE)
        for match in broad.finditer(text)
        if path not in allowed and not re.search(r"^\s+raise$", match["body"], re.MULTILINE)
    ]
    assert found == []


def test_no_file_grows_beyond_400_lines() -> None:
    long = [
        f"{path}: {text.count(chr(10))}"
        for path, text in sources(PACKAGE, ROOT / "demo", ROOT / "tests")
        if text.count("\n") > 400 and "demo/project" not in path and "/scenarios/" not in path
    ]
    assert long == []


def test_every_file_says_what_it_is_for() -> None:
    mute = [path for path, text in sources(PACKAGE) if not ast.get_docstring(ast.parse(text))]
    assert mute == []


def test_the_demo_is_a_witness() -> None:
    """It shares nothing with the product: neither by import nor by path."""
    found = [
        path
        for path, text in sources(ROOT / "demo")
        if "demo/project" not in path
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom) and "spark_tui" in ast.unparse(node)
    ]
    assert found == []


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
