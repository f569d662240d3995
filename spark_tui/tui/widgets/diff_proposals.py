"""The page of proposals: which hunks it shows, kept equal to the session's state.

The rule kept here: after `apply` the page says what the state says, whatever events were missed or
joined; only blocks of touched hunks are looked at. A growing hunk gets its new lines appended; a
placed one gets its proven rows in the same place. Drawing and the cursor are the view's business.

Of the latest turn everything is shown. Of older turns what is settled shrinks to its head line, and
what was rejected, taken back or committed goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from spark_tui.edits.diff import Row
from spark_tui.session import events as ev
from spark_tui.session.events import Event, HunkId
from spark_tui.session.state import HunkState, SessionState, Status
from spark_tui.tui.widgets.diff_page import Block, Page, Section
from spark_tui.tui.widgets.diff_rows import (
    CONTEXTS,
    Note,
    broken,
    file_head,
    head_of,
    is_settled,
    rows_of,
    written_rows,
)

_GONE_LATER = (Status.REJECTED, Status.ALREADY_THERE, Status.UNDONE)
_TONES = {
    Status.GROWING: "pending",
    Status.WAITING: "pending",
    Status.UNPLACED: "pending",
    Status.REJECTED: "muted",
    Status.SUPERSEDED: "muted",
    Status.ALREADY_THERE: "muted",
    Status.UNDONE: "muted",
}


class Proposals(Page):
    """A page whose blocks are hunks."""

    def __init__(self) -> None:
        super().__init__()
        self._by_id: dict[HunkId, Block] = {}
        self._by_path: dict[str, Section] = {}
        self._last_turn = 0
        self._state = SessionState()
        self._width = 0
        """Cells of a row; 0 while that is not known."""

    def fit(self, width: int) -> None:
        """Break the notes of all cards for rows of this width."""
        if width != self._width:
            self._width = width
            self._sync(self._by_id)

    def load(self, state: SessionState) -> None:
        """Show this state from scratch."""
        self.sections.clear()
        self._by_id.clear()
        self._by_path.clear()
        self._state = state
        self._last_turn = max(state.turns, default=0)
        self._sync(_in_order(state))
        self.reorder()

    def apply(self, events: Sequence[Event], state: SessionState) -> None:
        """Follow these events; `state` has folded them already."""
        self._state = state
        touched: dict[HunkId, None] = {}
        for event in events:
            match event:
                case (
                    ev.HunkOpened()
                    | ev.HunkGrew()
                    | ev.HunkTyping()
                    | ev.HunkPending()
                    | ev.HunkWaiting()
                    | ev.HunkPlaced()
                    | ev.HunkUnplaced()
                    | ev.HunkSuperseded()
                ):
                    touched[event.hunk] = None
                case ev.HunkReshaped():
                    touched |= dict.fromkeys(part.hunk for part in event.parts)
                    touched[event.hunk] = None
                case ev.HunksAnchored():
                    touched |= dict.fromkeys(anchor.hunk for anchor in event.anchors)
                case (
                    ev.HunksDecided()
                    | ev.HunksConflicted()
                    | ev.FilesWritten()
                    | ev.TurnUndone()
                    | ev.Committed()
                    | ev.CommitUndone()
                ):
                    touched |= dict.fromkeys(event.hunks)
                case ev.HunksRestored():
                    touched |= dict.fromkeys(stood.hunk for stood in event.hunks)
                case ev.TurnEnded():
                    if turn := state.turns.get(event.turn):
                        touched |= dict.fromkeys(turn.hunks)
                case ev.TurnStarted():
                    self._last_turn = max(self._last_turn, event.turn)
                    touched |= dict.fromkeys(self._by_id)
                case _:
                    pass
        about = [state.hunks[hid] for hid in touched if hid in state.hunks]
        self._sync(touched | {hunk.undoes: None for hunk in about if hunk.undoes})

    def block_of(self, hunk: HunkId | None) -> Block | None:
        """The card of a hunk, if it is shown."""
        return self._by_id.get(hunk) if hunk is not None else None

    def hunks(self) -> list[HunkState]:
        """All hunks that are shown, as they stand below each other."""
        return [card.hunk for card in self.cards if card.hunk is not None]

    def undecided(
        self, after: Block | None = None, decided: frozenset[HunkId] = frozenset()
    ) -> Block | None:
        """The first card that awaits a decision, looking behind `after` first."""
        cards = self.cards
        at = cards.index(after) + 1 if after in cards else 0
        for card in cards[at:] + cards[:at]:
            if card.hunk and card.hunk.is_undecided and card.hunk.id not in decided:
                return card
        return None

    def cursor_for(self, card: Block | None, *, newest: bool) -> Block | None:
        """This card while it is there, else what stands for it; else, or when only the newest
        turn counts, one of that."""
        cards = self.cards
        if card is not None and card not in cards:
            card = self._heir(card)
        last = max((hunk.turn for hunk in self.hunks()), default=0)
        if card in cards and (not newest or (card and card.hunk and card.hunk.turn == last)):
            return card
        of_turn = [c for c in cards if c.hunk and c.hunk.turn == last]
        is_open = [c for c in of_turn if c.hunk and c.hunk.is_undecided]
        return next(iter(is_open or of_turn), None)

    def _heir(self, card: Block) -> Block | None:
        """The first part of a hunk that was reshaped, or the whole that came back."""
        hunk = self._state.hunks.get(card.hunk.id) if card.hunk else None
        while hunk is not None:
            if (block := self._by_id.get(hunk.id)) is not None:
                return block
            is_part = hunk.whole and hunk.id not in self._state.hunks[hunk.whole].parts
            heir = hunk.whole if is_part else next(iter(hunk.parts), None)
            hunk = self._state.hunks.get(heir) if heir else None
        return None

    def more_context(self, block: Block) -> None:
        """The next larger context around a placed hunk, and after the largest the smallest."""
        at = CONTEXTS.index(block.context) if block.context in CONTEXTS else -1
        block.context = CONTEXTS[(at + 1) % len(CONTEXTS)]
        self._redo(block)

    def choose(self, block: Block, candidate: int) -> None:
        """Put the mark of an unplaced hunk on one of its candidate lines."""
        block.chosen = candidate
        self._redo(block)

    def choose_at(self, block: Block, at: int) -> None:
        """The same, when this row of the block is one of its candidates."""
        if (candidate := block.candidate_at(at)) is not None:
            self.choose(block, candidate)

    # -- keeping equal -----------------------------------------------------------
    def _redo(self, block: Block) -> None:
        if block.hunk is not None:
            self._sync([block.hunk.id])

    def _sync(self, hunks: Iterable[HunkId]) -> None:
        sections: dict[str, None] = {}
        for hid in hunks:
            hunk = self._state.hunks.get(hid)
            if hunk is None:
                continue
            sections[hunk.path] = None
            if self._is_shown(hunk):
                block = self._by_id.get(hid) or self._add(hunk)
                self._fill(block, hunk)
            elif hid in self._by_id:
                self._remove(hid)
        for path in sections:
            self._head(path)

    def _is_shown(self, hunk: HunkState) -> bool:
        if hunk.committed or self._state.standing((hunk.id,)) != [hunk.id]:
            return False
        return hunk.turn >= self._last_turn or hunk.status not in _GONE_LATER

    def _add(self, hunk: HunkState) -> Block:
        section = self._by_path.get(hunk.path)
        if section is None:
            section = Section(Block(hunk.path, is_file=True))
            self._by_path[hunk.path] = section
            self.sections.append(section)
        block = self._by_id[hunk.id] = Block(hunk.path, hunk=hunk)
        turn = self._state.turns.get(hunk.turn)
        refined = self._by_id.get(HunkId(turn.refines)) if turn and turn.refines else None
        if (before := _relative(section, hunk)) is not None:
            section.cards.insert(before, block)
        elif refined in section.cards:
            section.cards.insert(section.cards.index(refined) + 1, block)
        else:
            section.cards.insert(_end_of_placed(section), block)
        self.shift(block)
        return block

    def _remove(self, hid: HunkId) -> None:
        block = self._by_id.pop(hid)
        section = self._by_path[block.path]
        section.cards.remove(block)
        if not section.cards:
            self.sections.remove(section)
            del self._by_path[block.path]
        self.reorder()

    def _fill(self, block: Block, hunk: HunkState) -> None:
        """Make rows, tone and head of a block say what the hunk says."""
        block.hunk = hunk
        if hunk.turn < self._last_turn and is_settled(hunk):
            self._replace(block, ("settled",), ())
        elif hunk.place is not None:
            noted = hunk.risk or hunk.message or (hunk.met and hunk.met.message)
            key = (hunk.place, block.context, hunk.message, hunk.met, self._width if noted else 0)
            if block.made_of != key:
                rows = broken(rows_of(hunk, self._state, context=block.context), self._width)
                self._replace(block, key, rows)
                self.widen(block)
        elif hunk.status is Status.UNPLACED:
            missing = (hunk.why, block.chosen, self._width)
            if block.made_of != missing:
                rows = broken(rows_of(hunk, self._state, chosen=block.chosen), self._width)
                self._replace(block, missing, rows)
                block.written = (len(hunk.lines), *_signs(sign for sign, _ in hunk.lines))
                self._to_end(block)
        else:
            self._grow(block, hunk)
        tone = _TONES.get(hunk.status, "")
        if tone != block.tone:
            block.tone = tone
            self.touch_all(block)
        _, added, removed = block.written
        if hunk.place is not None:
            added, removed = hunk.added, hunk.removed
        head = head_of(hunk, added=added, removed=removed)
        if block.head is None:
            block.head = head
            self.shift(block)
        elif block.head != head:
            block.head = head
            self.touch(block)

    def _grow(self, block: Block, hunk: HunkState) -> None:
        """Append the lines that came, and draw the unfinished one anew."""
        count, added, removed = block.written
        new = written_rows(hunk, count)
        typing = Row(hunk.typing[0], None, None, hunk.typing[1]) if hunk.typing else None
        if not new and typing == block.typing:
            return
        first = block.above + len(block.rows)
        same_height = not new and typing is not None and block.typing is not None
        block.strips.pop(first, None)
        rows = block.rows if isinstance(block.rows, list) else list(block.rows)
        rows.extend(new)
        block.rows, block.typing = rows, typing
        plus, minus = _signs(sign for sign, _ in hunk.lines[count:])
        block.written = (count + len(new), added + plus, removed + minus)
        if same_height:
            self.touch(block, first)
        else:
            self.shift(block, first)

    def _replace(self, block: Block, key: tuple[object, ...], rows: Sequence[Row | Note]) -> None:
        if block.made_of == key:
            return
        block.made_of = key
        block.rows = rows
        block.typing = None
        block.states.clear()
        block.forget()
        self.shift(block)

    def _to_end(self, block: Block) -> None:
        """Hunks without a place stand behind the others of their file."""
        cards = self._by_path[block.path].cards
        if cards[-1] is not block:
            cards.remove(block)
            cards.append(block)
            self.reorder()

    def _head(self, path: str) -> None:
        section = self._by_path.get(path)
        if section is None:
            return
        head = file_head(path, (card.hunk for card in section.cards if card.hunk is not None))
        if section.head.head is None:
            section.head.head = head
            self.shift(section.head)
        elif section.head.head != head:
            section.head.head = head
            self.touch(section.head)


def _signs(signs: Iterable[str]) -> tuple[int, int]:
    """How many are "+", how many "-"."""
    counted = Counter(signs)
    return counted["+"], counted["-"]


def _end_of_placed(section: Section) -> int:
    """Where a new card goes: before those without a place."""
    at = len(section.cards)
    while at and (hunk := section.cards[at - 1].hunk) and hunk.status is Status.UNPLACED:
        at -= 1
    return at


def _relative(section: Section, hunk: HunkState) -> int | None:
    """Where the hunk's whole stands, or the first of its parts: it takes their place."""
    for at, card in enumerate(section.cards):
        other = card.hunk
        if other is not None and (other.id == hunk.whole or other.whole == hunk.id):
            return at
    return None


def _in_order(state: SessionState) -> list[HunkId]:
    """Hunks in order of appearance, parts in the place of their whole."""
    parts: dict[HunkId, list[HunkId]] = {}
    for hunk in state.hunks.values():
        if hunk.whole is not None:
            parts.setdefault(hunk.whole, []).append(hunk.id)
    found: list[HunkId] = []
    work = [hunk.id for hunk in reversed(state.hunks.values()) if hunk.whole is None]
    while work:
        found.append(work.pop())
        work += reversed(parts.get(found[-1], ()))
    return found
