"""What stands inside a line: roles, substitutions, and links that name labels.

Roles: https://mystmd.org/guide/roles, https://www.sphinx-doc.org/en/master/usage/referencing.html;
links: https://myst-parser.readthedocs.io/en/latest/syntax/cross-referencing.html.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bookpack.model import Link, LinkKind, SpanList, Structure
from bookpack.read.dialects.myst.fences import Passage
from bookpack.read.dialects.myst.labels import Target, plain_text
from bookpack.read.layouts.base import quote_path
from bookpack.read.plain import escape_plain
from bookpack.source import Edit, Span

if TYPE_CHECKING:
    from bookpack.read.dialects.myst.translate import Translator

_ROLE_NAME = re.compile(r"(?<!\\)\{([A-Za-z][\w:.+-]*)\}\Z")
_LONGEST_NAME = 80
_EXPLICIT = re.compile(r"(?P<text>.*?)[ \t\n]*(?<!\\)<(?P<target>[^<>]+)>\Z", re.S)
_SUBSTITUTION = re.compile(r"\{\{[ \t]*(?P<name>[\w.-]+)[ \t]*\}\}|\{\{.*?\}\}")
_NUMBERS = re.compile(r"%s|\{number\}")
_INLINE_ATTRIBUTES = re.compile(r"\{[^{}\n#]*\}")
_PROJECT = re.compile(r"(?:project|path|myst):(?!//)")

_CODE_ROLES = """
    code literal file command program samp option envvar makevar regexp mimetype newsgroup
    manpage token keyword any confval func class meth mod attr data const exc obj type macro
    member var expr function method module attribute struct enum
