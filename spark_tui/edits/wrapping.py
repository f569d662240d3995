"""What stands around edits in a reply: fences, heredocs, and the line that names a file.

The rule kept here: questions about one line, asked of its text alone. What follows from the
answers, and in which order lines come, is demux.py's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from spark_tui.edits.names import Refusal, check_path

LONGEST_PATH = 300
_LONGEST_WRAPPER = 80
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*([^`]*)")
_WRAPPER = re.compile(r"\s*(?:\$ )?(?:apply_patch\b.*<<.*|cat\s*<<.*|<<-?\s*['\"]?EOF['\"]?)\s*")
_WRAPPED = re.compile(r"\s*(?:\$|apply_|cat|<<)\S*\s?.{0,80}")
_WORD = re.compile(r"\s*(?:#{1,6}\s+)?[*`'\"]*[^\s]*\s*")
_NAME = re.compile(r"[\w.@+-]+")
_BARE = r"(?:Make|Docker|Jenkins|Rake|Gem|Proc|Pip)file|LICENSE"
_FILE = re.compile(
    rf"(?!.*://)(?=.*\w)(?!.*/$)(?:.*[/\\~].*|\.[\w.-]+|.*\.(?=.*[A-Za-z_])\w{{1,12}}|{_BARE})"
)
_SURE = re.compile(
    rf"\./.*|.*(?:[\\~]|\.\.).*|/.*|(?:.*/)?(?:\.[\w.-]+|{_BARE})|.*/.*\.\w+|.*/[A-Z]{{4,}}"
)
"""Needs no known ending: it can be nothing else."""
_ENDINGS = """
 adoc asm astro bash bat bib c cc cfg cjs clj cmake conf cpp cs csproj css csv cts cu cxx dart diff
 el elm env erb erl ex exs fish fs fsx gd go gql gradle graphql groovy h haml hbs hcl hpp hs htm
 html ini ino ipynb j2 java jinja jl js json json5 jsonc jsonl jsx kt kts less liquid lock log lua
 m m4 make md mdx mjs mk ml mm mod mts nim nix org pas patch php pl plist pm po proto ps1 pug purs
 py pyi pyx r rb re rs rst s sass sbt scala scm scss sh sln snap sol spec sql styl sum svelte svg
 swift sv tcl tcss tex tf thrift toml tpl ts tsv tsx txt v vb vhd vim vue wat xml xsd yaml yml zig
 zsh """.replace("\n", "")
_PRODUCTS = " node.js next.js vue.js nuxt.js react.js express.js three.js d3.js "
_SHELLS = frozenset(("sh", "bash", "zsh", "shell", "console", "terminal", "output", "text"))

IsFile = Callable[[str], bool]


def fence_of(line: str) -> tuple[str, str] | None:
    """The signs of a fence and what stands behind them; None if the line is none.

    >>> fence_of("```python")
    ('```', 'python')
    """
    found = _FENCE.fullmatch(line.rstrip())
    return (found[1], found[2]) if found else None


def closes_fence(line: str, opener: str) -> bool:
    """Whether a bare fence closes the one that `opener` opened: its signs, at least as many."""
    mine, its = fence_of(line), fence_of(opener)
    return mine is not None and its is not None and not mine[1] and mine[0].startswith(its[0])


def may_be_fence(start: str) -> bool:
    """Whether an unfinished line may still become a fence."""
    return start.lstrip(" ")[:3] in ("`", "``", "```", "~", "~~", "~~~")


def is_wrapper(line: str) -> bool:
    """Whether the line hands a patch to a shell, as older prompts taught models to."""
    return len(line) <= _LONGEST_WRAPPER and bool(_WRAPPER.fullmatch(line.rstrip()))


def may_be_wrapper(start: str) -> bool:
    """Whether an unfinished line may still become a wrapper."""
    return bool(_WRAPPED.fullmatch(start))


def is_word(line: str) -> bool:
    """Whether the line is one word, as a path on a line of its own is."""
    return len(line) <= LONGEST_PATH and bool(_WORD.fullmatch(line))


def path_in(line: str, is_file: IsFile) -> str:
    """The path that the line consists of, above a block; "" if it is something else."""
    name = line.strip(" \t").lstrip("#").strip(" \t").strip("*`'\"").rstrip(":").strip("*`'\" ")
    if not name:
        return ""
    if is_file(name):
        return name
    if any(c.isspace() for c in name) or line.rstrip().endswith((".", "!", "?")):
        return ""
    if "/" in name or "." in name or "\\" in name or "~" in name:
        return name
    return name if _NAME.fullmatch(name) and not line.rstrip().endswith(":") else ""


def file_in(line: str, is_file: IsFile) -> str:
    """The same above a whole file: it must look like one, since the text below can be anything.

    >>> file_in("Usage", lambda path: False), file_in("**src/app.py**", lambda path: False)
    ('', 'src/app.py')
    """
    name = path_in(line, is_file)
    if not name or is_file(name):
        return name
    return name if _FILE.fullmatch(name) and f" {name.lower()} " not in _PRODUCTS else ""


def is_sure(name: str, is_file: IsFile) -> bool:
    """Whether what looks like the path of a new file is one, and no "Before/After" or "dict.get".

    >>> is_sure("app.py", lambda path: False), is_sure("dict.get", lambda path: False)
    (True, False)
    """
    ending = name.rpartition(".")[2].lower()
    if isinstance(check_path(name), Refusal):
        return True  # it is refused, and with a better reason
    return f" {ending} " in _ENDINGS or bool(_SURE.fullmatch(name)) or is_file(name)


def file_inside(line: str, info: str, is_file: IsFile) -> str:
    """The same on the first line inside a fence, where commands and output stand as well."""
    name = file_in(line, is_file)
    if not name or name != line.strip():
        return ""
    if info.strip().lower() in _SHELLS:
        return name if is_file(name) and not name.startswith("./") else ""
    return name if is_file(name) or ("/" in name and "." in name.rpartition("/")[2]) else ""
