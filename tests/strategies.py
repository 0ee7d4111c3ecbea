"""Hypothesis strategies that several tests share: nasty text, edits, books with known links."""

import os
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st

from bookpack.source import Edit, Span

# Each run takes other examples. More of them in one run: BOOKPACK_EXAMPLES=10, ten times as many.
EXAMPLES = float(os.environ.get("BOOKPACK_EXAMPLES", "1"))
# A slow or busy machine must not turn a right answer into a failure.
modest = settings(deadline=None, max_examples=round(75 * EXAMPLES))
few = settings(deadline=None, max_examples=round(20 * EXAMPLES))

NASTY = list("[]()`*_<>!\"'|$\\#&;:^~-+=.{}/ \t\n\r\0a1é世😀\u0301\ufeff\u00a0\u2028\ufffd")
NASTY_WORDS = [
    "\r\n",
    "\n\n",
    "\n> ",
    "\n- ",
    "\n    ",
    "\n\t",
    "\n# ",
    "\n---\n",
    "\n===\n",
    "\n```\n",
    "](",
    "](<",
    "][",
    "[]",
    "![",
    "[^1]",
    "\n[^1]: ",
    "\n[a]: /b",
    "<!--",
    "-->",
    "<a href=",
    "</a>",
    '<img src="',
    "<b>",
    "https://e.com",
    "<https://e.com>",
    "&amp;",
    "&#0;",
    "$$",
    "\n| a | b |\n|---|---|\n| ",
    "\\|",
    "\nurl: /x",
]

characters = st.characters(codec="utf-8")
_nasty_piece = st.one_of(
    *[st.sampled_from(NASTY)] * 4, *[st.sampled_from(NASTY_WORDS)] * 4, characters
)
# The length is drawn first: left alone, lists are short, and nasty things need company.
nasty_text = (
    st.integers(0, 50)
    .flatmap(lambda size: st.lists(_nasty_piece, min_size=size, max_size=size))
    .map("".join)
)


@st.composite
def text_with_edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A text and edits of it that do not touch one another's characters, in order."""
    text = draw(st.text(alphabet="abc\n\ré世😀", max_size=30))
    cuts = draw(st.lists(st.integers(0, len(text)), max_size=12, unique=True).map(sorted))
    places = [Span(*pair) for pair in zip(cuts[::2], cuts[1::2], strict=False)]
    if len(cuts) % 2:
        places.append(Span(cuts[-1], cuts[-1]))
    replacements = st.text(alphabet="xyz\n😀", max_size=5)
    return text, [Edit(place, draw(replacements)) for place in places]


class Known(NamedTuple):
    """A link or image that a written document holds, where it was put."""

    start: int
    end: int
    target: str
    text: str


class Written(NamedTuple):
    """A Markdown document whose links and images are known because they were put there."""

    text: str
    links: list[Known]
    images: list[Known]


_WORDS = st.lists(
    st.sampled_from(["plain", "Wörter", "世界", "😀", "a, b", "42.", "it's"]),
    min_size=1,
    max_size=3,
).map(" ".join)
_TARGETS = st.sampled_from(
    [
        ("/a", "/a"),
        ("b.md#c", "b.md#c"),
        ("https://example.com/?q=1&r=2", "https://example.com/?q=1&r=2"),
        ("a_(b)", "a_(b)"),
        (r"a\)b", "a)b"),
        ("<c d>", "c d"),
        ("x&amp;y", "x&y"),
        ("", ""),
        ("世/é.png", "世/é.png"),
    ]
)
_TITLES = st.sampled_from(["", ' "a title"', " 'one (two)'", " (three)"])
_BREAKS = st.sampled_from(["\n", "\r\n"])
# What a paragraph may stand in: the first line's mark and every later line's.
_CONTAINERS = st.sampled_from(
    [("", ""), ("> ", "> "), ("- ", "  "), ("12. ", "    "), ("> - ", ">   "), ("- > ", "  > ")]
)


@st.composite
def written_documents(draw: st.DrawFn) -> Written:
    """Paragraphs with links and images inside quotes and lists, in any line ending."""
    newline = draw(_BREAKS)
    text = ""
    links: list[Known] = []
    images: list[Known] = []
    for _ in range(draw(st.integers(1, 4))):
        first, later = draw(_CONTAINERS)
        text += first
        for index in range(draw(st.integers(1, 4))):
            if index:
                text += draw(st.sampled_from([" ", f" and{newline}{later}"]))
            words = draw(_WORDS)
            kind = draw(st.sampled_from(["words", "link", "image", "autolink", "code", "strong"]))
            raw, target = draw(_TARGETS)
            title = draw(_TITLES) if raw else ""
            start = len(text)
            if kind == "link":
                text += f"[{words}]({raw}{title})"
                links.append(Known(start, len(text), target, words))
            elif kind == "image":
                text += f"![{words}]({raw}{title})"
                images.append(Known(start, len(text), target, words))
            elif kind == "autolink":
                text += "<https://example.com/x>"
                address = "https://example.com/x"
                links.append(Known(start, len(text), address, address))
            elif kind == "code":
                text += "`[no](link)`"
            elif kind == "strong":
                text += f"**{words}**"
            else:
                text += words
        text += newline * 2 + f"<!-- between -->{newline * 2}"
    return Written(text, links, images)
