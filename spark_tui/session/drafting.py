"""Commit messages: what the model is asked, what it answers made fit for a commit, and a plain
message where no model can be asked.

The rule kept here: bounded, secrets masked, and of what the model writes only subject and body are
kept: trailers, signatures above all, are never invented. Who shows it and what a person types is
not known here.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from spark_tui.edits.changeset import Flag
from spark_tui.edits.diff import unified
from spark_tui.model.provider import Completed, Failed, Provider, Request, TextDelta, UserText
from spark_tui.repo.conventions import Conventions, conventions
from spark_tui.repo.messages import clean
from spark_tui.session import policy
from spark_tui.session.state import HunkState, SessionState

MAX_DIFF_CHARS = 24_000
MAX_MESSAGE_CHARS = 4_000
_FEWEST_CHARS = 400
"""Of each file's diff, however many files there are."""
_SUBJECTS = 8
INSTRUCTIONS = """\
Write the commit message for the diff you are given. First line: what changes and, where it shows,
why; follow the repository's conventions and the style of its recent subjects. Then, only where it
helps or is usual here, a blank line and one to three short sentences saying why. No code fences, no
quotes, no trailers, no Signed-off-by, no list of files, no issue number that you were not told.
"""
_FENCE = re.compile(r"^\s*```.*$", re.MULTILINE)
_LABEL = re.compile(r"^(?:commit message|subject)\s*:\s*", re.IGNORECASE)
_TRAILER = re.compile(r"[A-Z][a-z]+(?:-[A-Za-z]+)+: .*\S|[A-Za-z-]+-by: .*")
_FILE = re.compile(r"^(?=diff --git )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Material:
    """What a message is written from."""

    diff: str
    changes: Mapping[str, str]
    """Path -> add, update, delete, move."""
    prompts: tuple[str, ...] = ()
    """What the person asked for."""
    log: tuple[str, ...] = ()
    """Whole messages of the latest commits."""

    @property
    def style(self) -> Conventions:
        return conventions(self.log)


# -- from what ---------------------------------------------------------------------
def of_hunks(state: SessionState, hunks: Sequence[HunkState], log: Sequence[str]) -> Material:
    """For these accepted hunks."""
    parts: list[str] = []
    changes: dict[str, str] = {}
    for hunk in hunks:
        word = {"add": "add", "delete": "delete", "move": "move"}.get(hunk.kind.value, "update")
        if changes.get(hunk.path, "update") == "update":
            changes[hunk.path] = word
        is_held = policy.is_secret_name(hunk.path) or Flag.IGNORED in hunk.flags
        if hunk.place and not is_held:
            base = state.snapshots.get(hunk.base or "")
            parts.append(unified(hunk.path, base, hunk.place.edits, context=1))
        if hunk.move_to:
            parts.append(f"rename from {hunk.path}\nrename to {hunk.move_to}\n")
    ids = {h.id for h in hunks}
    prompts = tuple(t.prompt for t in state.turns.values() if ids & {*state.standing(t.hunks)})
    return Material(_bounded(parts), changes, prompts, tuple(log))


def of_diff(changes: Mapping[str, str], diff: str, log: Sequence[str]) -> Material:
    """For staged changes, as git shows them."""
    return Material(_bounded(_FILE.split(diff)), changes, (), tuple(log))


def may_be_sent(paths: Iterable[str]) -> list[str]:
    """Those whose content may go to a service."""
    return [path for path in paths if not policy.is_secret_name(path)]


def _bounded(parts: Sequence[str]) -> str:
    """Masked, and cut so that each part is still heard of."""
    told = [policy.redact(part) for part in parts if part.strip()]
    size = sum(map(len, told))
    if size > MAX_DIFF_CHARS:
        share = max(_FEWEST_CHARS, MAX_DIFF_CHARS // len(told))
        told = [p if len(p) <= share else f"{p[:share]}\n[cut]\n" for p in told]
    return "".join(told)[:MAX_DIFF_CHARS]


# -- the question and its answer ----------------------------------------------------
def request_for(material: Material, model: str) -> Request:
    """Ask for a message in the style of the log."""
    subjects = [m.partition("\n")[0][:120] for m in material.log[:_SUBJECTS]]
    parts = ["Recent subjects:", *(f"* {s}" for s in subjects or ["(no commits yet)"])]
    if facts := material.style.facts():
        parts += ["", "Conventions found in the log:", *(f"* {fact}" for fact in facts)]
    if material.prompts:
        parts += ["", "The user asked:", *(f"* {p[:300]}" for p in material.prompts[-8:])]
    parts += ["", "Diff:"]
    text = policy.redact("\n".join(parts)) + "\n" + material.diff
    return Request(
        model=model, instructions=INSTRUCTIONS, items=(UserText(text),), max_output_tokens=500
    )


def tidy(reply: str) -> str:
    """What a model wrote as a message: no fences, quotes or trailers around it."""
    text = clean(_FENCE.sub("", reply[:MAX_MESSAGE_CHARS]))
    lines = _LABEL.sub("", text).strip().split("\n")
    while lines and (not lines[-1].strip() or _TRAILER.fullmatch(lines[-1].strip())):
        lines.pop()
    if lines and lines[0][:1] in "\"'`" and lines[0].endswith(lines[0][0]) and len(lines[0]) > 2:
        lines[0] = lines[0][1:-1]
    if len(lines) > 1 and lines[1].strip():
        lines.insert(1, "")
    return clean("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of asking."""

    text: str
    error: str = ""


async def stream(
    provider: Provider,
    request: Request,
    *,
    goes_on: Callable[[], bool],
    tell: Callable[[str], None],
) -> Drafted:
    """Ask, telling the message as it grows. A text is only given back when the answer is whole."""
    text = error = ""
    is_whole = False
    deltas = provider.stream(request)
    try:
        async for delta in deltas:
            if not goes_on():
                break
            match delta:
                case TextDelta(part):
                    text += part
                    if len(text) <= MAX_MESSAGE_CHARS:
                        tell(clean(text))
                case Failed(fault):
                    error = fault.message
                case Completed():
                    is_whole = True
                case _:
                    pass
    finally:
        if isinstance(deltas, AsyncGenerator):
            await deltas.aclose()
    return Drafted(tidy(text) if is_whole else "", error)


# -- without a model ----------------------------------------------------------------
def plain_message(material: Material) -> str:
    """What was asked, else which files; in the shape of the log, as far as that can be known."""
    style = material.style
    asked = material.prompts[0] if len(material.prompts) == 1 else ""
    is_fit = asked and len(asked) <= style.limit and "\n" not in asked
    words = policy.redact(asked).strip().rstrip(".") if is_fit else _by_files(material.changes)
    if not words:
        return ""
    first = words[0].lower() if style.has_capital is False else words[0].upper()
    words = first + words[1:]
    if style.prefix == "type":
        only_docs = all(p.endswith((".md", ".rst", ".txt")) for p in material.changes)
        kind = "docs" if only_docs and "docs" in style.types else "chore"
        words = f"{kind}: {words}"
    return words + ("." if style.has_stop else "")


def _by_files(changes: Mapping[str, str]) -> str:
    if not changes:
        return ""
    kinds = set(changes.values())
    verb = {"add": "Add", "delete": "Remove", "move": "Rename"}.get(
        next(iter(kinds)) if len(kinds) == 1 else "", "Update"
    )
    names = [path.rpartition("/")[2] for path in changes]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{verb} {', '.join(names[:3])}{more}"
