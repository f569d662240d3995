"""The last line: whatever happens becomes an exit code and a sentence, never a traceback.

The rule kept here: a fault is said with its hint; a bug is 70 with the places it passed through,
without values: locals and messages may hold a key or a file's text.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from types import TracebackType

from spark_tui.cli.exits import Exit
from spark_tui.cli.output import Output
from spark_tui.errors import SparkFault


def guarded(work: Callable[[], int], out: Output | None = None) -> int:
    """Run `work`; the result is the exit code of the program."""
    out = out or Output()
    try:
        return work()
    except SparkFault as fault:
        out.fault(fault)
        return fault.exit_code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        out.hush()
        return Exit.BROKEN_PIPE
    except Exception as error:
        say_bug(out, error)
        return Exit.BUG


def say_bug(out: Output, error: BaseException) -> None:
    """A crash in four lines: what kind, where, what is safe, what to do."""
    out.say(f"spark-tui: a bug of ours ({type(error).__name__}). Exit {Exit.BUG:d}.")
    for place in places(error.__traceback__)[-4:]:
        out.say(f"  {place}")
    out.say("  What was accepted is written or as it was; the session can be opened again with -c.")
    out.say("  Please report these lines; they hold no text of yours.")


def places(traceback: TracebackType | None) -> list[str]:
    """file:line of each frame, files without their folders."""
    found: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        name = "/".join(PurePath(code.co_filename).parts[-2:])
        found.append(f"{name}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return found
