"""A file's exact bytes as lines which remember their own ending.

The rule kept here: `Snapshot.of(path, data).data == data`, and joining the lines with their
endings gives the same bytes again. Lines end at \\n only (form feed, NEL and the like are text);
one \\r before it belongs to the ending. Where the bytes come from is somebody else's business.
"""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One file at one moment."""

    path: str
    """Relative POSIX path below the root."""
    data: bytes
    mode: int
    """0o644 or 0o755: only the executable bit is kept."""
    digest: str
    """sha256 of `data`, hex."""
    lines: tuple[str, ...]
    """Text of each line without its ending; undecodable bytes are lone surrogates."""
    eols: tuple[str, ...]
    """"\\n", "\\r\\n" or (last line only) "" for each line."""
    bom: bytes
    encoding: str
    """utf-8, utf-16-le, utf-16-be, or utf-8-escaped (not valid UTF-8: bytes kept as surrogates)."""
    binary: bool
    """Holds a NUL byte: never edited."""

    @classmethod
    def of(cls, path: str, data: bytes, mode: int = 0o644) -> Snapshot:
        """Split `data` into lines. Never fails: what cannot be decoded is kept escaped."""
        bom, encoding = b"", "utf-8"
        for mark, name in _BOMS:
            if data.startswith(mark):
                bom, encoding = mark, name
                break
        body = data[len(bom) :]
        binary = False
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            bom, body, encoding = (
                (b"", data, "utf-8-escaped")
                if encoding != "utf-8"
                else (bom, body, "utf-8-escaped")
            )
            text = body.decode("utf-8", "surrogateescape")
        if "\0" in text:
            binary = True
        pieces = text.split("\n")
        lines: list[str] = []
        eols: list[str] = []
        for piece in pieces[:-1]:
            if piece.endswith("\r"):
                lines.append(piece[:-1])
                eols.append("\r\n")
            else:
                lines.append(piece)
                eols.append("\n")
        if pieces[-1]:
            lines.append(pieces[-1])
            eols.append("")
        return cls(
            path=path,
            data=data,
            mode=mode,
            digest=hashlib.sha256(data).hexdigest(),
            lines=tuple(lines),
            eols=tuple(eols),
            bom=bom,
            encoding=encoding,
            binary=binary,
        )

    def encode(self, text: str) -> bytes:
        """Text in this file's own encoding. Raises UnicodeEncodeError when it cannot be."""
        if self.encoding == "utf-8-escaped":
            return text.encode("utf-8", "surrogateescape")
        return text.encode(self.encoding)

    @property
    def majority_eol(self) -> str:
        """The ending that most lines have; "\\n" for a file without any."""
        crlf = sum(1 for e in self.eols if e == "\r\n")
        return "\r\n" if crlf * 2 > sum(1 for e in self.eols if e) else "\n"
