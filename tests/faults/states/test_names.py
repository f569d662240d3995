"""Names of any bytes, and things that are no plain files: worked on or refused by name, at once."""

from __future__ import annotations

import json
import os
import socket
import stat
import unicodedata
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.worktree import Change, Worktree
from spark_tui.session.events import Decision
from spark_tui.session.state import Status
from spark_tui.text import one_line
from tests.faults.states.place import (
    NEW,
    TEXT,
    Place,
    Run,
    accept,
    add,
    delete,
    edit,
    move,
    offered,
    there_and_back,
)

SAYABLE = [
    "-rf", "--help", "-", "a b", "tail.", "quo'te", 'quo"te', "$(touch x)", "*", "?[a]",
    ":(glob)x", ":!x", "!x", "#x", "%2e%2e", "a;b", "a|b", "a&b", "caf\u00e9", "cafe\u0301",
    "\u65e5\u672c\u8a9e", "\U0001f600.txt", "\u202egnp.txt", "\u200bzero", "[/red]x[bold]",
    "[link=http:x]", "[@click=app.quit]x", "Readme", "readme", "CON", "nul.txt", "x" * 255,
    "\u00e9" * 127, "HEAD", "refs", "config", ".gitx", "git", "a.git", "@", "a@b", "--- a", "+++ b",
    "@@", "*** x", "with=sign", "e\u0301" * 40,
]  # fmt: skip
"""Names that a reply may say."""
UNSAYABLE = [
    b"new\nline", b"cr\rhere", b"a\tb", b"\x1b[31mred\x1b[0m", b"\x1b]0;title\x07", b"bell\x07",
    "\x9b31m".encode(), b"back\\slash", b"~", b"latin\xe9", b"\xff\xfe", b"half\xc3", b"\x80",
    b" lead and trail ", b"`touch x`", b"\x7f", b"\x01",
]  # fmt: skip
"""Names that lie in a tree and cannot come out of a reply: its text has no such bytes, or nobody
could see what they mean."""
REFUSED = [
    ".git/x", ".GIT/x", ".Git/config", "git~1/x", "GIT~1/x", ".g\u200cit/x", ".git./x", ".git /x",
    ".git::$INDEX_ALLOCATION/x", "a/.git/hooks/x", ".git\\x", "..", "../x", "a/../../x", "/etc/x",
    "./../x", "a\tb", "\x1b[31mred", "bell\x07", "\x9b31m", "back\\slash", "~/x",
]  # fmt: skip


def reply_of(act: str, name: str) -> str:
    match act:
        case "edit":
            return edit(name)
        case "delete":
            return delete(name)
        case "move":
            return move(name, f"to/{name}")
        case _:
            return add(name, "one")


@pytest.mark.parametrize("act", ["edit", "delete", "move", "add"])
def test_names_of_any_kind(place: Place, run: Run, act: str) -> None:
    """Leading dashes, quotes, pathspecs, markup, accents in both forms, right-to-left marks, 255
    bytes: edit, delete, move, add and their undo; bytes and names come through."""

    async def story() -> None:
        if act != "add":
            for name in SAYABLE:
                place.write(name, TEXT)
                place.write(f"folder {name[:99]}/in", TEXT)
        names = [*SAYABLE, *(f"folder {name[:99]}/in" for name in SAYABLE)]
        between = await there_and_back(place, "\n".join(reply_of(act, name) for name in names))
        for name in names:
            match act:
                case "edit":
                    assert between[name] == ("-rw-r--r--", NEW.encode())
                case "delete":
                    assert name not in between
                case "move":
                    assert between[f"to/{name}"] == ("-rw-r--r--", NEW.encode())
                case "add":
                    assert between[name] == ("-rw-r--r--", b"one\n")

    run(story())


def test_names_that_no_reply_can_say(place: Place, run: Run) -> None:
    """Newlines, escape sequences, bytes that are no text: such files lie in the tree, are listed,
    and are there byte for byte after what is done beside them."""

    async def story() -> None:
        for name in UNSAYABLE:
            place.write(os.fsdecode(name), TEXT)
        await there_and_back(place, edit("a.txt"))
        session, _ = await place.open()
        for path in map(os.fsdecode, UNSAYABLE):
            assert path in session.state.files and session.state.marks[path] == "??"
        await session.close()

    run(story())


