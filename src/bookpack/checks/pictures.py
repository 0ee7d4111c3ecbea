"""Findings about pictures where they stand in the book, and about the descriptions they have."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bookpack.answers import State, body_start
from bookpack.checks.descriptions import Subject, check_descriptions
from bookpack.diagnostics import Diagnostic, report
from bookpack.images.gallery import Gallery, Kept, Shown
from bookpack.images.quotable import as_quotable
from bookpack.model import Chapter, Image
from bookpack.rules import Severity
from bookpack.source import Span

_CONTEXT = 2_000
"""Code points on either side of a picture in which the author may have named its numbers."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An image of a chapter with the picture that it shows and the words of its caption."""

    chapter: Chapter
    image: Image
    shown: Shown
    caption: str = ""

    @property
    def context(self) -> str:
        """The author's text around the image."""
        start, end = self.image.span
        text = self.chapter.source.text
        return text[max(0, start - _CONTEXT) : start] + " " + text[end : end + _CONTEXT]


def check_pictures(
    placed: Sequence[Placed], gallery: Gallery, *, locked: bool = False
) -> list[Diagnostic]:
    """Report what is wrong with the pictures of a book and with their descriptions.

    With `locked`, every picture without a description that a person approved is an error.
    """
    found = [*gallery.diagnostics]
    by_description: dict[str, list[Placed]] = {}
    for one in placed:
        if one.image.decorative:
            continue
        found += _at_its_place(one, locked)
        if one.shown.kept is not None:
            by_description.setdefault(one.shown.kept.name, []).append(one)
    found += _descriptions(gallery, by_description)
    return found


def _at_its_place(one: Placed, locked: bool) -> Iterable[Diagnostic]:
    image, shown, source = one.image, one.shown, one.chapter.source
    name = image.target[:80] or "this image"

    def finding(rule: str, message: str, severity: Severity | None = None) -> Diagnostic:
        return report(rule, source, message, image.span, severity=severity)

    if shown.problem:
        yield finding("unreadable-image", f"The picture {name} {shown.problem}.")
    kept = shown.kept
    said = kept.description if kept is not None else None
    described = said is not None and (said.engine != "offline" or said.touched or said.words)
    if not image.alt and not image.title and not described and not one.caption:
        yield finding("image-without-words", f"Nothing says what {name} shows.")
    severity = Severity.ERROR if locked else None
    if kept is None or said is None:
        if locked:
            message = f"The picture {name} has no description."
            yield finding("unreviewed-description", message, severity)
    elif not shown.current:
        message = f"The picture {name} is not the one that {kept.path} describes."
        yield finding("description-of-another-version", message, severity)
    elif said.state is not State.REVIEWED:
        message = f"Nobody has approved {kept.path}, which describes {name}."
        yield finding("unreviewed-description", message, severity)


def _descriptions(gallery: Gallery, used: dict[str, list[Placed]]) -> list[Diagnostic]:
    found = []
    subjects = []
    for name, places in used.items():
        kept = gallery.kept[name]
        subjects.append(_subject(kept, places))
        if as_quotable(kept.description.text)[1]:
            message = "The description holds markup that would leave its block."
            start = body_start(kept.source.text)
            span = Span(start, len(kept.source.text.rstrip()))
            found.append(report("markup-in-description", kept.source, message, span))
    found += check_descriptions(subjects)
    for kept in gallery.unused():
        message = f"No picture of the book has the description {kept.name}."
        found.append(report("unused-description", kept.source, message, Span(0, 0)))
    return found


def _subject(kept: Kept, places: Sequence[Placed]) -> Subject:
    said = kept.description

    def each(give: Callable[[Placed], str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for one in places if (value := give(one))))

    return Subject(
        path=kept.path,
        source=kept.source,
        body_start=body_start(kept.source.text),
        kind=said.kind,
        title=said.title,
        alt=said.alt,
        text=said.text,
        engine="person" if said.edited else said.engine,
        words=said.words,
        reviewed=said.state is State.REVIEWED,
        author_alts=each(lambda one: one.image.alt),
        captions=each(lambda one: one.caption),
        context="\n".join(each(lambda one: one.context)),
    )
