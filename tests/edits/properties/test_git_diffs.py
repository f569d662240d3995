"""What git itself writes as a diff comes out as git meant it, or is refused."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Placed, Unplaced
from tests.support.replies import MemoryTree, after, by_sign, facts, play

AUTHOR = "committer a <a@b> 0 +0000\ndata 0\n\n"
File = tuple[bytes, int]
Files = dict[str, File]
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

NAMES = st.sampled_from(
    [
        "a.txt",
        "b/a.txt",
        "a/b/c.py",
        "with space.txt",
        'qu"ote.txt',
        "it's.txt",
        "größe.txt",
        "日本/x.txt",
        "-dash",
        "x",
        "i/index.txt",
        "tab\there.txt",
        "diff --git a/x b/x",
    ]
)
LINES = st.lists(
    st.one_of(
        st.integers(0, 25).map(lambda n: f"line {n}"),
        st.sampled_from(
            ["", "    x = 1", "-- sql", "++ more", "def f():", "}", "ü", "```", "@@ -1 +1 @@"]
        ),
    ),
    max_size=14,
)
OPTIONS = st.lists(
    st.sampled_from(
        [
            "-U1",
            "-U8",
            "-M",
            "-M30%",
            "--no-renames",
            "--full-index",
            "--no-prefix",
            "--src-prefix=i/",
            "--dst-prefix=w/",
            "--patience",
            "-W",
            "--inter-hunk-context=4",
            "-D",
            "-B",
            "-C",
        ]
    ),
    max_size=3,
    unique=True,
)


@st.composite
def file(draw: st.DrawFn, ending: str) -> File:
    lines = draw(LINES)
    text = "".join(f"{line}{ending}" for line in lines)
    if lines and lines[-1] and draw(st.booleans()):
        text = text.removesuffix(ending)
    return text.encode(), draw(st.sampled_from([0o644, 0o644, 0o755]))


@st.composite
def two_trees(draw: st.DrawFn) -> tuple[Files, Files]:
    """Files before and after."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    endings = {name: draw(st.sampled_from(["\n", "\n", "\r\n"])) for name in names}
    old = {name: draw(file(endings[name])) for name in names}
    new = dict(old)
    for name in names:
        match draw(
            st.sampled_from(["keep", "change", "change", "edit", "edit", "mode", "remove", "move"])
        ):
            case "change":
                new[name] = draw(file(endings[name]))
            case "edit":
                ending = endings[name].encode()
                rows = old[name][0].split(ending)
                other = draw(st.sampled_from([b"other", b"", b"x" + ending + b"y"]))
                rows[draw(st.integers(0, len(rows) - 1))] = other
                new[name] = ending.join(rows), old[name][1]
            case "mode":
                new[name] = old[name][0], old[name][1] ^ 0o111
            case "remove":
                del new[name]
            case "move":
                target = draw(st.sampled_from(["moved.txt", "deep/er/moved to.txt", "ö.txt"]))
                if target not in new:
                    new[target] = draw(
                        st.sampled_from([new[name], (new[name][0] + b"end\n", 0o644)])
                    )
                    del new[name]
            case _:
                pass
    for name in draw(st.lists(NAMES, max_size=1)):
        if name not in new:
            new[name] = draw(file("\n"))
    return old, new


def quoted(path: str) -> str:
    for sign, escape in (("\\", "\\\\"), ('"', '\\"'), ("\t", "\\t")):
        path = path.replace(sign, escape)
    return f'"{path}"'


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diffs")
    subprocess.run(["git", "init", "-q", "--bare", "."], cwd=folder, check=True)
    return folder


def git_diff(
    repository: Path, old: Mapping[str, File], new: Mapping[str, File], options: list[str]
) -> str:
    """The diff between two trees, as git writes it."""
    stream: list[bytes] = []
    for ref, files in (("old", old), ("new", new)):
        stream.append(f"reset refs/heads/{ref}\ncommit refs/heads/{ref}\n{AUTHOR}".encode())
        for path, (data, mode) in files.items():
            stream.append(
                f"M 100{mode:o} inline {quoted(path)}\ndata {len(data)}\n".encode() + data + b"\n"
            )
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"],
        cwd=repository,
        input=b"".join(stream),
        check=True,
    )
    command = ["git", "diff", "--no-color", "--no-ext-diff", *options, "old", "new"]
    found = subprocess.run(command, cwd=repository, capture_output=True, check=True)
    return found.stdout.decode("utf-8")


def tree_of(files: Mapping[str, File]) -> MemoryTree:
    return MemoryTree(
        {path: data for path, (data, _) in files.items()},
        modes={path: mode for path, (_, mode) in files.items()},
    )


def with_plain_ends(files: Files) -> Files:
    """A diff may change how lines end; a reply never does."""
    return {path: (data.replace(b"\r\n", b"\n"), mode) for path, (data, mode) in files.items()}


