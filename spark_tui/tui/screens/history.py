"""The operation log, and the way back to any entry of it.

The rule kept here: looking changes nothing. Enter shows what a restore would change, files first;
only then `y` does it. Prompts, names and subjects are data and pass `one_line`; every sign is a
word, so it is read without colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

from spark_tui.errors import SparkFault
from spark_tui.text import one_line
from spark_tui.tui import keys
from spark_tui.tui.compositor import TightCompositor
from spark_tui.tui.panes.chat import counted
from spark_tui.tui.screens.sessions import when
from spark_tui.tui.themes import Looks
from spark_tui.tui.widgets.hint import Hint
from spark_tui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from spark_tui.session.history import Log, Operation
    from spark_tui.session.restore_plan import Restored, RestorePlan
    from spark_tui.session.session import Session

_LIST_KEYS = "Enter what a restore changes · w {scope} · j k move · Esc leaves"
_PLAN_KEYS = "y go back there · j k scroll · Esc the log"
_NOTHING_KEYS = "Esc the log"
_SCOPES = ("all sessions", "this session")
BEGINNING = "o0  the beginning"


class EntryList(LineView):
    """One row an entry, and the beginning below them."""

    def __init__(self) -> None:
        super().__init__(id="entries")
        self._texts: tuple[str, ...] = ()
        self.cursor = 0
        self._looks: Looks | None = None
        self._strips: dict[tuple[int, bool], Strip] = {}

    def show(self, rows: Sequence[str]) -> None:
        before, self._texts = self.line_count(), tuple(rows)
        self.cursor = min(self.cursor, max(0, len(self._texts) - 1))
        self._strips.clear()
        self.grew(0, before)

    def move(self, delta: int) -> None:
        """So many entries down; negative is up."""
        before = self.cursor
        self.cursor = max(0, min(before + delta, len(self._texts) - 1))
        for at in (before, self.cursor):
            self.changed(at, 1)
        self.show_row(self.cursor, context=0)

    def line_count(self) -> int:
        return max(1, len(self._texts))

    def line(self, y: int, width: int) -> Strip:
        if y >= len(self._texts):
            return Strip([Segment(" reading the journal")])
        key = (y, y == self.cursor)
        if key not in self._strips:
            self._strips[key] = self._paint(self._texts[y], width, at_cursor=key[1])
        return self._strips[key]

    def forget(self) -> None:
        self._looks = None
        self._strips.clear()

    def on_click(self, event: events.Click) -> None:
        self.move(event.y + self.top - self.cursor)

    def _paint(self, text: str, width: int, *, at_cursor: bool) -> Strip:
        if self._looks is None:
            self._looks = Looks.of(self.app.theme_variables, self.background_colors[1])
        diff = self._looks.diff
        ground = diff["current"] if at_cursor else Style()
        if cell_len(text) > width - 2 > 0:
            text = set_cell_size(text, width - 3) + "…"
        bar = Segment("▌ " if at_cursor else "  ", ground + diff["bar"])
        return Strip([bar, Segment(text, ground)]).adjust_cell_length(width, ground)


def entry_row(operation: Operation, now: float, *, named: bool = False) -> str:
    """o4  today 13:31  accepted t1h1 · calc.py · "swap both" · taken back by o5."""
    name = operation.full_name if named else operation.name
    hunks = operation.hunks
    shown = ", ".join(hunks) if len(hunks) <= 3 else counted(len(hunks), "hunk")
    parts = [f"{operation.words} {shown}".strip().removesuffix(":")]
    if operation.taken_back_by:
        parts.append(f"taken back by o{operation.taken_back_by}")
    paths = [one_line(path) for path in operation.paths]
    if paths:
        parts.append(", ".join(paths) if len(paths) <= 2 else counted(len(paths), "file"))
    if operation.commit:
        parts.append(f"{operation.commit[:9]} {one_line(operation.subject)}".strip())
    parts += [f'"{one_line(a.prompt)}"' for a in operation.asked[:1] if a.prompt]
    return f"{name}  {when(operation.at, now)}  {' · '.join(parts)}"


def plan_page(plan: RestorePlan, name: str) -> Content:
    """What a restore would change: files first, then what it leaves alone, then hunks."""
    where = f"right after {name}" if plan.to else "in the beginning"
    lines = [Content.assemble((f"Back to how it was {where}?", "bold")), Content("")]
    changing = [file for file in plan.files if file.change]
    for file in changing:
        sign = f"+{file.added} -{file.removed}"
        lines.append(Content(f"  {file.change:<7} {one_line(file.path)}  {sign}"))
    for path in plan.index.back:
        lines.append(Content(f"  index   {one_line(path)}"))
    left = [file.clash for file in plan.clashes] + list(plan.index.left)
    if left:
        lines += [Content(""), Content.assemble(("Left alone:", "bold"))]
        lines += [Content(f"  {one_line(why)}") for why in left]
    if plan.hunks:
        lines += [Content(""), Content(f"{counted(len(plan.hunks), 'hunk')} stand as then:")]
        lines += [Content(f"  {row.hunk} {row.status}") for row in plan.hunks]
    if plan.commits:
        made = ", ".join(commit[:9] for commit in plan.commits)
        lines += [Content(""), Content(f"Commits stay: {made} (U takes one back)")]
    if plan.notes:
        lines += [Content(""), Content("Cannot be taken back:")]
        lines += [Content(f"  {one_line(note)}") for note in plan.notes]
    if plan.does_nothing:
        lines.append(Content("Nothing differs: all of it is as it was."))
    else:
        kept = "Your own later edits in these files are kept. Undo (u) takes the restore back."
        lines += [Content(""), Content.assemble((kept, "dim"))]
    return Content("\n").join(lines)


class HistoryScreen(Screen["Restored"]):
    """Dismissed with what was restored, None where nothing was."""

    CSS = """
    HistoryScreen { layout: vertical; background: $background; }
    HistoryScreen #title { height: 1; padding: 0 1; background: $panel; text-style: bold; }
    HistoryScreen #entries { height: 1fr; }
    HistoryScreen #plan { height: 1fr; padding: 0 1; background: $background; display: none; }
    HistoryScreen.-plan #plan { display: block; }
    HistoryScreen.-plan #entries { display: none; }
    HistoryScreen #page { height: auto; }
    HistoryScreen #hint { height: 1; padding: 0 1; color: $text-muted; }
    HistoryScreen #hint.-warning { color: $warning; height: auto; max-height: 4; }
    HistoryScreen #hint.-error { color: $error; height: auto; max-height: 4; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("log")]

    def __init__(self, session: Session, *, now: float) -> None:
        super().__init__()
        self._compositor = TightCompositor()
        self._session = session
        self._now = now
        self._is_wide = False
        """All sessions are shown."""
        self._shown: tuple[Operation, ...] = ()
        self._plan: RestorePlan | None = None
        self._is_restoring = False
        self._title = Static("", id="title", markup=False)
        self._list = EntryList()
        self._page = Static("", id="page", markup=False)
        self._scroll = VerticalScroll(self._page, id="plan", can_focus=False)
        self._hint = Hint()

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._list
        yield self._scroll
        yield self._hint

    def on_mount(self) -> None:
        self._rest()
        self._read()

    # -- what is shown -----------------------------------------------------------------
    @work(group="history", exclusive=True)
    async def _read(self) -> None:
        log: Log = await self._session.history.operations(every=self._is_wide)
        self._shown = log.operations
        rows = [entry_row(o, self._now, named=self._is_wide) for o in log.operations]
        self._list.show(rows if self._is_wide else [*rows, BEGINNING])
        scope = _SCOPES[not self._is_wide]
        count = "1 entry" if len(rows) == 1 else f"{len(rows)} entries"
        self._title.update(f"Log of {scope} · {count}")
        if log.left_out:
            left = "; ".join(one_line(why) for why in log.left_out)
            self._hint.say(f"left out: session {left}", level="warning")

    def _rest(self) -> None:
        plan = self._plan
        if plan is None:
            self._hint.rest(_LIST_KEYS.format(scope=_SCOPES[self._is_wide]))
        else:
            self._hint.rest(_NOTHING_KEYS if plan.does_nothing else _PLAN_KEYS)

    @property
    def _chosen(self) -> int | None:
        """The entry under the cursor; None where it is of another session."""
        at = self._list.cursor
        if at >= len(self._shown):
            return 0
        entry = self._shown[at]
        return entry.op if entry.session == self._session.state.session else None

    # -- keys ----------------------------------------------------------------------------
    def action_line_down(self) -> None:
        self._step(1)

    def action_line_up(self) -> None:
        self._step(-1)

    def action_page_down(self) -> None:
        self._step(max(1, self._list.height - 1), pages=1)

    def action_page_up(self) -> None:
        self._step(-max(1, self._list.height - 1), pages=-1)

    def action_top(self) -> None:
        self._step(-len(self._shown) - 1, pages=-9999)

    def action_bottom(self) -> None:
        self._step(len(self._shown) + 1, pages=9999)

    def _step(self, entries: int, *, pages: int = 0) -> None:
        if self._plan is None:
            self._list.move(entries)
        elif pages:
            self._scroll.scroll_relative(y=pages * self._scroll.size.height, animate=False)
        else:
            self._scroll.scroll_relative(y=entries, animate=False)

    def action_switch_scope(self) -> None:
        """This session, or every one of this work tree."""
        if self._plan is None:
            self._is_wide = not self._is_wide
            self._hint.say("")
            self._rest()
            self._read()

    def action_show(self) -> None:
        """What going back to this entry would change."""
        if self._plan is None:
            self._look()

    @work(group="history", exclusive=True)
    async def _look(self) -> None:
        from spark_tui.session.since import Moment

        op = self._chosen
        if op is None:
            name = self._shown[self._list.cursor].full_name
            self._hint.say(f"of another session: spark-tui restore {name}", level="warning")
            return
        try:
            plan = await self._session.restoring.preview(Moment(after=op))
        except SparkFault as fault:
            self._hint.say(f"{fault.message} {fault.hint}".strip(), level="error")
            return
        self._plan = plan
        self._page.update(plan_page(plan, f"o{op}"))
        self.add_class("-plan")
        self._scroll.scroll_home(animate=False)
        self._hint.say("")
        self._rest()

    def action_restore(self) -> None:
        """Do what is shown; without anything shown, show it first."""
        if self._plan is None:
            self._look()
        elif not self._plan.does_nothing and not self._is_restoring:
            self._is_restoring = True
            self._restore(self._plan.to)

    @work(group="restore")
    async def _restore(self, op: int) -> None:
        from spark_tui.session.since import Moment

        try:
            done: Restored = await self._session.restoring.restore(Moment(after=op))
        except SparkFault as fault:
            self._hint.say(f"{fault.message} {fault.hint}".strip(), level="error")
        else:
            self.dismiss(done)
        finally:
            self._is_restoring = False

    def action_leave(self) -> None:
        if self._is_restoring:
            return
        if self._plan is None:
            self.dismiss(None)
            return
        self._plan = None
        self.remove_class("-plan")
        self._hint.say("")
        self._rest()
