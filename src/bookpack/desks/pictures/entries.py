"""The book's pictures as entries of the contact sheet."""

from collections.abc import Sequence

from bookpack.desks.pictures.sheet import SheetEntry, SheetFinding, SheetPlace, as_sheet
from bookpack.desks.pictures.survey import Case
from bookpack.diagnostics import Diagnostic
from bookpack.images.gallery import Gallery
from bookpack.images.limits import UnreadablePictureError
from bookpack.images.load import Picture, for_model, load_picture
from bookpack.model import BookMeta, Chapter

_THUMBNAIL = 480
"""Pixels of the longer side."""


def sheet_of(
    meta: BookMeta,
    cases: Sequence[Case],
    diagnostics: Sequence[Diagnostic],
    gallery: Gallery,
    remote: Sequence[tuple[str, bytes]] = (),
) -> str:
    """Return the contact sheet of a book as an HTML page.

    `diagnostics` are all findings of the book; those about pictures are shown beside them.
    `remote` are addresses and bytes of pictures that were fetched from other sites before.
    """
    fetched = dict(remote)
    by_path: dict[str, list[Diagnostic]] = {}
    for finding in diagnostics:
        by_path.setdefault(finding.path, []).append(finding)
    entries = [
        _entry(number, case, by_path, gallery, fetched.get(case.name))
        for number, case in enumerate(cases, 1)
    ]
    return as_sheet(meta.title, entries, meta.language)


def _entry(
    number: int,
    case: Case,
    findings: dict[str, list[Diagnostic]],
    gallery: Gallery,
    fetched: bytes | None,
) -> SheetEntry:
    words = gallery.words_of(case.shown[0])
    kept = case.kept
    said = kept.description if kept is not None else None
    picture = _decoded(case, gallery, fetched)
    usage = said.usage if said is not None else {}
    cost = usage.get("cost")
    return SheetEntry(
        number=number,
        name=case.name,
        places=tuple(_place(one.chapter, one.image.span.start) for one in case.placed),
        thumbnail=for_model(picture, _THUMBNAIL).data if picture is not None else b"",
        width=picture.width if picture is not None else 0,
        height=picture.height if picture is not None else 0,
        format=picture.format if picture is not None else "",
        kind=said.kind if said is not None else "",
        title=said.title if said is not None else "",
        alt=said.alt if said is not None else "",
        author_alts=tuple(dict.fromkeys(one.image.alt for one in case.placed if one.image.alt)),
        captions=tuple(dict.fromkeys(one.caption for one in case.placed if one.caption)),
        text=said.text if said is not None else words.description,
        file=kept.path if kept is not None else "",
        identity=case.shown[0].identity,
        state=said.state.value if said is not None else "none",
        origin=words.origin,
        model=said.model if said is not None else "",
        cost=float(cost) if isinstance(cost, (int, float)) else None,
        currency=str(usage.get("currency", "")),
        tokens=sum(
            int(count)
            for count in (usage.get("tokens-in", 0), usage.get("tokens-out", 0))
            if isinstance(count, (int, float))
        ),
        findings=tuple(_findings(case, findings)),
    )


def _decoded(case: Case, gallery: Gallery, fetched: bytes | None) -> Picture | None:
    try:
        data = fetched or gallery.bytes_of(case.shown[0], case.placed[0].image)
        return load_picture(data, gallery.limits) if data is not None else None
    except UnreadablePictureError:
        return None


def _place(chapter: Chapter, offset: int) -> SheetPlace:
    above = [one for one in chapter.structure.headings if one.span.start <= offset]
    heading = above[-1].text if above and above[-1] is not chapter.title_heading else ""
    line = chapter.source.position(offset).line
    return SheetPlace(chapter.title, chapter.source.path, line, heading)


def _findings(case: Case, findings: dict[str, list[Diagnostic]]) -> list[SheetFinding]:
    """Return what is wrong with the picture where it stands, and with its description."""
    found = [SheetFinding("error", "BP701", f"It {case.problem}.")] if case.problem else []
    if case.kept is not None:
        found += [_shown(one) for one in findings.get(case.kept.path, ())]
    for placed in case.placed:
        for one in findings.get(placed.chapter.source.path, ()):
            author_span = placed.chapter.source.in_author_text(placed.image.span)
            if one.span is not None and one.span == author_span and one.code != "BP701":
                found.append(_shown(one))
    return list(dict.fromkeys(found))


def _shown(finding: Diagnostic) -> SheetFinding:
    return SheetFinding(finding.severity.value, finding.code, finding.message)
