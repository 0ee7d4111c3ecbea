"""Every link, image and definition of a book with what it means, and the findings on the way."""

from dataclasses import dataclass

from bookpack.diagnostics import Diagnostic, report
from bookpack.links.own_site import bare_addresses
from bookpack.links.resolution import Kind, Resolution
from bookpack.links.resolve import LinkResolver
from bookpack.model import Chapter, Definition, Image, Link, LinkKind
from bookpack.read.spans import merged
from bookpack.source import Edit, Source, Span

_BY_DEFINITION = (LinkKind.REFERENCE, LinkKind.COLLAPSED, LinkKind.SHORTCUT)
_ABSOLUTE_SHARE = 0.9
"""A book that links to itself by absolute address at least this often means to do so always."""


@dataclass(frozen=True, slots=True)
class ResolvedChapter:
    """The references of one chapter, each with its resolution."""

    chapter: Chapter
    links: tuple[tuple[Link, Resolution], ...]
    images: tuple[tuple[Image, Resolution], ...]
    definitions: tuple[tuple[Definition, Resolution], ...]


def resolve_chapter(chapter: Chapter, resolver: LinkResolver) -> ResolvedChapter:
    """Resolve everything in `chapter`, its own addresses in running text included."""
    structure = chapter.structure
    links = [*structure.links, *_bare_links(chapter, resolver)]
    return ResolvedChapter(
        chapter,
        tuple((link, resolver.resolve(link.target, chapter)) for link in links),
        tuple(
            (image, resolver.resolve(image.target, chapter, is_image=True))
            for image in structure.images
        ),
        tuple((d, resolver.resolve(d.target, chapter)) for d in structure.definitions),
    )


def check_links(resolved: list[ResolvedChapter]) -> list[Diagnostic]:
    """Report what is wrong with the references of a book."""
    found: list[Diagnostic] = []
    relative: list[tuple[Source, Span, str]] = []
    absolute = 0
    for one in resolved:
        source = one.chapter.source
        references: list[tuple[Link | Image, Resolution]] = [*one.links, *one.images]
        for reference, resolution in references:
            if reference.kind in _BY_DEFINITION:
                continue  # reported once, at the definition
            place = reference.target_span or reference.span
            if resolution.rule:
                found.append(_finding(source, place, resolution))
            elif reference.target_span is None and isinstance(reference, Link):
                message = f"The target {reference.target} could not be placed exactly."
                found.append(report("unplaceable-link", source, message, reference.span))
            if resolution.kind in (Kind.CHAPTER, Kind.BROKEN) and reference.target[:1] != "#":
                if resolution.relative:
                    relative.append((source, place, resolution.url))
                else:
                    absolute += resolution.kind is Kind.CHAPTER
        for definition, resolution in one.definitions:
            place = definition.target_span or definition.span
            if resolution.rule and not definition.repeated:
                found.append(_finding(source, place, resolution))
            if definition.repeated:
                message = f"[{definition.label}] is defined twice."
                found.append(report("duplicate-definition", source, message, definition.span))
        found += _check_footnotes(one.chapter)
    if relative and absolute / (absolute + len(relative)) >= _ABSOLUTE_SHARE:
        for source, place, url in relative:
            target = place.slice(source.text)
            message = f"The relative link {target} stands in a book that links by full addresses."
            fix = Edit(place, url) if url else None
            found.append(report("relative-link-left-in", source, message, place, fix=fix))
    return found


def _finding(source: Source, place: Span, resolution: Resolution) -> Diagnostic:
    return report(resolution.rule, source, resolution.message, place, help=resolution.help)


def _check_footnotes(chapter: Chapter) -> list[Diagnostic]:
    found = []
    used = {mark.label for mark in chapter.structure.footnotes if not mark.is_definition}
    defined: set[str] = set()
    for mark in chapter.structure.footnotes:
        if not mark.is_definition:
            continue
        if mark.label in defined:
            message = f"The footnote [^{mark.label}] is defined twice."
            found.append(report("duplicate-definition", chapter.source, message, mark.span))
        elif mark.label not in used:
            message = f"Nothing refers to the footnote [^{mark.label}]."
            found.append(report("unused-footnote", chapter.source, message, mark.span))
        defined.add(mark.label)
    return found


def _bare_links(chapter: Chapter, resolver: LinkResolver) -> list[Link]:
    text = chapter.source.text
    if resolver.site.host not in text:
        return []
    prose = chapter.structure.prose
    structure = chapter.structure
    taken = merged([*(k.span for k in structure.links), *(i.span for i in structure.images)])
    found = []
    for match in bare_addresses(text, resolver.site.host):
        span = Span(*match.span())
        if prose.holding(span.start) is None or not resolver.site.is_own(match[0]):
            continue
        if taken.holding(span.start) is not None:
            continue
        found.append(Link(span, span, match[0], match[0], match[0], LinkKind.BARE))
    return found
