"""What Enter would send, one chip for each part, with its cost; above the prompt.

The rule kept here: nothing goes out that was not shown here before. What the chips are comes from
`Session.plan`; dropping and confirming is the prompt's key and the screen's word to the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from spark_tui.text import one_line

if TYPE_CHECKING:
    from spark_tui.session.session import Chip, Plan

MOST_ROWS = 5


class Chips(Widget, can_focus=False):
    """One row for each file, the last row for the sum."""

    def __init__(self, *, id: str = "chips") -> None:
        super().__init__(id=id)
        self._plan: Plan | None = None

    def on_mount(self) -> None:
        self.display = False

    @property
    def plan(self) -> Plan | None:
        """What is shown."""
        return self._plan

    def droppable(self) -> str:
        """The path of the chip that Backspace would drop, "" when there is none."""
        plan = self._plan
        if plan is None:
            return ""
        for chip in reversed((*plan.files, *plan.blocked)):
            if chip.path and chip.reason != "instructions":  # the project's own go out always
                return chip.path
        return ""

    def show(self, plan: Plan | None) -> None:
        """Show this plan; None or one without files hides the row."""
        has_files = plan is not None and bool(plan.files or plan.blocked)
        self._plan = plan
        self.display = has_files
        if has_files and plan is not None:
            rows = min(MOST_ROWS, len(plan.files) + len(plan.blocked)) + 1
            if self.styles.height is None or self.styles.height.value != rows:
                self.styles.height = rows
        self.refresh()

    def render(self) -> Content:
        plan, width = self._plan, self.content_size.width
        if plan is None:
            return Content("")
        chips = [(chip, False) for chip in plan.files] + [(chip, True) for chip in plan.blocked]
        left_out = max(0, len(chips) - MOST_ROWS)
        lines = [_line(chip, width, blocked=blocked) for chip, blocked in chips[left_out:]]
        more = f"{left_out} more · " if left_out else ""
        total = f"{more}{tokens(plan.tokens)} of {tokens(plan.window).lstrip('~')} tokens"
        if not plan.fits:
            total = f"{total}: does not fit, Ctrl+F"
        lines.append(Content(total[:width]).stylize("dim" if plan.fits else "$error"))
        return Content("\n").join(lines)


def _line(chip: Chip, width: int, *, blocked: bool) -> Content:
    cost = "needs yes: Ctrl+O" if blocked else f"{tokens(chip.tokens)} {one_line(chip.reason)}"
    note = f"{one_line(chip.note)}, " if blocked and chip.note else ""
    path = one_line(chip.path)
    if len(path) + len(note) + len(cost) + 4 > width:
        note = ""
    room = max(4, width - len(note) - len(cost) - 4)
    if len(path) > room:
        path = "…" + path[len(path) - room + 1 :]
    mark = ("! ", "$warning") if blocked else ("+ ", "$success")
    return Content.assemble(mark, path, "  ", (note + cost, "$warning" if blocked else "dim"))


def tokens(count: int) -> str:
    """An estimate as a person reads it.

    >>> tokens(812), tokens(4300), tokens(128000)
    ('~812', '~4.3k', '~128k')
    """
    if count < 1000:
        return f"~{count}"
    if count < 10_000:
        return f"~{count / 1000:.1f}k"
    return f"~{round(count / 1000)}k"
