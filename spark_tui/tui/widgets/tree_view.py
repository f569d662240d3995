"""A tree of paths drawn line by line: a hundred thousand files cost what the open folders cost.

The rule kept here: a folder's content is looked up when it is opened, in the sorted list of all
paths; nothing is made for what is not shown. Names are data and pass `one_line` when drawn. Which
files there are and what happens to a chosen one is panes/files.py's business.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from spark_tui.session.state import Counts
from spark_tui.text import one_line
from spark_tui.tui.themes import Looks
from spark_tui.tui.widgets.line_view import LineView

_MOST_HITS = 1_000
_KEPT_STRIPS = 5_000
_NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class Node:
    """One row: a file, or a folder that is open or closed."""

    path: str
    """Without a slash at the end."""
    name: str
    depth: int
    is_folder: bool = False
    is_open: bool = False


class Paths:
    """All paths, sorted, and what is in a folder."""

    def __init__(self, files: Iterable[str] = ()) -> None:
        self._files = sorted(files)
        self._lower: list[str] = []

    def __len__(self) -> int:
        return len(self._files)

    def inside(self, folder: str, depth: int) -> list[Node]:
        """Folders first, then files. Costs the number of entries, not of files below them."""
        files, prefix = self._files, f"{folder}/" if folder else ""
        folders: list[Node] = []
        plain: list[Node] = []
        at, end = self._range(folder)
        while at < end:
            rest = files[at][len(prefix) :]
            name, slash, _ = rest.partition("/")
            if slash:
                folders.append(Node(prefix + name, name, depth, is_folder=True))
                at = bisect_left(files, f"{prefix}{name}0", at, end)  # "0" follows "/"
            else:
                plain.append(Node(prefix + name, name, depth))
                at += 1
        return sorted(folders, key=lambda node: node.name) + plain

    def matching(self, words: Sequence[str]) -> list[Node]:
        """Files whose path has all these words in it; the shortest first if they are not many."""
        if not self._lower:
            self._lower = [path.lower() for path in self._files]
        lower = self._lower
        found: Sequence[int] = range(len(self._files))
        for word in words:
            found = [i for i in found if word in lower[i]]
        paths = [self._files[i] for i in found[: 10 * _MOST_HITS]]
        paths.sort(key=len)
        return [Node(path, path, 0) for path in paths[:_MOST_HITS]]

    def _range(self, folder: str) -> tuple[int, int]:
        if not folder:
            return 0, len(self._files)
        return bisect_left(self._files, f"{folder}/"), bisect_left(self._files, f"{folder}0")


class TreeView(LineView):
    """Rows of nodes and a cursor."""

    DEFAULT_CSS = """
    TreeView {
        background: $background;
        color: $foreground;
        height: 1fr;
    }
    """

    class Chosen(Message):
        """A click on a file."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._paths = Paths()
        self._marks: Mapping[str, str] = {}
        self._counts: Mapping[str, Counts] = {}
        self._inner: dict[str, Counts] = {}
        """Sums of counts below each folder."""
        self._changed_below: set[str] = set()
        self._open: set[str] = set()
        self._query: tuple[str, ...] | None = None
        self._shown: list[Node] = []
        self._cursor = 0
        self._has_focus = False
        self._words = "Reading the files …"
        self._looks: Looks | None = None
        self._strips: dict[tuple[object, ...], Strip] = {}

    # -- what is shown -----------------------------------------------------------
    @property
    def current(self) -> Node | None:
        """The node under the cursor."""
        return self._shown[self._cursor] if self._cursor < len(self._shown) else None

    @property
    def open_folders(self) -> tuple[str, ...]:
        """Folders that stand open, in the tree's order."""
        return tuple(sorted(self._open))

    def put_back(self, folders: Iterable[str], at: str, top: int) -> None:
        """Open these folders, the cursor on this path, this row at the upper edge."""
        self._open.update(folders)
        self._renew()
        if at and any(node.path == at for node in self._shown):
            self.select(at)
        self.move_to(top)

    def show_files(self, files: Iterable[str], marks: Mapping[str, str]) -> None:
        """All paths there are, and git's two letters for those that have some."""
        self._paths = Paths(files)
        self._words = "No files here yet."
        self._marks = marks
        self._changed_below = {folder for path in marks for folder in _above(path)}
        self._renew()

    def show_counts(self, counts: Mapping[str, Counts]) -> None:
        """Hunks by path; only rows whose counts differ are painted."""
        before, inner = self._counts, self._inner
        self._counts = counts
        self._inner = _sums(counts)
        for y in self._in_view():
            path = self._shown[y].path
            if before.get(path) != counts.get(path) or inner.get(path) != self._inner.get(path):
                self.changed(y)

    def reveal(self, path: str) -> None:
        """Open the folders above a path; what is in view stays where it is."""
        missing = [folder for folder in _above(path) if folder not in self._open]
        if missing:
            self._open.update(missing)
            self._renew()

    def find(self, query: str | None) -> None:
        """Show only files with these words in their path; None shows the tree again."""
        before = self.current
        self._query = None if query is None else tuple(query.lower().split())
        if self._query is None and before is not None:
            self._open.update(_above(before.path))
        self._renew(to_top=self._query is not None)

    # -- the cursor --------------------------------------------------------------
    def move(self, delta: int) -> None:
        """So many rows down; negative is up."""
        self._put(self._cursor + delta)

    def select(self, path: str) -> bool:
        """Put the cursor on a path, opening folders. False if there is no such path."""
        self.reveal(path)
        for y, node in enumerate(self._shown):
            if node.path == path:
                self._put(y)
                return True
        return False

    def open_folder(self) -> None:
        """Open the folder; on an open one go to its first entry."""
        node = self.current
        if node is None or not node.is_folder:
            return
        if node.is_open:
            self.move(1)
        else:
            self.toggle()

    def close_folder(self) -> None:
        """Close the folder; on a file or a closed one go to the folder around it."""
        node = self.current
        if node is None:
            return
        if node.is_folder and node.is_open:
            self.toggle()
            return
        around = node.path.rpartition("/")[0]
        if around and self._query is None:
            self.select(around)

    def toggle(self) -> None:
        """Open or close the folder under the cursor."""
        node = self.current
        if node is None or not node.is_folder:
            return
        self._open.symmetric_difference_update((node.path,))
        self._renew()

    def set_focus_look(self, has_focus: bool) -> None:
        """The pane around has the focus, or lost it."""
        self._has_focus = has_focus
        self.changed(self._cursor)

    # -- drawing ---------------------------------------------------------------------
    def line_count(self) -> int:
        return max(1, len(self._shown))

    def line(self, y: int, width: int) -> Strip:
        if not self._shown:
            words = self._words if self._query is None else "No file has these words in its path."
            return Strip([Segment(f" {words}", self._look().diff["muted"])])
        node = self._shown[y]
        counts = self._counts.get(node.path, _NO_COUNTS)
        if node.is_folder and not node.is_open:
            counts = self._inner.get(node.path, _NO_COUNTS)
        mark = self._marks.get(node.path, "")
        if node.is_folder:
            mark = " •" if node.path in self._changed_below and not node.is_open else ""
        at_cursor = y == self._cursor
        key = (node, mark, counts, at_cursor, self._has_focus, width)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) > _KEPT_STRIPS:
                self._strips.clear()
            strip = self._strips[key] = self._paint(node, mark, counts, at_cursor, width)
        return strip

    def forget(self) -> None:
        self._looks = None
        self._strips.clear()

    def on_click(self, event: events.Click) -> None:
        y = event.y + self.top
        if y >= len(self._shown):
            return
        self._put(y)
        node = self._shown[y]
        if node.is_folder:
            self.toggle()
        else:
            self.post_message(self.Chosen(node.path))

    # -- private -----------------------------------------------------------------------
    def _look(self) -> Looks:
        if self._looks is None:
            self._looks = Looks.of(self.app.theme_variables, self.background_colors[1])
        return self._looks

    def _paint(self, node: Node, mark: str, counts: Counts, at_cursor: bool, width: int) -> Strip:
        diff = self._look().diff
        ground = Style()
        if at_cursor:
            ground = diff["current" if self._has_focus else "current-blurred"]
        arrow = ("▾ " if node.is_open else "▸ ") if node.is_folder else "  "
        indent = " " * (node.depth * (1 if width < 32 else 2))
        name = one_line(node.name) + ("/" if node.is_folder else "")

        def over(style: Style) -> Style:
            """On a reversed ground nothing has a colour of its own."""
            return ground if ground.reverse else ground + style

        tail = [(text, over(diff[look])) for text, look in _count_pieces(counts)]
        tail_cells = sum(len(text) for text, _ in tail)
        look = diff["folder"] if node.is_folder else Style()
        staged, unstaged = mark[:1] or " ", mark[1:2] or " "
        head = [
            ("▌" if at_cursor else " ", over(diff["bar"])),
            (staged, over(diff["accepted"])),
            (unstaged, over(diff["conflict"])),
            (f" {indent}{arrow}", over(look)),
        ]
        room = max(0, width - sum(len(text) for text, _ in head) - tail_cells)
        middle = Strip([Segment(name, over(look))])
        missing = middle.cell_length - room
        if missing > 0 and room > 0:
            cut = Segment("…", over(diff["muted"]))
            if "/" in node.name:  # a whole path: its end says more than its beginning
                middle = Strip([cut, *middle.crop(missing + 1)])
            else:
                middle = Strip([*middle.crop(0, room - 1), cut])
        segments = [Segment(text, style) for text, style in head]
        segments += middle.adjust_cell_length(room, ground)
        segments += [Segment(text, style) for text, style in tail]
        return Strip(segments).adjust_cell_length(width, ground)

    def _put(self, y: int) -> None:
        y = max(0, min(y, len(self._shown) - 1))
        before, self._cursor = self._cursor, y
        self.changed(before)
        self.changed(y)
        self.show_row(y, context=1)

    def _renew(self, *, to_top: bool = False) -> None:
        """Make the rows anew; the cursor stays on its path and its line of the screen."""
        before = self.current
        offset = self._cursor - self.top
        if self._query is not None:
            self._shown = self._paths.matching(self._query)
        else:
            self._shown = []
            self._collect("", 0)
        self._cursor = 0
        if before is not None and not to_top:
            paths = {node.path: y for y, node in enumerate(self._shown)}
            around = [before.path, *reversed(_above(before.path))]
            self._cursor = next((paths[path] for path in around if path in paths), 0)
        self.reflowed(self._cursor - offset if not to_top else 0)

    def _collect(self, folder: str, depth: int) -> None:
        for node in self._paths.inside(folder, depth):
            if node.is_folder and node.path in self._open:
                self._shown.append(Node(node.path, node.name, depth, True, True))
                self._collect(node.path, depth + 1)
            else:
                self._shown.append(node)

    def _in_view(self) -> range:
        return range(self.top, min(len(self._shown), self.top + self.height))


def _above(path: str) -> list[str]:
    """The folders around a path, the outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


def _sums(counts: Mapping[str, Counts]) -> dict[str, Counts]:
    """Counts of everything below each folder."""
    sums: dict[str, Counts] = {}
    for path, one in counts.items():
        for folder in _above(path):
            all_ = sums.get(folder, _NO_COUNTS)
            sums[folder] = Counts(
                all_.open + one.open,
                all_.accepted + one.accepted,
                all_.rejected + one.rejected,
                all_.trouble + one.trouble,
                all_.growing + one.growing,
            )
    return sums


def _count_pieces(counts: Counts) -> list[tuple[str, str]]:
    """Text and theme word of each count that is not zero."""
    return [
        (f" {count}{sign}", look)
        for count, sign, look in (
            (counts.growing, "…", "pending"),
            (counts.open, "●", "open"),
            (counts.accepted, "✓", "accepted"),
            (counts.rejected, "✗", "rejected"),
            (counts.trouble, "!", "conflict"),
        )
        if count
    ]
