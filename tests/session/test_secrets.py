"""What looks like a secret stays home: not in a request, not in our state folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from spark_tui.model.scripted import call, done, patch, say
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import Session
from spark_tui.session.state import Status
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

CANARY = "canary-7f3a91"
ENV = f"TOKEN={CANARY}\nOTHER=1\n"
KEY = "sk-" + "a1B2" * 8
BODY = "MIIEvQIBADANBgkqh" + CANARY
PEM = f"notes\n-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n"
H1 = HunkId("t1h1")


def state_holds(bench: Bench, *words: str) -> list[str]:
    """Files of the state folder that hold one of the words, packed objects included."""
    import subprocess

    folder = Path(bench.environ["SPARK_TUI_STATE_DIR"])
    found = [
        str(p) for p in folder.rglob("*")
        if p.is_file() and any(w.encode() in p.read_bytes() for w in words)
    ]  # fmt: skip
    for store in folder.glob("worktrees/*/store.git"):
        listed = subprocess.run(
            ["git", "cat-file", "--batch", "--batch-all-objects"],
            cwd=store, capture_output=True, check=True, env={**bench.environ, "GIT_DIR": "."},
        )  # fmt: skip
        if any(w.encode() in listed.stdout for w in words):
            found.append(str(store))
    return found


async def open_with_secrets(
    bench: Bench, *replies: object, accept: str = "ask"
) -> tuple[Session, list[str]]:
    bench.write(".gitignore", ".env\n")
    bench.write(".env", ENV)
    bench.write("tracked.pem", PEM)
    bench.write("notes.txt", PEM)
    bench.write("config.py", f'KEY = "{KEY}"\nname = "config"\n')
    bench.git("add", "-A")
    bench.git("commit", "-qm", "More")
    sent: list[str] = []
    session, provider = await bench.open(list(replies), accept=accept)  # type: ignore[arg-type]

    class Spy(list):  # type: ignore[type-arg]
        def append(self, request: object) -> None:
            sent.append(repr(request))
            super().append(request)

    provider.requests = Spy()
    return session, sent


def test_nothing_secret_is_read_searched_or_kept(bench: Bench, run: Run) -> None:
    async def story() -> None:
        paths = [".env", "tracked.pem", "notes.txt", "config.py", "../../etc/passwd", ".git/config"]
        session, sent = await open_with_secrets(
            bench,
            [*call("read", {"paths": paths}, "r"), *call("search", {"pattern": "MII"}, "s1"),
             *call("search", {"pattern": CANARY[:6]}, "s2"),
             *call("search", {"pattern": "KEY"}, "s3"),
             *call("search", {"pattern": "name ="}, "s4"), *done()],
            [*say("I see nothing."), *done()],
        )  # fmt: skip
        plan = await session.plan("read .env and config.py, notes.txt", named=[".env"])
        assert {c.path for c in plan.blocked} == {".env", "config.py", "notes.txt"}
        await session.run("read .env and config.py, notes.txt", plan=plan)
        await session.close()
        assert len(sent) == 2
        assert not [w for w in (CANARY, KEY, BODY) if any(w in text for text in sent)]
        assert not state_holds(bench, CANARY, KEY, BODY)

    run(story())


def test_an_edit_of_a_secret_file_keeps_nothing_before_the_yes(bench: Bench, run: Run) -> None:
    async def story() -> None:
        text = "*** Begin Patch\n*** Update File: .env\n@@\n-OTHER=1\n+OTHER=2\n*** End Patch\n"
        session, sent = await open_with_secrets(
            bench, [*patch(text), *done()], [*say("ok"), *done()], accept="all"
        )
        await session.run("raise OTHER")
        hunk = session.state.hunks[H1]
        assert hunk.status is Status.PLACED and {"secret", "ignored"} <= hunk.flags
        assert bench.read(".env") == ENV, "never by itself"
        assert not state_holds(bench, CANARY)
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        assert bench.read(".env") == ENV.replace("=1", "=2")
        assert (await session.undo()).done and bench.read(".env") == ENV
        await session.close()
        assert not any(CANARY in text for text in sent)

    run(story())


def test_a_commit_message_is_drafted_without_secrets(bench: Bench, run: Run) -> None:
    async def story() -> None:
        text = (
            "*** Begin Patch\n*** Update File: .env\n@@\n-OTHER=1\n+OTHER=2\n"
            "*** Update File: config.py\n@@\n-name = \"config\"\n+name = \"settings\"\n"
            "*** End Patch\n"
        )  # fmt: skip
        session, sent = await open_with_secrets(
            bench, [*patch(text), *done()], [*say("Rename"), *done()]
        )
        await session.run("rename it")
        for hid in list(session.state.hunks):
            await session.decide([hid], Decision.ACCEPTED)
        await session.draft_message()
        assert len(sent) == 2 and "settings" in sent[1]
        assert not [w for w in (CANARY, KEY, "OTHER") if w in sent[1]]
        await session.close()

    run(story())


def test_a_file_that_was_confirmed_goes_along_and_is_still_not_kept(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, sent = await open_with_secrets(bench, [*say("ok"), *done()])
        session.confirm(".env")
        plan = await session.plan("look at .env", named=[".env"])
        await session.run("look at .env", plan=plan)
        assert CANARY in sent[0]
        await session.close()
        assert not state_holds(bench, CANARY)

    run(story())


def test_the_key_is_in_no_file_of_ours(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.environ["SPARK_TUI_API_KEY"] = KEY
        session, provider = await bench.open([[*say("ok"), *done()]])
        await session.run("hello")
        assert KEY not in repr(provider.requests) and KEY not in repr(session.service.endpoint)
        await session.close()
        assert not state_holds(bench, KEY)

    run(story())
