"""A second parser that says where links and images stand: markdown-it-py, made to tell.

markdown-it-py keeps line numbers for blocks and nothing for what stands inside them. Here its
text is a `PlacedText`: a string in which every character remembers the offset that it has in
the source. Slicing, trimming and joining keep the places, so whatever the parser cuts off
(marks of quotes, indentation, the backslash of `\\|` in a table), the rules for links, images
and autolinks still see where they are. These rules are wrapped to write that down.
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin


class Seen(NamedTuple):
    """A link or image: where it starts and ends in the text, and its decoded target."""

    start: int
    end: int
    target: str


class SeenLine(NamedTuple):
    """A block: the line of the text on which it begins (from 1), and what it is."""

    line: int
    what: str


class Sightings(NamedTuple):
    """What the second parser saw in one text, in order."""

    links: list[Seen]
    images: list[Seen]
    definitions: list[SeenLine]
    headings: list[SeenLine]
    code_blocks: list[SeenLine]


class PlacedText(str):
    """A string whose every character knows its offset in the source."""

    places: "array[int]"

    @classmethod
    def at(cls, text: str, places: Iterable[int]) -> "PlacedText":
        placed = cls(text)
        placed.places = places if isinstance(places, array) else array("I", places)
        assert len(placed.places) == len(text)
        return placed

    @classmethod
    def joined(cls, pieces: Iterable["PlacedText"]) -> "PlacedText":
        pieces = list(pieces)
        places = array("I")
        for piece in pieces:
            places += piece.places
        return cls.at("".join(pieces), places)

    def __getitem__(self, index: Any) -> str:
        piece = str.__getitem__(self, index)
        if isinstance(index, slice):
            return PlacedText.at(piece, self.places[index])
        return piece

    def __add__(self, other: str) -> str:
        if isinstance(other, PlacedText):
            return PlacedText.joined([self, other])
        return self if other == "" else str.__add__(self, other)

    def __radd__(self, other: str) -> str:
        return self if other == "" else other + str(self)

    def strip(self, characters: str | None = None) -> "PlacedText":
        start = len(self) - len(str.lstrip(self, characters))
        end = max(start, len(str.rstrip(self, characters)))
        return PlacedText.at(str(self)[start:end], self.places[start:end])


class _PlacedBlocks(StateBlock):
    """The block parser's state; lines taken out of it know their places."""

    def __init__(self, placed: PlacedText, core: StateCore) -> None:
        self.placed = placed
        super().__init__(str(placed), core.md, core.env, core.tokens)

    def getLines(self, begin: int, end: int, indent: int, keepLastLF: bool) -> str:  # noqa: N802, N803
        lines = []
        for line in range(begin, end):
            keep = keepLastLF or line + 1 < end
            text = super().getLines(line, line + 1, indent, keep)
            last = min(self.eMarks[line] + keep, len(self.src))
            # Half a tab may have become blanks; these stand where the rest begins.
            blanks = 0
            while text[blanks:] != self.src[last - len(text) + blanks : last]:
                blanks += 1
            first = last - len(text) + blanks
            places = self.placed.places
            here = places[first] if first < len(places) else 0
            lines.append(PlacedText.at(text, array("I", [here]) * blanks + places[first:last]))
        return PlacedText.joined(lines)


class Witness:
    """markdown-it-py with the extensions that the first parser has, asked for places."""

    def __init__(self) -> None:
        parser = MarkdownIt("commonmark")
        parser.enable(["table", "strikethrough"])
        parser.use(footnote_plugin, inline=False)
        parser.use(tasklists_plugin)
        parser.use(
            dollarmath_plugin,
            allow_labels=False,
            allow_space=False,
            allow_blank_lines=False,
            double_inline=True,
        )
        # Targets as the author meant them: neither percent-encoded nor judged.
        parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
        parser.validateLink = lambda url: True  # type: ignore[method-assign]
        parser.core.ruler.at("normalize", _normalise)
        parser.core.ruler.at("block", _parse_blocks)
        _wrap_rules(parser.block.ruler, ("heading", "table"), _with_places)
        _wrap_rules(parser.inline.ruler, ("link", "image", "autolink"), _recorded)
        self._parser = parser

    def ask(self, text: str, start: int = 0) -> Sightings:
        """Return the links and images of `text` from `start` on, with their places."""
        env: dict[str, Any] = {"start": start, "links": [], "images": [], "blocks": []}
        self._parser.parse(text[start:], env)
        images: list[Seen] = []
        for image in sorted(env["images"], key=lambda seen: (seen.start, -seen.end)):
            if not images or image.start >= images[-1].end:  # none within another's words
                images.append(image)
        before = text[:start].replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
        definitions = [
            SeenLine(found["map"][0] + before, found["href"])
            for found in (*env.get("references", {}).values(), *env.get("duplicate_refs", ()))
        ]
        headings, code_blocks = [], []
        for token in env["blocks"]:
            if token.type == "heading_open":
                headings.append(SeenLine(token.map[0] + before, token.tag))
            elif token.type in ("fence", "code_block"):
                code_blocks.append(SeenLine(token.map[0] + before, "code"))
        return Sightings(sorted(env["links"]), images, sorted(definitions), headings, code_blocks)


def _normalise(state: StateCore) -> None:
    body = state.src
    places = array("I", range(state.env["start"], state.env["start"] + len(body)))
    if "\r" in body:
        kept = array("I", [i for i in range(len(body)) if body[i : i + 2] != "\r\n"])
        places = array("I", [places[i] for i in kept])
        body = body.replace("\r\n", "\n").replace("\r", "\n")
    state.src = PlacedText.at(body.replace("\0", "\ufffd"), places)


def _parse_blocks(state: StateCore) -> None:
    if state.src:
        blocks = _PlacedBlocks(state.src, state)
        state.md.block.tokenize(blocks, blocks.line, blocks.lineMax)
        state.env["blocks"] = list(state.tokens)


def _wrap_rules(ruler: Any, names: Sequence[str], wrap: Any) -> None:
    rules = {rule.name: rule for rule in ruler.__rules__}
    for name in names:
        rule = rules[name]
        ruler.at(name, wrap(name, rule.fn), {"alt": rule.alt})


def _with_places(_name: str, rule: Any) -> Any:
    """Let a block rule that takes its text directly from the source see the places."""

    def placed(state: _PlacedBlocks, start: int, end: int, silent: bool) -> bool:
        plain, state.src = state.src, state.placed
        try:
            return rule(state, start, end, silent)
        finally:
            state.src = plain

    return placed


def _recorded(name: str, rule: Any) -> Any:
    """Write down what an inline rule makes of the text, and where."""

    def recorded(state: StateInline, silent: bool) -> bool:
        start, first = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if not silent:
            places = state.src.places
            kind = "img" if name == "image" else "a"
            token = next(token for token in state.tokens[first:] if token.tag == kind)
            target = str(token.attrs["src" if name == "image" else "href"])
            is_email = name == "autolink" and not state.src.startswith(target, start + 1)
            if not is_email:
                seen = Seen(places[start], places[state.pos - 1] + 1, target)
                state.env["images" if name == "image" else "links"].append(seen)
        return True

    return recorded
