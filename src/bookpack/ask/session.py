"""One run at an endpoint: every question gets as many calls as it needs, and no more.

A session lives on an event loop; `asker` runs one in a thread.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Generic

from bookpack.ask.accounts import Ledger, Reservation, text_tokens, tokens_of
from bookpack.ask.capabilities import Capabilities, Form, Known
from bookpack.ask.endpoint import Connection
from bookpack.ask.question import (
    Answer,
    Answered,
    InvalidAnswerError,
    NoAnswer,
    Question,
    Reason,
    Usage,
)
from bookpack.ask.trouble import LONGEST_WAIT, Follows, Lack, Trouble
from bookpack.ask.wire import (
    CutError,
    Repair,
    Reply,
    holds_to_schema,
    is_refused,
    read_reply,
    request_body,
    value_of,
)
from bookpack.config.tables import ModelTable
from bookpack.counting import counted

LARGEST_GROWTH = 4
"""A cut answer is asked again with twice the room, up to so many times the first."""
_IN_A_ROW = 5
"""Questions that fail one after another before the endpoint is left alone."""
_FIRST_DELAY, _LARGEST_DELAY = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, so that tests need none. Seconds; `random` gives numbers from 0 to 1."""

    monotonic: Callable[[], float] = time.monotonic
    time: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


