"""OpenAI's Batch API: many questions as files, answered within a day for less money.

A ticket says what was submitted; it is kept by the caller, and whoever has it can ask how far
things are and collect what is done, from another process or on another day. What comes back goes
through the same validation as any answer. A batch mends nothing: what is cut or invalid has no
answer, and can be asked once more through `Asker`.
"""

import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import IO, Any, TypeVar

from bookpack.ask.accounts import Ledger, Reservation, tokens_of
from bookpack.ask.asker import Outcome
from bookpack.ask.capabilities import remembered
from bookpack.ask.endpoint import Connection, Endpoint
from bookpack.ask.question import Answer, Answered, InvalidAnswerError, NoAnswer, Question, Reason
from bookpack.ask.session import Clock
from bookpack.ask.ticket import BatchState, BatchTicket, Part
from bookpack.ask.trouble import Follows, Trouble, judge, one_line
from bookpack.ask.wire import CutError, is_refused, read_reply, request_body, value_of
from bookpack.config.tables import ModelTable
from bookpack.errors import SettingsError, WorldError

MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000
"""What one input file may hold: platform.openai.com, reference of `batches.create`."""
_TRANSFER_TIMEOUT = 1800.0
_ENDED = {"completed", "failed", "expired", "cancelled"}
_REASONS = {Follows.REJECTED: Reason.REJECTED, Follows.REFUSED: Reason.REFUSED}
Result = TypeVar("Result")


