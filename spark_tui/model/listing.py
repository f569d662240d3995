"""GET /v1/models: which models a service has, as far as it says.

The rule kept here: what a service tells beats what our table knows, and what it tells is bounded
and inert: a row whose id could not be typed is no model.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spark_tui.model.address import place_of
from spark_tui.model.faults import Place, fault_of, read_refusal, unreachable
from spark_tui.model.http import Answer, Broken, Client, Unreached, parsed, said
from spark_tui.model.loose import count, mapping, string
from spark_tui.model.presets import describe
from spark_tui.model.provider import Endpoint, ModelInfo

LIMIT_BYTES = 4 << 20
TIMEOUT_S = 10.0
_LARGE_BYTES = 64 << 10
"""A longer list is not parsed on the loop."""
_LONGEST_ID = 200
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?![\d])")


async def get_models(
    endpoint: Endpoint, *, timeout_s: float = TIMEOUT_S, limit_bytes: int = LIMIT_BYTES
) -> tuple[ModelInfo, ...]:
    """Raises KeyRefused, ConnectFault, NetworkFault."""
    client, place = Client(endpoint), place_of(endpoint)
    try:
        await client.open()  # loading the library is not the service's time
        async with asyncio.timeout(timeout_s):
            answer = await client.get("/models")
            body = await answer.body(limit_bytes)
            value = parsed(body) if len(body) < _LARGE_BYTES else (
                await asyncio.to_thread(parsed, body)
            )  # fmt: skip
    except TimeoutError as error:
        raise unreachable(place, f"no answer for {timeout_s:g} s") from error
    except (Unreached, Broken) as error:
        raise unreachable(place, str(error)) from error
    finally:
        await client.close()
    if len(body) > limit_bytes:
        raise unreachable(place, "its list of models is endless; is this the base URL?")
    _check(answer, body, place)
    rows = mapping(value).get("data")
    if not isinstance(rows, list):
        raise unreachable(place, "it lists no models; is this the base URL?")
    return tuple(_model(row) for row in map(mapping, rows) if _is_id(row.get("id")))


def _check(answer: Answer, body: bytes, place: Place) -> None:
    if 300 <= answer.status < 400:
        raise unreachable(place, "it redirects to another address, which is not followed")
    if answer.status != 200:
        refusal = read_refusal(said(body), status=answer.status, headers=answer.headers)
        raise fault_of(refusal, place)


def _is_id(value: object) -> bool:
    text = string(value)
    return 0 < len(text) <= _LONGEST_ID and text.isprintable() and text == text.strip()


def _model(row: Mapping[str, Any]) -> ModelInfo:
    known = describe(string(row.get("id")))
    day = _DAY.match(string(row.get("shutdown_date")))
    return replace(
        known,
        owned_by=string(row.get("owned_by"))[:_LONGEST_ID],
        window=_window(row) or known.window,
        shutdown=day[0] if day else "",
    )


def _window(row: Mapping[str, Any]) -> int:
    """Under the name that each of them gives it; what is in use goes before what could be."""
    sizes = (
        mapping(row.get("meta")).get("n_ctx"),  # llama.cpp
        row.get("loaded_context_length"),  # LM Studio
        row.get("max_model_len"),  # vLLM, SGLang
        row.get("context_length"),  # OpenRouter, Together
        row.get("context_window"),  # Groq
        row.get("max_context_length"),  # LM Studio, Mistral
        row.get("max_context_window"),
        row.get("max_input_tokens"),  # LiteLLM
    )
    return next((size for size in map(count, sizes) if size), 0)
