"""The verbs by which a session asks: prompts, their queue, stopping, going on, asking again.

The rule kept here: one turn streams at a time, and nothing is sent but by a call of these. The half
of Session that is about the model; how a turn streams is asking.py's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spark_tui.edits.formats.table import NAMES, Name
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import UsageFault
from spark_tui.session import events as ev
from spark_tui.session.asking import Asked, Asking
from spark_tui.session.context import Context, Plan
from spark_tui.session.events import Event, HunkId, Outcome
from spark_tui.session.link import Link
from spark_tui.session.meter import Meter
from spark_tui.session.refining import refine_preface
from spark_tui.session.service import Service
from spark_tui.session.shelf import Shelf
from spark_tui.session.state import SessionState
from spark_tui.session.unfinished import Unfinished, unfinished
from spark_tui.settings.config import Settings


class Prompting:
    """What Session is made of, as far as it asks. Session makes the parts."""

    state: SessionState
    settings: Settings
    meter: Meter
    service: Service
    _asking: Asking
    _context: Context
    _link: Link
    _shelf: Shelf

    async def promise(self, *events: Event) -> None:
        """On the disk before anybody acts on it."""
        raise NotImplementedError

    # -- before Enter ----------------------------------------------------------
    async def queue(self, prompt: str) -> None:
        """Send this after the running turn."""
        await self.promise(ev.PromptQueued(prompt))

    async def unqueue(self, prompt: str) -> None:
        await self.promise(ev.PromptUnqueued(prompt))

    async def warm(self) -> None:
        """Open the connection ahead of the first request; faults are said when they matter."""
        if self._link.ready and not self._asking.is_running:
            await self._asking.warm(also_read=self.settings.warm_up)

    # -- asking ----------------------------------------------------------------
    async def run(
        self,
        prompt: str,
        *,
        plan: Plan | None = None,
        steered: bool = False,
        accept: str | None = None,
        allow_sensitive: Sequence[str] = (),
    ) -> Outcome:
        """Stream one turn to its end. Raises UsageFault when one streams already."""
        asked = Asked(
            accept=accept or self.settings.accept,
            allow_sensitive=frozenset(allow_sensitive),
            steered=steered,
        )
        fitting = plan if plan is not None and plan.prompt == prompt else None
        return await self._asking.run(prompt, fitting, asked)

    def stop(self) -> None:
        """Silence the running turn at once; finished hunks stay."""
        self._asking.stop()

    async def join(self, prompt: str, plan: Plan) -> bool:
        """Hand this prompt to the answer that streams, where model and wire can take it: that ends
        by itself then, and `run` with the same plan goes on. False: `stop` it."""
        return await self._asking.join(prompt, plan)

    async def steer(self, prompt: str, *, plan: Plan | None = None) -> Outcome:
        """End the running turn and send this with what was already written."""
        if plan is None or not await self.join(prompt, plan):
            self.stop()
        await self._asking.idle()
        return await self.run(prompt, plan=plan, steered=True)

    @property
    def unfinished(self) -> Unfinished | None:
        """A cut answer, a request that failed or a queued prompt: what `go_on` would take."""
        return unfinished(self.state)

    async def go_on(
        self, *, accept: str | None = None, allow_sensitive: Sequence[str] = ()
    ) -> Outcome:
        """Go on with what is unfinished. Raises UsageFault when nothing is."""
        left = self.unfinished
        if left is None:
            raise UsageFault("There is nothing to go on with.", hint="Ask for something new.")
        if left.how == "queued":
            await self.unqueue(left.prompt)
        asked = Asked(
            accept=accept or self.settings.accept, allow_sensitive=frozenset(allow_sensitive),
            preface=left.preface, continues=left.turn if left.how == "continue" else 0,
        )  # fmt: skip
        return await self._asking.run(left.prompt, None, asked)

    async def refine(self, hunk: HunkId, reason: str) -> Outcome:
        """Ask for this hunk again, with a reason; its siblings stay."""
        return await self._again(hunk, reason, role="")

    async def escalate(self, hunk: HunkId) -> Outcome:
        """Ask the smart model to check and, where needed, redo this hunk."""
        reason = "Check this hunk for mistakes and security; repair it."
        return await self._again(hunk, reason, role="smart")

    def switch_role(self) -> str:
        """fast <-> smart for the next request."""
        role = self._link.switch_role()
        self.meter.window = self._link.window
        self.service.tell()
        return role

    async def apply_reply(
        self,
        reply: str,
        *,
        accept: str = "safe",
        allow_sensitive: Sequence[str] = (),
        seen: Mapping[str, bytes] | None = None,
        formats: Sequence[Name] = NAMES,
    ) -> Outcome:
        """A model's reply that is there already, through the same road (`spark-tui apply`).

        `seen` holds files as the model was shown them, where they differ from the disk; edits in
        other `formats` are taken for prose.
        """
        return await self._asking.apply(
            reply,
            Asked(accept=accept, allow_sensitive=frozenset(allow_sensitive), whole=True),
            {p: Snapshot.of(p, data) for p, data in (seen or {}).items()},
            formats,
        )

    # -- inside ----------------------------------------------------------------
    async def _again(self, hunk: HunkId, reason: str, *, role: str) -> Outcome:
        found = self.state.hunk(hunk)
        if self._asking.is_running:
            self.stop()
            await self._asking.idle()
        disk = await self._shelf.read(found.path) if found.why is not None else None
        was_seen = self._context.sees(found.path)
        asked = Asked(
            accept="ask", refines=hunk, role=role, named=(found.path,),
            preface=refine_preface(self.state, found, disk, was_seen=was_seen),
        )  # fmt: skip
        return await self._asking.run(reason, None, asked)
