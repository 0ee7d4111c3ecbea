"""The links of a book to other sites → what became of them → findings.

Every address is asked once, however many places and anchors name it; every place gets its own
finding. Nothing here prints.
"""

import contextlib
import re
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from html import escape
from threading import Lock
from typing import NamedTuple
from urllib.parse import unquote

from bookpack.config.tables import LinksTable
from bookpack.desks.external.anchors import anchor_to_look_for
from bookpack.desks.external.cache import Cache
from bookpack.desks.external.schedule import Again, Clock, Schedule
from bookpack.desks.external.visit import Outcome, Patience, State, Visit, is_front_page
from bookpack.diagnostics import Diagnostic, report
from bookpack.links.book import ResolvedChapter
from bookpack.links.resolution import Kind, Resolution
from bookpack.model import Image, Link, LinkKind
from bookpack.network import addresses
from bookpack.network.fetch import Answer, Ask, Failure, Fetcher, Trouble
from bookpack.source import Edit, Source, Span

Fetch = Callable[[Ask], Answer | Failure]
Progress = Callable[[str, int, int], None]
_BY_DEFINITION = (LinkKind.REFERENCE, LinkKind.COLLAPSED, LinkKind.SHORTCUT)
_INTERVAL = 0.1
"""Seconds between the starts of two requests to one host of the public internet."""
_SILENT_ADDRESSES = 5
"""Addresses in a row that a site may leave without any answer before it is left alone."""


class Place(NamedTuple):
    """Where a link to another site stands, and what it says there.

    `anchor` is what the page must have; `fixable` tells that `span` is the target and no more.
    """

    source: Source
    span: Span
    target: str
    kind: LinkKind
    fragment: str
    anchor: str
    fixable: bool


@dataclass(frozen=True, slots=True)
class ExternalLinks:
    """The outside addresses of a book with the places that name them, in reading order."""

    places: dict[str, list[Place]]
    malformed: list[Diagnostic]


def check_external_links(
    resolved: Sequence[ResolvedChapter],
    links: LinksTable,
    cache: Cache,
    *,
    fetch: Fetch | None = None,
    clock: Clock | None = None,
    progress: Progress | None = None,
) -> list[Diagnostic]:
    """Ask for every outside address of the book that `cache` does not know.

    Whatever ends the run, also Ctrl-C, what was answered until then is kept; what can go wrong
    with keeping is told by `cache`.
    """
    clock = clock or Clock()
    if fetch is None:
        fetch = Fetcher(links.external_timeout, allow_private=links.external_allow_private).fetch
    outside = find_external_links(resolved, links.external_ignore)
    outcomes: dict[str, Outcome] = {}
    visits: list[Visit] = []
    patience = Patience()
    for address, places in outside.places.items():
        anchors = {place.anchor for place in places if place.anchor}
        known = cache.get(
            address, anchors, clock.time(), allow_private=links.external_allow_private
        )
        if known is not None:
            outcomes[address] = known
        else:
            visits.append(Visit(address, anchors, patience))
    step = progress or (lambda name, done, total: None)
    try:
        with contextlib.closing(_ask_all(visits, links, fetch, clock)) as finished:
            for number, visit in enumerate(finished, 1):
                assert visit.outcome is not None
                outcomes[visit.address] = visit.outcome
                cache.put(visit.address, visit.outcome, clock.time())
                step("asking", number, len(visits))
    finally:
        cache.save(clock.time())
    found = list(outside.malformed)
    for address, places in outside.places.items():
        for place in places:
            found += _findings(place, address, outcomes[address])
    return found


def find_external_links(
    resolved: Sequence[ResolvedChapter], ignore: Sequence[str] = ()
) -> ExternalLinks:
    """Collect links, images and definitions that lead to other sites, but those in `ignore`."""
    outside: defaultdict[str, list[Place]] = defaultdict(list)
    malformed: list[Diagnostic] = []
    for source, target, raw, kind, target_span, span in _references(resolved):
        if not addresses.is_web(target):
            continue
        names = (target.strip(), target.strip().partition("#")[0])
        if any(fnmatchcase(name, pattern) for pattern in ignore for name in names):
            continue
        place = target_span or span
        try:
            address, fragment = addresses.split_fragment(target)
        except ValueError:
            message = f"{target} is no address that could be asked."
            found = report("dead-external-link", source, message, place, help="Correct it.")
            malformed.append(found)
            continue
        fixable = target_span is not None and target_span.slice(source.text) == raw
        anchor = anchor_to_look_for(fragment)
        outside[address].append(Place(source, place, target, kind, fragment, anchor, fixable))
    return ExternalLinks(dict(outside), malformed)


