"""What a name means: which model is asked for, where, with which key, window, price and sampling.

The rule kept here: pure, and one order for every question. The URL that this start named goes for
every model; else a preset that is named by its name brings its own service, and a plain id goes to
the service of the settings. What a person set wins over a preset, a preset over a default; what a
service lists wins over the shipped table. Keys are bound to origins by settings/credentials.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from spark_tui.errors import UsageFault
from spark_tui.model.presets import SHIPPED, Preset, Table
from spark_tui.model.provider import Endpoint, ModelInfo
from spark_tui.session.figures import Price
from spark_tui.settings.config import Settings
from spark_tui.settings.origin import is_loopback, ollama_url, origin_of

DEFAULT_WINDOW = 128_000
AT = "@"
"""ID@PRESET is an id at the service of a preset; ID@ an id, whatever presets are called."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn; None leaves it to the service."""

    temperature: float | None = None
    effort: str | None = None
    service_tier: str | None = None
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """One word of a chain, read."""

    word: str
    model: str
    """The id to send; "" is what the server lists."""
    base_url: str
    wire: str
    env_key: str
    """The variable that was given for exactly this URL."""
    needs_key: bool
    preset: Preset | None
    """What is known of the model there."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the requests of a role go."""

    role: str
    model: str
    """The id to send; "" until the server has listed what it has."""
    endpoint: Endpoint
    preset: Preset | None
    window: int
    price: Price | None
    """None where it is not known."""
    word: str
    """As the person named it."""
    needs_key: bool

    @property
    def ready(self) -> bool:
        """A request can be made: a key is known, or none is needed."""
        return bool(self.endpoint.key) or self.endpoint.is_local or not self.needs_key


def table_of(settings: Settings, environ: Mapping[str, str]) -> Table:
    """The shipped table with what the person wrote, and Ollama where OLLAMA_HOST has it.

    Raises UsageFault for a key whose service is not named.
    """
    table = SHIPPED
    if url := ollama_url(environ.get("OLLAMA_HOST", "")):
        rows = (replace(r, base_url=url) if r.name == "ollama" else r for r in table.rows)
        table = replace(table, rows=tuple(rows))
    table = table.with_own((row.name, row.values) for row in settings.presets)
    for own in settings.presets:
        row = table.named(own.name)
        if row is not None and row.env_key and not row.base_url:
            raise UsageFault(
                f"{own.where}: presets.{own.name} names a key, but no service.",
                hint="Put base_url beside env_key: the key is sent there and nowhere else.",
            )
    return table


def read_word(word: str, settings: Settings, table: Table) -> Named:
    """A preset's name, ID@PRESET, or an id."""
    row = service = table.named(word)
    model = row.model if row is not None else word
    if row is None and AT in word:
        head, _, tail = word.rpartition(AT)
        service = table.named(tail)
        if head and (service is not None or not tail):
            model = head
    is_own_place = service is not None and bool(service.base_url) and not settings.names_url
    url = service.base_url if service is not None and is_own_place else settings.base_url
    known = _known(model, url, row, table)
    # A preset's variable goes to its own origin; also when the settings name the same one.
    speaks = service if is_own_place else known
    env_key = speaks.env_key if speaks is not None else ""
    if env_key and (speaks is None or origin_of(speaks.base_url) != origin_of(url)):
        env_key = ""
    return Named(
        word=word,
        model=model,
        base_url=url,
        wire=_wire(service if is_own_place else None, url, settings),
        env_key=env_key,
        needs_key=bool(env_key) if is_own_place else not is_loopback(url),
        preset=known,
    )


def _known(model: str, url: str, row: Preset | None, table: Table) -> Preset | None:
    """What is known of a model at a URL; `row` is the preset it was named by."""
    if row is not None:
        if row.base_url and not row.is_at(url):
            return row.elsewhere()
        return row
    found = table.of_model(model, url) if model else None
    if found is not None and found.base_url:
        return found
    service = table.of_service(url)
    if service is None or found is None:
        return found or service
    return replace(service, window=found.window, temperature=found.temperature)


def _wire(service: Preset | None, url: str, settings: Settings) -> str:
    if service is None or (url == settings.base_url and settings.wire != "auto"):
        return settings.wire
    return service.wire


def word_for(model: str, base_url: str, settings: Settings, table: Table) -> str:
    """What a person writes to get this model there; "" where no word leads there."""
    rows = [row for row in table.rows if row.base_url == base_url]
    named = [row.name for row in rows if row.model == model]
    marked = [f"{model}{AT}{row.name}" for row in rows]
    for word in (model, f"{model}{AT}", *named, *marked):
        read = read_word(word, settings, table)
        if (read.model, read.base_url) == (model, base_url):
            return word
    return ""


def target_of(
    role: str,
    named: Named,
    settings: Settings,
    *,
    endpoint: Endpoint,
    model: str,
    listed: ModelInfo | None,
) -> Target:
    """The target of a role; `listed` is what the service said of the model."""
    return Target(
        role=role,
        model=model,
        endpoint=endpoint,
        preset=named.preset,
        window=_window(named.preset, settings, listed),
        price=_own_price(role, settings) or price_of_row(named.preset),
        word=named.word,
        needs_key=named.needs_key,
    )


def sampling_of(
    target: Target, settings: Settings, *, effort: str | None = None, tier: str | None = None
) -> Sampling:
    """What goes with a request; `effort` and `tier` were chosen while the session runs."""
    row = target.preset
    plain = Settings()

    def said(name: str) -> bool:
        is_plain = getattr(settings, name) == getattr(plain, name)
        return settings.origin_of(name) != "default" or not is_plain

    temperature = settings.temperature
    if row is not None and not said("temperature"):
        temperature = row.temperature
    effort = effort if effort is not None or not said("effort") else settings.effort
    tier = tier if tier is not None or not said("service_tier") else settings.service_tier
    most = settings.max_output_tokens or (row.max_output_tokens if row is not None else 0)
    return Sampling(
        temperature=temperature,
        effort=(row.effort if effort is None and row is not None else effort) or None,
        service_tier=(row.service_tier if tier is None and row is not None else tier) or None,
        max_output_tokens=most or None,
    )


def _window(row: Preset | None, settings: Settings, listed: ModelInfo | None) -> int:
    own = row.window if row is not None and "window" in row.own else 0
    told = listed.window if listed is not None else 0
    known = row.window if row is not None else 0
    return settings.window or own or told or known or DEFAULT_WINDOW


def price_of_row(row: Preset | None) -> Price | None:
    """None where it is not known."""
    if row is None or not (row.price_input or row.price_output):
        return None
    cached = row.price_cached
    if not cached and "price_cached" not in row.own:
        cached = row.price_input  # nobody said that cached tokens are cheaper
    return Price(row.price_input, cached, row.price_output)


def _own_price(role: str, settings: Settings) -> Price | None:
    prices = settings.prices
    paid, cached, output = (
        (prices.smart_input, prices.smart_cached, prices.smart_output)
        if role == "smart"
        else (prices.fast_input, prices.fast_cached, prices.fast_output)
    )
    if not (paid or cached or output):
        return None
    if not cached and settings.origin_of(f"prices.{role}_cached") == "default":
        cached = paid
    return Price(paid, cached, output)
