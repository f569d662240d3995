"""Keys, models and servers of a session: what a person chooses about where requests go.

The rule kept here: nothing is asked of a network before the person acts, and each choice is told
as an event. What is chosen is kept by link.py, for the session unless a person says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from spark_tui.errors import UsageFault
from spark_tui.model.catalog import LocalServer
from spark_tui.model.provider import Endpoint, ModelInfo
from spark_tui.session import events as ev
from spark_tui.session.events import Event
from spark_tui.session.link import Link
from spark_tui.session.offering import ModelOffer
from spark_tui.settings.config import Settings

_WORD = re.compile(r"[A-Za-z0-9_.-]{0,40}")


class Service:
    """The questions about the endpoint; reached as `session.service`."""

    def __init__(
        self, link: Link, changed: Callable[[Settings], None], emit: Callable[[Event], None]
    ) -> None:
        self._link = link
        self._changed = changed
        self._emit = emit

    @property
    def endpoint(self) -> Endpoint:
        """Of the current role."""
        return self._link.endpoint

    def endpoint_of(self, role: str) -> Endpoint:
        return self._link.target(role).endpoint

    def model_of(self, role: str) -> str:
        """The id, or what it is called as long as its server was not asked."""
        return self._link.model_of(role)

    @property
    def looks_around(self) -> bool:
        """Servers of this machine may be looked for without being asked again: OLLAMA_HOST."""
        return self._link.looks_around

    @property
    def local_names(self) -> tuple[str, ...]:
        """The servers that `find_local` knows, as people call them."""
        return tuple(server.name for server in self._link.table.servers)

    async def try_key(self, base_url: str, key: str) -> tuple[ModelInfo, ...]:
        """GET /v1/models with this key. Raises KeyRefused, ConnectFault."""
        return await self._link.try_key(base_url, key)

    async def models(self) -> tuple[ModelInfo, ...]:
        """What the endpoint in use lists."""
        return await self._link.models()

    async def check_model(self, role: str = "") -> ModelOffer | None:
        """Before the first request: is the model there? If not, what may be taken instead.

        Says once when the service will shut the model down in the next weeks. Raises NetworkFault
        where only the server knows which model it has, and does not answer.
        """
        before = self._link.target(role)
        offer = await self._link.offer(role)
        if self._link.target(role) != before:
            self._changed(self._link.settings)  # the window is known now, or the model
            self.tell()
        if soon := self._link.ends_soon(role):
            hint = "Name another one in time: spark-tui models lists what there is."
            self._emit(ev.Noticed("warning", soon, hint))
        return offer

    def suggest(self, listed: Sequence[ModelInfo]) -> ModelInfo | None:
        """The model of the settings if listed, else the fastest listed one."""
        return self._link.suggest(listed)

    def take(self, word: str, role: str = "") -> None:
        """Another model for this role: a preset's name, an id, or ID@PRESET. For this session."""
        self._link.take(word, role)
        self._changed(self._link.settings)
        self.tell()

    async def use(
        self, endpoint: Endpoint, *, model: str | None, keep: bool, role: str = ""
    ) -> str:
        """Switch to an endpoint; returns where the key was stored, ""."""
        where = await self._link.use(endpoint, model=model, keep=keep, role=role)
        self._changed(self._link.settings)
        self.tell()
        return where

    async def find_local(self) -> tuple[LocalServer, ...]:
        """Model servers on the usual local ports."""
        return await self._link.find_local()

    # -- how an answer is drawn ------------------------------------------------
    @property
    def effort(self) -> str:
        """Of the next request of the current role; "" is the model's own."""
        return self._link.sampling(self._link.target()).effort or ""

    @property
    def tier(self) -> str:
        """Of the next request of the current role; "" is the account's own."""
        return self._link.sampling(self._link.target()).service_tier or ""

    def set_effort(self, effort: str) -> None:
        """low, medium, high, ... for this session; "" is the model's own. Raises UsageFault."""
        before = self.effort
        self._link.effort = _plain(effort, "a reasoning effort")
        said = f"Reasoning effort: {effort or 'the model’s own'}, for this session."
        cost = "The next request is read anew in full: a cached conversation holds for one effort."
        self._emit(ev.Noticed("info", said, cost if effort != before else ""))

    def set_tier(self, tier: str) -> None:
        """fast, priority, flex, ... for this session; "" is the account's own. Raises
        UsageFault."""
        before = self.tier
        self._link.service_tier = _plain(tier, "a service tier")
        said = f"Service tier: {tier or 'the account’s own'}, for this session."
        cost = "A tier has its own price, and not every model has each."
        self._emit(ev.Noticed("info", said, cost if tier != before else ""))

    def tell(self) -> None:
        """Say where requests go."""
        link = self._link
        self._emit(ev.EndpointChanged(link.endpoint.base_url, link.ready, link.label))
        self._emit(ev.RoleSwitched(link.role, link.model))


def _plain(word: str, what: str) -> str:
    if not _WORD.fullmatch(word):
        raise UsageFault(f"{word!r} is not {what}.", hint="It is one plain word, like low.")
    return word
