"""Where the repository is, and what is left out of it: linked work trees, settings that lead
elsewhere, repositories inside, sparse and shallow and partial ones, pointers of LFS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spark_tui.errors import GitFault, RepositoryFault
from spark_tui.repo.repository import Repository
from spark_tui.session.state import Status
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

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n"


# -- where it is -------------------------------------------------------------------
def test_a_linked_work_tree(place: Place, tmp_path: Path, run: Run) -> None:
    """`git worktree add`: hunks go into this tree; the other one, its index and all refs stay."""

    async def story() -> None:
        place.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        linked = Place(tmp_path / "linked", place.environ)
        main = place.kept()
        between = await there_and_back(linked, edit("a.txt"))
        assert between["a.txt"] == ("-rw-r--r--", NEW.encode())
        assert place.kept() == main
        session, _ = await linked.open()
        assert session.state.branch == "side"
        await session.close()

    run(story())


def test_a_linked_work_tree_that_was_pruned(place: Place, tmp_path: Path) -> None:
    """`git worktree prune` took its git directory away, then its `.git` file went too: undo still
    works, as in a folder without git; a commit is refused, exit 7."""

    place.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    linked = Place(tmp_path / "linked", place.environ)
    for gone in (place.git_dir / "worktrees", linked.root / ".git"):
        assert linked.shell("apply", stdin=edit("a.txt")).code == 0
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        assert linked.read("a.txt") == NEW
        ran = linked.shell("commit", "-m", "Shout")
        assert ran.code == 7 and "not a git repository" in ran.err, ran
        assert linked.shell("undo").code == 0 and linked.read("a.txt") == TEXT


def test_settings_that_lead_elsewhere_are_refused(place: Place, tmp_path: Path) -> None:
    """core.worktree names another folder: exit 7 with that folder's name; nothing is written in
    either."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place.git("config", "core.worktree", str(elsewhere))
    before = (place.root / "a.txt").read_bytes()
    ran = place.shell("apply", stdin=edit("a.txt"))
    assert ran.code == 7 and str(elsewhere) in ran.err and "core.worktree" in ran.err
    assert (place.root / "a.txt").read_bytes() == before and not list(elsewhere.iterdir())


def test_a_core_worktree_that_says_what_is_so(place: Place, run: Run) -> None:
    """Set, but to this very folder: it works as ever."""

    async def story() -> None:
        place.git("config", "core.worktree", str(place.root))
        await there_and_back(place, edit("a.txt"))

    run(story())


