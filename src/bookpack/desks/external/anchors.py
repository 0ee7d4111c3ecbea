"""Which anchors a page of another site has, and which fragments can be looked for at all.

Pages are the work of strangers: everything here is linear in their length and rather finds an
anchor that is not there (in a comment, in a script) than misses one that is.
"""

import re
from html import unescape
from urllib.parse import unquote

_ID = re.compile(
    r"""[\s"'/]id\s*=\s*(?:"([^"]{0,500})"|'([^']{0,500})'|([^\s"'<>=`]{1,500}))""", re.I
)
_NAME = re.compile(
    r"""<a\s[^<>]*?(?<![\w-])name\s*=\s*(?:"([^"]{0,500})"|'([^']{0,500})'|([^\s"'<>=`]{1,500}))""",
    re.I,
)
_LEADS_ON = re.compile(r"""<meta\s[^<>]*?http-equiv\s*=\s*["']?refresh""", re.I)
_LINES = re.compile(r"(?:L|line-?|lines-?)-?\d+(?:C\d+)?(?:[-:,](?:L|line-?)?\d+(?:C\d+)?)?", re.I)
_LOADED_LATER = re.compile(
    r"(?:issuecomment|discussion_r|discussioncomment|pullrequestreview)-?\d+|diff-\w+"
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.I)
_GITHUB_PREFIX = "user-content-"


def anchor_to_look_for(fragment: str) -> str:
    """Return the anchor that a page must have for `fragment` to work, empty if none.

    Text fragments (`:~:text=`, WICG) are a browser's business; `#!/` and `#/` are routes of a
    script; `#top` always works (HTML Standard, "find a potential indicated element"); lines of
    code and comments of a forge are put into the page by scripts; `key=value` speaks to a viewer.
    """
    anchor = fragment.partition(":~:")[0]
    if not anchor or anchor.startswith(("!", "/")) or "=" in anchor or anchor.lower() == "top":
        return ""
    if _LINES.fullmatch(anchor) or _LOADED_LATER.fullmatch(anchor):
        return ""
    return anchor


def is_readable(content_type: str, content_encoding: str) -> bool:
    """Tell whether anchors can be looked for in a body of this type."""
    kind = content_type.partition(";")[0].strip().lower()
    plain = content_encoding.strip().lower() in ("", "identity")
    return plain and kind in ("text/html", "application/xhtml+xml")


def page_text(body: bytes, content_type: str) -> str:
    """Decode a page; never raises."""
    named = _CHARSET.search(content_type) or _CHARSET.search(body[:1024].decode("latin-1"))
    try:
        return body.decode(named[1] if named else "utf-8", errors="replace")
    except (LookupError, UnicodeError, ValueError):
        return body.decode("utf-8", errors="replace")


def page_anchors(text: str) -> frozenset[str] | None:
    """Return every `id` and every `name` of a link, or None where a page only leads on."""
    if _LEADS_ON.search(text):
        return None
    return frozenset(
        unescape(next(group for group in match.groups() if group is not None))
        for pattern in (_ID, _NAME)
        for match in pattern.finditer(text)
    )


def has_anchor(anchors: frozenset[str], anchor: str) -> bool:
    """Tell whether a page finds `anchor`: as written, decoded, or as GitHub names headings."""
    names = (anchor, unquote(anchor))
    prefixed = (_GITHUB_PREFIX + name.lower() for name in names)
    return any(name in anchors for name in (*names, *prefixed))
