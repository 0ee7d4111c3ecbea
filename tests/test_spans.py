"""The proof that spans are right, on real books and on CommonMark's own examples.

First witness: what stands at a span is parsed again and must be the same object. Second
witness: another parser (see `witness`) must have seen the same links and images at the same
places, with the same targets.
"""

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given

from bookpack.model import Image, Link, LinkKind, Structure
from bookpack.read.destinations import unescape_markdown
from bookpack.read.front_matter import read_front_matter
from bookpack.read.markdown import parse_markdown
from bookpack.source import Edit, Source, Span, apply_edits
from conftest import ROOT, SHARED, needs_shared
from strategies import Written, modest, nasty_text, written_documents
from witness import PlacedText, Seen, SeenLine, Sightings, Witness

BOOKS = ["codebook", "embedded-rust", "opensource-guide", "ospo-book"]
SPECIFICATION = ROOT / ".tools" / "commonmark-spec" / "spec.txt"
needs_specification = pytest.mark.skipif(
    not SPECIFICATION.is_file(),
    reason="CommonMark's examples are not here; `make test` fetches them where npm is installed",
)

# Number of the example → why the two parsers may disagree on it. None do.
EXAMPLES_THAT_DIFFER: dict[int, str] = {}


# What is compared


@cache
def chapters_of(book: str) -> tuple[tuple[str, Source, Structure], ...]:
    """Return path, source and structure of every Markdown file of one of the shared books."""
    folder = SHARED / "books" / book
    chapters = []
    for path in sorted(folder.rglob("*.md"), key=Path.as_posix):
        name = path.relative_to(folder).as_posix()
        source = Source.from_bytes(name, path.read_bytes())
        structure = parse_markdown(source.text, start=read_front_matter(source.text).end)
        chapters.append((name, source, structure))
    return tuple(chapters)


def is_markdown(reference: Link | Image, structure: Structure) -> bool:
    """Tell whether Markdown's grammar makes this a link; what HTML does is not its matter."""
    return reference.kind not in (LinkKind.HTML, LinkKind.BARE) and not any(
        block.span.start <= reference.span.start < block.span.end for block in structure.html_blocks
    )


def sightings_of(source: Source, structure: Structure) -> Sightings:
    """Return what the first parser saw, in the words of the second."""

    def line(span: Span) -> int:
        return source.position(span.start).line

    def seen(references: tuple[Link, ...] | tuple[Image, ...]) -> list[Seen]:
        return [Seen(*r.span, r.target) for r in references if is_markdown(r, structure)]

    return Sightings(
        links=seen(structure.links),
        images=seen(structure.images),
        definitions=sorted(SeenLine(line(d.span), d.target) for d in structure.definitions),
        headings=[SeenLine(line(h.span), f"h{h.level}") for h in structure.headings],
        code_blocks=[
            SeenLine(line(span), "code")
            for span in structure.code
            if is_code_block(span, source.text)
        ],
    )


def is_code_block(span: Span, text: str) -> bool:
    """Tell a block of code from code in a line: the block's first line holds nothing before it."""
    written = span.slice(text)
    if written.startswith("~~~"):
        return True
    if written.startswith("```"):
        return "`" not in written.splitlines()[0].lstrip("`")
    return not written.startswith("`") or not written.endswith("`")


def disagreement(ours: Sightings, theirs: Sightings) -> dict[str, tuple[list, list]]:
    """Return by kind what only the first and only the second parser saw."""
    found = {}
    for kind, our, their in zip(Sightings._fields, ours, theirs, strict=True):
        if our != their:
            only_ours = [seen for seen in our if seen not in their]
            only_theirs = [seen for seen in their if seen not in our]
            found[kind] = (only_ours, only_theirs)
    return found


# The second witness: another parser


@needs_shared
@pytest.mark.parametrize("book", BOOKS)
def test_both_parsers_see_the_same_in_a_real_book(book: str) -> None:
    witness = Witness()
    differing = {}
    compared = 0
    for name, source, structure in chapters_of(book):
        ours = sightings_of(source, structure)
        theirs = witness.ask(source.text, structure.body_start)
        compared += len(theirs.links) + len(theirs.images)
        if difference := disagreement(ours, theirs):
            differing[name] = difference
    assert differing == {}
    assert compared > 50, "a book without links proves nothing"


def read_examples() -> list[tuple[str, str]]:
    """Return Markdown and HTML of every example of the CommonMark specification."""
    fence = "`" * 32
    examples = re.compile(rf"^{fence} example\n(.*?)^\.\n(.*?)^{fence}$", re.M | re.S)
    text = SPECIFICATION.read_text("utf-8").replace("→", "\t")
    return [(match[1], match[2]) for match in examples.finditer(text)]


