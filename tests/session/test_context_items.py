"""Whatever is left out of a conversation, a service still takes the rest, and the sum is right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spark_tui.model.provider import AssistantText, Item, Opaque, ToolCall, ToolOutput, UserText
from spark_tui.session.context_items import (
    OUTPUT_NOTE,
    Block,
    Budget,
    Choice,
    Part,
    Prompt,
    Rows,
    age,
    described,
    file_note,
    length,
    tally,
    turn_key,
    unpinned,
    without,
)
from spark_tui.session.terms import file_key
from tests.support.items import problems

PATHS = ("a.py", "b.py", "c.py")
LONG = "x" * 300


def block(path: str, size: int) -> Block:
    return Block(path, f"<{path}>{'.' * size}")


@st.composite
def turns(draw: st.DrawFn) -> list[list[Item]]:
    """Turns as the engine records them: files, rounds of calls, edits answered at the end."""
    found: list[list[Item]] = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        files = draw(st.lists(st.builds(block, st.sampled_from(PATHS), st.integers(0, 9))))
        group: list[Item] = [Prompt.of(number, f"do {number}", files, draw(st.sampled_from("ab")))]
        owed: list[Item] = []
        for _ in range(draw(st.integers(0, 3))):
            thought: Item = Opaque({"type": "r"}) if draw(st.booleans()) else AssistantText("so")
            group.append(thought)
            call = draw(st.sampled_from(["read", "search", "apply_patch", "other"]))
            given = json.dumps({"paths": ["a.py"]}) if call == "read" else "{}"
            group.append(ToolCall("same", call, given))  # some services count from one each time
            output = ToolOutput("same", draw(st.sampled_from([LONG, "short"])))
            if call == "apply_patch":
                owed.append(output)
                break
            group.append(output)
        group += owed or [AssistantText("done")]
        found.append(group)
    found.append([Prompt.of(len(found) + 1, "and now", [block("a.py", 3)])])
    return found


KEYS = st.sets(
    st.sampled_from(
        [turn_key(n) for n in range(7)]
        + [file_key(path) for path in PATHS]
        + [f"t{n}o{m}" for n in range(6) for m in range(1, 4)]
    )
)


@given(turns(), KEYS)
def test_every_call_is_answered_once_whatever_is_dropped(
    groups: list[list[Item]], dropped: set[str]
) -> None:
    sent = without(groups, frozenset(dropped))
    assert problems(sent) == []
    assert type(sent[-1]) is UserText and sent[-1].text.endswith("and now")


@given(turns(), KEYS)
def test_the_parts_add_up_to_what_is_sent(groups: list[list[Item]], dropped: set[str]) -> None:
    choice = Choice(dropped=frozenset(dropped))
    rows = Rows([], {})
    for group in groups[:-1]:
        rows.add(tally(group), choice, lambda chars: chars)
    rows.add(tally(groups[-1]), choice, lambda chars: chars, now=True)
    listed = sum(part.tokens for part in rows.parts if not part.dropped)
    for path, shown in rows.files.items():
        listed += shown.now + (0 if file_key(path) in dropped else shown.before)
    assert listed == sum(length(item) for item in without(groups, frozenset(dropped)))


@given(turns(), KEYS)
def test_what_was_dropped_is_gone_and_the_rest_stays(
    groups: list[list[Item]], dropped: set[str]
) -> None:
    text = repr(without(groups, frozenset(dropped)))
    for group in groups[:-1]:
        prompt = group[0]
        assert isinstance(prompt, Prompt)
        assert (prompt.asked in text) is (turn_key(prompt.turn) not in dropped)
    for path in PATHS:
        shown = [b for group in groups[:-1] for b in files_of(group) if b.path == path]
        if shown and file_key(path) not in dropped:
            assert all(b.text in text for b in shown), "files of a dropped turn stand further on"


def files_of(group: Sequence[Item]) -> tuple[Block, ...]:
    first = group[0]
    return first.files if isinstance(first, Prompt) else ()


def test_nothing_dropped_changes_nothing() -> None:
    prompt = Prompt.of(1, "do", [block("a.py", 1)], "state\n")
    group: list[Item] = [prompt, AssistantText("done")]
    assert without([group, [Prompt.of(2, "more")]], frozenset()) == (
        UserText("state\n<a.py>.do"), AssistantText("done"), UserText("more")
    )  # fmt: skip


def test_a_note_stands_where_something_was() -> None:
    group: list[Item] = [
        Prompt.of(1, "do", [block("a.py", 1), block("b.py", 1)]),
        ToolCall("c", "read", '{"paths": ["z.py"]}'),
        ToolOutput("c", LONG),
        AssistantText("done"),
    ]
    sent = without([group, [Prompt.of(2, "more")]], frozenset({"file:a.py", "t1o1"}))
    assert sent[0] == UserText(f"{file_note('a.py')}<b.py>.do")
    assert sent[2] == ToolOutput("c", OUTPUT_NOTE)


def test_the_turn_that_asks_is_whole() -> None:
    group: list[Item] = [Prompt.of(1, "do", [block("a.py", 1)])]
    assert without([group], frozenset({"t1", "file:a.py"})) == (UserText("<a.py>.do"),)


def test_files_of_turns_that_are_all_gone_stand_alone() -> None:
    group: list[Item] = [Prompt.of(1, "do", [block("a.py", 1)]), AssistantText("done")]
    assert without([group], frozenset({"t1"}), whole_last=False) == (UserText("<a.py>."),)


def test_what_is_shown_anew_is_forgotten_where_it_stood() -> None:
    prompt = Prompt.of(1, "do", [block("a.py", 1), block("b.py", 1)]).forgetting("a.py")
    assert prompt.text == f"{file_note('a.py')}<b.py>.do"
    assert prompt.forgetting("c.py") is prompt
    assert tally([prompt]).blocks == (("b.py", 7),)


def part(key: str, tokens: int = 10, **more: Any) -> Part:
    return Part(key, "turn", tokens, **more)


def test_choosing() -> None:
    plain = Choice()
    assert plain.drop("t1").drop("t1") == plain == plain.pin("t1").pin("t1")
    assert plain.drop("t1").pin("t1") == Choice(pinned=frozenset({"t1"}))
    assert plain.pin("t1").drop("t1") == Choice(dropped=frozenset({"t1"}))
    parts = [part("t1"), part("t2", pinned=True), part("tools", fixed=True)]
    assert [p.key for p in unpinned(parts)] == ["t1"]
    dropped = plain.pin("t2").pin("t1").leave_out(["t1", "t3"])
    assert dropped == Choice(frozenset({"t2"}), frozenset({"t1", "t3"}))
    assert dropped.take_back(["t3", "t4"]).dropped == {"t1"}


def test_the_hard_stop_is_at_nine_tenths() -> None:
    assert Budget((part("t1", 900),), 1000).fits
    assert not Budget((part("t1", 901),), 1000).fits
    assert Budget((part("t1", 901, dropped=True),), 1000).fits
    assert Budget((part("t1", 10**9),), 0).fits, "a window that is not known refuses nothing"
    both = Budget((part("t1", 5), part("t2", 7), part("t3", 9, dropped=True)), 100)
    assert [p.key for p in both.droppable] == ["t2", "t1"]


def test_words_of_parts() -> None:
    assert described(part("t1", note="\nfix it\nplease")) == "fix it"
    assert described(part("t1", note=" ")) == ""
    assert described(Part("file:a", "file", 0, "a", "history", dropped=True)).startswith("stays")
    assert described(Part("file:a", "file", 9, "a", "named")) == "named in the prompt"
    assert age(part("t1", turn=3), 4) == "last turn"
    assert age(part("t1", turn=2), 4) == "2 turns ago"
    assert age(part("t1", turn=4), 4) == age(part("t1"), 4) == ""


def test_calls_that_are_no_json_have_words() -> None:
    def words(given: str) -> str:
        items: list[Item] = [Prompt.of(1, "do")]
        items += [ToolCall("c", "search", given), ToolOutput("c", LONG)]
        return tally(items).outputs[0].words

    assert words('{"pattern": "x"}') == "search x"
    assert words("[]") == words("{") == words("") == "search"
