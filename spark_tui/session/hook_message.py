"""The message of a plain `git commit`, drafted inside git's prepare-commit-msg hook.

The rule kept here: it never stands in the way of the person's commit. Whatever is missing (key,
model, network, time) leaves the file as it is, with one sentence why; and what somebody wrote into
the file already stays.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from spark_tui.errors import RepositoryFault, SparkFault, UsageFault
from spark_tui.model.provider import Provider
from spark_tui.repo import hook_file
from spark_tui.repo.durable import put
from spark_tui.repo.hook_file import HookDone as HookDone
from spark_tui.repo.message_sources import (
    comment_sign,
    in_hook,
    recent_messages,
    staged,
    staged_diff,
    template_of,
)
from spark_tui.repo.repository import Repository
from spark_tui.session import drafting
from spark_tui.session.link import Link
from spark_tui.settings.config import Settings

SOURCES = ("message", "merge", "squash", "commit")
"""Where git has a message from somewhere else: nothing is drafted then."""
_MOST_BYTES = 1 << 20


async def draft_into(
    file: Path,
    source: str,
    *,
    where: Path,
    environ: Mapping[str, str],
    settings: Settings,
    timeout_s: float,
    provider: Provider | None = None,
) -> str:
    """Write a message above git's comments; "" when that is done or there is nothing to do, else
    one sentence why the file was left alone."""
    if environ.get("SPARK_TUI_COMMIT") or source in SOURCES:
        return ""
    try:
        async with asyncio.timeout(timeout_s):
            message, held = await _message(file, where, environ, settings, provider)
            if message:
                await asyncio.to_thread(_write, file, held, message)
            return ""
    except TimeoutError:
        return f"No message was drafted within {timeout_s:g} s."
    except _Left as why:
        return str(why)
    except (SparkFault, OSError) as fault:
        return f"No message was drafted: {fault}"


class _Left(Exception):
    """The file is left alone, and this is why; "" where that is as it should be."""


async def _message(
    file: Path,
    where: Path,
    environ: Mapping[str, str],
    settings: Settings,
    provider: Provider | None,
) -> tuple[str, str]:
    repo, index = await asyncio.to_thread(in_hook, where, environ)
    held = await asyncio.to_thread(_open_for_us, repo, file)
    changes = {s.path: s.change for s in await asyncio.to_thread(staged, repo, index)}
    if not changes:
        raise _Left("")
    log = await asyncio.to_thread(recent_messages, repo)
    paths = drafting.may_be_sent(changes)
    diff = await asyncio.to_thread(staged_diff, repo, paths, index)
    link = Link(settings, environ, provider)
    try:
        target = link.target("fast")
        if not link.is_ready("fast"):
            raise _Left("No message was drafted: no key is known (spark-tui doctor).")
        drafted = await drafting.stream(
            link.provider_for(target),
            drafting.request_for(drafting.of_diff(changes, diff, log), target.model),
            goes_on=lambda: True,
            tell=lambda _: None,
        )
    finally:
        await link.close()
    if not drafted.text:
        raise _Left(f"No message was drafted: {drafted.error or 'the answer broke off.'}")
    return drafted.text, held


def _open_for_us(repo: Repository, file: Path) -> str:
    """What the file holds, if that may stand below a draft. Raises _Left."""
    if not file.is_file():
        raise _Left(f"No message was drafted: there is no file {file}.")
    data = file.read_bytes()
    if len(data) > _MOST_BYTES:
        raise _Left("")
    held = data.decode("utf-8", "surrogateescape")
    sign = comment_sign(repo)
    own = _said(held, sign)
    if own and own != _said(template_of(repo), sign):
        raise _Left("")  # somebody wrote it
    return held


def _said(text: str, sign: str) -> str:
    """What of it would be in the commit."""
    lines = text.partition(f"{sign} ------------------------ >8")[0].split("\n")
    return "\n".join(line.rstrip() for line in lines if not line.startswith(sign)).strip()


def _write(file: Path, held: str, message: str) -> None:
    below = held if held.startswith("\n") else f"\n{held}"
    mode = file.stat().st_mode & 0o777
    put(file, f"{message}\n{below}".encode("utf-8", "surrogateescape"), durable=False)
    file.chmod(mode)


# -- the hook itself ----------------------------------------------------------------
def install(where: Path, environ: Mapping[str, str], program: str, *, force: bool) -> HookDone:
    """Put our line into prepare-commit-msg. Raises RepositoryFault. Blocking."""
    return hook_file.install(_repository(where, environ), program, force=force)


def remove(where: Path, environ: Mapping[str, str]) -> HookDone:
    """Take it out again. Blocking."""
    return hook_file.remove(_repository(where, environ))


def _repository(where: Path, environ: Mapping[str, str]) -> Repository:
    if not where.is_dir():
        raise UsageFault(f"There is no folder {where}.", hint="Name a folder that exists.")
    repo = Repository.discover(where, environ=environ)
    if repo is None:
        raise RepositoryFault(f"There is no git repository in {os.fspath(where.resolve())}.")
    return repo
