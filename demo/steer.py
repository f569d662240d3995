"""Steering: a person's words for an answer that is still running, and what becomes of them.

The rule kept here: sans-I/O. Words that were accepted belong to the server until a successor is
created; whatever cannot be committed is given back, with its code. When a successor is made is
wire_websocket.py's business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .play import Player
from .request import Answered, Item, Said, read_responses
from .wire_responses import Event, ResponsesEvents

MOST_PENDING = 8
FAMILY = "gpt-6"
"""Models whose name begins so can be steered; older ones cannot."""
MESSAGES = {
    "response_not_found": "No response with id '{id}' on this connection.",
    "invalid_input": "{why}",
    "steering_not_supported": "The model '{model}' does not support steering.",
    "too_many_pending_steers": "Too much steering input is pending for response '{id}'.",
    "response_already_completed": "Response '{id}' is already completed.",
    "response_not_active": "Response '{id}' is no longer active.",
    "successor_creation_failed": "The successor of '{id}' could not be created: {why}",
}


@dataclass(frozen=True, slots=True)
class Steer:
    """Words that were accepted."""

    id: str
    input: object
    """As they came, to give them back."""
    items: tuple[Item, ...]


@dataclass(slots=True)
class Target:
    """A response of this connection, as far as steering has to know it."""

    events: ResponsesEvents
    player: Player | None = None
    """None where nothing is generated."""
    status: str = "in_progress"
    """in_progress, completed, incomplete, failed."""
    steers: list[Steer] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.events.response_id

    @property
    def owed(self) -> tuple[dict[str, Any], ...]:
        """Stubs of the outputs that the client has to bring."""
        stubs: list[dict[str, Any]] = []
        for item in self.events.output:
            match item:
                case {"type": "function_call", "call_id": call_id, "name": name}:
                    stub = {"type": "function_call_output", "call_id": call_id, "name": name}
                    stubs.append(stub)
                case {"type": "custom_tool_call", "call_id": call_id}:
                    stubs.append({"type": "custom_tool_call_output", "call_id": call_id})
        return tuple(stubs)

    @property
    def words(self) -> tuple[Item, ...]:
        """What was queued, in the order in which it came."""
        return tuple(item for steer in self.steers for item in steer.items)

    @property
    def successor(self) -> dict[str, Any]:
        """The body of the request that the server makes by itself."""
        kept = {k: v for k, v in self.events.body.items() if k != "generate"}
        messages = [
            {"type": "message", "role": "user", "content": item.text}
            for item in self.words
            if isinstance(item, Said)
        ]
        return {**kept, "previous_response_id": self.id, "input": messages}

    def take(self, body: Mapping[str, Any], steer_id: str) -> Event:
        """Accept these words, or say why not."""
        problem = self._problem()
        if problem:
            return failed(body, problem, self)
        try:
            items = read_words(body)
        except ValueError as error:
            return failed(body, "invalid_input", self, why=str(error))
        self.steers.append(Steer(steer_id, body.get("input"), items))
        if self.player:
            self.player.steer()
        told = {"id": steer_id, "previous_response_id": self.id}
        return self.events.event("response.steer.accepted", steer=told)

    def pending(self) -> list[Event]:
        """One for each steer: its words wait until the outputs have come."""
        return [
            self.events.event(
                "response.steer.pending",
                steer={"id": steer.id, "previous_response_id": self.id},
                reason="waiting_for_required_input",
                required_input=self.owed,
            )
            for steer in self.steers
        ]

    def give_back(self, why: str) -> list[Event]:
        """No successor came of it."""
        steers, self.steers = self.steers, []
        return [
            failed({"input": steer.input}, "successor_creation_failed", self, steer=steer, why=why)
            for steer in steers
        ]

    def _problem(self) -> str:
        if not self.events.model.startswith(FAMILY):
            return "steering_not_supported"
        if {"conversation", "context_management"} & set(self.events.body):
            return "steering_not_supported"
        match self.status:
            case "completed":
                return "response_already_completed"
            case "in_progress":
                return "too_many_pending_steers" if len(self.steers) >= MOST_PENDING else ""
        return "response_not_active"


def read_words(body: Mapping[str, Any]) -> tuple[Item, ...]:
    """The user messages of a steer; ValueError for anything else."""
    unknown = set(body) - {"type", "previous_response_id", "input"}
    if unknown:
        raise ValueError(f"Unknown parameter: '{min(unknown)}'.")
    words = body.get("input")
    if not isinstance(words, str | list) or not words:
        raise ValueError("'input' must be a string or a list of user messages.")
    for entry in words if isinstance(words, list) else ():
        match entry:
            case {"role": "user", "content": str() | list(), **rest} if (
                not set(rest) - {"type"} and rest.get("type", "message") == "message"
            ):
                pass
            case _:
                raise ValueError("Steering takes messages of the user only.")
    return read_responses({"model": "-", "input": words}).items


def failed(
    body: Mapping[str, Any],
    code: str,
    target: Target | None,
    *,
    steer: Steer | None = None,
    why: str = "",
) -> Event:
    """response.steer.failed; before anything was accepted there is no id to tell."""
    asked_for = target.id if target else body.get("previous_response_id")
    told = {"previous_response_id": asked_for, "input": body.get("input")}
    if steer:
        told = {"id": steer.id, **told}
    model = target.events.model if target else ""
    message = MESSAGES[code].format(id=asked_for, model=model, why=why)
    error = {"type": "invalid_request_error", "code": code, "message": message}
    if target:
        return target.events.event("response.steer.failed", steer=told, error=error)
    event = {"type": "response.steer.failed", "sequence_number": 0, "steer": told, "error": error}
    return "response.steer.failed", json.dumps(event)


def missing_outputs(target: Target, items: Sequence[Item]) -> str:
    """The first call whose output a request does not bring, "" when it brings all."""
    brought = {item.call_id for item in items if isinstance(item, Answered)}
    missing = (str(stub["call_id"]) for stub in target.owed if stub["call_id"] not in brought)
    return next(missing, "")
