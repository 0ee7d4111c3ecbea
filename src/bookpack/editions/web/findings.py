"""What the web edition cannot show as its author meant it. Cheap: a check asks this every time."""

from collections.abc import Iterable, Iterator, Sequence

from bookpack.diagnostics import Diagnostic, report
from bookpack.editions.web.addresses import is_dangerous, path_of
from bookpack.links.book import ResolvedChapter


def check_pages(resolved: Sequence[ResolvedChapter], base: str) -> Iterator[Diagnostic]:
    """Yield findings about pages, links and formulas; `base` is the book's address."""
    for one in resolved:
        chapter = one.chapter
        if path_of(chapter.url, base) is None:
            place = chapter.address_line.span if chapter.address_line else None
            message = f"{chapter.url} is not below {base}."
            yield report("page-outside-site", chapter.source, message, place)
        for link, _ in one.links:
            if is_dangerous(link.target):
                message = f"{link.target[:60]} is no address."
                yield report("unsafe-link", chapter.source, message, link.target_span or link.span)
    with_math = [one for one in resolved if len(one.chapter.structure.math)]
    yield from _check_math(with_math) if with_math else ()


def _check_math(resolved: Iterable[ResolvedChapter]) -> Iterator[Diagnostic]:
    from bookpack.editions.web.math import mathml

    for one in resolved:
        source = one.chapter.source
        for span in one.chapter.structure.math:
            written = span.slice(source.text)
            if mathml(written.strip("$"), display=written.startswith("$$")) is None:
                message = f"{' '.join(written.split())[:80]} cannot be drawn."
                yield report("unknown-tex", source, message, span)
