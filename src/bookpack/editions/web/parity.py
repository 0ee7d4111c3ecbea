"""Does the site say what the pack says? The text of every page against its packed chapter.

Both are taken apart to the text that a reader sees, by different means: the page by its tags,
the packed chapter by the parser. Compared is every character but blanks, in order, footnotes
behind the rest. Left out is what is said in another form on purpose: pictures with their
captions and descriptions, formulas, marks of footnotes, titles of callouts. A caption that only
the pack makes part of a figure (`figures.FigurePlan.left`) is looked for where the two part.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape, unescape
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag

from bookpack.diagnostics import Diagnostic, report
from bookpack.editions.web.addresses import path_of
from bookpack.editions.web.figures import plan_figures
from bookpack.editions.web.site import Page, Site
from bookpack.links.resolution import Kind
from bookpack.model import LinkKind, Structure
from bookpack.read.events import markdown_events
from bookpack.read.headings import EXPLICIT_ANCHOR
from bookpack.read.markdown import parse_markdown

_ARTICLE = re.compile(r"<article\b[^>]*>(.*)</article>", re.S)
_FOOTNOTES = re.compile(r'<section class="footnotes".*</section>', re.S)
_OTHER_FORM = re.compile(
    r"<math\b.*?</math>|<(script|style|title)\b.*?</\1\s*>|<!--.*?-->"
    r'|<code class="tex">.*?</code>|<p class="callout-title">.*?</p>'
    r'|<sup[^>]*><a [^>]*class="noteref".*?</sup>|<a [^>]*class="backref".*?</a>'
    r'|<details class="description(?: offline)?">.*?</details>'
    # A description may hold a drawing, which is a figure in a figure.
    r'|<figure class="picture">(?:[^<]++|<figure\b.*?</figure>|(?!</?figure\b)<)*+</figure>'
    r"|(?<=</pre>)<figcaption>.*?</figcaption>",
    re.S,
)
_TAG = re.compile(r"</?[a-zA-Z](?:[^>\"']|\"[^\"]*\"|'[^']*')*>|<[!?][^>]*>", re.S)
_BRACKET = re.compile(r"\[Image(?:: [^\]]*)?\]")
_IMAGE_AS_LINK = re.compile(r"Image(?:: .*)?", re.S)
_IMAGE_IN_LINK_OF_HTML = re.compile(r"(<a\s[^>]*>)\s*Image(?:: [^<]*)?(?=</a>)", re.I)
_ID = re.compile(r"""\s(?:id|name)=["']([^"']+)""")
CODES = ("BP804", "BP805")
"""The rules that are checked here."""
_GATHERED = frozenset(("BlockQuote", "Heading", "Link", "FootnoteDefinition"))
_SHOWN = 60
"""Characters of the text that a finding shows of each side."""


class Compared(NamedTuple):
    """What comparing a page with its packed chapter gives, whatever other pages say.

    `ids` are the places of the page, `targets` the addresses that the packed chapter names, and
    `difference` says where the two part; empty if they do not.
    """

    ids: frozenset[str]
    targets: frozenset[str]
    difference: str


def compare(page: Page, markup: bytes, *, math: bool = True) -> Compared:
    """Compare a page, whose HTML is `markup`, with its packed chapter."""
    shown = markup.decode()
    packed = page.packed.body.decode()
    structure = parse_markdown(packed, math=math, owns=page.url.__eq__)
    said, packed_said = page_text(shown, page), packed_text(packed, structure, math=math)
    return Compared(
        frozenset(map(unescape, _ID.findall(shown))),
        _targets(page, structure),
        _difference(said, packed_said, plan_figures(page.chapter).left),
    )


def check_parity(
    site: Site,
    read: Callable[[str], bytes | None],
    *,
    math: bool = True,
    compare: Callable[..., Compared] = compare,
) -> Iterator[Diagnostic]:
    """Yield findings about pages that say something else than the pack, and about links of the
    pack that lead to nothing on the site.

    `read` gives the files of the site as they were written, None for what is not there; `math`
    tells whether chapters were read with formulas. `compare` is what compares a page.
    """
    compared = [(page, compare(page, read(page.path) or b"", math=math)) for page in site.pages]
    for page, found in compared:
        if found.difference:
            yield report("page-differs-from-pack", page.chapter.source, found.difference)
    ids = {page.path: found.ids for page, found in compared}
    for page, found in compared:
        for address in sorted(found.targets):
            problem = _problem(address, site, ids, read)
            if problem:
                yield report("pack-link-without-page", page.chapter.source, problem)


def page_text(markup: str, page: Page) -> str:
    """Return the text of a page's article, its footnotes last."""
    article = _ARTICLE.search(markup)
    shown = article[1] if article else ""
    notes = _FOOTNOTES.search(shown)
    if notes:
        shown = shown[: notes.start()] + shown[notes.end() :] + notes[0]
    text = _plain(shown)
    for link, resolution in page.resolved.links:
        # An address that is its own text is written out as it is today.
        if link.kind in (LinkKind.AUTOLINK, LinkKind.BARE) and resolution.url != link.target:
            text = text.replace(link.target, resolution.url, 1)
    return text


def packed_text(packed: str, structure: Structure, *, math: bool) -> str:
    """Return the text of a packed chapter in the order in which pages have it."""
    events, _ = markdown_events(packed, structure, math=math)
    pieces: list[str] = []
    outer: list[tuple[list[str], Any]] = []
    notes: dict[str, str] = {}
    referred: dict[str, None] = {}
    for event, _ in events:
        if type(event) is str:
            pieces.append("\n")
            continue
        kind, value = event.popitem()
        if kind in ("Text", "Code"):
            pieces.append(escape(value, quote=False))
        elif kind in ("Html", "InlineHtml"):
            pieces.append(value)
        elif kind == "FootnoteReference":
            referred[value] = None
        elif kind == "Start":
            name, data = (value, None) if type(value) is str else value.popitem()
            if name in _GATHERED:
                outer.append((pieces, data))
                pieces = []
            elif name == "Strong":
                pieces.append("<strong>")
        elif kind == "End":
            name = value if type(value) is str else next(iter(value))
            if name not in _GATHERED:
                continue
            inner = "".join(pieces)
            pieces, data = outer.pop()
            if name == "FootnoteDefinition":
                notes.setdefault(data, inner)
            elif name == "Heading":
                pieces.append(EXPLICIT_ANCHOR.sub("", inner))
            elif name == "Link":
                pieces.append("" if _IMAGE_AS_LINK.fullmatch(inner) else inner)
            elif data is not None or not inner.startswith("<strong>Figure"):
                pieces.append(inner)
    order = [*referred, *(label for label in notes if label not in referred)]
    pieces += (notes.get(label, "") for label in order)
    return _plain(_IMAGE_IN_LINK_OF_HTML.sub(r"\1", "".join(pieces)))


def _plain(markup: str) -> str:
    return _BRACKET.sub("", unescape(_TAG.sub("", _OTHER_FORM.sub("", markup))))


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _difference(page: str, packed: str, left: Iterable[str] = ()) -> str:
    """Return where two texts part, as a sentence; empty if they differ in blanks alone.

    Each of the captions `left` on the page stands there besides; those in footnotes come last.
    """
    one, other = _squeezed(page), _squeezed(packed)
    waiting = [(caption, _squeezed(caption)) for caption in left]
    passed = 0  # characters of captions
    found = True
    while waiting and found:
        same, found = _common(one, other), False
        for number, (_, caption) in enumerate(waiting):
            place = one.find(caption, max(0, same - len(caption)), same + len(caption))
            if place >= 0 and one != other:
                one = one[:place] + one[place + len(caption) :]
                passed += len(caption)
                del waiting[number]
                found = True
                break
    if one == other:
        return f"The page lacks “{waiting[0][0]}”, a caption in the pack." if waiting else ""
    same = _common(one, other)
    before, said = _around(page, same + passed)
    packed_said = _around(packed, same)[1]
    return f"Behind “{before}” the page says “{said}” and the pack says “{packed_said}”."


def _common(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (left, right) in pairs if left != right), min(len(one), len(other)))