"""
_CODE = frozenset(_CODE_ROLES.split())
_DOMAINS = ("py:", "c:", "cpp:", "js:", "rst:", "std:")
_STRONG = frozenset(["strong", "guilabel", "menuselection", "button"])
_EMPHASIS = frozenset(["emphasis", "dfn", "title-reference", "title", "t"])
_HTML = {"sub": "sub", "subscript": "sub", "sup": "sup", "superscript": "sup", "kbd": "kbd",
         "underline": "u", "u": "u"}  # fmt: skip
_CITATIONS = re.compile(r"(?:foot|full)?cite(?::[a-zA-Z]+\*?)?")

Words = Callable[["Translator", str, Span], str | None]


def inline_edits(
    translator: "Translator", passage: Passage, structure: Structure, stretch: Span, holes: SpanList
) -> Iterator[Edit]:
    """Yield the edits for what stands inside the lines of one stretch, outside of `holes`."""
    text = passage.text

    def is_ours(place: int) -> bool:
        return stretch.start <= place < stretch.end and holes.holding(place) is None

    roles: list[Span] = []
    for span in structure.code:
        if not is_ours(span.start) or text[span.start] != "`":
            continue
        name = _ROLE_NAME.search(text, max(0, span.start - _LONGEST_NAME), span.start)
        if name is None:
            continue
        place = Span(name.start(), span.end)
        new = _role(translator, name[1].casefold(), span.slice(text), passage.place(place))
        if new is None:
            continue
        following = text[span.end : span.end + 1]
        if new.endswith("]") and following in tuple("([:{"):
            new = f"\\{new[:-1]}\\]"
        if structure.tables.holding(span.start) is not None:
            new = re.sub(r"(?<!\\)\|", r"\\|", new)
        roles.append(place)
        yield Edit(place, new)
    for link in structure.links:
        if is_ours(link.span.start) and not any(
            r.start < link.span.end and link.span.start < r.end
            for r in roles
            if link.kind is LinkKind.AUTOLINK
        ):
            yield from _link_edits(translator, passage, link, roles)
    for definition in structure.definitions:
        if is_ours(definition.span.start) and definition.target_span is not None:
            found = _meaning(translator, definition.target)
            if found is not None and found[0] != definition.target:
                yield Edit(definition.target_span, found[0])
    if translator.options.extensions & {"attrs_inline", "attrs_image"}:
        spans = [*(i.span for i in structure.images), *(k.span for k in structure.links)]
        for span in spans:
            match = _INLINE_ATTRIBUTES.match(text, span.end)
            if match and is_ours(span.start):
                yield Edit(Span(*match.span()), "")
    if "{{" in text:
        yield from _substitution_edits(translator, passage, structure, stretch, is_ours)


def _substitution_edits(
    translator: "Translator",
    passage: Passage,
    structure: Structure,
    stretch: Span,
    is_ours: Callable[[int], bool],
) -> Iterator[Edit]:
    text = passage.text
    for match in _SUBSTITUTION.finditer(text, stretch.start, min(stretch.end, len(text))):
        place = Span(*match.span())
        inside = (structure.code, structure.math)
        if not is_ours(place.start) or any(s.holding(place.start) is not None for s in inside):
            continue
        value = translator.substitutions.get(match["name"] or "")
        if isinstance(value, str) and translator.depth < 10:
            author = passage.place(place).start
            lines = [(line, author) for line in value.split("\n")]
            yield Edit(place, translator.render(Passage.of_lines(lines)).strip("\n"))
        elif "substitution" in translator.options.extensions or value is not None:
            message = f"Nothing says what {match[0]} stands for, so it stays as it is."
            translator.report("untranslated-markup", passage.place(place), message)


def _role(translator: "Translator", name: str, code: str, place: Span) -> str | None:
    """Return the plain form of a role; None where it stays as it is, which is reported."""
    marks = len(code) - len(code.lstrip("`"))
    content = " ".join(code[marks:-marks].split())
    if name in _REFERENCES:
        return _REFERENCES[name](translator, content, place)
    bare = name
    for domain in _DOMAINS:
        bare = bare.removeprefix(domain)
    if bare in _REFERENCES:
        return _REFERENCES[bare](translator, content, place)
    if name.startswith(("prf:", "proof:")) and bare.endswith(":ref"):
        return _reference(translator, content, place)
    if _CITATIONS.fullmatch(name):
        return f"[{', '.join(key.strip() for key in content.split(','))}]"
    if name == "math":
        return f"${content}$"
    if bare in _CODE:
        return _as_code(_shown(content) if bare != "samp" else content)
    if name in _HTML:
        return f"<{_HTML[name]}>{escape(content, quote=False)}</{_HTML[name]}>"
    if name in _STRONG:
        return f"**{escape_plain(content.replace('-->', '→').replace('&', ''))}**"
    if name in _EMPHASIS:
        return f"*{escape_plain(content)}*"
    if name in ("abbr", "abbreviation", "acronym"):
        return escape_plain(content)
    if name in ("del", "strike"):
        return f"~~{escape_plain(content)}~~"
    message = f"The role {{{name}}} has no certain form in plain Markdown and stays as it is."
    translator.report("untranslated-markup", place, message)
    return None


def _as_code(content: str) -> str:
    runs = [len(run) for run in re.findall(r"`+", content)]
    marks = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    pad = " " if content.startswith("`") or content.endswith("`") else ""
    return f"{marks}{pad}{content}{pad}{marks}"


def _shown(content: str) -> str:
    """Return what a reference to code shows: its own words, or the last name after `~`."""
    explicit = _EXPLICIT.match(content)
    if explicit and explicit["text"]:
        return explicit["text"]
    content = content.removeprefix("!")
    if content.startswith("~"):
        return re.split(r"[.:/]", content)[-1]
    return content


def _split(content: str) -> tuple[str, str]:
    """Split `text <target>`; the text is empty where there is a target alone."""
    explicit = _EXPLICIT.match(content)
    if explicit:
        return explicit["text"].strip(), explicit["target"].strip()
    return "", content.strip()


def find_label(translator: "Translator", label: str) -> Target | None:
    """Return what `label` names; headings by their title where the book asks for that."""
    target = translator.book.find(label)
    if target is None and translator.options.sections:
        target = translator.book.find_section(label)
    return target


def _undefined(translator: "Translator", what: str, label: str, place: Span) -> None:
    near = translator.book.nearest(label) if what == "label" else ""
    message = f"The book has no {what} {label}.{near}"
    translator.report("undefined-label", place, message)


def _reference(translator: "Translator", content: str, place: Span) -> str | None:
    text, label = _split(content)
    target = find_label(translator, label)
    if target is None:
        _undefined(translator, "label", label, place)
        return None
    if text and _NUMBERS.search(text):
        text = ""  # the number is not known here, the title says as much
    words = text.replace("{name}", translator.text_of(target, label)) if text else ""
    words = translator.render_line(words, place.start) if words else ""
    return translator.link(words or translator.text_of(target, label), target)


def _document(translator: "Translator", content: str, place: Span) -> str | None:
    text, name = _split(content)
    path = translator.book.find_page(name, translator.page.path)
    if path is None:
        folder = "" if name.startswith("/") else posixpath.dirname(translator.page.path)
        joined = posixpath.normpath(posixpath.join(folder, name.lstrip("/")))
        other = translator.options.other_pages.get(joined)
        if other is None:
            _undefined(translator, "page", name, place)
            return None
        return translator.link(escape_plain(text or posixpath.basename(name)), Target(other, ""))
    target = Target(path, "", translator.book.titles[path])
    words = translator.render_line(text, place.start) if text else ""
    return translator.link(words or translator.text_of(target, name), target)


def _term(translator: "Translator", content: str, place: Span) -> str | None:
    text, term = _split(content)
    target = translator.book.terms.get(" ".join(term.split()).casefold())
    if target is None:
        return escape_plain(text or term)
    return translator.link(escape_plain(text or term), target)


def _download(translator: "Translator", content: str, place: Span) -> str | None:
    text, path = _split(content)
    shown = escape_plain(text or posixpath.basename(path))
    return f"[{shown}]({quote_path(path)})"


def _request(translator: "Translator", content: str, place: Span) -> str | None:
    text, number = _split(content)
    digits = number.partition("#")[0]
    if not digits.isdigit():
        return None
    return f"[{escape_plain(text or f'RFC {digits}')}](https://datatracker.ietf.org/doc/html/rfc{digits})"


def _proposal(translator: "Translator", content: str, place: Span) -> str | None:
    text, number = _split(content)
    digits = number.partition("#")[0]
    if not digits.isdigit():
        return None
    return (
        f"[{escape_plain(text or f'PEP {digits}')}](https://peps.python.org/pep-{int(digits):04}/)"
    )


def _index(translator: "Translator", content: str, place: Span) -> str | None:
    text, entry = _split(content)
    return escape_plain(
        text or re.sub(r"^!?[ ]*(?:single|pair|triple|see|seealso):[ ]*", "", entry)
    )


_REFERENCES: dict[str, Words] = {
    "ref": _reference,
    "numref": _reference,
    "eq": _reference,
    "math:numref": _reference,
    "doc": _document,
    "term": _term,
    "download": _download,
    "rfc": _request,
    "pep": _proposal,
    "index": _index,
}


def _link_edits(
    translator: "Translator", passage: Passage, link: Link, roles: list[Span]
) -> Iterator[Edit]:
    """Yield the edits that make a link's target one that Markdown knows, and give it words."""
    text = passage.text
    target = link.target
    if link.kind is LinkKind.AUTOLINK:
        if _PROJECT.match(target):
            found = _meaning(translator, target)
            if found is not None:
                yield Edit(link.span, f"[{found[1] or escape_plain(target)}]({found[0]})")
        return
    if link.kind is not LinkKind.INLINE or link.target_span is None:
        return
    if target.startswith("inv:"):
        message = f"{target} names something of another project, which cannot be looked up."
        translator.report("untranslated-markup", passage.place(link.span), message)
        return
    found = _meaning(translator, target)
    address, title = found if found is not None else (target, "")
    if address != target:
        in_angles = text[link.target_span.start - 1 : link.target_span.start] == "<"
        yield Edit(link.target_span, address if in_angles else address.replace(" ", "%20"))
    inner = Span(link.span.start + 1, link.target_span.start)
    words = inner.slice(text)
    close = words.rfind("](")
    if close < 0 or any(r.start < inner.end and inner.start < r.end for r in roles):
        return
    shown = words[:close]
    place = Span(inner.start, inner.start + close)
    if not shown.strip():
        if not title and re.match(r"[a-z][a-z0-9+.-]*:", target, re.I):
            title = escape_plain(re.sub(r"^(?:https?://|mailto:|doi:)", "", target))
        if title:
            yield Edit(place, title)
    elif title and _NUMBERS.search(shown):
        yield Edit(place, title)
    elif title and "{name}" in shown:
        yield Edit(place, shown.replace("{name}", title))


