"""Proposes changes to the links of a book, each for an author to decide on.

A fix keeps the kind of link that its author chose: an absolute link stays absolute, a
relative one relative. Only places that are exact in the author's own text are touched.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from bookpack.config import Settings
from bookpack.desks.links.mentions import find_mentions, index_names
from bookpack.desks.links.mirrors import find_old_links
from bookpack.desks.review.suggestion import Draft, Suggestion, make_suggestions
from bookpack.diagnostics import Diagnostic
from bookpack.links.book import ResolvedChapter
from bookpack.links.resolution import Kind, Resolution
from bookpack.links.resolve import LinkResolver
from bookpack.model import Chapter, Definition, Link, LinkKind
from bookpack.read.files import MARKDOWN_SUFFIXES
from bookpack.read.layouts.base import quote_path
from bookpack.read.plain import escape_plain
from bookpack.source import Span, TranslatedSource

ENGINE = "links"
FIXES = {
    "LF1": "standard-wording",
    "LF2": "canonical-address",
    "LF3": "alias",
    "LF4": "mirror",
    "LF5": "relative-left-in",
    "LF6": "missing-link",
    "LF7": "wrong-case",
}
"""The codes of all fixes, and what they are called."""
_WEB = re.compile(r"(?:https?:)?//", re.I)
_WORDED = (LinkKind.INLINE, LinkKind.REFERENCE)
_BY_DEFINITION = (LinkKind.REFERENCE, LinkKind.COLLAPSED, LinkKind.SHORTCUT)
_OPENING = re.compile(r"\]\(\s*<?$")
_PAGE_FORM = re.compile(r"(?:^|/)(?:index|README)(?:\.html?|\.md)?$|\.html?$", re.I)
_BARE = (LinkKind.AUTOLINK, LinkKind.BARE)


@dataclass(frozen=True, slots=True)
class Proposals:
    """What can be mended, and the authors' texts (path → text) in which the places are."""

    suggestions: list[Suggestion]
    texts: dict[str, str]


class _Place(NamedTuple):
    """A link target as it stands in a chapter."""

    span: Span
    raw: str
    target: str
    kind: LinkKind | None
    resolution: Resolution


def propose_fixes(
    resolved: Sequence[ResolvedChapter],
    resolver: LinkResolver,
    diagnostics: Sequence[Diagnostic],
    settings: Settings,
) -> Proposals:
    """Return every fix for the links of a checked book, in reading order."""
    drafts: dict[str, list[Draft]] = {one.chapter.source.path: [] for one in resolved}
    mirrored = _mirrored(resolved, settings)
    linking = _Linking(resolved, resolver)
    wording = str(getattr(settings.links, "wording", ""))
    for one in resolved:
        found = drafts[one.chapter.source.path]
        for place in _places(one):
            found += _address_fixes(place, one.chapter, resolver, mirrored)
        if wording:
            found += _wording_fixes(one, resolver, wording)
    for finding in diagnostics:
        if finding.rule.name == "relative-link-left-in" and finding.fix and finding.path in drafts:
            span, url = finding.fix
            why = "The book links by full addresses, and this link is relative."
            after = _as_target(url, None)
            drafts[finding.path].append(_draft("LF5", span, after, "relative → absolute", why))
    for path, draft in _missing_links(resolved, linking):
        drafts[path].append(draft)
    texts = {one.chapter.source.path: _author_text(one.chapter) for one in resolved}
    suggestions: list[Suggestion] = []
    for path, found in drafts.items():
        suggestions += make_suggestions(ENGINE, path, texts[path], found)
    return Proposals(suggestions, texts)


def _draft(code: str, span: Span, after: str, pattern: str, why: str) -> Draft:
    return Draft(code, FIXES[code], span, after, pattern, why)


def _author_text(chapter: Chapter) -> str:
    source = chapter.source
    if isinstance(source, TranslatedSource) and source.author is not None:
        return source.author.text
    return source.text


def _exact_place(chapter: Chapter, span: Span | None) -> Span | None:
    """Return `span` in the author's text where it says the same there, else None."""
    if span is None:
        return None
    place = chapter.source.in_author_text(span)
    if place is None or place.slice(_author_text(chapter)) != span.slice(chapter.source.text):
        return None
    return place


def _places(one: ResolvedChapter) -> Iterator[_Place]:
    """Yield every link target of a chapter that stands at a proven place."""
    references: list[tuple[Link | Definition, Resolution]] = [*one.links, *one.definitions]
    for reference, resolution in references:
        kind = None if isinstance(reference, Definition) else reference.kind
        if kind in _BY_DEFINITION:
            continue  # its target stands in the definition
        span = _exact_place(one.chapter, reference.target_span)
        if span is not None:
            yield _Place(span, reference.raw_target, reference.target, kind, resolution)


