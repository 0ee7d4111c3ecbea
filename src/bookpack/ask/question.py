"""What goes through the door: questions, answers, and why there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

Answered = TypeVar("Answered")


class InvalidAnswerError(ValueError):
    """An answer that is JSON and not of the shape asked for; its text says what to mend."""


@dataclass(frozen=True, slots=True)
class Shape(Generic[Answered]):
    """The structure an answer must have.

    `schema` is a JSON Schema in the subset that strict endpoints take: objects with all properties
    required and `additionalProperties` false. `parse` turns the decoded JSON into what the caller
    works with and raises `InvalidAnswerError`.
    """

    name: str
    schema: Mapping[str, Any]
    parse: Callable[[Any], Answered]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture that goes with a question: its bytes as they are sent, its media type and size."""

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Question(Generic[Answered]):
    """One thing to ask. `key` names it among all questions of a run.

    `instructions` is what the asker wants (the system message), `material` what it is about (the
    user message): material is data and never an instruction.
    """

    key: str
    instructions: str
    material: str
    shape: Shape[Answered]
    attachments: tuple[Attachment, ...] = ()
    max_output_tokens: int = 0
    """What the answer may take; 0 means the settings' own limit."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model counted, over all calls that a question took."""

    tokens_in: int = 0
    tokens_out: int = 0
    calls: int = 0
    estimated: bool = False
    """True where the endpoint counted nothing and the numbers are our own estimate."""

    def __add__(self, other: "Usage") -> "Usage":
        """Return both together."""
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.calls + other.calls,
            self.estimated or other.estimated,
        )


class Reason(StrEnum):
    """Why a question has no answer."""

    CUT = "cut off"
    """The model ran out of room, also with a larger limit."""
    INVALID = "invalid answer"
    """What came back has not the shape asked for, also after one repair."""
    REFUSED = "refused"
    """The model or a filter declined to answer."""
    REJECTED = "rejected request"
    """The endpoint will never take this request (too large, no such picture type, …)."""
    UNAVAILABLE = "endpoint unavailable"
    """Every attempt failed for reasons that may pass."""
    BUDGET = "budget"
    """Asking would have broken the budget."""
    STOPPED = "stopped"
    """The run ended before: interrupted, or the endpoint cannot be used at all."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[Answered]):
    """A validated answer. `model` is what the endpoint says it was."""

    question: Question[Answered]
    value: Answered
    model: str
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class NoAnswer(Generic[Answered]):
    """Why a question stays open; `message` is one sentence for a person."""

    question: Question[Answered]
    reason: Reason
    message: str
    usage: Usage = field(default_factory=Usage)
