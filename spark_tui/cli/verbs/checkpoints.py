"""`checkpoints`: the earlier bytes of files that are kept, and how much they take; prune them.

The rule kept here: looking takes no lock and works without a session; pruning to the limit is
success also where nothing had to go.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.session.kept import CheckpointInfo, Kept, KeptStore, Pruned
from spark_tui.text import one_line

_SHOWN = 3
"""Paths of a checkpoint that have room on its line."""


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("--session", metavar="ID", help="list only those of this session")
    parser.add_argument(
        "--prune", action="store_true", help="let the oldest go until the rest is within the limit"
    )


async def run(args: argparse.Namespace, face: Face) -> int:
    store = await asyncio.to_thread(
        KeptStore, args.where, face.environ, face.settings().checkpoints_mb
    )
    gone: Pruned | None = None
    if args.prune:
        face.on_stop = store.stop
        gone = await asyncio.to_thread(store.prune)
    kept = await asyncio.to_thread(store.look)
    listed = [i for i in kept.checkpoints if args.session in (None, i.session)]
    face.out.document(_document(kept, listed, gone, face))
    for info in gone.checkpoints if gone is not None else ():
        face.out.line(f"gone  {_row(info)}")
    if gone is None:
        for info in listed:
            face.out.line(f"{_row(info)}{'  (needed)' if info.id in kept.needed else ''}")
    face.out.line(_total(kept))
    if gone is not None:
        face.out.say(_went(gone))
    return Exit.DONE


def size_in_words(size: int) -> str:
    """
    >>> size_in_words(0), size_in_words(12_000), size_in_words(3 << 20), size_in_words(5 << 30)
    ('0 KiB', '12 KiB', '3.0 MiB', '5.0 GiB')
    """
    if size < 1 << 20:
        return f"{-(-size // 1024)} KiB"
    if size < 1 << 30:
        return f"{size / (1 << 20):.1f} MiB"
    return f"{size / (1 << 30):.1f} GiB"


def _row(info: CheckpointInfo) -> str:
    begin = f"{info.id[:9]}  {info.session} turn {info.turn}"
    if info.is_damaged:
        return f"{begin}  damaged: it cannot be read"
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.time))
    size = "-" if info.size is None else size_in_words(info.size)
    paths = ", ".join(one_line(path) for path in info.paths[:_SHOWN])
    more = len(info.paths) - _SHOWN
    return f"{begin}  {when}  {size:>9}  {paths}{f' and {more} more' if more > 0 else ''}"


def _total(kept: Kept) -> str:
    count = len(kept.checkpoints)
    limit = f" of {size_in_words(kept.limit_bytes)}" if kept.limit_bytes else ""
    return (
        f"{count} checkpoint{'' if count == 1 else 's'},"
        f" {size_in_words(kept.total_bytes)}{limit} on the disk in {one_line(str(kept.store))}"
    )


def _went(gone: Pruned) -> str:
    if not gone.checkpoints and not gone.blobs:
        return "nothing had to go"
    return (
        f"pruned {len(gone.checkpoints)} checkpoints and {gone.blobs} files as they had been shown"
    )


def _document(
    kept: Kept, listed: Sequence[CheckpointInfo], gone: Pruned | None, face: Face
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "schema": document.SCHEMA,
        "store": str(kept.store),
        "total_bytes": kept.total_bytes,
        "limit_bytes": kept.limit_bytes or None,
        "checkpoints": [{**_plain(i), "needed": i.id in kept.needed} for i in listed],
        "errors": face.errors,
    }
    if gone is not None:
        body["pruned"] = [_plain(info) for info in gone.checkpoints]
        body["pruned_blobs"] = gone.blobs
    return body


def _plain(info: CheckpointInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "ref": info.ref,
        "session": info.session,
        "turn": info.turn,
        "n": info.n,
        "time": None if info.is_damaged else round(info.time, 3),
        "bytes": info.size,
        "damaged": info.is_damaged,
        "paths": [document.path_fields(path) for path in info.paths],
    }
