"""Which file a path of a reply means."""

from __future__ import annotations

import pytest

from spark_tui.edits.names import Refusal
from spark_tui.edits.tree import (
    PathKind,
    completed,
    is_file,
    misses_folders,
    no_file_at,
    not_a_file,
    resolved,
)
from tests.support.replies import MemoryTree

TREE = MemoryTree(
    {"src/app.py": b"x\n", "lib/util.py": b"x\n", "src/util.py": b"x\n", "top.py": b"x\n"}
)


def test_a_path_is_checked_before_it_is_looked_at() -> None:
    assert is_file(TREE, "src/app.py")
    assert is_file(TREE, "`./src/app.py`")
    assert is_file(TREE, "/work/tree/src/app.py")
    assert not is_file(TREE, "../src/app.py")
    assert not is_file(TREE, "src")
    assert not is_file(TREE, "/work/treetop.py")
    assert isinstance(resolved(TREE, "src/../top.py"), Refusal)


@pytest.mark.parametrize("front", ["a/", "b/"])
def test_what_diff_puts_in_front_goes_if_only_the_rest_is_there(front: str) -> None:
    assert resolved(TREE, f"{front}top.py") == "top.py"
    assert resolved(TREE, f"{front}src/app.py") == "src/app.py"
    assert resolved(TREE, f"{front}gone.py") == f"{front}gone.py"
    assert resolved(TREE, f"{front}src") == "src"


def test_nothing_goes_from_a_new_file_or_where_there_is_such_a_folder() -> None:
    assert resolved(TREE, "b/top.py", is_new=True) == "b/top.py"
    tree = MemoryTree({"top.py": b"x\n", "b/other.py": b"x\n"})
    assert resolved(tree, "b/top.py") == "b/top.py"
    assert resolved(tree, "a/top.py") == "top.py"


def test_folders_are_added_where_one_file_alone_can_be_meant() -> None:
    assert completed(TREE, "app.py") == "src/app.py"
    assert completed(TREE, "util.py") == "util.py"
    assert completed(TREE, "top.py") == "top.py"
    assert completed(TREE, "gone.py") == "gone.py"
    unseen = MemoryTree({"src/app.py": b"x\n"}, unseen=["src/app.py"])
    assert completed(unseen, "app.py") == "app.py"


def test_a_new_file_with_the_name_of_one_that_is_there_is_doubted() -> None:
    assert misses_folders(TREE, "app.py", "app.py")
    assert not misses_folders(TREE, "./app.py", "app.py")
    assert not misses_folders(TREE, "`./app.py`", "app.py")
    assert not misses_folders(TREE, "new.py", "new.py")


def test_reasons() -> None:
    why = no_file_at(TREE, "other/util.py")
    assert why.code == "no_file"
    assert "lib/util.py, src/util.py" in why.message
    assert no_file_at(TREE, "n.py").message == "n.py does not exist"


@pytest.mark.parametrize("kind", ["directory", "link", "special", "nested", "outside"])
def test_what_is_no_file_cannot_be_edited(kind: PathKind) -> None:
    why = not_a_file("x", kind)
    assert why is not None
    assert why.code == "path"


@pytest.mark.parametrize("kind", ["file", "missing"])
def test_what_can_be(kind: PathKind) -> None:
    assert not_a_file("x", kind) is None
