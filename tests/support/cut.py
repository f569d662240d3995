"""Power cuts in the middle of a verb: python -m tests.support.cut FOLDER.

As cells.py, but nobody is killed: a child writes down what the verb does to the disk, and a tree is
laid out as a power cut at one step leaves it, in which the next start looks. The rule kept here:
the record is only used when laying out all of it gives the tree that the verb left.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.aftermath import Found, judge, repository
from tests.support.cells import Cells, in_child, settle_in
from tests.support.power import Cut, Data, Disk, Names, Sync
from tests.support.power_record import Recorder
from tests.support.scenes import act, look, opened

HOWS = ("none", "all", "names", "bytes", "half")


class Cuts(Cells):
    """Cells in which the power fails."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._disks: dict[tuple[str, str], Disk] = {}

    def disk(self, verb: str, case: str) -> Disk:
        """What the verb does, from the moment when the session is open to its end."""
        if (verb, case) not in self._disks:
            scene = self.fresh(verb, case)
            disk: Disk = in_child(lambda: asyncio.run(self._recorded(verb, case)))
            left = look(self.place.work)
            disk.lay_out(disk.acts)
            if look(self.place.work) != left or files_of(left) != files_of(scene.aim.new):
                raise RuntimeError("not all that was done was written down")
            self._disks[verb, case] = disk
        return self._disks[verb, case]

    async def _recorded(self, verb: str, case: str) -> Disk:
        session = await opened(self.place, fresh=verb == "apply")
        await session.look()
        recorder = Recorder(self.place.folder)
        recorder.install()
        recorder.is_on = True
        said = await act(session, verb, case)
        recorder.is_on = False
        assert not said, said
        return recorder.disk

    def steps(self, verb: str, case: str) -> list[int]:
        """The instants that differ: behind every act."""
        return list(range(len(self.disk(verb, case).acts) + 1))

    def cut(
        self, verb: str, case: str, at: int, how: str, *, seed: int = 0, back: bool = True
    ) -> Found:
        """The power fails behind the first `at` acts."""
        disk, scene = self.disk(verb, case), self.scene(verb, case)
        disk.lay_out(disk.left(at, how, random.Random(seed)))
        found = Found(half=False)
        tree = files_of(look(self.place.work))
        found.recovered = tree not in (files_of(scene.aim.old), files_of(scene.aim.new))
        # The person's repository lies on another part of the model: it is not written to at all.
        assert repository(self.place) == scene.aim.git

        def job() -> Found:
            asyncio.run(judge(self.place, verb, case, scene.aim, found, back=back))
            return found

        return in_child(job)

    def order(self, verb: str, case: str) -> list[str]:
        """What is wrong with the order of the acts; the words of the rules are in power cuts'
        test."""
        return order_of(self.disk(verb, case))


def order_of(disk: Disk) -> list[str]:
    """Each file is synced before its bytes get a name that counts, each folder before the note of
    the write goes, and checkpoint, journal and note before the first change of the work tree."""
    wrong: list[str] = []
    start = disk.after([])
    top = _find(start, "work", "tree")
    homes = start[_find(start, "state", "spark-tui", "worktrees")].names.values()
    (home,) = homes
    note = start[home].names.get("intent")
    unsynced: set[int] = set()
    folders: dict[int, int] = {}
    noted = False
    nodes = dict(start)
    for n, one in enumerate(disk.acts):
        nodes = disk.after(disk.acts[:n])
        in_tree = _below(nodes, top)
        note = nodes[home].names.get("intent", note)
        match one:
            case Data(key, _, data) if key == note and data:
                noted = False
            case Sync(key):
                unsynced.discard(key)
                folders.pop(key, None)
                noted = noted or key == note
                continue
            case Cut(key, 0) if key == note and folders.keys() & in_tree:
                wrong.append(f"{n}: the note goes before a folder is synced")
            case Names(entries):
                for folder, name, target in entries:
                    gone = nodes[folder].names.get(name) if target is None else None
                    if gone is not None and nodes[gone].kind == "folder":
                        continue  # an empty folder that comes back loses nothing
                    if folder in in_tree and not name.startswith(".spark-tui-"):
                        if not noted:
                            wrong.append(f"{n}: {name} changes before the note is on the disk")
                        if target in unsynced:
                            wrong.append(f"{n}: {name} gets bytes that are not on the disk")
                        folders[folder] = n
                continue
            case _:
                pass
        if isinstance(one, Data):
            unsynced.add(one.key)
            if one.key in in_tree and not noted:
                wrong.append(f"{n}: a file is written before the note is on the disk")
    return wrong


def files_of(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    return {path: entry for path, entry in tree.items() if entry[0] != "folder"}


def _find(nodes: Mapping[int, Any], *names: str) -> int:
    key = 0
    for name in names:
        key = nodes[key].names[name]
    return key


def _below(nodes: Mapping[int, Any], top: int) -> set[int]:
    found = {top}
    for name, key in nodes[top].names.items():
        if name == ".git" or name.startswith(".spark-tui-"):
            continue
        found |= _below(nodes, key) if nodes[key].kind == "folder" else {key}
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    settle_in(folder)
    cells = Cuts(folder)
    for line in sys.stdin:
        job: Mapping[str, Any] = json.loads(line)
        try:
            if job["do"] == "steps":
                answer: dict[str, Any] = {"steps": cells.steps(job["verb"], job["case"])}
                answer["order"] = cells.order(job["verb"], job["case"])
            else:
                answer = cells.cut(
                    job["verb"], job["case"], job["at"], job["do"], seed=job["seed"],
                    back=job.get("back", True),
                ).as_row()  # fmt: skip
        except Exception:  # a cut that cannot be judged is a row as well
            answer = Found(wrong=[traceback.format_exc()]).as_row()
        print(json.dumps({"job": job, **answer}), flush=True)


if __name__ == "__main__":
    main()