@needs_specification
def test_both_parsers_see_the_same_in_the_examples_of_commonmark() -> None:
    witness = Witness()
    examples = read_examples()
    assert len(examples) > 600
    differing = {}
    for number, (text, _) in enumerate(examples, 1):
        ours = sightings_of(Source("example.md", text), parse_markdown(text))
        if difference := disagreement(ours, witness.ask(text)):
            differing[number] = (text, difference)
    assert set(differing) == set(EXAMPLES_THAT_DIFFER), differing


@needs_specification
def test_links_and_images_are_those_of_the_html_in_the_examples_of_commonmark() -> None:
    """Two parsers can share an error; the specification says itself what an example gives."""
    differing = {}
    for number, (text, html) in enumerate(read_examples(), 1):
        if re.search(r"<(?:a|img)\s", text):
            continue  # its own HTML goes through and would be counted twice
        found = parse_markdown(text)
        for attribute, references in (("href", found.links), ("src", found.images)):
            written = re.findall(rf'<(?:a|img) {attribute}="([^"]*)"', html)
            # Addresses of people are no links of a book.
            expected = [unquote(unescape(t)) for t in written if not t.startswith("mailto:foo")]
            # What stands in the words of an image shows no link.
            shown = [r for r in references if not getattr(r, "in_image", False)]
            ours = [unquote(reference.target) for reference in shown]
            if sorted(ours) != sorted(expected):
                differing[number] = (text, ours, expected)
    assert differing == {}


@given(written_documents())
@modest
def test_both_parsers_find_what_was_written(document: Written) -> None:
    theirs = Witness().ask(document.text)
    assert theirs.links == [Seen(*link[:3]) for link in document.links]
    assert theirs.images == [Seen(*image[:3]) for image in document.images]


# The second witness itself


def test_placed_text_keeps_its_places_through_everything_the_parser_does() -> None:
    text = PlacedText.at("  a|b\\|c  ", range(100, 110))
    trimmed = text.strip()
    assert (trimmed, list(trimmed.places)) == ("a|b\\|c", [102, 103, 104, 105, 106, 107])
    piece = trimmed[2:4]
    assert (piece, list(piece.places)) == ("b\\", [104, 105])
    both = trimmed[2:3] + trimmed[4:]
    assert (both, list(both.places)) == ("b|c", [104, 106, 107])
    assert list(("" + both).places) == [104, 106, 107]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("> - [a](b)\n>   [c\n>   d](e)", [Seen(4, 10, "b"), Seen(15, 27, "e")]),
        ("| h |\n| - |\n| x \\| [a](b) |", [Seen(19, 25, "b")]),
        ("-\t[a](b)", [Seen(2, 8, "b")]),
        ("a\r\n[b](c)\rd [e](f)", [Seen(3, 9, "c"), Seen(12, 18, "f")]),
        ("x[^1]\n\n[^1]: [a](b)", [Seen(13, 19, "b")]),
        ("![x [a](b)](c)", [Seen(4, 10, "b")]),
    ],
)
def test_the_witness_tells_places(text: str, links: list[Seen]) -> None:
    assert Witness().ask(text).links == links
    assert Witness().ask("---\n" + text, start=4).links == [
        Seen(start + 4, end + 4, target) for start, end, target in links
    ]


# The first witness: what stands at a span, parsed again


SPECIMENS = """\
# Title *with* `code` {#own}

Text [link](a.md "t"), [angle](<b c>), [paren](d_(e)), <https://e.com/f>, ![image](g.png 'h').
[reference][label], [label][], [label] and ![picture][label]. é世😀 [ünï](世.md) $m^2$ `x``y`.

> ## Quoted [two
> words](i.md)
> - item ![two
>   lines](j.png)

Under [k](l\\)m&amp;n) line
=========================

| a \\| b | [o](p) |
| --- | --- |
| `q` | ![r](s) |

Note[^1] and <a href="t.md?u&amp;v">w</a> <img src='x.png' alt="y">.

[^1]: Words [z](zz).

```python
code
```

[label]: target.md "Title"
"""


def proven_chapters() -> Iterator[pytest.param]:
    yield pytest.param(None, id="specimens")
    for book in BOOKS:
        yield pytest.param(book, id=book, marks=needs_shared)


@pytest.fixture(params=proven_chapters())
def chapters(request: pytest.FixtureRequest) -> tuple[tuple[str, Source, Structure], ...]:
    if request.param is not None:
        return chapters_of(request.param)
    made = []
    for name, text in (
        ("lf.md", SPECIMENS),
        ("crlf.md", SPECIMENS.replace("\n", "\r\n")),
        ("cr.md", SPECIMENS.replace("\n", "\r")),
    ):
        made.append((name, Source(name, text), parse_markdown(text)))
    return tuple(made)