@pytest.mark.parametrize("name", [*(os.fsencode(n) for n in SAYABLE), *UNSAYABLE], ids=ascii)
def test_the_way_to_the_disk_takes_any_name(
    tmp_path: Path, environ: dict[str, str], name: bytes
) -> None:
    """Below replies every name is worked on: checkpoint, write, delete, and all of it back."""
    root = tmp_path / "root"
    root.mkdir()
    path = os.fsdecode(name)
    worktree = Worktree(root)
    store = CheckpointStore.open(tmp_path / "state", root, environ=environ)
    versions: list[bytes | None] = [None, b"one\n", b"two\n", None, b"two\n", b"one\n", None]
    ids: list[str] = []
    for old, new in pairwise(versions):
        ids.append(store.save("s", 1, {path: None if old is None else (old, 0o644)}))
        expected = None if old is None else sha256(old).hexdigest()
        worktree.write_all([Change(path, new)], expected={path: expected})
        there = [os.fsencode(f.relative_to(root)) for f in root.rglob("*") if f.is_file()]
        assert there == ([] if new is None else [name])
    for old, kept in zip(versions, ids, strict=False):
        assert store.load(kept) == {path: None if old is None else (old, 0o644)}


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
def test_a_name_that_leads_where_nothing_may_go(place: Place, run: Run, name: str) -> None:
    """git's own folder under any of its disguises, ways out of the root, and what nobody could see:
    refused, in words, for a new file, an edit, a deletion and a move; nothing is made anywhere."""

    async def story() -> None:
        before = place.kept()
        around = sorted(p.name for p in place.root.parent.iterdir())
        replies = (add(name, "x"), edit(name), delete(name), move("a.txt", name))
        session = await offered(place, replies[0])
        for reply in replies[1:]:
            await session.apply_reply(reply, accept="none")
        for hunk in list(session.state.hunks.values()):
            if hunk.path != "a.txt" or hunk.kind == "move":
                await session.decide([hunk.id], Decision.ACCEPTED)
                assert hunk.status is not Status.ACCEPTED
                assert hunk.message or hunk.why
        await session.close()
        assert place.kept() == before
        assert sorted(p.name for p in place.root.parent.iterdir()) in (around, [*around, "state"])

    run(story())


def test_a_pair_that_some_systems_take_for_one(place: Place, run: Run) -> None:
    """Two names that differ in case, or in how an accent is written, are two files here."""

    async def story() -> None:
        composed, apart = "caf\u00e9.txt", unicodedata.normalize("NFD", "caf\u00e9.txt")
        for pair in (("Readme.txt", "readme.txt"), (composed, apart)):
            for path in pair:
                place.write(path, TEXT)
            between = await there_and_back(place, edit(pair[1]))
            assert between[pair[0]] == ("-rw-r--r--", TEXT.encode())
            assert between[pair[1]] == ("-rw-r--r--", NEW.encode())

    run(story())


def test_a_path_longer_than_the_system_takes_at_once(place: Place, run: Run) -> None:
    """Deeper than 4,096 bytes: refused in words or worked on, never a crash, and beside it all
    goes on."""

    async def story() -> None:
        deep = "/".join(["d" * 200] * 24)
        session = await offered(place, add(f"{deep}/x.txt", "one"))
        before = place.tree()
        await session.decide(list(session.state.hunks), Decision.ACCEPTED)
        stands = {h.status for h in session.state.hunks.values()}
        if stands == {Status.ACCEPTED}:
            assert (await session.undo_turn()).done
        assert place.tree() == before
        await session.close()
        await there_and_back(place, edit("a.txt"))

    run(story())


def test_names_are_inert_where_they_are_shown(place: Place) -> None:
    """On a terminal no byte of a name is a command, nor anything that turns the text around; in
    JSON it is the name, in ASCII, and one that is no text comes as bytes."""
    for name in (*SAYABLE, *map(os.fsdecode, UNSAYABLE)):
        place.write(name, TEXT)
    reply = "\n".join(edit(name) for name in [*SAYABLE, *REFUSED])
    shown = place.shell("apply", "--accept", "none", terminal=True, stdin=reply)
    for text in (shown.out, shown.err):
        bad = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")]
        assert not bad, bad
    for name in SAYABLE:
        assert one_line(name)[:30] in shown.out, name
    raw = place.shell("hunks", "--json").out
    assert raw.isascii()
    paths = {f.get("path") for f in json.loads(raw)["files"]}
    assert paths >= set(SAYABLE)


# -- things that are no plain files -----------------------------------------------
def put(place: Place, kind: str, outside: Path) -> None:
    at = place.root / "odd"
    match kind:
        case "link":
            at.symlink_to("a.txt")
        case "link outside":
            at.symlink_to(outside)
        case "dangling":
            at.symlink_to("nowhere")
        case "loop":
            at.symlink_to("odd")
        case "pipe":
            os.mkfifo(at)
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(at))
        case "device":
            os.mknod(at, stat.S_IFCHR | 0o666, os.makedev(1, 5))
        case "folder":
            at.mkdir()


