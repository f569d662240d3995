"""llama.cpp's own HTTP server in this process: `python llama_server.py MODEL WINDOW KEY`.

The rule kept here: run by the Python of the environment that has xllamacpp; imports none of ours.
One slot, so that a request that is answered proves that the one before it was let go.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def main() -> None:
    model, window, key = sys.argv[1:]
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"automaton"}
    params.n_ctx = int(window)
    params.n_parallel = 1
    params.port = 0
    params.hostnames = ["127.0.0.1"]
    params.warmup = False
    params.use_jinja = True
    params.endpoint_metrics = True
    params.api_keys = [key]
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(f"listening on {server.listening_address}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
