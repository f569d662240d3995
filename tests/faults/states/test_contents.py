"""Bytes of every kind: endings, encodings, attributes. A one-line edit is a one-line difference and
no other byte changes; what cannot be decoded for sure is edited in its own bytes or not at all."""

from __future__ import annotations

import codecs
from collections.abc import Mapping

import pytest

from spark_tui.session.state import Status
from tests.faults.states.place import TEXT, Place, Run, accept, edit, offered, there_and_back

CRLF = TEXT.replace("\n", "\r\n").encode()
LATIN = "caf\xe9\none\nthree\nna\xefve\n".encode("latin-1")
JAPANESE = "表示\nthree\nソフト\n".encode("shift-jis")

KEPT: Mapping[str, tuple[bytes, bytes, bytes]] = {
    # name: bytes, the line in it, what it becomes
    "lf": (TEXT.encode(), b"three", b"THREE"),
    "crlf": (CRLF, b"three", b"THREE"),
    "mixed ends": (b"one\r\ntwo\nthree\r\nfour\nfive\r\n", b"three", b"THREE"),
    "mixed ends, other": (b"one\r\ntwo\nthree\nfour\r\nfive\n", b"three", b"THREE"),
    "no last newline": (b"one\ntwo\nthree", b"three", b"THREE"),
    "crlf, no last newline": (b"one\r\nthree\r\nfive", b"three", b"THREE"),
    "lone cr": (b"one\rstill one\ntwo\nthree\nfour\rstill\n", b"three", b"THREE"),
    "bom": (codecs.BOM_UTF8 + TEXT.encode(), b"three", b"THREE"),
    "bom, crlf": (codecs.BOM_UTF8 + CRLF, b"three", b"THREE"),
    "bom, first line": (codecs.BOM_UTF8 + b"three\ntwo\n", b"three", b"THREE"),
    "latin-1": (LATIN, b"three", b"THREE"),
    "shift-jis": (JAPANESE, b"three", b"THREE"),
    "invalid utf-8": (b"\xff\xfa no\n\xc3\nthree\n\xf0\x9f\n", b"three", b"THREE"),
    "utf-16 le": (
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        "three".encode("utf-16-le"), "THREE".encode("utf-16-le"),
    ),
    "utf-16 be, crlf": (
        codecs.BOM_UTF16_BE + CRLF.decode().encode("utf-16-be"),
        "three".encode("utf-16-be"), "THREE".encode("utf-16-be"),
    ),
    "form feed and the like": (b"a\x0cb\x0b\x1c\x85\nthree\n\xe2\x80\xa8x\n", b"three", b"THREE"),
    "combining marks": ("e\u0301".encode() * 50 + b"\nthree\n", b"three", b"THREE"),
    "nfd beside nfc": ("e\u0301\n\u00e9\nthree\n".encode(), b"three", b"THREE"),
    "escape sequences": (b"\x1b[31mred\x1b[0m\nthree\n\x9b\n", b"three", b"THREE"),
    "tabs and blanks": (b"\t one \t\nthree\n  \n\t\n", b"three", b"THREE"),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_a_line_changes_and_nothing_else(place: Place, run: Run, name: str) -> None:
    """One line is edited and taken back: every other byte is as it was, endings, marks and
    undecodable bytes included."""

    async def story() -> None:
        data, old, new = KEPT[name]
        assert data.count(old) == 1
        place.write("x.txt", data)
        between = await there_and_back(place, edit("x.txt"))
        assert between["x.txt"] == ("-rw-r--r--", data.replace(old, new))

    run(story())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("nul", b"one\nthree\n\0\n"),
        ("utf-16 without a mark", TEXT.encode("utf-16-le")),
        ("utf-32", codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le")),
        ("utf-16 that ends in half a sign", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le") + b"\n"),
    ],
)
def test_what_is_no_text_for_sure_is_read_only(
    place: Place, run: Run, name: str, data: bytes
) -> None:
    """ "x.txt is binary": it is never re-encoded by a guess, and no byte of it changes."""

    async def story() -> None:
        place.write("x.txt", data)
        before = place.kept()
        session = await offered(place, edit("x.txt"))
        assert set((await accept(session)).values()) == {Status.UNPLACED}, name
        why = next(iter(session.state.hunks.values())).why
        assert why is not None and "binary" in f"{why.code} {why.message}"
        assert place.kept() == before
        await session.close()

    run(story())


def test_a_sign_that_the_file_cannot_hold(place: Place, run: Run) -> None:
    """A file in an encoding that nobody knows gets ASCII only; anything else is refused in words,
    and no byte changes."""

    async def story() -> None:
        place.write("x.txt", LATIN)
        before = place.kept()
        session = await offered(place, edit("x.txt", new="thr\u00e9\u00e9"))
        stands = await accept(session)
        assert Status.ACCEPTED not in stands.values()
        hunk = next(iter(session.state.hunks.values()))
        assert "not valid UTF-8" in f"{hunk.why} {hunk.message}"
        assert place.kept() == before
        await session.close()

    run(story())


SETTINGS = (
    {"core.autocrlf": "true"},
    {"core.autocrlf": "input"},
    {"core.autocrlf": "true", "core.safecrlf": "true"},
    {"core.eol": "crlf"},
)
ATTRIBUTES = (
    "*.txt text eol=crlf",
    "*.txt text eol=lf",
    "*.txt -text",
    "*.txt text=auto",
    "*.txt working-tree-encoding=UTF-16LE-BOM",
    "*.txt ident",
    "*.txt binary",
)


@pytest.mark.parametrize("data", [TEXT.encode(), CRLF, b"one\r\ntwo\nthree\r\n$Id$\n"])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_gits_settings_change_no_byte(
    place: Place, run: Run, settings: dict[str, str], data: bytes
) -> None:
    """core.autocrlf, core.safecrlf and core.eol are for git's own work: a file keeps the endings
    that it has on the disk, also through undo."""

    async def story() -> None:
        place.write("x.txt", data)
        place.git("add", "x.txt")
        for name, value in settings.items():
            place.git("config", name, value)
        between = await there_and_back(place, edit("x.txt"))
        assert between["x.txt"] == ("-rw-r--r--", data.replace(b"three", b"THREE"))

    run(story())


@pytest.mark.parametrize("line", ATTRIBUTES)
def test_attributes_change_no_byte(place: Place, run: Run, line: str) -> None:
    """Neither do .gitattributes: text, eol, ident, working-tree-encoding."""

    async def story() -> None:
        wide = codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")
        data = wide if "encoding" in line else b"one\r\nthree\r\n$Id$\n"
        place.write(".gitattributes", f"{line}\n")
        place.write("x.txt", data)
        between = await there_and_back(place, edit("x.txt"))
        old, new = (w.encode("utf-16-le" if data is wide else "ascii") for w in ("three", "THREE"))
        assert between["x.txt"] == ("-rw-r--r--", data.replace(old, new))

    run(story())


def test_one_line_for_git_too(place: Place) -> None:
    """What git calls the difference, in a file with CRLF under autocrlf: one line."""
    place.git("config", "core.autocrlf", "true")
    place.write("x.txt", CRLF)
    place.git("add", "x.txt")
    place.git("commit", "-q", "-m", "CRLF")
    assert place.shell("apply", stdin=edit("x.txt")).code == 0
    assert place.git("diff", "--numstat").split() == ["1", "1", "x.txt"]
    assert (place.root / "x.txt").read_bytes() == CRLF.replace(b"three", b"THREE")
