"""Lines remember their endings, and joining them gives the bytes back."""

from __future__ import annotations

import codecs

import pytest

from spark_tui.edits.snapshot import Snapshot


def test_lines_end_at_newlines_only() -> None:
    text = "one\x0cstill one\ntwo\u2028still two\x85\r\nthree"
    shot = Snapshot.of("a.txt", text.encode())
    assert shot.lines == ("one\x0cstill one", "two\u2028still two\x85", "three")
    assert shot.eols == ("\n", "\r\n", "")


def test_only_one_carriage_return_belongs_to_the_ending() -> None:
    shot = Snapshot.of("a.txt", b"a\r\r\nb\r")
    assert shot.lines == ("a\r", "b\r")
    assert shot.eols == ("\r\n", "")


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"plain\n", "utf-8"),
        (codecs.BOM_UTF8 + b"marked\n", "utf-8"),
        (codecs.BOM_UTF16_LE + "wide ü\r\n".encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + "wide ü\n".encode("utf-16-be"), "utf-16-be"),
        ("latin ü\n".encode("latin-1"), "utf-8-escaped"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8odd", "utf-8-escaped"),
        (b"", "utf-8"),
    ],
)
def test_bytes_come_back(data: bytes, encoding: str) -> None:
    shot = Snapshot.of("a.txt", data)
    assert shot.encoding == encoding
    text = "".join(line + eol for line, eol in zip(shot.lines, shot.eols, strict=True))
    assert shot.bom + shot.encode(text) == data


def test_a_zero_byte_makes_it_binary() -> None:
    assert Snapshot.of("a.bin", b"a\0b").binary
    assert not Snapshot.of("a.txt", codecs.BOM_UTF16_LE + "ab".encode("utf-16-le")).binary


def test_most_lines_decide_the_ending() -> None:
    assert Snapshot.of("a", b"a\r\nb\r\nc\n").majority_eol == "\r\n"
    assert Snapshot.of("a", b"a\r\nb\n").majority_eol == "\n"
    assert Snapshot.of("a", b"").majority_eol == "\n"
