"""What was submitted as a batch: the ticket that a caller keeps."""

import json
from dataclasses import dataclass

from bookpack.errors import WorldError


@dataclass(frozen=True, slots=True)
class Part:
    """One batch: its own name, its input file's, and the names of its requests."""

    batch: str
    file: str
    requests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BatchTicket:
    """What was submitted where, and how many tokens an answer got that asked for no own limit."""

    base_url: str
    model: str
    max_output_tokens: int
    parts: tuple[Part, ...] = ()

    def to_json(self) -> str:
        """Return the ticket as text to keep."""
        parts = [
            {"batch": part.batch, "file": part.file, "requests": part.requests}
            for part in self.parts
        ]
        head = {
            "base_url": self.base_url,
            "model": self.model,
            "max_output_tokens": self.max_output_tokens,
        }
        return json.dumps({**head, "parts": parts}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "BatchTicket":
        """Read a ticket. Raises `WorldError` for what is none."""
        try:
            value = json.loads(text)
            parts = tuple(
                Part(str(part["batch"]), str(part["file"]), tuple(map(str, part["requests"])))
                for part in value["parts"]
            )
            limit = int(value["max_output_tokens"])
            return cls(str(value["base_url"]), str(value["model"]), limit, parts)
        except (KeyError, TypeError, ValueError, RecursionError):
            raise WorldError(
                "The ticket of the batch is damaged; it cannot be collected."
            ) from None


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a ticket's batches are: requests, and the states that the endpoint names."""

    total: int
    done: int
    failed: int
    ended: bool
    states: tuple[str, ...]
