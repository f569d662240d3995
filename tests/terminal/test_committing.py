"""A commit that needs the terminal: the screen is put away, git asks, and the screen is back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

pytestmark = pytest.mark.terminal

Start = Callable[..., Terminal]
Git = Callable[..., str]
ROOT = Path(__file__).resolve().parents[2]
PROMPT, REALLY = b"Passphrase: ", b"Really? "
LEFT = b"\x1b[?1049l"
"""The alternate screen is put away."""
SIGNER = """\
#!/bin/sh
# As pinentry does: it opens the terminal by the name that it was given.
cat > /dev/null
exec < "$GPG_TTY"
stty -echo < "$GPG_TTY"
printf 'Passphrase: ' > "$GPG_TTY"
read word
stty echo < "$GPG_TTY"
[ "$word" = sesame ] || exit 2
echo '[GNUPG:] SIG_CREATED ' >&2
printf '%s\\nx\\n%s\\n' '-----BEGIN PGP SIGNATURE-----' '-----END PGP SIGNATURE-----'
"""


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def accepted(terminal: Terminal) -> Terminal:
    terminal.sees("Ask for a change").type("refactor process_data_file").sees("data_file")
    terminal.type("\r").sees("5 open").type("\r").type("A").sees("5 to commit")
    return terminal.type("C").sees("exactly the accepted hunks").sees("process_data_file types")


def asks(terminal: Terminal, prompt: bytes, times: int = 1) -> Terminal:
    """Until it has been asked so many times, on the terminal itself."""
    terminal.until(lambda: terminal.output.count(prompt) >= times, f"{prompt!r} is not asked")
    return terminal


def signs(git: Git, tmp_path: Path) -> None:
    git("config", "commit.gpgSign", "true")
    git("config", "gpg.program", str(script(tmp_path / "signer", SIGNER)))


def test_a_passphrase_is_asked_for(start: Start, git: Git, tmp_path: Path) -> None:
    signs(git, tmp_path)
    terminal = accepted(start())
    asks(terminal.type("\r"), PROMPT)
    assert LEFT in terminal.output
    terminal.type("wrong\n").sees("could not be signed").sees("process_data_file types")
    assert git("rev-list", "--count", "HEAD").strip() == "1"
    asks(terminal.type("\r"), PROMPT, 2).type("sesame\n").sees("committed [0-9a-f]{7}")
    assert "BEGIN PGP SIGNATURE" in git("cat-file", "commit", "HEAD")
    assert "sesame" not in terminal.text
    terminal.type("\x11")
    assert terminal.ends() == 0


def test_a_hook_that_asks_and_one_that_is_stopped(start: Start, git: Git, repo: Path) -> None:
    ask = "#!/bin/sh\nexec < /dev/tty\nprintf 'Really? ' >&2\nread word\n[ $word = yes ]\n"
    script(repo / ".git/hooks/pre-commit", ask)
    terminal = accepted(start())
    asks(terminal.type("\tt"), REALLY)
    terminal.type("\x03").sees("not committed").sees("exactly the accepted hunks")
    assert git("rev-list", "--count", "HEAD").strip() == "1"
    shown = terminal.output.count(REALLY)
    # Nobody could wake it again after Ctrl+Z: it goes on.
    asks(terminal.type("t"), REALLY, shown + 1).type("\x1ayes\n").sees("committed [0-9a-f]{7}")
    assert git("status", "--porcelain") == ""
    terminal.type("\x11")
    assert terminal.ends() == 0


@pytest.mark.parametrize("word", ["sesame", "wrong"])
def test_headless_in_a_terminal(repo: Path, git: Git, tmp_path: Path, word: str) -> None:
    signs(git, tmp_path)
    (repo / "mine").write_text("x\n")
    git("add", "mine")
    argv = [sys.executable, "-m", "spark_tui", "commit", "-C", str(repo), "--staged", "-m", "Mine"]
    terminal = Terminal(argv, environ(tmp_path), ROOT, 100, 20)
    try:
        asks(terminal, PROMPT).type(f"{word}\n")
        assert terminal.ends() == (0 if word == "sesame" else 7)
        assert word not in terminal.text
    finally:
        terminal.kill()
    assert git("rev-list", "--count", "HEAD").strip() == ("2" if word == "sesame" else "1")


def test_headless_without_a_terminal(repo: Path, git: Git, tmp_path: Path) -> None:
    signs(git, tmp_path)
    (repo / "mine").write_text("x\n")
    git("add", "mine")
    done = subprocess.run(
        [sys.executable, "-m", "spark_tui", "commit", "-C", str(repo), "--staged", "-m", "Mine"],
        cwd=ROOT, env=environ(tmp_path), capture_output=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 7
    assert b"no terminal to ask" in done.stderr
    assert git("rev-list", "--count", "HEAD").strip() == "1"


def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TERM": "xterm-256color",
        "PYTHONPATH": str(ROOT),
        "SPARK_TUI_STATE_DIR": str(tmp_path / "state"),
        "SPARK_TUI_CONFIG_DIR": str(tmp_path / "config"),
    }
