"""What an author may have meant by a target that leads nowhere."""

import difflib
import posixpath
import re
from collections.abc import Iterable
from urllib.parse import unquote

from bookpack.links.own_site import WEB
from bookpack.model import Book, Chapter
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import quote_path
from bookpack.read.order import is_index, without_order_number

_PAGE_SUFFIX = re.compile(r"\.(?:html?|md|markdown)$", re.I)
_LIMIT = 200
"""Looking for near names is quadratic; a book with more broken targets than this needs no hints."""
_LIKENESS = 0.7
"""Below this ratio (`difflib`) two names have some letters in common and no more."""
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+([a-z]{2,})(?::\d+)?(?=[/?#]|$)", re.I)
_DOMAINS = (
    *("ai", "app", "biz", "blog", "ch", "co", "com", "de", "dev", "edu", "eu", "fm", "fr", "gov"),
    *("info", "io", "it", "jp", "ly", "me", "net", "nl", "org", "page", "site", "tv", "uk", "us"),
)
"""What ends most addresses of sites and no usual name of a file."""
_BRACKETS = ("()", "[]", "{}", "<>")


class Suggestions:
    """Says what may be wrong with targets of one book, and which names come nearest to them."""

    def __init__(self, book: Book, files: BookFiles) -> None:
        self._book = book
        self._files = files
        self._asked = 0
        self._names: dict[str, list[Chapter]] = {}
        self._prefix = f"{book.root}/" if book.root else ""
        self._paths = frozenset(chapter.path for chapter in book.chapters)

    def chapters(self, target: str, named: str, chapter: Chapter) -> str:
        """Return a sentence about a `target` in `chapter` that means no chapter, or nothing.

        It says what is wrong with its form, or which chapters have a file or an address that comes
        nearest to `named`, the path in it: as the author wrote it, as a path or as an address.
        """
        return self.form(target, chapter) or self._nearest_chapters(target, named, chapter)

    def form(self, target: str, chapter: Chapter) -> str:
        """Return a sentence about the form of a `target` in `chapter`, or nothing."""
        if any(target.startswith(pair[0]) and target.endswith(pair[1]) for pair in _BRACKETS):
            return "Remove the brackets around the target."
        if _MAIL.fullmatch(target):
            return "Write mailto: in front."
        host = _HOST.match(target)
        if host and (host[1].lower() in _DOMAINS or target[:4].lower() == "www."):
            return "Write https:// in front."
        folder = posixpath.dirname(chapter.path)
        whole = posixpath.normpath(posixpath.join(folder, unquote(target)))
        held = [sign for sign in "#?" if sign in target]
        if held and (whole in self._paths or self._files.is_file(self._prefix + whole)):
            escapes = " and ".join(f"{sign} as %{ord(sign):02X}" for sign in held)
            return f"The file's path holds {' and '.join(held)}: write {escapes}."
        return ""

    def anchors(self, name: str, known: Iterable[str]) -> str:
        """Return a sentence with the nearest of the `known` anchors, or nothing."""
        near = self._nearest(name.casefold(), sorted(known), 0.6) if self._may_ask() else []
        return f"Nearest: {' or '.join(f'#{found}' for found in near)}." if near else ""

    def _nearest_chapters(self, target: str, named: str, chapter: Chapter) -> str:
        if not self._may_ask():
            return ""
        if not self._names:
            self._collect_names()
        near = self._nearest(_last_name(named), list(self._names), _LIKENESS)
        likely = [one for name in near for one in self._by_likeness(self._names[name], named)]
        found = list({one.path: one for one in likely if one is not chapter}.values())[:2]
        folder = posixpath.dirname(chapter.path)
        shown = (
            one.url if WEB.match(target) else quote_path(posixpath.relpath(one.path, folder or "."))
            for one in found
        )
        return f"Nearest: {' or '.join(shown)}." if found else ""

    def _collect_names(self) -> None:
        for chapter in self._book.chapters:
            folder, slash, name = chapter.path.rpartition("/")
            path = folder + slash + without_order_number(name)
            for known in (path, chapter.url.removeprefix(self._book.meta.url)):
                owners = self._names.setdefault(_last_name(known), [])
                if not owners or owners[-1] is not chapter:
                    owners.append(chapter)

    def _by_likeness(self, chapters: list[Chapter], named: str) -> list[Chapter]:
        if len(chapters) < 3:
            return chapters
        matcher = difflib.SequenceMatcher(b=named.casefold())

        def likeness(chapter: Chapter) -> float:
            matcher.set_seq1(chapter.path.casefold())
            return matcher.ratio()

        return sorted(chapters, key=likeness, reverse=True)

    def _may_ask(self) -> bool:
        self._asked += 1
        return self._asked <= _LIMIT

    def _nearest(self, name: str, known: list[str], likeness: float) -> list[str]:
        near = difflib.get_close_matches(name, known, n=2, cutoff=likeness)
        # Two letters in each other's place weigh heavily in a short name.
        letters = sorted(name)
        return near or [one for one in known if len(name) > 2 and sorted(one) == letters][:2]


def _last_name(path: str) -> str:
    """Return the last name of a path or address in lower case, without suffix.

    A file that speaks for its folder has the folder's name.
    """
    folder, _, name = path.strip("/").rpartition("/")
    name = folder.rpartition("/")[2] if folder and is_index(name) else _PAGE_SUFFIX.sub("", name)
    return name.casefold()