def without_marks(text: str) -> str:
    """Take marks of enclosing quotes and indentation off all lines but the first."""
    return re.sub(r"(\r\n|\n|\r)[ \t]*(?:>[ \t]*)*", "\n", text)


def same_words(first: str, second: str) -> bool:
    return first.split() == second.split()


def test_what_stands_at_a_heading_is_that_heading(chapters: tuple) -> None:
    for name, source, structure in chapters:
        context = "\n\n" + reference_context(source, structure)
        for heading in structure.headings:
            written = without_marks(heading.span.slice(source.text)) + context
            (again,) = parse_markdown(written).headings
            assert (again.level, again.text) == (heading.level, heading.text), (name, heading)


def reference_context(source: Source, structure: Structure) -> str:
    """Return definitions and footnotes with which a piece of the text can be read by itself."""
    definitions = [
        f"[{without_marks(d.label_span.slice(source.text))}]: <{d.target}>"
        for d in structure.definitions
        if not d.repeated and "\n" not in d.target
    ]
    labels = {mark.label for mark in structure.footnotes if mark.is_definition}
    return "\n".join([*definitions, "", *(f"[^{label}]: x\n" for label in sorted(labels))])


def test_what_stands_at_a_link_is_that_link(chapters: tuple) -> None:
    for name, source, structure in chapters:
        context = "\n\n" + reference_context(source, structure)
        for link in structure.links:
            written = unpiped(without_marks(link.span.slice(source.text)), link, structure)
            again = next(iter(parse_markdown(written + context).links), None)
            assert again is not None, (name, link)
            assert again.span == Span(0, len(written)), (name, link)
            assert (again.target, again.kind) == (link.target, link.kind), (name, link)
            assert same_words(again.text, link.text), (name, link)


def test_what_stands_at_an_image_is_that_image(chapters: tuple) -> None:
    for name, source, structure in chapters:
        context = "\n\n" + reference_context(source, structure)
        for image in structure.images:
            written = unpiped(without_marks(image.span.slice(source.text)), image, structure)
            (again,) = parse_markdown(written + context).images
            assert again.span == Span(0, len(written)), (name, image)
            assert (again.target, again.alt, again.kind) == (
                image.target,
                image.alt,
                image.kind,
            ), (name, image)
            if image.kind in (LinkKind.INLINE, LinkKind.HTML):
                assert (again.title, again.decorative) == (image.title, image.decorative), name


def unpiped(written: str, reference: Link | Image, structure: Structure) -> str:
    in_table = any(t.start <= reference.span.start < t.end for t in structure.tables)
    return written.replace("\\|", "|") if in_table else written


def test_what_stands_at_a_target_is_that_target(chapters: tuple) -> None:
    for name, source, structure in chapters:
        for reference in (*structure.links, *structure.images):
            if reference.target_span is None:
                assert reference.kind is LinkKind.SHORTCUT, (name, reference)
                continue
            written = reference.target_span.slice(source.text)
            if reference.kind is LinkKind.INLINE:
                assert unescape_markdown(written) == reference.target, (name, reference)
            elif reference.kind is LinkKind.AUTOLINK:
                assert written == reference.target, (name, reference)
            elif reference.kind is LinkKind.HTML:
                assert " ".join(unescape(written).split()) == reference.target, (name, reference)
            else:
                assert written in ("", reference.label) or same_words(
                    without_marks(written), reference.label
                ), (name, reference)


def test_a_target_put_in_the_place_of_another_changes_that_target_alone(chapters: tuple) -> None:
    """What the spans are for: exchange every inline target and read the text again."""
    for name, source, structure in chapters:
        edits = []
        for reference in (*structure.links, *structure.images):
            if reference.kind in (LinkKind.INLINE, LinkKind.AUTOLINK, LinkKind.HTML):
                assert reference.target_span is not None, (name, reference)
                new = f"https://new.example/{len(edits)}"
                edits.append(Edit(reference.target_span, new))
        text = apply_edits(source.text, edits)
        again = parse_markdown(text, start=structure.body_start)
        expected = {edit.text for edit in edits}
        found = [r.target for r in (*again.links, *again.images) if r.target in expected]
        assert sorted(found) == sorted(expected), name
        assert [link.kind for link in again.links] == [link.kind for link in structure.links], name
        assert [image.alt for image in again.images] == [i.alt for i in structure.images], name
        assert [h.text for h in again.headings] == [h.text for h in structure.headings], name
        assert len(again.prose) == len(structure.prose), name


