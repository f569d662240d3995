"""DiffView: what it shows of a session, and that nothing moves under the eye."""

from __future__ import annotations

import re

from spark_tui.edits.changeset import Edit, Kind, Unplaced
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId
from tests.support.diff_look import Look, see
from tests.support.story import Story, review_scene, small_hunks


def test_empty_view_says_what_will_be_here() -> None:
    async def body(look: Look) -> None:
        assert "nothing yet" in look.text()

    see(body)


def test_each_status_has_its_sign() -> None:
    async def body(look: Look) -> None:
        look.follow(review_scene())
        heads = [line for line in look.lines() if re.search(r"t1h\d", line)]
        assert [head[1] for head in heads] == ["●", "●", "⊘", "…"]
        story = small_hunks(4)
        story.decide(Decision.ACCEPTED, "t1h1")
        story.decide(Decision.REJECTED, "t1h2")
        story.tell(ev.HunksConflicted((HunkId("t1h3"),), "the disk has other text"))
        story.tell(ev.HunkSuperseded(HunkId("t1h4"), HunkId("t2h1")))
        look.view.load(story.state)
        look.view.move_to(0)
        heads = [line for line in look.lines() if re.search(r"t1h\d", line)]
        assert [head[1] for head in heads] == ["✓", "✗", "!", "↺"]
        assert "the disk has other text" in look.text()
        assert "superseded by t2h1" in look.text()

    see(body, height=60)


def test_sign_then_one_blank_then_code() -> None:
    async def body(look: Look) -> None:
        look.follow(review_scene())
        text = look.text()
        assert re.search(r"[-+] *\d* +    return token == expected\n", text)
        assert re.search(r"^  23 -     return token == expected$", text, re.M)
        assert re.search(r"^  23 \+     return token == expected\.strip\(\)$", text, re.M)
        assert re.search(r"^     \+ def test_retries", text, re.M)

    see(body, height=50)


def test_growth_appends_rows_and_keeps_strips() -> None:
    async def body(look: Look) -> None:
        story = Story()
        story.turn()
        story.open("t1h1", "a.py")
        story.grow("t1h1", "+one", "+two")
        story.tell(ev.HunkTyping(HunkId("t1h1"), "+", "thr"))
        look.follow(story)
        before = look.strips()
        assert look.lines()[4] == "▌    + thr"
        story.grow("t1h1", "+three", "+four")
        look.follow(story)
        after = look.strips()
        assert look.lines()[2:6] == ["▌    + one", "▌    + two", "▌    + three", "▌    + four"]
        assert before[2] is after[2]
        assert before[3] is after[3]

    see(body)


def test_open_line_is_replaced_not_added() -> None:
    async def body(look: Look) -> None:
        story = Story()
        story.turn()
        hid = story.open("t1h1", "a.py")
        for text in ("d", "de", "def"):
            story.tell(ev.HunkTyping(hid, "+", text))
            look.follow(story)
        assert look.lines()[2].endswith("+ def")
        assert look.view.line_count() == 3

    see(body)


def test_placed_rows_replace_written_ones_in_place() -> None:
    async def body(look: Look) -> None:
        story = Story()
        base = story.snapshot("a.py", "".join(f"line {i}\n" for i in range(30)))
        story.turn()
        story.open("t1h1", "a.py")
        story.grow("t1h1", "-line 10", "+new")
        look.follow(story)
        assert "11 - line 10" not in look.text()
        story.place("t1h1", base, Edit(10, 11, ("new",)))
        look.follow(story)
        assert look.lines()[1].startswith("▌● t1h1")
        assert "  11 - line 10" in look.text().replace("▌", " ")
        assert "   8   line 7" in look.text().replace("▌", " ")

    see(body)


def test_what_grows_above_does_not_move_the_view() -> None:
    async def body(look: Look) -> None:
        story = small_hunks(10)
        look.follow(story)
        look.view.select(HunkId("t1h7"))
        story.tell(ev.HunksConflicted((HunkId("t1h1"),), "something else is there"))
        before, top = look.lines(), look.view.top
        look.follow(story)
        assert look.view.top == top + 1
        assert look.lines() == before

    see(body)


def test_growth_below_does_not_move_the_view_of_a_person_who_reads() -> None:
    async def body(look: Look) -> None:
        story = small_hunks(10)
        look.follow(story)
        look.view.select(HunkId("t1h3"))
        before, top = look.lines(), look.view.top
        story.open("t1h11", "new.py", Kind.ADD)
        story.grow("t1h11", *(f"+{i}" for i in range(100)))
        look.follow(story)
        assert (look.lines(), look.view.top) == (before, top)
        assert look.view.current == "t1h3"

    see(body)


def test_growth_is_followed_while_nobody_touches_the_view() -> None:
    async def body(look: Look) -> None:
        story = Story()
        story.turn()
        story.open("t1h1", "a.py", Kind.ADD)
        look.follow(story)
        for i in range(100):
            story.grow("t1h1", f"+line {i}")
            look.follow(story)
        assert look.lines()[-1].endswith("+ line 99")
        for text in ("o", "on", "one"):
            story.tell(ev.HunkTyping(HunkId("t1h1"), "+", text))
            look.follow(story)
            assert look.lines()[-1].endswith(f"+ {text}")
            assert look.lines()[-2].endswith("+ line 99")
        look.view.scroll_rows(-50)
        top = look.view.top
        story.grow("t1h1", "+unseen")
        look.follow(story)
        assert look.view.top == top

    see(body)


