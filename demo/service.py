"""The process: arguments, the listening socket, one task a connection, and the end.

The rule kept here: the server never outlives its parent. It ends when its stdin, a pipe, is
closed, or on SIGTERM; the first line on stdout is the JSON with its address.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import ssl
import stat
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from .fault import KINDS, Fault, read_fault
from .model import Service
from .pace import seconds
from .pool import Pool
from .request import BadRequest
from .script import FOLDER, ScriptError, load
from .wire_http import HttpRequest, Line, answer_http, refusal, reply

MODELS = "demo-fast,demo-smart"


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    try:
        scripts = load(options.scripts)
    except ScriptError as error:
        print(f"demo server: {error}", file=sys.stderr)
        return 2
    if options.list_scripts:
        for script in scripts:
            print(f"{script.name:24}{script.title}")
            if script.say:
                only = f"   ({', '.join(script.models)})" if script.models else ""
                print(f"{'':24}{script.say}{only}")
        return 0
    service = Service(
        models=tuple(name for name in options.models.split(",") if name),
        scripts=scripts,
        rate=options.rate,
        ttft_s=options.ttft,
        fault=options.fault,
        prefill_ms=options.prefill,
        pool=Pool(options.pool, clock=time.monotonic) if options.pool else None,
    )
    tls: ssl.SSLContext | None = None
    if options.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*options.tls)
    asyncio.run(serve(service, port=options.port, tls=tls))
    return 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo.server",
        description="A scripted model service on loopback: Responses over WebSocket and events, "
        "chat completions over events.",
        epilog="Faults: " + "; ".join(f"{kind}: {words}" for kind, words in KINDS.items()) + ".",
    )
    parser.add_argument("--rate", type=float, default=1000, help="tokens a second, 0 = unlimited")
    parser.add_argument("--ttft", type=_seconds, default=0.15, help="time to the first token")
    parser.add_argument(
        "--prefill", type=float, default=0, metavar="MS",
        help="milliseconds for 1,000 tokens of input that the connection has not read before",
    )  # fmt: skip
    parser.add_argument(
        "--pool", type=int, default=0, metavar="N",
        help="N requests a minute, told in x-ratelimit headers; beyond them 429. 0 = no limit",
    )  # fmt: skip
    parser.add_argument(
        "--tls", nargs=2, metavar=("CERT", "KEY"), help="files in PEM: speak https and wss"
    )
    parser.add_argument("--port", type=int, default=0, help="0 = any free one")
    parser.add_argument("--fault", type=_fault, help="KIND[:N][xTIMES], see below")
    parser.add_argument("--models", default=MODELS, help="comma-separated ids")
    parser.add_argument("--scripts", type=Path, default=FOLDER, help="folder of *.toml")
    parser.add_argument("--list-scripts", action="store_true", help="titles and prompts, then end")
    return parser


def _seconds(text: str) -> float:
    try:
        return seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _fault(text: str) -> Fault:
    try:
        return read_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


async def serve(service: Service, *, port: int, tls: ssl.SSLContext | None = None) -> None:
    """Listen, say where, and answer until told to end."""
    async with listening(service, port=port, tls=tls) as url:
        print(json.dumps({"url": url}), flush=True)
        await _told_to_end()


@asynccontextmanager
async def listening(
    service: Service, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """The base URL of a server that answers until the block ends."""
    numbers = itertools.count(1)
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a connection always runs in a task
        running.add(task)
        service.record.connections += 1
        try:
            await talk(Line(reader, writer), service, next(numbers))
        except (ConnectionError, asyncio.CancelledError):
            # The client went, or the server ends: nobody is left to be told.
            pass
        finally:
            running.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def talk(line: Line, service: Service, number: int) -> None:
    """Requests of one connection, one after the other."""
    while (head := await line.until(b"\r\n\r\n")) is not None:
        request = HttpRequest(head)
        if not request.wants_websocket or request.route != "/responses":
            if not await answer_http(line, request, service, number):
                return
            continue
        try:
            service.authorize()
        except BadRequest as error:
            await line.write(refusal(error, service))
            return
        if service.strikes("refuse"):
            message = "WebSocket connections are not supported here."
            await line.write(reply(426, {"error": {"message": message}}, {"Upgrade": "HTTP/1.1"}))
            return
        # Deferred: a server that only ever sees HTTP need not load the WebSocket library.
        from .wire_websocket import Socket

        await Socket(line, request, service, number).serve(head)
        return


async def _told_to_end() -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    # Only a pipe or a socket is a leash. A terminal belongs to a person, and /dev/null is at its
    # end from the beginning.
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        mode = 0
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        loop.add_reader(0, _listen, end)
    await end.wait()
    loop.remove_reader(0)


def _listen(end: asyncio.Event) -> None:
    if not os.read(0, 4096):
        end.set()
