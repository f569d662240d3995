"""Where requests go: endpoint, key, models and roles of this session.

The rule kept here: a key is bound to the origin it was given for; nothing here touches the network
before the person acts. The provider itself lives in model/.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from spark_tui.errors import KeyFault, KeyMissing, SparkFault
from spark_tui.model import catalog
from spark_tui.model.catalog import LocalServer
from spark_tui.model.provider import Endpoint, ModelInfo, Provider
from spark_tui.settings import config, credentials
from spark_tui.settings.config import Settings
from spark_tui.settings.origin import normal_url

DEFAULT_WINDOW = 128_000
LIST_LIMIT_S = 4.0
"""A slow model list must not hold the first request for longer."""


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """The service does not list the model in use; this is what may be taken instead."""

    wanted: str
    listed: tuple[ModelInfo, ...]
    suggestion: ModelInfo | None


class Link:
    """Owner of the provider."""

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], provider: Provider | None
    ) -> None:
        self.settings = settings
        self._environ = environ
        self._given = provider is not None
        self._provider = provider
        self.role = "fast"
        key = credentials.find_key(settings, environ)
        self.endpoint = Endpoint(settings.base_url, key.value if key else "", settings.wire)
        self._checked: set[str] = set()
        self.is_demo = bool(environ.get("SPARK_TUI_DEMO"))

    # -- what is known ---------------------------------------------------------
    @property
    def ready(self) -> bool:
        """A request can be made: a key is known, or none is needed."""
        return self._given or bool(self.endpoint.key) or self.endpoint.is_local

    @property
    def label(self) -> str:
        """What the status line says of the endpoint."""
        if self.is_demo:
            return "demo: scripted model"
        if not self.ready:
            return "no key"
        return self.endpoint.base_url.split("//", 1)[-1].split("/", 1)[0]

    @property
    def model(self) -> str:
        return self.model_of(self.role)

    def model_of(self, role: str) -> str:
        models = self.settings.models
        return models.smart if role == "smart" else models.fast

    @property
    def window(self) -> int:
        """Tokens of the context window of the model in use."""
        return self.settings.window or catalog.describe(self.model).window or DEFAULT_WINDOW

    def switch_role(self) -> str:
        self.role = "smart" if self.role == "fast" else "fast"
        return self.role

    # -- the provider ----------------------------------------------------------
    def provider(self) -> Provider:
        """The provider for this endpoint. Raises KeyMissing when no request can be made."""
        if not self.ready:
            raise KeyMissing(
                "No key is known for " + self.endpoint.base_url + ".",
                hint="Your files are unchanged. Set OPENAI_API_KEY, or choose a local server or "
                "the demo on the welcome screen (Ctrl+P, welcome).",
            )
        if self._provider is None:
            self._provider = catalog.open_provider(self.endpoint)
        return self._provider

    async def try_key(self, base_url: str, key: str) -> tuple[ModelInfo, ...]:
        """GET /v1/models with this key. Raises KeyRefused, ConnectFault."""
        url = normal_url(base_url, "the base URL")
        trial = catalog.open_provider(Endpoint(url, key.strip()))
        try:
            return await trial.models()
        finally:
            await trial.close()

    async def models(self) -> tuple[ModelInfo, ...]:
        """What the endpoint lists."""
        return await self.provider().models()

    async def offer(self) -> ModelOffer | None:
        """Ask once per model whether the service lists it; an offer when it does not.

        A service that cannot list its models is taken at its word: the request will tell.
        """
        wanted = self.model
        if self._given or not self.ready or wanted in self._checked:
            return None
        try:
            listed = await asyncio.wait_for(self.models(), LIST_LIMIT_S)
        except KeyFault:
            return None
        except (SparkFault, TimeoutError):
            self._checked.add(wanted)
            return None
        if not listed or any(info.id == wanted for info in listed):
            self._checked.add(wanted)
            return None
        return ModelOffer(wanted, listed, catalog.fastest(listed))

    def suggest(self, listed: Sequence[ModelInfo]) -> ModelInfo | None:
        """The model in the settings if it is listed, else the fastest listed one."""
        wanted = self.model_of("fast")
        for info in listed:
            if info.id == wanted:
                return info
        return catalog.fastest(listed)

    async def use(self, endpoint: Endpoint, *, model: str | None, keep: bool) -> str:
        """Switch to an endpoint; `keep` stores key and choice. Returns where the key went."""
        endpoint = replace(endpoint, base_url=normal_url(endpoint.base_url, "the base URL"))
        models = self.settings.models
        if model:
            smart = models.smart if models.smart != models.fast else model
            listed_smart = smart if endpoint.base_url == self.settings.base_url else model
            models = replace(models, fast=model, smart=listed_smart)
        self.settings = replace(self.settings, base_url=endpoint.base_url, models=models)
        old, self._provider = self._provider, None
        self.endpoint = endpoint
        self._checked = {model} if model else set()
        if old is not None:
            await old.close()
        where = ""
        if keep:
            if endpoint.key:
                where = credentials.store_key(endpoint.base_url, endpoint.key, self._environ)
            changes = {"base_url": endpoint.base_url}
            if model:
                changes |= {"models.fast": models.fast, "models.smart": models.smart}
            config.save_user(self._environ, changes)
        return where

    async def find_local(self) -> tuple[LocalServer, ...]:
        """Ask the usual local ports; no key is sent."""
        return await catalog.find_local()

    async def close(self) -> None:
        if self._provider is not None:
            await self._provider.close()
