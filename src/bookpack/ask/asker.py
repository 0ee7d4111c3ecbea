"""Many questions to one endpoint: outcomes as they come, in memory bounded by concurrency."""

import asyncio
import contextlib
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sized
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic

from bookpack.ask.accounts import Ledger
from bookpack.ask.capabilities import Known
from bookpack.ask.endpoint import Endpoint
from bookpack.ask.question import Answer, Answered, NoAnswer, Question, Reason, Usage
from bookpack.ask.session import Clock, Session
from bookpack.config.tables import ModelTable

Outcome = Answer[Answered] | NoAnswer[Answered]

_AHEAD = 4
"""Questions that are made while all slots are taken, so that none waits for a picture to load."""
_TICK = 0.5
"""Seconds between two reports of progress while nothing happens."""
_FAREWELL = 2.0
"""Seconds that running calls get to notice that they are cancelled."""
_INTERRUPTED = "The run was interrupted before this was answered."


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `total` and `seconds_left` are None where nobody knows.

    `failed` are questions without an answer, `rate` is questions per minute since the beginning,
    `money` is in the settings' currency, `pause` the seconds that the endpoint wants to be left
    alone.
    """

    done: int
    total: int | None
    failed: int
    rate: float
    usage: Usage
    money: float
    seconds_left: float | None
    pause: float = 0.0


class Asker:
    """The one door to models.

    Raises `SettingsError` when something that it needs is missing: an address, a model's name, a
    key, prices for a budget, the SDK. A budget counts for all runs of one asker together.
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
        self._running: _Thread[Any] | None = None
        self.stopped = ""
        """Why the last run ended before its questions did: one sentence, or nothing."""

    @property
    def spent(self) -> Usage:
        """Tokens and calls of all runs so far."""
        return self._ledger.spent

    @property
    def money(self) -> float:
        """What all runs so far have cost, in the settings' currency."""
        return self._ledger.money

    def stop(self) -> None:
        """End the run that is going on, from whatever thread.

        What is answered is still yielded, then a `NoAnswer` for each question that was under way.
        """
        if self._running is not None:
            self._running.stop()

    def run(
        self,
        questions: Iterable[Question[Answered]],
        *,
        total: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Generator[Outcome[Answered], None, None]:
        """Yield what comes of each question, in the order in which it comes.

        Questions are pulled in the caller's thread and only as they are needed: at most as many
        as run at once and four more exist at a time. A run that ends early (`stopped`) pulls
        no more; questions never pulled have no outcome. Ctrl-C while this iterator waits yields
        what is answered first and is raised then; a caller that gets one elsewhere calls `stop`
        and goes on iterating. Closing the iterator drops calls under way, without waiting.
        """
        if total is None and isinstance(questions, Sized):
            total = len(questions)
        self.stopped = ""
        count = _Count(self._clock, self._ledger, total)
        with _Thread[Answered](self._serve) as thread:
            self._running = thread
            try:
                yield from self._outcomes(thread, iter(questions), count, progress)
            finally:
                self._running = None
                self.stopped = thread.stopped

    def _outcomes(
        self,
        thread: "_Thread[Answered]",
        questions: Iterator[Question[Answered]],
        count: "_Count",
        progress: Callable[[Progress], None] | None,
    ) -> Iterator[Outcome[Answered]]:
        most = self._settings.concurrency + _AHEAD
        failure: Exception | None = None
        exhausted = False
        interrupted: KeyboardInterrupt | None = None
        while True:
            try:
                if thread.ready:
                    # It leaves the queue when the caller has come back for the next one, so that
                    # no interruption in between can lose it.
                    count.take(thread.ready[0])
                    if progress is not None:
                        progress(count.progress(thread.pause))
                    yield thread.ready[0]
                    thread.take()
                elif not (exhausted or thread.stopped) and thread.open < most:
                    try:
                        thread.submit(next(questions))
                    except StopIteration:
                        exhausted = True
                    except Exception as error:  # first keep what was paid for
                        failure, exhausted = error, True
                elif thread.open == 0:
                    break
                else:
                    thread.wait(_TICK)
                    if progress is not None and not thread.ready:
                        progress(count.progress(thread.pause))
            except KeyboardInterrupt as error:
                if interrupted is not None:
                    raise
                interrupted, exhausted = error, True
                thread.stop()
        if interrupted is not None:
            raise interrupted
        if failure is not None:
            raise failure

    @contextlib.asynccontextmanager
    async def _serve(self) -> AsyncIterator[Session]:
        """Open a session on the running event loop."""
        settings, base_url = self._settings, self._endpoint.base_url
        known = Known(base_url, settings.name, self._environment, self._clock.time())
        async with self._endpoint.connect(self._clock.time) as connection:
            yield Session(settings, connection, known, self._ledger, self._clock)
            known.note_ratio(self._ledger.input_ratio)


class _Count:
    """Counts outcomes and says how fast they come."""

    def __init__(self, clock: Clock, ledger: Ledger, total: int | None) -> None:
        self._clock = clock
        self._ledger = ledger
        self._total = total
        self._began = clock.monotonic()
        self._done = self._failed = 0

    def take(self, outcome: Outcome[Any]) -> None:
        self._done += 1
        self._failed += isinstance(outcome, NoAnswer)

    def progress(self, pause: float) -> Progress:
        seconds = self._clock.monotonic() - self._began
        rate = 60 * self._done / seconds if seconds > 0 else 0.0
        left = None
        if self._total is not None and rate:
            left = 60 * max(0, self._total - self._done) / rate
        spent, money = self._ledger.spent, self._ledger.money
        return Progress(self._done, self._total, self._failed, rate, spent, money, left, pause)


class _Thread(Generic[Answered]):
    """An event loop in a thread of its own, with a session on it: questions in, outcomes out.

    `ready` are outcomes not taken yet, `open` counts questions whose outcome was not taken.
    """

    def __init__(self, serve: Callable[[], AbstractAsyncContextManager[Session]]) -> None:
        self._serve = serve
        self._tasks: set[asyncio.Task[Outcome[Answered]]] = set()
        self._changed = threading.Event()
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._main, name="bookpack-ask", daemon=True)
        self._failure: BaseException | None = None
        self.ready: deque[Outcome[Answered]] = deque()
        self.open = 0

    def __enter__(self) -> "_Thread[Answered]":
        self._thread.start()
        self._loop = self._started.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call(self._cancel)
        self._call(self._ended.set)
        # A server that hangs must not hold the caller; the thread is a daemon.
        self._thread.join(_FAREWELL)

    @property
    def stopped(self) -> str:
        """Why nothing more is asked."""
        return self._session.stopped.message if self._session.stopped is not None else ""

    @property
    def pause(self) -> float:
        """Seconds that the endpoint wants to be left alone."""
        return self._session.pause

    def submit(self, question: Question[Answered]) -> None:
        """Hand a question over."""
        self.open += 1
        self._call(self._begin, question)

    def take(self) -> None:
        """Remove the first outcome."""
        self.ready.popleft()
        self.open -= 1

    def wait(self, seconds: float) -> None:
        """Wait until there is an outcome, at most so long (Windows hears no Ctrl-C meanwhile)."""
        self._changed.clear()
        if self._failure is not None:
            raise self._failure
        if not self.ready:
            self._changed.wait(seconds)

    def stop(self) -> None:
        """Start nothing more and drop what is under way."""
        self._call(self._session.stop, Reason.STOPPED, _INTERRUPTED)
        self._call(self._cancel)

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(function, *arguments)

    # What follows runs in the thread.

    def _main(self) -> None:
        try:
            asyncio.run(self._live())
        except Exception as error:
            if not self._started.done():
                self._started.set_exception(error)
            self._failure = error
            self._changed.set()

    async def _live(self) -> None:
        async with self._serve() as self._session:
            self._ended = asyncio.Event()
            self._started.set_result(asyncio.get_running_loop())
            await self._ended.wait()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_FAREWELL)

    def _begin(self, question: Question[Answered]) -> None:
        task = asyncio.get_running_loop().create_task(self._session.answer(question))
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._finish(question, ended))

    def _finish(
        self, question: Question[Answered], task: "asyncio.Task[Outcome[Answered]]"
    ) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            self.ready.append(NoAnswer(question, Reason.STOPPED, _INTERRUPTED))
        elif (error := task.exception()) is not None:  # a caller's `parse` raised what it must not
            self._failure = error
        else:
            self.ready.append(task.result())
        self._changed.set()

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
