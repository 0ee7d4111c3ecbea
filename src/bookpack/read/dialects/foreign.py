"""Markup of other tools in a book that is none of theirs: found and reported, never touched.

What is looked for has no other use in running text. A plain folder of chapters that holds it was
written for a tool whose settings are not there, or by somebody who knows the tool.
"""

import re
from collections.abc import Mapping

from bookpack.model import Problem, Structure
from bookpack.read.layouts.base import Page, Translation
from bookpack.source import Span

_SIGNS = ("{{", "{%", ":::", "!!!", "???", "[!", "[TOC]", "[toc]")
_KINDS = ("NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION")
_MARKUP = re.compile(
    r"""
      (?P<hugo>         \{\{(?:<|%)[ \t]*/?[ \t]*[A-Za-z][^\r\n}]{0,300}(?:>|%)\}\} )
    | (?P<liquid>       \{%-?[ \t]*[a-z]\w*(?:[ \t][^\r\n%]{0,300})?%\} )
    | (?P<docusaurus>   ^[ \t]*:::+[ \t]*(?:note|tip|info|important|warning|danger|caution)\b
                        [^\r\n]* )
    | (?P<quarto>       ^[ \t]*:::+[ \t]*\{[ \t]*[.\#][^\r\n]* )
    | (?P<myst>         ^[ \t]*:::+\{[a-z][\w:-]*\}[^\r\n]* )
    | (?P<mkdocs>       ^[ \t]*(?:!!!|\?\?\?\+?)[ \t]+[a-z][\w-]*(?:[ \t]+"[^"\r\n]*")?[ \t]*
                        (?=\r?\n(?:[ \t]*\r?\n)?(?:[ ]{4}|\t)) )
    | (?P<contents>     ^[ ]{0,3}(?:\[TOC\]|\[toc\])(?=[ \t]*$) )
    | (?P<alert>        ^[ ]{0,3}>[ \t>]*(?P<kind>\[!\w+\])[+-]?[ \t]*(?P<title>[^\r\n]*) )
    """,
    re.M | re.X,
)
_OWNERS = {
    "hugo": ("Hugo's", 'convention = "hugo"'),
    "liquid": ("Jekyll's or GitBook's", 'convention = "jekyll" or "gitbook"'),
    "docusaurus": ("Docusaurus's", 'convention = "docusaurus"'),
    "quarto": ("Quarto's", 'convention = "quarto"'),
    "myst": ("Jupyter Book's or Sphinx's", 'convention = "jupyterbook", "mystmd" or "sphinx"'),
    "mkdocs": ("MkDocs's", 'convention = "mkdocs"'),
}


class ForeignMarkup:
    """The dialect of a plain folder: nothing is translated, and what looks foreign is told."""

    def translate(self, page: Page, structure: Structure) -> Translation:
        """Return one problem for each kind of foreign markup that stands outside of code."""
        text = page.source.text
        if not any(sign in text for sign in _SIGNS):
            return Translation()
        first: dict[str, tuple[Span, str]] = {}
        count: dict[str, int] = {}
        linked = {link.span.start for link in structure.links}
        for match in _MARKUP.finditer(text, structure.body_start):
            written = match[0].strip()
            start = match.end() - len(match[0].lstrip())
            message = _message(match, written)
            if not message or start in linked or structure.protected.holding(start) is not None:
                continue
            count[message[0]] = count.get(message[0], 0) + 1
            first.setdefault(message[0], (Span(start, start + len(written)), message[1]))
        return Translation(
            problems=tuple(
                Problem("untranslated-markup", span, message + _more(count[kind]))
                for kind, (span, message) in first.items()
            )
        )

    def labels(self) -> Mapping[str, str]:
        """Return nothing: plain Markdown has no labels."""
        return {}


def _message(match: re.Match[str], written: str) -> tuple[str, str] | None:
    """Return the kind of what was found, and what to say of it; None where it is in order."""
    shown = written if len(written) <= 40 else written[:39] + "…"
    if match["alert"] is not None:
        name = match["kind"][2:-1]
        if name.upper() not in _KINDS:
            return "kind", (
                f"[!{name}] is none of the alerts, which are {', '.join(_KINDS)}: readers see a "
                "quote that begins so."
            )
        if match["title"].strip():
            return "title", (
                f"Words behind [!{name}] make it no alert: readers see a quote that begins so. "
                "Put them into the next line."
            )
        return None
    if match["contents"] is not None:
        return "contents", (
            f"{shown} stands for a table of contents in other tools; the editions have their own."
        )
    kind = next(name for name in _OWNERS if match[name] is not None)
    owner, setting = _OWNERS[kind]
    return kind, f"{shown} looks like {owner}: in such a book, set {setting} in [layout]."


def _more(count: int) -> str:
    return f" This chapter has {count:,} of this kind." if count > 1 else ""
