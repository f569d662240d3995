"""Random mixes of what a work tree may hold: staged, unstaged, untracked, intent to add, ignored,
in conflict, skipped. What is accepted and taken back again leaves index and tree as they were.

The rule kept here: the index is compared byte by byte, so a refreshed time would be found too.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_tui.session.events import Decision, HunkId
from spark_tui.session.state import Status
from tests.faults.states.place import NEW, TEXT, Place, add, delete, edit, move, offered

NAMES = tuple(f"{folder}{n}.txt" for folder in ("", "d/", "d/e/") for n in range(3))
MINE = TEXT + "mine\n"
STATES = (
    "clean", "staged", "unstaged", "both", "untracked", "intent", "ignored", "gone", "deleted",
    "conflict", "skipped", "assumed", "executable", "cached",
)  # fmt: skip
WAYS = ("undo", "reject", "undo-turn")
GONE = ("gone", "deleted")


@st.composite
def mixes(draw: st.DrawFn) -> tuple[dict[str, str], list[tuple[str, str]], str]:
    """The state of each path; what the reply does to some; the way back."""
    states = {name: draw(st.sampled_from(STATES)) for name in NAMES}
    acts: list[tuple[str, str]] = [("add", "new/made.txt")]
    for name in NAMES:
        act = draw(st.sampled_from(["edit", "edit", "delete", "move", ""]))
        if act and states[name] not in GONE:
            acts.append((act, name))
    return states, acts, draw(st.sampled_from(WAYS))


def lay_out(place: Place, states: Mapping[str, str]) -> None:
    """With as few processes as may be."""

    def of(*kinds: str) -> list[str]:
        return [name for name, state in states.items() if state in kinds]

    tracked = [n for n in NAMES if states[n] not in ("untracked", "intent", "ignored")]
    place.write(".gitignore", "".join(f"/{n}\n" for n in of("ignored")))
    for name in tracked:
        place.write(name, TEXT)
    place.git("add", "-A")
    place.git("commit", "-q", "--allow-empty", "-m", "Mix")
    for name in of("staged", "both", "untracked", "intent", "ignored"):
        place.write(name, MINE)
    if names := of("staged", "both"):
        place.git("add", "--", *names)
    for name in of("unstaged", "both", "cached"):
        place.write(name, "top\n" + MINE)
    for name in of("executable"):
        (place.root / name).chmod(0o755)
    if names := of("executable"):
        place.git("add", "--", *names)
    if names := of("intent"):
        place.git("add", "-N", "--", *names)
    if names := of("cached", "deleted"):
        place.git("rm", "-q", "--cached", "--", *names)
    for name in of(*GONE):
        (place.root / name).unlink()
    if names := of("skipped"):
        place.git("update-index", "--skip-worktree", "--", *names)
    if names := of("assumed"):
        place.git("update-index", "--assume-unchanged", "--", *names)
    for name in of("conflict"):
        blob = place.git("rev-parse", f"HEAD:{name}").strip()
        lines = "".join(f"100644 {blob} {stage}\t{name}\n" for stage in (1, 2, 3))
        place.git("rm", "-q", "--cached", "--", name)
        place.feed("update-index", "--index-info", text=lines)


def reply_of(acts: list[tuple[str, str]]) -> str:
    parts: list[str] = []
    for act, path in acts:
        match act:
            case "add":
                parts.append(add(path, "x"))
            case "edit":
                parts.append(edit(path))
            case "delete":
                parts.append(delete(path))
            case _:
                parts.append(move(path, f"moved/{path}"))
    return "\n".join(parts)


async def story(
    place: Place, states: Mapping[str, str], acts: list[tuple[str, str]], way: str
) -> None:
    before, index = place.kept(), place.index()
    session = await offered(place, reply_of(acts))
    ids = list(session.state.hunks)
    assert ids
    for hid in ids:
        await session.decide([hid], Decision.ACCEPTED)
        assert place.index() == index
    for hunk in session.state.hunks.values():
        held = states.get(hunk.path) == "conflict"
        assert hunk.status is (Status.CONFLICT if held else Status.ACCEPTED), hunk
    for act, path in acts:
        if act == "edit" and states[path] not in ("conflict",):
            assert "THREE" in place.read(path)
    assert place.tree() != {k: v for k, v in before.items() if k in place.tree()}
    match way:
        case "undo":
            while (await session.undo()).done:
                assert place.index() == index
        case "reject":
            for hid in reversed(ids):
                await session.decide([HunkId(hid)], Decision.REJECTED)
        case "undo-turn":
            assert (await session.undo_turn()).done
    assert place.index() == index
    await session.close()
    after = place.kept()
    assert after == before, {k for k in {**before, **after} if before.get(k) != after.get(k)}


def play(
    template: Path, environ: dict[str, str], mix: tuple[dict[str, str], list[tuple[str, str]], str]
) -> None:
    states, acts, way = mix
    folder = Path(tempfile.mkdtemp(prefix="mix"))
    try:
        shutil.copytree(template, folder / "repo", symlinks=True)
        place = Place(folder / "repo", environ | {"SPARK_TUI_STATE_DIR": str(folder / "state")})
        lay_out(place, states)
        asyncio.run(story(place, states, acts, way))
    finally:
        shutil.rmtree(folder)


RARE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=RARE)
@given(mixes())
def test_index_and_tree_are_as_before(
    template: Path,
    environ: dict[str, str],
    mix: tuple[dict[str, str], list[tuple[str, str]], str],
) -> None:
    """Whatever you had staged, begun or left lying about: accept and undo, and it is all there."""
    play(template, environ, mix)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=RARE)
@given(mixes())
def test_200_mixes(
    template: Path,
    environ: dict[str, str],
    mix: tuple[dict[str, str], list[tuple[str, str]], str],
) -> None:
    """The same, two hundred times."""
    play(template, environ, mix)


def test_a_staged_line_stays_staged(place: Place) -> None:
    """The plain case, by the verbs: half staged, half not; `apply`, then `undo`."""
    place.write("a.txt", MINE)
    place.git("add", "a.txt")
    place.write("a.txt", "top\n" + MINE)
    before, index = place.kept(), place.index()
    assert place.shell("apply", stdin=edit("a.txt")).code == 0
    assert place.read("a.txt") == "top\n" + NEW + "mine\n" and place.index() == index
    assert place.git("diff", "--cached").count("+mine") == 1
    assert place.shell("undo").code == 0
    assert place.index() == index and place.tree().items() <= before.items()
