"""`context`: what `edit` would send, value by value, and what may be left out of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from spark_tui.model.provider import (
    AssistantText,
    CustomTool,
    FunctionTool,
    Item,
    Request,
    Tool,
    ToolCall,
    ToolOutput,
    UserText,
)
from spark_tui.model.scripted import call, done, patch, say
from tests.support.shell import Ran, Shell

OK = (*say("ok"), *done())
SUB = "*** Begin Patch\n*** Update File: calc.py\n@@\n-    return a - b\n+    return -b + a\n" \
      "*** End Patch\n"  # fmt: skip
LOOK = (*call("read", {"paths": ["long.py"]}), *done())
ITEMS = {UserText: "user", AssistantText: "assistant", ToolCall: "call", ToolOutput: "output"}


@pytest.fixture
def shell(shell: Shell) -> Shell:
    (shell.root / "long.py").write_text("value = 1\n" * 60)
    (shell.root / "AGENTS.md").write_text("Use tabs.\n")
    return shell


def item(value: Item) -> dict[str, Any]:
    return {"type": ITEMS[type(value)], **dataclasses.asdict(value)}


def tool(value: Tool) -> dict[str, Any]:
    match value:
        case FunctionTool(name, description, parameters):
            rest = {"name": name, "description": description, "parameters": parameters}
            return {"type": "function", **rest}
        case CustomTool(name, description, grammar):
            rest = {"name": name, "description": description, "grammar": grammar}
            return {"type": "custom", **rest}


def is_same(document: Any, request: Request) -> None:
    """Every value that is sent, but for the key of the cache, which is the session's id."""
    told = document["request"]
    assert document["model"] == request.model
    assert told["instructions"] == request.instructions
    assert told["items"] == [item(value) for value in request.items]
    assert told["tools"] == [tool(value) for value in request.tools]
    names = {f.name for f in dataclasses.fields(Request)}
    names -= {"model", "instructions", "items", "tools", "cache_key"}
    assert told["sampling"] == {name: getattr(request, name) for name in names}
    assert set(told) == {"instructions", "items", "tools", "sampling"}


def parts(ran: Ran) -> dict[str, Any]:
    return {part["key"]: part for part in ran.document["parts"]}


@pytest.mark.parametrize(
    "words",
    [("--", "look at calc.py"), ("--path", "long.py", "--", "explain"),
     ("--model", "m-2", "--", "what does add do?")],
    ids=["named", "path", "model"],
)  # fmt: skip
def test_it_is_what_edit_sends(shell: Shell, words: tuple[str, ...]) -> None:
    shell.replies = [OK]
    ran = shell("context", "--json", *words)
    assert ran.code == 0 and not shell.providers[-1].requests
    assert shell("edit", *words).code == 0
    is_same(ran.document, shell.providers[-1].requests[0])
    rows = parts(ran)
    assert ran.document["tokens"] == sum(p["tokens"] for p in rows.values() if not p["dropped"])
    assert {"instructions", "tools", "AGENTS.md", "prompt"} <= set(rows)


def test_it_is_what_edit_sends_in_a_session(shell: Shell) -> None:
    """With history, edits that are not answered yet, and stdin."""
    shell.replies = [(*say("Hm."), *patch(SUB), *done())]
    shell("edit", "--", "swap sub in calc.py")
    shell("reject", "t1h1")
    shell.replies = [LOOK, OK]
    shell("edit", "-c", "--", "see what is in there")
    shell.replies = [OK]
    words = ("-c", "--", "go on with", "calc.py")
    ran = shell("context", "--json", *words, stdin="more\n")
    shell("edit", *words, stdin="more\n")
    is_same(ran.document, shell.providers[-1].requests[0])
    assert "<stdin>\nmore" in ran.document["request"]["items"][-1]["text"]
    assert ran.document["errors"] == []
    assert set(ran.document) == {
        "schema", "model", "wire", "window", "limit", "tokens", "fits", "parts", "blocked",
        "request", "errors",
    }  # fmt: skip
    assert set(parts(ran)["t1"]) == {
        "key", "kind", "path", "tokens", "pinned", "dropped", "reason", "note"
    }  # fmt: skip


def test_what_is_dropped_is_not_sent_by_edit(shell: Shell) -> None:
    shell.replies = [OK]
    shell("edit", "--", "look at calc.py")
    shell("edit", "-c", "--", "and more")
    keys = ("file:calc.py", "t1", "AGENTS.md")
    words = ("-c", "--json", *(w for key in keys for w in ("--drop", key)), "--pin", "t2")
    ran = shell("context", *words)
    assert ran.code == 0 and all(parts(ran)[key]["dropped"] for key in keys)
    assert parts(ran)["t2"]["pinned"]
    ran = shell("context", "-c", "--json", "--", "go on")
    shell("edit", "-c", "--", "go on")
    request = shell.providers[-1].requests[0]
    is_same(ran.document, request)
    assert "def add" not in repr(request) and "look at" not in repr(request)
    assert "tabs" not in request.instructions
    ran = shell("context", "-c", "--json", "--drop", "t1")
    assert not parts(ran)["t1"]["dropped"], "again: it is back"


