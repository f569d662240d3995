"""Every key of the screen, in one table: where it works, what it does, how the help says it.

The rule kept here: a key that is not in this table does nothing of ours. Widgets take their
BINDINGS from `bindings(area)` and implement `action_<name>`; help and palette read the same rows.
What an action does is the business of the widget or screen that has the focus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

Area = Literal["global", "diff", "changes", "files", "chat", "commit", "commit_list", "context",
               "log"]  # fmt: skip

TITLES: dict[Area, str] = {
    "diff": "Diff: decide hunks",
    "changes": "Diff, on a page of your own changes",
    "chat": "Chat: ask",
    "files": "Files",
    "global": "Everywhere",
    "commit": "Commit: the message",
    "commit_list": "Commit: its hunks, and what hooks said (Tab)",
    "context": "What the next request holds",
    "log": "The log",
}
"""Headings of the help, in its order."""


@dataclass(frozen=True, slots=True)
class Key:
    """One row: `keys` do `action` while `area` has the focus."""

    area: Area
    keys: tuple[str, ...]
    """Textual's names; the first is the one the help shows."""
    action: str
    words: str
    shown: str = ""
    """How the help writes the key, where Textual's name is not what a person would say."""
    priority: bool = False
    """Works before the focused widget sees the key."""
    palette: bool = True
    """Offered in the palette too."""

    @property
    def label(self) -> str:
        return self.shown or " ".join(_written(key) for key in self.keys)


_SIGNS = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "question_mark": "?",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "at": "@",
    "slash": "/",
}


def _written(key: str) -> str:
    """A key as a person writes it: ctrl+y -> Ctrl+Y, left_square_bracket -> [."""
    if key in _SIGNS:
        return _SIGNS[key]
    *modifiers, last = key.split("+")
    if not modifiers:
        return last if len(last) == 1 else last.capitalize()
    return "+".join([*(part.capitalize() for part in modifiers), last.capitalize()])


