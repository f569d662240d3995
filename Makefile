# Everything a developer runs, one line each. BIN is where the tools of `.[dev]` are.
BIN ?= .venv/bin

.PHONY: check test types lint snapshots terminal conformance demo pictures bench crash lock

check: lint types test            ## what CI runs

test:                             ## the whole suite
	$(BIN)/pytest -n auto --dist worksteal

types:
	$(BIN)/mypy

lint:                             ## format, style, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

snapshots:                        ## the pictures of the screen anew; look at them before you commit
	$(BIN)/pytest tests/tui --snapshot-update

terminal:                         ## the real program in a real pseudo-terminal
	$(BIN)/pytest -m terminal

conformance:                      ## against llama.cpp, LiteLLM, the openai SDK and Codex; installs them
	$(BIN)/pytest -m conformance -rs tests/conformance

demo:
	$(BIN)/python -m demo

pictures:                         ## docs/pictures/*.svg, from the demo
	$(BIN)/python docs/pictures/make.py

bench:                            ## start-up, echo, lag, bytes, CPU, memory; the link to the model
	$(BIN)/python benchmarks/terminal.py
	$(BIN)/python benchmarks/transport.py --quick
	$(BIN)/python benchmarks/receive.py --quick
	$(BIN)/python benchmarks/store.py

crash:                            ## kills, system calls, power cuts, full disks, races: nothing is lost
	$(BIN)/python benchmarks/crash.py --quick
	$(BIN)/python benchmarks/races.py --races 100

lock:                             ## uv.lock and requirements.lock from pyproject.toml (needs uv)
	uv lock
	uv export -q --frozen --no-dev --no-emit-project --format requirements-txt -o requirements.lock
