"""What an edition says of itself: what was left out and why, and who described its figures."""

from collections import Counter
from collections.abc import Iterable, Sequence

from bookpack.images.words import Origin, PictureWords
from bookpack.model import Book, Image
from bookpack.read.layouts.base import SitePage

Figure = tuple[Image, str, PictureWords]
"""An image, the words of its caption, and what is said of its picture."""


def notes_on(book: Book, site_pages: Iterable[SitePage], figures: Sequence[Figure]) -> list[str]:
    """Return the notes, one sentence each."""
    notes = []
    for reason in ("draft", "not listed"):
        paths = [left.path for left in book.left_out if left.reason == reason]
        if paths:
            notes.append(f"Left out ({reason}): {', '.join(paths)}.")
    besides: dict[str, list[str]] = {}
    left_out = {left.path for left in book.left_out}
    for page in site_pages:
        if page.reason and page.path not in left_out:
            besides.setdefault(page.reason, []).append(page.path)
    notes += (f"Left out ({reason}): {', '.join(paths)}." for reason, paths in besides.items())
    counts = Counter(_described_by(*figure) for figure in figures if not figure[2].decorative)
    if counts:
        parts = [f"{count:,} {how}" for how, count in sorted(counts.items())]
        told = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
        by_model = any("model" in how for how in counts)
        notes.append(f"Figures: {told}{'' if by_model else '; no model described any'}.")
    return notes


def _described_by(image: Image, caption: str, words: PictureWords) -> str:
    if words.origin in (Origin.MODEL, Origin.PERSON):
        who = "model" if words.origin is Origin.MODEL else "person"
        return f"described by a {who}" + (" and approved" if words.reviewed else "")
    if image.alt or image.title or caption:
        return "with the words of the author"
    if words.origin is Origin.OFFLINE:
        return "with what their files tell"
    return "without any words"
