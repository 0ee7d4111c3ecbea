"""Addresses of the book and files of its site: which file is published where, and what leads there.

Paths are those of files in the site's folder, whose root is published at the book's own address.
"""

import posixpath
import re
from urllib.parse import quote, unquote, urlsplit

OWN_FOLDER = "_bookpack"
"""Where style sheets, scripts and the like lie; no chapter's address begins so."""
COVER_PATH = "index.html"
SAFE_IN_PATH = "/-._~!$&'()*+,;=:@"
_PLAIN = re.compile(r"[\w./-]*", re.A)
_DANGEROUS = re.compile(r"(?:javascript|vbscript|data):", re.I)
_INVISIBLE = re.compile(r"[\x00-\x20\x7f\u200b\ufeff]+")


def path_of(url: str, base: str) -> str | None:
    """Return the file of the site that is published at `url`, None outside of `base`.

    An address that names no HTML file is a folder's: every server leads from `/explore` to
    `/explore/index.html`, and few from there to `/explore.html`.
    """
    inside = inside_base(url, base)
    if inside is None:
        return None
    if inside.lower().endswith((".html", ".htm")):
        return inside
    return f"{inside}/index.html" if inside else COVER_PATH


def inside_base(url: str, base: str) -> str | None:
    """Return the path of `url` below `base`, decoded and without a slash at either end."""
    inside = _below(url, base)
    return None if inside is None or _is_in_own_folder(inside) else inside


def is_own(url: str, base: str) -> bool:
    """Tell whether `url` lies in the folder that the site keeps for itself."""
    inside = _below(url, base)
    return inside is not None and _is_in_own_folder(inside)


def _is_in_own_folder(inside: str) -> bool:
    return inside.split("/", 1)[0].casefold() == OWN_FOLDER


def _below(url: str, base: str) -> str | None:
    try:
        parts, root = urlsplit(url), urlsplit(base)
    except ValueError:
        return None
    if parts.netloc.lower() != root.netloc.lower() or parts.query:
        return None
    root_path = unquote(root.path).rstrip("/") + "/"
    path = unquote(parts.path) or "/"
    if not (path + "/").startswith(root_path):
        return None
    inside = posixpath.normpath("/" + path[len(root_path) :]).strip("/")
    return None if "\0" in inside else inside


def relative(path: str, target: str) -> str:
    """Return the reference by which the page at `path` leads to the file `target`.

    Both are files of the site, so that it can be published, or looked at, anywhere.
    """
    folder, _, name = spoken(target).rpartition("/")
    here = path.rpartition("/")[0]
    if here == folder:
        reference = name
    elif not here:
        reference = f"{folder}/{name}"
    else:
        up, down = here.split("/"), folder.split("/") if folder else []
        shared = 0
        while shared < min(len(up), len(down)) and up[shared] == down[shared]:
            shared += 1
        steps = [".."] * (len(up) - shared) + down[shared:]
        reference = f"{'/'.join(steps)}/{name}"
    if not _PLAIN.fullmatch(reference):
        reference = quote(reference, safe=SAFE_IN_PATH)
    # A colon in the first segment would read as a scheme, and nothing at all as this very page.
    return f"./{reference}" if not reference or ":" in reference.split("/", 1)[0] else reference


def spoken(path: str) -> str:
    """Return a path as addresses say it: without `index.html`."""
    return path[:-10] if path.endswith("/index.html") or path == "index.html" else path


def is_dangerous(target: str) -> bool:
    """Tell whether a link to `target` would run a script, or show a page that it brings along.

    Browsers drop control characters and blanks before they look for a scheme
    (https://url.spec.whatwg.org/#concept-basic-url-parser).
    """
    return _DANGEROUS.match(_INVISIBLE.sub("", target)) is not None