def test_what_stands_at_a_definition_is_that_definition(chapters: tuple) -> None:
    for name, source, structure in chapters:
        for definition in structure.definitions:
            written = without_marks(definition.span.slice(source.text))
            (again,) = parse_markdown(written).definitions
            assert same_words(again.label, definition.label), (name, definition)
            assert again.target == definition.target, (name, definition)
            assert definition.target_span is not None, (name, definition)
            raw = definition.target_span.slice(source.text)
            assert raw == definition.raw_target, (name, definition)
            assert unescape_markdown(raw) == definition.target, (name, definition)


def test_what_stands_at_code_math_and_tables_is_that(chapters: tuple) -> None:
    for name, source, structure in chapters:
        for kind in ("code", "math", "tables"):
            for span in getattr(structure, kind):
                written = without_marks(span.slice(source.text))
                if kind == "code" and not written.startswith(("`", "~")):
                    # The span of indented code begins behind the indentation.
                    written = "    " + written.replace("\n", "\n    ")
                again = list(getattr(parse_markdown(written), kind))
                assert len(again) >= 1, (name, kind, span)
                assert again[0].slice(written).strip() == written.strip(), (name, kind, span)


def test_what_stands_at_a_footnote_mark_is_its_label(chapters: tuple) -> None:
    for name, source, structure in chapters:
        for mark in structure.footnotes:
            start, end = mark.span
            assert mark.span.slice(source.text) == mark.label, (name, mark)
            whole = Span(start - 2, end + (2 if mark.is_definition else 1))
            closing = "]:" if mark.is_definition else "]"
            assert whole.slice(source.text) == f"[^{mark.label}{closing}", (name, mark)


def test_what_stands_at_a_tag_or_comment_is_that(chapters: tuple) -> None:
    for name, source, structure in chapters:
        tags = (*structure.inline_tags, *(t for b in structure.html_blocks for t in b.tags))
        for tag in tags:
            written = tag.span.slice(source.text)
            opening = f"</{tag.name}" if tag.closing else f"<{tag.name}"
            assert written.lower().startswith(opening), (name, tag)
            assert written.endswith(">"), (name, tag)
        for comment in structure.comments:
            written = comment.slice(source.text)
            assert written.startswith("<!--"), (name, comment)
            assert written.endswith("-->"), (name, comment)


def test_a_literal_is_one_mark(chapters: tuple) -> None:
    for name, source, structure in chapters:
        for span in structure.literals:
            assert span.slice(source.text) in set("*_`[]"), (name, span)


# Prose, protected places, and everything in between


def assert_in_order(spans: list[Span], length: int) -> None:
    end = 0
    for span in spans:
        assert end <= span.start < span.end <= length, span
        end = span.end


def assert_prose_and_protected_are_apart(structure: Structure, text: str) -> None:
    assert_in_order(list(structure.prose), len(text))
    assert_in_order(list(structure.protected), len(text))
    for span in structure.prose:
        for place in (span.start, span.end - 1):
            assert structure.protected.holding(place) is None, (span, span.slice(text))
    for span in structure.protected:
        assert structure.prose.holding(span.start) is None, (span, span.slice(text))


def test_prose_and_protected_places_do_not_overlap(chapters: tuple) -> None:
    for _, source, structure in chapters:
        assert_prose_and_protected_are_apart(structure, source.text)


@given(nasty_text)
@modest
def test_prose_and_protected_places_never_overlap(text: str) -> None:
    assert_prose_and_protected_are_apart(parse_markdown(text), text)


def test_code_math_and_targets_are_protected(chapters: tuple) -> None:
    for name, _, structure in chapters:
        places = [*structure.code, *structure.math, *(b.span for b in structure.html_blocks)]
        places += [d.span for d in structure.definitions]
        places += [r.target_span for r in (*structure.links, *structure.images) if r.target_span]
        for place in places:
            if place.start < place.end:
                holding = structure.protected.holding(place.start)
                assert holding is not None, (name, place)
                assert place.end <= holding.end, (name, place)


def test_no_edits_give_the_same_bytes(chapters: tuple) -> None:
    for _, source, _ in chapters:
        data = source.to_bytes()
        assert Source.from_bytes(source.path, data).to_bytes(apply_edits(source.text, [])) == data


@needs_shared
@pytest.mark.parametrize("book", BOOKS)
def test_every_file_of_a_real_book_comes_back_byte_for_byte(book: str) -> None:
    for path in (SHARED / "books" / book).rglob("*.md"):
        data = path.read_bytes()
        source = Source.from_bytes(path.name, data)
        assert source.to_bytes(apply_edits(source.text, [])) == data