KINDS = ("link", "link outside", "dangling", "loop", "pipe", "socket", "folder", "device")


@pytest.mark.parametrize("kind", KINDS)
def test_no_plain_file(
    place: Place, tmp_path: Path, run: Run, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links, loops, pipes, sockets, devices: edit, new file, deletion and move onto it are refused
    with its name; nobody waits for a pipe, and what a link leads to is as it was."""
    if kind == "device" and os.geteuid() != 0:
        pytest.skip("only root makes devices")
    monkeypatch.chdir(place.root)  # a socket's name is short

    async def story() -> None:
        outside = tmp_path / "outside"
        outside.write_text(TEXT)
        put(place, kind, outside)
        before = place.kept()
        for reply in (edit("odd"), add("odd", "x"), delete("odd"), move("a.txt", "odd"),
                      add("odd/x", "x")):  # fmt: skip
            session = await offered(place, reply)
            is_below = kind == "folder" and "odd/x" in reply
            for hid in list(session.state.hunks):
                hunk = session.state.hunks[hid]
                if hunk.path == "a.txt" or is_below:
                    continue
                await session.decide([hid], Decision.ACCEPTED)
                assert hunk.status is not Status.ACCEPTED, reply
                assert "odd" in f"{hunk.why.message if hunk.why else ''} {hunk.message}", hunk
            await session.close()
            assert place.kept() == before and outside.read_text() == TEXT

    run(story())


def test_a_folder_that_is_a_link(place: Place, tmp_path: Path, run: Run) -> None:
    """Nothing is written through it."""

    async def story() -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "a.txt").write_text(TEXT)
        (place.root / "way").symlink_to(outside)
        for reply in (edit("way/a.txt"), add("way/new.txt", "x"), delete("way/a.txt")):
            session = await offered(place, reply)
            stands = await accept(session)
            hunk = next(iter(session.state.hunks.values()))
            assert Status.ACCEPTED not in stands.values()
            assert "link" in f"{hunk.why.message if hunk.why else ''} {hunk.message}"
            await session.close()
        assert [p.name for p in outside.iterdir()] == ["a.txt"]
        assert (outside / "a.txt").read_text() == TEXT

    run(story())


def test_a_hard_link_is_kept(place: Place, tmp_path: Path, run: Run) -> None:
    """A file with a second name elsewhere keeps it: both show the hunk, and both its undo."""

    async def story() -> None:
        os.link(place.root / "a.txt", tmp_path / "second")
        await there_and_back(place, edit("a.txt"))
        session = await offered(place, edit("a.txt"))
        await accept(session)
        assert (tmp_path / "second").read_text() == NEW
        assert (await session.undo_turn()).done and (tmp_path / "second").read_text() == TEXT
        assert (place.root / "a.txt").samefile(tmp_path / "second")
        await session.close()

    run(story())


# -- what belongs to a file beside its bytes ---------------------------------------
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o700, 0o4755, 0o2755, 0o1644, 0o666])
def test_permissions_are_kept(place: Place, run: Run, mode: int) -> None:
    """All of them, set-id and sticky bits too, through edit and undo, through delete and undo."""

    async def story() -> None:
        (place.root / "a.txt").chmod(mode)
        between = await there_and_back(place, edit("a.txt"))
        assert between["a.txt"] == (stat.filemode(stat.S_IFREG | mode), NEW.encode())
        if not mode & 0o7000:
            await there_and_back(place, delete("a.txt"))
            between = await there_and_back(place, move("a.txt", "moved.txt"))
            assert between["moved.txt"] == (stat.filemode(stat.S_IFREG | mode), NEW.encode())

    run(story())


def test_attributes_owner_and_time(place: Place, run: Run) -> None:
    """Extended attributes stay, the owner stays, and the time is that of the write."""

    async def story() -> None:
        file = place.root / "a.txt"
        try:
            os.setxattr(file, "user.note", b"mine")
        except OSError:
            pytest.skip("no extended attributes here")
        if os.geteuid() == 0:
            os.chown(file, 12345, 12346)
        os.utime(file, (1, 1))
        before = file.stat()
        session = await offered(place, edit("a.txt"))
        for step in (accept(session), session.undo_turn()):
            await step
            now = file.stat()
            assert os.getxattr(file, "user.note") == b"mine"
            assert (now.st_uid, now.st_gid, now.st_mode) == (
                before.st_uid, before.st_gid, before.st_mode,
            )  # fmt: skip
            assert now.st_mtime > 1_000_000
        await session.close()

    run(story())
