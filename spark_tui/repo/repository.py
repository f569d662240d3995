"""What the user's git says: head, branch, status, ignored, files, an operation in progress.

The rule kept here: nothing is ever written to the user's repository (only `init` makes one).
Paths are relative POSIX strings whose undecodable bytes are lone surrogates. Commits are made in
commits.py, the work tree is read and written in worktree.py.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spark_tui.errors import GitFault, RepositoryFault, UsageFault
from spark_tui.repo.run import Git, Ran

_GREP_BYTES = 8 << 20
_FILTER = re.compile(rb"^fatal: .*: clean filter '([^'\n]+)' failed", re.MULTILINE)
_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Head:
    """Where HEAD is."""

    commit: str | None
    """None: nothing was committed yet."""
    branch: str | None
    """Without refs/heads/; None when detached."""
    detached: bool


@dataclass(frozen=True, slots=True)
class Status:
    """What differs from HEAD, as git sees it."""

    branch: str | None
    head: str | None
    marks: Mapping[str, str] = field(default_factory=dict)
    """Path → two letters as in porcelain v2 ("M.", ".M", "UU", …); "??" is untracked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One path in an index or a tree."""

    mode: str
    """Octal as git writes it: 100644, 100755, 120000, 160000."""
    oid: str


class Repository:
    """One work tree with its git. Safe to use from several threads."""

    def __init__(self, root: Path, git_dir: Path, git: Git) -> None:
        self.root = root
        self.git_dir = git_dir
        self.git = git

    @functools.cached_property
    def oid_length(self) -> int:
        """Hex digits of an object's name: 40, or 64 in a sha256 repository."""
        said = self.git.run("rev-parse", "--show-object-format")
        return 64 if said.out.strip() == b"sha256" else 40

    @classmethod
    def discover(cls, where: Path, *, environ: Mapping[str, str]) -> Repository | None:
        """The repository whose work tree holds `where`; None where there is none."""
        real = where.resolve()
        asking = Git(real, environ=environ, distrusted=_outermost(real))
        found = asking.run("rev-parse", "--show-toplevel")
        if found.status != 0:
            _refuse_unless_absent(real, found)
            return None
        root = Path(os.fsdecode(found.out.removesuffix(b"\n"))).resolve()
        git = Git(root, environ=environ)
        # Asked from here: the folder that the settings name may know nothing of this repository.
        said = _ok(asking.run("rev-parse", "--absolute-git-dir"))
        git_dir = Path(os.fsdecode(said.removesuffix(b"\n")))
        if not real.is_relative_to(root) or not _belongs(root, git_dir):
            raise RepositoryFault(
                f"The settings of this repository say that its files are in {root}.",
                hint="Unset core.worktree, or open that folder's own repository.",
            )
        return cls(root, git_dir, git)

    @staticmethod
    def init(where: Path, *, environ: Mapping[str, str]) -> Repository:
        """`git init`, then discover."""
        _ok(Git(where.resolve(), environ=environ).run("init", "--quiet"))
        made = Repository.discover(where, environ=environ)
        if made is None:
            raise GitFault(f"git init left no repository in {where}.")
        return made

    def tip(self) -> str | None:
        """The commit HEAD is at; None before the first."""
        said = self.git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return said.out.decode("ascii").strip() or None

    def head(self) -> Head:
        """Commit and branch of HEAD."""
        name = self.git.run("symbolic-ref", "--quiet", "HEAD")
        branch = os.fsdecode(name.out.strip()).removeprefix("refs/heads/") or None
        return Head(self.tip(), branch, branch is None)

    def position(self) -> Head:
        """As `head`, out of git's own files where these are plain: fifty times faster."""
        try:
            said = os.fsdecode((self.git_dir / "HEAD").read_bytes()).strip()
        except OSError:
            return self.head()
        if _OID.fullmatch(said):
            return Head(said, None, True)
        branch = said.removeprefix("ref: refs/heads/")
        if branch == said or branch.startswith(".") or ".." in branch:
            return self.head()
        try:
            commit = os.fsdecode((self._common / "refs/heads" / branch).read_bytes()).strip()
        except OSError:
            return self.head()
        return Head(commit, branch, False) if _OID.fullmatch(commit) else self.head()

    @functools.cached_property
    def _common(self) -> Path:
        """Where branches are: of a linked work tree, elsewhere."""
        try:
            named = os.fsdecode((self.git_dir / "commondir").read_bytes()).strip()
        except OSError:
            return self.git_dir
        return self.git_dir / named

    def status(self) -> Status:
        """Everything that differs, untracked files one by one."""
        # A submodule's own settings are not silenced, so nothing in it is looked at.
        words = ("status", "--porcelain=v2", "-z", "--branch", "--untracked-files=all",
                 "--ignore-submodules=dirty", "--no-renames")  # fmt: skip
        said = self.git.run(*words, timeout_s=120)
        # A filter that is set up but not installed (LFS): its files are compared as they are.
        while said.status != 0 and (failed := _FILTER.search(said.err)):
            name = os.fsdecode(failed[1])
            if name in self.git.broken_filters:
                break
            self.git.broken_filters.add(name)
            said = self.git.run(*words, timeout_s=120)
        branch: str | None = None
        head: str | None = None
        marks: dict[str, str] = {}
        for record in os.fsdecode(_ok(said)).split("\0"):
            match record[:2]:
                case "# ":
                    _, name, value = record.split(" ", 2)
                    if name == "branch.oid" and value != "(initial)":
                        head = value
                    elif name == "branch.head" and value != "(detached)":
                        branch = value
                case "1 ":
                    marks[record.split(" ", 8)[8]] = record[2:4]
                case "u ":
                    marks[record.split(" ", 10)[10]] = record[2:4]
                case "? ":
                    marks[record[2:]] = "??"
        return Status(branch, head, marks)

    def files(self) -> tuple[str, ...]:
        """Tracked and untracked paths, not the ignored; an entry may be missing on disk."""
        said = self.git.run("ls-files", "-c", "-o", "--exclude-standard", "-z", timeout_s=120)
        names = set(os.fsdecode(_ok(said)).split("\0"))
        return tuple(sorted(n for n in names if n and not n.endswith("/")))

    def ignored(self, paths: Sequence[str]) -> frozenset[str]:
        """Those of `paths` that git ignores. What git cannot judge counts as ignored."""
        if not paths:
            return frozenset()
        # This command knows no literal pathspecs; after "./" a colon has no meaning.
        asked = b"".join(b"./" + os.fsencode(p) + b"\0" for p in paths)
        said = self.git.run(
            *("check-ignore", "--stdin", "-z"), input=asked, env={"GIT_LITERAL_PATHSPECS": "0"}
        )
        if said.status in (0, 1):
            return frozenset(p.removeprefix("./") for p in _records(said.out))
        if len(paths) == 1:
            return frozenset(paths)
        return frozenset(p for path in paths for p in self.ignored((path,)))

    def operation(self) -> str | None:
        """merge, rebase, am, cherry-pick, revert or bisect when one waits to be finished."""
        if (self.git_dir / "rebase-merge").is_dir():
            return "rebase"
        if (self.git_dir / "rebase-apply").is_dir():
            return "am" if (self.git_dir / "rebase-apply" / "applying").exists() else "rebase"
        for mark, name in (
            ("MERGE_HEAD", "merge"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"),
            ("BISECT_LOG", "bisect"),
        ):
            if (self.git_dir / mark).exists():
                return name
        return None

    def committed(self, path: str) -> bytes | None:
        """The bytes at HEAD:path; None when HEAD has no such file."""
        said = self.git.run("cat-file", "blob", f"HEAD:{path}")
        if said.status != 0 and path not in self.tree((path,)):
            return None
        return _ok(said)

    def tree(self, paths: Sequence[str], commit: str = "HEAD") -> dict[str, Entry]:
        """The entries of `paths` in a commit; empty before the first commit."""
        found: dict[str, Entry] = {}
        if self.git.run("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").status != 0:
            return found
        for some in _portions(paths):
            said = self.git.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *some)
            for record in _records(_ok(said)):
                meta, _, path = record.partition("\t")
                mode, _, oid = meta.split(" ")
                found[path] = Entry(mode, oid)
        wanted = set(paths)
        return {path: entry for path, entry in found.items() if path in wanted}

    def staged(self, paths: Sequence[str], index: Path | None = None) -> dict[str, Entry]:
        """The entries of `paths` in the user's index, or in `index`; conflicts are left out."""
        found: dict[str, Entry] = {}
        for some in _portions(paths):
            said = self.git.run("ls-files", "-s", "-z", "--", *some, index=index)
            for record in _records(_ok(said)):
                meta, _, path = record.partition("\t")
                mode, oid, stage = meta.split(" ")
                if stage == "0" and path in some:
                    found[path] = Entry(mode, oid)
        return found

    def conflicts(self) -> frozenset[str]:
        """The paths that have conflicts in the user's index."""
        said = self.git.run("ls-files", "-u", "-z")
        return frozenset(record.partition("\t")[2] for record in _records(_ok(said)))

    def unmerged(self) -> bool:
        """Whether the user's index holds conflicts."""
        return bool(_ok(self.git.run("ls-files", "-u", "-z")))

    def log_subjects(self, limit: int = 10) -> tuple[str, ...]:
        """Subjects of the latest commits, newest first."""
        said = self.git.run("log", "-z", "--format=%s", f"-n{limit}", "--no-show-signature", "--")
        if said.status != 0:
            return ()
        text = said.out.decode("utf-8", "replace")
        return tuple(s for s in text.split("\0") if s)

    def grep(
        self, pattern: str, *, limit: int = 200, fixed: bool = False
    ) -> tuple[tuple[str, int, str], ...]:
        """(path, line, text) where the pattern is found in text files, ignored ones left out."""
        kind = "-F" if fixed else "-E"
        said = self.git.run(
            *("grep", "-I", "-n", "-z", "--untracked", "--no-textconv", "--no-color"),
            *("--no-recurse-submodules", kind, "-e", pattern),
            max_out=_GREP_BYTES,
        )
        if said.status > 1:
            raise UsageFault(
                "git could not search for this pattern.",
                hint=said.err.decode("utf-8", "replace").strip(),
            )
        hits: list[tuple[str, int, str]] = []
        for hit in re.finditer(rb"([^\0]*)\0(\d+)\0([^\n]*)\n", said.out):
            if len(hits) >= limit:
                break
            text = hit[3].decode("utf-8", "surrogateescape")
            hits.append((os.fsdecode(hit[1]), int(hit[2]), text))
        return tuple(hits)