def _address_fixes(
    place: _Place,
    chapter: Chapter,
    resolver: LinkResolver,
    mirrored: Mapping[tuple[str, str], str],
) -> Iterator[Draft]:
    """Yield at most one better target for a link to a chapter."""
    resolution, target = place.resolution, place.target.strip()
    wanted = mirrored.get((chapter.path, resolution.url))
    if wanted is not None:
        why = f"The book itself has this page: {wanted}."
        yield from _retarget("LF4", place, wanted, "mirror → book", why)
        return
    if resolution.kind is not Kind.CHAPTER:
        return
    if not _WEB.match(target):
        after = _right_case(target, chapter, resolution)
        if after is not None:
            yield from _retarget("LF7", place, after, "wrong case", resolution.message)
        return
    url = resolution.url
    if resolution.rule not in ("", "wrong-case-in-link") or _same_address(url, target):
        return
    owner = resolver.chapters[resolution.path]
    is_form = _page_of(target) == _page_of(owner.url)
    if is_form and resolution.rule:
        yield from _retarget("LF7", place, url, "wrong case", resolution.message)
    elif is_form:
        pattern = _difference(target, url)
        why = f"The chapter's address is written {_bare(url)} ({pattern})."
        yield from _retarget("LF2", place, url, pattern, why)
    else:
        why = f"This is an old address of {owner.path}; its own is {owner.url}."
        yield from _retarget("LF3", place, url, f"{_bare(target)} → {owner.url}", why)


def _retarget(code: str, place: _Place, target: str, pattern: str, why: str) -> Iterator[Draft]:
    after = _as_target(target, place.kind)
    # The words of an address that stands in the text by itself are the address.
    if place.kind in _BARE and not _WEB.match(target):
        return
    if after != place.raw:
        yield _draft(code, place.span, after, pattern, why)


def _as_target(target: str, kind: LinkKind | None) -> str:
    """Write `target` so that it is one target wherever links of this kind have theirs."""
    if kind is LinkKind.HTML:
        return target.replace("&", "&amp;").replace('"', "%22").replace("'", "%27")
    escaped = "".join(f"%{ord(c):02X}" if c in " <>" else c for c in target)
    if kind not in _BARE:
        escaped = escaped.replace("(", "%28").replace(")", "%29")
    return escaped


def _right_case(target: str, chapter: Chapter, resolution: Resolution) -> str | None:
    """Return a relative target in the letters of the file and anchor that it means."""
    if resolution.rule != "wrong-case-in-link":
        return None
    rest, hash_sign, anchor = target.partition("#")
    path, question, query = rest.partition("?")
    folder = posixpath.dirname(chapter.path)
    right = posixpath.relpath(resolution.path, folder or ".") if path else ""
    as_written = posixpath.normpath(unquote(path)) if path else ""
    if as_written.casefold() == right.casefold():
        lead = "./" if path.startswith("./") else ""
        path = path if as_written == right else lead + quote_path(right)
    elif resolution.message.startswith("The file"):
        return None
    if anchor:
        anchor = resolution.url.partition("#")[2] or anchor
    after = path + question + query + hash_sign + anchor
    return after if after != target else None


def _same_address(one: str, other: str) -> bool:
    return unquote(one) == unquote(other)


def _page_of(address: str) -> str:
    """Return what is equal for all forms in which an address can be written."""
    host, _, path = re.sub(r"^(?:https?:)?//", "", _bare(address), flags=re.I).partition("/")
    path = _PAGE_FORM.sub("", unquote(path).rstrip("/"))
    return f"{host.lower()}/{path}".rstrip("/").casefold()


def _bare(address: str) -> str:
    return address.partition("#")[0].partition("?")[0]


def _difference(was: str, now: str) -> str:
    """Say in which form an address was written."""
    try:
        old, new = urlsplit(was), urlsplit(now)
    except ValueError:
        return "another form"
    if re.search(r"/(?:index|README)(?:\.html?|\.md)?$", old.path, re.I):
        return "index file"
    if old.scheme and old.scheme.lower() != new.scheme.lower():
        return f"{old.scheme} → {new.scheme}"
    if old.path.rstrip("/") == new.path.rstrip("/") and old.path != new.path:
        return "slash at the end"
    return "another form"


def _mirrored(
    resolved: Sequence[ResolvedChapter], settings: Settings
) -> dict[tuple[str, str], str]:
    """Return (chapter, address on a mirror) → the book's own address of that page."""
    mirrors = getattr(settings.links, "mirrors", {})
    if not mirrors:
        return {}
    wanted: dict[tuple[str, str], str] = {}
    for old in find_old_links(resolved, mirrors).found:
        if len(old.chapters) != 1 or old.is_own_page:
            continue
        chapter = resolved[old.chapters[0]].chapter
        anchor = old.address.partition("#")[2]
        known = {heading.anchor for heading in chapter.structure.headings}
        known.update(chapter.structure.element_ids)
        # An anchor that the chapter does not have would make a broken link of a working one.
        url = chapter.url + (f"#{anchor}" if unquote(anchor) in known else "")
        wanted[resolved[old.source].chapter.path, old.address] = url
    return wanted


