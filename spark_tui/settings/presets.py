"""[presets.NAME] of the user file: models that a person adds to the table, or changes in it.

The rule kept here: a field is declared once, with its sentence; a mistake names file, line and the
field that was meant. Only what the person wrote is kept: what a row means together with the
shipped one of its name is told in session/targets.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from spark_tui.errors import UsageFault
from spark_tui.settings import toml
from spark_tui.settings.config import PRESETS
from spark_tui.settings.spec import Spec, checked, setting, specs_of

Value = str | int | float | None
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True, slots=True)
class Fields:
    """What may stand in a row."""

    model: str = setting("", 'The id to send; "" is what the server lists.')
    base_url: str = setting("", 'The service; "" is the one of base_url.')
    env_key: str = setting("", "Name of the environment variable that holds its key.")
    wire: str = setting(
        "auto", "How to talk to it.", choices=("auto", "responses-ws", "responses", "chat")
    )
    window: int = setting(0, "Tokens of the context window; 0 is not known.")
    speed: int = setting(0, "Tokens a second, as claimed; 0 is not known.")
    price_class: str = setting("", "How dear it is.", choices=("", "local", "low", "mid", "high"))
    price_input: float = setting(0.0, "Dollars per million input tokens; 0 is not known.")
    price_cached: float = setting(0.0, "Dollars per million cached input tokens.")
    price_output: float = setting(0.0, "Dollars per million output tokens; 0 is not known.")
    temperature: float | None = setting(None, 'Sampling temperature; "none" sends none.')
    effort: str = setting("", 'Reasoning effort; "" is the model\'s own.')
    service_tier: str = setting("", 'Service tier; "" is the account\'s own.')
    max_output_tokens: int = setting(0, "Cap of one answer; 0 is the model's own.")


@dataclass(frozen=True, slots=True)
class OwnPreset:
    """One row as the person wrote it."""

    name: str
    values: Mapping[str, Value]
    where: str
    """File and line of its first field."""


def rows_of(leaves: Iterable[tuple[str, Any, str]]) -> tuple[OwnPreset, ...]:
    """Rows from (dotted key, value, file and line). Raises UsageFault."""
    known = {spec.name: spec for spec in specs_of(Fields)}
    found: dict[str, OwnPreset] = {}
    for key, value, where in leaves:
        name, spec = _read(key, where, known)
        row = found.get(name) or OwnPreset(name, {}, where)
        named = replace(spec, key=f"{PRESETS}.{name}.{spec.name}")
        values = {**row.values, spec.name: checked(named, value, where)}
        found[name] = replace(row, values=MappingProxyType(values))
    return tuple(found.values())


def _read(key: str, where: str, known: Mapping[str, Spec]) -> tuple[str, Spec]:
    """(name of the row, field): a name may have dots in it, a field has none."""
    name, _, field = key.removeprefix(PRESETS).removeprefix(".").rpartition(".")
    if not name:
        raise UsageFault(
            f"{where}: {key} is not a setting.", hint=f"A row is a table: [{PRESETS}.NAME]."
        )
    if not _NAME.fullmatch(name):
        raise UsageFault(
            f"{where}: {name!r} cannot be the name of a preset.",
            hint="A name has letters, digits and . _ + - only.",
        )
    if field not in known:
        raise UsageFault(f"{where}: {key} is not a setting.", hint=toml.nearest(field, known))
    return name, known[field]
