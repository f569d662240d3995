"""A work tree with a session on it, for tests of the engine."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from spark_tui.model.provider import Delta, Request
from spark_tui.model.scripted import Scripted
from spark_tui.session.events import Event
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.settings.config import load
from tests.support.items import StrictScripted

CALC = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"


@dataclass
class Bench:
    """What a session test works with."""

    root: Path
    environ: dict[str, str]
    events: list[Event] = field(default_factory=list)

    def write(self, path: str, text: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())

    def read(self, path: str) -> str:
        return (self.root / path).read_bytes().decode()

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.root, capture_output=True, check=True, env=self.environ
        )
        return done.stdout.decode()

    async def open(
        self,
        replies: Sequence[Sequence[Delta] | Callable[[Request], Sequence[Delta]]] = (),
        *,
        gate: bool = False,
        fresh: bool = True,
        accept: str = "ask",
        wire: str = "responses-ws",
        resume: str | None = None,
    ) -> tuple[Session, Scripted]:
        provider = StrictScripted(replies, gate=gate, wire=wire)
        settings = replace(load(environ=self.environ), accept=accept)
        session = await open_session(
            self.root,
            settings,
            environ=self.environ,
            provider=provider,
            fresh=fresh,
            resume=resume,
        )
        session.listen(self.events.append)
        await session.look()
        return session, provider

    def of(self, kind: type) -> list[Event]:
        return [e for e in self.events if isinstance(e, kind)]
