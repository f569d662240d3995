"""A language model of a megabyte that says what it is told to: a table of which token follows.

The rule kept here: nothing is trained and nothing is random. The layers add nothing, embeddings
are one-hot, the output matrix is the table; which line is said stands in the chat template. Run
as `python automaton.py FILE.gguf` by a Python that has the package gguf; imports none of ours.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TALK = "The harbour is calm, and Ålesund reports 1.99 m: a little more than yesterday…"
SEEN = "That file names four stations."
THOUGHT = "First one looks."
ANSWER = "Then one speaks."
READ = '{"paths": ["data/stations.csv"]}'
SECOND = '{"paths": ["README.md"]}'
PATCH = "*** Begin Patch\n*** Add File: note.txt\n+calm\n*** End Patch\n"
BLOCK = "note.txt\n```\n<<<<<<< SEARCH\n=======\ncalm\n>>>>>>> REPLACE\n```\n"
ROUND = "tick tock, "
"""Said again and again by the line `long`, which ends only with the window."""

_READ_CALL = f'<tool_call>\n{{"name": "read", "arguments": {READ}}}\n</tool_call>'
_SECOND_CALL = f'<tool_call>\n{{"name": "read", "arguments": {SECOND}}}\n</tool_call>'
_PATCH_JSON = PATCH.replace("\n", "\\n")
# Cut as a service cuts it that knows only function tools: LiteLLM calls the property `content`.
_PATCH_CALL = (
    f'<tool_call>\n{{"name": "apply_patch", "arguments": {{"content": "{_PATCH_JSON}"}}}}'
    "\n</tool_call>"
)
LINES: Mapping[str, str] = {
    "talk": TALK,
    "seen": SEEN,
    "think": f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}",
    "call": _READ_CALL,
    "pair": f"{_READ_CALL}\n{_SECOND_CALL}",
    "patch": _PATCH_CALL,
    "blocks": BLOCK,
}
TEMPLATE = """\
{%- if tools or messages[0].role == 'system' %}<|im_start|>system
{%- if messages[0].role == 'system' %}
{{ messages[0].content }}
{%- endif %}
{%- if tools %}
You may call these functions:
<tools>
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
</tools>
For each call give back:
<tool_call>
{"name": "NAME", "arguments": {}}
</tool_call>
{%- endif %}<|im_end|>
{% endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}<|im_start|>user
<tool_response>
{{ message.content }}
</tool_response><|im_end|>
{% elif message.role != 'system' %}<|im_start|>{{ message.role }}
{%- if message.reasoning_content %}
<think>
{{ message.reasoning_content }}
</think>
{% endif %}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% set last = messages[-1] %}
{%- set said = last.content or '' %}
{%- if last.role == 'tool' %}<|seen|>
{%- elif 'blocks' in said %}<|blocks|>
{%- elif tools and 'patch' in said %}<|patch|>
{%- elif tools and 'pair' in said %}<|pair|>
{%- elif tools and 'call' in said %}<|call|>
{%- elif 'think' in said %}<|think|>
{%- elif 'long' in said %}<|long|>
{%- else %}<|talk|>
{%- endif %}
{%- endif %}"""

END = "<|im_end|>"
CONTROL, NORMAL = 3, 1
"""Kinds of tokens in the words of the file format."""


@dataclass(slots=True)
class Table:
    """The vocabulary and what follows each of its tokens."""

    tokens: list[str] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    follows: dict[int, int] = field(default_factory=dict)

    def add(self, text: str, kind: int) -> int:
        self.tokens.append(text)
        self.kinds.append(kind)
        return len(self.tokens) - 1


def table() -> Table:
    """Single bytes for what is read, one token of its own for each piece of what is said."""
    made = Table()
    for name in ("<|bos|>", "<|im_start|>", END):
        made.add(name, CONTROL)
    end = made.tokens.index(END)
    written = _alphabet()
    for byte in range(256):
        made.add(written[byte], NORMAL)
    used: set[bytes] = set()
    for name, text in LINES.items():
        last = _say(made, made.add(f"<|{name}|>", CONTROL), pieces(text, used), written)
        made.follows[last] = end
    start = made.add("<|long|>", CONTROL)
    last = _say(made, start, pieces(ROUND, used), written)
    made.follows[last] = made.follows[start]
    return made


def pieces(text: str, used: set[bytes]) -> list[bytes]:
    """The text in short pieces that were not used before: a token has one successor.

    >>> pieces("abcdabcdabcd", set())
    [b'abcd', b'abc', b'dabcd']
    """
    rest, cut = text.encode(), []
    while rest:
        for size in (4, 3, 5, 2, 6, 7, 8, 9, 10, 11, 12):
            piece = rest[:size] if len(rest) - size > 1 else rest
            if len(piece) > 1 and piece not in used:
                break
        else:
            raise ValueError(f"no piece is left for {rest!r}")
        used.add(piece)
        cut.append(piece)
        rest = rest[len(piece) :]
    return cut


def _say(made: Table, current: int, said: Sequence[bytes], written: Mapping[int, str]) -> int:
    for piece in said:
        token = made.add("".join(written[byte] for byte in piece), NORMAL)
        made.follows[current] = token
        current = token
    return current


def _alphabet() -> dict[int, str]:
    """How the GPT-2 vocabulary writes a byte: printable ones as they are, others above 255."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = (byte for byte in range(256) if byte not in plain)
    moved = {byte: chr(256 + at) for at, byte in enumerate(others)}
    return {byte: moved.get(byte, chr(byte)) for byte in range(256)}


def write(path: Path, *, window: int) -> None:
    """The model as a GGUF file."""
    # By name: neither package is one of ours.
    gguf: Any = importlib.import_module("gguf")
    numpy: Any = importlib.import_module("numpy")
    made = table()
    count = len(made.tokens)
    width = -(-count // 32) * 32
    end = made.tokens.index(END)
    embeddings = numpy.eye(count, width, dtype=numpy.float32)
    output = numpy.zeros((count, width), numpy.float32)
    for token in range(count):
        output[made.follows.get(token, end), token] = 4.0

    file = gguf.GGUFWriter(str(path), "llama")
    file.add_name("automaton")
    file.add_context_length(window)
    file.add_embedding_length(width)
    file.add_block_count(1)
    file.add_feed_forward_length(32)
    file.add_head_count(1)
    file.add_head_count_kv(1)
    file.add_key_length(32)
    file.add_value_length(32)
    file.add_rope_dimension_count(32)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_vocab_size(count)
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list(made.tokens)
    file.add_token_types(made.kinds)
    # The format demands a merge; this pair has no token, so that it never happens.
    file.add_token_merges([f"{made.tokens[3]} {made.tokens[4]}"])
    file.add_bos_token_id(0)
    file.add_eos_token_id(end)
    file.add_add_bos_token(False)
    file.add_chat_template(TEMPLATE)
    ones = numpy.ones(width, numpy.float32)
    into, out_of = numpy.zeros((32, width), numpy.float32), numpy.zeros((width, 32), numpy.float32)
    file.add_tensor("token_embd.weight", embeddings)
    file.add_tensor("output.weight", output)
    file.add_tensor("output_norm.weight", ones)
    for name in ("attn_norm", "ffn_norm"):
        file.add_tensor(f"blk.0.{name}.weight", ones)
    for name in ("attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up"):
        file.add_tensor(f"blk.0.{name}.weight", into)
    for name in ("attn_output", "ffn_down"):
        file.add_tensor(f"blk.0.{name}.weight", out_of)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), window=int(sys.argv[2]))
