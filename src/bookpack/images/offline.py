"""A description without any model: what is certain, said in a fixed wording.

Nothing is left out, however many words a picture holds: they stand in one paragraph.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bookpack.images.facts import Facts
from bookpack.images.ocr import Reading
from bookpack.images.reading_order import NUMBER, Line
from bookpack.read.plain import escape_plain

LABEL = "Not described by a model."
_PARTED = " · "
_OWN_TITLE, _OWN_DESCRIPTION = "Its own title:", "Its own description:"
_SPELLED, _READ = "Words in it,", "Words found in it by OCR"
_FOR_READERS = (_OWN_TITLE, _OWN_DESCRIPTION, _SPELLED, _READ)


@dataclass(frozen=True, slots=True)
class OfflineDescription:
    """What can be said without a model.

    `kind` is as in `Facts.looks`. `text` is Markdown in paragraphs, in which nothing from the
    picture is markup. `words` are the lines found in the picture, None where nobody read it.
    """

    kind: str
    text: str
    words: tuple[str, ...] | None


def describe_offline(facts: Facts, reading: Reading | None) -> OfflineDescription:
    """Describe a picture by its facts and by what was read in it, None where it was not read.

    A number that two readings disagree on is followed by a question mark. The author's
    alternative text and caption are not repeated: they stand beside the description.
    """
    if facts.problem:
        return OfflineDescription("", f"{LABEL} The picture {escape_plain(facts.problem)}.", None)
    paragraphs = [f"{LABEL} {_kind_and_size(facts)}."]
    if facts.own_title:
        paragraphs.append(f"{_OWN_TITLE} {escape_plain(facts.own_title)}")
    if facts.own_description:
        paragraphs.append(f"{_OWN_DESCRIPTION} {escape_plain(facts.own_description)}")
    if facts.own_words:
        paragraphs.append(f"{_SPELLED} as the file spells them: {_listed(facts.own_words)}")
    words = facts.own_words or None
    if reading is not None and not facts.own_words:
        words = reading.words
        if reading.lines:
            marked = _listed(map(_marked, reading.lines))
            doubt = " (? = two readings differ)" if reading.doubtful else ""
            paragraphs.append(f"{_READ}{doubt}: {marked}")
        else:
            paragraphs.append("No words were found in it by OCR.")
    return OfflineDescription(facts.looks, "\n\n".join(paragraphs), words)


def for_readers(text: str) -> str:
    """Return what an offline description tells who sees the picture's page: the words in it.

    What kind of a file it is tells nothing to who can have it read out.
    """
    paragraphs = text.split("\n\n")
    return "\n\n".join(one for one in paragraphs if one.startswith(_FOR_READERS))


def _kind_and_size(facts: Facts) -> str:
    article = "An" if facts.format in ("AVIF", "SVG") else "A"
    looks = f" that looks like a {facts.looks}" if facts.looks else ""
    what = "pages" if facts.format == "TIFF" else "frames"
    first = f", the first of {facts.frames:,} {what}" if facts.frames > 1 else ""
    size = f"{facts.width:,} × {facts.height:,} pixels"
    return f"{article} {facts.format} picture of {size}{looks}{first}"


def _listed(texts: Iterable[str]) -> str:
    # Escaped as one line: marks in two of the texts could pair.
    return escape_plain(_PARTED.join(texts))


def _marked(line: Line) -> str:
    """Return the text of a line with a question mark behind each doubtful number."""
    return NUMBER.sub(lambda n: f"{n[0]}?" if n[0] in line.doubtful else n[0], line.text)
