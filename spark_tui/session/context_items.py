"""The conversation in parts: what each one is, what it costs, and what is left without some.

The rule kept here: pure values, and a part is never cut. A turn leaves whole, so that no call is
sent without its output nor an output without its call; a file or the output of a tool leaves alone,
and one line says so where it stood. Nothing is ever summed up. What a person chose is journaled by
choosing.py, what is sent is built by context.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from spark_tui.model.provider import AssistantText, Item, Opaque, ToolCall, ToolOutput, UserText
from spark_tui.session.terms import file_key, limit_of

PROJECT = "AGENTS.md"
"""Key of the project's own instructions."""
LEAST_OUTPUT = 200
"""Characters below which the output of a tool is no part of its own."""
OUTPUT_NOTE = "[output left out by the user]"
_READING = frozenset({"read", "search"})
_PER_ITEM = 40
"""Characters that the frame of a call or an output costs."""


def turn_key(turn: int) -> str:
    return f"t{turn}"


@dataclass(frozen=True, slots=True)
class Block:
    """A file as it stands in a prompt; without a path it is the line that says it was left out."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Prompt(UserText):
    """What a turn began with, in its pieces; `text` is all of them."""

    turn: int = 0
    before: str = ""
    files: tuple[Block, ...] = ()
    asked: str = ""

    @classmethod
    def of(cls, turn: int, asked: str, files: Iterable[Block] = (), before: str = "") -> Prompt:
        blocks = tuple(files)
        return cls(_text(before, blocks, asked), turn, before, blocks, asked)

    def forgetting(self, path: str) -> Prompt:
        """Without what was shown of this file; nobody can take that back."""
        if all(block.path != path for block in self.files):
            return self
        blocks = (Block("", file_note(path)) if b.path == path else b for b in self.files)
        return Prompt.of(self.turn, self.asked, blocks, self.before)


def file_note(path: str) -> str:
    return f"[file {path} left out by the user]\n"


def _text(before: str, files: Iterable[Block], asked: str) -> str:
    return f"{before}{''.join(block.text for block in files)}{asked}"


# -- what a person chose -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Choice:
    """Keys of parts that stay whatever happens, and of those that are left out."""

    pinned: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def pin(self, key: str) -> Choice:
        """Keep it, or no longer."""
        if key in self.pinned:
            return replace(self, pinned=self.pinned - {key})
        return Choice(self.pinned | {key}, self.dropped - {key})

    def drop(self, key: str) -> Choice:
        """Leave it out, or take it back."""
        return self.take_back([key]) if key in self.dropped else self.leave_out([key])

    def leave_out(self, keys: Iterable[str]) -> Choice:
        out = frozenset(keys)
        return Choice(self.pinned - out, self.dropped | out)

    def take_back(self, keys: Iterable[str]) -> Choice:
        return replace(self, dropped=self.dropped.difference(keys))


# -- what it costs -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Part:
    """One row of what would be sent."""

    key: str
    kind: str
    """instructions, tools, project, file, turn, output, prompt."""
    tokens: int
    """Estimated; of a part that is left out, what it would cost."""
    path: str = ""
    reason: str = ""
    """Of a file: named, found, shown, changed, history."""
    note: str = ""
    """What it is, in raw text for a face to show."""
    turn: int = 0
    """Of which turn; 0: of every request, or of the next one."""
    pinned: bool = False
    dropped: bool = False
    fixed: bool = False
    """It goes along always."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What would be sent, part by part and in that order, against the window of the model."""

    parts: tuple[Part, ...]
    window: int = 0
    """0: not known, nothing is refused."""
    model: str = ""
    turn: int = 0
    """The next one: ages are counted from it."""

    @property
    def tokens(self) -> int:
        return sum(part.tokens for part in self.parts if not part.dropped)

    @property
    def limit(self) -> int:
        return limit_of(self.window)

    @property
    def fits(self) -> bool:
        return not self.window or self.tokens <= self.limit

    @property
    def droppable(self) -> tuple[Part, ...]:
        """What may still be left out, the largest first."""
        return largest_first(part for part in self.parts if not part.fixed and not part.dropped)


