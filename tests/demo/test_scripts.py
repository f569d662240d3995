"""Every script: found by its own prompt, played to its end, and placed in the project."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from websockets.asyncio.client import connect

from demo.model import Service
from demo.plan import Call, answer, commit_message, payload
from demo.request import Answered, Ask, Called, Offer, Said
from demo.script import Read, Script, ScriptError, Text, load, read_script
from demo.service import listening

SCRIPTS = load()
NAMES = [script.name for script in SCRIPTS]
SHOWN_EDITS = [script for script in SCRIPTS if script.patches]
AFTER = {
    "03-card-2-loading": ["03-card-1-scaffold"],
    "03-card-3-avatar": ["03-card-1-scaffold", "03-card-2-loading"],
    "03-card-4-accessible": ["03-card-1-scaffold", "03-card-2-loading", "03-card-3-avatar"],
    "11-token-2-repair": ["11-token-1-fast"],
}
"""Scripts that refine what another one made."""

CUSTOM: dict[str, Any] = {"type": "custom", "name": "apply_patch", "description": "A patch."}
SEARCH: dict[str, Any] = {
    "type": "function",
    "name": "search",
    "description": "Search.",
    "parameters": {
        "type": "object",
        "properties": {"pattern": {"type": "string"}},
        "required": ["pattern"],
    },
    "strict": False,
}
READ: dict[str, Any] = {
    **SEARCH,
    "name": "read",
    "parameters": {"type": "object", "properties": {"paths": {"type": "array"}}},
}
WEAK = '<file path="tidewater/auth.py">\n        return token == self._tokens\n</file>\n'
Apply = Callable[[Path, str], list[str]]


def named(name: str) -> Script:
    return next(script for script in SCRIPTS if script.name == name)


def model_for(script: Script) -> str:
    return script.models[0] if script.models else "demo-fast"


def prompt_for(script: Script) -> str:
    """What is sent: behind files, as an editor sends them."""
    return (WEAK if script.sees else "") + script.say


def quick() -> Service:
    return Service(("demo-fast", "demo-smart"), SCRIPTS, rate=0, ttft_s=0)


async def over_websocket(url: str, script: Script) -> list[str]:
    """Prompt and outputs over one socket, each reply chained from the one before."""
    patches: list[str] = []
    given: Any = prompt_for(script)
    body: dict[str, Any] = {
        "type": "response.create",
        "tools": [CUSTOM, SEARCH, READ],
        "store": False,
    }
    async with connect(url.replace("http", "ws") + "/responses", max_size=None) as line:
        for _ in range(6):
            await line.send(json.dumps({**body, "model": model_for(script), "input": given}))
            event: dict[str, Any] = {}
            while event.get("type") != "response.completed":
                event = json.loads(await line.recv())
                assert event["type"] != "error", event
            response = event["response"]
            given = [row for item in response["output"] for row in answered(item, patches)]
            if not given:
                return patches
            body["previous_response_id"] = response["id"]
    raise AssertionError("the script does not end")


async def over_sse(url: str, script: Script) -> list[str]:
    """The whole conversation in every request, nothing stored."""
    patches: list[str] = []
    items: list[Any] = [{"role": "user", "content": prompt_for(script)}]
    body = {
        "model": model_for(script),
        "tools": [CUSTOM, SEARCH, READ],
        "store": False,
        "stream": True,
    }
    async with AsyncClient() as client:
        for _ in range(6):
            done: list[dict[str, Any]] = []
            async with client.stream(
                "POST", f"{url}/responses", json={**body, "input": items}
            ) as s:
                async for line in s.aiter_lines():
                    if line.startswith('data: {"type":"response.output_item.done"'):
                        done.append(json.loads(line.removeprefix("data: "))["item"])
            outputs = [row for item in done for row in answered(item, patches)]
            if not outputs:
                return patches
            items += [*done, *outputs]
    raise AssertionError("the script does not end")


def answered(item: dict[str, Any], patches: list[str]) -> list[Any]:
    """The output for a call; a patch is put aside."""
    if item["type"] == "custom_tool_call":
        patches.append(item["input"])
        kind = "custom_tool_call_output"
    elif item["type"] == "function_call":
        kind = "function_call_output"
    else:
        return []
    return [{"type": kind, "call_id": item["call_id"], "output": "Success."}]


@pytest.mark.parametrize("play", [over_websocket, over_sse])
def test_every_script_plays_to_its_end(play: Any) -> None:
    async def all_of_them() -> None:
        async with listening(quick()) as url:
            for script in SCRIPTS:
                assert tuple(await play(url, script)) == script.patches, script.name

    asyncio.run(all_of_them())


def test_over_chat_every_edit_comes_as_text(
    tmp_path: Path, project: Path, apply_patch: Apply, apply_blocks: Apply
) -> None:
    """The blocks of a script do to the project exactly what its patch does."""

    async def texts() -> dict[str, str]:
        async with listening(quick()) as url, AsyncClient() as client:
            return {script.name: await chatted(client, url, script) for script in SCRIPTS}

    answers = asyncio.run(texts())
    original = contents(project)
    for script in SHOWN_EDITS:
        if script.name == "09-stale-1":
            continue
        results = []
        for apply, edits in (
            (apply_patch, [patch for patch in script.patches]),
            (apply_blocks, [answers[script.name]]),
        ):
            restore(project, original)
            for earlier in AFTER.get(script.name, ()):
                assert not apply_patch(project, named(earlier).patches[0])
            for edit in edits:
                assert not apply(project, edit), script.name
            results.append(contents(project))
        assert results[0] == results[1], script.name


async def chatted(client: AsyncClient, url: str, script: Script) -> str:
    """The text of a streamed completion, read without the SDK (80 us a chunk)."""
    body = {
        "model": model_for(script),
        "stream": True,
        "messages": [{"role": "user", "content": prompt_for(script)}],
    }
    parts: list[str] = []
    async with client.stream("POST", f"{url}/chat/completions", json=body) as stream:
        lines = [line async for line in stream.aiter_lines() if line]
    assert lines.pop() == "data: [DONE]"
    for line in lines:
        delta = json.loads(line.removeprefix("data: "))["choices"][0]["delta"]
        parts.append(delta.get("content", ""))
    return "".join(parts)


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def restore(root: Path, original: dict[str, bytes]) -> None:
    for path in contents(root):
        if path not in original:
            (root / path).unlink()
    for path, data in original.items():
        (root / path).write_bytes(data)


@pytest.mark.parametrize("script", SHOWN_EDITS, ids=lambda script: script.name)
def test_every_hunk_has_exactly_one_place(
    script: Script, project: Path, apply_patch: Apply
) -> None:
    for earlier in AFTER.get(script.name, ()):
        assert not apply_patch(project, named(earlier).patches[0])
    unplaced = [old for patch in script.patches for old in apply_patch(project, patch)]
    if script.name == "09-stale-1":
        # The stale hunk is the point of this script; the reply after it brings it in order.
        assert len(unplaced) == 1
        assert "rows.append" in unplaced[0]
    else:
        assert not unplaced
    assert (project / "web/server/stations.js").read_bytes().endswith(b"stations;")
    for line in (project / "data/stations.csv").read_bytes().split(b"\n")[:-1]:
        assert line.endswith(b"\r")


def test_all_of_it_together_passes_the_projects_own_tests(
    project: Path, apply_patch: Apply
) -> None:
    names = ["01", "04", "06", "08", "09-stale-2", "11-token-1", "11-token-2", "13", "15"]
    for name in names:
        for script in SCRIPTS:
            if script.name.startswith(name):
                for patch in script.patches:
                    assert not apply_patch(project, patch), script.name
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=project,
        # Other people's plugins are slow to load and not needed.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_card_and_its_three_refinements_take_less_than_20_seconds() -> None:
    """At 1,000 tokens a second and 150 ms to the first token, with the time of the wire doubled."""
    spent = 0.0
    for script in SCRIPTS:
        if script.name.startswith("03-card"):
            found = answer(ask(script.say, script), SCRIPTS)
            assert found.script == script.name
            looks = sum(isinstance(step, Read) for step in script.steps)
            spent += 0.15 * (1 + looks) + found.tokens / 1000
    assert spent * 2 < 20


def ask(text: str, script: Script | None = None, *, model: str = "demo-fast") -> Ask:
    if script:
        model = model_for(script)
    offer = Offer("apply_patch", custom=True)
    return Ask(model, "You edit code.", (Said("user", text),), offer)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_found_by_its_own_prompt(script: Script) -> None:
    assert answer(ask(prompt_for(script), script), SCRIPTS).script == script.name


def test_what_stands_in_the_files_sent_along_is_not_the_request() -> None:
    sent = '<file path="a.py">\ndef getUser(): ...  # factorial, axios, redis\n</file>\n'
    note = "[state of your earlier proposals]\napplied: rename load_stations to read_stations\n\n"
    found = answer(ask(f"{note}{sent}Fix the retry in the fetcher"), SCRIPTS)
    assert found.script == "13-fetcher"


def test_the_fast_model_plants_what_the_smart_one_repairs() -> None:
    prompt = named("11-token-1-fast").say
    fast = answer(ask(prompt), SCRIPTS)
    smart = answer(ask(prompt, model="demo-smart"), SCRIPTS)
    repair = answer(ask(f"{WEAK}Repair it", model="demo-smart"), SCRIPTS)
    assert "return token ==" in calls(fast)[0]
    assert "compare_digest" in calls(smart)[0]
    assert "-        return token ==" in calls(repair)[0]


def calls(found: Any) -> list[str]:
    return [payload(part) for part in found.parts if isinstance(part, Call)]


def again(path: str, hunk: str, reason: str, *, request: str = "", where: str = "") -> str:
    return (
        f"Look at one edit of {path} again. {where}\nThe original request was: {request}\n"
        f"<edit>\n{hunk}\n</edit>\nSend a new version of only this edit.\n\n{reason}"
    )


def test_one_hunk_again_gets_that_file_only() -> None:
    reason = "Check this hunk for mistakes and security; repair it."
    text = again("tidewater/auth.py", "+ ==", reason, request=named("11-token-1-fast").say)
    found = answer(ask(text, model="demo-smart"), SCRIPTS)
    assert found.script == "11-token-3-smart"
    assert "compare_digest" in calls(found)[0]
    assert "test_auth" not in calls(found)[0]


def test_the_unplaced_hunk_again_is_written_from_the_file_as_it_is() -> None:
    where = "It could not be placed: not found."
    text = again("tidewater/report.py", "-rows", "try it once more", where=where)
    assert answer(ask(text), SCRIPTS).script == "09-stale-2-again"


def test_the_last_word_is_about_the_last_call() -> None:
    prompt = named("09-stale-1").say
    patched, offer = Called("c1", "apply_patch", "x"), Offer("apply_patch", custom=True)
    lost = Answered("c1", "Nothing is written yet: 1 of 3 edits was not applied.")
    first = answer(Ask("demo-fast", "", (Said("user", prompt), patched, lost), offer), SCRIPTS)
    assert calls(first), "the repair"
    for output, word in (
        ("Success. Updated the following files:\nM x\n\nraise Failed", "Done."),
        ("not applied: x: gone", "Not everything"),
    ):
        items = (Said("user", prompt), patched, lost, patched, Answered("c2", output))
        last = answer(Ask("demo-fast", "", items, offer), SCRIPTS)
        assert word in payload(last.parts[0])


def test_a_reason_no_script_knows_gets_an_honest_answer() -> None:
    text = again("web/api.js", "+x", "shorter, please", request=named("02-get-user").say)
    found = answer(ask(text), SCRIPTS)
    assert found.script == "refine"
    assert "scripted demo model" in payload(found.parts[0])
    assert not calls(found)


def test_a_request_outside_the_scripts_lists_what_can_be_shown() -> None:
    found = answer(ask("Write me a poem about the sea"), SCRIPTS)
    text = payload(found.parts[0])
    assert found.script == "none"
    assert "scripted demo model" in text
    assert all(f"`{script.say}`" in text for script in SCRIPTS)
    assert "`Repair the token comparison` (ask `demo-smart`)" in text


@pytest.mark.parametrize("tokens", [0, 1, 300, 5000])
def test_long_answers_have_exactly_the_size_asked_for(tokens: int) -> None:
    found = answer(ask(f"/long {tokens}"), SCRIPTS)
    assert found.tokens == tokens
    assert payload(found.parts[0]).count("```") % 2 == 0


@pytest.mark.parametrize("script", SHOWN_EDITS, ids=lambda script: script.name)
def test_a_commit_message_follows_the_diff(script: Script) -> None:
    diff = "diff --git a/x b/x\n" + "".join(
        line + "\n" for line in script.patches[-1].split("\n") if line[:1] in ("+", "-", " ")
    )
    request = Ask("demo-fast", "Write the commit message for the diff.", (Said("user", diff),))
    found = answer(request, SCRIPTS)
    message = payload(found.parts[0]).strip("\n")
    subject, _, body = message.partition("\n")
    assert found.script == "commit"
    assert len(subject) <= 60
    assert not subject.endswith(".")
    assert not body or body.startswith("\n")
    assert subject in {s.commit.split("\n")[0] for s in SCRIPTS if s.commit}


def test_an_unknown_diff_gets_a_plain_message() -> None:
    diff = "--- a/src/main.c\n+++ b/src/main.c\n@@ -1 +1,2 @@\n-int x;\n+int y;\n+int z;\n"
    assert commit_message(diff, SCRIPTS) == "Update main.c\n\n2 lines added, 1 removed.\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title = 1", "step"),
        ('title = "x"\nmatch = ["("]\n[[step]]\ntext = "a"', "x.toml"),
        ('title = "x"\nmatch = []\nmodel = "a"\n[[step]]\ntext = "a"', "unknown: model"),
        ('title = "x"\nmatch = []\n[[step]]\npatch = "a"', "Begin Patch"),
        ('title = "x"\nmatch = []\n[[step]]\nsay = "a"', "a step is one of"),
    ],
)
def test_a_mistake_in_a_script_names_the_file(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(ScriptError, match=r"x\.toml") as caught:
        read_script(path)
    assert says in str(caught.value)


def test_texts_between_edits_stay_one_message() -> None:
    """Without a tool for edits, words and blocks come as one text, in the order of the script."""
    plain = Ask("demo-fast", "", (Said("user", "factorial, please"),))
    parts = [part for part in answer(plain, SCRIPTS).parts if isinstance(part, Text)]
    assert parts[0].text.index("The tests first") < parts[0].text.index("tests/test_factorial.py")
