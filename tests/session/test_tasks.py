"""The shipped tasks: each can be done, none is done already, and a check believes only itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from spark_tui.errors import UsageFault
from spark_tui.session.checking import Checked, check, lay_out
from spark_tui.session.tasks import Task, load_tasks

NAMES = [task.name for task in load_tasks()]
ALONE = {"crlf-settings", "no-final-newline", "unicode-menu"}
"""Tasks of one file."""


def checked(task: Task, place: Path, environ: Mapping[str, str], limit_s: float = 30.0) -> Checked:
    return asyncio.run(check(task, place, environ, limit_s=limit_s))


def files(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


# -- the tasks themselves --------------------------------------------------------------------
def test_there_are_twenty() -> None:
    assert len(NAMES) == len(set(NAMES)) == 20


@pytest.mark.parametrize("name", NAMES)
def test_a_task_says_what_is_wanted(name: str) -> None:
    [task] = load_tasks(name)
    assert task.folder.name == task.name
    assert task.probes and "\n" not in task.probes
    assert all(path in task.prompt for path in task.files)
    assert files(task.before)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_is_not_done_and_can_be_done(
    name: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    """With plain git, so that nothing of ours is trusted in it."""
    [task] = load_tasks(name)
    lay_out(task, tmp_path / "before")
    before = checked(task, tmp_path / "before", environ)
    assert before.ran and before.wrong and not before.is_passed
    tree = lay_out(task, tmp_path / "after")
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    subprocess.run(["git", "apply", task.folder / "solution.patch"], cwd=tree, check=True)
    after = checked(task, tmp_path / "after", environ)
    assert (after.wrong, after.ran) == ((), before.ran)


@pytest.mark.parametrize("name", sorted(set(NAMES) - ALONE))
def test_a_task_notices_what_it_did_not_ask_for(
    name: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    """A solution that also touches a neighbour is none."""
    [task] = load_tasks(name)
    tree = lay_out(task, tmp_path / "work")
    others = sorted(files(task.before).keys() - set(task.files))
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    subprocess.run(["git", "apply", task.folder / "solution.patch"], cwd=tree, check=True)
    with (tree / others[-1]).open("ab") as file:
        file.write(b"\n")
    assert checked(task, tmp_path / "work", environ).wrong


def test_tasks_share_no_path() -> None:
    """One tree may hold them all."""
    seen: dict[str, str] = {}
    for task in load_tasks():
        for path in files(task.before):
            assert seen.setdefault(path, task.name) == task.name


# -- choosing some ---------------------------------------------------------------------------
def test_some_are_chosen_by_number_or_name() -> None:
    assert [task.name for task in load_tasks("2")] == NAMES[:2]
    assert [task.name for task in load_tasks("last-page, dead-code")] == ["last-page", "dead-code"]


@pytest.mark.parametrize("only", ["0", "none-such", "last-page,none-such", "-1", ","])
def test_what_is_no_task_is_said_with_those_that_are(only: str) -> None:
    with pytest.raises(UsageFault) as raised:
        load_tasks(only)
    assert "compare-tokens" in raised.value.hint


# -- the process of a check ------------------------------------------------------------------
@pytest.fixture
def made(tmp_path: Path) -> Task:
    """A task of one file; a test writes its check."""
    folder = tmp_path / "task"
    (folder / "before").mkdir(parents=True)
    (folder / "before" / "a.py").write_text('"""A."""\n')
    (folder / "check").mkdir()
    return Task("made", "nothing", "Do it.", ("a.py",), folder)


def write_tests(task: Task, *lines: str, top: str = "") -> None:
    body = "\n".join(f"        {line}" for line in lines)
    text = f"import unittest\n{top}\nclass T(unittest.TestCase):\n    def test_it(self):\n{body}\n"
    (task.folder / "check" / "check.py").write_text(text)


def run_made(task: Task, place: Path, environ: Mapping[str, str], limit_s: float = 30.0) -> Checked:
    lay_out(task, place)
    return checked(task, place, environ, limit_s)


def test_a_failure_is_named(made: Task, tmp_path: Path, environ: dict[str, str]) -> None:
    write_tests(made, "self.assertEqual(1, 2)")
    found = run_made(made, tmp_path / "w", environ)
    assert found == Checked(1, ("it: AssertionError: 1 != 2",))


@pytest.mark.parametrize("end", ["raise SystemExit(0)", "import os; os._exit(0)"])
def test_code_that_ends_the_process_has_not_passed(
    end: str, made: Task, tmp_path: Path, environ: dict[str, str]
) -> None:
    write_tests(made, "pass", top="import a")
    (made.before / "a.py").write_text(end)
    found = run_made(made, tmp_path / "w", environ)
    assert found == Checked(0, ("the check ended before its tests did",))


@pytest.mark.parametrize("lines", [["self.skipTest('later')"], []])
def test_what_was_not_tested_has_not_passed(
    lines: list[str], made: Task, tmp_path: Path, environ: dict[str, str]
) -> None:
    write_tests(made, *lines) if lines else (made.folder / "check" / "check.py").write_text("")
    assert not run_made(made, tmp_path / "w", environ).is_passed


def test_who_stops_a_check_ends_its_children_too(
    made: Task, tmp_path: Path, environ: dict[str, str]
) -> None:
    """A child of the check holds the writing end of a pipe: when that is closed, it is gone."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    write_tests(
        made,
        "import subprocess",
        f"with open({str(pipe)!r}, 'wb') as out:",
        "    subprocess.Popen(['sleep', '600'], stdout=out)",
        "while True: pass",
    )
    lay_out(made, tmp_path / "w")

    async def main() -> bytes:
        job = asyncio.create_task(check(made, tmp_path / "w", environ, limit_s=600))
        reader = await asyncio.to_thread(pipe.open, "rb")
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        with reader:
            return await asyncio.to_thread(reader.read)

    assert asyncio.run(asyncio.wait_for(main(), 30)) == b""


