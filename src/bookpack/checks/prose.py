"""What a reader of one chapter would stumble over: notices to the author, broken Markdown."""

import re
from collections.abc import Iterator
from functools import lru_cache

from bookpack.diagnostics import Diagnostic, report
from bookpack.model import Chapter
from bookpack.source import Edit, Span

_BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u2028\u2029\u200b\u2060\u2061\u2062\u2063\u2064\u180e\ufeff\u115f\u1160\u3164\uffa0"
_LATIN_INVISIBLE = "".join(map(chr, (*range(0x80, 0xA0), 0xAD)))
_JOINERS = re.compile("(?<![^\x00-\x7f])[\u200c\u200d](?![^\x00-\x7f])")
"""Joiners are letters' business in many scripts and in emoji; between ASCII they hide something."""
_PLAIN_BYTES = bytes(set(range(256)) - set(range(1, 9)) - {11, 12} - set(range(14, 32)) - {127})
_BROKEN_HEADING = re.compile(r"##*(?=\w)")
_TABLE_LINES = re.compile(r"\|[ \t]*(?:\r\n|\n|\r) {0,3}\|")
_UNIX_LIKE = re.compile(r"\*(?:nix|BSD|args)\b")
_ABBREVIATION = re.compile(r"\*\[[^\]\n]+\]:")
_COLON = re.compile(r"[*_]*:")
_BEFORE_NAME = re.compile(
    r"\b(?:an?|and|at|by|for|from|in|of|our|the|to|with)[ \t]+[\"“'(\[*_]*\Z", re.I
)
_NAME = re.compile(r"[ \t]+[A-Z]\w*|['’]s\b")
_COMMON_WORDS = frozenset({"this", "is", "a", "of", "chapter", "section", "page"})
_DETACHED_TARGET = re.compile(r"\] \((?:https?://|[\w./-]+\.(?:md|html)|#)[^)\s]*\)")
_LINK_LIKE = re.compile(r"\[[^\[\]\n]+\]\((?:https?://|[./#\w][^()\n]*)")
_REVERSED_LINK = re.compile(r"\([^()\n]+\)\[https?://[^\]\s]+\]")


