"""Our TOML files: read with the line of each key, and changed without losing the comments.

The rule kept here: a file is only replaced by text which parses to exactly what was asked for.
What a key means is somebody else's business.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from spark_tui.errors import DiskFault, UsageFault
from spark_tui.settings.paths import write_private

MAX_BYTES = 1 << 20
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_HEADER = re.compile(r"\s*\[\s*([A-Za-z0-9_\-.\"' ]+?)\s*\]\s*(#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=""")


def read(path: Path) -> list[tuple[str, Any, int]]:
    """(dotted key, value, line) of every leaf; [] for a missing file. Raises UsageFault."""
    text = read_text(path)
    if not text:
        return []
    table, lines = parse(text, str(path)), _lines(text)
    return [(key, value, _line(key, lines)) for key, value in _leaves(table)]


def read_text(path: Path) -> str:
    """The file's text, "" if there is none; a device, a pipe or a giant is refused."""
    try:
        seen = path.stat()
        if not stat.S_ISREG(seen.st_mode) or seen.st_size > MAX_BYTES:
            raise UsageFault(f"{path} is not a settings file.", hint="It is no plain, small file.")
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        raise UsageFault(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from error
    except OSError as error:
        raise DiskFault(
            f"{path} cannot be read: {error.strerror or error}.", hint="Fix its permissions."
        ) from error


def parse(text: str, name: str) -> dict[str, Any]:
    """The table. Raises UsageFault with the line that is wrong."""
    import tomllib  # deferred: most starts have no file of ours to read

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        line = found[1] if found else text.count("\n") + 1
        what = str(error).split(" (at ")[0]
        raise UsageFault(f"{name}:{line}: {what}.", hint="Fix this line; it is TOML.") from error


def lines_of(text: str) -> Mapping[str, int]:
    """Dotted key -> 1-based line."""
    return _lines(text)


def nearest(key: str, known: Iterable[str]) -> str:
    """A hint: the valid key that looks most like this one."""
    from difflib import get_close_matches  # deferred: only for a typing error

    names = sorted(known)
    close = get_close_matches(key, names, n=1, cutoff=0.5)
    if not close:
        tails = {name.rsplit(".", 1)[-1]: name for name in names}
        close = [tails[t] for t in get_close_matches(key, tails, n=1, cutoff=0.6)]
    return f"Did you mean {close[0]}?" if close else "Known: " + ", ".join(names)


def rewrite(path: Path, changes: Mapping[str, Any]) -> None:
    """Set and remove dotted keys (None removes), line by line; written atomically, 0600."""
    target = path.resolve()  # people link their settings into a dotfiles repository
    text = read_text(target)
    before = dict(_leaves(parse(text, str(path)))) if text else {}
    wanted = {k: v for k, v in {**before, **changes}.items() if v is not None}
    lines = _rows(text)
    for key, value in changes.items():
        lines = _changed(lines, key, value)
    new = "\n".join(lines) + "\n" if lines else ""
    try:
        fits = dict(_leaves(parse(new, str(path)))) == wanted
    except UsageFault:
        fits = False
    write_private(target, (new if fits else _fresh(wanted)).encode("utf-8"))


def dump(value: str | bool | int | float) -> str:
    """One value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _rows(text: str) -> list[str]:
    """As TOML counts lines: a value may hold other signs that end lines elsewhere.

    >>> _rows("a = 1\\r\\nb = 2\\n"), _rows("")
    (['a = 1', 'b = 2'], [])
    """
    return re.split(r"\r?\n", text.removesuffix("\n").removesuffix("\r")) if text else []


def _lines(text: str) -> dict[str, int]:
    """Good enough for messages: a key inside a multi-line string may be counted too."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(_rows(text), 1):
        if header := _HEADER.match(line):
            found.setdefault(_bare(header[1]), number)
            table = _bare(header[1]) + "."
        elif key := _KEY.match(line):
            found.setdefault(table + _bare(key[1]), number)
    return found


def _line(key: str, lines: Mapping[str, int]) -> int:
    """Where a key stands, or the table that it is written inside of; the first line at worst."""
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return lines.get(key, 1)


def _bare(key: str) -> str:
    """
    >>> _bare("models . fast"), _bare('presets."luna-5.6"'), _bare("'odd . key'")
    ('models.fast', 'presets.luna-5.6', 'odd . key')
    """
    return ".".join(part.strip("\"'") for part in _PART.findall(key))


def _changed(lines: list[str], key: str, value: Any) -> list[str]:
    at = _lines("\n".join(lines)).get(key)
    table, _, name = key.rpartition(".")
    if at is not None:
        line = lines[at - 1]
        if value is None:
            return lines[: at - 1] + lines[at:]
        head = line[: line.index("=") + 1]
        comment = re.search(r"\s+#[^\"']*$", line)
        new = f"{head} {dump(value)}{comment[0] if comment else ''}"
        return [*lines[: at - 1], new, *lines[at:]]
    if value is None:
        return lines
    new = f"{name} = {dump(value)}"
    headers = [(i, _bare(h[1])) for i, line in enumerate(lines) if (h := _HEADER.match(line))]
    if not table:
        end = headers[0][0] if headers else len(lines)
    elif table in (names := [n for _, n in headers]):
        later = names.index(table) + 1
        end = headers[later][0] if later < len(headers) else len(lines)
    else:
        gap = [""] if lines and lines[-1].strip() else []
        return [*lines, *gap, f"[{table}]", new]
    while end and not lines[end - 1].strip():
        end -= 1
    gap = [""] if end < len(lines) and lines[end].strip() else []
    return [*lines[:end], new, *gap, *lines[end:]]


def _fresh(values: Mapping[str, Any]) -> str:
    """The whole file anew: only when its own lines could not be changed safely."""
    tables: dict[str, list[str]] = {"": []}
    for key, value in values.items():
        table, _, name = key.rpartition(".")
        tables.setdefault(table, []).append(f"{name} = {dump(value)}")
    blocks = ["\n".join([*([f"[{t}]"] if t else []), *rows]) for t, rows in tables.items() if rows]
    return "\n\n".join(blocks) + "\n" if blocks else ""
