"""Hugo: a content tree with sections, weights and pretty addresses.

Order is Hugo's default one (gohugo.io/quick-reference/page-collections#sort): by weight, zero
last, then by date, newest first, then by title, then by path; a section stands among the
pages beside it and is read depth first. Each folder at the top is a section, and each folder
with an `_index.md`; the sections at the top are the parts of the book.

What is no chapter, for any book: the site's home page; the page of a section that says
nothing of its own (Hugo lists the section's pages there); pages whose `layout` or `type`
makes them a tool of the site (search, archives …) or whose template alone fills them; a table
of contents, which every edition has itself. A section's page with text is a chapter. Pages in
other languages are other editions. Nothing here depends on today's date: `publishDate` and
`expiryDate` are not looked at.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bookpack.config import Settings
from bookpack.diagnostics import report
from bookpack.errors import SettingsError
from bookpack.model import AddressLine, BookMeta
from bookpack.read.dialects.hugo_tags import without_tags
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import FrontMatter, read_front_matter
from bookpack.read.layouts.base import Entry, Page, Plan, SitePage, quote_path, read_page
from bookpack.read.layouts.hugo_addresses import (
    HugoAddresses,
    HugoPage,
    read_date,
)
from bookpack.read.layouts.hugo_anchors import anchor_rule
from bookpack.read.layouts.hugo_settings import (
    HugoSettings,
    find_settings_file,
    read_hugo_settings,
    unknown_language,
)
from bookpack.read.layouts.hugo_tree import HugoTree, common_folder
from bookpack.read.layouts.hugo_values import as_mapping, as_text, is_false, is_true
from bookpack.source import Span

NAME = "hugo"
_TOOLS = frozenset(
    ["search", "archives", "archive", "404", "sitemap", "toc", "redirect", "list-tags"]
)
_JSON_KEY = re.compile(r"\{\s*\"[\w-]+\"\s*:")
_CONTENTS_NAMES = frozenset(["toc", "contents", "table-of-contents", "tableofcontents"])
_CONTENTS_TITLES = frozenset(["table of contents", "contents", "toc"])
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_HTML_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_TITLE_LINE = re.compile(r"^#{1,6}[ \t].*$", re.M)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*")


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """A settings file of Hugo's; one that is called `config` must speak as Hugo's does."""
    file = find_settings_file(files)
    if not file:
        return None
    if not file.startswith("hugo."):
        # Zola and others have a config.toml as well; `baseURL` and the folder are Hugo's.
        found = read_hugo_settings(files)
        text = "" if file == "config/_default" else (files.read_text(file) or "")
        if file != "config/_default" and "baseurl" not in text.lower():
            return None
        if not files.exists(found.content):
            return None
    return file


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Title, address, language and authors as the site's settings have them.

    Raises `SettingsError` where nobody can read in them what the address is.
    """
    found = read_hugo_settings(files, settings.book.language)
    if found.problems and not (settings.book.url or found.meta.url):
        raise SettingsError(found.problems[0].message)
    return found.meta


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Read the content tree of one language. Raises `SettingsError` where there is none."""
    # A dialect is imported when a book needs it: most books need none.

    found = read_hugo_settings(files, settings.book.language)
    if not files.exists(found.content):
        raise SettingsError(
            f"There is no folder {files.folder / found.content}, "
            f"which {found.file or 'Hugo'} names as the folder of content."
        )
    addresses = HugoAddresses(found, settings.base_url)
    return _Arranger(files, settings, found, addresses).plan()


class _Arranger:
    """Sorts the pages of one language into chapters, pages of the site and what is left out."""

    def __init__(
        self, files: BookFiles, settings: Settings, found: HugoSettings, addresses: HugoAddresses
    ) -> None:
        self.files = files
        self.settings = settings
        self.found = found
        self.addresses = addresses
        self.diagnostics = [*found.problems, *unknown_language(found, settings.book.language)]
        self.left_out: list[tuple[Page, str]] = []
        self.site_pages: list[SitePage] = []
        paths = files.find_markdown(found.content, settings.layout.exclude)
        self.other_paths = [path for path in paths if not self._is_ours(path)]
        read = (read_page(files, found.content, path) for path in paths if self._is_ours(path))
        self.pages = self._place(page for page in read if page is not None)
        self.tree = HugoTree(self.pages)

    def plan(self) -> Plan:
        """Return the whole plan."""
        # A dialect is imported when a book needs it: most books need none.
        from bookpack.read.dialects.hugo import HugoDialect

        chapters = [page for page in self.tree.in_order() if self._is_chapter(page)]
        common = common_folder([page.folder for page in chapters])
        entries = tuple(
            Entry(page.page, self._part(page, common), self.addresses.of(page)) for page in chapters
        )
        self._add_generated_pages()
        self._add_other_editions()
        left = {page.path for page, _ in self.left_out}
        published = [page for page in self.pages if page.page.path not in left]
        targets = {page.path: self.addresses.of(page) for page in self.pages}
        urls = {page.page.path: self.addresses.of(page) for page in self.pages}
        for pattern, token in self.addresses.unknown.items():
            message = f"The permalink {pattern} holds {token}, which bookpack does not know."
            place = self.found.file or "bookpack.toml"
            self.diagnostics.append(report("invalid-convention-settings", place, message))

        def address(page: Page, line: AddressLine | None) -> tuple[str, bool]:
            return urls.get(page.path, f"{self.settings.base_url}/"), True

        return Plan(
            self.found.content,
            entries,
            left_out=tuple(self.left_out),
            site_pages=tuple(self.site_pages),
            asset_folders=(*self.found.static, self.found.content),
            asset_addresses=self._asset_addresses(),
            anchors=anchor_rule(self.found.anchors),
            dialect=HugoDialect(
                self.settings.base_url,
                targets,
                frozenset(page.path for page in chapters),
                {page.page.path: page.path for page in published},
                self.found.params,
            ),
            address=address,
            diagnostics=tuple(self.diagnostics),
        )

    def _is_ours(self, path: str) -> bool:
        """Tell whether a file of the content folder is in the language that is built."""
        if path.lower().endswith(".mdx"):
            return False
        full = f"{self.found.content}/{path}"
        if any(
            full.startswith(f"{other}/") and len(other) > len(self.found.content)
            for other in self.found.other_content
        ):
            return False
        return (self._language_of(path) or self.found.folder_language) == self.found.language

    def _language_of(self, path: str) -> str:
        """Return the language in a file's name, `ja` for `page.ja.md`; empty for none."""
        stem = path.rpartition("/")[2].rpartition(".")[0]
        word = stem.rpartition(".")[2].lower() if "." in stem else ""
        return word if word in self.found.languages else ""

    def _place(self, pages: Iterable[Page]) -> list[HugoPage]:
        """Give every page its place in the tree; files inside a bundle belong to its page."""
        kept = [_with_own_front_matter(page, self.files) for page in pages]
        stems = {page.path: self._stem(page.path) for page in kept}
        bundles = {
            page.path.rpartition("/")[0]
            for page in kept
            if stems[page.path] == "index" and "/" in page.path
        }
        placed = []
        for page in kept:
            folder, stem = page.path.rpartition("/")[0], stems[page.path]
            if stem == "index" and folder in bundles:
                around, _, name = folder.rpartition("/")
                own = HugoPage(page, around, name, is_bundle=True)
            elif _around(bundles, folder):
                self.left_out.append((page, "part of another page"))
                continue
            elif stem == "_index":
                own = HugoPage(page, folder, "", is_section=True)
            else:
                own = HugoPage(page, folder, stem)
            aliases = tuple(
                self.addresses.at(alias if alias.startswith("/") else f"{own.folder}/{alias}",
                                  ends_in_file="." in alias.rpartition("/")[2])
                for alias in page.front.aliases
            )  # fmt: skip
            front = dataclasses.replace(page.front, aliases=aliases)
            own = dataclasses.replace(own, page=dataclasses.replace(page, front=front))
            placed.append(dataclasses.replace(own, date=read_date(own, self.found.dates)))
        return placed

    def _stem(self, path: str) -> str:
        stem = path.rpartition("/")[2].rpartition(".")[0]
        return stem.rpartition(".")[0] if self._language_of(path) else stem

    def _is_chapter(self, page: HugoPage) -> bool:
        """Note a page that is no chapter under what it is."""
        front = page.page.front
        path = page.page.path
        if front.draft and not self.settings.layout.drafts:
            self.left_out.append((page.page, "draft"))
            message = f"{path} is a draft and is left out."
            self.diagnostics.append(report("draft-chapter", page.page.source, message))
            return False
        if _is_hidden(page):
            self.left_out.append((page.page, "not rendered"))
            return False
        reason = self._why_no_chapter(page)
        if reason is None:
            return True
        full = f"{self.found.content}/{path}"
        self.site_pages.append(SitePage(full, self.addresses.of(page), reason))
        return False

    def _why_no_chapter(self, page: HugoPage) -> str | None:
        """Return why a published page is no chapter (empty where nobody would ask), or None."""
        text = page.page.source.text[page.page.front.end :]
        if page.is_section and not page.folder:
            return "the home page of the site" if says_something(text) else ""
        if page.is_section and not says_something(text):
            return ""
        template = as_text(page.value("layout", "type")).lower()
        for name in ("layout", "type"):
            if as_text(page.value(name)).lower() in _TOOLS:
                return f"its {name} is {as_text(page.value(name))}"
        if template and not text.strip():
            return f"its {'layout' if page.value('layout') else 'type'} fills it"
        title = (page.page.front.title or "").casefold()
        if page.name.lower() in _CONTENTS_NAMES or title in _CONTENTS_TITLES:
            return "a table of contents"
        source = self.settings.layout.source.strip("/").removeprefix("./")
        inside = source.removeprefix(self.found.content).strip("/")
        if inside and not f"{page.page.path}".startswith(f"{inside}/"):
            return f"not in {source}"
        return None

    def _part(self, page: HugoPage, common: str) -> str:
        section = self.tree.section_of(page.folder)
        names = section.removeprefix(common).strip("/").split("/")
        if not names[0]:
            return ""
        # The outermost section below what all chapters share.
        for count in range(1, len(names) + 1):
            folder = "/".join(part for part in (common, *names[:count]) if part)
            if folder in self.tree.sections:
                return self.tree.title_of(folder)
        return ""

    def _add_generated_pages(self) -> None:
        """Add what Hugo publishes without a file: lists of sections, tags and categories, feeds."""
        content = self.found.content
        add = self.site_pages.append
        if "" not in self.tree.indexes:
            add(SitePage(content, self.addresses.at("")))
        for section in sorted(self.tree.sections - set(self.tree.indexes)):
            add(SitePage(f"{content}/{section}", self.addresses.at(section)))
        for section in ("", *sorted(self.tree.sections)):
            feed = f"{section}/index.xml" if section else "index.xml"
            add(SitePage("", self.addresses.at(feed, ends_in_file=True)))
        add(SitePage("", self.addresses.at("sitemap.xml", ends_in_file=True)))
        for taxonomy in self.found.taxonomies:
            terms = {
                as_text(term)
                for page in self.pages
                for term in _listed(page.value(taxonomy))
                if as_text(term)
            }
            add(SitePage("", self.addresses.at(taxonomy)))
            for term in sorted(terms):
                add(SitePage("", self.addresses.at(f"{taxonomy}/{term.replace('/', '-')}")))

    def _add_other_editions(self) -> None:
        """Add the pages of other languages, as their paths say: links to them are right."""
        for other in self.found.others:
            addresses = HugoAddresses(other, self.settings.base_url)
            paths = self.other_paths
            if other.content != self.found.content:
                paths = self._paths_in(other.content)
            for path in paths:
                if (self._language_of(path) or other.folder_language) != other.language:
                    continue
                folder, stem = path.rpartition("/")[0], self._stem(path)
                inside = folder if stem in ("index", "_index") else f"{folder}/{stem}"
                self.site_pages.append(SitePage(f"{other.content}/{path}", addresses.at(inside)))

    def _paths_in(self, folder: str) -> list[str]:
        return self.files.find_markdown(folder) if self.files.exists(folder) else []

    def _asset_addresses(self) -> dict[str, str]:
        """Say where the files beside pages are published: below the address of their page."""
        content = self.found.content
        found = {content: self.addresses.at("")} if self.found.prefix else {}
        for page in self.pages:
            if (page.is_bundle or page.is_section) and page.path:
                url = self.addresses.of(page).removesuffix(".html")
                folder = page.page.path.rpartition("/")[0]
                if url.rstrip("/") != f"{self.settings.base_url}/{quote_path(folder)}":
                    found[f"{content}/{folder}"] = url
        return found


