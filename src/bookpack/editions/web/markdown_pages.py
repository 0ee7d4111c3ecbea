"""The book as text beside its pages: for language models, and for who wants to copy it.

Every page has its Markdown at the same address, `explore/index.md` for `explore/index.html`; and
there is `llms.txt`, which lists them (https://llmstxt.org), with `llms-full.txt`, which is the
packed edition. A book whose pack is sold publishes none of that text: its `llms.txt` lists the
pages, and says where the pack is.
"""

import re
from collections.abc import Iterable
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from bookpack.editions.packed import rounded
from bookpack.editions.web.addresses import relative
from bookpack.editions.web.places import twin_of
from bookpack.editions.web.site import Page, Part, Site

LLMS_PATH = "llms.txt"
LLMS_FULL_PATH = "llms-full.txt"
ASSISTANT_PROMPT = "Read {url} and answer my questions about it."
"""What an assistant is asked; the word `assistant-prompt` of the settings replaces it."""
_ACTIVE = re.compile(r"[\[\]<*`~\\]|\b_|_\b|&(?=#?\w+;)")
"""What Markdown would read as more than text within a line."""
_BLOCK = re.compile(r"^(\d{0,9})([-+#>=.)])(?=[-+#>=\s]|$)")
"""What it would read as more at the beginning of a line."""


class AssistantLink(NamedTuple):
    """A link that opens a page in an assistant."""

    name: str
    url: str


class MarkdownPages:
    """Gives every page its Markdown, and the site its `llms.txt`.

    `packed` is the packed edition as it is published, None where it is not.
    """

    def __init__(self, packed: bytes | None) -> None:
        self._packed = packed

    def files(self, site: Site) -> Iterable[tuple[str, bytes]]:
        """Yield the Markdown of every page, `llms.txt` and `llms-full.txt`."""
        if self._packed is not None:
            for page in site.pages:
                yield markdown_path(page), page.packed.body
            yield LLMS_FULL_PATH, self._packed
        yield LLMS_PATH, llms_txt(site, published=self._packed is not None).encode()

    def head(self, site: Site, page: Page | None) -> str:
        """Return the link from a page to its Markdown; None stands for the cover."""
        return "" if self._packed is None or page is None else alternate_link(page)

    def head_key(self, site: Site) -> str:
        """Return whether there is Markdown to link to."""
        return "" if self._packed is None else "published"


def markdown_path(page: Page) -> str:
    """Return the file of the site that holds the page as Markdown."""
    return twin_of(page.path)


def alternate_link(page: Page) -> str:
    """Return the element of a page's head that links to its Markdown."""
    address = escape(relative(page.path, markdown_path(page)))
    return f'<link rel="alternate" type="text/markdown" href="{address}">\n'


def assistant_links(site: Site, page: Page, *, published: bool) -> tuple[AssistantLink, ...]:
    """Return the links that open `page` in each of the assistants that the settings name.

    The assistant is given the address of the Markdown where that is `published`.
    """
    address = site.address_of(markdown_path(page)) if published else page.url
    prompt = site.settings.words.get("assistant-prompt", ASSISTANT_PROMPT).replace("{url}", address)
    values = {"{url}": quote(address, safe=""), "{prompt}": quote(prompt, safe="")}
    return tuple(
        AssistantLink(name, re.sub(r"\{url\}|\{prompt\}", lambda m: values[m[0]], template))
        for name, template in site.settings.assistants.items()
    )


def llms_txt(site: Site, *, published: bool) -> str:
    """Return the list of the book's pages for language models; it ends in a line feed.

    Its order is fixed by https://llmstxt.org: title, summary, details, then lists of links; those
    under Optional may be skipped by who has little room.
    """
    meta = site.meta
    lines = [f"# {_as_markdown(meta.title)}", ""]
    if meta.summary:
        lines += [f"> {_as_markdown(meta.summary)}", ""]
    lines += [f"- {fact}" for fact in _facts(site, published)] + [""]
    for part in site.parts:
        lines += [f"## {_section_title(part)}", ""]
        lines += (_entry(site, page, published) for page in part.pages)
        lines.append("")
    if published:
        whole = _link("The whole book in one file", site.address_of(LLMS_FULL_PATH))
        total = sum(page.packed.tokens for page in site.pages)
        lines += ["## Optional", "", f"- {whole}: about {rounded(total):,} tokens"]
    elif site.settings.sold_at:
        sold = _link("The packed edition of this book", site.settings.sold_at)
        lines += ["## Packed edition", "", f"- {sold}: all chapters as text for language models"]
    return "\n".join(lines).rstrip("\n") + "\n"


def _facts(site: Site, published: bool) -> Iterable[str]:
    meta = site.meta
    if meta.authors:
        yield f"Authors: {_as_markdown(', '.join(meta.authors))}"
    yield f"Language: {_as_markdown(site.language)}"
    for name, value in (("Edition", meta.edition), ("Date", meta.date), ("Rights", meta.rights)):
        if value:
            yield f"{name}: {_as_markdown(value)}"
    if site.settings.license:
        yield f"License: <{_as_destination(site.settings.license)}>"
    if published and site.token_label:
        yield f"Tokens are counted for {_as_markdown(site.token_label)}"
    if not published:
        yield "The links below lead to pages for people; the text for models is not published here"


def _entry(site: Site, page: Page, published: bool) -> str:
    address = site.address_of(markdown_path(page)) if published else page.url
    notes = [f"{page.packed.tokens:,} tokens"] if published and page.packed.tokens else []
    if page.chapter.summary:
        notes.append(_as_markdown(page.chapter.summary))
    entry = f"- {_link(page.title, address)}"
    return f"{entry}: {'. '.join(notes)}" if notes else entry


def _section_title(part: Part) -> str:
    title = _as_markdown(part.title) or "Chapters"
    # To readers of these files the word alone means what may be skipped.
    return f"Part: {title}" if title.lower() == "optional" else title


def _link(text: str, address: str) -> str:
    return f"[{_as_markdown(text)}]({_as_destination(address)})"


def _as_markdown(text: str) -> str:
    """Return `text` on one line, so that Markdown shows just that.

    Brackets become character references, not escapes: simple readers of these files look for the
    next bracket, and both kinds of readers understand a reference.
    """
    line = _ACTIVE.sub(lambda match: f"&#{ord(match[0])};", " ".join(text.split()))
    return _BLOCK.sub(lambda match: f"{match[1]}&#{ord(match[2])};", line)


def _as_destination(address: str) -> str:
    return re.sub(r"[\s()<>]", lambda match: quote(match[0], safe=""), address)
