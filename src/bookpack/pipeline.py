"""The whole chain on one page: settings → files → book → links → findings → editions → folder.

Each step is a function of what the step before gave; nothing here prints, and nothing talks
to a network. Read this first.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bookpack import __version__, output
from bookpack.checks.chapters import check_chapters
from bookpack.checks.pictures import Placed, check_pictures
from bookpack.checks.prose import check_prose, is_draft_notice
from bookpack.checks.suppress import without_suppressed
from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, escalate, sort_diagnostics
from bookpack.editions.chapter import packed_text, plan_labels
from bookpack.editions.making import LastBuild, make_editions
from bookpack.editions.notes import notes_on
from bookpack.editions.packed import Pack, PackedChapter
from bookpack.editions.packed_again import packed_bodies, packing_keys
from bookpack.editions.web.findings import check_pages
from bookpack.images.captions import find_captions
from bookpack.images.gallery import Gallery
from bookpack.images.words import PictureWords
from bookpack.links.book import ResolvedChapter, check_links, resolve_chapter
from bookpack.links.resolution import Resolution, asset_path
from bookpack.links.resolve import LinkResolver
from bookpack.model import Book, Chapter, Image, Structure
from bookpack.read.book import PlannedBook, plan_book, read_book
from bookpack.read.files import BookFiles
from bookpack.read.markdown import parse_markdown
from bookpack.read.structures import StructureMemory
from bookpack.recall import BuildReport, Packed, TextMemory, inputs_of, last_build, make_report
from bookpack.reports import to_record
from bookpack.rules import Severity
from bookpack.system import cache_folder
from bookpack.tokens import TokenCounter, counted, load_in_background, token_counter

Progress = Callable[[str, int, int], None]
"""Told which step runs, how much of it is done, and how much there is."""
_TOKEN_BATCH = 64
"""Chapters whose tokens are counted together: enough for every core, little in memory."""


@dataclass(frozen=True, slots=True)
class CheckedBook:
    """A book that has been read, resolved and checked."""

    planned: PlannedBook
    book: Book
    files: BookFiles
    resolver: LinkResolver
    resolved: list[ResolvedChapter]
    gallery: Gallery
    placed: list[Placed]
    diagnostics: list[Diagnostic]

    def words(self, chapter: Chapter, image: Image, resolution: Resolution) -> PictureWords:
        """Return what editions say in the place of an image."""
        return self.gallery.words(image, asset_path(resolution))


def check(
    settings: Settings, out: Path, progress: Progress | None = None, *, needs_address: bool = True
) -> CheckedBook:
    """Read, resolve and check the book; `out` is left out of the reading.

    Raises `SettingsError`, also where nobody knows the book's address and it `needs_address`.
    """
    files = BookFiles(settings.folder, out, settings.images.descriptions)
    return check_book(plan_book(settings, files, needs_address=needs_address), files, progress)


def check_editions(checked: CheckedBook) -> list[Diagnostic]:
    """Return the findings of a checked book with those about its editions, made in memory.

    That takes about as long as the check itself; it is left out where the settings ignore the
    rules of `parity`.
    Raises `SettingsError` for a theme that does not work.
    """
    from bookpack.editions.web import parity
    from bookpack.editions.web.site import make_site
    from bookpack.editions.web.write import write_site

    settings = checked.planned.settings
    if not any(settings.selection.wants(code) for code in parity.CODES):
        return checked.diagnostics
    no_tokens = TokenCounter("", False, lambda texts: [0] * len(texts))
    pack = make_pack(checked, settings, load_counter=lambda: no_tokens)
    site = make_site(checked.book.meta, settings.site, checked.resolved, pack.chapters)
    math = settings.layout.math
    files = write_site(site, checked.files, math=math, words=checked.gallery.words).files
    return with_findings(checked, parity.check_parity(site, files.get, math=math))


def with_findings(checked: CheckedBook, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the findings of a checked book with further ones, as far as they are wanted."""
    selection = checked.planned.settings.selection
    found = without_suppressed(list(found), checked.book)
    kept = [finding for finding in found if selection.keeps(finding)]
    order = {chapter.source.path: place for place, chapter in enumerate(checked.book.chapters)}
    return sort_diagnostics([*checked.diagnostics, *kept], order)


