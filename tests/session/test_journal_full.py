"""A journal that cannot be written keeps what it was told, and has half lines nowhere."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault
from spark_tui.session.events import DraftKept
from spark_tui.session.journal import Journal, replay


@pytest.mark.parametrize("cause", [MemoryError(), OSError(errno.ENOSPC, "No space left")])
def test_the_journal_keeps_what_it_could_not_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: BaseException
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(DraftKept("first"))

    def no(*_: object, **__: object) -> int:
        raise cause

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", no)
        with pytest.raises(DiskFault):
            journal.flush()
    journal.append(DraftKept("second"))
    journal.close()
    assert b"\n\n" not in journal.path.read_bytes()
    assert list(replay(journal.path)) == [DraftKept("first"), DraftKept("second")]
