"""`edit`: one prompt to its end; what is written, sent, said and answered to the shell."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from spark_tui.errors import KeyRefused, RateLimited, StreamFault
from spark_tui.model.provider import Completed, Delta, Failed, Request, Usage
from spark_tui.model.scripted import done, patch, say
from tests.support.shell import Shell

PATCH = """*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return a + b + 0
*** End Patch
"""
REWRITE = """*** Begin Patch
*** Add File: Makefile
+all:
*** End Patch
"""


@pytest.fixture
def asked(shell: Shell) -> Shell:
    edit = (*say("One line.\n"), *patch(PATCH), *done(Usage(100, 0, 20)))
    shell.replies = [edit, (*say("Done."), *done())]
    return shell


def test_by_default_it_lists_and_writes_nothing(asked: Shell) -> None:
    before = asked.read("calc.py")
    ran = asked("edit", "--", "make", "calc.py", "safer")
    assert ran.code == 0
    assert ran.out.splitlines() == ["One line.", "t1h1 placed calc.py:2 +1 -1"]
    assert asked.read("calc.py") == before
    assert "asking gpt-5.3-codex-spark" in ran.err


def test_safe_writes(asked: Shell) -> None:
    ran = asked("edit", "--accept", "safe", "--json", "--", "make calc.py safer")
    assert (ran.code, ran.document["status"]) == (0, "applied")
    assert "a + b + 0" in asked.read("calc.py")
    assert set(ran.document["usage"]) == {
        "input", "cached", "output", "reasoning", "estimated", "cost", "service_tier",
    }  # fmt: skip
    assert set(ran.document["timing"]) == {
        "connect_ms", "sent_ms", "round_trip_ms", "ttft_ms", "first_hunk_ms", "total_ms",
        "tokens_per_s", "rounds", "reused",
    }  # fmt: skip


def test_the_level_of_the_settings_counts_but_ask_means_none(asked: Shell) -> None:
    asked.environ["SPARK_TUI_ACCEPT"] = "safe"
    assert asked("edit", "--", "mend calc.py").code == 0
    assert "a + b + 0" in asked.read("calc.py")


def test_what_the_level_does_not_take_is_left_and_said(shell: Shell) -> None:
    both = (*patch(PATCH), *patch(REWRITE, "call_2"), *done())
    shell.replies = [both, (*say("Done."), *done())]
    ran = shell("edit", "--json", "--accept", "safe", "--", "calc.py and a Makefile")
    assert (ran.code, ran.document["status"]) == (6, "pending")
    assert ran.statuses() == {"t1h1": "accepted", "t1h2": "placed"}
    assert ran.document["errors"][0]["code"] == "incomplete"


BAD = """*** Begin Patch
*** Update File: calc.py
@@
-    return a - b
+    return -b + a
@@
-    return a plus b
+    return b + a
*** End Patch
"""
MENDED = """*** Begin Patch
*** Update File: calc.py
@@
-    return a + b
+    return b + a
*** End Patch
"""


def test_an_edit_without_a_place_is_asked_for_once_more(shell: Shell) -> None:
    again = (*patch(MENDED, "call_2"), *done())
    shell.replies = [(*patch(BAD), *done()), again, (*say("Done."), *done())]
    ran = shell("edit", "--json", "--accept", "safe", "--", "swap calc.py")
    assert (ran.code, ran.document["status"], ran.document["errors"]) == (0, "applied", [])
    assert ran.statuses() == {"t1h1": "accepted", "t1h2": "superseded", "t1h3": "accepted"}
    assert "asked again for 1 edit: t1h2" in ran.err
    assert "return b + a" in shell.read("calc.py") and "return -b + a" in shell.read("calc.py")


def test_what_has_no_place_then_refuses_all(shell: Shell) -> None:
    before = shell.read("calc.py")
    again = (*patch(BAD.split("@@")[0] + "@@" + BAD.split("@@")[2], "call_2"), *done())
    shell.replies = [(*patch(BAD), *done()), again, (*patch(MENDED, "call_3"), *done())]
    ran = shell("edit", "--json", "--accept", "all", "--", "swap calc.py")
    assert (ran.code, ran.document["status"]) == (6, "refused")
    assert ran.statuses() == {"t1h1": "placed", "t1h2": "superseded", "t1h3": "unplaced"}
    assert [e["code"] for e in ran.document["errors"]] == ["incomplete"]
    assert shell.read("calc.py") == before and len(shell.providers[0].requests) == 2
    assert shell("accept", "t1h1").code == 0 and "return -b + a" in shell.read("calc.py")


def test_a_refused_path_refuses_all_at_once(shell: Shell) -> None:
    before = shell.read("calc.py")
    evil = MENDED.replace("*** End", "*** Add File: ../evil.py\n+x\n*** End")
    shell.replies = [(*patch(evil), *done())]
    ran = shell("edit", "--json", "--accept", "all", "--", "swap calc.py")
    assert (ran.code, ran.document["status"]) == (6, "refused")
    assert shell.read("calc.py") == before and len(shell.providers[0].requests) == 1


def test_by_default_nothing_is_asked_again(shell: Shell) -> None:
    shell.replies = [(*patch(BAD), *done())]
    ran = shell("edit", "--json", "--", "swap calc.py")
    assert (ran.code, ran.document["status"]) == (6, "refused")
    assert len(shell.providers[0].requests) == 1


def test_stdin_and_named_files_go_along(asked: Shell) -> None:
    asked("edit", "--path", "calc.py", "--", "mend this", stdin="Traceback: boom")
    (request,) = asked.providers[0].requests
    text = repr(request)
    assert "mend this" in text and "Traceback: boom" in text and "def sub" in text


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        (["--path", "nope.py", "--", "x"], "no file nope.py"),
        (["--path", "../../etc/passwd", "--", "x"], "does not lie in"),
        (["--"], "no prompt"),
        (["--accept", "maybe", "--", "x"], "invalid choice"),
        (["--timeout", "soon", "--", "x"], "no duration"),
        (["--bogus", "--", "x"], "--bogus"),
        (["--base-url", "nope", "--", "x"], "base URL"),
    ],
)
def test_wrong_usage_is_2_and_no_document(words: list[str], needle: str, shell: Shell) -> None:
    ran = shell("edit", "--json", *words)
    assert ran.code == 2 and ran.out == "" and needle in ran.err
    assert ran.err.startswith("spark-tui: ")


def test_a_secret_looking_file_is_not_sent_without_its_name(asked: Shell) -> None:
    (asked.root / ".env").write_text("TOKEN=1\n")
    ran = asked("edit", "--json", "--path", ".env", "--", "what is in it")
    assert (ran.code, ran.document["status"]) == (6, "error")
    assert "--allow-sensitive .env" in ran.document["errors"][0]["hint"]
    assert asked.providers[0].requests == []
    assert asked("edit", "--path", ".env", "--allow-sensitive", ".env", "--", "x").code == 0
    assert "TOKEN=1" in repr(asked.providers[1].requests)


@pytest.mark.parametrize(
    ("deltas", "code", "status", "word"),
    [
        ([Failed(KeyRefused("The key was refused."))], 4, "error", "key_refused"),
        ([Failed(RateLimited("Wait 3 s."))], 3, "error", "rate_limited"),
        ([*say("so"), Failed(StreamFault("Cut off."))], 3, "error", "stream"),
        ([*say("so"), Completed("r", None, (), "max_output_tokens")], 5, "refused", "cut"),
    ],
)
def test_each_end_has_its_code(
    deltas: Sequence[Delta], code: int, status: str, word: str, shell: Shell
) -> None:
    shell.replies = [deltas]
    ran = shell("edit", "--json", "--", "x")
    assert (ran.code, ran.document["status"]) == (code, status)
    assert [e["code"] for e in ran.document["errors"]] == [word]


def test_nothing_is_written_when_the_stream_breaks_after_a_whole_hunk(shell: Shell) -> None:
    before = shell.read("calc.py")
    shell.replies = [[*patch(PATCH), Failed(StreamFault("Cut off."))]]
    ran = shell("edit", "--json", "--accept", "all", "--", "x")
    assert ran.code == 3 and shell.read("calc.py") == before


def test_a_time_limit_ends_in_5(shell: Shell) -> None:
    shell.replies = [say("never")]
    shell.gate = True  # after the first piece nothing comes
    ran = shell("edit", "--json", "--timeout", "50ms", "--", "x")
    assert (ran.code, ran.document["status"]) == (5, "interrupted")
    assert ran.document["errors"][0]["code"] == "timeout"


def test_a_terminal_sees_no_control_bytes(shell: Shell) -> None:
    shell.replies = [(*say("a\x1b]0;owned\x07b\r\nlast \x9b2J"), *done())]
    ran = shell("edit", "--", "x", terminal=True)
    assert "\x1b" not in ran.out and "\x9b" not in ran.out and "a␛]0;owned␇b\n" in ran.out
    shell.replies = [(*say("a\x1bb"), *done())]
    assert "a\x1bb" in shell("edit", "--", "x").out, "a pipe gets the text as it is"


def test_json_holds_raw_text_escaped(shell: Shell) -> None:
    shell.replies = [(*patch(PATCH.replace("+ 0", "+ len('é\x1b')")), *done())]
    shell("edit", "--", "x")
    ran = shell("hunks", "--json")
    assert ran.out.isascii() and "\x1b" not in ran.out
    assert "é\x1b" in ran.document["files"][0]["hunks"][0]["new"]


def test_a_session_can_be_gone_on_with(shell: Shell) -> None:
    shell.replies = [(*patch(PATCH), *done())]
    first = shell("edit", "--json", "--", "x").document["session"]
    second = shell("edit", "--json", "-c", "--", "y").document
    assert second["session"] == first and second["turn"] == 2
    third = shell("edit", "--json", "--", "z").document
    assert third["session"] != first and third["turn"] == 1
    again = shell("edit", "--json", "--session", first, "--", "z").document
    assert (again["session"], again["turn"]) == (first, 3)


def test_the_prompt_is_sent_as_typed(shell: Shell) -> None:
    sent: list[Request] = []

    def answer(request: Request) -> Sequence[Delta]:
        sent.append(request)
        return (*say("ok"), *done())

    shell.replies = [answer]
    shell("edit", "--", "--json", "-h")
    assert "--json -h" in repr(sent[0].items)


def test_a_signal_is_told_apart_from_a_failure(shell: Shell) -> None:
    """The gentle way: the turn is stopped, the document is written, the code is 130."""
    import os
    import signal

    def answer(request: Request) -> Sequence[Delta]:
        loop = asyncio.get_running_loop()
        loop.call_soon(os.kill, os.getpid(), signal.SIGINT)
        return say("never ending")

    shell.replies = [answer]
    shell.gate = True
    ran = shell("edit", "--json", "--", "x")
    assert (ran.code, ran.document["status"]) == (130, "interrupted")
