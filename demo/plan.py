"""Chooses the script for a request and says what to answer now.

The rule kept here: an answer depends on the request alone. How many tool outputs have come since
the last user message says how far the script has been played; nothing is remembered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .longtext import long_text
from .patch import as_blocks, only
from .request import TAGGED, Ask, Offer
from .script import Patch, Pause, Read, Script, Search, Step, Text, Think

LONG = re.compile(r"(?:^|\s)/long(?:\s+(\d+))?", re.IGNORECASE)
DIFF = re.compile(r"^(?:diff --git |\+\+\+ |@@ )", re.MULTILINE)
FAILED = re.compile(r"not applied|not found|unplaced|failed|rejected", re.IGNORECASE)
TOKEN = 4
"""Characters of a token."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of an answer."""

    name: str
    input: str
    """Raw text of a custom tool, JSON of a function tool."""
    custom: bool


Part = Text | Think | Call | Pause


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: what is said and called, in order."""

    script: str
    parts: tuple[Part, ...]
    fault: str = ""
    cut: bool = False
    """The answer is longer than the request allows and ends where the limit is."""

    @property
    def tokens(self) -> int:
        return sum(len(pieces(part)) for part in self.parts)


def pieces(part: Part) -> list[str]:
    """The deltas of a part, one token each."""
    text = payload(part)
    return [text[at : at + TOKEN] for at in range(0, len(text), TOKEN)]


def payload(part: Part) -> str:
    match part:
        case Text(text=text) | Think(text=text) | Call(input=text):
            return text
        case Pause():
            return ""


def answer(ask: Ask, scripts: Sequence[Script]) -> Answer:
    """What to send back to this request."""
    found = _choose(ask, scripts)
    return _limited(found, ask.limit) if ask.limit else found


def _choose(ask: Ask, scripts: Sequence[Script]) -> Answer:
    if found := LONG.search(ask.words):
        return Answer("long", (Text(long_text(int(found.group(1) or 2000))),))
    if _wants_commit_message(ask):
        return Answer("commit", (Text(commit_message(ask.user, scripts)),))
    for script in scripts:
        if _fits(script, ask):
            return _refined(script, ask) if ask.refined else _played(script, ask)
    if ask.refined:
        return Answer("refine", (Text(REFINED.format(model=ask.model)),))
    return Answer("none", (Text(unknown(ask.model, scripts)),))


def _wants_commit_message(ask: Ask) -> bool:
    asked = re.search("commit message", f"{ask.instructions}\n{ask.words}", re.IGNORECASE)
    return bool(asked and DIFF.search(TAGGED.sub("", ask.user)))


def _fits(script: Script, ask: Ask) -> bool:
    if script.models and ask.model not in script.models:
        return False
    if script.sees and not any(script.sees.search(text) for text in ask.files.values()):
        return False
    words = ask.reason if ask.refined and not script.refine else ask.words
    if not any(pattern.search(words) for pattern in script.match):
        return False
    return not ask.refined or any(only(patch, ask.refined) for patch in script.patches)


def _refined(script: Script, ask: Ask) -> Answer:
    """Only what the script has for the file of that one hunk."""
    steps = [step for step in script.steps if isinstance(step, Text | Think | Patch | Pause)]
    kept: list[Step] = []
    for step in steps:
        match step:
            case Patch(text):
                if part := only(text, ask.refined):
                    kept.append(Patch(part))
            case _:
                kept.append(step)
    return _played(replace(script, steps=tuple(kept)), ask)


def _played(script: Script, ask: Ask) -> Answer:
    """The reply that is due after the outputs which have come."""
    outputs, last = len(ask.outputs), 0
    for reply in _replies(script.steps, ask.offer):
        parts = _joined(_part(step, ask) for step in reply)
        calls = sum(isinstance(part, Call) for part in parts)
        if not calls or outputs < calls:
            return Answer(script.name, parts, script.fault)
        outputs, last = outputs - calls, calls
    # What became of the last calls stands in the first paragraph; below it may be quoted text.
    ends = [output.partition("\n\n")[0] for output in ask.outputs[-last:]]
    failed = any(FAILED.search(end) for end in ends)
    return Answer(script.name, (Text(NOT_ALL if failed else "Done.\n"),))


def _replies(steps: Iterable[Step], offer: Offer) -> Iterable[list[Step]]:
    """The steps, split where the model would wait for the output of its calls."""
    reply: list[Step] = []
    looking = False
    for step in steps:
        match step:
            case Read() | Search():
                if type(step).__name__.lower() not in offer.lookups:
                    continue
                looking = True
            case _ if looking:
                yield reply
                reply, looking = [], False
        reply.append(step)
        if isinstance(step, Patch) and step.wait:
            yield reply
            reply = []
    if reply:
        yield reply


def _part(step: Step, ask: Ask) -> Part:
    match step:
        case Read(paths):
            return _lookup("read", {"paths": list(paths)}, ask.offer)
        case Search(pattern):
            return _lookup("search", {"pattern": pattern}, ask.offer)
        case Patch(text):
            return _edit(text, ask)
        case Text() | Think() | Pause():
            return step


def _joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Neighbouring texts are one message: edits sent as text belong to the words before them."""
    out: list[Part] = []
    for part in parts:
        match out[-1:], part:
            case [Text(before)], Text(text):
                out[-1] = Text(before + text)
            case _:
                out.append(part)
    return tuple(out)


