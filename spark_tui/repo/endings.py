"""How lines of a new file end, as the project says it: .gitattributes, else .editorconfig.

The rule kept here: only what is said plainly counts (`eol=crlf`, `end_of_line = crlf`); a rule
that cannot be read says nothing. Files that exist keep what they have; that is compose.py's part.

Sources: gitattributes(5), and the EditorConfig specification 0.17 (sections, globs, `root`).
"""

from __future__ import annotations

import re
from pathlib import Path

_LARGEST = 256 << 10
_NUMBERS = re.compile(r"\{(-?\d+)\.\.(-?\d+)\}")


def new_file_eol(root: Path, path: str) -> str:
    r"""The ending for lines of a new file at `path`: "\n" or "\r\n"."""
    folders = [root]
    for part in path.split("/")[:-1]:
        folders.append(folders[-1] / part)
    said = _by_attributes(root, folders, path) or _by_editorconfig(root, folders, path)
    return "\r\n" if said == "crlf" else "\n"


def _by_attributes(root: Path, folders: list[Path], path: str) -> str:
    """The last line that matches decides; deeper files are read later."""
    said = ""
    for folder in folders:
        below = path[len(folder.relative_to(root).as_posix()) + 1 :] if folder != root else path
        for line in _text(folder / ".gitattributes").splitlines():
            pattern, *attributes = line.split() or [""]
            if not pattern or pattern.startswith(("#", "[attr]", '"')):
                continue
            anchored = "/" in pattern.strip("/") or pattern.startswith("/")
            glob = pattern.lstrip("/") if anchored else f"**/{pattern}"
            if not _matches(glob, below):
                continue
            for attribute in attributes:
                match attribute:
                    case "eol=crlf" | "eol=lf":
                        said = attribute[4:]
                    case "-text" | "binary" | "-eol" | "!eol":
                        said = "lf" if attribute in ("-text", "binary") else ""
                    case _:
                        pass
    return said


def _by_editorconfig(root: Path, folders: list[Path], path: str) -> str:
    """The nearest file that says something, up to the one that calls itself the root."""
    import configparser

    for folder in reversed(folders):
        text = _text(folder / ".editorconfig")
        if not text:
            continue
        below = path[len(folder.relative_to(root).as_posix()) + 1 :] if folder != root else path
        parser = configparser.ConfigParser(
            strict=False, interpolation=None, delimiters=("=", ":"), comment_prefixes=("#", ";"),
            default_section="\0", allow_no_value=True,
        )  # fmt: skip
        try:
            parser.read_string(f"[\1]\n{text}")
        except configparser.Error:
            continue
        said = ""
        for section in parser.sections()[1:]:
            glob = section if "/" in section else f"**/{section}"
            if _matches(glob.lstrip("/"), below):
                said = (parser[section].get("end_of_line") or said).strip().lower()
        if said in ("crlf", "lf"):
            return said
        if (parser["\1"].get("root") or "").strip().lower() == "true":
            return ""
    return ""


def _matches(glob: str, path: str) -> bool:
    try:
        return re.fullmatch(_regex(glob), path) is not None
    except re.error:
        return False


def _regex(glob: str) -> str:
    """`*` stays inside a folder, `**` does not; braces choose."""
    out: list[str] = []
    at = depth = 0
    while at < len(glob):
        sign = glob[at]
        if glob.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 2
        elif glob.startswith("**", at):
            out.append(".*")
            at += 1
        elif found := _NUMBERS.match(glob, at):
            low, high = sorted((int(found[1]), int(found[2])))
            out.append("(?:" + "|".join(map(str, range(low, min(high, low + 999) + 1))) + ")")
            at = found.end() - 1
        elif sign == "[" and (end := glob.find("]", at + 2)) > 0:
            inside = glob[at + 1 : end]
            negated = inside[:1] in ("!", "^")
            range_ = re.escape(inside[negated:]).replace("\\-", "-")
            out.append(f"[^{range_}]" if negated else f"[{range_}]")
            at = end
        elif sign == "\\" and at + 1 < len(glob):
            at += 1
            out.append(re.escape(glob[at]))
        else:
            depth += (sign == "{" and glob.find("}", at) > 0) - (sign == "}" and depth > 0)
            out.append(_sign(sign, depth))
        at += 1
    return "".join(out)


def _sign(sign: str, depth: int) -> str:
    match sign:
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case "{" if depth:
            return "(?:"
        case "}":
            return ")"
        case "," if depth:
            return "|"
        case _:
            return re.escape(sign)


def _text(file: Path) -> str:
    """The file, "" where there is none that can be read; no link is followed."""
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _LARGEST:
            return ""
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
