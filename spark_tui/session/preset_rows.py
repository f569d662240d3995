"""The table of models for a person: where each leads, whether a key is there, whether it is listed.

The rule kept here: nobody is asked; a service that was not asked has listed nothing, which is not
the same as not listing it. A key is only said to be there, and where it was found.
"""

from __future__ import annotations

from dataclasses import dataclass

from spark_tui.errors import UsageFault
from spark_tui.session.figures import Price
from spark_tui.session.link import ROLES, Link
from spark_tui.session.offering import host_of, is_called
from spark_tui.session.targets import price_of_row, read_word
from spark_tui.settings.origin import is_loopback


@dataclass(frozen=True, slots=True)
class PresetRow:
    name: str
    model: str
    """"" is what the server lists."""
    base_url: str
    env_key: str
    """The variable that holds its key, "" where none is named."""
    is_set: bool
    """The variable holds something."""
    key_from: str
    """Where its key was found: a variable, "keyring", a file; "" for none."""
    needs_key: bool
    listed: bool | None
    """None: its service was not asked, or does not tell."""
    role: str
    """The role that asks it first, "" for none."""
    own: bool
    """The person wrote it, or changed it."""
    window: int
    speed: int
    price_class: str
    price: Price | None

    @property
    def host(self) -> str:
        return host_of(self.base_url)

    @property
    def usable(self) -> bool:
        """As far as keys go; a local server must be running besides."""
        return bool(self.key_from) or not self.needs_key

    @property
    def key_in_words(self) -> str:
        if self.key_from and self.key_from != self.env_key:
            return f"key from {self.key_from}"
        if not self.env_key:
            return "needs a key" if self.needs_key else "no key needed"
        return f"{self.env_key} {'set' if self.is_set else 'not set'}"


def preset_rows(link: Link) -> tuple[PresetRow, ...]:
    """Every row, the person's own first."""
    return tuple(_row(link, name) for name in [row.name for row in link.table.rows])


def _row(link: Link, name: str) -> PresetRow:
    named = read_word(name, link.settings, link.table)
    preset = named.preset
    try:
        key = link.key_of(named)
    except UsageFault:  # the variable holds something that cannot be a key
        key = None
    listed = link.listed_at(named)
    words = {link.target(role).word: role for role in reversed(ROLES)}
    return PresetRow(
        name=name,
        model=named.model,
        base_url=named.base_url,
        env_key=named.env_key,
        is_set=bool(named.env_key) and link.is_set(named.env_key),
        key_from=key.origin if key is not None else "",
        needs_key=named.needs_key and not is_loopback(named.base_url),
        listed=None
        if listed is None or not named.model
        else any(is_called(info, named.model) for info in listed),
        role=words.get(name, ""),
        own=bool(preset is not None and preset.own),
        window=preset.window if preset is not None else 0,
        speed=preset.speed if preset is not None else 0,
        price_class=preset.price_class if preset is not None else "",
        price=price_of_row(preset),
    )
