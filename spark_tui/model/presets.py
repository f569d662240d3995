"""Models and servers that are known by name: a table, and two questions to it.

The rule kept here: data only. A row may be absent at an endpoint, any other id works too, and an
unknown figure is 0, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from spark_tui.model.provider import ModelInfo

OPENAI = "https://api.openai.com/v1"
CEREBRAS = "https://api.cerebras.ai/v1"


@dataclass(frozen=True, slots=True)
class Preset:
    """One model at one service."""

    name: str
    model: str
    base_url: str
    env_key: str
    """Name of the variable that holds the key; "" needs none."""
    wire: str = "auto"
    window: int = 0
    """Context window in tokens."""
    speed: int = 0
    """Claimed tokens a second."""
    price_class: str = ""
    """"", "local", "low", "mid", "high"."""
    temperature: float | None = None
    """For edits; None where the model does not take one."""
    service_tier: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A server that people run on their own machine, at its usual port."""

    name: str
    base_url: str
    owned_by: str = ""
    """What its models say of their owner, where that tells it apart from others on its port."""
    wire: str = "chat"
    """Most drop custom tools without a word on their Responses route: chat is the safe one."""


PRESETS: tuple[Preset, ...] = (
    Preset(
        "spark",
        "gpt-5.3-codex-spark",
        OPENAI,
        "OPENAI_API_KEY",
        window=128_000,
        speed=1000,
        price_class="high",
    ),
    Preset("smart", "gpt-5.3-codex", OPENAI, "OPENAI_API_KEY", window=400_000, price_class="mid"),
    Preset(
        "oss-120b",
        "gpt-oss-120b",
        CEREBRAS,
        "CEREBRAS_API_KEY",
        wire="chat",
        window=131_072,
        speed=3000,
        price_class="low",
        temperature=0.1,
    ),
    Preset(
        "qwen",
        "qwen-3.8-27b",
        CEREBRAS,
        "CEREBRAS_API_KEY",
        wire="chat",
        window=131_072,
        speed=1850,
        price_class="low",
        temperature=0.1,
    ),
    Preset("luna", "gpt-6-luna", OPENAI, "OPENAI_API_KEY", price_class="low"),
    Preset("luna-5.6", "gpt-5.6-luna", OPENAI, "OPENAI_API_KEY", price_class="low"),
    Preset("sol", "gpt-6.1-sol", OPENAI, "OPENAI_API_KEY", price_class="mid"),
    Preset("sol-5.6", "gpt-5.6-sol", OPENAI, "OPENAI_API_KEY", price_class="mid"),
    Preset("astra", "gpt-6-astra", OPENAI, "OPENAI_API_KEY", price_class="high"),
    Preset(
        "sol-ultrafast",
        "gpt-6.1-sol",
        OPENAI,
        "OPENAI_API_KEY",
        speed=300,
        price_class="high",
        service_tier="ultrafast",
    ),
    Preset(
        "astra-ultrafast",
        "gpt-6-astra",
        OPENAI,
        "OPENAI_API_KEY",
        speed=300,
        price_class="high",
        service_tier="ultrafast",
    ),
)
"""In the order in which they are offered when nothing says how fast they are."""

SERVERS: tuple[Server, ...] = (
    Server("Ollama", "http://127.0.0.1:11434/v1", "library"),
    Server("LM Studio", "http://127.0.0.1:1234/v1", "organization_owner"),
    Server("llama.cpp", "http://127.0.0.1:8080/v1", "llamacpp"),
    Server("vLLM", "http://127.0.0.1:8000/v1", "vllm"),
    Server("SGLang", "http://127.0.0.1:30000/v1", "sglang"),
    Server("LiteLLM", "http://127.0.0.1:4000/v1", wire="auto"),
    Server("Jan", "http://127.0.0.1:1337/v1"),
)

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_NO_CHAT = re.compile(
    r"(?i)embed|whisper|tts|dall-e|moderation|transcri|realtime|rerank|image|sora|babbage|davinci"
    r"|^bge-|^(?:gpt-)?audio"
)


def preset(name: str) -> Preset | None:
    return next((row for row in PRESETS if row.name == name), None)


def describe(model_id: str) -> ModelInfo:
    """What the table knows of a model; a dated id is the model it is dated from."""
    plain = _DATED.sub("", model_id)
    row = next((row for row in PRESETS if row.model == plain), None)
    if row is None:
        return ModelInfo(model_id)
    return ModelInfo(
        model_id,
        preset=row.name,
        speed=row.speed,
        price_class=row.price_class,
        window=row.window,
    )


def fastest(listed: Sequence[ModelInfo]) -> ModelInfo | None:
    """The model to pre-select when the wanted one is not listed.

    The fastest known one, then known ones in the order of the table, then anything that can chat.
    """
    chatting = [info for info in listed if not _NO_CHAT.search(info.id)]
    return min(chatting, key=_rank, default=None)


def _rank(info: ModelInfo) -> tuple[bool, int, int]:
    name = info.preset or describe(info.id).preset
    place = next((at for at, row in enumerate(PRESETS) if row.name == name), len(PRESETS))
    return place == len(PRESETS), -info.speed, place
