"""The headless face as seen from a prompt: a line goes in, a code and two texts come out."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from spark_tui.cli.main import run
from spark_tui.cli.output import Output
from spark_tui.model.provider import Delta, Request
from spark_tui.model.scripted import Scripted
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.settings.config import Settings

Replies = Sequence[Sequence[Delta] | Callable[[Request], Sequence[Delta]]]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    def statuses(self) -> dict[str, str]:
        return {h["id"]: h["status"] for f in self.document["files"] for h in f["hunks"]}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class Shell:
    """Runs verbs in one folder, with a scripted model behind them."""

    root: Path
    environ: dict[str, str]
    replies: Replies = ()
    gate: bool = False
    providers: list[Scripted] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    def __call__(
        self,
        verb: str,
        *words: str,
        stdin: str | None = None,
        terminal: bool = False,
        typed: TextIO | None = None,
    ) -> Ran:
        out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
        given = io.StringIO(stdin) if stdin is not None else (typed or Terminal())
        code = run(
            [verb, "-C", str(self.root), *words],
            self.environ,
            out=Output(out, err),
            stdin=given,
            opener=self._open,
        )
        return Ran(code, out.getvalue(), err.getvalue())

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    async def _open(
        self,
        where: Path,
        settings: Settings,
        *,
        environ: Mapping[str, str],
        lock: bool,
        resume: str | None,
        fresh: bool,
    ) -> Session:
        provider = Scripted(self.replies, gate=self.gate)
        self.providers.append(provider)
        session = await open_session(
            where,
            settings,
            environ=environ,
            provider=provider,
            lock=lock,
            resume=resume,
            fresh=fresh,
        )
        self.sessions.append(session)
        return session