class _OpenError(Exception):
    """A question stays open."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(slots=True)
class _Talk(Generic[Answered]):
    """What has happened with one question."""

    question: Question[Answered]
    limit: int
    largest: int
    used: Capabilities = field(default_factory=Capabilities)
    failures: int = 0
    accepted: int = -1
    """How many calls of the run were accepted when this question was last not."""
    repair: Repair | None = None
    plainer: Capabilities | None = None
    """What this question tries alone after a refusal whose words nobody understood."""
    refusal: str = ""
    usage: Usage = field(default_factory=Usage)


class Session:
    """Answers questions over one connection, as many at once as the settings say."""

    def __init__(
        self,
        settings: ModelTable,
        connection: Connection,
        known: Known,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._known = known
        self._ledger = ledger
        self._clock = clock
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._settled = asyncio.Condition()
        self._halt = asyncio.Event()
        self._resume_at = 0.0
        self._failed_in_a_row = 0
        self._accepted = 0
        self.stopped: _OpenError | None = None

    @property
    def pause(self) -> float:
        """Seconds for which everybody waits because the endpoint wants it."""
        return max(0.0, self._resume_at - self._clock.monotonic())

    def stop(self, reason: Reason, message: str) -> None:
        """Start nothing more; calls that are running may end."""
        if self.stopped is None:
            self.stopped = _OpenError(reason, message)
            self._halt.set()

    async def answer(self, question: Question[Answered]) -> Answer[Answered] | NoAnswer[Answered]:
        """Return what came of a question; raises nothing but its cancellation."""
        limit = question.max_output_tokens or self._settings.max_output_tokens
        talk = _Talk(question, limit, limit * LARGEST_GROWTH)
        try:
            while True:
                async with self._known.turn():
                    step = await self._try(talk)
                    while step == 0.0:
                        step = await self._try(talk)
                if isinstance(step, float):
                    await self._sleep(step)
                else:
                    self._failed_in_a_row = 0
                    return step
        except _OpenError as error:
            self._note_failure(error)
            return NoAnswer(question, error.reason, error.message, talk.usage)

    def _note_failure(self, error: _OpenError) -> None:
        if error.reason is Reason.UNAVAILABLE:
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= _IN_A_ROW:
                count = self._failed_in_a_row
                self.stop(
                    Reason.STOPPED,
                    f"{count} questions in a row got no answer, so no more were asked. The last "
                    f"reason: {error.message}",
                )
        elif error.reason not in (Reason.STOPPED, Reason.BUDGET):
            self._failed_in_a_row = 0

    async def _try(self, talk: _Talk[Answered]) -> Answer[Answered] | float:
        """Make one call. Return its answer, or in how many seconds it is to be made again."""
        try:
            reply = await self._call(talk)
        except Trouble as trouble:
            return self._after(talk, trouble)
        refusal = is_refused(reply)
        if refusal:
            raise _OpenError(Reason.REFUSED, f"The model declined to answer: {refusal}.")
        try:
            value = value_of(reply, talk.question, talk.limit)
        except CutError:
            if talk.limit >= talk.largest:
                raise _OpenError(
                    Reason.CUT,
                    f"The answer was cut off at {talk.limit:,} tokens. "
                    "Raise max-output-tokens under [model].",
                ) from None
            talk.limit = min(2 * talk.limit, talk.largest)
            return 0.0
        except InvalidAnswerError as error:
            self._after_invalid(talk, reply, str(error))
            return 0.0
        return Answer(talk.question, value, reply.model or self._settings.name, talk.usage)

    def _after_invalid(self, talk: _Talk[Answered], reply: Reply, error: str) -> None:
        strict = talk.used.form is Form.SCHEMA
        if strict and not holds_to_schema(reply, talk.question.shape.schema):
            # The endpoint takes schemas and does not mind them: then words have to say it.
            self._known.lower(talk.used, Lack.FORM)
            return
        if talk.repair is not None:
            raise _OpenError(Reason.INVALID, f"The answer has not the shape asked for: {error}")
        talk.repair = Repair(reply.text, error)

    async def _call(self, talk: _Talk[Answered]) -> Reply:
        """Ask once, when there is a free slot, no pause and money for it. Raises `Trouble`."""
        async with self._slots:
            while self.pause and self.stopped is None:
                await self._sleep(self.pause + 0.1 * self._clock.random())
            used = talk.used = talk.plainer or self._known.current
            estimated = tokens_of(talk.question)
            if talk.repair is not None:
                estimated += text_tokens(talk.repair.text + talk.repair.error)
            ratio = max(used.input_ratio, self._ledger.input_ratio)
            reservation = Reservation(ceil(estimated * ratio), talk.limit)
            await self._reserve(reservation)
            if talk.accepted < 0:
                talk.accepted = self._accepted
            taken, counted, lost = Usage(calls=1), 0, True
            try:
                body = request_body(
                    talk.question,
                    self._settings.name,
                    used,
                    talk.limit,
                    self._settings.temperature,
                    talk.repair,
                )
                data = await self._connection.chat(body)
                reply = read_reply(data, self._clock.time())
                taken, counted, lost = reply.usage, estimated, False
                if taken.estimated:
                    taken = Usage(estimated, text_tokens(reply.text), 1, estimated=True)
                    counted = 0
            except Trouble as trouble:
                lost = trouble.charged
                raise
            finally:
                talk.usage += taken
                self._ledger.settle(reservation, taken, estimated_in=counted, lost=lost)
                async with self._settled:
                    self._settled.notify_all()
            self._accepted += 1
            await self._known.confirm(used)
            return reply

    async def _reserve(self, wanted: Reservation) -> None:
        """Set money aside; wait for running calls, which mostly take less than they might."""
        while True:
            if self.stopped is not None:
                raise _OpenError(self.stopped.reason, self.stopped.message)
            if self._ledger.reserve(wanted):
                return
            if not self._ledger.running:
                self.stop(Reason.BUDGET, self._ledger.explain(wanted))
                continue
            async with self._settled:
                if self._ledger.running:  # else the last one has ended just now
                    await self._settled.wait()

    def _after(self, talk: _Talk[Any], trouble: Trouble) -> float:
        """Return in how many seconds to ask again, or say why there will be no other call."""
        said = trouble.message
        match trouble.follows:
            case Follows.LACKS if trouble.lack is not None:
                if self._lower(talk, trouble.lack):
                    return 0.0
                raise _OpenError(Reason.REJECTED, f"The endpoint does not take this: {said}.")
            case Follows.UNUSABLE:
                message = f"The endpoint cannot be used ({said}). {trouble.advice}".rstrip()
                self.stop(Reason.STOPPED, message)
                raise _OpenError(Reason.STOPPED, message)
            case Follows.REFUSED:
                raise _OpenError(Reason.REFUSED, f"The endpoint declined to answer: {said}.")
            case Follows.REJECTED:
                self._after_rejection(talk, trouble)
                return 0.0
        # An endpoint that answers others is not down, it only has too many to answer.
        others_got_through = self._accepted > talk.accepted
        talk.accepted = self._accepted
        if not (trouble.follows is Follows.SLOW_DOWN and others_got_through):
            talk.failures += 1
        wait = trouble.retry_after
        if wait is not None and wait > LONGEST_WAIT:
            message = f"The endpoint wants a pause of {wait:,.0f} seconds ({said})."
            self.stop(Reason.STOPPED, message)
            raise _OpenError(Reason.UNAVAILABLE, message)
        if talk.failures >= self._settings.attempts:
            raise _OpenError(
                Reason.UNAVAILABLE,
                f"{counted(talk.failures, 'attempt')} failed, the last because: {said}.",
            )
        if wait is None:
            wait = self._delay(talk.failures)
        if trouble.follows is Follows.SLOW_DOWN:
            self._resume_at = max(self._resume_at, self._clock.monotonic() + wait)
            return 0.0
        return wait

    def _delay(self, failures: int) -> float:
        """Return an exponential delay with full jitter (AWS Architecture Blog, 2015)."""
        largest = min(_LARGEST_DELAY, _FIRST_DELAY * 2 ** max(0, failures - 1))
        return float(largest * self._clock.random())

    def _lower(self, talk: _Talk[Any], lack: Lack) -> bool:
        if talk.plainer is not None:
            talk.plainer = talk.plainer.without(lack)
            return talk.plainer is not None
        return self._known.lower(talk.used, lack)

    def _after_rejection(self, talk: _Talk[Any], trouble: Trouble) -> None:
        """Try a plainer form where an endpoint refuses its first request and does not say why."""
        if talk.limit > (talk.question.max_output_tokens or self._settings.max_output_tokens):
            raise _OpenError(
                Reason.CUT, f"The answer was cut off, and more room is refused: {trouble.message}."
            )
        talk.refusal = talk.refusal or trouble.message
        if not (self._known.confirmed or trouble.explained):
            talk.plainer = (talk.plainer or self._known.current).without(Lack.FORM)
            if talk.plainer is not None:
                return
        raise _OpenError(Reason.REJECTED, f"The endpoint does not take this: {talk.refusal}.")

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the run."""
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        halted = asyncio.ensure_future(self._halt.wait())
        try:
            await asyncio.wait({sleeping, halted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            halted.cancel()
