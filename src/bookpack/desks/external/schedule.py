"""Many jobs at once, few to each host: limits in total and per host, and pauses between requests.

A job that has to wait (`Retry-After`, a pause before another try) or that leads on to another
host goes back into the queue: no worker stands idle for it.
"""

import heapq
import threading
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

_Job = TypeVar("_Job")
_AT_ONCE = float("-inf")


class Clock:
    """The real time. Tests pass a clock of their own, in which waiting takes none."""

    def time(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Wait until `condition` is notified, at most for `seconds`."""
        condition.wait(seconds)


@dataclass(frozen=True, slots=True)
class Again:
    """A job goes on at `host`, after `delay` seconds; `hold` makes the host's other jobs wait."""

    host: str
    delay: float = 0.0
    hold: bool = False


@dataclass(slots=True)
class _Host(Generic[_Job]):
    waiting: list[tuple[float, int, _Job]] = field(default_factory=list)
    running: int = 0
    next_start: float = 0.0


class Queue(Generic[_Job]):
    """Decides which job may run now. Knows no time but what it is told, and no threads."""

    def __init__(self, *, per_host: int, interval: float) -> None:
        self.per_host = per_host
        self.interval = interval
        self._hosts: dict[str, _Host[_Job]] = {}
        self._turns: dict[str, _Host[_Job]] = {}
        self._number = count()

    def add(self, host: str, job: _Job, ready_at: float = 0.0) -> None:
        """Let `job` wait for its turn at `host`, which does not come before `ready_at`."""
        entry = self._hosts.setdefault(host, _Host())
        heapq.heappush(entry.waiting, (ready_at, next(self._number), job))
        self._turns.setdefault(host, entry)

    def hold(self, host: str, until: float) -> None:
        """Start nothing at `host` before `until`."""
        entry = self._hosts.setdefault(host, _Host())
        entry.next_start = max(entry.next_start, until)

    def take(self, now: float) -> tuple[str, _Job] | float | None:
        """Return a host and a job to run, or the time when there may be one, or None.

        None means that all that waits, if anything, waits for a running job to end. Hosts take
        turns, so that a host with many links holds nobody up.
        """
        earliest: float | None = None
        for name, host in self._turns.items():
            if host.running >= self.per_host:
                continue
            ready_at = max(host.waiting[0][0], host.next_start)
            if ready_at <= now:
                host.running += 1
                host.next_start = now + self.interval
                job = heapq.heappop(host.waiting)[2]
                del self._turns[name]
                if host.waiting:
                    self._turns[name] = host
                return name, job
            earliest = ready_at if earliest is None else min(earliest, ready_at)
        return earliest

    def release(self, host: str) -> None:
        """Say that a job of `host` no longer runs."""
        self._hosts[host].running -= 1


class Schedule(Generic[_Job]):
    """Runs jobs on threads, as the queue allows."""

    def __init__(
        self, *, total: int, per_host: int, interval: float, clock: Clock | None = None
    ) -> None:
        self.total = total
        self.clock = clock or Clock()
        self._queue: Queue[_Job] = Queue(per_host=per_host, interval=interval)
        self._condition = threading.Condition()
        self._running = 0
        self._stopped = False
        self._finished: SimpleQueue[_Job | BaseException] = SimpleQueue()

    def run(
        self, jobs: Iterable[tuple[str, _Job]], work: Callable[[_Job], Again | None]
    ) -> Generator[_Job, None, None]:
        """Call `work` for every job until it returns None; yield jobs as they are finished.

        Close the iterator to stop: nothing new is started, and what runs is left behind. The
        threads are daemons, because Ctrl-C must not wait for a server that never answers.
        """
        waiting = 0
        for host, job in jobs:
            self._queue.add(host, job)
            waiting += 1
        threads = [
            threading.Thread(target=self._serve, args=(work,), daemon=True)
            for _ in range(min(self.total, waiting))
        ]
        try:
            for thread in threads:
                thread.start()
            while waiting:
                try:
                    # A bounded wait, because on Windows Ctrl-C does not end an unbounded one.
                    done = self._finished.get(timeout=0.5)
                except Empty:
                    continue
                if isinstance(done, BaseException):
                    raise done
                waiting -= 1
                yield done
        finally:
            with self._condition:
                self._stopped = True
                self._condition.notify_all()

    def _serve(self, work: Callable[[_Job], Again | None]) -> None:
        while True:
            taken = self._next()
            if taken is None:
                return
            host, job = taken
            try:
                again = work(job)
            except BaseException as error:
                self._finished.put(error)
                return
            with self._condition:
                self._queue.release(host)
                self._running -= 1
                if again is not None:
                    # What was begun is finished before something else is begun.
                    ready_at = self.clock.monotonic() + again.delay if again.delay else _AT_ONCE
                    self._queue.add(again.host, job, ready_at)
                    if again.hold:
                        self._queue.hold(again.host, ready_at)
                self._condition.notify_all()
            if again is None:
                self._finished.put(job)

    def _next(self) -> tuple[str, _Job] | None:
        with self._condition:
            while not self._stopped:
                now = self.clock.monotonic()
                taken = self._queue.take(now)
                if isinstance(taken, tuple):
                    self._running += 1
                    return taken
                if taken is not None:
                    self.clock.wait(self._condition, taken - now)
                elif self._running:
                    self._condition.wait()
                else:
                    return None
        return None
