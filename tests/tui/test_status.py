"""The status line and the chips: what is said, and what is left out first."""

from __future__ import annotations

from spark_tui.session import events as ev
from spark_tui.session.context import Chip, Plan
from spark_tui.session.meter import Meter
from spark_tui.session.state import SessionState
from spark_tui.tui.widgets.chips import Chips
from spark_tui.tui.widgets.status import Item, assemble, fields


def ready_state() -> SessionState:
    state = SessionState()
    state.apply(ev.RepositoryLooked("main", True, ("a.py",), ()))
    state.apply(ev.EndpointChanged("https://api.example.org/v1", True, "api.example.org"))
    state.apply(ev.RoleSwitched("fast", "spark"))
    return state


def plain(state: SessionState, meter: Meter, width: int = 200) -> str:
    return assemble(fields(state, meter), width).plain


def test_it_says_branch_model_and_connection() -> None:
    meter = Meter()
    meter.window = 128_000
    text = plain(ready_state(), meter)
    assert text == "main · fast: spark · api.example.org · ~0/128k"


def test_a_scripted_model_is_named_as_such() -> None:
    state = ready_state()
    state.apply(ev.EndpointChanged("http://127.0.0.1/v1", True, "demo: scripted model"))
    assert "scripted model" in plain(state, Meter())


def test_no_key_and_no_git_are_said() -> None:
    state = SessionState()
    state.apply(ev.EndpointChanged("https://api.example.org/v1", False, "no key"))
    assert plain(state, Meter()) == "no git · fast · no key"


def test_hostile_names_are_inert() -> None:
    state = ready_state()
    state.apply(ev.RepositoryLooked("ma\x1b[2Jin\n", True, (), ()))
    assert "\x1b" not in plain(state, Meter())


def test_the_least_urgent_field_goes_first_and_whole() -> None:
    items = (Item("branch", 2), Item("model", 3), Item("3 open", 0))
    assert assemble(items, 40).plain == "branch · model · 3 open"
    assert assemble(items, 20).plain == "branch · 3 open"
    assert assemble(items, 8).plain == "3 open"


def test_the_last_chip_that_can_be_left_out_is_dropped_first() -> None:
    chips = Chips()
    named = (Chip("a.py", 10, "found"), Chip("b.py", 10, "found"))
    chips.show(Plan("fix", (*named, Chip("AGENTS.md", 90, "instructions"))))
    assert chips.droppable() == "b.py"
    chips.show(Plan("fix", (Chip("AGENTS.md", 90, "instructions"),)))
    assert chips.droppable() == ""
