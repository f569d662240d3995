"""The pictures of the README, taken from the running app on the demo's project and server.

    python docs/pictures/make.py

The rule kept here: nothing is drawn by hand, so a picture never shows what the app does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from demo.launch import app_environment, prepare, start_server, stop_server  # noqa: E402
from spark_tui.options import AppOptions  # noqa: E402
from spark_tui.session import events as ev  # noqa: E402
from spark_tui.session.opening import open_session  # noqa: E402
from spark_tui.settings.config import load  # noqa: E402
from spark_tui.tui.application import SparkApp  # noqa: E402

if TYPE_CHECKING:
    from textual.pilot import Pilot

PROMPT = "Add a check of a station's token to TokenStore"
LIMIT_S = 30


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        project = prepare(base)
        server, url = start_server(rate=1000, ttft="150ms")
        try:
            environ = app_environment(os.environ, url=url, base=base)
            await review(project, environ, "app", "spark-dark", (120, 36))
        finally:
            stop_server(server)


async def review(
    project: Path, environ: dict[str, str], name: str, theme: str, size: tuple[int, int]
) -> None:
    """One request answered, the first hunk accepted, the next one under the cursor."""
    async with opened(project, environ, theme, size) as (app, pilot, told):
        await pilot.press(*keys(PROMPT), "enter")
        await asyncio.wait_for(told.wait(), LIMIT_S)
        await drawn(pilot)
        await pilot.press("tab", "y")
        await drawn(pilot)
        save(app, name)


@contextlib.asynccontextmanager
async def opened(
    project: Path, environ: dict[str, str], theme: str, size: tuple[int, int]
) -> AsyncIterator[tuple[SparkApp, Pilot[str], asyncio.Event]]:
    """The app on a session; the event is set when a turn has ended."""
    settings = load(environ=environ, flags={"theme": theme})
    session = await open_session(project, settings, environ=environ)
    told = asyncio.Event()
    session.listen(lambda event: told.set() if isinstance(event, ev.TurnEnded) else None)
    app = SparkApp(AppOptions(project, environ=environ), settings, session=session)
    async with app.run_test(size=size) as pilot:
        await drawn(pilot)
        yield app, pilot, told
    await session.close()


async def drawn(pilot: Pilot[str]) -> None:
    """Some frames later: whatever was on its way is on the screen."""
    for _ in range(3):
        await pilot.pause(0.1)


def keys(text: str) -> list[str]:
    return [{" ": "space", "'": "apostrophe"}.get(sign, sign) for sign in text]


def save(app: SparkApp, name: str) -> None:
    path = HERE / f"{name}.svg"
    path.write_text(app.export_screenshot(title="spark-tui"), encoding="utf-8")
    sys.stderr.write(f"{path}\n")


if __name__ == "__main__":
    asyncio.run(main())
