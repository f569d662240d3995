"""Keys, models and servers of a session: what a person chooses on the first screen.

The rule kept here: nothing is asked of a network before the person acts, and each choice is told
as an event. What is chosen is kept by link.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from spark_tui.model.catalog import LocalServer
from spark_tui.model.provider import Endpoint, ModelInfo
from spark_tui.session import events as ev
from spark_tui.session.events import Event
from spark_tui.session.link import Link, ModelOffer
from spark_tui.settings.config import Settings


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
        return self._link.endpoint

    async def try_key(self, base_url: str, key: str) -> tuple[ModelInfo, ...]:
        """GET /v1/models with this key. Raises KeyRefused, ConnectFault."""
        return await self._link.try_key(base_url, key)

    async def models(self) -> tuple[ModelInfo, ...]:
        """What the endpoint in use lists."""
        return await self._link.models()

    async def check_model(self) -> ModelOffer | None:
        """Before the first request: is the model listed? If not, what may be taken instead."""
        return await self._link.offer()

    def suggest(self, listed: Sequence[ModelInfo]) -> ModelInfo | None:
        """The model of the settings if listed, else the fastest listed one."""
        return self._link.suggest(listed)

    async def use(self, endpoint: Endpoint, *, model: str | None, keep: bool) -> str:
        """Switch to an endpoint; returns where the key was stored, ""."""
        where = await self._link.use(endpoint, model=model, keep=keep)
        self._changed(self._link.settings)
        self.tell()
        return where

    async def find_local(self) -> tuple[LocalServer, ...]:
        """Model servers on the usual local ports."""
        return await self._link.find_local()

    def tell(self) -> None:
        """Say where requests go."""
        link = self._link
        self._emit(ev.EndpointChanged(link.endpoint.base_url, link.ready, link.label))
        self._emit(ev.RoleSwitched(link.role, link.model))
