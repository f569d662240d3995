"""The key: where it is found, where it is kept, and the one origin it may go to.

The rule kept here: a key is bound to scheme, host and port; a URL from anywhere else never gets
it. It is never printed, logged or put into a message: `Key` hides it from repr.
"""

from __future__ import annotations

import importlib.util
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spark_tui.errors import DiskFault, UsageFault
from spark_tui.settings.config import Settings
from spark_tui.settings.origin import is_loopback, origin_of
from spark_tui.settings.paths import config_dir, write_private

OPENAI = "https://api.openai.com:443"
KEYRING_SERVICE = "spark-tui"
_IN_KEYRING = {"in": "keyring"}


@dataclass(frozen=True, slots=True)
class Key:
    value: str = field(repr=False)
    origin: str
    """Where it was found: a variable's name, "keyring", or a path."""
    bound_to: str
    """The only scheme://host:port it may be sent to."""


def find_key(
    settings: Settings, environ: Mapping[str, str], *, base_url: str = "", env_key: str = ""
) -> Key | None:
    """The key for `base_url`, or None; the settings' own URL is meant where none is named.

    `env_key` is the variable that a preset names for exactly this URL. Our demo has no key on
    purpose.
    """
    if environ.get("SPARK_TUI_DEMO"):
        return None
    bound_to = origin_of(base_url or settings.base_url)
    for name in _variables(settings, environ, bound_to, env_key):
        if value := environ.get(name, "").strip():
            return Key(_sendable(value, name), name, bound_to)
    path = key_file(environ)
    match _stored(path).get(bound_to):
        case str(value):
            return Key(value, str(path), bound_to)
        case {"in": "keyring"}:
            found = _keyring_get(bound_to)
            return Key(found, "keyring", bound_to) if found else None
        case _:
            return None


def store_key(base_url: str, key: str, environ: Mapping[str, str]) -> str:
    """Keep the key for this origin; returns "keyring" or the path of the private file."""
    bound_to = origin_of(base_url)
    value = _sendable(key.strip(), "the key")
    path = key_file(environ)
    stored = _stored(path)
    if _keyring_set(bound_to, value):
        _write(path, {**stored, bound_to: _IN_KEYRING})
        return "keyring"
    _write(path, {**stored, bound_to: value})
    return str(path)


def forget_key(base_url: str, environ: Mapping[str, str]) -> bool:
    """Remove what `store_key` kept; False if there was nothing."""
    bound_to = origin_of(base_url)
    path = key_file(environ)
    stored = _stored(path)
    if bound_to not in stored:
        return False
    if stored.pop(bound_to) == _IN_KEYRING:
        _keyring_delete(bound_to)
    if stored:
        _write(path, stored)
    else:
        path.unlink(missing_ok=True)
    return True


def key_file(environ: Mapping[str, str]) -> Path:
    return config_dir(environ) / "keys.json"


def _variables(
    settings: Settings, environ: Mapping[str, str], bound_to: str, env_key: str
) -> list[str]:
    """Which variables may speak for this origin, best first."""
    is_settings_own = bound_to == origin_of(settings.base_url)
    names = ["SPARK_TUI_API_KEY"] if is_settings_own else []
    if env_key:
        names.append(env_key)
    url_from = settings.origin_of("base_url")
    # A file's env_key belongs to the file's URL, not to one that a flag put in its place.
    if (
        is_settings_own
        and settings.env_key
        and (settings.origin_of("env_key") != "user file" or url_from in ("user file", "default"))
    ):
        names.append(settings.env_key)
    if bound_to == OPENAI or (is_settings_own and _named_with_openai(settings, environ)):
        names.append("OPENAI_API_KEY")
    return names


def _named_with_openai(settings: Settings, environ: Mapping[str, str]) -> bool:
    """The same start named this URL, so its OPENAI_API_KEY is meant for it.

    Loopback gets it only from its own twin, OPENAI_BASE_URL: whoever tries a local server with
    --base-url does not mean to hand it the key of another service.
    """
    if not settings.names_url:
        return False
    is_twin = (
        settings.origin_of("base_url") == "environment"
        and "SPARK_TUI_BASE_URL" not in environ
        and "OPENAI_BASE_URL" in environ
    )
    return is_twin or not is_loopback(settings.base_url)


def _sendable(value: str, what: str) -> str:
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise UsageFault(
            f"What {what} holds cannot be a key.",
            hint="A key is one word of plain letters, digits and signs. Was it pasted whole?",
        )
    return value


def _stored(path: Path) -> dict[str, object]:
    """origin -> key or where it is. A file that is not ours is not read; one that others may
    read is closed to them first."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DiskFault(
            f"{path} cannot be read: {error.strerror or error}.", hint="Fix its permissions."
        ) from error
    with os.fdopen(fd, "rb") as file:
        seen = os.fstat(fd)
        if not stat.S_ISREG(seen.st_mode) or seen.st_uid != os.getuid():
            return {}
        if seen.st_mode & 0o077:
            os.fchmod(fd, 0o600)
        try:
            raw = json.loads(file.read(1 << 20))
        except ValueError:
            raw = None
    if not isinstance(raw, dict):
        raise UsageFault(f"{path} is damaged.", hint="Delete it and give the key again.") from None
    return raw


def _write(path: Path, stored: Mapping[str, object]) -> None:
    write_private(path, (json.dumps(stored, indent=1) + "\n").encode("ascii"))


def _keyring_get(bound_to: str) -> str | None:
    if importlib.util.find_spec("keyring") is None:
        return None
    import keyring  # deferred: an optional extra that loads a desktop's libraries
    import keyring.errors

    try:
        found: str | None = keyring.get_password(KEYRING_SERVICE, bound_to)
        return found
    except keyring.errors.KeyringError:
        return None


def _keyring_set(bound_to: str, value: str) -> bool:
    if importlib.util.find_spec("keyring") is None:
        return False
    import keyring  # deferred, see above
    import keyring.errors

    try:
        if keyring.get_keyring().priority < 1:  # the backends that refuse or that keep plain text
            return False
        keyring.set_password(KEYRING_SERVICE, bound_to, value)
        return bool(keyring.get_password(KEYRING_SERVICE, bound_to) == value)
    except keyring.errors.KeyringError:
        return False


def _keyring_delete(bound_to: str) -> None:
    if importlib.util.find_spec("keyring") is None:
        return
    import keyring  # deferred, see above
    import keyring.errors

    try:
        keyring.delete_password(KEYRING_SERVICE, bound_to)
    except keyring.errors.KeyringError:
        return
