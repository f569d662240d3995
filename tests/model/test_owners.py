"""Whose server listens at a port, by the kernel's tables."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from spark_tui.model.owners import owners

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"


def row(address: str, port: int, uid: int, state: str = "0A") -> str:
    return (
        f"   0: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000"
        f"  {uid}        0 1 1 0000000000000000 100 0 0 10 0"
    )


def tables(tmp_path: Path, *rows: str) -> tuple[Path, ...]:
    table = tmp_path / "tcp"
    table.write_text("\n".join([HEAD, *rows, ""]))
    return (table, tmp_path / "missing")


SIX = "00000000000000000000000001000000"


@pytest.mark.parametrize(
    ("rows", "host", "owner"),
    [
        ([row("0100007F", 11434, 1001)], "127.0.0.1", "u1001"),
        ([row("0100007F", 11434, 1000)], "127.0.0.1", ""),
        ([row("0100007F", 11434, 1001)], "::1", ""),
        ([row(SIX, 11434, 1001)], "::1", "u1001"),
        ([row(SIX, 11434, 1001)], "127.0.0.1", ""),
        ([row("00000000", 11434, 0)], "127.0.0.1", "u0"),
        ([row("0" * 32, 11434, 0)], "127.0.0.1", "u0"),
        ([row("00000000", 11434, 0), row("0100007F", 11434, 1001)], "127.0.0.1", "u1001"),
        ([row("0100007F", 11434, 1001, state="01")], "127.0.0.1", ""),
        ([row("0100007F", 11435, 1001)], "127.0.0.1", ""),
        (["nonsense", "0: x:y z 0A 1 2 3 u", ""], "127.0.0.1", ""),
        ([], "127.0.0.1", ""),
    ],
)
def test_the_owner_of_a_port(tmp_path: Path, rows: list[str], host: str, owner: str) -> None:
    found = owners(
        [(host, 11434)],
        own=lambda: 1000,
        name_of=lambda uid: f"u{uid}",
        tables=tables(tmp_path, *rows),
    )
    assert found == [owner]


def test_a_user_without_a_name_has_a_number(tmp_path: Path) -> None:
    found = owners(
        [("127.0.0.1", 1)],
        own=lambda: 1000,
        tables=tables(tmp_path, row("0100007F", 1, 4_000_000_123)),
    )
    assert found == ["user 4000000123"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_our_own_server_in_the_real_tables() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = [("127.0.0.1", server.getsockname()[1])]
        assert owners(where) == [""]
        others = owners(where, own=lambda: os.getuid() + 1, name_of=str)
        assert others == [str(os.getuid())]
