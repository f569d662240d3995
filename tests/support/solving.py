"""A scripted model that knows the shipped tasks, and answers them as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from spark_tui.model.provider import Delta, Request, Usage, UserText
from spark_tui.model.scripted import done, say
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.session.tasks import Task, load_tasks
from spark_tui.settings.config import Settings
from tests.support.items import StrictScripted

Answer = Callable[[Task], str]
USAGE = Usage(1_000, 200, 50)


def solution(task: Task) -> str:
    """A reply that does what is asked."""
    return f"Here:\n\n```diff\n{(task.folder / 'solution.patch').read_bytes().decode()}```\n"


def comment(task: Task) -> str:
    """A reply that is written, and does not do what is asked: a new file."""
    return f"```diff\n--- /dev/null\n+++ b/{task.name}.txt\n@@ -0,0 +1 @@\n+not that\n```\n"


def lost(task: Task) -> str:
    """A reply whose edit has no place."""
    path = next(path for path in task.files if (task.before / path).exists())
    return f"```diff\n--- a/{path}\n+++ b/{path}\n@@ -1,1 +1,1 @@\n-no such line here\n+x\n```\n"


def asked_task(request: Request) -> Task:
    """The task that a request is about: the one whose prompt was said last."""
    texts = [item.text for item in request.items if isinstance(item, UserText)]
    tasks = load_tasks()
    return next(task for text in reversed(texts) for task in tasks if task.prompt in text)


class Desk:
    """Opens sessions whose model answers by the table; `models` is who was asked for what."""

    def __init__(self, answer: Answer = solution, usage: Usage | None = USAGE) -> None:
        self.answer = answer
        self.usage = usage
        self.models: list[tuple[str, str]] = []
        self.environs: list[Mapping[str, str]] = []
        self.sessions: list[Session] = []
        self.gate = False

    def reply(self, request: Request) -> Sequence[Delta]:
        task = asked_task(request)
        self.models.append((request.model, task.name))
        return (*say(self.answer(task), chunk=64), *done(self.usage))

    async def open(self, where: Path, settings: Settings, environ: Mapping[str, str]) -> Session:
        self.environs.append(environ)
        provider = StrictScripted([self.reply, self.reply], gate=self.gate)
        session = await open_session(where, settings, environ=environ, provider=provider)
        self.sessions.append(session)
        return session
