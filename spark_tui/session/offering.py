"""What may be taken instead of a model that is not to be had.

The rule kept here: pure, and nothing is taken: a person is shown what there is, with price class
and speed, the best first. A model of the same service counts only if that lists it; one at another
service only if a key for that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from spark_tui.model.presets import Preset, Table, can_chat, undated
from spark_tui.model.provider import ModelInfo
from spark_tui.session.targets import Named, Target, read_word, word_for
from spark_tui.settings.config import Settings
from spark_tui.settings.spec import words_of

SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Instead:
    """One model that may be taken."""

    word: str
    """What --model takes to get it."""
    info: ModelInfo
    """Its id is "" where the server has not been asked yet what it has."""
    base_url: str

    @property
    def host(self) -> str:
        return host_of(self.base_url)

    @property
    def facts(self) -> str:
        """Speed and price class, as far as they are known; "" if neither is."""
        info = self.info
        price = {"": "", "local": "free, local"}.get(info.price_class, f"{info.price_class} price")
        return " · ".join(w for w in (f"{info.speed:,} tok/s" if info.speed else "", price) if w)


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """The model in use is not to be had; this is what may be taken instead."""

    wanted: str
    listed: tuple[ModelInfo, ...]
    """By the service in use; () where it does not tell."""
    suggestion: ModelInfo | None
    why: str = ""
    """A sentence; "" when the person only asked what there is."""
    chain: tuple[Instead, ...] = ()
    """The best first, at this service or another."""
    role: str = ""

    @property
    def next(self) -> Instead | None:
        return self.chain[0] if self.chain else None


@dataclass(frozen=True, slots=True)
class Market:
    """What an offer is made from."""

    settings: Settings
    table: Table
    has_key: Callable[[Named], bool]
    refused: Collection[tuple[str, str]]
    """(base URL, model) that a service refused to serve."""
    today: date

    def offer(self, target: Target, listed: Sequence[ModelInfo] | None, why: str) -> ModelOffer:
        """`listed` by the target's service; None where it does not tell."""
        here = target.endpoint.base_url
        fit = [
            info for info in listed or ()
            if can_chat(info.id) and not is_retired(info, self.today)
            and (here, info.id) not in self.refused
        ]  # fmt: skip
        found: dict[tuple[str, str], Instead] = {}
        for instead in self._candidates(target, fit, is_told=listed is not None):
            if instead.word:
                found.setdefault((instead.base_url, instead.info.id), instead)
        chain = tuple(found.values())
        return ModelOffer(
            wanted=target.model or target.word,
            listed=tuple(listed or ()),
            suggestion=next((i.info for i in chain if i.base_url == here), None),
            why=why,
            chain=chain,
            role=target.role,
        )

    def _candidates(
        self, target: Target, fit: Sequence[ModelInfo], *, is_told: bool
    ) -> Iterator[Instead]:
        here = target.endpoint.base_url
        fastest = self.table.fastest(fit)
        if not target.model and fastest is not None:
            yield self._listed(fastest, here)  # it is the server that is wanted
        own = words_of(getattr(self.settings.models, target.role))[1:]
        yield from self._words(own, target, fit, takes_word=not is_told)
        for info in fit:
            if undated(info.id) == target.model:
                yield self._listed(info, here)
        usual = tuple(n for n in self.table.chains.get(target.role, ()) if n != target.word)
        known = list(self._known(usual, here, fit))
        if target.role == "smart":
            yield from known
        if fastest is not None:
            yield self._listed(fastest, here)
        yield from known
        yield from self._words(usual, target, fit)

    def _known(
        self, names: Sequence[str], here: str, fit: Sequence[ModelInfo]
    ) -> Iterator[Instead]:
        """Models of these presets that this service lists as well, wherever the presets are."""
        for name in names:
            row = self.table.named(name)
            info = next((i for i in fit if row is not None and is_called(i, row.model)), None)
            if info is not None:
                yield self._listed(info, here)

    def _words(
        self,
        words: Sequence[str],
        target: Target,
        fit: Sequence[ModelInfo],
        *,
        takes_word: bool = False,
    ) -> Iterator[Instead]:
        """What these words lead to, as far as it can be had."""
        here = target.endpoint.base_url
        for word in words:
            named = read_word(word, self.settings, self.table)
            spot = (named.base_url, named.model)
            if spot in self.refused or spot == (here, target.model):
                continue
            if named.base_url == here:
                info = next((info for info in fit if is_called(info, named.model)), None)
                if info is None and takes_word:
                    info = self._described(named)
                if info is not None:
                    yield Instead(word, info, here)
            elif self.has_key(named):
                yield Instead(word, self._described(named), named.base_url)

    def _described(self, named: Named) -> ModelInfo:
        row = named.preset or Preset("")
        return ModelInfo(
            named.model,
            preset=row.name,
            speed=row.speed,
            price_class=row.price_class,
            window=row.window,
        )

    def _listed(self, info: ModelInfo, here: str) -> Instead:
        return Instead(word_for(info.id, here, self.settings, self.table), info, here)


def is_called(info: ModelInfo, model: str) -> bool:
    """Some servers list what they take under a shorter name with a tag behind it."""
    return info.id in (model, f"{model}:latest")


def is_retired(info: ModelInfo, today: date) -> bool:
    day = shutdown_of(info)
    return day is not None and day <= today


def retires_in(info: ModelInfo, today: date) -> int | None:
    """Days until its service shuts it down, where that is near."""
    day = shutdown_of(info)
    left = (day - today).days if day is not None else -1
    return left if 0 < left <= SOON_DAYS else None


def shutdown_of(info: ModelInfo) -> date | None:
    try:
        return date.fromisoformat(info.shutdown) if info.shutdown else None
    except ValueError:
        return None


def host_of(base_url: str) -> str:
    """
    >>> host_of("https://api.openai.com/v1")
    'api.openai.com'
    """
    return base_url.split("//", 1)[-1].split("/", 1)[0]
