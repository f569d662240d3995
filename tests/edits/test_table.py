"""The rows of the format table."""

from __future__ import annotations

import pytest

from spark_tui.edits.formats.table import FORMATS, NAMES, format_named
from tests.support.replies import MemoryTree, applied, play


@pytest.mark.parametrize("name", NAMES)
def test_rows_have_words_for_the_model_and_few(name: str) -> None:
    row = format_named(name)
    assert row.name == name
    assert 100 < len(row.instructions.split()) < 300


def test_an_unknown_name_says_which_are_known() -> None:
    with pytest.raises(ValueError, match="v4a, blocks, udiff, whole"):
        format_named("json")


def test_only_the_patch_has_a_grammar() -> None:
    assert [row.grammar is not None for row in FORMATS] == [True, False, False, False]
    assert tuple(row.name for row in FORMATS) == NAMES
    grammar = format_named("v4a").grammar
    assert grammar is not None
    assert grammar.startswith("start:")


def test_the_example_of_the_patch_instructions_is_a_patch() -> None:
    text = format_named("v4a").instructions
    example = "\n".join(
        line[4:] for line in text[text.index("    *** Begin") :].split("\n") if line[:4] == "    "
    )
    cart = b"def total(self):\n    rate = self.rate\n    return amount\n"
    tree = MemoryTree({"src/shop/cart.py": cart, "src/shop/old.py": b"x\n"})
    _, changeset = play(tree, [example[: example.index("*** End Patch") + 14] + "\n"])
    assert changeset.complete
    assert sorted(applied(tree, changeset)) == ["src/shop/cart.py", "src/shop/rates.py"]


def test_the_example_of_the_block_instructions_is_a_block() -> None:
    text = format_named("blocks").instructions
    tree = MemoryTree({"src/shop/cart.py": b"    rate = self.rate\n    return amount\n"})
    _, changeset = play(tree, [text])
    assert changeset.complete
    after = applied(tree, changeset)["src/shop/cart.py"]
    assert after == b"    rate = self.rate\n    return amount * rate\n"


def test_the_example_of_the_diff_instructions_is_a_diff() -> None:
    cart = b"def total(self):\n    rate = self.rate\n    return amount\n"
    tree = MemoryTree({"src/shop/cart.py": cart})
    _, changeset = play(tree, [format_named("udiff").instructions])
    assert changeset.complete
    after = applied(tree, changeset)["src/shop/cart.py"]
    assert after == cart.replace(b"return amount", b"return amount * rate")


def test_the_example_of_the_whole_file_instructions_is_a_file() -> None:
    tree = MemoryTree({})
    _, changeset = play(tree, [format_named("whole").instructions])
    assert changeset.complete
    assert applied(tree, changeset) == {"src/shop/rates.py": b"DEFAULT = 1\n"}