def _references(
    resolved: Sequence[ResolvedChapter],
) -> Iterator[tuple[Source, str, str, LinkKind, Span | None, Span]]:
    for one in resolved:
        source = one.chapter.source
        references: list[tuple[Link | Image, Resolution]] = [*one.links, *one.images]
        for reference, resolution in references:
            # References by label are reported once, at their definition.
            if resolution.kind is Kind.EXTERNAL and reference.kind not in _BY_DEFINITION:
                yield (
                    source,
                    reference.target,
                    reference.raw_target,
                    reference.kind,
                    reference.target_span,
                    reference.span,
                )
        for definition, resolution in one.definitions:
            if resolution.kind is Kind.EXTERNAL and not definition.repeated:
                yield (
                    source,
                    definition.target,
                    definition.raw_target,
                    LinkKind.REFERENCE,
                    definition.target_span,
                    definition.span,
                )


def _ask_all(
    visits: Sequence[Visit], links: LinksTable, fetch: Fetch, clock: Clock
) -> Generator[Visit, None, None]:
    """Bring every visit to its outcome; yield them as they come."""
    schedule: Schedule[Visit] = Schedule(
        total=links.external_concurrency,
        per_host=links.external_per_host,
        interval=0.0 if links.external_allow_private else _INTERVAL,
        clock=clock,
    )
    silent = _Silent()

    def work(visit: Visit) -> Again | None:
        ask = visit.ask
        site = addresses.site_of(ask.address)
        answer: Answer | Failure
        left_alone = silent.is_left_alone(site)
        if left_alone:
            reason = f"{site} gave no answer {_SILENT_ADDRESSES} times in a row"
            answer = Failure(Trouble.NO_CONNECTION, reason)
        else:
            answer = fetch(ask)
        again = visit.take(answer, clock.monotonic(), clock.time())
        # A HEAD without an answer does not count where GET is tried next.
        if not left_alone and (again is None or isinstance(answer, Answer)):
            silent.note(site, answer)
        return again

    jobs = ((addresses.host_of(visit.address), visit) for visit in visits)
    return schedule.run(jobs, work)


class _Silent:
    """Which sites do not answer: a dead server with many links must not cost a time-out each."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._in_a_row: dict[str, int] = {}

    def note(self, site: str, answer: Answer | Failure) -> None:
        """Count addresses without an answer; any answer begins a new row."""
        with self._lock:
            silent = isinstance(answer, Failure) and answer.trouble is not Trouble.PRIVATE
            self._in_a_row[site] = self._in_a_row.get(site, 0) + 1 if silent else 0

    def is_left_alone(self, site: str) -> bool:
        """Tell whether the row is long enough."""
        with self._lock:
            return self._in_a_row.get(site, 0) >= _SILENT_ADDRESSES


def _findings(place: Place, address: str, outcome: Outcome) -> list[Diagnostic]:
    source, span = place.source, place.span
    way = f"{address} leads to {outcome.final}, which" if outcome.final != address else address
    if outcome.state is State.PRIVATE:
        host = addresses.host_of(outcome.final)
        means = "" if outcome.reason == host else f" ({outcome.reason})"
        led = f"{address} leads to {outcome.final}: " if outcome.final != address else ""
        message = f"{led}{host}{means} is no address of the public internet; it was not asked."
        return [report("private-address", source, message, span)]
    if outcome.state is State.DEAD:
        return [report("dead-external-link", source, f"{way} {outcome.reason}.", span)]
    if outcome.state is State.UNREACHABLE:
        message = f"{way} could not be reached: {outcome.reason}."
        return [report("unreachable-external-link", source, message, span)]
    found = []
    if outcome.moved_to:
        found.append(_moved(place, address, outcome.moved_to))
    if place.anchor and outcome.anchors.get(place.anchor) is False:
        message = f"The page {outcome.final} has no anchor #{unquote(place.anchor)}."
        found.append(report("broken-external-anchor", source, message, span))
    return found


def _moved(place: Place, address: str, moved_to: str) -> Diagnostic:
    # The anchor goes along unless the redirect names one of its own (RFC 9110, section 10.2.2).
    keeps = place.fragment and "#" not in moved_to
    new = f"{moved_to}#{place.fragment}" if keeps else moved_to
    message = f"{address} has moved to {new} for good."
    if is_front_page(moved_to) and not is_front_page(address):
        # Sites that were rebuilt send every page they lost to their front page.
        help = "That is the site's front page: look there for the page, it may be gone."
        return report("moved-external-link", place.source, message, place.span, help=help)
    fix = Edit(place.span, _as_written(new, place.kind)) if place.fixable else None
    return report("moved-external-link", place.source, message, place.span, fix=fix)


def _as_written(address: str, kind: LinkKind) -> str:
    """Return an address so that it means itself where a link of this kind has its target."""
    written = address.replace(" ", "%20").replace("<", "%3C").replace(">", "%3E")
    written = written.replace('"', "%22").replace("|", "%7C").replace("\\", "%5C")
    if kind is LinkKind.HTML:
        return escape(written.replace("'", "%27").replace("`", "%60"))
    if kind is LinkKind.AUTOLINK:
        return written
    # CommonMark, section 6.3: parentheses must be balanced, and entities are resolved.
    if not _is_balanced(written):
        written = written.replace("(", "%28").replace(")", "%29")
    return re.sub(r"&(?=#?\w+;)", "&amp;", written)


def _is_balanced(text: str) -> bool:
    depth = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return depth == 0
