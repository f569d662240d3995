"""What the person set: one frozen value, and for each field where it came from.

The rule kept here: a field is declared once, with its sentence; its place in the file, its
environment name and the help are derived from that. Later layers win: default, user file, project
file, environment, flag. A project may only set what cannot move money, keys or consent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spark_tui.errors import UsageFault
from spark_tui.settings import toml
from spark_tui.settings.paths import config_dir
from spark_tui.settings.spec import PREFIX, Spec, checked, from_text, setting, specs_of

if TYPE_CHECKING:
    from spark_tui.settings.presets import OwnPreset

__all__ = [
    "DEFAULT_URL", "NOT_SETTINGS", "PREFIX", "PRESETS", "Models", "Prices", "Settings", "Spec",
    "load", "save_user", "specs", "user_file",
]  # fmt: skip

PRESETS = "presets"
"""The table of a person's own models; its rows are read in presets.py."""
DEFAULT_URL = "https://api.openai.com/v1"
NOT_SETTINGS = frozenset(
    f"{PREFIX}{name}" for name in ("API_KEY", "CONFIG_DIR", "STATE_DIR", "DEMO", "COMMIT", "MODEL")
)
"""Environment names of ours which are no field; MODEL is short for models.fast."""


@dataclass(frozen=True, slots=True)
class Models:
    """A preset's name, an id, or several with commas between: the first one is used, the others
    are offered in this order when it is not to be had."""

    fast: str = setting("gpt-5.3-codex-spark", "The model of the role fast, or a chain.")
    smart: str = setting("gpt-5.3-codex", "The model of the role smart, or a chain.")


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars per million tokens; 0 shows no cost."""

    fast_input: float = setting(0.0, "Dollars per million input tokens of fast.")
    fast_cached: float = setting(0.0, "Dollars per million cached input tokens of fast.")
    fast_output: float = setting(0.0, "Dollars per million output tokens of fast.")
    smart_input: float = setting(0.0, "Dollars per million input tokens of smart.")
    smart_cached: float = setting(0.0, "Dollars per million cached input tokens of smart.")
    smart_output: float = setting(0.0, "Dollars per million output tokens of smart.")


@dataclass(frozen=True, slots=True)
class Settings:
    models: Models = field(default_factory=Models)
    base_url: str = setting(DEFAULT_URL, "The service: any OpenAI-compatible base URL.")
    env_key: str = setting("", "Name of the environment variable that holds its key.")
    wire: str = setting(
        "auto", "How to talk to it.", choices=("auto", "responses-ws", "responses", "chat")
    )
    accept: str = setting(
        "ask", "What is written without asking.", choices=("ask", "none", "safe", "all")
    )
    trailer: str = setting(
        "assisted-by",
        "The trailer of a commit that names the model.",
        choices=("assisted-by", "co-authored-by", "none"),
        project=True,
    )
    theme: str = setting("", 'Name of a theme; "" chooses by the terminal.')
    mouse: bool = setting(True, "Let the mouse focus, scroll and click.")
    low_bandwidth: bool = setting(False, "Draw less often, for slow links.")
    window: int = setting(0, "Tokens of the context window; 0 is the model's own.", project=True)
    temperature: float | None = setting(
        0.1, 'Sampling temperature; "none" sends none.', project=True
    )
    effort: str = setting("", 'Reasoning effort; "" is the model\'s own.', project=True)
    service_tier: str = setting("", 'Service tier; "" is the account\'s own.')
    max_output_tokens: int = setting(0, "Cap of one answer; 0 is the model's own.", project=True)
    warm_up: bool = setting(
        False, "Let the service read instructions and history while you type; costs input tokens."
    )
    checkpoints_mb: int = setting(
        1024, "MiB that the checkpoints of one work tree may take; 0 is no limit."
    )
    prices: Prices = field(default_factory=Prices)
    presets: tuple[OwnPreset, ...] = ()
    """Rows of the person's own for the table of models."""
    origins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """Dotted field name -> default, user file, project, environment or flag."""

    def origin_of(self, key: str) -> str:
        return self.origins.get(key, "default")

    @property
    def names_url(self) -> bool:
        """This start named the service by flag or environment: that goes for every model."""
        return self.origin_of("base_url") in ("flag", "environment")


def specs() -> Iterator[Spec]:
    """Every setting, in the order of the file."""
    yield from specs_of(Settings)
    yield from specs_of(Models, "models.")
    yield from specs_of(Prices, "prices.")


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
        fitting = None if value is None else checked(known[key], value, str(path))
        kept[key] = "none" if fitting is None and value is not None else fitting
    _file_layer(path, known)  # a broken file is said, never replaced
    toml.rewrite(path, kept)
    return path


def _file_layer(path: Path, known: Mapping[str, Spec], *, project: bool = False) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    rows: list[tuple[str, Any, str]] = []
    for key, value, line in toml.read(path):
        where = f"{path}:{line}"
        if key == "model":
            key = "models.fast"
        if key == PRESETS or key.startswith(f"{PRESETS}."):
            if project:
                raise UsageFault(
                    f"{where}: a project may not set {PRESETS}.",
                    hint="A preset says where your key and your code go: it stands in your file.",
                )
            rows.append((key, value, where))
            continue
        spec = known.get(key)
        if spec is None:
            raise UsageFault(f"{where}: {key} is not a setting.", hint=toml.nearest(key, known))
        if project and not spec.project:
            raise UsageFault(
                f"{where}: a project may not set {key}.",
                hint=f"Set it in your own file or with {spec.env}.",
            )
        layer[key] = checked(spec, value, where)
    if rows:
        from spark_tui.settings.presets import rows_of  # deferred: most people have none

        layer[PRESETS] = rows_of(rows)
    return layer


def _environment_layer(environ: Mapping[str, str], known: Mapping[str, Spec]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    if url := environ.get("OPENAI_BASE_URL"):
        layer["base_url"] = checked(known["base_url"], url, "OPENAI_BASE_URL")
    if model := environ.get(PREFIX + "MODEL"):
        layer["models.fast"] = checked(known["models.fast"], model, PREFIX + "MODEL")
    for key, spec in known.items():
        text = environ.get(spec.env)
        if text:
            layer[key] = checked(spec, from_text(spec, text), spec.env)
    return layer


def _flag_layer(flags: Mapping[str, Any], known: Mapping[str, Spec]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for name, value in flags.items():
        if value is None:
            continue
        key = "models.fast" if name == "model" else name
        layer[key] = checked(known[key], value, "--" + name.replace("_", "-"))
    return layer


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
