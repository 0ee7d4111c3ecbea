"""What becomes of one address: from the first HEAD to an outcome, one answer at a time.

A visit sends nothing itself. It says what to ask, is told the answer, and says what to ask
next: the same once more, the same with GET, or where a redirect leads (RFC 9110, section 15).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from threading import Lock
from urllib.parse import urlsplit

from bookpack.desks.external.anchors import has_anchor, is_readable, page_anchors, page_text
from bookpack.desks.external.schedule import Again
from bookpack.network.addresses import host_of, join
from bookpack.network.fetch import Answer, Ask, Failure, Trouble, status_words

BODY_LIMIT = 1024 * 1024
MOST_REDIRECTS = 10
LONGEST_WAIT = 60.0
"""Seconds that one host may make us wait by `Retry-After`, all its addresses together."""
_BACKOFF = (1.0, 3.0)
"""Seconds before a server that failed is asked a second and a third time."""
_MOST_WAITS = 5
_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_NOT_FOR_US = (401, 402, 403, 405, 407, 451, 999)
"""The page exists and is not for a program to see; 999 is LinkedIn's own."""


class State(StrEnum):
    """What an address turned out to be."""

    GOOD = "good"
    DEAD = "dead"
    UNREACHABLE = "unreachable"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a visit.

    `final` is the address that answered last. `moved_to` is where the permanent redirects at the
    beginning of the way lead, if there are any: behind a temporary one the old address stays
    right. `anchors` tells for each anchor asked for whether the page has it, None where that
    cannot be told. `private` tells that a machine outside the public internet took part.
    """

    state: State
    final: str
    status: int = 0
    moved_to: str = ""
    reason: str = ""
    anchors: Mapping[str, bool | None] = field(default_factory=dict)
    private: bool = False


class Patience:
    """How long hosts may make us wait; shared by all visits of a run."""

    def __init__(self, longest: float = LONGEST_WAIT) -> None:
        self.longest = longest
        self._lock = Lock()
        self._spent: dict[str, tuple[float, float]] = {}

    def allows(self, host: str, seconds: float, now: float) -> bool:
        """Tell whether `host` may have us wait for `seconds` from `now`, and remember it.

        Waits of several visits at the same time count once.
        """
        with self._lock:
            spent, until = self._spent.get(host, (0.0, now))
            more = max(0.0, now + seconds - max(now, until))
            if spent + more > self.longest:
                return False
            self._spent[host] = (spent + more, max(until, now + seconds))
            return True


class Visit:
    """One address on its way to an outcome. `anchors` are looked for in the page."""

    def __init__(self, address: str, anchors: Iterable[str], patience: Patience) -> None:
        self.address = address
        self.anchors = tuple(sorted(set(anchors)))
        self.patience = patience
        self.ask = self._asking(address, "GET" if self.anchors else "HEAD")
        self.outcome: Outcome | None = None
        self._seen = [address]
        self._moved_to = ""
        self._only_permanent = True
        self._own_fragment = False
        self._tries = 0
        self._waits = 0
        self._private = False

    def take(self, answer: Answer | Failure, now: float, time: float) -> Again | None:
        """Take the answer to `ask`; None means that there is an `outcome`.

        `now` counts seconds and never goes back, `time` is seconds since 1970.
        """
        result = self._judge(answer, now, time)
        if isinstance(result, Again):
            return result
        self.outcome = result
        return None

    def _judge(self, answer: Answer | Failure, now: float, time: float) -> Again | Outcome:
        if isinstance(answer, Failure):
            return self._failed(answer)
        self._private = self._private or answer.private
        status = answer.status
        if status in _REDIRECTS and "location" in answer.headers:
            return self._redirected(answer)
        if status in (429, 503):
            waiting = self._told_to_wait(answer, now, time)
            if waiting is not None:
                return waiting
        if 200 <= status < 400:
            return self._end(State.GOOD, status, anchors=self._find_anchors(answer))
        if self.ask.method == "HEAD" and status != 429:
            # Many servers refuse HEAD, or answer it as nobody meant them to.
            return self._same_again("GET")
        if status == 416 and self.ask.body_limit:
            return self._end(State.GOOD, status)  # an empty page has no first byte
        if status in _GONE:
            return self._end(State.DEAD, status, reason=f"answers {status_words(status)}")
        if status in _NOT_FOR_US:
            return self._end(State.GOOD, status)
        reason = f"it answers {status_words(status)}"
        if (status == 429 or status >= 500) and self._tries < len(_BACKOFF):
            delay = _BACKOFF[self._tries]
            self._tries += 1
            return Again(host_of(self.ask.address), delay, hold=status == 429)
        return self._end(State.UNREACHABLE, status, reason=reason)

    def _failed(self, failure: Failure) -> Again | Outcome:
        if failure.trouble is Trouble.PRIVATE:
            return self._end(State.PRIVATE, reason=failure.reason)
        if self.ask.method == "HEAD" and failure.trouble in (Trouble.NO_ANSWER, Trouble.TIME_OUT):
            return self._same_again("GET")
        return self._end(State.UNREACHABLE, reason=failure.reason)

    def _redirected(self, answer: Answer) -> Again | Outcome:
        here = self.ask.address
        try:
            address, fragment = join(here, answer.headers["location"])
        except ValueError:
            reason = "it leads to something that is no web address"
            return self._end(State.UNREACHABLE, answer.status, reason=reason)
        self._only_permanent = self._only_permanent and answer.status in _PERMANENT
        if self._only_permanent:
            self._moved_to = f"{address}#{fragment}" if fragment else address
        self._own_fragment = self._own_fragment or bool(fragment)
        if address in self._seen:
            # A browser with cookies may get further.
            reason = "its redirects go round in a circle"
            return self._end(State.UNREACHABLE, answer.status, reason=reason)
        if len(self._seen) > MOST_REDIRECTS:
            reason = f"it redirects more than {MOST_REDIRECTS} times"
            return self._end(State.UNREACHABLE, answer.status, reason=reason)
        self._seen.append(address)
        self._tries = 0
        self.ask = self._asking(address, self.ask.method)
        return Again(host_of(address))

    def _told_to_wait(self, answer: Answer, now: float, time: float) -> Again | Outcome | None:
        seconds = seconds_to_wait(answer.headers.get("retry-after", ""), time)
        if seconds is None:
            return None
        host = host_of(self.ask.address)
        self._waits += 1
        if self._waits > _MOST_WAITS or not self.patience.allows(host, seconds, now):
            words = status_words(answer.status)
            reason = f"it answers {words} and asks us to come back in {seconds:,.0f} seconds"
            return self._end(State.UNREACHABLE, answer.status, reason=reason)
        return Again(host, seconds, hold=True)

    def _same_again(self, method: str) -> Again:
        self.ask = self._asking(self.ask.address, method)
        return Again(host_of(self.ask.address))

    def _asking(self, address: str, method: str) -> Ask:
        limit = BODY_LIMIT if self.anchors and method == "GET" else 0
        return Ask(address, method, limit)

    def _find_anchors(self, answer: Answer) -> dict[str, bool | None]:
        unknown: dict[str, bool | None] = dict.fromkeys(self.anchors)
        kind = answer.headers.get("content-type", "")
        encoding = answer.headers.get("content-encoding", "")
        if not self.anchors or self._own_fragment or not is_readable(kind, encoding):
            return unknown
        there = page_anchors(page_text(answer.body, kind))
        if there is None:
            return unknown
        missing = None if answer.cut else False
        return {anchor: has_anchor(there, anchor) or missing for anchor in self.anchors}

    def _end(
        self,
        state: State,
        status: int = 0,
        *,
        reason: str = "",
        anchors: Mapping[str, bool | None] | None = None,
    ) -> Outcome:
        return Outcome(
            state,
            self.ask.address,
            status,
            self._moved_to if state is State.GOOD else "",
            reason,
            dict.fromkeys(self.anchors) if anchors is None else anchors,
            self._private,
        )


def seconds_to_wait(retry_after: str, time: float) -> float | None:
    """Read a `Retry-After` field: seconds or a date (RFC 9110, section 10.2.3); None if neither."""
    value = retry_after.strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        return max(0.0, moment.timestamp() - time)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def is_front_page(address: str) -> bool:
    """Tell whether an address names a site and no page of it."""
    parts = urlsplit(address)
    return parts.path in ("", "/") and not parts.query