def check_prose(chapter: Chapter, draft_phrases: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the text of `chapter`."""
    data = chapter.source.text.encode()
    yield from _draft_notices(chapter, draft_phrases, data)
    yield from _control_characters(chapter, data)
    yield from _literal_marks(chapter)
    yield from _broken_blocks(chapter)


def is_draft_notice(chapter: Chapter, draft_phrases: tuple[str, ...]) -> bool:
    """Tell whether the prose of `chapter` holds a notice to its author."""
    data = chapter.source.text.encode()
    return next(_draft_notices(chapter, draft_phrases, data), None) is not None


def _draft_notices(chapter: Chapter, phrases: tuple[str, ...], data: bytes) -> Iterator[Diagnostic]:
    text = chapter.source.text
    # Searching for fixed words is a hundred times faster than for the pattern of all phrases,
    # and in bytes several times faster than in text.
    lowered = data.lower()
    rare = {word for word in _rare_words(phrases) if not word.isascii() or word.encode() in lowered}
    present = tuple(phrase for phrase in phrases if _rare_word(phrase) in rare)
    pattern = _phrase_pattern(present)
    if pattern is None:
        return
    prose = chapter.structure.prose
    for match in pattern.finditer(text):
        if prose.holding(match.start()) is not None and _is_meant(text, match):
            span = Span(*match.span())
            message = f"“{match[0]}” is a notice to the author."
            yield report("draft-notice", chapter.source, message, span)


def _is_meant(text: str, match: re.Match[str]) -> bool:
    """Tell whether a word in capitals is a notice, and not part of a name (“the TODO Group”).

    A colon makes it one; an article or preposition before it, or a name behind it, does not.
    """
    if not match[0].isupper() or _COLON.match(text, match.end()):
        return True
    before = text[max(0, match.start() - 12) : match.start()]
    return not _BEFORE_NAME.search(before) and not _NAME.match(text, match.end())


@lru_cache(maxsize=8)
def _rare_words(phrases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(_rare_word, phrases))


@lru_cache(maxsize=256)
def _rare_word(phrase: str) -> str:
    words = re.split(r"[\s-]+", phrase.lower())
    return max((word for word in words if word not in _COMMON_WORDS), key=len, default=words[0])


@lru_cache(maxsize=256)
def _phrase_pattern(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """Phrases in capitals are matched as written, others whatever their capitals."""
    parts = []
    for phrase in phrases:
        words = r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", phrase) if word)
        if not words:
            continue
        starts = r"(?<!\w)" if phrase[0].isalnum() else ""
        ends = r"(?!\w)" if phrase[-1].isalnum() else ""
        if phrase.isupper():
            # `todo:` in any case is as clear as TODO; the bare word in lower case is not.
            parts.append(f"{starts}(?:{words}{ends}|(?i:{words})[*_]*:)")
        else:
            plural = "s?" if phrase[-1].isalpha() else ""
            parts.append(f"{starts}(?i:{words}{plural}){ends}")
    return re.compile("|".join(parts)) if parts else None


def _control_characters(chapter: Chapter, data: bytes) -> Iterator[Diagnostic]:
    source, text = chapter.source, chapter.source.text
    places: list[tuple[int, str]] = []
    if data.translate(None, _PLAIN_BYTES):
        places += _places(text, "".join(map(chr, (*range(1, 9), 11, 12, *range(14, 32), 127))))
    if not text.isascii():
        if b"\xc2" in data:  # how U+0080 to U+00BF begin
            places += _places(text, _LATIN_INVISIBLE)
        places += _places(text, _INVISIBLE)
        if "\u200c" in text or "\u200d" in text:
            places += ((match.start(), match[0]) for match in _JOINERS.finditer(text))
        for place, character in _places(text, _BIDIRECTIONAL):
            span = Span(place, place + 1)
            message = f"U+{ord(character):04X} changes the direction of the text behind it."
            yield report("bidirectional-control", source, message, span, fix=Edit(span, ""))
    for place, character in places:
        span = Span(place, place + 1)
        message = f"U+{ord(character):04X} is invisible."
        yield report("invisible-character", source, message, span, fix=Edit(span, ""))


def _places(text: str, characters: str) -> list[tuple[int, str]]:
    present = [character for character in characters if character in text]
    if not present:
        return []
    pattern = re.compile("[" + re.escape("".join(present)) + "]")
    return [(match.start(), match[0]) for match in pattern.finditer(text)]


def _literal_marks(chapter: Chapter) -> Iterator[Diagnostic]:
    """Report emphasis marks, brackets and backticks that the parser left as text."""
    source, text = chapter.source, chapter.source.text
    reported_line = -1
    for start, end in chapter.structure.literals:
        mark = text[start]
        if start > 0 and text[start - 1] == "\\":
            continue
        if start < reported_line:
            continue
        line_end = text.find("\n", start)
        line_end = len(text) if line_end < 0 else line_end
        if mark in "*_":
            if _ABBREVIATION.match(text, start):
                continue
            if _opens_or_closes(text, start, end):
                run_end = end + (text[end : end + 1] == mark)
                message = f"This {mark * (run_end - start)} has no partner."
                yield report("unclosed-emphasis", source, message, Span(start, run_end))
                reported_line = line_end
        elif mark == "`":
            yield report(
                "unclosed-code-span", source, "This backtick has no partner.", Span(start, end)
            )
            reported_line = line_end
        elif mark == "[":
            like = _LINK_LIKE.match(text, start)
            if like:
                message = (
                    f"{like[0][:60]} is no link: it is not closed, or its target holds a blank."
                )
                yield report("unclosed-link", source, message, Span(*like.span()))
                reported_line = like.end()
        elif mark == "]":
            apart = _DETACHED_TARGET.match(text, start)
            if apart:
                message = "A blank stands between the brackets and the target."
                fix = Edit(Span(start + 1, start + 2), "")
                yield report("unclosed-link", source, message, Span(*apart.span()), fix=fix)
                reported_line = apart.end()


def _opens_or_closes(text: str, start: int, end: int) -> bool:
    """Tell whether a mark looks like emphasis to a reader, and not like a sign of its own.

    It must touch a word on one side only (CommonMark's flanking, without the cases in which
    authors mean the sign itself: `*.txt`, `price*`, `5*3`, `snake_case`).
    """
    mark = text[start]
    left = start
    while left > 0 and text[left - 1] == mark:
        left -= 1
    right = end
    while right < len(text) and text[right] == mark:
        right += 1
    before, after = text[left - 1 : left], text[right : right + 1]
    if before == "\\" or _UNIX_LIKE.match(text, start):
        return False
    opens = bool(after) and (after.isalnum() or after in "\"'“‘([") and not before.isalnum()
    doubled = right - left > 1
    closes = bool(before) and not before.isspace() and not after.isalnum() and doubled
    return opens or closes


def _broken_blocks(chapter: Chapter) -> Iterator[Diagnostic]:
    source, text = chapter.source, chapter.source.text
    prose, tables = chapter.structure.prose, chapter.structure.tables
    for match in _BROKEN_HEADING.finditer(text):
        place = Span(*match.span())
        signs = place.end - place.start
        # One sign before a small letter or a digit is a tag or an issue's number.
        if signs > 6 or (signs == 1 and not text[place.end].isupper()):
            continue
        if not _begins_line(text, place.start) or prose.holding(place.start) is None:
            continue
        fix = Edit(Span(place.end, place.end), " ")
        message = "No blank follows the number signs, so this is no heading."
        yield report("heading-without-blank", source, message, place, fix=fix)
    last = -1
    for match in _TABLE_LINES.finditer(text):
        if match.start() <= last or tables.holding(match.start()) is not None:
            continue
        start = max(text.rfind("\n", 0, match.start()), text.rfind("\r", 0, match.start())) + 1
        first = text[start : match.start() + 1].lstrip(" ")
        if prose.holding(match.start()) is not None and len(first) > 1 and first[0] == "|":
            paragraph_end = text.find("\n\n", match.end())
            last = paragraph_end if paragraph_end >= 0 else len(text)
            message = "These lines look like a table and are none."
            yield report("broken-table", source, message, Span(start, match.start() + 1))
    if ")[http" in text:
        for match in _REVERSED_LINK.finditer(text):
            if prose.holding(match.start()) is not None:
                message = f"{match[0][:60]} has its brackets the wrong way round."
                yield report("unclosed-link", source, message, Span(*match.span()))


def _begins_line(text: str, place: int) -> bool:
    before = text[max(0, place - 4) : place].rstrip(" ")
    return not before or before[-1] in "\n\r"
