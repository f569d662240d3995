"""What only the dead function used is gone; what lives is unchanged, line for line."""

import ast

import case

PATH = "feed/parse.py"
DEAD = {"re", "V1_LINE", "_parse_v1", "_unquoted"}


def named(text: bytes) -> dict[str, str]:
    """What a module defines at its top: name → its syntax tree."""
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        match node:
            case ast.Import(names) | ast.ImportFrom(names=names):
                found |= {name.asname or name.name: ast.dump(name) for name in names}
            case ast.Assign(targets=[ast.Name(id=name)]):
                found[name] = ast.dump(node)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = ast.dump(node)
            case _:
                pass
    return found


class Check(case.Case):
    may_change = (PATH,)

    def test_the_dead_are_gone(self) -> None:
        self.assertEqual(DEAD & named(self.new(PATH)).keys(), set())

    def test_the_living_are_as_they_were(self) -> None:
        old = named(self.old(PATH))
        expected = {name: tree for name, tree in old.items() if name not in DEAD}
        self.assertEqual(named(self.new(PATH)), expected)

    def test_nothing_was_added(self) -> None:
        _, added = self.lines_changed(PATH)
        self.assertEqual([line for line in added if line.strip()], [])

    def test_it_works(self) -> None:
        parse = self.fresh("feed.parse")
        lines = ['{"name": "t", "value": 1} # now', "", "# none", '{"id": "old", "value": "2.5"}']
        expected = [parse.Reading("t", 1.0), parse.Reading("old", 2.5)]
        self.assertEqual(parse.parse(lines), expected)