def _meaning(translator: "Translator", target: str) -> tuple[str, str] | None:
    """Return the address that `target` means and the title of what stands there.

    None where the target is not MyST's own affair: a file, an address, something unknown.
    A page comes before a label of the same name.
    """
    book, page = translator.book, translator.page
    if target.startswith("doi:"):
        return f"https://doi.org/{target.removeprefix('doi:')}", ""
    if _PROJECT.match(target):
        target = _PROJECT.sub("", target)
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", target):
        return None
    path, _, anchor = target.partition("#")
    path, anchor = unquote(path), unquote(anchor)
    owner = page.path if not path else book.find_page(path, page.path)
    if owner is None:
        label = find_label(translator, target.removeprefix("#")) or find_label(translator, path)
        return _to(translator, label, path) if label is not None else None
    if not anchor:
        if not path:
            return None
        shown = escape_plain(plain_text(book.titles[owner]))
        return target, shown
    heading = book.find_heading(owner, anchor)
    if heading is not None and heading[0] == anchor:
        return target, escape_plain(plain_text(heading[1]))
    labelled = find_label(translator, anchor)
    if labelled is not None and (not path or labelled.path == owner):
        return _to(translator, labelled, anchor)
    if heading is not None and (translator.options.heading_anchors or translator.options.mystmd):
        place = Target(owner, heading[0], heading[1])
        return _to(translator, place, anchor)
    return None


def _to(translator: "Translator", target: Target, label: str) -> tuple[str, str]:
    return translator.address(target), translator.text_of(target, label)
