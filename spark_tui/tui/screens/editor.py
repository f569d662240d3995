"""The draft in the person's own editor: $VISUAL, else $EDITOR.

The rule kept here: the editor is the person's word, split as a shell would and run without one,
on a private file. If anything goes wrong the draft stays as it was.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported

from spark_tui.tui.widgets.hint import Hint
from spark_tui.tui.widgets.prompt import Prompt


def edit_outside(app: App[object], prompt: Prompt, hint: Hint) -> None:
    """The prompt's text as it was saved, or a sentence why there is none."""
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not words:
        hint.say("neither $VISUAL nor $EDITOR is set", level="warning")
        return
    with tempfile.TemporaryDirectory(prefix="spark-tui-") as folder:
        path = Path(folder, "prompt.md")
        path.touch(mode=0o600)
        path.write_text(prompt.text, encoding="utf-8")
        try:
            with app.suspend():
                ended = subprocess.run([*words, str(path)], check=False)
        except SuspendNotSupported:
            hint.say("this terminal cannot be handed to an editor", level="warning")
            return
        except OSError as error:
            hint.say(f"{words[0]} did not start: {error.strerror}", level="warning")
            return
        if ended.returncode:
            hint.say(f"{words[0]} ended with {ended.returncode}: the draft is as it was")
            return
        prompt.write(path.read_text(encoding="utf-8", errors="replace").rstrip("\n"))
