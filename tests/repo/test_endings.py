"""Which ending a new file gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_tui.repo.endings import new_file_eol

CRLF, LF = "\r\n", "\n"


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("files", "path", "eol"),
    [
        ({}, "a.py", LF),
        ({".gitattributes": "*.bat eol=crlf\n"}, "x/run.bat", CRLF),
        ({".gitattributes": "*.bat eol=crlf\n"}, "x/run.sh", LF),
        ({".gitattributes": "* text=auto eol=crlf\n*.sh eol=lf\n"}, "run.sh", LF),
        ({".gitattributes": "* eol=crlf\n*.png binary\n"}, "a.png", LF),
        ({".gitattributes": "/win/** eol=crlf\n"}, "win/a/b.txt", CRLF),
        ({".gitattributes": "/win/** eol=crlf\n"}, "x/win/a.txt", LF),
        ({".gitattributes": "* eol=crlf\n", "x/.gitattributes": "* eol=lf\n"}, "x/a", LF),
        ({".gitattributes": "# * eol=crlf\n\n"}, "a", LF),
        ({".editorconfig": "[*]\nend_of_line = crlf\n"}, "x/a.py", CRLF),
        ({".editorconfig": "root = true\n[*.{cs,vb}]\nend_of_line=CRLF\n"}, "a.vb", CRLF),
        ({".editorconfig": "root = true\n[*.{cs,vb}]\nend_of_line=CRLF\n"}, "a.py", LF),
        ({".editorconfig": "[*]\nend_of_line=crlf\n[*.py]\nend_of_line=lf\n"}, "a.py", LF),
        ({".editorconfig": "[*]\nend_of_line=crlf\n", "x/.editorconfig": "root=true\n"}, "x/a", LF),
        ({".editorconfig": "[lib/**.js]\nend_of_line=crlf\n"}, "lib/a/b.js", CRLF),
        ({".editorconfig": "[file{1..3}]\nend_of_line=crlf\n"}, "file2", CRLF),
        ({".editorconfig": "[file[!a]]\nend_of_line=crlf\n"}, "fileb", CRLF),
        ({".editorconfig": "[[\n=\n"}, "a", LF),
        ({".gitattributes": "* eol=lf\n", ".editorconfig": "[*]\nend_of_line=crlf\n"}, "a", LF),
    ],
)
def test_the_ending(tmp_path: Path, files: dict[str, str], path: str, eol: str) -> None:
    put(tmp_path, files)
    assert new_file_eol(tmp_path, path) == eol


def test_a_link_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, {"elsewhere": "* eol=crlf\n"})
    (tmp_path / ".gitattributes").symlink_to("elsewhere")
    assert new_file_eol(tmp_path, "a") == LF
