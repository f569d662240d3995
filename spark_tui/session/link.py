"""Where requests go: the target of each role, its provider, and whether its model is there.

The rule kept here: a key is bound to the origin it was given for; nothing here touches the network
before the person acts; a model that is not to be had is answered with an offer, never with another
model. What names mean is told in targets.py, what may be offered in offering.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from spark_tui.errors import ConnectFault, KeyMissing, ModelMissing, SparkFault, UsageFault
from spark_tui.model import catalog
from spark_tui.model.catalog import LocalServer, Memory
from spark_tui.model.presets import can_chat
from spark_tui.model.provider import Endpoint, ModelInfo, Provider, Tell
from spark_tui.session.offering import (
    Market,
    ModelOffer,
    host_of,
    is_called,
    is_retired,
)
from spark_tui.session.roster import Known, Roster
from spark_tui.session.targets import (
    Named,
    Sampling,
    Target,
    read_word,
    sampling_of,
    table_of,
    target_of,
    word_for,
)
from spark_tui.settings import config, credentials
from spark_tui.settings.config import Settings
from spark_tui.settings.credentials import Key
from spark_tui.settings.origin import is_loopback, normal_url, origin_of
from spark_tui.settings.spec import words_of

__all__ = ["LIST_LIMIT_S", "ROLES", "Link", "ModelOffer"]

ROLES = ("fast", "smart")
LIST_LIMIT_S = 4.0
"""A slow model list must not hold the first request for longer."""


class Link:
    """Owner of the providers, one for each endpoint."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        provider: Provider | None = None,
        *,
        tell: Tell | None = None,
        memory: Memory | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        self.settings = settings
        self._first = settings
        self.table = table_of(settings, environ)
        self.role = "fast"
        self.effort: str | None = None
        """Chosen for this session; None: as the settings and the preset say."""
        self.service_tier: str | None = None
        self.is_demo = bool(environ.get("SPARK_TUI_DEMO"))
        self._environ = environ
        self._given = provider
        self._tell = tell
        self._memory = memory
        self._today = today
        self._providers: dict[Endpoint, Provider] = {}
        self._roster = Roster()
        self._typed: dict[str, str] = {}
        """Origin -> key that was given on the screen."""
        self._targets: dict[str, Target] = {}
        self.target()  # a key that cannot be one is said at the start

    # -- what is known ---------------------------------------------------------
    def target(self, role: str = "") -> Target:
        """Where requests of this role go, by default of the current one."""
        role = role or self.role
        known = self._targets.get(role)
        if known is None:
            known = self._targets[role] = self._find(role)
        return known

    @property
    def endpoint(self) -> Endpoint:
        return self.target().endpoint

    @property
    def ready(self) -> bool:
        """A request of the current role can be made."""
        return self.is_ready()

    def is_ready(self, role: str = "") -> bool:
        return self._given is not None or self.target(role).ready

    @property
    def label(self) -> str:
        """What the status line says of the endpoint."""
        if self.is_demo:
            return "demo: scripted model"
        return host_of(self.endpoint.base_url) if self.ready else "no key"

    @property
    def model(self) -> str:
        """Of the current role, or what it is called as long as its server was not asked."""
        return self.model_of(self.role)

    def model_of(self, role: str) -> str:
        target = self.target(role)
        return target.model or target.word

    @property
    def window(self) -> int:
        """Tokens of the context window of the model in use."""
        return self.target().window

    def sampling(self, target: Target) -> Sampling:
        """What goes with a request to this target."""
        return sampling_of(target, self.settings, effort=self.effort, tier=self.service_tier)

    def key_of(self, named: Named) -> Key | None:
        """The key for a service. The settings of the start decide: what a person chose since has
        no say in where a variable of theirs goes. Raises UsageFault for what cannot be a key."""
        origin = origin_of(named.base_url)
        if typed := self._typed.get(origin):
            return Key(typed, "the screen", origin)
        return credentials.find_key(
            self._first, self._environ, base_url=named.base_url, env_key=named.env_key
        )

    def key_from(self, role: str) -> str:
        """Where the key of a role was found: a variable, "keyring", a file; "" for none."""
        key = self.key_of(self._named(role))
        return key.origin if key is not None else ""

    def listed_at(self, named: Named) -> tuple[ModelInfo, ...] | None:
        """What the service of a name listed; None where it was not asked, or does not tell."""
        with contextlib.suppress(UsageFault):
            return self._roster.of(self._endpoint(named)).listed
        return None

    def is_set(self, variable: str) -> bool:
        """It holds something, and is listened to."""
        return not self.is_demo and bool(self._environ.get(variable, "").strip())

    def switch_role(self) -> str:
        self.role = "smart" if self.role == "fast" else "fast"
        return self.role

    # -- providers -------------------------------------------------------------
    def provider(self, role: str = "") -> Provider:
        """The provider of a role. Raises KeyMissing when no request can be made."""
        if self._given is not None:
            return self._given
        target = self.target(role)
        if not target.ready:
            raise KeyMissing(
                f"No key is known for {target.endpoint.base_url}.",
                hint=f"Your files are unchanged. Set {self._variable(target)}, or choose a local "
                "server or the demo on the welcome screen (Ctrl+P, welcome).",
            )
        found = self._providers.get(target.endpoint)
        if found is None:
            found = catalog.open_provider(target.endpoint, tell=self._tell, memory=self._memory)
            self._providers[target.endpoint] = found
        return found

    def provider_for(self, target: Target) -> Provider:
        """The same for a request. Raises ModelMissing where it is not known which model to name."""
        provider = self.provider(target.role)
        if not target.model:
            raise ModelMissing(
                f"{target.word} names a server, and not yet which of its models.",
                hint=f"Your files are unchanged. Name one: --model ID@{target.word}.",
            )
        return provider

    async def try_key(self, base_url: str, key: str) -> tuple[ModelInfo, ...]:
        """GET /v1/models with this key. Raises KeyRefused, ConnectFault."""
        url = normal_url(base_url, "the base URL")
        trial = catalog.open_provider(Endpoint(url, key.strip()))
        try:
            return await trial.models()
        finally:
            await trial.close()

    async def find_local(self) -> tuple[LocalServer, ...]:
        """Ask the usual local ports, and those of the person's own rows; no key is sent."""
        return await catalog.find_local(servers=self.table.servers)

    @property
    def looks_around(self) -> bool:
        """The person has a server here: OLLAMA_HOST counts as the request to look for it."""
        return bool(self._environ.get("OLLAMA_HOST")) and not self.is_demo

    async def close(self) -> None:
        for provider in [self._given, *self._providers.values()]:
            if provider is not None:
                await provider.close()

    # -- which models are there --------------------------------------------------
    async def models(self, role: str = "") -> tuple[ModelInfo, ...]:
        """What the endpoint lists, because the person asks. Raises KeyFault, NetworkFault."""
        endpoint = self.target(role).endpoint
        told = await self.provider(role).models()
        known = self._roster.of(endpoint)
        known.listed = tuple(self.table.at(info, endpoint.base_url) for info in told)
        known.fault = None
        self._targets.clear()
        return known.listed

    async def offer(self, role: str = "") -> ModelOffer | None:
        """Ask once whether the service has the model of this role; an offer when it does not.

        A service that cannot list is taken at its word: the request will tell. Who comes again
        with the same model means it. Raises NetworkFault where a server must be asked which model
        it has, and does not answer.
        """
        target = self.target(role)
        if not self.is_ready(target.role):
            return None
        known = self._roster.of(target.endpoint)
        if target.model in known.unsaid:
            known.unsaid.discard(target.model)
            listed = None if self._given is not None else await self._list_once(target)
            return self._market().offer(target, listed, known.refused[target.model])
        if self._given is not None or target.model in known.passed:
            return None
        listed = await self._list_once(target)
        if not target.model:
            return self._choose(target, known)
        known.passed.add(target.model)
        if not listed:
            return None
        info = self._roster.info(target.endpoint, target.model)
        if info is not None and not is_retired(info, self._today()):
            return None
        host = host_of(target.endpoint.base_url)
        why = f"{target.model} is not listed by {host}."
        if info is not None:
            why = f"{target.model} was shut down on {info.shutdown}, says {host}."
        return self._market().offer(target, listed, why)

    def refused(self, role: str, fault: SparkFault) -> None:
        """The service was asked and does not have the model: `offer` says so next time."""
        target = self.target(role)
        if isinstance(fault, ModelMissing):
            self._roster.note_refused(target.endpoint, target.model, fault.message)

    def ends_soon(self, role: str = "") -> str:
        """A sentence, once, about a model that its service will shut down in a while; else ""."""
        target = self.target(role)
        return self._roster.ends_soon(target.endpoint, target.model, self._today())

    def suggest(self, listed: Sequence[ModelInfo]) -> ModelInfo | None:
        """The model in the settings if it is listed, else the fastest listed one."""
        wanted = self.model_of("fast")
        for info in listed:
            if is_called(info, wanted):
                return info
        return self.table.fastest(listed)

    # -- what a person chooses -----------------------------------------------------
    def take(self, word: str, role: str = "") -> None:
        """Another model for this role, for this session; for both where one served both."""
        models = self.settings.models
        old = getattr(models, role or self.role)
        words = words_of(old)
        rest = words[words.index(word) + 1 :] if word in words else words[1:]
        new = ", ".join((word, *(w for w in rest if w != word)))
        changed = {name: new for name in ROLES if getattr(models, name) == old}
        self.settings = replace(self.settings, models=replace(models, **changed))
        self._targets.clear()

    async def use(
        self, endpoint: Endpoint, *, model: str | None, keep: bool, role: str = ""
    ) -> str:
        """Switch to an endpoint; `keep` stores key and choice. Returns where the key went."""
        url = normal_url(endpoint.base_url, "the base URL")
        if endpoint.key:
            self._typed[origin_of(url)] = endpoint.key
        is_here = url == self.target(role).endpoint.base_url
        if not is_here:
            self.settings = replace(self.settings, base_url=url)
        if model:
            word = word_for(model, url, self.settings, self.table)
            if is_here:
                self.take(word, role)
            else:
                self.settings = replace(self.settings, models=config.Models(word, word))
        self._targets.clear()
        where = ""
        if keep:
            if endpoint.key:
                where = credentials.store_key(url, endpoint.key, self._environ)
            models = self.settings.models
            changes = {"base_url": url} if url == self.settings.base_url else {}
            if model:
                changes |= {"models.fast": models.fast, "models.smart": models.smart}
            config.save_user(self._environ, changes)
        if model:
            self._roster.of(self.target(role).endpoint).passed.add(model)
        await self._close_unused()
        return where

    # -- inside ----------------------------------------------------------------
    def _find(self, role: str) -> Target:
        named = self._named(role)
        endpoint = self._endpoint(named)
        model = named.model or self._roster.of(endpoint).only
        listed = self._roster.info(endpoint, model)
        return target_of(role, named, self.settings, endpoint=endpoint, model=model, listed=listed)

    def _named(self, role: str) -> Named:
        words = words_of(getattr(self.settings.models, role))
        return read_word(words[0] if words else "", self.settings, self.table)

    def _endpoint(self, named: Named) -> Endpoint:
        key = self.key_of(named)
        return Endpoint(named.base_url, key.value if key is not None else "", named.wire)

    def _variable(self, target: Target) -> str:
        """The variable to set for a key that is missing."""
        url, row = target.endpoint.base_url, target.preset
        if row is not None and row.env_key and row.is_at(url):
            return row.env_key
        if origin_of(url) == credentials.OPENAI:
            return "OPENAI_API_KEY"
        return self.settings.env_key or "SPARK_TUI_API_KEY"

    async def _list_once(self, target: Target) -> tuple[ModelInfo, ...] | None:
        known = self._roster.of(target.endpoint)
        if known.listed is None and (known.fault is None or not target.model):
            try:
                async with asyncio.timeout(LIST_LIMIT_S):
                    await self.models(target.role)
            except SparkFault as fault:
                known.fault = fault
            except TimeoutError:
                host = host_of(target.endpoint.base_url)
                known.fault = ConnectFault(
                    f"{host} has not said which models it has for {LIST_LIMIT_S:g} s.",
                    hint="Your files are untouched. Ask again in a moment.",
                )
        return known.listed

    def _choose(self, target: Target, known: Known) -> ModelOffer | None:
        """A server was named and none of its models: the only one, or an offer of what it has."""
        if known.listed is None:
            fault = known.fault or ModelMissing(f"{target.word} does not say what it has.")
            offer = self._market().offer(target, None, fault.message)
            if offer.chain:
                return offer
            raise fault
        fit = [i for i in known.listed if can_chat(i.id) and not is_retired(i, self._today())]
        if len(fit) == 1:
            known.only = fit[0].id
            self._targets.clear()
            return None
        has = f"has {len(fit)} models: choose one" if fit else "lists no model"
        return self._market().offer(target, known.listed, f"{target.word} {has}.")

    def _market(self) -> Market:
        return Market(
            self.settings, self.table, self._has_key, self._roster.refused(), self._today()
        )

    def _has_key(self, named: Named) -> bool:
        if is_loopback(named.base_url) or not named.needs_key:
            return True
        with contextlib.suppress(UsageFault):  # a variable that holds no key
            return self.key_of(named) is not None
        return False

    async def _close_unused(self) -> None:
        used = {self.target(role).endpoint for role in ROLES}
        for endpoint in [e for e in self._providers if e not in used]:
            await self._providers.pop(endpoint).close()