def plain_files(root: Path, limit: int = 100_000) -> tuple[str, ...]:
    """The files of a folder without git, sorted; links to folders are not followed."""
    skipped = {".git", "node_modules", ".venv", "__pycache__"}
    found: list[str] = []
    folders = [""]
    while folders and len(found) < limit:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in skipped:
                            folders.append(f"{folder}{entry.name}/")
                    elif entry.is_file():
                        found.append(folder + entry.name)
        except PermissionError:
            continue
    return tuple(sorted(found[:limit]))


def _outermost(where: Path) -> Path:
    """The widest folder that could turn out to be the work tree: no git from inside it is run."""
    holders = [f for f in (where, *where.parents) if os.path.lexists(f / ".git")]
    return holders[-1] if holders else where


def _refuse_unless_absent(where: Path, said: Ran) -> None:
    """A fault when git refuses the repository that is there; nothing when there is none."""
    if b"dubious ownership" in said.err:
        raise RepositoryFault(
            f"git refuses {where}: it belongs to another user.",
            hint=f"If you trust it: git config --global --add safe.directory {where}",
        )
    if b"must be run in a work tree" in said.err or b"bare repository" in said.err:
        raise RepositoryFault(
            f"{where} is a repository's own storage, not a folder of files.",
            hint="Open the work tree instead.",
        )
    if b"not a git repository" in said.err:
        return
    raise RepositoryFault(
        f"git cannot use the repository in {where}.",
        hint=said.err.decode("utf-8", "replace").strip(),
    )


def _belongs(root: Path, git_dir: Path) -> bool:
    """Whether the folder's own .git leads to this repository."""
    link = root / ".git"
    if link.is_file():
        target = link.read_bytes().removeprefix(b"gitdir:").strip()
        link = root / os.fsdecode(target)
    return link.is_dir() and link.samefile(git_dir)


def _ok(ran: Ran) -> bytes:
    if ran.status != 0:
        raise GitFault("git failed.", hint=ran.err.decode("utf-8", "replace").strip())
    return ran.out


def _records(out: bytes) -> list[str]:
    return [r for r in os.fsdecode(out).split("\0") if r]


def _portions(paths: Sequence[str], size: int = 500) -> list[Sequence[str]]:
    """An argument list has a limit."""
    return [paths[i : i + size] for i in range(0, len(paths), size)]