def _wording_fixes(one: ResolvedChapter, resolver: LinkResolver, wording: str) -> Iterator[Draft]:
    """Yield the standard wording for links to whole chapters that are worded otherwise."""
    text = one.chapter.source.text
    for link, resolution in one.links:
        if resolution.kind is not Kind.CHAPTER or resolution.anchor or link.in_image:
            continue
        if link.kind not in _WORDED or link.target_span is None:
            continue
        span = _words_of_link(text, link)
        place = _exact_place(one.chapter, span)
        if span is None or place is None or resolution.path == one.chapter.path:
            continue
        title = resolver.chapters[resolution.path].title
        words = wording.replace("{title}", title)
        if " ".join(link.text.split()) != words:
            why = f"Links to {resolution.path} are worded “{words}”."
            yield _draft("LF1", place, escape_plain(words), f"wording of {resolution.path}", why)


def _words_of_link(text: str, link: Link) -> Span | None:
    """Return where the words of a link stand, None where they are more than words."""
    assert link.target_span is not None
    start = link.span.start + 1
    if link.kind is LinkKind.INLINE:
        opening = _OPENING.search(text, start, link.target_span.start)
    else:
        opening = re.compile(r"\]\[$").search(text, start, link.target_span.start)
    if opening is None or text[start - 1] != "[":
        return None
    span = Span(start, opening.start())
    return None if re.search(r"!\[|<|\n[ \t]*\n", span.slice(text)) else span


class _Linking:
    """How the chapters of this book link to each other, to link in the same way."""

    def __init__(self, resolved: Sequence[ResolvedChapter], resolver: LinkResolver) -> None:
        self.resolver = resolver
        styles = {"file": 0, "absolute": 0, "address": 0}
        for one in resolved:
            for link, resolution in one.links:
                if resolution.kind is Kind.CHAPTER and not link.target.startswith("#"):
                    path = _bare(link.target).lower()
                    if _WEB.match(link.target):
                        styles["absolute"] += 1
                    else:
                        styles["file" if path.endswith(MARKDOWN_SUFFIXES) else "address"] += 1
        self.by_file = styles["file"] >= max(styles["absolute"], styles["address"])

    def target(self, origin: Chapter, wanted: Chapter) -> str:
        """Return a target that leads from one chapter to another, proven by resolving it."""
        if self.by_file:
            folder = posixpath.dirname(origin.path) or "."
            target = quote_path(posixpath.relpath(wanted.path, folder))
            if self.resolver.resolve(target, origin).path == wanted.path:
                return target
        return wanted.url


def _missing_links(
    resolved: Sequence[ResolvedChapter], linking: _Linking
) -> Iterator[tuple[str, Draft]]:
    """Yield links for the first mention of a chapter by its title where none leads to it."""
    chapters = [one.chapter for one in resolved]
    titles: dict[str, int] = {}
    for chapter in chapters:
        titles[chapter.title] = titles.get(chapter.title, 0) + 1
    linked = {
        (number, resolution.path)
        for number, one in enumerate(resolved)
        for _, resolution in one.links
        if resolution.kind is Kind.CHAPTER
    }
    index = index_names(chapters)
    for mention in find_mentions(resolved, index, range(len(chapters))):
        origin, wanted = chapters[mention.source], chapters[mention.target]
        if mention.origin != "title" or titles[wanted.title] > 1:
            continue
        if (mention.source, wanted.path) in linked or " " not in wanted.title.strip():
            continue
        text = _author_text(origin)
        author = origin.source
        if isinstance(author, TranslatedSource) and author.author is not None:
            author = author.author
        start = author.offset(mention.line, mention.column)
        parts = wanted.title.split()
        words = r"(?:[ \t]+|[ \t]*\r?\n[ \t]*)".join(map(re.escape, parts))
        # Two words in other letters than the title's are as often just words of the language.
        letters = re.I if len(parts) > 2 else re.NOFLAG
        match = re.compile(rf"(?<!\w){words}(?!\w)", letters).match(text, start)
        if match is None or re.search(r"[\[\]<>`]", match[0]):
            continue
        linked.add((mention.source, wanted.path))
        target = _as_target(linking.target(origin, wanted), None)
        why = f"The chapter names {wanted.path} by its title and never links to it."
        draft = _draft(
            "LF6", Span(*match.span()), f"[{match[0]}]({target})", f"link to {wanted.path}", why
        )
        yield author.path, draft
