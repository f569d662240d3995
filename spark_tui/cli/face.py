"""What a verb works with: output, environment, a session that is closed again.

The rule kept here: a verb never opens anything itself and never touches a signal; stopping,
closing and telling what the engine noticed are done here once for all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

from spark_tui.cli.document import Problem, of_fault, problem
from spark_tui.cli.exits import Exit
from spark_tui.cli.output import Output
from spark_tui.errors import SparkFault, UsageFault
from spark_tui.session import events as ev
from spark_tui.session.session import Session
from spark_tui.settings.config import Settings, load

CANCELLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Opener(Protocol):
    """`session.opening.open_session`, or a test's own."""

    def __call__(
        self,
        where: Path,
        settings: Settings,
        *,
        environ: Mapping[str, str],
        lock: bool,
        resume: str | None,
        fresh: bool,
    ) -> Awaitable[Session]: ...


class Face:
    """One run of one verb."""

    def __init__(
        self,
        out: Output,
        environ: Mapping[str, str],
        *,
        stdin: TextIO | None,
        opener: Opener | None = None,
    ) -> None:
        self.out = out
        self.environ = environ
        self.stdin = stdin
        self.errors: list[Problem] = []
        """What goes into `errors`, in order."""
        self.on_stop: Callable[[], None] | None = None
        """Ends the work gently; None: the verb is cancelled."""
        self.signal = 0
        self._opener = opener

    @asynccontextmanager
    async def session(
        self,
        args: argparse.Namespace,
        settings: Settings,
        *,
        fresh: bool = False,
        resume: str | None = None,
        lock: bool = True,
    ) -> AsyncIterator[Session]:
        """An open session; it is sealed when the verb is done, however it ends."""
        session = await self._open()(
            args.where, settings, environ=self.environ, lock=lock, resume=resume, fresh=fresh
        )
        forget = session.listen(self._hear)
        try:
            yield session
            await session.keeping.tend()
        finally:
            forget()
            await session.close()

    async def open_aside(
        self, where: Path, settings: Settings, environ: Mapping[str, str]
    ) -> Session:
        """A session that is not about the person's files; who asks for it closes it."""
        return await self._open()(
            where, settings, environ=environ, lock=True, resume=None, fresh=True
        )

    def _open(self) -> Opener:
        if self._opener is not None:
            return self._opener
        from spark_tui.session.opening import open_session  # deferred: git comes with it

        return open_session

    def settings(self, flags: Mapping[str, Any] | None = None) -> Settings:
        return load(environ=self.environ, flags=flags or {})

    def trouble(self, code: str, message: str, hint: str = "") -> None:
        """Say it and put it into the document."""
        self.errors.append(problem(code, message, hint))
        self.out.say(f"spark-tui: {message}")
        if hint:
            self.out.say(f"  {hint}")

    def fault(self, fault: SparkFault) -> None:
        self.errors.append(of_fault(fault))
        self.out.fault(fault)

    def _hear(self, event: ev.Event) -> None:
        match event:
            case ev.Noticed(level, message, hint) if level != "info":
                self.trouble("notice", message, hint)
            case ev.ReplyIssue():
                self.trouble(event.code, event.message)
            case _:
                pass


async def supervised(face: Face, work: Coroutine[Any, Any, int]) -> int:
    """Run a verb so that a signal stops it in order; the code is then 128 + its number."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)

    def stop(number: int) -> None:
        if face.on_stop is not None and not face.signal:
            face.on_stop()
        else:
            task.cancel()
        face.signal = number

    for number in CANCELLED:
        loop.add_signal_handler(number, stop, number)
    try:
        code = await task
    except asyncio.CancelledError:
        if not face.signal:
            raise
        code = 0
    finally:
        for number in CANCELLED:
            loop.remove_signal_handler(number)
    return Exit(128 + face.signal) if face.signal else code


def rooted(session: Session, where: Path, name: str) -> str:
    """A path from the command line as the session names it. Raises UsageFault."""
    root = Path(session.state.root)
    path = Path(*where.resolve().parts, name)
    try:
        inside = path.parent.resolve().joinpath(path.name).relative_to(root.resolve())
    except ValueError as error:
        raise UsageFault(
            f"{name} does not lie in {root}.", hint="Name a file of this work tree."
        ) from error
    return inside.as_posix()