class BatchAsker:
    """Submits, watches and collects batches. Raises `SettingsError` as `Asker` does.

    Every method raises `WorldError` when the endpoint does not play along.
    """

    def __init__(
        self,
        settings: ModelTable,
        *,
        environment: Mapping[str, str] = os.environ,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._clock = clock or Clock()
        self._endpoint = Endpoint(settings, environment)
        self._ledger = Ledger(settings)
        self.stopped = ""
        """Why the last `submit` left questions out: one sentence, or nothing."""

    def submit(
        self,
        questions: Iterable[Question[Any]],
        keep: Callable[[BatchTicket], None],
        *,
        ticket: BatchTicket | None = None,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
    ) -> BatchTicket:
        """Submit `questions`, in as many batches as they need, and return the ticket.

        `keep` gets the ticket whenever a batch has been made, so that a killed process loses at
        most one. A question that `ticket` has already is left out. So is everything from the
        first question on that could break the budget; `stopped` says so.
        """
        settings = self._settings
        current = ticket or BatchTicket(
            self._endpoint.base_url, settings.name, settings.max_output_tokens
        )
        self._check(current)
        self.stopped = ""
        lines = self._lines(questions, {name for part in current.parts for name in part.requests})
        line = next(lines, None)
        while line is not None:
            with tempfile.TemporaryFile() as file:
                names: list[str] = []
                size = 0
                while line is not None and len(names) < most_requests:
                    name, data = line
                    if names and size + len(data) > most_bytes:
                        break
                    file.write(data)
                    size += len(data)
                    names.append(name)
                    line = next(lines, None)
                part = asyncio.run(self._submit_file(file, tuple(names)))
            current = replace(current, parts=(*current.parts, part))
            keep(current)
        return current

    def state(self, ticket: BatchTicket) -> BatchState:
        """Ask how far the ticket's batches are."""
        self._check(ticket)
        batches = asyncio.run(self._retrieve(ticket))
        counts = [batch.get("request_counts") or {} for batch in batches]
        states = tuple(str(batch.get("status")) for batch in batches)
        return BatchState(
            sum(len(part.requests) for part in ticket.parts),
            sum(int(count.get("completed") or 0) for count in counts),
            sum(int(count.get("failed") or 0) for count in counts),
            all(state in _ENDED for state in states),
            states,
        )

    def collect(
        self, ticket: BatchTicket, questions: Iterable[Question[Answered]]
    ) -> Generator[Outcome[Answered], None, None]:
        """Yield what came of each of `questions` that a batch of the ticket has ended with.

        Questions are the ones submitted, known by their keys; one whose batch is still running,
        or that was never submitted, has no outcome. Results lie in a temporary file, not in
        memory.
        """
        self._check(ticket)
        with tempfile.TemporaryFile() as file:
            ended = asyncio.run(self._download(ticket, file))
            places = _index(file)
            for question in questions:
                name = _name(question)
                if name in places:
                    file.seek(places[name])
                    yield self._outcome(question, ticket, json.loads(file.readline()))
                elif name in ended:
                    message = f"The batch ended without an answer to this ({ended[name]})."
                    yield NoAnswer(question, Reason.UNAVAILABLE, message)

    def _check(self, ticket: BatchTicket) -> None:
        if (ticket.base_url, ticket.model) != (self._endpoint.base_url, self._settings.name):
            raise SettingsError(
                f"The batch was submitted to {ticket.model} at {ticket.base_url}, and [model] "
                "names something else. Set base-url and name back, or give the batch up."
            )

    def _lines(
        self, questions: Iterable[Question[Any]], submitted: set[str]
    ) -> Iterator[tuple[str, bytes]]:
        settings = self._settings
        known = remembered(
            self._endpoint.base_url, settings.name, self._environment, self._clock.time()
        )
        for question in questions:
            name = _name(question)
            if name in submitted:
                continue
            submitted.add(name)
            limit = question.max_output_tokens or settings.max_output_tokens
            wanted = Reservation(tokens_of(question, known.input_ratio), limit)
            if not self._ledger.reserve(wanted):
                self.stopped = self._ledger.explain(wanted)
                return
            body = request_body(question, settings.name, known, limit, settings.temperature)
            line = {
                "custom_id": name,
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": body,
            }
            yield name, json.dumps(line, ensure_ascii=False).encode() + b"\n"

    async def _submit_file(self, file: IO[bytes], names: tuple[str, ...]) -> Part:
        async with self._endpoint.connect(self._clock.time) as connection:
            client = connection.client

            async def upload() -> str:
                file.seek(0)
                made = await client.files.create(file=("bookpack.jsonl", file), purpose="batch")
                return made.id

            uploaded = await self._insist(connection, upload)
            tried = False

            async def create() -> str:
                nonlocal tried
                if tried:
                    # The endpoint may have made the batch and its answer been lost; a second
                    # one would cost everything twice.
                    for batch in (await client.batches.list(limit=100)).data:
                        if batch.input_file_id == uploaded:
                            return batch.id
                tried = True
                made = await client.batches.create(
                    input_file_id=uploaded,
                    endpoint="/v1/chat/completions",
                    completion_window="24h",
                )
                return made.id

            return Part(await self._insist(connection, create), uploaded, names)

    async def _retrieve(self, ticket: BatchTicket) -> list[dict[str, Any]]:
        async with self._endpoint.connect(self._clock.time) as connection:
            return [
                await self._insist(connection, partial(_batch, connection, part))
                for part in ticket.parts
            ]

    async def _download(self, ticket: BatchTicket, file: IO[bytes]) -> dict[str, str]:
        """Append all results to `file`; return the requests of ended batches with their state."""
        ended: dict[str, str] = {}
        batches = await self._retrieve(ticket)
        async with self._endpoint.connect(self._clock.time) as connection:
            for part, batch in zip(ticket.parts, batches, strict=True):
                if batch.get("status") not in _ENDED:
                    continue
                ended.update(dict.fromkeys(part.requests, _why(batch)))
                for name in ("output_file_id", "error_file_id"):
                    if batch.get(name):
                        await self._fetch(connection, str(batch[name]), file)
        return ended

    async def _fetch(self, connection: Connection, name: str, file: IO[bytes]) -> None:
        start = file.tell()

        async def fetch() -> None:
            file.seek(start)
            file.truncate()
            content = connection.client.files.with_streaming_response.content(name)
            async with content as response:
                async for piece in response.iter_bytes():
                    file.write(piece)
            file.write(b"\n")

        await self._insist(connection, fetch)

    async def _insist(
        self, connection: Connection, function: Callable[[], Awaitable[Result]]
    ) -> Result:
        """Run `function` until it succeeds. Raises `WorldError` after the last attempt."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await connection.exchange(function, _TRANSFER_TIMEOUT)
            except Trouble as trouble:
                passing = trouble.follows in (Follows.AGAIN, Follows.SLOW_DOWN)
                if not passing or attempt >= self._settings.attempts:
                    text = f"The batch failed: {trouble.message}. {trouble.advice}".rstrip()
                    raise WorldError(text) from None
                backoff = 2.0**attempt * self._clock.random()
                await self._clock.sleep(min(60.0, trouble.retry_after or backoff))

    def _outcome(
        self, question: Question[Answered], ticket: BatchTicket, line: dict[str, Any]
    ) -> Outcome[Answered]:
        response, error, now = line.get("response"), line.get("error"), self._clock.time()
        if error or not isinstance(response, dict):
            said = error.get("message") if isinstance(error, dict) else error
            message = one_line(str(said or "the request failed")).rstrip(".")
            return NoAnswer(question, Reason.UNAVAILABLE, f"No answer: {message}.")
        body, code = json.dumps(response.get("body")), response.get("status_code")
        try:
            if isinstance(code, int) and code >= 400:
                raise judge(code, body, {}, now)
            reply = read_reply(body.encode(), now)
        except Trouble as trouble:
            reason = _REASONS.get(trouble.follows, Reason.UNAVAILABLE)
            return NoAnswer(question, reason, f"No answer: {trouble.message}.")
        refusal = is_refused(reply)
        if refusal:
            message = f"The model declined to answer: {refusal}."
            return NoAnswer(question, Reason.REFUSED, message, reply.usage)
        limit = question.max_output_tokens or ticket.max_output_tokens
        try:
            value = value_of(reply, question, limit)
        except CutError:
            message = f"The answer was cut off at {limit:,} tokens."
            return NoAnswer(question, Reason.CUT, message, reply.usage)
        except InvalidAnswerError as error:
            message = f"The answer has not the shape asked for: {error}"
            return NoAnswer(question, Reason.INVALID, message, reply.usage)
        return Answer(question, value, reply.model or ticket.model, reply.usage)


async def _batch(connection: Connection, part: Part) -> dict[str, Any]:
    return (await connection.client.batches.retrieve(part.batch)).to_dict()


def _why(batch: Mapping[str, Any]) -> str:
    """Return the state in which a batch ended, and its first error."""
    state = str(batch.get("status"))
    with contextlib.suppress(KeyError, IndexError, TypeError):
        return f"{state}: {one_line(str(batch['errors']['data'][0]['message']))}"
    return state


def _index(file: IO[bytes]) -> dict[str, int]:
    """Return the place of each request's first line; what is no result is passed over."""
    places: dict[str, int] = {}
    file.seek(0)
    place = 0
    for line in file:
        try:
            name = json.loads(line)["custom_id"]
        except (KeyError, TypeError, ValueError, RecursionError):
            name = None
        if isinstance(name, str):
            places.setdefault(name, place)
        place += len(line)
    return places


def _name(question: Question[Any]) -> str:
    """Return the name of a question in a batch, which is short whatever its key is."""
    return sha256(question.key.encode("utf-8", "replace")).hexdigest()[:32]
