"""Directives with Markdown inside: figures, callouts, margins, tabs, cards, glossaries.

Each translator returns plain Markdown, nothing for what is navigation and no text, or None for
what has no certain plain form. The table at the end says which directive goes where.
"""

import posixpath
import re
from fnmatch import fnmatchcase

from bookpack.read.dialects.callouts import callout
from bookpack.read.dialects.myst.code import (
    find_file,
    translate_cell,
    translate_code,
    translate_include,
    translate_literal_include,
    translate_math,
    translate_named_code,
    translate_only,
    translate_raw,
)
from bookpack.read.dialects.myst.fences import Directive, Passage
from bookpack.read.dialects.myst.ids import term_id
from bookpack.read.dialects.myst.labels import plain_text
from bookpack.read.dialects.myst.roles import find_label
from bookpack.read.dialects.myst.tables import (
    translate_csv_table,
    translate_list_table,
    translate_table,
)
from bookpack.read.dialects.myst.translate import Handler, Translator
from bookpack.read.markdown import parse_markdown
from bookpack.read.plain import escape_plain
from bookpack.source import Span

_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_PICTURES = (".svg", ".png", ".gif", ".jpg", ".jpeg", ".webp")
_ADMONITIONS = ("attention", "caution", "danger", "error", "hint", "important", "note", "seealso",
                "tip", "warning", "todo")  # fmt: skip
_SINCE = {
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
    "deprecated": "Deprecated since version",
}
_PROOFS = ("theorem", "proof", "lemma", "definition", "corollary", "proposition", "remark",
           "example", "conjecture", "algorithm", "axiom", "criterion", "observation", "property",
           "assumption", "notation")  # fmt: skip


def bold(words: str) -> str:
    """Return a line of Markdown in bold."""
    return words if not words or words.startswith("**") else f"**{words}**"


def quoted(text: str) -> str:
    """Return blocks of Markdown as a quote."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip("\n").split("\n"))


def _label(directive: Directive) -> str:
    return directive.options.get("name") or directive.options.get("label") or ""


def _title(t: Translator, directive: Directive) -> str:
    return t.render_line(directive.argument, directive.argument_place)


def _blocks(*blocks: str) -> str:
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip())


def _figure(t: Translator, directive: Directive) -> str | None:
    body = t.render(directive.body).strip("\n")
    if not directive.argument:
        return t.anchor(_label(directive)) + body if body else None
    caption, _, legend = body.partition("\n\n") if "\n\n" in body else (body, "", "")
    return t.anchor(_label(directive)) + _picture(t, directive, caption, legend)


def _picture(t: Translator, directive: Directive, caption: str, legend: str = "") -> str:
    options = directive.options
    source = _source(t, directive.argument)
    shown = plain_text(caption)
    title = f' "{_as_title(shown)}"' if shown else ""
    image = f"![{escape_plain(options.get('alt', ''))}]({source}{title})"
    if options.get("target"):
        target = t.book.find(options["target"].rstrip("_"))
        image = f"[{image}]({t.address(target) if target else options['target']})"
    # The caption stands in the picture's title; said twice only where it holds more than words.
    again = caption if " ".join(caption.split()) != shown else ""
    return _blocks(image, again, legend)


def _as_title(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return re.sub(r"&(?=#?\w+;)", r"\\&", escaped)


def _source(t: Translator, name: str) -> str:
    """Return a picture's address as a destination; `figure.*` is the best file of that name."""
    if name.endswith(".*"):
        path = find_file(t, name)
        folder, stem = posixpath.split(path)
        found = [f for f in t.files.list_folder(folder) if fnmatchcase(f, stem)]
        best = [f for suffix in _PICTURES for f in found if f.lower().endswith(suffix)]
        if best:
            name = f"{name[:-2]}.{best[0].rpartition('.')[2]}"
    return f"<{name}>" if re.search(r"[\s()]", name) else name


def _figure_md(t: Translator, directive: Directive) -> str | None:
    body = t.render(directive.body).strip("\n")
    images = parse_markdown(body).images
    if not images or images[0].span.start:
        return None
    image, caption = images[0], body[images[0].span.end :].strip("\n")
    named = Directive(directive.span, "figure", image.target, directive.argument_place,
                      {"alt": image.alt}, directive.body, "", True)  # fmt: skip
    label = _label(directive) or directive.argument
    return t.anchor(label) + _picture(t, named, caption)


