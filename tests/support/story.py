"""Proposals told by hand: events that fold into a state, as an engine would send them.

The rule kept here: no engine, no model, no git; every text is fixed, so pictures are, too.
"""

from __future__ import annotations

from collections.abc import Iterable

from spark_tui.edits.changeset import Edit, Flag, Kind, Placed, Unplaced
from spark_tui.edits.pieces import Sign
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, Event, HunkId
from spark_tui.session.state import SessionState

FETCHER = '''"""Fetch things."""

import time
import urllib.request


class Fetcher:
    """Fetches a URL."""

    def __init__(self, retries: int = 3) -> None:
        self.retries = retries

    def fetch(self, url):
        for attempt in range(self.retries):
            try:
                return urllib.request.urlopen(url).read()
            except OSError:
                pass
        return None


def check_token(token, expected):
    return token == expected
'''
FILES = (
    ".gitignore",
    "README.md",
    "docs/guide.md",
    "docs/keys.md",
    "pyproject.toml",
    "src/fetcher.py",
    "src/store/disk.py",
    "src/store/memory.py",
    "src/util.py",
    "tests/conftest.py",
)


class Story:
    """Tell it what happens; `take` gives the events since the last time."""

    def __init__(self) -> None:
        self.state = SessionState()
        self._told: list[Event] = []

    def tell(self, *happened: Event) -> None:
        for event in happened:
            self.state.apply(event)
            self._told.append(event)

    def take(self) -> tuple[Event, ...]:
        told, self._told = tuple(self._told), []
        return told

    def snapshot(self, path: str, text: str) -> Snapshot:
        made = Snapshot.of(path, text.encode())
        self.state.snapshots[made.digest] = made
        return made

    def turn(self, number: int = 1, prompt: str = "fix the retry", *, refines: str = "") -> None:
        self.tell(ev.TurnStarted(number, prompt, "fast", "spark", (), 1200, 0.0, refines=refines))

    def open(
        self,
        hunk: str,
        path: str = "src/fetcher.py",
        kind: Kind = Kind.EDIT,
        headers: tuple[str, ...] = (),
    ) -> HunkId:
        hid = HunkId(hunk)
        turn = int(hunk[1 : hunk.index("h")])
        self.tell(ev.HunkOpened(hid, turn, path, kind, headers))
        return hid

    def grow(self, hunk: str, *lines: str) -> None:
        """Lines with their sign in front."""
        for line in lines:
            sign: Sign = "-" if line[0] == "-" else "+" if line[0] == "+" else " "
            self.tell(ev.HunkGrew(HunkId(hunk), sign, line[1:]))

    def place(
        self,
        hunk: str,
        base: Snapshot | None,
        *edits: Edit,
        flags: Iterable[Flag] = (),
        risk: str = "",
    ) -> None:
        added = sum(len(edit.lines) for edit in edits)
        removed = sum(edit.end - edit.start for edit in edits)
        start = edits[0].start if edits else 0
        place = Placed(start, start + removed, edits, flags=frozenset(flags))
        digest = base.digest if base else None
        self.tell(ev.HunkPlaced(HunkId(hunk), digest, place, added, removed, risk))

    def decide(self, decision: Decision, *hunks: str) -> None:
        self.tell(ev.HunksDecided(tuple(HunkId(hunk) for hunk in hunks), decision))

    def end(self, turn: int = 1) -> None:
        self.tell(ev.TurnEnded(turn, ev.Outcome.COMPLETE, ev.TokenUse(), 900.0))


def small_hunks(count: int, path: str = "src/fetcher.py", *, turn: int = 1) -> Story:
    """A turn with so many placed hunks, two rows apart from each other."""
    story = Story()
    base = story.snapshot(path, "".join(f"line {i}\n" for i in range(count * 20 + 20)))
    story.turn(turn)
    for number in range(count):
        hunk = f"t{turn}h{number + 1}"
        at = 10 + number * 20
        story.open(hunk, path)
        story.grow(hunk, f"-line {at}", f"+row {at}")
        story.place(hunk, base, Edit(at, at + 1, (f"row {at}",)))
    return story


def review_scene() -> Story:
    """Each kind of hunk once: placed, risky, without a place, growing."""
    story = Story()
    base = story.snapshot("src/fetcher.py", FETCHER)
    marks = (("README.md", " M"), ("docs/guide.md", "M "), ("docs/keys.md", "??"))
    story.tell(ev.RepositoryLooked("main", True, FILES, marks))
    story.turn()
    retry = (
        "                if attempt + 1 == self.retries:",
        "                    raise",
        "                time.sleep(0.1 * 2**attempt)  # so that the server can come back",
    )
    story.open("t1h1", headers=("class Fetcher", "def fetch"))
    story.grow("t1h1", "-                pass", *(f"+{line}" for line in retry))
    story.place("t1h1", base, Edit(17, 18, retry))
    story.open("t1h2", headers=("def check_token",))
    story.grow("t1h2", "-    return token == expected", "+    return token == expected.strip()")
    story.place(
        "t1h2",
        base,
        Edit(22, 23, ("    return token == expected.strip()",)),
        flags=(Flag.ABOUT,),
        risk="compares a secret with ==",
    )
    lost = story.open("t1h3", headers=("def fetch",))
    story.grow("t1h3", "-        return url", "+        return self.url")
    why = Unplaced("ambiguous", "two places fit equally well", (12, 18))
    story.tell(ev.HunkUnplaced(lost, base.digest, why))
    new = story.open("t1h4", "tests/test_fetcher.py", Kind.ADD)
    story.grow(
        "t1h4",
        "+from src.fetcher import Fetcher",
        "+",
        "+def test_retries(monkeypatch):",
        "+\tcalls = []",
    )
    story.tell(ev.HunkTyping(new, "+", "\tmonkeypatch.setattr(url"))
    return story
