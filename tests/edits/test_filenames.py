"""Which file a unified diff is about."""

from __future__ import annotations

import pytest

from spark_tui.edits.formats.filenames import FileHeader, Meant, meaning, read_extended, read_name


def header(*lines: str, old: str = "", new: str = "", git: str = "") -> FileHeader:
    found = FileHeader(old=old, new=new, git=git)
    for line in lines:
        assert read_extended(line, found), line
    return found


def meant(found: FileHeader, *files: str) -> Meant:
    return meaning(found, lambda path: path in files)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/x.py", "a/x.py"),
        ("a/my file.txt\t2026-01-01 10:00:00", "a/my file.txt"),
        ('"a/caf\\303\\251.txt"', "a/café.txt"),
        ('"a/q\\"uote\\\\.txt"\t', 'a/q"uote\\.txt'),
        ('"a/t\\tab\\n"', "a/t\tab\n"),
        ('"a/\\377"', "a/\udcff"),
        ('"', '"'),
        ("/dev/null", "/dev/null"),
        ("", ""),
    ],
)
def test_names_as_diff_writes_them(text: str, name: str) -> None:
    assert read_name(text) == name


def test_a_name_that_has_no_bytes_is_no_fault() -> None:
    assert read_name('"a/\ud83d"') == "a/\udced\udca0\udcbd"


@pytest.mark.parametrize(
    ("old", "new", "files", "path"),
    [
        ("a/x.py", "b/x.py", (), "x.py"),
        ("i/x.py", "w/x.py", (), "x.py"),
        ("x.py", "x.py", (), "x.py"),
        ("a/x.py", "a/x.py", ("a/x.py",), "a/x.py"),
        ("x.py", "b/x.py", ("x.py",), "x.py"),
        ("a/x.py", "x.py", ("x.py",), "x.py"),
        ("x.py.orig", "x.py", ("x.py",), "x.py"),
        ("a/b/x.py", "b/b/x.py", (), "b/x.py"),
    ],
)
def test_the_pair_decides(old: str, new: str, files: tuple[str, ...], path: str) -> None:
    assert meant(FileHeader(old=old, new=new), *files) == Meant("update", path)


def test_two_files_are_a_reason_to_refuse() -> None:
    found = meant(FileHeader(old="a/x.py", new="b/y.py"), "x.py", "y.py")
    assert found.op == "update"
    assert "x.py and y.py" in found.refused


def test_nowhere_makes_and_removes() -> None:
    assert meant(FileHeader(old="/dev/null", new="b/n.py")) == Meant("add", "n.py")
    assert meant(FileHeader(old="a/n.py", new="/dev/null"), "n.py") == Meant("erase", "n.py")


@pytest.mark.parametrize(
    ("git", "path"),
    [
        ("a/x.py b/x.py", "x.py"),
        ("a/my file b/my file", "my file"),
        ("a/b/x.py b/b/x.py", "b/x.py"),
        ("b/x.py b/x.py", "b/x.py"),
        ("x.py x.py", "x.py"),
        ('"a/caf\\303\\251" "b/caf\\303\\251"', "café"),
        ('"a/q\\"t" "b/q\\"t"', 'q"t'),
        ('"a/b/q\\"t" "b/b/q\\"t"', 'b/q"t'),
    ],
)
def test_an_empty_file_is_named_by_the_line_of_git_alone(git: str, path: str) -> None:
    made = header("new file mode 100644", "index 0000000..e69de29", git=git)
    gone = header("deleted file mode 100644", "index e69de29..0000000", git=git)
    assert meant(made, "x.py") == Meant("add", path)
    assert meant(gone, path) == Meant("erase", path)


def test_the_line_of_git_tells_whether_something_stands_in_front() -> None:
    plain = header(old="/dev/null", new="b/x.py", git="b/x.py b/x.py")
    usual = header(old="/dev/null", new="b/x.py", git="a/x.py b/x.py")
    assert meant(plain) == Meant("add", "b/x.py")
    assert meant(usual) == Meant("add", "x.py")


def test_moves_with_and_without_a_change() -> None:
    lines = ("similarity index 90%", "rename from b/my file", 'rename to "b/\\303\\251"')
    moved = header(*lines, git='a/b/my file "b/b/\\303\\251"')
    assert meant(moved) == Meant("update", "b/my file", "b/é")
    changed = header(*lines, old="a/b/my file", new="b/é")
    assert meant(changed).move_to == "b/é"


def test_modes() -> None:
    assert header("old mode 100644", "new mode 100755").mode == 0o755
    assert header("old mode 100755", "new mode 100644").mode == 0o644
    assert header("new file mode 100755").mode == 0o755
    assert header("new file mode 100644").mode is None


@pytest.mark.parametrize(
    "line",
    [
        "copy from x.py",
        "Binary files a/x and b/x differ",
        "GIT binary patch",
        "new file mode 120000",
        "new mode 160000",
        "deleted file mode 120000",
    ],
)
def test_what_cannot_be_done_by_lines_is_refused(line: str) -> None:
    assert meant(header(line, git="a/x b/x"), "x").refused


@pytest.mark.parametrize("line", ["index 123..456 100644", "dissimilarity index 80%"])
def test_lines_that_say_nothing(line: str) -> None:
    assert meant(header(line, git="a/x b/x"), "x") == Meant("update", "x")


@pytest.mark.parametrize("line", ["", "index", "@@ -1 +1 @@", "words here", "rename x"])
def test_other_lines_are_none(line: str) -> None:
    assert not read_extended(line, FileHeader())
