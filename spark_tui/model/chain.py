"""The delta rule: only what is new is sent, when the service still knows all the rest.

The rule kept here: a chain is an optimisation that may vanish at any time, so the request always
holds the whole conversation. A chain lives on one socket and dies with it.
"""

from __future__ import annotations

from typing import Any

from spark_tui.model.provider import Completed, Item, Request
from spark_tui.model.responses import Previous, encode


class Chain:
    """The newest response of a socket, and what it stands for."""

    def __init__(self) -> None:
        self._response_id = ""
        self._known: tuple[Item, ...] = ()
        """Input and output of that response."""
        self._fields: dict[str, Any] = {}
        """Everything of the last body but its input."""
        self._sent: tuple[Item, ...] = ()
        self._is_whole = True
        """The service has all of what was sent."""

    def body(self, request: Request, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The body to send, short if it can be."""
        body = encode(request, previous=self._previous(request), without=without)
        fields = _fields(body)
        if "previous_response_id" in body and fields != self._fields:
            body = encode(request, without=without)
        self._fields = fields
        self._sent = request.items
        self._is_whole = True
        return body

    def beginning(
        self, request: Request, *, without: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """The body that lets the service only read: nothing is generated for it. Until that has
        been done nothing can be built on what was before."""
        body = self.body(request, without=without)
        self.forget()
        return {**body, "generate": False}

    def covers(self, request: Request, *, without: frozenset[str] = frozenset()) -> bool:
        """The service has read all of this already, and in this manner."""
        if not self._response_id or self._known[: len(request.items)] != request.items:
            return False
        return _fields(encode(request, without=without)) == self._fields

    def known_of(self, request: Request) -> int | None:
        """How many items of it, from the first, were part of the last response; None where it is
        not built upon that. Also after one that was cut."""
        known = len(self._known)
        if not known or request.items[:known] != self._known:
            return None
        return known

    def adopt(self, request: Request, *, is_whole: bool) -> None:
        """The service answers to this request, though its items went another way; where not all of
        them did, nothing can be built on the answer."""
        self._sent = request.items
        self._is_whole = is_whole

    def advance(self, done: Completed) -> None:
        """The response that was asked for is complete; a cut one is not built upon."""
        self._response_id = "" if done.cut or not self._is_whole else done.response_id
        self._known = self._sent + done.items

    def forget(self) -> None:
        """After a drop, a stop or an error the next request is whole again."""
        self._response_id = ""
        self._known = ()

    def _previous(self, request: Request) -> Previous | None:
        known = len(self._known)
        if not self._response_id or len(request.items) <= known:
            return None
        if request.items[:known] != self._known:
            return None
        return Previous(self._response_id, known)


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in body.items() if name not in ("input", "previous_response_id")
    }