def _admonition(t: Translator, directive: Directive) -> str | None:
    title, lead = "", ""
    if directive.name == "admonition" or t.options.mystmd:
        title = _title(t, directive)
    else:
        lead = _title(t, directive)
    body = t.render(directive.body)
    if lead:
        body = f"{lead}\n{body}" if directive.tight and body else _blocks(lead, body)
    classes = directive.options.get("class", "").replace(",", " ").split()
    kind = next((c for c in classes if c in _ADMONITIONS), directive.name)
    if directive.name != "admonition":
        kind = directive.name
    return t.anchor(_label(directive)) + callout(kind, title, body)


def _since(t: Translator, directive: Directive) -> str | None:
    version, _, lead = directive.argument.partition(" ")
    body = _blocks(t.render_line(lead, directive.argument_place), t.render(directive.body))
    return callout(directive.name, f"{_SINCE[directive.name]} {escape_plain(version)}", body)


def _aside(t: Translator, directive: Directive) -> str | None:
    title = bold(_title(t, directive))
    text = _blocks(title, t.render(directive.body))
    return t.anchor(_label(directive)) + quoted(text) if text else ""


def _quote(t: Translator, directive: Directive) -> str | None:
    text = _blocks(_title(t, directive), t.render(directive.body))
    return t.anchor(_label(directive)) + quoted(text) if text else ""


def _titled(t: Translator, directive: Directive) -> str | None:
    """Translate what folds or lies behind a tab: a bold title and the content."""
    title = bold(_title(t, directive))
    return t.anchor(_label(directive)) + _blocks(title, t.render(directive.body))


def _body(t: Translator, directive: Directive) -> str | None:
    return t.anchor(_label(directive)) + t.render(directive.body)


def _nothing(t: Translator, directive: Directive) -> str | None:
    return ""


def _rubric(t: Translator, directive: Directive) -> str | None:
    return t.anchor(_label(directive)) + bold(_title(t, directive))


def _proof(t: Translator, directive: Directive) -> str | None:
    kind = directive.name.rpartition(":")[2].replace("-", " ").capitalize()
    title = _title(t, directive)
    lead = f"**{kind}: {title}**" if title else f"**{kind}**"
    return t.anchor(_label(directive)) + _blocks(lead, t.render(directive.body))


def _solution(t: Translator, directive: Directive) -> str | None:
    target = find_label(t, directive.argument) if directive.argument else None
    lead = "**Solution**"
    if target is not None:
        words = t.text_of(target, directive.argument) if target.title else "the exercise"
        lead = f"**Solution to {t.link(words, target)}**"
    elif directive.argument:
        near = t.book.nearest(directive.argument)
        place = Span(directive.argument_place, directive.argument_place + len(directive.argument))
        t.report("undefined-label", place, f"The book has no label {directive.argument}.{near}")
        return None
    return t.anchor(_label(directive)) + _blocks(lead, t.render(directive.body))


def _card(t: Translator, directive: Directive) -> str | None:
    """Translate a card: title, header above `^^^`, footer below `+++`."""
    parts: dict[str, list[tuple[str, int]]] = {"header": [], "body": [], "footer": []}
    lines = directive.body.lines()
    head = next((n for n, (line, _) in enumerate(lines) if re.fullmatch(r"\^{3,}\s*", line)), -1)
    foot = next((n for n, (line, _) in enumerate(lines) if re.fullmatch(r"\+{3,}\s*", line)), -1)
    foot = foot if foot >= 0 else len(lines)
    if head > foot:
        return None
    parts["header"], parts["body"] = lines[: max(head, 0)], lines[head + 1 : foot]
    parts["footer"] = lines[foot + 1 :]
    texts = {name: t.render(Passage.of_lines(part)) for name, part in parts.items() if part}
    title = _title(t, directive)
    address = _address(t, directive)
    if address is None:
        return None
    if address:
        title = f"[{title or escape_plain(directive.options['link'])}]({address})"
    shown = (texts.get("header", ""), bold(title), texts.get("body", ""), texts.get("footer", ""))
    return t.anchor(_label(directive)) + _blocks(*shown)


