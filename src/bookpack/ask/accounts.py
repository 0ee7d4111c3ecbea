"""What questions cost: estimates beforehand, counts afterwards, and a budget that holds."""

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from bookpack.ask.capabilities import remembered
from bookpack.ask.question import Attachment, Question, Usage
from bookpack.config.tables import ModelTable
from bookpack.errors import SettingsError

_BYTES_PER_TOKEN = 3.5
"""UTF-8 bytes; real texts have four and more in most languages, so estimates are high."""
_PATCH = 28
"""Pixels. Qwen-VL counts a token for each patch of 28 × 28; Claude (width × height / 750) about
as many, OpenAI's 32-pixel patches and 512-pixel tiles fewer, but for some models times a factor.
What an endpoint really counts is remembered with its capabilities."""
_MESSAGE_TOKENS = 20
"""What chat templates add to a request."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would cost at most, each question taking one call; money in `currency`."""

    questions: int
    tokens_in: int
    tokens_out_at_most: int
    money: float
    currency: str


def estimate(
    questions: Iterable[Question[Any]],
    settings: ModelTable,
    *,
    environment: Mapping[str, str] = os.environ,
    now: Callable[[], float] = time.time,
) -> Estimate:
    """Return what asking `questions` would cost; nothing is sent. `now` gives the time."""
    known = remembered(settings.base_url.rstrip("/"), settings.name, environment, now())
    count = tokens_in = tokens_out = 0
    for question in questions:
        count += 1
        tokens_in += tokens_of(question, known.input_ratio)
        tokens_out += question.max_output_tokens or settings.max_output_tokens
    money = cost(settings, tokens_in, tokens_out)
    return Estimate(count, tokens_in, tokens_out, money, settings.currency)


def tokens_of(question: Question[Any], ratio: float = 1.0) -> int:
    """Return about how many tokens a question is; `ratio` corrects it for an endpoint."""
    schema = json.dumps(question.shape.schema, ensure_ascii=False)
    tokens = _MESSAGE_TOKENS + sum(
        text_tokens(text) for text in (question.instructions, question.material, schema)
    )
    tokens += sum(_picture_tokens(attachment) for attachment in question.attachments)
    return math.ceil(tokens * ratio)


def text_tokens(text: str) -> int:
    """Return about how many tokens a text is, rather too many than too few."""
    return math.ceil(len(text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN)


def _picture_tokens(attachment: Attachment) -> int:
    return math.ceil(attachment.width / _PATCH) * math.ceil(attachment.height / _PATCH)


def cost(settings: ModelTable, tokens_in: int, tokens_out: int) -> float:
    """Return the price of tokens in the settings' currency; prices are per million."""
    return (tokens_in * settings.price_in + tokens_out * settings.price_out) / 1e6


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one call may take."""

    tokens_in: int
    tokens_out: int


class Ledger:
    """What a run has spent and what its running calls may still take. Safe between threads.

    Raises `SettingsError` for a budget in money without prices.
    """

    def __init__(self, settings: ModelTable) -> None:
        if settings.budget and not (settings.price_in or settings.price_out):
            raise SettingsError(
                "A budget in money needs prices: set price-in and price-out under [model] "
                "(per million tokens), or budget-tokens instead."
            )
        self._settings = settings
        self._lock = Lock()
        self._reserved: list[Reservation] = []
        self._estimated_in = self._counted_in = 0
        self._lost = Reservation(0, 0)
        self.spent = Usage()

    @property
    def money(self) -> float:
        """What was spent, in the settings' currency."""
        return cost(self._settings, self.spent.tokens_in, self.spent.tokens_out)

    @property
    def running(self) -> int:
        """How many reservations are open."""
        return len(self._reserved)

    @property
    def input_ratio(self) -> float:
        """How many times the estimate of questions the endpoint counted; 0 for unknown."""
        return self._counted_in / self._estimated_in if self._estimated_in else 0.0

    def reserve(self, wanted: Reservation) -> bool:
        """Set aside what a call may take, unless that could break the budget."""
        with self._lock:
            settings = self._settings
            together = [*self._reserved, self._lost, wanted]
            tokens_in = self.spent.tokens_in + sum(each.tokens_in for each in together)
            tokens_out = self.spent.tokens_out + sum(each.tokens_out for each in together)
            if settings.budget_tokens and tokens_in + tokens_out > settings.budget_tokens:
                return False
            if settings.budget and cost(settings, tokens_in, tokens_out) > settings.budget:
                return False
            self._reserved.append(wanted)
            return True

    def settle(
        self,
        reservation: Reservation,
        usage: Usage,
        *,
        estimated_in: int = 0,
        lost: bool = False,
    ) -> None:
        """Replace what was set aside by what was used.

        `estimated_in` is the estimate of the question where the endpoint has counted it. `lost`
        tells that the endpoint may have worked without being heard: then the budget, though not
        what is reported, counts what was set aside.
        """
        with self._lock:
            self._reserved.remove(reservation)
            self.spent += usage
            if estimated_in:
                self._estimated_in += estimated_in
                self._counted_in += usage.tokens_in
            if lost:
                self._lost = Reservation(
                    self._lost.tokens_in + reservation.tokens_in,
                    self._lost.tokens_out + reservation.tokens_out,
                )

    def explain(self, wanted: Reservation) -> str:
        """Say why a call was not made."""
        settings = self._settings
        if settings.budget:
            more = cost(settings, wanted.tokens_in, wanted.tokens_out)
            unit = settings.currency
            used = cost(
                settings,
                self.spent.tokens_in + self._lost.tokens_in,
                self.spent.tokens_out + self._lost.tokens_out,
            )
            text = f"{used:.4g} of {settings.budget:g} {unit} are spent and this question "
            text += f"may take {more:.2g} {unit} more"
        else:
            tokens = self.spent.tokens_in + self.spent.tokens_out
            tokens += self._lost.tokens_in + self._lost.tokens_out
            more_tokens = wanted.tokens_in + wanted.tokens_out
            text = f"{tokens:,} of {settings.budget_tokens:,} tokens are used and this question "
            text += f"may take {more_tokens:,} more"
        return f"The budget is used up: {text}. Raise it under [model] to go on."
