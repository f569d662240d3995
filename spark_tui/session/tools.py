"""The two read-only tools of the model: read and search.

The rule kept here: inside the work tree only, under the same path and secret rules as everything
that is sent; whatever is wrong with a call is an answer to the model, never a fault. Blocking.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from spark_tui.edits.names import check_path
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import SparkFault
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session import policy

MAX_ROUNDS = 6
MAX_CHARS = 120_000
"""Of one answer; the rest is cut with a note."""
MAX_HITS = 100
_RANGE = re.compile(r"^\s*(\d+)\s*-\s*(\d+)\s*$")


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What the model gets, and what the person sees of it."""

    output: str
    detail: str
    result: str
    snapshots: tuple[Snapshot, ...] = field(default=())
    """Files now seen by the model as a whole."""


class ReadTools:
    """Answers read and search calls from the work tree."""

    def __init__(
        self,
        worktree: Worktree,
        repository: Repository | None,
        files: Sequence[str],
        allows: Callable[[Snapshot], str],
    ) -> None:
        self._worktree = worktree
        self._repository = repository
        self._files = files
        self._allows = allows

    def answer(self, name: str, arguments: str) -> ToolAnswer:
        """Run one call. Blocking: git and file reads."""
        try:
            raw: Any = json.loads(arguments or "{}")
        except ValueError:
            raw = None
        if not isinstance(raw, dict):
            return ToolAnswer(
                "error: the arguments are not a JSON object", "?", "refused: arguments"
            )
        match name:
            case "read":
                return self._read(raw)
            case "search":
                return self._search(raw)
            case _:
                return ToolAnswer(f"error: there is no tool {name}", "", "refused: unknown tool")

    def _read(self, raw: dict[str, Any]) -> ToolAnswer:
        paths = [str(p) for p in raw.get("paths") or [] if isinstance(p, str)][:20]
        ranges = [str(r) for r in raw.get("ranges") or []]
        out: list[str] = []
        whole: list[Snapshot] = []
        count = size = 0
        for index, given in enumerate(paths):
            text, snapshot, lines = self._one(given, ranges[index] if index < len(ranges) else "")
            if size + len(text) > MAX_CHARS:
                out.append(f"error: {given} left out, the answer is too long; ask for a range\n")
                continue
            size += len(text)
            count += lines
            out.append(text)
            if snapshot is not None:
                whole.append(snapshot)
        detail = ", ".join(paths) or "nothing"
        return ToolAnswer("".join(out) or "error: no paths", detail, f"{count} lines", tuple(whole))

    def _one(self, given: str, span: str) -> tuple[str, Snapshot | None, int]:
        path = check_path(given)
        if not isinstance(path, str):
            return f"error: {given}: {path.message}\n", None, 0
        try:
            snapshot = self._worktree.read(path)
        except SparkFault as fault:
            return f"error: {path}: {fault.message}\n", None, 0
        if snapshot is None:
            return f"error: {path} does not exist\n", None, 0
        if why := self._refusal(snapshot):
            return f"error: {path} {why} and is not shown\n", None, 0
        lines = list(snapshot.lines)
        match = _RANGE.match(span)
        if match:
            first, last = int(match.group(1)), int(match.group(2))
            part = lines[max(0, first - 1) : last]
            body = "\n".join(f"{first + i}\t{line}" for i, line in enumerate(part))
            return f'<file path="{path}" lines="{span}">\n{body}\n</file>\n', None, len(part)
        body = "\n".join(lines)
        return f'<file path="{path}">\n{body}\n</file>\n', snapshot, len(lines)

    def _refusal(self, snapshot: Snapshot) -> str:
        if why := self._allows(snapshot):
            return why
        if self._repository and snapshot.path not in self._files:
            try:
                if snapshot.path in self._repository.ignored([snapshot.path]):
                    return "is ignored by git"
            except SparkFault:
                return "could not be checked"
        return ""

    def _may_show(self, path: str) -> bool:
        """A line of a file that stays home stays home, too."""
        try:
            snapshot = self._worktree.read(path)
        except SparkFault:
            return False
        return snapshot is not None and not self._allows(snapshot)

    def _search(self, raw: dict[str, Any]) -> ToolAnswer:
        pattern = str(raw.get("pattern") or "")
        if not pattern:
            return ToolAnswer("error: no pattern", "", "refused: no pattern")
        try:
            hits = self._hits(pattern)
        except SparkFault as fault:
            return ToolAnswer(f"error: {fault.message}", pattern, "failed")
        shown = {path for path in {h[0] for h in hits} if self._may_show(path)}
        hits = [h for h in hits if h[0] in shown and not policy.holds_secret(h[2])]
        rows = [f"{path}:{line}: {text[:300]}" for path, line, text in hits[:MAX_HITS]]
        more = f"\n({len(hits) - MAX_HITS} more)" if len(hits) > MAX_HITS else ""
        return ToolAnswer("\n".join(rows) + more or "no match", pattern, f"{len(hits)} matches")

    def _hits(self, pattern: str) -> list[tuple[str, int, str]]:
        if self._repository is not None:
            return list(self._repository.grep(pattern, limit=MAX_HITS * 2, fixed=False))
        found: list[tuple[str, int, str]] = []
        for path in self._files[:5000]:
            snapshot = self._worktree.read(path)
            if snapshot is None or snapshot.binary:
                continue
            found.extend(
                (path, n, line) for n, line in enumerate(snapshot.lines, 1) if pattern in line
            )
            if len(found) > MAX_HITS * 2:
                break
        return found