def _around(text: str, characters: int) -> tuple[str, str]:
    """Return what stands before and behind so many characters that are no blanks."""
    places = [match.start() for match in re.finditer(r"\S", text)]
    place = places[characters] if characters < len(places) else len(text)
    before, behind = " ".join(text[:place].split()), " ".join(text[place:].split())
    return before[-_SHOWN // 2 :], behind[:_SHOWN]


def _problem(
    address: str,
    site: Site,
    ids: Mapping[str, frozenset[str]],
    read: Callable[[str], bytes | None],
) -> str:
    """Return why an address of the book leads to nothing on the site; empty if it does not."""
    url, fragment = urldefrag(address)
    path = path_of(url, site.meta.url)
    if path is None:
        return ""
    if path in site.redirects:
        path = site.redirects[path].path
    if path in ids:
        missing = fragment and unquote(fragment) not in ids[path]
        return f"{address} names no place of the page {path}." if missing else ""
    asset = site.asset_path(url) or path
    if read(path) is None and read(asset) is None:
        return f"{address} leads to no page of the site."
    return ""


def _targets(page: Page, structure: Structure) -> frozenset[str]:
    """Return the addresses that the packed chapter names, but for those that are known as bad,
    or as pages of the author's site beside the book.
    """
    links = [resolution for _, resolution in page.resolved.links]
    known = {to.url for to in links if to.rule or (to.kind is Kind.ASSET and not to.path)}
    named = {link.target for link in structure.links}
    named.update(h.address.address for h in structure.headings if h.address is not None)
    return frozenset(named - known)