_REASONS = {
    "named": "named in the prompt",
    "found": "looked up for the prompt",
    "shown": "shown in the diff",
    "changed": "has changed since it was sent",
    "history": "sent before",
}
_KINDS = {
    "instructions": "ground rules and format of edits",
    "tools": "what the model may call",
    "project": "the project's own instructions",
    "prompt": "this prompt",
}


def described(part: Part) -> str:
    """What a part is, in raw text."""
    match part.kind:
        case "file" if part.dropped and not part.tokens:
            return "stays home unless it is named"
        case "file":
            return _REASONS.get(part.reason, part.reason)
        case "turn":
            lines = part.note.strip().splitlines()
            return lines[0] if lines else ""
        case "output":
            return part.note
        case kind:
            return _KINDS[kind]


def age(part: Part, turn: int) -> str:
    """Of a part of an earlier turn; `turn` is the next one."""
    if not part.turn or part.turn >= turn:
        return ""
    ago = turn - part.turn
    return "last turn" if ago == 1 else f"{ago} turns ago"


def unpinned(parts: Iterable[Part]) -> tuple[Part, ...]:
    """What may be left out and is not to be kept whatever happens."""
    return tuple(part for part in parts if not part.fixed and not part.pinned)


def largest_first(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: (-part.tokens, part.key)))


@dataclass(frozen=True, slots=True)
class Output:
    """What a tool answered, large enough to be a part."""

    key: str
    call_id: str
    words: str
    chars: int


@dataclass(frozen=True, slots=True)
class Tally:
    """One turn in numbers, made once it is over: a plan adds up numbers, it measures no text."""

    turn: int
    asked: str
    chars: int
    """Of all but its blocks and outputs."""
    blocks: tuple[tuple[str, int], ...] = ()
    outputs: tuple[Output, ...] = ()


def tally(items: Sequence[Item]) -> Tally:
    """The numbers of a turn; its first item is the prompt."""
    first = items[0]
    prompt = first if isinstance(first, Prompt) else Prompt.of(0, "")
    blocks = tuple((block.path, len(block.text)) for block in prompt.files if block.path)
    chars = length(first) - sum(size for _, size in blocks)
    calls: dict[str, ToolCall] = {}
    outputs: list[Output] = []
    for item in items[1:]:
        chars += length(item)
        match item:
            case ToolCall():
                calls[item.call_id] = item
            case ToolOutput() if _is_part(item, calls):
                key = f"{turn_key(prompt.turn)}o{len(outputs) + 1}"
                size = len(item.output)
                outputs.append(Output(key, item.call_id, _words(calls[item.call_id]), size))
                chars -= size
            case _:
                pass
    return Tally(prompt.turn, prompt.asked, chars, blocks, tuple(outputs))


def length(item: Item) -> int:
    """Characters that an item costs."""
    match item:
        case UserText(text) | AssistantText(text):
            return len(text)
        case ToolCall():
            return len(item.input) + _PER_ITEM
        case ToolOutput():
            return len(item.output) + _PER_ITEM
        case Opaque():
            return 400


def _is_part(item: ToolOutput, calls: dict[str, ToolCall]) -> bool:
    call = calls.get(item.call_id)
    return call is not None and call.name in _READING and len(item.output) >= LEAST_OUTPUT


