"""Which words of a line of code are keywords, strings, comments: for visible lines, one at a time.

The rule kept here: colouring never makes anybody wait. Pygments is imported and a lexer chosen in
`load`, which belongs in a thread; before that, for lines longer than 2,000 characters and for a
lexer that once took more than 50 ms for a line, the answer is "plain". Colours are not known here:
a span names a theme word (keyword, string, ...), themes.py says what it looks like.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from time import thread_time
from typing import Any

Span = tuple[int, str]
"""Where a stretch of a line ends (it starts where the one before ended), and its theme word."""

State = tuple[str, ...]
"""What a lexer is inside of at the start of a line; START at the start of a file."""

START: State = ("root",)

_TOO_LONG = 2_000
_TOO_SLOW_S = 0.05

WORD_OF_TOKEN = {
    "Comment": "comment",
    "Comment.Preproc": "decorator",
    "Keyword": "keyword",
    "Keyword.Constant": "constant",
    "Keyword.Type": "type",
    "Literal.Number": "number",
    "Literal.String": "string",
    "Literal.String.Doc": "comment",
    "Literal.String.Escape": "constant",
    "Literal.String.Interpol": "constant",
    "Name.Attribute": "attribute",
    "Name.Builtin": "builtin",
    "Name.Builtin.Pseudo": "builtin",
    "Name.Class": "type",
    "Name.Constant": "constant",
    "Name.Decorator": "decorator",
    "Name.Exception": "type",
    "Name.Function": "function",
    "Name.Tag": "keyword",
    "Operator.Word": "keyword",
    "Generic.Heading": "heading",
    "Generic.Subheading": "heading",
    "Generic.Strong": "keyword",
    "Generic.Emph": "string",
}
"""Pygments token -> theme word; a token that is not here is what its parent is."""


class Highlighter:
    """Spans of code lines by file name. One for the whole app."""

    def __init__(self) -> None:
        self._lexers: dict[str, Any] = {}
        self._words: dict[object, str] = {}

    def is_loaded(self, path: str) -> bool:
        """Whether `spans` already knows how to read this kind of file."""
        return _kind(path) in self._lexers

    def load(self, path: str) -> None:
        """Import what is needed for this kind of file. Blocks for up to a hundred milliseconds."""
        kind = _kind(path)
        if kind in self._lexers:
            return
        from pygments.lexers import (  # type: ignore[import-untyped]  # deferred: 35 ms
            find_lexer_class_for_filename,
        )

        found = find_lexer_class_for_filename(PurePosixPath(path).name)
        self._lexers[kind] = None if found is None else found()

    def load_language(self, name: str) -> None:
        """The same for the word after ``` in an answer; its lines go by the path `x.<name>`."""
        kind = _kind(f"x.{name}")
        if kind in self._lexers:
            return
        from pygments.lexers import find_lexer_class_by_name
        from pygments.util import ClassNotFound  # type: ignore[import-untyped]

        try:
            self._lexers[kind] = find_lexer_class_by_name(name)()
        except ClassNotFound:
            self.load(f"x.{name}")

    def spans(self, path: str, text: str, state: State = START) -> tuple[tuple[Span, ...], State]:
        """The spans of one line, and the state in which the next line starts."""
        kind = _kind(path)
        lexer = self._lexers.get(kind)
        if lexer is None or len(text) > _TOO_LONG:
            return ((len(text), "text"),), state
        begun = thread_time()
        tokens, after = _lex(lexer, text + "\n", state)
        if thread_time() - begun > _TOO_SLOW_S:
            self._lexers[kind] = None
        return self._as_spans(tokens, len(text)), after

    def _as_spans(self, tokens: Iterable[tuple[int, Any, str]], length: int) -> tuple[Span, ...]:
        spans: list[Span] = []
        end = 0
        for at, token, value in tokens:
            stop = min(at + len(value), length)
            if stop <= end:
                continue
            word = self._word(token)
            if spans and spans[-1][1] == word:
                spans[-1] = (stop, word)
            else:
                spans.append((stop, word))
            end = stop
        if end < length:
            spans.append((length, "text"))
        return tuple(spans)

    def _word(self, token: Any) -> str:
        word = self._words.get(token)
        if word is None:
            names = list(token)
            while names and ".".join(names) not in WORD_OF_TOKEN:
                names.pop()
            word = self._words[token] = WORD_OF_TOKEN.get(".".join(names), "text")
        return word


def _kind(path: str) -> str:
    """Files with the same ending share a lexer; names without one have their own."""
    name = PurePosixPath(path)
    return name.suffix.lower() or name.name


def _lex(lexer: Any, text: str, state: State) -> tuple[list[tuple[int, Any, str]], State]:
    """Tokens of one line that starts in `state`.

    Pygments keeps its stack of states to itself, so this is its loop with the stack given back.
    Lexers that bring a loop of their own are asked for each line from the beginning.
    """
    from pygments.lexer import RegexLexer  # type: ignore[import-untyped]
    from pygments.token import Error, Whitespace, _TokenType  # type: ignore[import-untyped]

    own = type(lexer).get_tokens_unprocessed
    if own is not getattr(RegexLexer, "get_tokens_unprocessed", None):
        try:
            return list(lexer.get_tokens_unprocessed(text)), START
        except (ValueError, LookupError, TypeError, AttributeError):
            return [], START
    rules = lexer._tokens
    stack = [name for name in state if name in rules] or list(START)
    found: list[tuple[int, Any, str]] = []
    at = 0
    while True:
        for match_at, action, new_state in rules[stack[-1]]:
            match = match_at(text, at)
            if match is None:
                continue
            if type(action) is _TokenType:
                found.append((at, action, match.group()))
            elif action is not None:
                found.extend(token for token in action(lexer, match) if token is not None)
            at = match.end()
            _move(stack, new_state)
            break
        else:
            if at >= len(text):
                return found, tuple(stack)
            if text[at] == "\n":
                stack[:] = START
                found.append((at, Whitespace, "\n"))
            else:
                found.append((at, Error, text[at]))
            at += 1


def _move(stack: list[str], new_state: Any) -> None:
    """Pygments' way to say where to go from here."""
    match new_state:
        case tuple():
            for name in new_state:
                _move(stack, name)
        case int():
            del stack[max(1, len(stack) + new_state) :]
        case "#pop":
            if len(stack) > 1:
                stack.pop()
        case "#push":
            stack.append(stack[-1])
        case str():
            stack.append(new_state)
