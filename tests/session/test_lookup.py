"""From words to files."""

from __future__ import annotations

from collections.abc import Sequence

from spark_tui.session import lookup

FILES = (
    "README.md",
    "app/fetcher.py",
    "app/store.py",
    "app/users/models.py",
    "tests/test_fetcher.py",
    "web/models.js",
)


def grep(word: str) -> Sequence[tuple[str, int, str]]:
    text = {
        "retry": [("app/fetcher.py", 12, "    def retry(self):"), ("README.md", 3, "retry")],
        "load_users": [("app/store.py", 7, "def load_users():"), ("app/users/models.py", 1, "x")],
    }
    return text.get(word, [])


def related(prompt: str, files: Sequence[str], grep: lookup.Grep) -> tuple[str, ...]:
    return lookup.related(lookup.words(prompt), files, grep)


def test_names_of_code_are_told_from_words() -> None:
    assert lookup.identifiers("fix load_users and theStore in the fetcher") == (
        "load_users", "theStore",
    )  # fmt: skip


def test_words_of_a_sentence_find_the_file() -> None:
    assert related("fix the retry in the fetcher", FILES, grep)[0] == "app/fetcher.py"


def test_an_identifier_finds_its_definition() -> None:
    assert related("why does load_users fail?", FILES, grep)[0] == "app/store.py"


def test_plain_talk_finds_nothing() -> None:
    assert related("please explain how this works", FILES, grep) == ()


def test_paths_and_tracebacks_are_taken_by_name() -> None:
    prompt = 'look at @app/store.py\n  File "/x/y/app/fetcher.py", line 3, in get'
    assert set(lookup.mentioned(prompt, FILES)) == {"app/store.py", "app/fetcher.py"}


def test_a_bare_name_counts_only_when_it_is_unique() -> None:
    assert lookup.mentioned("see store.py", FILES) == ("app/store.py",)
    assert lookup.mentioned("see models.js and models.py", FILES) == (
        "web/models.js", "app/users/models.py",
    )  # fmt: skip


def test_the_finder_ranks_names_over_letters_in_between() -> None:
    hits = lookup.find("fet", FILES, {})
    assert [h.path for h in hits][:2] == ["app/fetcher.py", "tests/test_fetcher.py"]
    assert lookup.find("amo", FILES, {})[0].path == "app/users/models.py"
    assert lookup.find("zzz", FILES, {}) == ()


def test_changed_files_come_first_in_an_empty_query() -> None:
    assert lookup.find("", FILES, {"web/models.js": " M"})[0].path == "web/models.js"