def _address(t: Translator, directive: Directive) -> str | None:
    """Return where a card's option `link` leads; empty without one, None where it is unknown."""
    link = directive.options.get("link") or directive.options.get("url") or ""
    kind = directive.options.get("link-type", "url")
    if not link or kind == "url":
        return link
    if kind == "doc":
        return link if t.book.find_page(link, t.page.path) else None
    target = find_label(t, link)
    return t.address(target) if target else None


def _button(t: Translator, directive: Directive) -> str | None:
    address = directive.argument
    words = t.render(directive.body).strip()
    if directive.name == "button-ref":
        target = find_label(t, address)
        page = t.book.find_page(address, t.page.path)
        if target is None and page is None:
            return None
        words = words or (t.text_of(target, address) if target else t.book.titles[page or ""])
        address = t.address(target) if target else address
    if not re.fullmatch(r"\S+", address) or "\n" in words:
        return None
    return f"[{words or escape_plain(address)}]({address})"


def _frame(t: Translator, directive: Directive) -> str | None:
    if not re.match(r"https?://\S+\Z", directive.argument):
        return None
    caption = t.render(directive.body).strip()
    return _blocks(f"<{directive.argument}>", caption)


def _glossary(t: Translator, directive: Directive) -> str | None:
    """Translate a glossary: terms at the margin, what they mean indented."""
    entries: list[tuple[list[str], list[tuple[str, int]]]] = []
    for line, place in directive.body.lines():
        if line[:1].strip():
            if not entries or entries[-1][1]:
                entries.append(([], []))
            entries[-1][0].append(line.strip())
        elif entries and (line.strip() or entries[-1][1]):
            text = line.strip() if line.strip() else ""
            entries[-1][1].append((text, place + len(line) - len(line.lstrip())))
    if not entries or any(not meaning for _, meaning in entries):
        return None
    blocks = []
    for terms, meaning in entries:
        names = ", ".join(
            f'<a id="{term_id(term, mystmd=t.options.mystmd)}"></a>**{escape_plain(term)}**'
            for term in terms
        )
        text = t.render(Passage.of_lines(meaning)).strip("\n")
        indented = text.replace("\n", "\n  ")
        blocks.append(re.sub(r"[ ]+$", "", f"- {names}: {indented}", flags=re.M))
    return "\n".join(blocks)


HANDLERS: dict[str, Handler] = {
    "figure": _figure,
    "image": _figure,
    "figure-md": _figure_md,
    "admonition": _admonition,
    **dict.fromkeys(_ADMONITIONS, _admonition),
    **dict.fromkeys(_SINCE, _since),
    **dict.fromkeys(("margin", "sidebar", "aside", "topic"), _aside),
    **dict.fromkeys(("epigraph", "pull-quote", "highlights", "blockquote"), _quote),
    **dict.fromkeys(("tab-item", "tabbed", "tab", "dropdown", "toggle", "details"), _titled),
    **dict.fromkeys(("tab-set", "tabs", "tab-set-code", "grid", "grid-item", "container"), _body),
    **dict.fromkeys(("div", "compound", "class", "rst-class", "card-carousel", "hlist"), _body),
    **dict.fromkeys(("card", "grid-item-card"), _card),
    **dict.fromkeys(("code", "code-block", "sourcecode"), translate_code),
    "code-cell": translate_cell,
    **dict.fromkeys(("mermaid", "graphviz", "parsed-literal", "doctest"), translate_named_code),
    **dict.fromkeys(("testcode", "jupyter-execute", "prompt"), translate_named_code),
    "literalinclude": translate_literal_include,
    "include": translate_include,
    "math": translate_math,
    "raw": translate_raw,
    "only": translate_only,
    "list-table": translate_list_table,
    "csv-table": translate_csv_table,
    "table": translate_table,
    **dict.fromkeys(("toctree", "tableofcontents", "contents", "index", "tags"), _nothing),
    **dict.fromkeys(("sectionauthor", "codeauthor", "highlight", "currentmodule"), _nothing),
    **dict.fromkeys(("rubric", "centered"), _rubric),
    **{f"{domain}:{kind}": _proof for domain in ("prf", "proof") for kind in _PROOFS},
    "exercise": _proof,
    "solution": _solution,
    **dict.fromkeys(("button-link", "button-ref"), _button),
    "iframe": _frame,
    "glossary": _glossary,
}
