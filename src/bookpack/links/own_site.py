"""The addresses of the book itself: which ones are its own, and when two are the same."""

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, unquote, urlsplit

from bookpack.model import Book

WEB = re.compile(r"(?:https?:)?//", re.I)
_INDEX = re.compile(r"(?:^|/)(?:index|README)(?:\.html?|\.md)?$", re.I)


class OwnSite:
    """The site that the base URL of `book` names.

    `host` is compared without user, capitals and usual port; `base_path` has no slash at its end;
    `prefix` is the folder of the chapters with a slash, or empty.
    """

    def __init__(self, book: Book) -> None:
        base = urlsplit(book.meta.url)
        self.url = book.meta.url
        self.prefix = f"{book.root}/" if book.root else ""
        self.host = _host(base)
        self.base_path = base.path.rstrip("/")

    def is_own(self, url: str) -> bool:
        """Tell whether an absolute address lies under the book's base URL."""
        if not WEB.match(url):
            return False
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if _host(parts) != self.host:
            return False
        return not self.base_path or (parts.path + "/").startswith(self.base_path + "/")

    def key(self, address: str) -> str:
        """Return the form in which addresses are compared.

        Without scheme, capitals of the host, `index.html`, `.html` and slash at the end.
        """
        try:
            parts = urlsplit(address)
        except ValueError:
            return address
        path = _INDEX.sub("", unquote(parts.path).rstrip("/"))
        path = re.sub(r"\.html?$", "", path, flags=re.I)
        query = f"?{parts.query}" if parts.query else ""
        return f"{_host(parts)}{path.rstrip('/')}{query}"


def _host(parts: SplitResult) -> str:
    """Return the host of an address as it is compared: no user, no capitals, no usual port."""
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix({"https": ":443", "http": ":80"}.get(parts.scheme, ":"))


def with_tail(url: str, target: str) -> str:
    """Return `url` with the query and fragment of `target`."""
    _, query, anchor = split_target(target)
    return url + (f"?{query}" if query else "") + (f"#{anchor}" if anchor else "")


def split_target(target: str) -> tuple[str, str, str]:
    """Split a target into path, query and fragment, all as written."""
    rest, _, anchor = target.partition("#")
    path, _, query = rest.partition("?")
    return path, query, anchor


def bare_addresses(text: str, host: str) -> Iterator[re.Match[str]]:
    """Find addresses on `host` in running text, without the punctuation that follows them."""
    pattern = re.compile(
        rf"https?://{re.escape(host)}(?::\d+)?(?:/[^\s<>\"'`\])}}|]*)?(?<![.,;:!?*_~])", re.I
    )
    return pattern.finditer(text)
