"""Messages: bounded, masked, in the style of the log, and never more than subject and body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from spark_tui.errors import StreamFault
from spark_tui.model.provider import Failed
from spark_tui.model.scripted import done, patch, say
from spark_tui.repo.conventions import FEWEST, conventions
from spark_tui.session import drafting
from spark_tui.session import events as ev
from spark_tui.session.drafting import Material, plain_message, request_for, tidy
from spark_tui.session.events import Decision
from spark_tui.session.session import Choice
from tests.support.bench import Bench
from tests.support.killed import TEXT

Run = Callable[[Awaitable[None]], None]
CUT = Failed(StreamFault("The line was cut."))
KEY = "sk-" + "a1B2" * 10
CONVENTIONAL = ("feat(api): add x", "fix: drop y", "docs: say z", "fix(cli): stop w", "chore: u")
ISSUES = tuple(f"PROJ-{n} Add thing {n}\n\n- one\n- two" for n in range(6))


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (CONVENTIONAL, ("type and a colon: fix, feat", "Scopes in use: api, cli", "small letter")),
        (ISSUES, ("issue key like PROJ-12", "a capital", "100 % have a body, as a list")),
        (["parser: accept x"] * 3 + ["lexer: cut y"] * 3, ("area and a colon: parser, lexer",)),
        ([f"Added thing {n}." for n in range(5)], ("past tense", "full stop")),
        ([f"✨ Add {n}" for n in range(5)], ("begins with an emoji: ✨",)),
        ([f"Add thing (#{n})" for n in range(5)], ("name an issue as #12",)),
    ],
)
def test_conventions_are_counted(log: list[str], words: tuple[str, ...]) -> None:
    facts = " ".join(conventions(log).facts())
    for word in words:
        assert word in facts, facts


def test_a_few_messages_or_machines_are_no_habit() -> None:
    assert conventions(CONVENTIONAL[: FEWEST - 1]).facts() == ()
    assert conventions(["Merge branch 'x'"] * 20).facts() == ()
    mixed = conventions(["feat: x", "Add y", "Add z", "Drop w", "Stop v"])
    assert mixed.prefix == ""


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("```\nAdd x\n```", "Add x"),
        ('"Add x"', "Add x"),
        ("Commit message: Add x", "Add x"),
        ("Add x\nBecause.", "Add x\n\nBecause."),
        ("Add x\n\nWhy.\n\nSigned-off-by: Ada <a@b>\nCo-authored-by: x <y@z>", "Add x\n\nWhy."),
        ("Add x\n\nSee: this", "Add x\n\nSee: this"),
        ("\x1b[31mAdd\x07 x\u202e", "[31mAdd x"),
        ("", ""),
    ],
)
def test_only_subject_and_body_are_kept(reply: str, message: str) -> None:
    assert tidy(reply) == message


def test_a_reply_without_end_is_cut() -> None:
    assert len(tidy("x" * 100_000)) <= drafting.MAX_MESSAGE_CHARS


@pytest.mark.parametrize(
    ("changes", "prompts", "log", "message"),
    [
        ({"a/b.py": "update"}, ("make it strict",), (), "Make it strict"),
        ({"a/b.py": "update"}, ("make it strict",), CONVENTIONAL, "chore: make it strict"),
        ({"a.md": "update"}, (), CONVENTIONAL, "docs: update a.md"),
        ({"a.py": "add", "b.py": "add"}, ("x", "y"), (), "Add a.py, b.py"),
        ({f"{n}.c": "update" for n in range(5)}, ("a\nb",), (), "Update 0.c, 1.c, 2.c and 2 more"),
        ({}, (), (), ""),
    ],
)  # fmt: skip
def test_a_plain_message(
    changes: dict[str, str], prompts: tuple[str, ...], log: tuple[str, ...], message: str
) -> None:
    assert plain_message(Material("", changes, prompts, log)) == message


def test_the_question_is_bounded_and_masked() -> None:
    diffs = [f"diff --git a/{n} b/{n}\n+{'x' * 9000}\n+{KEY}\n" for n in range(40)]
    material = drafting.of_diff({"a": "update"}, "".join(diffs), [f"Add {KEY}"] * 5)
    text = str(request_for(material, "m").items)
    assert KEY not in text and len(text) < drafting.MAX_DIFF_CHARS + 3000
    assert all(f"a/{n} b/{n}" in text for n in range(40)), "of each file something is told"
    assert drafting.may_be_sent([".env", "a.py", "id_rsa"]) == ["a.py"]


def test_secret_files_and_prompts_stay_here(bench: Bench, run: Run) -> None:
    async def story() -> None:
        add = f"*** Begin Patch\n*** Add File: .env\n+TOKEN=canary\n*** Add File: a.py\n+k = '{KEY}'\n*** End Patch\n"  # noqa: E501
        session, provider = await bench.open([[*patch(add), *done()], [*say("Add"), *done()]])
        await session.run("add the token")
        for hunk in list(session.state.hunks):
            await session.decide([hunk], Decision.ACCEPTED)
        await session.draft_message()
        asked = str(provider.requests[-1])
        assert "canary" not in asked and KEY not in asked and "add the token" in asked
        await session.close()

    run(story())


def test_without_an_answer_the_plain_message_stands(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [[*patch(TEXT), *done()], [*say("Half a"), CUT]]
        session, _ = await bench.open(replies)
        await session.run("change both")
        await session.decide(list(session.state.hunks), Decision.ACCEPTED)
        await session.draft_message(Choice())
        last = [e for e in bench.events if isinstance(e, ev.MessageDrafted)][-1]
        assert (last.text, last.done) == ("Change both", True) and last.error
        await session.close()

    run(story())
