"""The program as a whole: help, version, bugs, signals, and what it never imports."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from spark_tui.cli import main
from spark_tui.cli.about import SENTENCES
from spark_tui.cli.boundary import guarded, places
from spark_tui.cli.exits import Exit, of_code
from spark_tui.cli.output import Output
from spark_tui.errors import SparkFault
from spark_tui.options import VERBS
from tests.support.shell import Shell

HERE = Path(__file__).resolve().parents[2]


def program(
    *words: str, environ: Mapping[str, str], cwd: Path, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spark_tui", *words],
        env={**environ, "PYTHONPATH": str(HERE), **more},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_every_verb_has_a_row_and_a_help_of_80_columns(shell: Shell) -> None:
    assert set(SENTENCES) == VERBS
    for verb in sorted(VERBS):
        ran = shell(verb, "--help")
        assert ran.code == 0 and ran.out.startswith(f"usage: spark-tui {verb}")
        assert max(len(line) for line in ran.out.splitlines()) <= 80


def test_version_and_help_import_nothing_heavy(environ: dict[str, str], tmp_path: Path) -> None:
    probe = (
        "import sys; sys.argv = ['spark-tui', {!r}]\n"
        "from spark_tui.__main__ import run\n"
        "code = run(sys.argv[1:], {{}})\n"
        "heavy = {{'textual', 'rich', 'asyncio', 'json', 'git', 'httpx', 'websockets'}}\n"
        "sys.exit(code or ' '.join(heavy & set(sys.modules)) or 0)\n"
    )
    for word in ("--version", "--help"):
        ran = subprocess.run(
            [sys.executable, "-c", probe.format(word)],
            env={**environ, "PYTHONPATH": str(HERE)},
            cwd=tmp_path, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.startswith(("spark-tui 0", "usage: spark-tui"))


def test_help_lists_every_exit_code() -> None:
    out = io.StringIO()
    assert main.run(["--help"], {}, out=Output(out, out)) == 0
    for code in Exit:
        assert f"{code.value:<8} {code.sentence}" in out.getvalue()


def test_every_fault_has_an_exit_code_of_the_contract() -> None:
    def tree(kind: type[SparkFault]) -> list[type[SparkFault]]:
        return [kind, *(k for sub in kind.__subclasses__() for k in tree(sub))]

    codes: dict[str, set[int]] = {}
    for kind in tree(SparkFault)[1:]:
        assert Exit(kind.exit_code).sentence
        codes.setdefault(kind.code, set()).add(kind.exit_code)
    for code, exits in codes.items():
        assert exits == {of_code(code)}
    assert of_code("never heard of") == Exit.REFUSED


def test_without_a_terminal_it_says_what_works(environ: dict[str, str], tmp_path: Path) -> None:
    ran = program(environ=environ, cwd=tmp_path)
    assert ran.returncode == 2 and ran.stdout == "" and "spark-tui edit" in ran.stderr


def test_a_module_planted_in_the_folder_is_not_run(environ: dict[str, str], tmp_path: Path) -> None:
    for name in ("platformdirs", "argparse", "git", "json", "unicodedata"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} was hijacked')\n")
    ran = program("doctor", "--offline", environ=environ, cwd=tmp_path)
    assert "hijacked" not in ran.stdout + ran.stderr
    assert ran.returncode in (0, 1)


def test_gits_variables_do_not_reach_the_process(environ: dict[str, str], tmp_path: Path) -> None:
    probe = (
        "import os, sys, spark_tui.__main__ as m\n"
        "m.run = lambda argv, environ: print(environ.get('GIT_DIR'), 'GIT_DIR' in os.environ)\n"
        "m.main()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", probe],
        env={**environ, "PYTHONPATH": str(HERE), "GIT_DIR": "/x"},
        cwd=tmp_path, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert ran.stdout == "/x False\n", ran.stderr


def test_a_bug_is_70_and_shows_no_value(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(args: object, face: object) -> int:
        key = "sk-secret"
        raise ValueError(f"bad {key}")

    monkeypatch.setattr("spark_tui.cli.verbs.hunks.run", broken)
    ran = shell("hunks", "--json")
    assert ran.code == 70 and ran.out == ""
    assert "ValueError" in ran.err and "broken" in ran.err and "sk-secret" not in ran.err


def test_the_boundary_of_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(error: BaseException) -> int:
        raise error

    assert guarded(lambda: 7) == 7
    assert guarded(lambda: fail(KeyboardInterrupt())) == 130
    assert guarded(lambda: fail(RuntimeError("sk-x"))) == 70
    fault = SparkFault("It broke.", hint="Mend it.")
    fault.exit_code = 7
    assert guarded(lambda: fail(fault)) == 7
    said = capsys.readouterr().err
    assert "sk-x" not in said and "It broke.\n  Mend it." in said
    assert places(None) == []


def test_nobody_reading_is_quiet(environ: dict[str, str], tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(
        [sys.executable, "-m", "spark_tui", "config"],
        env={**environ, "PYTHONPATH": str(HERE)},
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE,
        text=True, timeout=30,
    )  # fmt: skip
    os.close(write)
    assert (ran.returncode, ran.stderr) == (141, "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_an_edit_in_order(number: signal.Signals, code: int, shell: Shell) -> None:
    """The service takes the connection and then says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        process = subprocess.Popen(
            [sys.executable, "-m", "spark_tui", "edit", "--json", "--base-url", url, "--", "x"],
            env={**shell.environ, "PYTHONPATH": str(HERE)},
            cwd=shell.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline().startswith("asking ")
        connection, _ = silent.accept()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        connection.close()
    assert process.returncode == code, err
    assert json.loads(out)["status"] == "interrupted"


def test_the_demo_is_a_program_of_its_own(environ: dict[str, str], tmp_path: Path) -> None:
    ran = program("demo", "--help", environ=environ, cwd=tmp_path)
    assert ran.returncode == 0 and "--rate" in ran.stdout