def test_variables_of_another_repository_have_no_say(
    place: Place, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started from a hook: GIT_DIR and GIT_INDEX_FILE of another repository are not obeyed."""

    async def story() -> None:
        other = tmp_path / "other"
        shutil.copytree(place.root, other)
        before = Place(other, dict(place.environ)).kept()
        said = {"GIT_DIR": f"{other}/.git", "GIT_INDEX_FILE": f"{other}/.git/index",
                "GIT_WORK_TREE": str(other)}  # fmt: skip
        for name, value in said.items():
            monkeypatch.setenv(name, value)
        inside = Place(place.root, {**place.environ, **said})
        session = await offered(inside, edit("a.txt"))
        assert set((await accept(session)).values()) == {Status.ACCEPTED}
        await session.close()
        for name in said:
            monkeypatch.delenv(name)
        assert place.read("a.txt") == NEW and Place(other, dict(place.environ)).kept() == before

    run(story())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_repository(place: Place) -> None:
    """git calls the owner dubious: exit 7, in words, with the command that would trust it."""
    gitconfig = Path(place.environ["GIT_CONFIG_GLOBAL"])
    gitconfig.write_text(gitconfig.read_text().replace("directory = *", ""))
    for folder in (place.root, place.root / ".git"):
        os.chown(folder, 12345, 12345)
    ran = place.shell("apply", stdin=edit("a.txt"))
    assert ran.code == 7 and "belongs to another user" in ran.err
    assert f"git config --global --add safe.directory {place.root}" in ran.err
    assert (place.root / "a.txt").read_text() == TEXT


# -- repositories inside -----------------------------------------------------------
def plant(place: Place, canary: Path) -> None:
    """A bare repository among the files, whose settings want to run something."""
    place.git("init", "-q", "--bare", "planted")
    (place.root / "planted/config").write_text(
        f"[core]\n\tbare = true\n\tfsmonitor = touch {canary};\n"
    )
    place.write("planted/a.txt", TEXT)


def nest(place: Place, canary: Path) -> None:
    """A clone among the files, without a commit of ours."""
    place.git("init", "-q", "nested")
    place.write("nested/a.txt", TEXT)
    with (place.root / "nested/.git/config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = touch {canary};\n")


def submodule(place: Place, canary: Path) -> None:
    """Its work tree has changes of its own."""
    _add_submodule(place, canary)
    place.write("sub/a.txt", TEXT)


def old_submodule(place: Place, canary: Path) -> None:
    """Its git directory lies in it, as it did before git 1.7.8."""
    _add_submodule(place, canary)
    gone = place.root / "sub/.git"
    gone.unlink()
    shutil.move(place.root / ".git/modules/sub", gone)
    place.git("config", "--file", "sub/.git/config", "--unset", "core.worktree")


def absent_submodule(place: Place, canary: Path) -> None:
    """Not initialised: an empty folder."""
    _add_submodule(place, canary)
    place.git("submodule", "deinit", "-q", "-f", "sub")


def _add_submodule(place: Place, canary: Path) -> None:
    place.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(place.root), "sub")
    place.git("commit", "-q", "-m", "Sub")
    with (place.root / ".git/modules/sub/config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = touch {canary};\n")


@pytest.mark.parametrize(
    ("build", "folder"),
    [(plant, "planted"), (nest, "nested"), (submodule, "sub"), (old_submodule, "sub"),
     (absent_submodule, "sub")],
)  # fmt: skip
def test_a_repository_inside(
    place: Place, tmp_path: Path, run: Run, build: object, folder: str
) -> None:
    """No hunk goes into a repository inside this one: edit, new file, delete and move are refused
    with its name. Nothing of it is run, and the files around it can be worked on."""

    async def story() -> None:
        canary = tmp_path / "canary"
        assert callable(build)
        build(place, canary)
        canary.unlink(missing_ok=True)
        before = place.tree()
        for reply in (
            edit(f"{folder}/a.txt"),
            add(f"{folder}/new.txt", "x"),
            delete(f"{folder}/a.txt"),
            move("b.txt", f"{folder}/moved.txt"),
        ):
            session = await offered(place, reply)
            await accept(session)
            assert Status.ACCEPTED not in {
                h.status for h in session.state.hunks.values() if h.path.startswith(folder)
            }
            hunk = next(iter(session.state.hunks.values()))
            words = f"{hunk.why.message if hunk.why else ''} {hunk.message}"
            assert folder in words, words
            await session.undo_turn()  # of the last one: what it does to b.txt beside the move
            assert place.tree() == before, reply
            await session.close()
        session = await offered(place, edit("a.txt"))
        await session.look()
        assert set((await accept(session)).values()) == {Status.ACCEPTED}
        assert (await session.undo_turn()).done
        await session.close()
        assert place.tree() == before
        assert not canary.exists()

    run(story())
    before = place.tree()
    ran = place.shell("apply", "--json", stdin=add(f"{folder}/new.txt", "x"))
    assert ran.code == 6 and folder in str(ran.document)
    assert place.tree() == before


def test_git_fails_half_way(place: Place, run: Run) -> None:
    """The index cannot be read: what git says is said, nothing is written on a guess; a repository
    without a commit inside this one, at which `git add` would stop, is no hindrance."""

    async def story() -> None:
        place.git("init", "-q", "inner")
        assert place.tries("add", "-A") == 128
        await there_and_back(place, edit("a.txt"))

    run(story())
    (place.root / ".git/index").write_bytes(b"DIRCtorn")
    ran = place.shell("apply", "--json", stdin=edit("a.txt"))
    assert ran.code == 7 and "index" in ran.err
    assert place.read("a.txt") == TEXT


# -- what is left out --------------------------------------------------------------
@pytest.mark.parametrize("cone", ["--cone", "--no-cone"])
def test_a_sparse_checkout(place: Place, run: Run, cone: str) -> None:
    """Files outside the sparse pattern stay absent: none is written, made or called deleted; an
    edit of one is refused in words, one inside is accepted and taken back."""

    async def story() -> None:
        place.git("status")  # the copy has other times: git asks anew which files are as they were
        place.git("sparse-checkout", "set", cone, "src" if cone == "--cone" else "/src/")
        if cone == "--no-cone":
            assert not (place.root / "a.txt").exists()
        absent = "a.txt" if cone == "--no-cone" else "other/x.txt"
        if cone == "--cone":
            place.git("sparse-checkout", "disable")
            place.write("other/x.txt", TEXT)
            place.git("add", "-A")
            place.git("commit", "-q", "-m", "Other")
            place.git("sparse-checkout", "set", "--cone", "src")
        assert not (place.root / absent).exists()
        before = place.kept()
        await there_and_back(place, edit("src/c.txt"))
        session = await offered(place, edit(absent))
        assert Status.ACCEPTED not in set((await accept(session)).values())
        assert session.state.marks == {}
        await session.close()
        assert place.kept() == before and not (place.root / absent).exists()

    run(story())


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
def test_a_file_that_git_was_told_not_to_look_at(place: Place, run: Run, flag: str) -> None:
    """skip-worktree and assume-unchanged: the file on the disk is what is worked on, the flag
    stays, and an absent one is not recreated."""

    async def story() -> None:
        place.git("update-index", flag, "a.txt", "b.txt")
        (place.root / "b.txt").unlink()
        before = place.git("ls-files", "-v")
        await there_and_back(place, edit("a.txt"))
        assert place.git("ls-files", "-v") == before and not (place.root / "b.txt").exists()

    run(story())


def test_a_shallow_clone(place: Place, tmp_path: Path, run: Run) -> None:
    """Its history ends early: nobody fetches the rest."""

    async def story() -> None:
        place.git("commit", "-q", "--allow-empty", "-m", "Second")
        place.git("clone", "-q", "--depth=1", f"file://{place.root}", str(tmp_path / "shallow"))
        shallow = Place(tmp_path / "shallow", place.environ)
        await there_and_back(shallow, edit("a.txt"))
        assert shallow.git("rev-list", "--count", "HEAD").strip() == "1"

    run(story())


def test_a_partial_clone_without_a_network(place: Place, tmp_path: Path, run: Run) -> None:
    """Blobs are not there and their server is gone: the files that are there are worked on, git is
    never asked to fetch, and what it does not have is said to be missing."""

    async def story() -> None:
        place.git("config", "uploadpack.allowFilter", "true")
        place.git("config", "uploadpack.allowAnySHA1InWant", "true")
        place.write("src/c.txt", "nowhere else\n")
        place.git("commit", "-qam", "Other bytes")
        url = f"file://{place.root}"
        partial = Place(tmp_path / "partial", place.environ)
        place.git("clone", "-q", "--filter=blob:none", "--sparse", url, str(partial.root))
        place.root.rename(tmp_path / "gone")
        missing = partial.git("rev-list", "--objects", "--all", "--missing=print").count("?")
        assert missing
        await there_and_back(partial, edit("a.txt"))
        found = Repository.discover(partial.root, environ=partial.environ)
        assert found is not None and found.status().marks == {}
        with pytest.raises(GitFault):
            found.committed("src/c.txt")
        again = partial.git("rev-list", "--objects", "--all", "--missing=print").count("?")
        assert again == missing

    run(story())


@pytest.mark.parametrize("filtered", [False, True])
def test_a_pointer_of_lfs(place: Place, tmp_path: Path, run: Run, filtered: bool) -> None:
    """An LFS pointer is a small text file like any other; with the filter of git-lfs in the
    person's own settings, and that program missing, nothing fails that is not asked of it, and the
    pointer keeps its bytes."""

    async def story() -> None:
        pointer = POINTER.format("a" * 64)
        place.write("big.bin", pointer)
        place.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
        place.git("add", "-A")
        place.git("commit", "-q", "-m", "Pointer")
        if filtered:
            for verb in ("clean", "smudge"):
                place.git("config", "--global", f"filter.lfs.{verb}", f"no-such-lfs {verb} -- %f")
            place.git("config", "--global", "filter.lfs.required", "true")
        index = place.index()
        between = await there_and_back(place, edit("a.txt"))
        assert between["big.bin"] == ("-rw-r--r--", pointer.encode())
        between = await there_and_back(place, edit("big.bin", "size 12345", "size 99999"))
        changed = pointer.replace("12345", "99999")
        assert between["big.bin"] == ("-rw-r--r--", changed.encode())
        assert place.index() == index

    run(story())


def test_no_network_is_there_at_all(place: Place, tmp_path: Path) -> None:
    """In a network namespace of its own, without any interface: `apply` and `undo` in a shallow
    clone work."""
    place.git("clone", "-q", "--depth=1", f"file://{place.root}", str(tmp_path / "shallow"))
    probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("no namespaces here")
    for verb, said in (("apply", edit("a.txt")), ("undo", "")):
        done = subprocess.run(
            ["unshare", "-rn", sys.executable, "-m", "spark_tui", verb, "-C", "shallow"],
            cwd=tmp_path,
            env={**place.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            input=said.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        now = (tmp_path / "shallow/a.txt").read_text()
        assert now == (NEW if verb == "apply" else TEXT)


def test_discovery_of_each(place: Place, tmp_path: Path) -> None:
    """A bare repository is no place to work in; it is said what to open instead."""
    place.git("init", "-q", "--bare", str(tmp_path / "bare.git"))
    with pytest.raises(RepositoryFault, match="own storage") as caught:
        Repository.discover(tmp_path / "bare.git", environ=place.environ)
    assert "work tree" in caught.value.hint