def check(repository: Path, trees: tuple[Files, Files], options: list[str], fence: str) -> str:
    old, new = trees
    diff = git_diff(repository, old, new, options)
    assume(diff)
    assume(
        not any(
            old.get(p) and not old[p][0] and new[p][0] and not re.search(rb"[^\r]\n$", new[p][0])
            for p in new
        )
    )
    tree = tree_of(old)
    reply = f"{fence}diff\n{diff}{fence}\n" if fence else diff
    pieces, changeset = play(tree, [reply])
    assert facts(play(tree, by_sign(reply))[0]) == facts(pieces)
    codes = [hunk.place.code for hunk in changeset.hunks if isinstance(hunk.place, Unplaced)]
    if codes or not changeset.complete:
        return codes[0] if codes else "incomplete"
    if any(isinstance(h.place, Placed) and h.place.already for h in changeset.hunks):
        return "already"
    found = {path: (s.data, s.mode) for path, s in after(tree, changeset).items()}
    assert with_plain_ends(found) == with_plain_ends(new)
    if b"\r" not in b"".join(data for data, _ in (*old.values(), *new.values())):
        assert found == new
    return "done"


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(two_trees(), OPTIONS, st.sampled_from(["", "```", "~~~~"]))
def test_a_diff_of_git_is_made_as_meant_or_refused(
    repository: Path, trees: tuple[Files, Files], options: list[str], fence: str
) -> None:
    event(check(repository, trees, options, fence))


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, suppress_health_check=SLOW)
@given(two_trees(), OPTIONS, st.sampled_from(["", "```", "~~~~"]))
def test_many_diffs_of_git_are_made_as_meant_or_refused(
    repository: Path, trees: tuple[Files, Files], options: list[str], fence: str
) -> None:
    event(check(repository, trees, options, fence))


CONTEXT = st.sampled_from(["-U1", "-U2", "-U3", "-W"])
ROWS = [f"line {i}" for i in range(14)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("applied")


@st.composite
def rows(draw: st.DrawFn, base: list[str], fresh: str) -> list[str]:
    """The lines with some of them changed, gone or doubled, and new ones among them."""
    out: list[str] = []
    for row in base:
        match draw(st.sampled_from(["keep"] * 30 + ["gone", "other", "more", "again"])):
            case "keep":
                out.append(row)
            case "other":
                out.append(f"{fresh} {draw(st.integers(0, 9))}")
            case "more":
                out += [row, f"{fresh} {draw(st.integers(0, 9))}"]
            case "again":
                out += [row, row]
            case _:
                pass
    return out


def check_elsewhere(
    repository: Path, folder: Path, new: list[str], now: list[str], context: str, fence: str
) -> None:
    """The file changed since the model saw it, so numbers are off and lines may be missing."""
    seen = {"f.txt": ("".join(f"{row}\n" for row in ROWS).encode(), 0o644)}
    wanted = {"f.txt": ("".join(f"{row}\n" for row in new).encode(), 0o644)}
    disk = "".join(f"{row}\n" for row in now).encode()
    diff = git_diff(repository, seen, wanted, [context])
    assume(diff and disk)
    (folder / "f.txt").write_bytes(disk)
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    applied = subprocess.run(
        command, cwd=folder, input=diff.encode(), capture_output=True, check=False
    )
    tree = MemoryTree({"f.txt": disk})
    _, changeset = play(tree, [f"{fence}diff\n{diff}{fence}\n" if fence else diff])
    assert changeset.complete
    hunks = changeset.hunks
    refused = [h.place.code for h in hunks if isinstance(h.place, Unplaced)]
    differs = [
        h for h in hunks if isinstance(h.place, Placed) and (h.place.already or h.place.flags)
    ]
    here = refused[0] if refused else "about" if differs else "done"
    event(f"git {applied.returncode}, here {here}")
    if applied.returncode == 0 and not refused and not differs:
        found = after(tree, changeset)
        assert {path: s.data for path, s in found.items()} == {
            "f.txt": (folder / "f.txt").read_bytes()
        }


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(rows(ROWS, "new"), rows(ROWS, "now"), CONTEXT, st.sampled_from(["", "```"]))
def test_where_git_applies_a_diff_to_another_file_the_result_is_the_same(
    repository: Path, folder: Path, new: list[str], now: list[str], context: str, fence: str
) -> None:
    check_elsewhere(repository, folder, new, now, context, fence)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, suppress_health_check=SLOW)
@given(rows(ROWS, "new"), rows(ROWS, "now"), CONTEXT, st.sampled_from(["", "```"]))
def test_where_git_applies_many_diffs_to_other_files_the_result_is_the_same(
    repository: Path, folder: Path, new: list[str], now: list[str], context: str, fence: str
) -> None:
    check_elsewhere(repository, folder, new, now, context, fence)
