"""A draft or a hunk in the person's own editor: $VISUAL, else $EDITOR.

The rule kept here: the editor is the person's word, split as a shell would and run without one,
on a private file. If anything goes wrong the text stays as it was.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

from textual.app import App, SuspendNotSupported

from spark_tui.session.events import HunkId
from spark_tui.tui.screens.reviewing import Reviewing
from spark_tui.tui.widgets.hint import Hint
from spark_tui.tui.widgets.prompt import Prompt


def edit_outside(app: App[object], prompt: Prompt, hint: Hint) -> None:
    """The prompt's text as it was saved, or a sentence why there is none."""
    text = edited(app, prompt.text, "prompt.md", hint)
    if text is not None:
        readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        prompt.write(readable.rstrip("\n"))


def edit_hunk(app: App[object], reviewing: Reviewing, hunk: HunkId, hint: Hint) -> None:
    """The lines of a hunk as they were saved; an empty file leaves it as it was."""
    text = reviewing.text(hunk)
    if not isinstance(text, str):
        hint.say(f"{hunk}: {text.reason}", level="warning")
        return
    new = edited(app, text, f"hunk{PurePosixPath(reviewing.path(hunk)).suffix}", hint)
    if new is None:
        return
    if new.strip() or not text.strip():
        reviewing.edit(hunk, new)
    else:
        hint.say(f"nothing is left, so {hunk} is as it was; n rejects it")


def edited(app: App[object], text: str, name: str, hint: Hint) -> str | None:
    """What the person saved; None, and it is said why, if the editor did not do its work.

    Bytes that are no text pass through unharmed.
    """
    try:
        words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    except ValueError as error:
        hint.say(f"$VISUAL or $EDITOR cannot be read: {error}", level="warning")
        return None
    if not words:
        hint.say("neither $VISUAL nor $EDITOR is set", level="warning")
        return None
    with tempfile.TemporaryDirectory(prefix="spark-tui-") as folder:
        path = Path(folder, name)
        path.touch(mode=0o600)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        try:
            with app.suspend():
                ended = subprocess.run([*words, str(path)], check=False)
        except SuspendNotSupported:
            hint.say("this terminal cannot be handed to an editor", level="warning")
            return None
        except OSError as error:
            hint.say(f"{words[0]} did not start: {error.strerror}", level="warning")
            return None
        if ended.returncode:
            hint.say(f"{words[0]} ended with {ended.returncode}: the text is as it was")
            return None
        return path.read_bytes().decode("utf-8", "surrogateescape")
