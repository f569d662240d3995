"""A disk that forgets what was not synced: what a verb did, and what a power cut leaves of it.

The rule kept here: a name is on the disk when its folder was synced after it was given, bytes and
modes when their file was; everything else may be there or not, in part or in any mixture. Who
writes down what was done is power_record.py.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

Key = int
"""A file or folder, whatever it is called."""


@dataclass(frozen=True)
class Data:
    """Bytes written into a file."""

    key: Key
    at: int
    data: bytes


@dataclass(frozen=True)
class Cut:
    key: Key
    size: int


@dataclass(frozen=True)
class Mode:
    key: Key
    bits: int


@dataclass(frozen=True)
class Names:
    """Names that came, went or changed in one step: folder, name, what has it now."""

    entries: tuple[tuple[Key, str, Key | None], ...]


@dataclass(frozen=True)
class Sync:
    key: Key


Act = Data | Cut | Mode | Names | Sync


@dataclass
class Node:
    """A folder has names, a link a target, a file bytes."""

    kind: str
    bits: int
    data: bytes = b""
    names: dict[str, Key] = field(default_factory=dict)


@dataclass
class Disk:
    """What a folder held, what was done since, and what there is after a power cut."""

    root: Path
    nodes: dict[Key, Node] = field(default_factory=dict)
    """As they were; those that came later as they were born: empty."""
    acts: list[Act] = field(default_factory=list)

    def after(self, acts: Sequence[Act]) -> dict[Key, Node]:
        nodes = {k: Node(n.kind, n.bits, n.data, dict(n.names)) for k, n in self.nodes.items()}
        for act in acts:
            match act:
                case Data(key, at, data):
                    old = nodes[key].data.ljust(at, b"\0")
                    nodes[key].data = old[:at] + data + old[at + len(data) :]
                case Cut(key, size):
                    nodes[key].data = nodes[key].data[:size].ljust(size, b"\0")
                case Mode(key, bits):
                    nodes[key].bits = bits
                case Names(entries):
                    for folder, name, target in entries:
                        if target is None:
                            nodes[folder].names.pop(name, None)
                        else:
                            nodes[folder].names[name] = target
                case Sync():
                    pass
        return nodes

    def lay_out(self, acts: Sequence[Act]) -> None:
        """Make the folder what these acts leave."""
        shutil.rmtree(self.root)
        nodes = self.after(acts)
        made: dict[Key, Path] = {}

        def lay(key: Key, path: Path) -> None:
            node = nodes[key]
            if key in made:
                os.link(made[key], path, follow_symlinks=False)
            elif node.kind == "link":
                path.symlink_to(os.fsdecode(node.data))
            elif node.kind == "file":
                path.write_bytes(node.data)
                path.chmod(node.bits)
            else:
                path.mkdir()
                for name, below in node.names.items():
                    lay(below, path / name)
                path.chmod(node.bits)
            if node.kind != "folder":
                made.setdefault(key, path)

        lay(0, self.root)

    # -- what is left ------------------------------------------------------------
    def left(self, at: int, how: str, chance: random.Random) -> list[Act]:
        """The first `at` acts without what the cut took. `how`: "none" of what was not synced is
        left, "all", "names" and sizes without bytes, "bytes" without names, the first "half", or
        "any"."""
        kept: list[Act] = []
        open_ones = [n for n in range(at) if not self._is_safe(n, at)]
        middle = open_ones[len(open_ones) // 2] if open_ones else at
        cuts: dict[object, int] = {}
        for n in range(at):
            act = self.acts[n]
            if n in open_ones and not self._lucky(n, act, how, middle, cuts, chance, at):
                continue
            kept.append(act)
        return kept

    def _lucky(
        self, n: int, act: Act, how: str, middle: int, cuts: dict[object, int],
        chance: random.Random, at: int,
    ) -> bool:  # fmt: skip
        match how:
            case "none":
                return False
            case "names" | "bytes":
                return isinstance(act, Data) == (how == "bytes")
            case "half":
                return n < middle
            case "any":  # names keep their order, each file got to a point of its own
                place = act.key if isinstance(act, Data) else -1
                return n < cuts.setdefault(place, chance.randrange(at + 1))
            case _:
                return True

    def _is_safe(self, n: int, at: int) -> bool:
        places = _places(self.acts[n])
        return any(isinstance(a, Sync) and a.key in places for a in self.acts[n + 1 : at])


def _places(act: Act) -> set[Key]:
    if isinstance(act, Names):
        return {folder for folder, _, _ in act.entries}
    return {act.key}
