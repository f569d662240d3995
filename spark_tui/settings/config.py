"""What the person set: one frozen value, and for each field where it came from.

The rule kept here: a field is declared once, with its sentence; its place in the file, its
environment name and the help are derived from that. Later layers win: default, user file, project
file, environment, flag. A project may only set what cannot move money, keys or consent.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from spark_tui.errors import UsageFault
from spark_tui.settings import toml
from spark_tui.settings.origin import normal_url
from spark_tui.settings.paths import config_dir

DEFAULT_URL = "https://api.openai.com/v1"
PREFIX = "SPARK_TUI_"
NOT_SETTINGS = frozenset(
    f"{PREFIX}{name}" for name in ("API_KEY", "CONFIG_DIR", "STATE_DIR", "DEMO", "COMMIT", "MODEL")
)
"""Environment names of ours which are no field; MODEL is short for models.fast."""


def _setting(
    default: str | bool | int | float | None,
    doc: str,
    *,
    choices: tuple[str, ...] = (),
    project: bool = False,
) -> Any:
    meta = {"doc": doc, "choices": choices, "project": project}
    return field(default=default, metadata=meta)


@dataclass(frozen=True, slots=True)
class Models:
    fast: str = _setting("gpt-5.3-codex-spark", "The model of the role fast.")
    smart: str = _setting("gpt-5.3-codex", "The model of the role smart.")


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars per million tokens; 0 shows no cost."""

    fast_input: float = _setting(0.0, "Dollars per million input tokens of fast.")
    fast_cached: float = _setting(0.0, "Dollars per million cached input tokens of fast.")
    fast_output: float = _setting(0.0, "Dollars per million output tokens of fast.")
    smart_input: float = _setting(0.0, "Dollars per million input tokens of smart.")
    smart_cached: float = _setting(0.0, "Dollars per million cached input tokens of smart.")
    smart_output: float = _setting(0.0, "Dollars per million output tokens of smart.")


@dataclass(frozen=True, slots=True)
class Settings:
    models: Models = field(default_factory=Models)
    base_url: str = _setting(DEFAULT_URL, "The service: any OpenAI-compatible base URL.")
    env_key: str = _setting("", "Name of the environment variable that holds its key.")
    wire: str = _setting(
        "auto", "How to talk to it.", choices=("auto", "responses-ws", "responses", "chat")
    )
    accept: str = _setting(
        "ask", "What is written without asking.", choices=("ask", "none", "safe", "all")
    )
    trailer: str = _setting(
        "assisted-by",
        "The trailer of a commit that names the model.",
        choices=("assisted-by", "co-authored-by", "none"),
        project=True,
    )
    theme: str = _setting("", 'Name of a theme; "" chooses by the terminal.')
    mouse: bool = _setting(True, "Let the mouse focus, scroll and click.")
    low_bandwidth: bool = _setting(False, "Draw less often, for slow links.")
    window: int = _setting(0, "Tokens of the context window; 0 is the model's own.", project=True)
    temperature: float | None = _setting(
        0.1, 'Sampling temperature; "none" sends none.', project=True
    )
    effort: str = _setting("", 'Reasoning effort; "" is the model\'s own.', project=True)
    service_tier: str = _setting("", 'Service tier; "" is the account\'s own.')
    max_output_tokens: int = _setting(0, "Cap of one answer; 0 is the model's own.", project=True)
    prices: Prices = field(default_factory=Prices)
    origins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """Dotted field name -> default, user file, project, environment or flag."""

    def origin_of(self, key: str) -> str:
        return self.origins.get(key, "default")


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
    def env(self) -> str:
        return PREFIX + self.key.upper().replace(".", "__")


def specs() -> Iterator[Spec]:
    """Every setting, in the order of the file."""
    for outer in dataclasses.fields(Settings):
        if outer.metadata:
            yield _spec(outer, "")
    for name, table in (("models", Models), ("prices", Prices)):
        for inner in dataclasses.fields(table):
            yield _spec(inner, f"{name}.")