TABLE: tuple[Key, ...] = (
    # -- the diff: as in `git add -p` ------------------------------------------
    Key("diff", ("y",), "accept", "accept this hunk and write it"),
    Key("diff", ("n",), "reject", "reject this hunk"),
    Key("diff", ("s",), "split", "split this hunk into smaller ones"),
    Key("diff", ("e",), "edit", "edit its lines in $VISUAL or $EDITOR"),
    Key("diff", ("V",), "choose_lines", "choose lines: j k, y only these, n without"),
    Key("diff", ("a",), "accept_file", "accept the rest of this file"),
    Key("diff", ("d",), "reject_file", "reject the rest of this file"),
    Key("diff", ("A",), "accept_all", "accept all open hunks"),
    Key("diff", ("right_square_bracket",), "next_hunk", "next hunk"),
    Key("diff", ("left_square_bracket",), "previous_hunk", "previous hunk"),
    Key("diff", ("right_curly_bracket",), "next_file", "next file"),
    Key("diff", ("left_curly_bracket",), "previous_file", "previous file"),
    Key("diff", ("j", "down"), "line_down", "one line down", palette=False),
    Key("diff", ("k", "up"), "line_up", "one line up", palette=False),
    Key("diff", ("pagedown", "space"), "page_down", "one page down", palette=False),
    Key("diff", ("pageup",), "page_up", "one page up", palette=False),
    Key("diff", ("home", "g"), "top", "first line", palette=False),
    Key("diff", ("end", "G"), "bottom", "last line", palette=False),
    Key("diff", ("l", "right"), "scroll_right", "long lines to the left", palette=False),
    Key("diff", ("h", "left"), "scroll_left", "and back", palette=False),
    Key("diff", ("u",), "undo", "take the last decision back"),
    Key("diff", ("U",), "undo_turn", "take a turn or the commit back; files first"),
    Key("diff", ("ctrl+y",), "redo", "do again what was taken back"),
    Key("diff", ("L",), "history", "the log: what was done, back to any entry of it"),
    Key("diff", ("c",), "refine", "say what is wrong with it; it is written anew"),
    Key("diff", ("E",), "escalate", "ask the smart model for this hunk"),
    Key("diff", ("C",), "commit", "commit the accepted hunks"),
    Key("diff", ("z",), "more_context", "more lines around"),
    Key("diff", ("o",), "next_candidate", "next line where an unplaced hunk might go"),
    Key("diff", ("p",), "place", "place it there, or before the cursor's line"),
    Key("diff", ("x",), "copy", "copy the hunk"),
    Key("diff", ("w",), "switch_mode", "next page: proposals, work tree, staged, branch"),
    Key("diff", ("D",), "discard", "discard a change of your own that is not staged"),
    Key("diff", ("enter",), "open", "the file of a change; else back to the prompt", palette=False),
    Key("diff", ("i",), "leave", "back to the prompt", palette=False),
    Key("diff", ("q",), "leave", "leave the diff; open hunks stay open", palette=False),
    # -- the same keys where the diff shows what the person has changed: words only --------
    Key("changes", ("y",), "accept", "stage this hunk; on the staged page: unstage it"),
    Key("changes", ("n",), "reject", "leave it, go to the next"),
    Key("changes", ("a",), "accept_file", "the rest of this file"),
    Key("changes", ("A",), "accept_all", "all of the page"),
    Key("changes", ("s",), "split", "cut this hunk into smaller ones"),
    Key("changes", ("V",), "choose_lines", "choose lines: j k, y only these"),
    Key("changes", ("D",), "discard", "discard this hunk: the file is as the index has it"),
    Key("changes", ("u",), "undo", "take the last stage, unstage or discard back"),
    Key("changes", ("ctrl+y",), "redo", "and do it again"),
    Key("changes", ("C",), "commit", "on the staged page: commit what is staged"),
    Key("changes", ("enter", "o"), "open", "show the file"),
    # -- the files ---------------------------------------------------------------
    Key("files", ("j", "down"), "line_down", "one line down", palette=False),
    Key("files", ("k", "up"), "line_up", "one line up", palette=False),
    Key("files", ("pagedown", "space"), "page_down", "one page down", palette=False),
    Key("files", ("pageup",), "page_up", "one page up", palette=False),
    Key("files", ("home", "g"), "top", "first line", palette=False),
    Key("files", ("end", "G"), "bottom", "last line", palette=False),
    Key("files", ("l", "right"), "expand", "open the folder", palette=False),
    Key("files", ("h", "left"), "collapse", "close the folder", palette=False),
    Key("files", ("enter", "o"), "choose", "show the file, or its hunks", palette=False),
    Key("files", ("at", "m"), "mention", "name the file in the prompt", palette=False),
    Key("files", ("slash",), "filter", "show only matching paths"),
    Key("files", ("i", "q"), "leave", "back to the prompt", palette=False),
    # -- the prompt ----------------------------------------------------------------
    Key("chat", ("enter",), "send", "send; while an answer streams: stop it and steer"),
    Key("chat", ("ctrl+j", "alt+enter", "shift+enter"), "newline", "new line", palette=False),
    Key("chat", ("tab",), "tab", "send after this answer; in an empty prompt: next pane"),
    Key("chat", ("up",), "history_back", "earlier prompts, from the first line", palette=False),
    Key("chat", ("down",), "history_on", "later prompts, from the last line", palette=False),
    Key("chat", ("at",), "mention", "name a file", palette=False),
    Key("chat", ("backspace",), "drop_chip", "at the very start: leave the last file out"),
    Key("chat", ("ctrl+o",), "confirm_chip", "send a file that looks secret or is ignored"),
    Key("chat", ("ctrl+c",), "clear", "put the draft aside; Up brings it back", palette=False),
    Key("chat", ("ctrl+g",), "editor", "write the prompt in $VISUAL or $EDITOR"),
    Key("chat", ("pageup",), "scroll_up", "scroll the conversation up", palette=False),
    Key("chat", ("pagedown",), "scroll_down", "scroll the conversation down", palette=False),
    # -- everywhere -------------------------------------------------------------------
    Key("global", ("escape",), "stop", "stop the answer; finished hunks stay"),
    Key("global", ("ctrl+s",), "go_on", "go on: cut answer, queue, last session; take over"),
    Key("global", ("ctrl+n",), "next_pane", "next pane"),
    Key("global", ("tab",), "next_pane", "next pane", palette=False),
    Key("global", ("ctrl+t",), "switch_role", "fast or smart model for the next request"),
    Key("global", ("ctrl+f",), "context", "what the next request holds: keep, leave out"),
    Key("global", ("ctrl+p",), "command_palette", "all commands", palette=False),
    Key("global", ("question_mark", "f1"), "help", "this list; while typing F1 or the palette"),
    Key("global", ("ctrl+r",), "connect", "key, model, demo: the choices of the first start"),
    Key("global", ("f2",), "figures", "figures: how fast, how much, how dear"),
    Key("global", ("ctrl+l",), "redraw", "draw the screen anew"),
    Key("global", ("ctrl+z",), "suspend", "sleep until fg (while typing: undo)", palette=False),
    Key("global", ("ctrl+c",), "quit_hint", "says how to stop and to quit", palette=False),
    Key("global", ("ctrl+q",), "quit", "quit; nothing is lost", priority=True),
    # -- the commit view -----------------------------------------------------------------
    Key("commit", ("enter",), "commit", "commit these hunks", palette=False),
    Key("commit", ("ctrl+j", "alt+enter", "shift+enter"), "newline", "new line", palette=False),
    Key("commit", ("pageup",), "scroll_up", "scroll the hunks up", palette=False),
    Key("commit", ("pagedown",), "scroll_down", "scroll the hunks down", palette=False),
    Key("commit", ("escape",), "leave", "back; nothing is committed", palette=False),
    Key("commit_list", ("space",), "take", "take this hunk or file in, or out", palette=False),
    Key("commit_list", ("a",), "take_all", "take all in, or all out", palette=False),
    Key("commit_list", ("j", "down"), "line_down", "one hunk or finding down", palette=False),
    Key("commit_list", ("k", "up"), "line_up", "one up", palette=False),
    Key("commit_list", ("pagedown",), "page_down", "one page down", palette=False),
    Key("commit_list", ("pageup",), "page_up", "one page up", palette=False),
    Key("commit_list", ("enter",), "choose", "to the finding, or the message", palette=False),
    Key("commit_list", ("m",), "amend", "amend the last commit, or no longer", palette=False),
    Key("commit_list", ("t",), "terminal", "commit in the terminal: hooks may ask", palette=False),
    Key("commit_list", ("o",), "output", "all that hooks said, or the findings", palette=False),
    Key("commit_list", ("r",), "redraft", "have the message written anew", palette=False),
    # -- what the next request holds --------------------------------------------------------
    Key("context", ("j", "down"), "line_down", "one part down", palette=False),
    Key("context", ("k", "up"), "line_up", "one part up", palette=False),
    Key("context", ("pagedown",), "page_down", "one page down", palette=False),
    Key("context", ("pageup",), "page_up", "one page up", palette=False),
    Key("context", ("home", "g"), "top", "first part", palette=False),
    Key("context", ("end", "G"), "bottom", "last part", palette=False),
    Key("context", ("d", "space"), "drop", "leave this part out, or take it back", palette=False),
    Key("context", ("p",), "pin", "keep this part, or no longer", palette=False),
    Key("context", ("a",), "drop_all", "leave out all but the pinned; again: back", palette=False),
    Key("context", ("o",), "order", "the largest first, or as it is sent", palette=False),
    Key("context", ("enter",), "send", "send the prompt, if all of it fits now", palette=False),
    Key("context", ("escape", "q"), "leave", "back; the prompt waits", palette=False),
    # -- the operation log ---------------------------------------------------------------------
    Key("log", ("j", "down"), "line_down", "one entry down", palette=False),
    Key("log", ("k", "up"), "line_up", "one entry up", palette=False),
    Key("log", ("pagedown", "space"), "page_down", "one page down", palette=False),
    Key("log", ("pageup",), "page_up", "one page up", palette=False),
    Key("log", ("home", "g"), "top", "the newest entry", palette=False),
    Key("log", ("end", "G"), "bottom", "the beginning", palette=False),
    Key("log", ("enter",), "show", "what going back to it would change", palette=False),
    Key("log", ("y",), "restore", "go back there, once that was shown", palette=False),
    Key("log", ("w",), "switch_scope", "this session, or all of this work tree", palette=False),
    Key("log", ("escape", "q"), "leave", "back; nothing is restored", palette=False),
)


def bindings(area: Area) -> list[Binding]:
    """What a widget or screen of this area puts into BINDINGS."""
    return [
        Binding(",".join(row.keys), row.action, row.words, show=False, priority=row.priority)
        for row in TABLE
        if row.area == area
    ]


def rows(area: Area) -> tuple[Key, ...]:
    """The lines of the help for this area."""
    return tuple(row for row in TABLE if row.area == area)
