"""Which paths a reply may name."""

from __future__ import annotations

import pytest

from spark_tui.edits.names import Refusal, check_path


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("src/app.py", "src/app.py"),
        ("./src//app.py", "src/app.py"),
        (" `src/app.py` ", "src/app.py"),
        ('"my file.txt"', "my file.txt"),
        (".gitignore", ".gitignore"),
        (".github/workflows/ci.yml", ".github/workflows/ci.yml"),
        ("docs/.gitkeep", "docs/.gitkeep"),
        ("a..b/c", "a..b/c"),
        ("größe/日本.py", "größe/日本.py"),
        ("git/x", "git/x"),
    ],
)
def test_good_names_are_normalised(raw: str, path: str) -> None:
    assert check_path(raw) == path


@pytest.mark.parametrize(
    "raw",
    [
        "",
        ".",
        "./",
        "..",
        "../x",
        "src/../../x",
        "src/..",
        "/etc/passwd",
        "//host/x",
        "~/x",
        "~root/x",
        "C:/x",
        "c:x",
        "src\\app.py",
        "..\\x",
        "a\0b",
        "a\nb",
        "a\x1b[2Jb",
        "a\udc80b",
        ".git/hooks/pre-commit",
        "sub/.git/config",
        ".GIT/config",
        ".Git/config",
        ".git./config",
        ".git /config",
        ".git. . /config",
        "git~1/config",
        "GIT~1/config",
        ".g\u200cit/config",
        ".gi\u00adt/config",
        "\ufeff.git/config",
        ".gıt".replace("ı", "\uff49") + "/config",
        ".git::$INDEX_ALLOCATION/config",
        "x" * 300,
        "x/" * 3000,
    ],
)
def test_bad_names_are_refused(raw: str) -> None:
    refusal = check_path(raw)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "path"
    assert refusal.message


@pytest.mark.parametrize(
    ("raw", "root", "path"),
    [
        ("/work/tree/src/a.py", "/work/tree", "src/a.py"),
        ("/work/tree//src/./a.py", "/work/tree/", "src/a.py"),
        ('"/work/tree/my file"', "/work/tree", "my file"),
        ("/etc/x", "/", "etc/x"),
    ],
)
def test_an_absolute_path_below_the_root_is_the_relative_one(
    raw: str, root: str, path: str
) -> None:
    assert check_path(raw, root) == path


@pytest.mark.parametrize(
    "raw",
    [
        "/work/tree",
        "/work/tree/",
        "/work/treehouse/a.py",
        "/work/tree/../x",
        "/work/tree/.git/config",
        "/work/../work/tree/a.py",
        "//work/tree/a.py",
        "/Work/tree/a.py",
        "/etc/passwd",
    ],
)
def test_other_absolute_paths_are_refused(raw: str) -> None:
    assert isinstance(check_path(raw, "/work/tree"), Refusal)
    assert isinstance(check_path(raw), Refusal)
