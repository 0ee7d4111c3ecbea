"""Does a text end where its author wanted it to end, or was it cut off?

Models that run out of room stop in the middle of a word, a sentence, a table or a piece of
Markdown. Only the last block is looked at; the others say how this text usually ends things:
a list of fragments may end in a fragment, and a list of sentences may not.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from bookpack.model import SpanList, Structure
from bookpack.read.spans import merged
from bookpack.source import Span

_STOPS = frozenset(".!?…‥。．｡！？‼⁇⁈⁉।॥؟۔։።፧។៕၊။᠃᠉꓿")
"""Marks at which a sentence ends (Unicode, Sentence_Terminal), and the ellipsis."""
_STOP_INSIDE = re.compile(r"[.!?…।॥؟۔։]\W*\s|[。．｡！？]")
_CLOSING = "\"'”’“‘»«›‹」』）】)]}*_~`"
_CLOSES_AFTER_BLANK = "»›"
_GOES_ON = frozenset(",、，،;；-–—([{（「『«„“‘")
_COLONS = (":", "：")
_LABEL = re.compile(r"[^\s:]+(?: [^\s:]+)?: ")
_GREEK_QUESTION = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff][^\w]*[;\u037e]$")
_PAIRS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "“": "”",
    "„": "“",
    "«": "»",
    "「": "」",
    "『": "』",
    "（": "）",
}
_ADDRESSES = ("http://", "https://", "www.")
_GOES_ON_AFTER = re.compile(
    r"\s(?:and|or|of|the|an|with|from|than|which|whose|because|are|is|was|were|und|oder|dem|"
    r"eine[mnrs]?|sowie|et|ou|des|du|del|los|las|que|della|het|een)$"
)
"""Words behind which something must follow; in small letters and behind another word, because
`x or` is cut off and a label called `OR` is not."""
_LIST_MARK = re.compile(r"(?:[-*+•]|\d{1,9}[.)])(?:[ \t]+|$)")
_BOLD = re.compile(r"(\*\*|__)(?:(?!\1).)+\1:?")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
# Thai, Lao, Tibetan, Khmer and Burmese end most sentences with a blank or with nothing.
_WITHOUT_STOPS = re.compile(r"[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]")
_FEW_WORDS = 4
_LONG_PHRASE = 12
_LEAST_PATTERN = 3
_SHOWN = 48


class Cut(NamedTuple):
    """Where a text breaks off (its last line, in code points), and what is missing."""

    span: Span
    message: str


class _Block(NamedTuple):
    """A `paragraph`, `item`, `row` of a table, `heading` or line of `code`.

    `column` is where its line begins, list mark included; `text` is without the mark.
    """

    kind: str
    span: Span
    column: int
    text: str


def find_cut(text: str, structure: Structure, *, by_hand: bool = True) -> Cut | None:
    """Return where `text`, parsed as `structure`, was cut off, None where it is whole.

    People write phrases without a stop for alternative texts and sources; a short one is whole if
    it is written `by_hand`. In what bookpack wrote from an answer, the items of lists are words
    read in a picture, which may end in anything.
    """
    blocks = _blocks(text, structure)
    if not blocks:
        return None
    last = blocks[-1]
    reason = _reason(blocks, structure, by_hand)
    if not reason:
        return None
    line_start = max(text.rfind("\n", 0, last.span.end), text.rfind("\r", 0, last.span.end)) + 1
    return Cut(Span(max(line_start, last.span.start), last.span.end), reason)


def count_words(text: str) -> int:
    """Return the number of words; two signs of a script without blanks count as one word."""
    signs = len(_UNSPACED.findall(text))
    return len(_UNSPACED.sub("", text).split()) + (signs + 1) // 2


def _reason(blocks: Sequence[_Block], structure: Structure, by_hand: bool) -> str:
    last = blocks[-1]
    if last.kind == "code":
        open_fences = [p for p in structure.problems if p.rule == "unclosed-code-fence"]
        return "It ends in code that is never closed." if open_fences else ""
    if last.kind == "heading":
        return f"Nothing follows its last heading, “{_tail(structure.headings[-1].text)}”."
    if last.kind == "row":
        return _cut_table(blocks)
    if last.text.startswith("|"):
        return f"It ends in a table without rows: “{_tail(last.text)}”."
    if not last.text:
        return "It ends in an empty list item."
    if _ends_sentence(last.text):
        return ""
    ending = f"It ends in “{_tail(last.text)}”"
    goes_on = f"{ending}, and that goes on."
    middle = f"{ending}, in the middle of a sentence."
    if _has_open_emphasis(last, structure):
        return goes_on
    if last.kind == "item":
        if _is_empty_label(blocks):
            return f"{ending}, and nothing follows."
        if not by_hand or _is_among_fragments(blocks):
            return ""
    if _goes_on(last.text) or _has_open_pair(last.text):
        return goes_on
    if last.kind == "item":
        return middle if _breaks_list(blocks) else ""
    if last.text.split()[-1].startswith(_ADDRESSES) or _WITHOUT_STOPS.match(last.text[-1]):
        return ""
    others = [block.text for block in blocks[:-1] if block.kind == "paragraph"]
    words = count_words(last.text)
    if words <= _FEW_WORDS:
        is_line = not others or _LABEL.match(last.text)
        return "" if is_line or not all(map(_leads_on_or_ends, others)) else middle
    if by_hand and words <= _LONG_PHRASE and not _STOP_INSIDE.search(last.text):
        is_line = not any(map(_ends_sentence, others)) or _LABEL.match(last.text)
        return "" if is_line else middle
    return middle


def _tail(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN else "…" + words[-_SHOWN:].partition(" ")[2]


def _ends_sentence(text: str) -> bool:
    stripped = text.rstrip(_CLOSING)
    if stripped != text and stripped[-1:].isspace():
        if text[-1] not in _CLOSES_AFTER_BLANK:
            return False  # a quote that opens and says nothing
        stripped = stripped.rstrip()
    return stripped[-1:] in _STOPS or bool(_GREEK_QUESTION.search(stripped))


def _leads_on_or_ends(text: str) -> bool:
    return _ends_sentence(text) or text.rstrip("*_").endswith(_COLONS)


def _goes_on(text: str) -> bool:
    plain = text.rstrip("*_~`")
    if plain.endswith(_COLONS):
        return True
    if count_words(text) < 2:
        return False
    if plain[-1:] in _GOES_ON and not (plain[-1:] == "“" and "„" in plain):
        return True
    if plain[-1:] in ("\"'") and plain[-2:-1].isspace():
        return True
    return bool(_GOES_ON_AFTER.search(plain.rstrip("\"'”’")))


def _has_open_pair(text: str) -> bool:
    """Tell whether a bracket or quote is opened and not closed."""
    for opening, closing in _PAIRS.items():
        # A German quote is closed by the mark that opens an English one.
        if opening == "“" and "„" in text:
            continue
        if opening in text and closing not in text[text.rfind(opening) :]:
            return True
    return text.count('"') % 2 == 1


def _has_open_emphasis(block: _Block, structure: Structure) -> bool:
    """Tell whether a mark stands before a word and was left as text by the parser."""
    for start, end in structure.literals:
        if block.span.start <= start < block.span.end:
            place, behind = start - block.span.start, end - block.span.start
            before = block.text[place - 1] if place else ""
            after = block.text[behind : behind + 1]
            if not before.isalnum() and before != "\\" and after.strip():
                return True
    return False


def _is_empty_label(blocks: Sequence[_Block]) -> bool:
    """Tell whether the last item is all bold, as others are that have more below them."""
    if not _BOLD.fullmatch(blocks[-1].text):
        return False
    labels = [
        has_more
        for item, has_more in _items_before(blocks, past_headings=True)
        if _BOLD.fullmatch(item.text)
    ]
    return bool(labels) and all(labels)


def _is_among_fragments(blocks: Sequence[_Block]) -> bool:
    """Tell whether no item of the last one's list is a sentence, as in a list of labels read.

    What was read in a picture may end in anything. A list of one short item is one of labels if
    a paragraph leads to it.
    """
    items = [item for item, has_more in _items_before(blocks) if not has_more]
    if items:
        return not any(_ends_sentence(item.text) for item in items)
    before = blocks[-2].text if len(blocks) > 1 and blocks[-2].kind == "paragraph" else ""
    return before.endswith(_COLONS) and count_words(blocks[-1].text) <= _FEW_WORDS


def _breaks_list(blocks: Sequence[_Block]) -> bool:
    """Tell whether the last item has no stop where its neighbours have one."""
    last = blocks[-1]
    words = count_words(last.text)
    neighbours = [item for item, has_more in _items_before(blocks) if not has_more]
    if not neighbours:
        neighbours = [
            block
            for block in blocks[:-1]
            if block.kind in ("item", "paragraph") and count_words(block.text) > _FEW_WORDS
        ]
        if words > _LONG_PHRASE and neighbours:
            return not _WITHOUT_STOPS.match(last.text[-1])
    finished = sum(_ends_sentence(block.text) for block in neighbours)
    if finished == len(neighbours) >= _LEAST_PATTERN:
        return words > 1
    return finished * 2 > len(neighbours) and words > _FEW_WORDS


def _items_before(
    blocks: Sequence[_Block], *, past_headings: bool = False
) -> list[tuple[_Block, bool]]:
    """Return the items before the last one in its list, each with “more stands below it”."""
    column = blocks[-1].column
    found: list[tuple[_Block, bool]] = []
    has_more = False
    for block in reversed(blocks[:-1]):
        if block.column > column:
            has_more = True
        elif block.column == column and block.kind == "item":
            found.append((block, has_more))
            has_more = False
        elif not (past_headings and block.kind == "heading"):
            break
    return found


def _cut_table(blocks: Sequence[_Block]) -> str:
    rows: list[str] = []
    for block in reversed(blocks):
        if block.kind != "row":
            break
        rows.append(block.text)
    last, head = rows[0], rows[-1]
    if len(rows) <= 2:
        return f"It ends in a table without rows: “{_tail(head)}”."
    if head.endswith("|") and not last.endswith("|"):
        return f"The last row of its table is not closed: “{_tail(last)}”."
    if len(cells(last)) < len(cells(head)):
        return f"The last row of its table lacks cells: “{_tail(last)}”."
    return ""


def cells(row: str) -> list[str]:
    """Return the cells of a line of a Markdown table, without the blanks around them."""
    inner = row.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", inner)]


def _blocks(text: str, structure: Structure) -> list[_Block]:
    """Cut the text from `structure.body_start` on into blocks, line by line."""
    headings = merged(heading.span for heading in structure.headings)
    blocks: list[_Block] = []
    is_open = False
    line_start = structure.body_start
    for line in text[line_start:].splitlines(keepends=True):
        column = len(line) - len(line.lstrip(" \t>"))
        place = Span(line_start + column, line_start + len(line.rstrip()))
        line_start += len(line)
        if place.start >= place.end:
            is_open = False
            continue
        kind = _kind(structure, headings, place)
        mark = _LIST_MARK.match(text, *place) if kind == "paragraph" else None
        if mark:
            kind, place = "item", Span(mark.end(), place.end)
        elif kind == "paragraph" and is_open:
            previous = blocks.pop()
            kind, column = previous.kind, previous.column
            place = Span(previous.span.start, place.end)
        blocks.append(_Block(kind, place, column, place.slice(text)))
        is_open = kind in ("item", "paragraph")
    return blocks


def _kind(structure: Structure, headings: SpanList, line: Span) -> str:
    if headings.holding(line.start) is not None:
        return "heading"
    if structure.tables.holding(line.start) is not None:
        return "row"
    code = structure.code.holding(line.start)
    return "code" if code is not None and code.end >= line.end else "paragraph"