def load(
    *,
    environ: Mapping[str, str],
    flags: Mapping[str, Any] | None = None,
    project: Path | None = None,
) -> Settings:
    """The layers, laid over each other. Raises UsageFault with file, line and nearest key.

    `project` is the root of a trusted work tree; its `.spark-tui/config.toml` may be missing.
    """
    known = {spec.key: spec for spec in specs()}
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def lay(layer: Mapping[str, Any], origin: str) -> None:
        values.update(layer)
        origins.update(dict.fromkeys(layer, origin))
        # One model named alone serves both roles: a service that has only this one must work.
        names_one = "models.fast" in layer and origin in ("environment", "flag")
        if names_one and origins.get("models.smart", "default") == "default":
            values["models.smart"] = layer["models.fast"]

    lay(_file_layer(user_file(environ), known), "user file")
    if project is not None:
        lay(_file_layer(project / ".spark-tui" / "config.toml", known, project=True), "project")
    lay(_environment_layer(environ, known), "environment")
    lay(_flag_layer(flags or {}, known), "flag")
    return _build(values, origins)


def user_file(environ: Mapping[str, str]) -> Path:
    return config_dir(environ) / "config.toml"


def save_user(environ: Mapping[str, str], changes: Mapping[str, Any]) -> Path:
    """Write dotted keys into the user file, keeping its comments; None takes a key out.

    All or nothing; what is not a valid setting is refused before anything is written.
    """
    path = user_file(environ)
    known = {spec.key: spec for spec in specs()}
    kept: dict[str, Any] = {}
    for key, value in changes.items():
        if key not in known:
            raise UsageFault(f"{key} is not a setting.", hint=toml.nearest(key, known))
        fitting = None if value is None else _checked(known[key], value, str(path))
        kept[key] = "none" if fitting is None and value is not None else fitting
    _file_layer(path, known)  # a broken file is said, never replaced
    toml.rewrite(path, kept)
    return path


def _spec(item: dataclasses.Field[Any], prefix: str) -> Spec:
    return Spec(
        key=prefix + item.name,
        kind=str(item.type),
        default=item.default if item.default is not dataclasses.MISSING else None,
        doc=item.metadata["doc"],
        choices=item.metadata["choices"],
        project=item.metadata["project"],
    )


def _file_layer(path: Path, known: Mapping[str, Spec], *, project: bool = False) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for key, value, line in toml.read(path):
        where = f"{path}:{line}"
        if key == "model":
            key = "models.fast"
        spec = known.get(key)
        if spec is None:
            raise UsageFault(f"{where}: {key} is not a setting.", hint=toml.nearest(key, known))
        if project and not spec.project:
            raise UsageFault(
                f"{where}: a project may not set {key}.",
                hint=f"Set it in your own file or with {spec.env}.",
            )
        layer[key] = _checked(spec, value, where)
    return layer


def _environment_layer(environ: Mapping[str, str], known: Mapping[str, Spec]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    if url := environ.get("OPENAI_BASE_URL"):
        layer["base_url"] = _checked(known["base_url"], url, "OPENAI_BASE_URL")
    if model := environ.get(PREFIX + "MODEL"):
        layer["models.fast"] = model
    for key, spec in known.items():
        text = environ.get(spec.env)
        if text:
            layer[key] = _checked(spec, _from_text(spec, text), spec.env)
    return layer


def _flag_layer(flags: Mapping[str, Any], known: Mapping[str, Spec]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for name, value in flags.items():
        if value is None:
            continue
        key = "models.fast" if name == "model" else name
        layer[key] = _checked(known[key], value, "--" + name.replace("_", "-"))
    return layer


def _from_text(spec: Spec, text: str) -> Any:
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


def _checked(spec: Spec, value: Any, where: str) -> Any:
    """`value` as its field wants it. Raises UsageFault naming `where`."""
    if spec.key == "base_url" and isinstance(value, str):
        return normal_url(value, where)
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
    return value


def _build(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    flat = {k: v for k, v in values.items() if "." not in k}
    tables: dict[str, dict[str, Any]] = {"models": {}, "prices": {}}
    for key, value in values.items():
        table, dot, name = key.partition(".")
        if dot:
            tables[table][name] = value
    return Settings(
        models=Models(**tables["models"]),
        prices=Prices(**tables["prices"]),
        origins=MappingProxyType(dict(origins)),
        **flat,
    )