def _words(call: ToolCall) -> str:
    """read src/app.py, src/db.py"""
    try:
        raw = json.loads(call.input or "{}")
    except (ValueError, RecursionError):
        raw = None
    given = raw if isinstance(raw, dict) else {}
    paths = given.get("paths")
    if isinstance(paths, list):
        return f"{call.name} {', '.join(str(path) for path in paths)}"
    return f"{call.name} {given.get('pattern', '')}".strip()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a file costs: in turns that are over, in the one that runs; and the last of them."""

    before: int = 0
    now: int = 0
    turn: int = 0


@dataclass(slots=True)
class Rows:
    """Parts of the history, as it is added up."""

    parts: list[Part]
    files: dict[str, Shown]
    turns: int = 0

    def copy(self) -> Rows:
        return Rows(list(self.parts), dict(self.files), self.turns)

    def add(
        self, one: Tally, choice: Choice, estimate: Callable[[int], int], *,
        now: bool = False, more: int = 0,
    ) -> None:  # fmt: skip
        """Another turn. `now`: it runs, and nothing of it can be left out; `more` characters are
        still to come at its end."""
        self.turns += 1
        key = turn_key(one.turn)
        is_out = key in choice.dropped and not now
        chars = one.chars + more
        outputs: list[Part] = []
        for output in one.outputs:
            is_left = not now and (is_out or output.key in choice.dropped)
            chars += len(OUTPUT_NOTE) if is_left else 0
            outputs.append(
                Part(output.key, "output", estimate(output.chars), note=output.words,
                     turn=one.turn, pinned=output.key in choice.pinned, dropped=is_left, fixed=now)
            )  # fmt: skip
        for path, size in one.blocks:
            if not now and not is_out and file_key(path) in choice.dropped:
                chars += len(file_note(path))
            known, tokens = self.files.get(path, Shown()), estimate(size)
            self.files[path] = (
                Shown(known.before, known.now + tokens, one.turn)
                if now
                else Shown(known.before + tokens, known.now, one.turn)
            )
        self.parts.append(
            Part(key, "turn", estimate(chars), reason="history", note=one.asked, turn=one.turn,
                 pinned=key in choice.pinned, dropped=is_out, fixed=now)
        )  # fmt: skip
        self.parts += outputs


# -- what is left --------------------------------------------------------------------------------
def without(
    groups: Sequence[Sequence[Item]], dropped: frozenset[str], *, whole_last: bool = True
) -> tuple[Item, ...]:
    """The items of these turns but for what was dropped; with `whole_last` nothing of the last.

    Files that a dropped turn showed and that were not dropped stand in the next prompt.
    """
    sent: list[Item] = []
    carried: list[Block] = []
    for at, group in enumerate(groups):
        first = group[0]
        if not isinstance(first, Prompt):
            sent += group
            continue
        is_last = whole_last and at == len(groups) - 1
        files = first.files if is_last else _left_in(first.files, dropped)
        if not is_last and turn_key(first.turn) in dropped:
            carried += [block for block in files if block.path]
            continue
        if carried or files is not first.files:
            sent.append(UserText(_text(first.before, (*carried, *files), first.asked)))
            carried = []
        else:
            sent.append(UserText(first.text))
        gone = frozenset() if is_last else _outputs_in(group, dropped)
        for place, item in enumerate(group[1:], 1):
            if place in gone and isinstance(item, ToolOutput):
                item = replace(item, output=OUTPUT_NOTE)
            sent.append(item)
    if carried:
        sent.append(UserText(_text("", carried, "")))
    return tuple(sent)


def _left_in(files: tuple[Block, ...], dropped: frozenset[str]) -> tuple[Block, ...]:
    if all(file_key(block.path) not in dropped for block in files):
        return files
    return tuple(Block("", file_note(b.path)) if file_key(b.path) in dropped else b for b in files)


def _outputs_in(group: Sequence[Item], dropped: frozenset[str]) -> frozenset[int]:
    """Where the outputs stand that were dropped."""
    calls: dict[str, ToolCall] = {}
    found: set[int] = set()
    number = 0
    first = group[0]
    turn = first.turn if isinstance(first, Prompt) else 0
    for at, item in enumerate(group):
        if isinstance(item, ToolCall):
            calls[item.call_id] = item
        elif isinstance(item, ToolOutput) and _is_part(item, calls):
            number += 1
            if f"{turn_key(turn)}o{number}" in dropped:
                found.add(at)
    return frozenset(found)
