"""Lines of a sensor's feed into readings."""

import json
import re
from dataclasses import dataclass

V1_LINE = re.compile(r'^(?P<name>"[^"]*"|\S+)\s+(?P<value>-?\d+(\.\d+)?)$')
COMMENT = "#"


@dataclass(frozen=True)
class Reading:
    """One value of one sensor."""

    name: str
    value: float


def parse(lines: list[str]) -> list[Reading]:
    """The readings in these lines; comments and empty lines are left out."""
    return [_parse_v2(line) for line in map(_stripped, lines) if line]


def _stripped(line: str) -> str:
    """Without its comment and the space around it."""
    return line.partition(COMMENT)[0].strip()


def _parse_v1(line: str) -> Reading:
    """NAME VALUE, as the first sensors sent it."""
    found = V1_LINE.match(_stripped(line))
    if found is None:
        raise ValueError(f"not a reading: {line!r}")
    return Reading(_unquoted(found["name"]), float(found["value"]))


def _unquoted(name: str) -> str:
    """A name without its quotation marks."""
    return name[1:-1] if name.startswith('"') else name


def _parse_v2(line: str) -> Reading:
    """A JSON object with name and value."""
    row = json.loads(line)
    return Reading(_named(row), float(row["value"]))


def _named(row: dict[str, object]) -> str:
    """The name in a row; old firmware writes `id`."""
    return str(row.get("name") or row["id"])
