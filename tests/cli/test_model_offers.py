"""`edit` with a model that is not to be had: exit 3, the next one, and the flag that takes it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from spark_tui.cli.main import run
from spark_tui.cli.output import Output
from spark_tui.settings.config import user_file
from tests.support.aside import aside
from tests.support.services import listing, row
from tests.support.shell import Ran, Shell
from tests.support.wire_server import Raw, Reply, WireServer

CHAT, MODELS = "/v1/chat/completions", "/v1/models"


def answer(words: str) -> Reply:
    events = [
        {"choices": [{"index": 0, "delta": {"content": words}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    return Reply([*events, Raw(b"data: [DONE]\n\n")])


def refusal() -> Reply:
    error = {"code": "model_not_found", "message": "The model `a` does not exist"}
    body = json.dumps({"error": error}).encode()
    return Reply([Raw(body)], status=404, content_type="application/json")


@dataclass
class Terminal:
    """The verbs as they are started, with real providers."""

    root: Path
    environ: dict[str, str]

    def __call__(self, verb: str, *words: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        code = run(
            [verb, "-C", str(self.root), *words], self.environ,
            out=Output(out, err), stdin=io.StringIO(""),
        )  # fmt: skip
        return Ran(code, out.getvalue(), err.getvalue())

    def settings(self, text: str) -> None:
        path = user_file(self.environ)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def terminal(shell: Shell) -> Terminal:
    return Terminal(shell.root, shell.environ)


def test_an_unlisted_model_names_the_next_one_and_the_flag(terminal: Terminal) -> None:
    server = WireServer(http={MODELS: [listing("odd model", "whisper-1")]})
    with aside(server):
        ran = terminal("edit", "--json", "--base-url", server.base_url, "--model", "a", "--", "hi")
    assert ran.code == 3
    assert ran.document["status"] == "error"
    (error,) = ran.document["errors"]
    assert error["code"] == "model_missing"
    assert error["message"] == f"a is not listed by 127.0.0.1:{server.port}."
    assert error["hint"] == (
        f"Nothing was sent. Next is odd model at 127.0.0.1:{server.port}: --model 'odd model'"
    )
    assert [asked.path for asked in server.asked] == [MODELS], "nothing was asked of a model"


def test_the_next_of_a_chain_may_be_at_another_service(terminal: Terminal) -> None:
    one, other = WireServer(http={MODELS: [listing("x")]}), WireServer()
    with aside(one, other):
        terminal.settings(
            row("there", other.base_url, model="t-1", speed=300, price_class="mid")
            + row("here", one.base_url, model="gone")
        )
        ran = terminal("edit", "--model", "here, there", "--", "hi")
    assert ran.code == 3
    assert "gone is not listed by" in ran.err
    where = f"t-1 at 127.0.0.1:{other.port} (300 tok/s · mid price): --model there"
    assert where in ran.err
    assert not other.asked


def test_no_way_out_is_said_as_well(terminal: Terminal) -> None:
    server = WireServer(http={MODELS: [listing("whisper-1")]})
    with aside(server):
        ran = terminal("edit", "--base-url", server.base_url, "--model", "a", "--", "hi")
    assert ran.code == 3 and "spark-tui models lists what there is" in ran.err


def test_a_refusal_of_the_request_ends_the_same_way(terminal: Terminal) -> None:
    server = WireServer(http={MODELS: [Reply(status=404)], CHAT: [refusal()]})
    with aside(server):
        terminal.settings(row("box", server.base_url, model="a", wire="chat"))
        ran = terminal("edit", "--json", "--model", "box, b@box", "--", "hi")
    assert ran.code == 3
    (error,) = ran.document["errors"]
    assert error["code"] == "model_missing" and "does not have a" in error["message"]
    assert error["hint"].endswith("--model b@box")


def test_a_server_is_asked_for_the_model_that_it_has(terminal: Terminal) -> None:
    server = WireServer(http={MODELS: [listing("tiny.gguf")], CHAT: [answer("Hello.")]})
    with aside(server):
        terminal.settings(row("box", server.base_url, wire="chat"))
        ran = terminal("edit", "--model", "box", "--", "hi")
    assert ran.code == 0 and "Hello." in ran.out
    assert server.asked[-1].body["model"] == "tiny.gguf"
    assert "asking tiny.gguf" in ran.err


def test_a_server_that_is_down_is_a_network_fault(terminal: Terminal) -> None:
    server = WireServer()
    with aside(server):
        terminal.settings(row("box", server.base_url, wire="chat"))
    ran = terminal("edit", "--json", "--model", "box", "--", "hi")
    assert ran.code == 3 and ran.document["errors"][0]["code"] == "connect"


def test_the_near_end_of_a_model_does_not_hide_how_the_turn_ended(terminal: Terminal) -> None:
    from datetime import date, timedelta

    day = (date.today() + timedelta(days=2)).isoformat()
    rows = listing({"id": "a", "shutdown_date": day})
    failed = Reply([Raw(b'{"error": {"message": "no"}}')], status=400)
    server = WireServer(http={MODELS: [rows], CHAT: [failed]})
    with aside(server):
        terminal.settings(row("box", server.base_url, model="a", wire="chat"))
        ran = terminal("edit", "--json", "--model", "box", "--", "hi")
    assert ran.code == 3
    notice, fault = ran.document["errors"]
    assert notice["code"] == "notice" and day in notice["message"]
    assert fault["code"] == "model"
