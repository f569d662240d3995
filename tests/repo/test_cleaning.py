"""Line ends on the way into the index and back: exactly what git makes of them, run by git."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Collection

import pytest

from spark_tui.repo.cleaning import Rules, cleaned, is_lossy, looks_binary, smudged
from spark_tui.repo.repository import Repository
from tests.repo.conftest import Shell

ATTRIBUTES = (
    "", "text", "-text", "text=auto", "eol=lf", "eol=crlf", "text eol=crlf", "text=auto eol=crlf",
    "text=auto eol=lf", "-text eol=crlf", "crlf", "crlf=input", "-crlf", "binary", "text=input",
)  # fmt: skip
SETTINGS = ((), ("autocrlf", "true"), ("autocrlf", "input"), ("eol", "crlf"))
CONTENTS = (
    b"",
    b"a\nb\n",
    b"a\r\nb\r\n",
    b"a\r\nb\nc\r\n",
    b"a\rb\r\n",
    b"a\r\nb",
    b"a\0\r\n",
    b"\x01\x02" * 3 + b"\r\nabc\r\n",
    b"tab\t and \x1b and \x0c and text enough for it to be text, whatever git counts " * 3
    + b"\r\n",
    b"last\r\n\x1a",
)
IN_INDEX = (None, b"old\n", b"old\r\n", b"old\r\n\0")


def each_file() -> dict[str, tuple[str, bytes, bytes | None]]:
    made = itertools.product(ATTRIBUTES, CONTENTS, IN_INDEX)
    return {f"f{number}": case for number, case in enumerate(made)}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: "=".join(s) or "none")
def test_as_git_add_and_checkout_do(
    repo: Repository, shell: Shell, environ: dict[str, str], setting: tuple[str, ...]
) -> None:
    files = each_file()
    before = {name: old for name, (_, _, old) in files.items() if old is not None}
    for name, old in before.items():
        (repo.root / name).write_bytes(old)
    shell("add", "--", *before)  # no attribute yet, nothing is converted
    if setting:
        shell("config", f"core.{setting[0]}", setting[1])
    attributes = [f"{name} {words}\n" for name, (words, _, _) in files.items() if words]
    (repo.root / ".gitattributes").write_text("".join(attributes))
    for name, (_, data, _) in files.items():
        (repo.root / name).write_bytes(data)

    rules = Rules(repo, list(files))
    ours = {
        name: cleaned(rules.of(name), data, before.get(name))
        for name, (_, data, _) in files.items()
    }
    back = {name: smudged(rules.of(name), data) for name, data in ours.items()}
    shell("add", "--", *files)
    assert ours == in_index(repo, environ, files)
    for name in files:
        (repo.root / name).unlink()
    shell("checkout-index", "-q", "--", *files)
    assert back == {name: (repo.root / name).read_bytes() for name in files}


def in_index(repo: Repository, environ: dict[str, str], names: Collection[str]) -> dict[str, bytes]:
    """The index's bytes of each file."""

    def ask(*args: str, data: bytes = b"") -> bytes:
        done = subprocess.run(
            ["git", *args], cwd=repo.root, env=environ, input=data, capture_output=True, check=True
        )
        return done.stdout

    records = (
        record.partition("\t") for record in ask("ls-files", "-s", "-z").decode().split("\0")
    )
    found = {path: meta.split(" ")[1] for meta, _, path in records if path in names}
    out = ask("cat-file", "--batch", data="".join(f"{oid}\n" for oid in found.values()).encode())
    contents: dict[str, bytes] = {}
    start = 0
    for path in found:
        end = out.index(b"\n", start) + 1
        size = int(out[start:end].split(b" ")[2])
        contents[path] = out[end : end + size]
        start = end + size + 1
    return contents


def test_safecrlf_is_heard(repo: Repository, shell: Shell) -> None:
    shell("config", "core.safecrlf", "true")
    shell("config", "core.autocrlf", "input")
    rule = Rules(repo, ["a.txt"]).of("a.txt")
    assert is_lossy(rule, b"a\r\n", None)
    assert not is_lossy(rule, b"a\n", None)
    shell("config", "core.autocrlf", "true")
    rule = Rules(repo, ["a.txt"]).of("a.txt")
    assert is_lossy(rule, b"a\r\nb\n", None)
    assert not is_lossy(rule, b"a\r\nb\r\n", None)
    assert not is_lossy(rule, b"a\0\nb\r\n", None)


def test_what_else_converts_is_named_and_not_run(repo: Repository, shell: Shell) -> None:
    (repo.root / ".gitattributes").write_text(
        "*.bin filter=lfs -text\n*.id ident\n*.u16 working-tree-encoding=UTF-16\n*.no filter=none\n"
        "*.u8 working-tree-encoding=utf-8\n"
    )
    shell("config", "filter.lfs.clean", "touch ran; cat")
    rules = Rules(repo, ["a.bin", "a.id", "a.u16", "a.no", "a.u8", "a.txt"])
    names = [rules.of(f"a.{kind}").filter for kind in ("bin", "id", "u16", "no", "u8", "txt")]
    assert names == ["lfs", "ident", "UTF-16", "", "", ""]
    assert not (repo.root / "ran").exists()


def test_binary_as_git_counts() -> None:
    assert not looks_binary(b"x" * 128 + b"\x01")
    assert looks_binary(b"x" * 127 + b"\x01")
    assert not looks_binary(b"\x1a")