def test_reading_needs_no_key_no_lock_and_leaves_no_session(shell: Shell) -> None:
    shell.environ.pop("OPENAI_API_KEY", None)
    state = Path(shell.environ["SPARK_TUI_STATE_DIR"])
    ran = Shell(shell.root, shell.environ)("context", "--json", "--", "look at calc.py")
    assert ran.code == 0 and "file:calc.py" in parts(ran)
    assert not list(state.glob("**/journal.jsonl")) and not list(state.glob("**/current"))


def test_without_a_prompt_it_shows_what_is_there(shell: Shell) -> None:
    shell.replies = [LOOK, OK]
    shell("edit", "--", "hello there")
    ran = shell("context", "-c", "--json")
    assert "prompt" not in parts(ran) and parts(ran)["t1"]["note"] == "hello there, last turn"
    project, prompt = ran.document["request"]["items"][:2]
    assert "Use tabs." in project["text"] and prompt["text"] == "hello there"


def test_the_list_for_a_person(shell: Shell) -> None:
    shell.replies = [OK]
    shell("edit", "--", "look at calc.py\x1b[2J")
    shell("context", "-c", "--drop", "t1", "--pin", "AGENTS.md")
    ran = shell("context", "-c", "--", "and now", "long.py?", terminal=True)
    rows = [line.split() for line in ran.out.splitlines()]
    costs = [int(row[0].strip("~").replace(",", "")) for row in rows[:-1]]
    assert costs == sorted(costs, reverse=True)
    shown = {row[2] if row[1] in ("out", "pin") else row[1]: row for row in rows}
    assert shown["t1"][1] == "out" and shown["AGENTS.md"][1] == "pin"
    assert "named in the prompt" in ran.out and "last turn" in ran.out
    assert rows[-1][1:3] == ["all", "of"] and "\x1b[2J" not in ran.out
    assert "gpt-5.3-codex-spark over" in ran.err


def test_what_does_not_fit_is_said_and_edit_ends_with_five(shell: Shell) -> None:
    shell.replies = [OK]
    shell("edit", "--", "a long story: " + "words " * 400)
    shell.environ["SPARK_TUI_WINDOW"] = "1500"
    ran = shell("context", "-c", "--json", "--", "go on with long.py")
    assert ran.code == 0 and ran.document["fits"] is False and ran.document["limit"] == 1350
    assert "tokens too many" in ran.err
    ran = shell("edit", "-c", "--json", "--", "go on with long.py")
    assert ran.code == 5 and not shell.providers[-1].requests
    problem = ran.document["errors"][0]
    assert problem["code"] == "limit" and "the largest: t1 ~6" in problem["hint"]
    assert "spark-tui context -c --drop KEY" in problem["hint"]
    assert "names long.py" in problem["hint"]
    assert shell("context", "-c", "--drop", "t1").code == 0
    assert shell("edit", "-c", "--", "go on").code == 0


def test_a_file_that_needs_a_yes_is_listed_as_such(shell: Shell) -> None:
    (shell.root / ".env").write_text("A=1\n")
    ran = shell("context", "--json", "--path", ".env", "--", "read it")
    assert [row["path"] for row in ran.document["blocked"]] == [".env"]
    assert "A=1" not in ran.out
    assert ".env: looks like a secret" in shell("context", "--path", ".env", "--", "read it").out
    ran = shell("context", "--json", "--path", ".env", "--allow-sensitive", ".env", "--", "read it")
    assert "A=1" in ran.document["request"]["items"][-1]["text"]


def test_a_named_file_goes_along_whatever_was_dropped(shell: Shell) -> None:
    shell.replies = [OK]
    shell("edit", "--", "look at calc.py")
    ran = shell("context", "-c", "--drop", "calc.py", "--", "calc.py again")
    assert "calc.py is named in the prompt, so it goes along" in ran.err
    assert "file:calc.py" in parts(shell("context", "-c", "--json", "--", "what does add do?"))
    assert parts(shell("context", "-c", "--json"))["file:calc.py"]["dropped"]


@pytest.mark.parametrize(
    ("words", "says"),
    [(("--drop", "t1"), "need a session"), (("-c", "--drop", "t9"), "no part t9"),
     (("-c", "--pin", "tools"), "always"), (("--session", "nope"), "no session")],
)  # fmt: skip
def test_wrong_usage(shell: Shell, words: tuple[str, ...], says: str) -> None:
    shell.replies = [OK]
    shell("edit", "--", "hello")
    ran = shell("context", *words)
    assert ran.code == 2 and says in ran.err
