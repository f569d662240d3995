"""Hunks that a person reshaped: parts stand in the place of their whole, the cursor goes along."""

from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult

from spark_tui.edits.changeset import Edit, Placed
from spark_tui.session import events as ev
from spark_tui.session.events import Anchor, Decision, HunkId, HunkPart
from spark_tui.session.state import SessionState
from spark_tui.tui.highlight import Highlighter
from spark_tui.tui.widgets.diff_lines import ChoosingView
from spark_tui.tui.widgets.diff_proposals import Proposals
from tests.support.story import Story, small_hunks

H2, P1, P2, P3 = (HunkId(name) for name in ("t1h2", "t1h2.1", "t1h2.2", "t1h2.3"))


def part(hunk: HunkId, line: int) -> HunkPart:
    return HunkPart(hunk, Placed(line, line + 1, (Edit(line, line + 1, ("x",)),)), 1, 1)


def split(story: Story, whole: HunkId = H2, *parts: HunkId) -> None:
    made = tuple(part(p, 30 + k) for k, p in enumerate(parts or (P1, P2)))
    story.tell(ev.HunkReshaped(whole, "split", made))


def page_of(story: Story) -> Proposals:
    page = Proposals()
    page.fit(80)
    page.load(SessionState())
    page.apply(story.take(), story.state)
    return page


def ids(page: Proposals) -> list[str]:
    return [hunk.id for hunk in page.hunks()]


def test_parts_take_the_place_of_their_whole_and_give_it_back() -> None:
    story = small_hunks(3)
    page = page_of(story)
    split(story)
    page.apply(story.take(), story.state)
    assert ids(page) == ["t1h1", P1, P2, "t1h3"]
    split(story, P1, P3)
    page.apply(story.take(), story.state)
    assert ids(page) == ["t1h1", P3, P2, "t1h3"]
    fresh = Proposals()
    fresh.load(story.state)
    assert ids(fresh) == ids(page)
    story.tell(ev.HunksDecided((P1, P3), Decision.OPEN, "undo"))
    page.apply(story.take(), story.state)
    assert ids(page) == ["t1h1", P1, P2, "t1h3"]
    story.tell(ev.HunksDecided((H2, P1, P2), Decision.OPEN, "undo"))
    page.apply(story.take(), story.state)
    assert ids(page) == ["t1h1", H2, "t1h3"]
    fresh.load(story.state)
    assert ids(fresh) == ids(page)


def test_the_cursor_goes_to_the_first_part_and_back() -> None:
    story = small_hunks(3)
    page = page_of(story)
    card = page.block_of(H2)
    split(story)
    page.apply(story.take(), story.state)
    card = page.cursor_for(card, newest=False)
    assert card is page.block_of(P1)
    split(story, P1, P3)
    page.apply(story.take(), story.state)
    card = page.cursor_for(card, newest=False)
    assert card is page.block_of(P3)
    story.tell(ev.HunksDecided((P1, P3), Decision.OPEN, "undo"))
    story.tell(ev.HunksDecided((H2, P1, P2), Decision.OPEN, "undo"))
    page.apply(story.take(), story.state)
    assert page.cursor_for(card, newest=False) is page.block_of(H2)


class ViewApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.view = ChoosingView(Highlighter(), empty=["nothing yet"])

    def compose(self) -> ComposeResult:
        yield self.view


def test_a_choice_ends_with_its_hunk() -> None:
    async def main() -> None:
        app, story = ViewApp(), small_hunks(3)
        async with app.run_test(size=(80, 24)) as pilot:
            view = app.view
            view.apply(story.take(), story.state)
            await pilot.pause()

            def begin() -> None:
                view.select(H2)
                assert view.begin_choice()
                assert view.choice is not None

            begin()
            view.move_choice(5)
            assert view.choice is not None and list(view.choice.lines) == [0, 1]
            assert view.choice.rest == ()
            assert view.begin_choice() and list(view.choice.lines) == [1]
            view.move_choice(-5)
            assert list(view.choice.lines) == [0, 1]
            story.tell(ev.HunkGrew(HunkId("t1h1"), "+", "more"))
            view.apply(story.take(), story.state)
            assert view.choice is not None, "what happens elsewhere does not matter"
            view.move(1)
            assert view.choice is None
            begin()
            view.more_context()
            assert view.choice is None
            begin()
            now = story.snapshot("src/fetcher.py", "top\n" * 100)
            story.tell(ev.HunksAnchored((Anchor(H2, now.digest, message="changed", end=1),)))
            view.apply(story.take(), story.state)
            assert view.choice is None, "its rows are others"
            begin()
            story.decide(Decision.REJECTED, H2)
            view.apply(story.take(), story.state)
            assert view.choice is None
            assert not view.begin_choice(), "it is not open"

    asyncio.run(main())
