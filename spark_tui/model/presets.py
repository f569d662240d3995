"""Models and servers that are known by name: the table, and the questions to it.

The rule kept here: data only, and it stands in presets.toml. A row may be absent at an endpoint,
any other id works too, and an unknown figure is 0, never a guess. What a person adds or changes
comes in by `with_own`; what a service lists is known better than any row.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from spark_tui.model.address import origin_of
from spark_tui.model.provider import Endpoint, ModelInfo


@dataclass(frozen=True, slots=True)
class Preset:
    """One model at one service, or a service with whatever it lists."""

    name: str
    model: str = ""
    """The id to send; "" is what the server lists."""
    base_url: str = ""
    """"" is the person's own one."""
    env_key: str = ""
    """Name of the variable that holds the key; "" needs none."""
    wire: str = "auto"
    window: int = 0
    """Context window in tokens."""
    speed: int = 0
    """Claimed tokens a second."""
    price_class: str = ""
    """"", "local", "low", "mid", "high"."""
    price_input: float = 0.0
    """Dollars per million tokens, as the next two."""
    price_cached: float = 0.0
    price_output: float = 0.0
    temperature: float | None = None
    """For edits; None where the model does not take one."""
    effort: str = ""
    service_tier: str = ""
    max_output_tokens: int = 0
    title: str = ""
    """As a person calls the server."""
    owned_by: str = ""
    """What its models say of their owner, where that tells it apart from others on its port."""
    own: frozenset[str] = frozenset()
    """Fields that the person wrote: these win over what a service lists."""

    def is_at(self, base_url: str) -> bool:
        """The same service; on this machine the port tells, whatever the address is called."""
        if not self.base_url or not base_url:
            return False
        one, other = origin_of(self.base_url), origin_of(base_url)
        if Endpoint(self.base_url).is_local and Endpoint(base_url).is_local:
            return one[2] == other[2]
        return one == other

    def elsewhere(self) -> Preset:
        """What holds of the model at another service."""
        return replace(self, base_url="", **_OF_THE_SERVICE)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that people run on their own machine, at its usual port."""

    name: str
    base_url: str
    owned_by: str = ""
    wire: str = "chat"


_OF_THE_SERVICE: Mapping[str, Any] = MappingProxyType(
    {
        "env_key": "", "wire": "auto", "speed": 0, "price_class": "", "price_input": 0.0,
        "price_cached": 0.0, "price_output": 0.0, "title": "", "owned_by": "",
    }
)  # fmt: skip
"""What a row says of its service, as if it said nothing."""

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_NO_CHAT = re.compile(
    r"(?i)embed|whisper|tts|dall-e|moderation|transcri|realtime|rerank|image|sora|babbage|davinci"
    r"|^bge-|^(?:gpt-)?audio"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in the order in which they are offered when nothing says how fast they are."""

    rows: tuple[Preset, ...]
    chains: Mapping[str, tuple[str, ...]]
    """Role -> names, in the order in which they are offered."""

    def named(self, name: str) -> Preset | None:
        return next((row for row in self.rows if row.name == name), None)

    def of_model(self, model_id: str, base_url: str = "") -> Preset | None:
        """The row of a model; a dated id is the model it is dated from.

        A row of this service, and of the person, goes before others; with a URL that no row of
        the model has, what is known of the model without what holds of its service.
        """
        plain = undated(model_id)
        rows = [row for row in self.rows if row.model and row.model in (model_id, plain)]
        here = [row for row in rows if not base_url or row.is_at(base_url)]
        if here:
            return next((row for row in here if row.own), here[0])
        return replace(rows[0].elsewhere(), service_tier="") if rows else None

    def of_service(self, base_url: str) -> Preset | None:
        """The row of a service with whatever it lists."""
        return next((row for row in self.rows if not row.model and row.is_at(base_url)), None)

    def describe(self, model_id: str) -> ModelInfo:
        """What is known of a model wherever it is."""
        row = self.of_model(model_id)
        if row is None:
            return ModelInfo(model_id)
        return ModelInfo(
            model_id,
            preset=row.name,
            speed=row.speed,
            price_class=row.price_class,
            window=row.window,
        )

    def at(self, info: ModelInfo, base_url: str) -> ModelInfo:
        """A listed model with what is known of it at this service: what another one charges, and
        how fast it is there, says nothing here."""
        row = self.of_model(info.id, base_url)
        service = self.of_service(base_url)
        if row is not None and row.base_url:
            known = row
        else:
            known = replace(service or Preset(""), name="", speed=0)
        return replace(info, preset=known.name, speed=known.speed, price_class=known.price_class)

    def fastest(self, listed: Sequence[ModelInfo]) -> ModelInfo | None:
        """The model to pre-select when the wanted one is not listed.

        The fastest known one, then known ones in the order of the table, then anything that can
        chat.
        """
        chatting = [info for info in listed if can_chat(info.id)]
        return min(chatting, key=self._rank, default=None)

    @property
    def servers(self) -> tuple[Server, ...]:
        """Servers of this machine that want no key, and Ollama wherever a person has it."""
        return tuple(
            Server(row.title or row.name, row.base_url, row.owned_by, row.wire)
            for row in self.rows
            if not row.env_key and (row.title or Endpoint(row.base_url).is_local)
        )

    def with_own(self, own: Iterable[tuple[str, Mapping[str, Any]]]) -> Table:
        """The table with a person's rows (name, what was written): known names are changed in
        place, new ones come first."""
        rows, new = {row.name: row for row in self.rows}, list[Preset]()
        for name, values in own:
            known = rows.get(name)
            if known is None:
                new.append(Preset(name, **values, own=frozenset(values)))
            else:
                rows[name] = _changed(known, values)
        return replace(self, rows=(*new, *rows.values()))

    def _rank(self, info: ModelInfo) -> tuple[bool, int, int]:
        name = info.preset or self.describe(info.id).preset
        place = next((at for at, row in enumerate(self.rows) if row.name == name), len(self.rows))
        return place == len(self.rows), -info.speed, place


def undated(model_id: str) -> str:
    """
    >>> undated("gpt-6-luna-2026-09-01"), undated("gpt-6-luna")
    ('gpt-6-luna', 'gpt-6-luna')
    """
    return _DATED.sub("", model_id)


def can_chat(model_id: str) -> bool:
    """By its name: services list models for pictures, speech and search as well."""
    return not _NO_CHAT.search(model_id)


def _changed(row: Preset, values: Mapping[str, Any]) -> Preset:
    """A row at another service keeps what is the model's own; the key stays where it was."""
    url = values.get("base_url", row.base_url)
    kept = row if row.is_at(url) else row.elsewhere()
    return replace(kept, **{"base_url": url, **values}, own=frozenset(values))


def _load() -> Table:
    with Path(__file__).with_name("presets.toml").open("rb") as file:
        data = tomllib.load(file)
    rows = tuple(Preset(name, **values) for name, values in data["presets"].items())
    chains = {role: tuple(text.split(", ")) for role, text in data["chains"].items()}
    return Table(rows, MappingProxyType(chains))


SHIPPED = _load()
PRESETS = SHIPPED.rows
SERVERS = SHIPPED.servers


def preset(name: str) -> Preset | None:
    """A shipped row."""
    return SHIPPED.named(name)


def describe(model_id: str) -> ModelInfo:
    """What the shipped table knows of a model."""
    return SHIPPED.describe(model_id)


def fastest(listed: Sequence[ModelInfo]) -> ModelInfo | None:
    """The model to pre-select, by the shipped table."""
    return SHIPPED.fastest(listed)
