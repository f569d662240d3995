"""One file, its hunks and a person at work in it, against a model that knows every line.

Every line has a text of its own, so it is known what must stand where: the file as the model of the
reply saw it, with the accepted hunks in it and with what the person did, each in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from spark_tui.edits.changeset import Edit, Kind, Placed
from spark_tui.edits.compose import clash, compose, in_order
from spark_tui.edits.reshape import keep, row_count, split
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.events import HunkId
from spark_tui.session.merging import merge_in, merge_out
from spark_tui.session.state import HunkState, Status

Tag = tuple[str, int]
"""Where a line comes from: ("base", its number), ("new", number of a hunk's line), ("mine", n)."""
PATH = "a.txt"
numbers = st.integers(0, 30)


@dataclass
class Person:
    """What the person did, by the lines they did it to."""

    texts: dict[Tag, str | None] = field(default_factory=dict)
    """Lines that they changed; None: removed."""
    inserted: list[tuple[Tag | None, Tag]] = field(default_factory=list)
    """(line above, new line), in the order in which they were typed."""


class OneFile(RuleBasedStateMachine):
    """Hunks of one snapshot and a disk that changes under them."""

    @initialize(size=st.integers(0, 12), ending=st.sampled_from(["\n", "\r\n"]), bare=st.booleans())
    def begin(self, size: int, ending: str, bare: bool) -> None:
        text = "".join(f"line {i}{ending}" for i in range(size))
        data = (text.removesuffix(ending) if bare else text).encode()
        self.base = self.disk = Snapshot.of(PATH, data)
        self.hunks: list[HunkState] = []
        self.undone: list[list[HunkState]] = []
        """For each act the hunks as they stood before; accepted ones are looked up by id."""
        self.acts: list[tuple[str, list[HunkState], list[HunkState]]] = []
        self.person = Person()
        self.count = 0
        self.has_flipped = False

    # -- what ought to be there ------------------------------------------------
    def fresh(self) -> int:
        self.count += 1
        return self.count

    def accepted(self) -> list[HunkState]:
        return [h for h in self.hunks if h.status is Status.ACCEPTED]

    def edits_of(self, hunks: list[HunkState]) -> list[Edit]:
        return in_order(e for h in hunks if h.place for e in h.place.edits)

    def wanted(self, hunks: list[HunkState]) -> list[tuple[Tag, str]]:
        """The file with these hunks and the person's work, line by line."""
        lines: list[tuple[Tag, str | None]] = []
        at = 0
        for edit in [*self.edits_of(hunks), Edit(len(self.base.lines), len(self.base.lines), ())]:
            lines += [(("base", i), self.base.lines[i]) for i in range(at, edit.start)]
            lines += [(("new", int(text.split()[1])), text) for text in edit.lines]
            at = edit.end
        lines = [(tag, self.person.texts.get(tag, text)) for tag, text in lines]
        for above, tag in self.person.inserted:
            tags = [None, *(t for t, _ in lines)]
            if above in tags:
                lines.insert(tags.index(above), (tag, self.person.texts[tag]))
            else:  # nothing of theirs is beside the lines of a hunk that could be accepted
                assert self.person.texts[tag] is None
        return [(tag, text) for tag, text in lines if text is not None]

    # -- the reply -------------------------------------------------------------
    @rule(at=numbers, gone=st.integers(0, 3), come=st.integers(0, 3), gap=st.integers(0, 2))
    def propose(self, at: int, gone: int, come: int, gap: int) -> None:
        size = len(self.base.lines)
        start = at % (size + 1)
        edits: list[Edit] = []
        for k in range(2 if gap else 1):
            if k and start + gap > size:
                break
            start += gap if k else 0
            end = min(size, start + gone)
            new = tuple(f"new {self.fresh()}" for _ in range(come))
            if start < end or new:
                edits.append(Edit(start, end, new))
            start = end
        taken = self.edits_of(self.hunks)
        if not edits or any(clash(e, t) for e in edits for t in taken):
            return
        self.add(Placed(edits[0].start, edits[-1].end, tuple(edits)))

    def add(self, place: Placed) -> HunkState:
        hunk = HunkState(
            HunkId(f"t1h{self.fresh()}"), 1, PATH, Kind.EDIT,
            status=Status.PLACED, base=self.base.digest, place=place,
        )  # fmt: skip
        self.hunks.append(hunk)
        return hunk

    # -- decisions -------------------------------------------------------------
    @precondition(lambda self: self.hunks)
    @rule(which=st.lists(numbers, min_size=1, max_size=4))
    def accept(self, which: list[int]) -> None:
        chosen = {self.hunks[n % len(self.hunks)].id for n in which}
        wanted = [h for h in self.hunks if h.id in chosen and h.status is Status.PLACED]
        done = self.put_in(wanted)
        if done:
            self.acts.append(("accept", done, []))

    def put_in(self, wanted: list[HunkState]) -> list[HunkState]:
        bases = {self.base.digest: self.base}
        merged = merge_in(PATH, self.disk, wanted, self.accepted(), bases)
        assert merged.now is not None
        if not self.person.texts and not self.has_flipped:
            assert not merged.conflicts
        self.disk = merged.now
        done = [h for h in wanted if h.id not in merged.conflicts]
        for hunk in done:
            hunk.status = Status.ACCEPTED
            hunk.written_act = int(hunk.id in merged.done)
        return done

    def take_out(self, unwanted: list[HunkState]) -> None:
        bases = {self.base.digest: self.base}
        rest = [h for h in self.accepted() if h not in unwanted]
        ours = [h for h in unwanted if h.written]
        merged = merge_out(PATH, self.disk, ours, rest, bases)
        assert merged.now is not None
        if not self.person.texts and not self.has_flipped:
            assert not merged.conflicts
        self.disk = merged.now
        for hunk in unwanted:
            if hunk.id not in merged.conflicts:
                hunk.status = Status.PLACED
                for edit in self.edits_of([hunk]):  # put in again, they are new lines
                    for text in edit.lines:
                        self.person.texts.pop(("new", int(text.split()[1])), None)

    @precondition(lambda self: any(h.status is Status.PLACED for h in self.hunks))
    @rule(pick=numbers)
    def reject(self, pick: int) -> None:
        open_ones = [h for h in self.hunks if h.status is Status.PLACED]
        self.swap("reject", open_ones[pick % len(open_ones)], [])

    @precondition(lambda self: any(h.status is Status.PLACED for h in self.hunks))
    @rule(pick=numbers)
    def cut(self, pick: int) -> None:
        open_ones = [h for h in self.hunks if h.status is Status.PLACED]
        hunk = open_ones[pick % len(open_ones)]
        assert hunk.place is not None
        parts = split(hunk.place, self.base)
        if len(parts) > 1:
            self.swap("split", hunk, list(parts))

    @precondition(lambda self: any(h.status is Status.PLACED for h in self.hunks))
    @rule(pick=numbers, rows=st.frozensets(st.integers(0, 6)))
    def choose_lines(self, pick: int, rows: frozenset[int]) -> None:
        open_ones = [h for h in self.hunks if h.status is Status.PLACED]
        hunk = open_ones[pick % len(open_ones)]
        assert hunk.place is not None
        kept = keep(hunk.place, rows & frozenset(range(row_count(hunk.place))))
        if kept.edits:
            self.swap("keep", hunk, [kept])

    def swap(self, word: str, hunk: HunkState, places: list[Placed]) -> None:
        """These places instead of a hunk, if they stand beside the others."""
        others = self.edits_of([h for h in self.hunks if h is not hunk])
        if any(clash(e, o) for place in places for e in place.edits for o in others):
            assert word != "reject"
            return
        self.hunks.remove(hunk)
        self.acts.append((word, [hunk], [self.add(place) for place in places]))

    @precondition(lambda self: self.acts)
    @rule()
    def undo(self) -> None:
        word, before, after = self.acts.pop()
        if word == "accept":
            self.take_out([h for h in before if h.status is Status.ACCEPTED])
        elif all(h in self.hunks and h.status is Status.PLACED for h in after):
            others = self.edits_of([h for h in self.hunks if h not in after])
            place = before[0].place
            if place and not any(clash(e, o) for e in place.edits for o in others):
                self.hunks = [h for h in self.hunks if h not in after] + before

    # -- the person ------------------------------------------------------------
    @rule(at=numbers)
    def type_a_line(self, at: int) -> None:
        there = self.wanted(self.accepted())
        at %= len(there) + 1
        tag = ("mine", self.fresh())
        self.person.texts[tag] = f"mine {tag[1]}"
        self.person.inserted.append((there[at - 1][0] if at else None, tag))
        self.save([*self.disk.lines[:at], f"mine {tag[1]}", *self.disk.lines[at:]])

    @rule(at=numbers, remove=st.booleans())
    def change_a_line(self, at: int, remove: bool) -> None:
        there = self.wanted(self.accepted())
        if not there:
            return
        at %= len(there)
        new = [] if remove else [f"mine {self.fresh()}"]
        self.person.texts[there[at][0]] = new[0] if new else None
        self.save([*self.disk.lines[:at], *new, *self.disk.lines[at + 1 :]])

    def save(self, lines: list[str]) -> None:
        """The file as an editor writes it."""
        eol = self.disk.majority_eol
        self.disk = Snapshot.of(PATH, "".join(f"{line}{eol}" for line in lines).encode())

    @rule()
    def flip_the_endings(self) -> None:
        self.has_flipped = True
        eol = "\n" if self.disk.majority_eol == "\r\n" else "\r\n"
        self.disk = Snapshot.of(PATH, "".join(f"{x}{eol}" for x in self.disk.lines).encode())

    # -- what holds ------------------------------------------------------------
    @invariant()
    def the_disk_is_the_snapshot_with_what_was_accepted_and_typed(self) -> None:
        if hasattr(self, "disk"):
            assert list(self.disk.lines) == [text for _, text in self.wanted(self.accepted())]

    @invariant()
    def without_a_person_it_is_so_to_the_byte(self) -> None:
        if hasattr(self, "disk") and not self.person.texts and not self.has_flipped:
            assert self.disk.data == compose(self.base, self.edits_of(self.accepted()))

    def teardown(self) -> None:
        if not hasattr(self, "disk"):
            return
        while self.acts:
            self.undo()
        if self.accepted():  # the person worked in the very lines of a hunk: it stays
            assert self.person.texts or self.has_flipped
            return
        assert list(self.disk.lines) == [text for _, text in self.wanted([])]
        self.acceptance_in_any_order()

    def acceptance_in_any_order(self) -> None:
        """Also all at once. What the person has done already settles what stands beside it, so
        then it may matter when that is said."""
        before = self.disk
        found: dict[frozenset[str], object] = {}
        orders = ([[h] for h in self.hunks], [[h] for h in self.hunks[::-1]], [self.hunks])
        for order in orders:
            self.disk = before
            taken = frozenset(h.id for group in order for h in self.put_in(group))
            assert found.setdefault(taken, self.result()) == self.result()
            all_ours = all(h.written for h in self.accepted())
            for hunk in self.hunks:
                hunk.status = Status.PLACED
            assert len(found) == 1 or not all_ours

    def result(self) -> object:
        """A file that was emptied on the way forgets which ending the person gave it."""
        return self.disk.lines if self.has_flipped else self.disk.data

    def put_in_all(self, before: Snapshot) -> list[HunkState]:
        self.disk = before
        return self.put_in(list(self.hunks))


def _play(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        OneFile, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )


def test_one_file_in_any_order() -> None:
    _play(300, 25)


@pytest.mark.slow
def test_one_file_in_any_order_for_long() -> None:
    _play(2_000, 40)