def _around(bundles: set[str], folder: str) -> bool:
    while folder:
        if folder in bundles:
            return True
        folder = folder.rpartition("/")[0]
    return False


def says_something(text: str) -> bool:
    """Tell whether a page has words of its own: headings, comments and bare markup aside."""
    text = _COMMENT.sub("", text)
    text = without_tags(text)
    text = _TITLE_LINE.sub("", _HTML_TAG.sub("", text))
    return any(character.isalnum() for character in text)


def _is_hidden(page: HugoPage) -> bool:
    """Tell whether Hugo makes no page of it: `headless`, or `build.render` of never."""
    if is_true(page.value("headless")):
        return True
    build = as_mapping(page.value("build", "_build"))
    render = {str(key).lower(): value for key, value in build.items()}.get("render")
    return is_false(render) or as_text(render).lower() in ("never", "link")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _with_own_front_matter(page: Page, files: BookFiles) -> Page:
    """Read front matter in JSON, which only Hugo has: an object at the very start."""
    text = page.source.text
    if not text.startswith("{") or text.startswith("{{"):
        return page
    try:
        values, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError) as error:
        if _JSON_KEY.match(text):
            # It stays in the text, since nobody can tell where it ends; but it is said.
            message = f"The front matter is not valid JSON: {error}."
            found = report("invalid-front-matter", page.source, message, Span(0, 1))
            files.diagnostics.append(found)
        return page
    if not isinstance(values, dict):
        return page
    plain: Mapping[str, Any] = {key: value for key, value in values.items() if value is not None}
    # JSON on one line is YAML, so the fields are read and checked in one place.
    front: FrontMatter = read_front_matter(f"---\n{json.dumps(plain, ensure_ascii=False)}\n---\n")
    line_end = re.compile(r"[ \t]*(?:\r\n|\n|\r|\Z)").match(text, end)
    end = line_end.end() if line_end else end
    return dataclasses.replace(page, front=dataclasses.replace(front, end=end, problems=()))