def test_a_check_has_a_limit(made: Task, tmp_path: Path, environ: dict[str, str]) -> None:
    write_tests(made, "while True: pass")
    found = run_made(made, tmp_path / "w", environ, limit_s=0.2)
    assert found == Checked(0, ("the check did not end within 0.2 s",))


def test_a_check_sees_no_key_and_no_home(
    made: Task, tmp_path: Path, environ: dict[str, str]
) -> None:
    allowed = {"PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "LC_CTYPE"}
    write_tests(
        made,
        "import os",
        f"self.assertLessEqual(os.environ.keys(), {allowed!r})",
        f"self.assertTrue(os.environ['HOME'].startswith({str(tmp_path)!r}))",
    )
    found = run_made(made, tmp_path / "w", {**environ, "OPENAI_API_KEY": "sk-secret"})
    assert found.is_passed, found.wrong


def test_a_check_has_no_network(made: Task, tmp_path: Path, environ: dict[str, str]) -> None:
    write_tests(
        made,
        "import socket",
        "with self.assertRaises(PermissionError):",
        "    socket.create_connection(('127.0.0.1', 9))",
        "with self.assertRaises(PermissionError):",
        "    socket.getaddrinfo('example.org', 80)",
    )
    found = run_made(made, tmp_path / "w", environ)
    assert found.is_passed, found.wrong


def test_a_check_has_only_the_standard_library(
    made: Task, tmp_path: Path, environ: dict[str, str]
) -> None:
    write_tests(
        made, "with self.assertRaises(ImportError):", "    import spark_tui",
        "with self.assertRaises(ImportError):", "    import pytest",
    )  # fmt: skip
    found = run_made(made, tmp_path / "w", environ)
    assert found.is_passed, found.wrong


def test_the_model_does_not_see_the_check(tmp_path: Path) -> None:
    [task] = load_tasks("last-page")
    tree = lay_out(task, tmp_path / "w")
    assert files(tree) == files(task.before)
    assert not (tmp_path / "w" / "check").exists()
