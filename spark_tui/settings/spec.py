"""One setting as the file, the environment and the help see it, and what fits into it.

The rule kept here: a mistake is a UsageFault that names its place and what would fit, and never
repeats what may be a secret. Which settings there are stand in config.py and presets.py.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from spark_tui.errors import UsageFault
from spark_tui.settings.origin import normal_url

PREFIX = "SPARK_TUI_"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def setting(
    default: str | bool | int | float | None,
    doc: str,
    *,
    choices: tuple[str, ...] = (),
    project: bool = False,
) -> Any:
    """A field of a dataclass that is a setting."""
    meta = {"doc": doc, "choices": choices, "project": project}
    return field(default=default, metadata=meta)


@dataclass(frozen=True, slots=True)
class Spec:
    """One setting as the file, the environment and the help see it."""

    key: str
    """Dotted: models.fast."""
    kind: str
    """str, bool, int, float or float | None."""
    default: str | bool | int | float | None
    doc: str
    choices: tuple[str, ...]
    project: bool
    """A project's file may set it."""

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition(".")[2]

    @property
    def env(self) -> str:
        return PREFIX + self.key.upper().replace(".", "__")


def specs_of(table: type[Any], prefix: str = "") -> Iterator[Spec]:
    """The settings among the fields of a dataclass, in their order."""
    for item in dataclasses.fields(table):
        if item.metadata:
            yield Spec(
                key=prefix + item.name,
                kind=str(item.type),
                default=item.default if item.default is not dataclasses.MISSING else None,
                doc=item.metadata["doc"],
                choices=item.metadata["choices"],
                project=item.metadata["project"],
            )


def from_text(spec: Spec, text: str) -> Any:
    """An environment value as the type its field has; what does not fit stays text."""
    match spec.kind:
        case "bool":
            return {"1": True, "true": True, "yes": True, "on": True}.get(
                text.lower(),
                False if text.lower() in ("0", "false", "no", "off") else text,
            )
        case "int":
            return int(text) if text.lstrip("-").isdecimal() else text
        case "float" | "float | None":
            try:
                return float(text)
            except ValueError:
                return text
        case _:
            return text


def checked(spec: Spec, value: Any, where: str) -> Any:
    """`value` as its field wants it. Raises UsageFault naming `where`."""
    if spec.name == "base_url" and isinstance(value, str):
        return normal_url(value, where)
    if spec.name == "env_key" and value and not _VARIABLE.fullmatch(str(value)):
        # Not repeated: it may be the key itself.
        raise UsageFault(
            f"{where}: {spec.key} is not the name of a variable.",
            hint="It names the variable that holds the key, like MY_API_KEY; never the key.",
        )
    if spec.choices and value not in spec.choices:
        raise UsageFault(
            f"{where}: {spec.key} cannot be {value!r}.", hint="One of " + ", ".join(spec.choices)
        )
    match spec.kind:
        case "str":
            fits = isinstance(value, str)
        case "bool":
            fits = isinstance(value, bool)
        case "int":
            fits = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case "float | None" if value == "none":
            return None
        case _:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            fits = fits and 0 <= value < 1e6
            value = float(value) if fits else value
    if not fits:
        wanted = {"str": "text", "bool": "true or false", "int": "a whole number, 0 or more"}
        raise UsageFault(
            f"{where}: {spec.key} cannot be {value!r}.",
            hint=f"It is {wanted.get(spec.kind, 'a number, 0 or more')}. {spec.doc}",
        )
    if spec.key.startswith("models.") and not words_of(value):
        raise UsageFault(
            f"{where}: {spec.key} names no model.",
            hint="The name of a preset, an id, or several with commas between.",
        )
    return value


def words_of(chain: str) -> tuple[str, ...]:
    """The models of a chain, the first one first.

    >>> words_of("spark, sol,, gpt-oss:120b ")
    ('spark', 'sol', 'gpt-oss:120b')
    """
    return tuple(word for part in chain.split(",") if (word := part.strip()))