def _lookup(name: str, arguments: dict[str, Any], offer: Offer) -> Call:
    """A read-only call; what the schema demands beyond it is sent empty."""
    schema = offer.lookups[name]
    properties: Mapping[str, Any] = schema.get("properties") or {}
    empty = {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False, "object": {}}
    for key in schema.get("required") or ():
        kind = properties.get(key, {}).get("type", "null")
        arguments.setdefault(key, empty.get(kind) if isinstance(kind, str) else None)
    return Call(name, json.dumps(arguments), custom=False)


def _edit(text: str, ask: Ask) -> Part:
    """An edit in the best form the request offers: custom tool, function tool, plain text."""
    offer = ask.offer
    if offer.custom:
        return Call(offer.patch, text, custom=True)
    if offer.patch:
        return Call(offer.patch, json.dumps({offer.property: text}), custom=False)
    if "*** Begin Patch" in ask.instructions and "SEARCH" not in ask.instructions:
        return Text(text)
    return Text("\n" + as_blocks(text))


def _limited(whole: Answer, limit: int) -> Answer:
    """The answer as far as the output limit of the request lets it go."""
    if whole.tokens <= limit:
        return whole
    parts: list[Part] = []
    for part in whole.parts:
        room = limit * TOKEN
        match part:
            case Text(text) | Think(text):
                part = replace(part, text=text[:room])
            case Call(input=text):
                part = replace(part, input=text[:room])
        limit -= len(pieces(part))
        parts.append(part)
        if limit <= 0:
            break
    return replace(whole, parts=tuple(parts), cut=True)


def commit_message(diff: str, scripts: Sequence[Script]) -> str:
    """The message of the script whose patches explain most of the diff; else a plain one."""
    added = {line[1:] for line in diff.split("\n") if line.startswith("+") and line[1:].strip()}
    best, most = "", 0
    for script in scripts:
        lines = {line[1:] for patch in script.patches for line in patch.split("\n")
                 if line.startswith("+")}  # fmt: skip
        if script.commit and len(added & lines) > most:
            best, most = script.commit, len(added & lines)
    return (best or _plain_message(diff)) + "\n"


def _plain_message(diff: str) -> str:
    paths = list(dict.fromkeys(re.findall(r"^\+\+\+ (?:b/)?(\S.*?)\s*$", diff, re.MULTILINE)))
    paths = [path for path in paths if path != "/dev/null"]
    plus = len(re.findall(r"^\+(?!\+\+ )", diff, re.MULTILINE))
    minus = len(re.findall(r"^-(?!-- )", diff, re.MULTILINE))
    verb = "Add" if "--- /dev/null" in diff and not minus else "Update"
    names = [path.rpartition("/")[2] for path in paths]
    subject = f"{verb} {', '.join(names[:2]) or 'files'}"
    if len(names) > 2:
        subject += f" and {len(names) - 2} more"
    body = f"{plus} lines added, {minus} removed."
    return f"{subject}\n\n{body}"


def unknown(model: str, scripts: Sequence[Script]) -> str:
    """An honest answer to a request that no script knows."""
    rows: dict[str, str] = {}
    for script in scripts:
        if script.say and script.say not in rows:
            only = "" if not script.models or model in script.models else script.models[0]
            note = f" (ask `{only}`)" if only else ""
            rows[script.say] = f"- **{script.title}**: `{script.say}`{note}"
    return UNKNOWN.format(model=model, rows="\n".join(rows.values()))


UNKNOWN = """\
I am `{model}`, a scripted demo model: I play prepared answers and cannot think about this \
request. Everything around me is real, the stream, the diff, the checkpoints and the commits.

What I can show in this project:

{rows}
- **A long answer of any size**: `/long 2000`

For answers to your own questions, start `spark-tui` with a key or a local server.
"""

REFINED = """\
I am `{model}`, a scripted demo model: I cannot check this hunk or write it anew for that reason. \
It is as it was: accept it, edit it with `e`, or reject it. A real model would send a new one here.
"""

NOT_ALL = """\
Not everything of that was applied. I am a scripted demo model and have nothing further \
prepared; what is in place stays as it is.
"""
