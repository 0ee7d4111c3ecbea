"""Arithmetic on runs of spans, linear in their number."""

from collections.abc import Iterable

from bookpack.model import SpanList
from bookpack.source import Span


def merged(spans: Iterable[Span]) -> SpanList:
    """Return the union of `spans`, in order; spans that touch become one."""
    flat: list[int] = []
    for start, end in sorted(spans):
        if start == end:
            continue
        if flat and start <= flat[-1]:
            flat[-1] = max(flat[-1], end)
        else:
            flat += (start, end)
    return SpanList(flat)


def without(spans: SpanList, holes: Iterable[Span]) -> SpanList:
    """Return what `spans`, which are in order, cover outside of `holes`."""
    kept: list[int] = []
    gaps = iter(sorted(holes))
    gap = next(gaps, None)
    for span in spans:
        start = span.start
        while gap is not None and gap.start < span.end:
            if start < gap.start:
                kept += (start, gap.start)
            start = max(start, gap.end)
            if gap.end > span.end:
                break
            gap = next(gaps, None)
        if start < span.end:
            kept += (start, span.end)
    return SpanList(kept)