def test_unplaced_hunks_stand_last_in_their_file() -> None:
    async def body(look: Look) -> None:
        story = small_hunks(3)
        lost = story.open("t1h4")
        story.tell(ev.HunkUnplaced(lost, None, Unplaced("not_found", "no such lines")))
        base = next(iter(story.state.snapshots.values()))
        story.open("t1h5")
        story.place("t1h5", base, Edit(5, 6, ("five",)))
        look.follow(story)
        assert [hunk.id for hunk in look.view.hunks()] == ["t1h1", "t1h2", "t1h3", "t1h5", "t1h4"]

    see(body)


def test_a_later_unplaced_hunk_moves_behind_the_others() -> None:
    async def body(look: Look) -> None:
        story = small_hunks(1)
        first = story.open("t1h2")
        story.open("t1h3")
        look.follow(story)
        assert [hunk.id for hunk in look.view.hunks()] == ["t1h1", "t1h2", "t1h3"]
        story.tell(ev.HunkUnplaced(first, None, Unplaced("not_found", "no such lines")))
        look.follow(story)
        assert [hunk.id for hunk in look.view.hunks()] == ["t1h1", "t1h3", "t1h2"]

    see(body)


def test_candidates_are_listed_and_chosen() -> None:
    async def body(look: Look) -> None:
        look.follow(review_scene())
        look.view.select(HunkId("t1h3"))
        assert look.view.candidate == 12
        assert "▸ perhaps line 13: def fetch(self, url):" in look.text()
        assert look.view.next_candidate() == 18
        assert "▸ perhaps line 19: return None" in look.text()
        assert look.view.next_candidate() == 12

    see(body)


def test_moving_goes_by_hunks_and_by_files() -> None:
    async def body(look: Look) -> None:
        story = review_scene()
        look.follow(story)
        view = look.view
        view.select(HunkId("t1h1"))
        view.move(1)
        assert view.current == "t1h2"
        view.move_file(1)
        assert view.current == "t1h4"
        view.move(1)
        assert view.current == "t1h4"
        view.move_file(-1)
        assert view.current == "t1h1"
        view.move(-1)
        assert view.current == "t1h1"

    see(body)


def test_first_and_next_undecided() -> None:
    async def body(look: Look) -> None:
        story = small_hunks(5)
        story.decide(Decision.ACCEPTED, "t1h1")
        look.follow(story)
        assert look.view.first_undecided() == "t1h2"
        assert look.view.next_undecided(frozenset({HunkId("t1h3")})) == "t1h4"
        assert look.view.next_undecided() == "t1h5"
        assert look.view.next_undecided() == "t1h2"
        story.decide(Decision.REJECTED, "t1h2", "t1h3", "t1h4", "t1h5")
        look.follow(story)
        assert look.view.next_undecided() is None

    see(body)


def test_a_hunk_scrolled_out_of_view_is_not_current() -> None:
    async def body(look: Look) -> None:
        look.follow(small_hunks(20))
        view = look.view
        view.select(HunkId("t1h1"))
        view.scroll_rows(60)
        assert view.current == "t1h7"
        assert look.lines()[0].startswith("▌")
        view.scroll_rows(-200)
        assert view.current == "t1h3"
        assert "▌● t1h3" in look.text()

    see(body)


def test_a_new_turn_folds_what_is_settled_and_drops_what_was_refused() -> None:
    async def body(look: Look) -> None:
        story = small_hunks(4)
        story.decide(Decision.ACCEPTED, "t1h1")
        story.decide(Decision.REJECTED, "t1h2")
        story.end()
        look.follow(story)
        story.turn(2, "and now")
        look.follow(story)
        text = look.text()
        assert "✓ t1h1" in text
        assert "+ row 10" not in text
        assert "t1h2" not in text
        assert "+ row 50" in text

    see(body, height=50)


def test_committed_hunks_leave() -> None:
    async def body(look: Look) -> None:
        story = small_hunks(2)
        story.decide(Decision.ACCEPTED, "t1h1", "t1h2")
        look.follow(story)
        both = (HunkId("t1h1"), HunkId("t1h2"))
        story.tell(ev.Committed("abc123", "Do it", both, ("src/fetcher.py",)))
        look.follow(story)
        assert look.view.hunks() == []
        assert "nothing yet" in look.text()
        assert look.view.current is None

    see(body)


def test_a_refined_hunk_stands_behind_the_one_it_replaces() -> None:
    async def body(look: Look) -> None:
        story = small_hunks(3)
        story.end()
        story.turn(2, "shorter", refines="t1h1")
        story.open("t2h1")
        look.follow(story)
        assert [hunk.id for hunk in look.view.hunks()] == ["t1h1", "t2h1", "t1h2", "t1h3"]

    see(body)


def test_undo_brings_a_hunk_back_as_open() -> None:
    async def body(look: Look) -> None:
        story = small_hunks(1)
        story.decide(Decision.ACCEPTED, "t1h1")
        look.follow(story)
        assert "✓ t1h1" in look.text()
        story.decide(Decision.OPEN, "t1h1")
        look.follow(story)
        assert "● t1h1" in look.text()

    see(body)
