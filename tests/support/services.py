"""Services that list what a test says, a person's file that names them, and a link to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from spark_tui.session.link import Link
from spark_tui.session.offering import ModelOffer
from spark_tui.settings.config import load, user_file
from tests.support.wire_server import Raw, Reply, WireServer

TODAY = date(2026, 11, 21)


def listing(*rows: str | Mapping[str, Any]) -> Reply:
    data = [{"id": row} if isinstance(row, str) else row for row in rows]
    body = json.dumps({"object": "list", "data": data}).encode()
    return Reply([Raw(body)], content_type="application/json")


def server(*replies: Reply) -> WireServer:
    return WireServer(http={"/v1/models": replies})


def link(environ: dict[str, str], url: str = "", text: str = "", **models: str) -> Link:
    """`url` is that of the settings; `text` the person's file."""
    path = user_file(environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((f'base_url = "{url}"\n' if url else "") + text)
    names = {f"SPARK_TUI_MODELS__{role.upper()}": chain for role, chain in models.items()}
    settings = load(environ={**environ, **names})
    return Link(settings, environ, today=lambda: TODAY)


def row(name: str, url: str, **fields: object) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"base_url": url, **fields}.items()]
    return "\n".join([f"[presets.{name}]", *lines, ""])


def words(offer: ModelOffer | None) -> list[str]:
    assert offer is not None
    return [instead.word for instead in offer.chain]


def asked(*servers: WireServer) -> list[int]:
    return [len(one.asked) for one in servers]
