"""What the web edition cannot show as its author meant it. Cheap: a check asks this every time."""

from collections.abc import Iterable, Iterator, Sequence

from bookpack.diagnostics import Diagnostic, report
from bookpack.editions.web.addresses import inside_base, is_dangerous, is_own, path_of
from bookpack.editions.web.places import Clash, Places
from bookpack.links.book import ResolvedChapter
from bookpack.links.resolution import Kind, Resolution
from bookpack.model import Image, Link


def check_pages(resolved: Sequence[ResolvedChapter], base: str) -> Iterator[Diagnostic]:
    """Yield findings about pages, links and formulas; `base` is the book's address."""
    places = Places((one.chapter for one in resolved), base)
    for clash in places.clashes:
        if not _is_duplicate(clash):
            line = clash.chapter.address_line
            place = line.span if line and clash.address == clash.chapter.url else None
            yield report("address-taken", clash.chapter.source, str(clash), place)
    for one in resolved:
        chapter = one.chapter
        if path_of(chapter.url, base) is None and not is_own(chapter.url, base):
            place = chapter.address_line.span if chapter.address_line else None
            message = f"{chapter.url} is not below {base}."
            yield report("page-outside-site", chapter.source, message, place)
        for link, _ in one.links:
            if is_dangerous(link.target):
                message = f"{link.target[:60]} is no address."
                yield report("unsafe-link", chapter.source, message, link.target_span or link.span)
        references: list[tuple[Link | Image, Resolution]] = [*one.links, *one.images]
        for reference, resolution in references:
            if resolution.kind is Kind.ASSET and resolution.path:
                path = inside_base(resolution.url, base)
                if path and not places.has_room_for_asset(path):
                    message = f"{resolution.path} cannot lie at {path}: a page is there."
                    place = reference.target_span or reference.span
                    yield report("address-taken", chapter.source, message, place)
    with_math = [one for one in resolved if len(one.chapter.structure.math)]
    yield from _check_math(with_math) if with_math else ()


def _is_duplicate(clash: Clash) -> bool:
    """Tell whether another rule says it: two chapters state the same address."""
    other = clash.holder.address.rstrip("/")
    return clash.holder.chapter is not None and clash.address.rstrip("/") == other


def _check_math(resolved: Iterable[ResolvedChapter]) -> Iterator[Diagnostic]:
    from bookpack.editions.web.math import mathml

    for one in resolved:
        source = one.chapter.source
        for span in one.chapter.structure.math:
            written = span.slice(source.text)
            if mathml(written.strip("$"), display=written.startswith("$$")) is None:
                message = f"{' '.join(written.split())[:80]} cannot be drawn."
                yield report("unknown-tex", source, message, span)