def build(
    settings: Settings,
    out: Path,
    *,
    locked: bool = False,
    only: str | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Build the editions into `out`; an unchanged book writes nothing.

    `locked` makes a picture without words an error; `only` is `pack` or `site` where the other
    edition shall stay as it is. Raises `SettingsError` and `WorldError`.
    """
    remembered = last_build(settings, out, locked=locked, only=only)
    return remembered or build_anew(settings, out, locked=locked, only=only, progress=progress)


def build_anew(
    settings: Settings,
    out: Path,
    *,
    locked: bool = False,
    only: str | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Build the editions without asking whether they would come out the same again."""
    counter = load_in_background()
    pool = ThreadPoolExecutor(max_workers=1)
    looking = pool.submit(LastBuild.of, out)  # the system's work, while the book is read
    pool.shutdown(wait=False)
    files = BookFiles(settings.folder, out, settings.images.descriptions)
    planned = plan_book(settings, files)
    root = settings.folder / planned.plan.root
    output.check_output_folder(out, settings.folder, root)
    known = TextMemory(output.read_stamp(out))
    memory = StructureMemory(cache_folder(), out)
    checked = check_book(planned, files, progress, memory.parse, known=known, locked=locked)
    diagnostics = _locked(checked.diagnostics) if locked else checked.diagnostics
    last = looking.result()
    pack = make_pack(checked, settings, progress, counter, known, last)
    report = {
        "layout": f"{planned.layout} ({planned.reason})",
        "chapters": len(pack.chapters),
        "words": pack.words,
        "tokens": pack.tokens,
        "token_label": pack.token_label,
        "diagnostics": [to_record(finding) for finding in diagnostics],
    }
    while True:
        editions = make_editions(
            planned.settings,
            checked.resolved,
            pack,
            files,
            checked.gallery.words,
            last,
            only,
            progress,
        )
        stamp = {
            "bookpack": __version__,
            "inputs": inputs_of(settings, locked=locked, only=only),
            "answers": files.answers(),
            "report": report,
            "pages": editions.page_keys,
            "texts": known.record(),
        }
        try:
            written = output.write_folder(out, editions.files, stamp, editions.kept)
        except output.FolderChangedError:
            last = LastBuild.of(out)  # another build was quicker: what stays is decided again
            continue
        break
    memory.save()
    sizes = output.sizes_of(out, editions.kept)
    sizes.update({path: len(data) for path, data in editions.files.items()})
    return make_report(report, diagnostics, out, written.changed, dict(sorted(sizes.items())))


def check_book(
    planned: PlannedBook,
    files: BookFiles,
    progress: Progress | None = None,
    parse: Callable[..., Structure] = parse_markdown,
    *,
    known: TextMemory | None = None,
    locked: bool = False,
) -> CheckedBook:
    """Parse a planned book and find everything that is wrong with it; `parse` as `read_book`'s.

    With `locked`, also every picture without a description that a person approved. What is
    `known` from the last build is not found out again.
    """
    known = known or TextMemory()
    step = progress or (lambda name, done, total: None)
    settings = planned.settings
    book, diagnostics = read_book(planned, files, lambda done, of: step("reading", done, of), parse)
    resolver = LinkResolver(book, files)
    resolved = [resolve_chapter(chapter, resolver) for chapter in book.chapters]
    diagnostics += check_links(resolved)
    diagnostics += check_pages(resolved, settings.book.url)
    gallery, placed, problems = _look_at_pictures(settings, resolved, files)
    diagnostics += problems
    diagnostics += check_pictures(placed, gallery, locked=locked)
    phrases = settings.lint.draft_phrases
    for number, chapter in enumerate(book.chapters, 1):
        # With the text itself all that the places of prose, tables and marks in it depend on.
        read_with = chapter.structure.body_start, settings.layout.math, settings.book.url
        text = chapter.source.text, *read_with, chapter.url, phrases
        if not known.is_sound(*text):
            found = list(check_prose(chapter, phrases))
            diagnostics += found
            if not found:
                known.note_sound(*text)
        step("checking", number, len(book.chapters))
    diagnostics += check_chapters(book, lambda chapter: is_draft_notice(chapter, phrases))
    diagnostics = without_suppressed(diagnostics, book)
    kept = [finding for finding in diagnostics if settings.selection.keeps(finding)]
    order = {chapter.source.path: place for place, chapter in enumerate(book.chapters)}
    found = sort_diagnostics(kept, order)
    return CheckedBook(planned, book, files, resolver, resolved, gallery, placed, found)


def _look_at_pictures(
    settings: Settings, resolved: list[ResolvedChapter], files: BookFiles
) -> tuple[Gallery, list[Placed], list[Diagnostic]]:
    """Return the book's pictures, where they stand, and which files could not be read."""
    known = len(files.diagnostics)
    gallery = Gallery(settings.images, files, cache_folder())
    gallery.hang(
        (image, asset_path(resolution))
        for one in resolved
        for image, resolution in one.images
        if not image.decorative
    )
    placed = []
    for one in resolved:
        chapter = one.chapter
        if not one.images:
            continue
        captions = find_captions(chapter.source.text, chapter.structure)
        for image, resolution in one.images:
            if not image.decorative:
                caption = captions.get(image.span)
                shown = gallery.shown(image, asset_path(resolution))
                placed.append(Placed(chapter, image, shown, caption.text if caption else ""))
    return gallery, placed, files.diagnostics[known:]


def make_pack(
    checked: CheckedBook,
    settings: Settings,
    progress: Progress | None = None,
    load_counter: Callable[[], TokenCounter] = token_counter,
    known: TextMemory | None = None,
    last: LastBuild | None = None,
) -> Pack:
    """Make every chapter stand by itself and say what there is to say about the whole.

    Texts that are `known` to be the same are taken out of the `last` build's pack.
    """
    step = progress or (lambda name, done, total: None)
    labels = plan_labels(checked.resolved)
    section_urls = settings.pack.section_urls
    counter = load_counter()
    known = known or TextMemory()
    said: dict[str, list[str]] = defaultdict(list)
    for placed in checked.placed:
        words = checked.gallery.words_of(placed.shown)
        said[placed.chapter.path].append(repr((placed.image.alt, placed.caption, words)))
    context = counter.label, section_urls, settings.layout.math, checked.book.meta.url
    keys = packing_keys(checked.resolved, labels, said, *context)
    bodies = packed_bodies(*last.pack(settings)) if last else {}
    chapters = [
        _packed_before(one.chapter, known.packed(key), bodies)
        for one, key in zip(checked.resolved, keys, strict=True)
    ]
    new = [number for number, chapter in enumerate(chapters) if chapter is None]
    runs = [new[start : start + _TOKEN_BATCH] for start in range(0, len(new), _TOKEN_BATCH)]
    texts = (
        [
            packed_text(
                checked.resolved[number],
                labels,
                checked.resolver,
                section_urls=section_urls,
                words=checked.words,
            )
            for number in run
        ]
        for run in runs
    )
    done = len(chapters) - len(new)
    for run, (written, counts) in zip(runs, counted(counter, texts), strict=True):
        for number, text, tokens in zip(run, written, counts, strict=True):
            chapter = checked.resolved[number].chapter
            chapters[number] = _packed(chapter, text.encode(), len(text.split()), tokens)
        done += len(run)
        step("packing", done, len(chapters))
    packed = tuple(chapter for chapter in chapters if chapter is not None)
    for key, one in zip(keys, packed, strict=True):
        if key:
            known.note_packed(key, Packed(sha256(one.body).hexdigest(), one.words, one.tokens))
    return Pack(
        checked.book.meta,
        packed,
        (*_notes(checked), *settings.pack.notes),
        settings.pack.section_urls,
        counter.label,
        counter.exact,
    )


def _packed_before(
    chapter: Chapter, known: Packed | None, bodies: Mapping[str, bytes]
) -> PackedChapter | None:
    body = bodies.get(known.digest) if known else None
    return _packed(chapter, body, known.words, known.tokens) if known and body else None


def _packed(chapter: Chapter, body: bytes, words: int, tokens: int) -> PackedChapter:
    return PackedChapter(
        path=chapter.path,
        title=chapter.title,
        url=chapter.url,
        part=chapter.part,
        body=body,
        words=words,
        tokens=tokens,
    )


def _notes(checked: CheckedBook) -> list[str]:
    placed = (
        (one.image, one.caption, checked.gallery.words_of(one.shown)) for one in checked.placed
    )
    return notes_on(checked.book, checked.planned.plan.site_pages, list(placed))


def _locked(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    return [
        escalate(finding, Severity.ERROR) if finding.rule.name == "image-without-words" else finding
        for finding in diagnostics
    ]
