"""What each shortcode that is certain becomes in Markdown.

Certain are Hugo's own (gohugo.io/shortcodes) and those of the themes that most books use,
where their documentation says what they show: Docsy, Book, Learn and Relearn, Hextra, and
the callouts that nearly every theme calls by the same names.
"""

import re
from collections.abc import Callable
from typing import Protocol

from bookpack.read.dialects.callouts import callout
from bookpack.read.dialects.hugo_tags import Shortcode
from bookpack.read.dialects.tag_blocks import Around, Becomes, Whole
from bookpack.read.plain import escape_plain

_BACKTICKS = re.compile(r"`+")
_MARKUP_IN_CAPTION = re.compile(r"\]\(|<\w|\{\{")
_PLAIN_COLOURS = frozenset(["primary", "secondary", "dark", "light", "default"])
_KINDS = frozenset(
    ["note", "tip", "info", "warning", "caution", "important", "danger", "attention", "hint"]
)


class Surroundings(Protocol):
    """What a shortcode may ask of the page it stands in."""

    text: str

    def inner(self, code: Shortcode) -> str:
        """Return what is between the tags, translated, without the block's indentation."""
        ...

    def raw(self, code: Shortcode) -> str:
        """Return what is between the tags as written, without the block's indentation."""
        ...

    def target(self, code: Shortcode, path: str) -> str | None:
        """Return the address of the page that `path` names; None, with a finding, for none."""
        ...

    def parameter(self, name: str) -> str | None:
        """Return a parameter of the page or the site, where it is a plain value."""
        ...


def translate_shortcode(code: Shortcode, page: Surroundings) -> Becomes:
    """Return what `code` becomes."""
    name = code.name.lower()
    if name in _KINDS and name != "hint":
        return _boxed(code, page, name, code.argument("title", place=0))
    handler = _HANDLERS.get(name)
    return handler(code, page) if handler is not None else None


def fenced(code: str, language: str = "") -> str:
    """Return `code` as a fenced block."""
    longest = max((len(run) for run in _BACKTICKS.findall(code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def _reference(code: Shortcode, page: Surroundings) -> Becomes:
    if code.argument("lang"):
        return None  # a page of another edition
    target = page.target(code, code.argument("path", place=0))
    return None if target is None else Whole(target)


def _figure(code: Shortcode, page: Surroundings) -> Becomes:
    source = code.argument("src", place=0)
    if not source:
        return None
    parts = [code.argument(name) for name in ("title", "caption")]
    caption = ": ".join(part for part in parts if part)
    credit = code.argument("attr")
    credit_link = code.argument("attrlink")
    following = ""
    if credit and credit_link:
        following = f"[{credit}]({_destination(credit_link)})"
    elif credit:
        caption = f"{caption} ({credit})" if caption else credit
    if _MARKUP_IN_CAPTION.search(caption):
        # A title is plain text: what holds links stands below the picture.
        following = " ".join(part for part in (caption, following) if part)
        caption = ""
    alt = escape_plain(code.argument("alt"))
    title = caption.replace("\\", "\\\\").replace('"', '\\"')
    image = f"![{alt}]({_destination(source)}" + (f' "{title}")' if title else ")")
    link = code.argument("link")
    if link:
        image = f"[{image}]({_destination(link)})"
    if following:
        return Whole(f"{image}\n\n{following}", block=True)
    return Whole(image)


def _destination(address: str) -> str:
    address = address.strip()
    if not re.search(r"[\s()<>]", address):
        return address
    return "<" + re.sub(r"([<>])", r"\\\1", address.replace("\n", " ")) + ">"


def _highlight(code: Shortcode, page: Surroundings) -> Becomes:
    if code.closing is None:
        return None
    options = " ".join([*code.positional[1:], code.argument("options")])
    if "hl_inline=true" in options.replace(" ", "").lower():
        inline = " ".join(page.raw(code).split())
        fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(inline)), default=0))
        space = " " if inline.startswith("`") or inline.endswith("`") else ""
        return Whole(f"{fence}{space}{inline}{space}{fence}")
    language = code.argument("lang", "type", "language", place=0)
    return Whole(fenced(page.raw(code), re.sub(r"[\s`]", "", language)), block=True)


def _mermaid(code: Shortcode, page: Surroundings) -> Becomes:
    return Whole(fenced(page.raw(code), "mermaid"), block=True) if code.closing else None


def _math(code: Shortcode, page: Surroundings) -> Becomes:
    if code.closing is None:
        # The theme Book loads its math with an empty one.
        return None if code.positional or code.named else Whole("")
    formula = page.raw(code).strip()
    if "display" in code.positional or code.argument("display") not in ("", "false"):
        return Whole(f"$$\n{formula}\n$$", block=True)
    return Whole(f"${formula}$")


def _linked(say: str, address: Callable[[Shortcode], str]) -> Callable[..., Becomes]:
    def handler(code: Shortcode, page: Surroundings) -> Becomes:
        where = address(code)
        if not where:
            return None
        title = code.argument("title")
        text = f"{say}: {escape_plain(title)}" if title else say
        return Whole(f"[{text}]({_destination(where)})")

    return handler


def _one(base: str) -> Callable[[Shortcode], str]:
    def address(code: Shortcode) -> str:
        identity = code.argument("id", place=0)
        return f"{base}{identity}" if identity else ""

    return address


def _gist(code: Shortcode) -> str:
    user, identity = code.argument("user", place=0), code.argument("id", place=1)
    return f"https://gist.github.com/{user}/{identity}" if user and identity else ""


def _post(code: Shortcode) -> str:
    user, identity = code.argument("user"), code.argument("id", place=0)
    return f"https://x.com/{user or 'i'}/status/{identity}" if identity else ""


def _titled(code: Shortcode, page: Surroundings) -> Becomes:
    if code.closing is None:
        return None
    title = code.argument("summary", "title", "label", place=0)
    return Around(_bold(title))


def _bold(title: str) -> str:
    title = " ".join(title.split())
    return title if not title or title.startswith("**") else f"**{title}**"


def _tab(code: Shortcode, page: Surroundings) -> Becomes:
    if code.closing is None:
        return None
    names = ("name", "title", "header", "label", "tabname")
    title = code.argument(*names, place=0)
    around = code.parent
    if not title and around is not None:
        listed = [each.strip() for each in around.argument("items").split(",")]
        beside = [child for child in around.children if child.name == code.name]
        place = next((n for n, child in enumerate(beside) if child is code), 0)
        title = listed[place] if place < len(listed) else ""
    is_pane = around is not None and around.name == "tabpane"
    is_text = "true" in (code.argument("text"), around.argument("text") if around else "")
    if is_pane and not is_text:
        # Docsy's panes show code where they do not say otherwise.
        language = code.argument("lang") or (around.argument("lang") if around else "")
        block = fenced(page.raw(code), re.sub(r"[\s`]", "", language))
        return Whole(f"{_bold(title)}\n\n{block}" if title else block, block=True)
    return Around(_bold(title))


def _unwrapped(code: Shortcode, page: Surroundings) -> Becomes:
    return Around() if code.closing else None


def _nothing(code: Shortcode, page: Surroundings) -> Becomes:
    return Whole("")


def _boxed(code: Shortcode, page: Surroundings, kind: str, title: str) -> Becomes:
    if code.closing is None:
        return None
    return Whole(callout(kind, title, page.inner(code)), block=True)


def _alert(code: Shortcode, page: Surroundings) -> Becomes:
    title = code.argument("title")
    kind = code.argument("type", "color", "style", "theme", "level", "context").lower()
    if not kind and code.positional and code.positional[0].lower() in _KINDS:
        kind = code.positional[0].lower()
    if kind in ("", *_PLAIN_COLOURS):
        kind = title.lower() if title.lower() in _KINDS else "note"
    return _boxed(code, page, kind, title)


def _hint(code: Shortcode, page: Surroundings) -> Becomes:
    kind = code.argument("type", "style", place=0).lower()
    title = code.argument("title", place=1)
    return _boxed(code, page, "note" if kind in ("", *_PLAIN_COLOURS) else kind, title)


def _button(code: Shortcode, page: Surroundings) -> Becomes:
    if code.closing is None:
        return None
    where: str | None = code.argument("href", "url", "link")
    if not where and code.argument("relref"):
        where = page.target(code, code.argument("relref"))
    text = " ".join(page.inner(code).split())
    return Whole(f"[{text}]({_destination(where)})") if where and text else None


def _card(code: Shortcode, page: Surroundings) -> Becomes:
    title = code.argument("title")
    link, subtitle = code.argument("link"), code.argument("subtitle")
    if code.closing is None:
        if not (title and link):
            return None
        text = f"- [{escape_plain(title)}]({_destination(link)})"
        return Whole(f"{text}: {subtitle}" if subtitle else text)
    if code.argument("code") == "true":
        return None
    heads = [_bold(code.argument("header")), _bold(title), subtitle]
    return Around("\n\n".join(head for head in heads if head), code.argument("footer"))


def _parameter(code: Shortcode, page: Surroundings) -> Becomes:
    value = page.parameter(code.argument("name", place=0))
    return None if value is None else Whole(value)


def _text_of(code: Shortcode, page: Surroundings) -> Becomes:
    text = code.argument("text")
    return Whole(text) if text else None


_HANDLERS: dict[str, Callable[[Shortcode, Surroundings], Becomes]] = {
    "ref": _reference,
    "relref": _reference,
    "figure": _figure,
    "highlight": _highlight,
    "param": _parameter,
    "youtube": _linked("YouTube video", _one("https://www.youtube.com/watch?v=")),
    "vimeo": _linked("Vimeo video", _one("https://vimeo.com/")),
    "instagram": _linked("Instagram post", _one("https://www.instagram.com/p/")),
    "gist": _linked("GitHub gist", _gist),
    "tweet": _linked("Post on X", _post),
    "twitter": _linked("Post on X", _post),
    "x": _linked("Post on X", _post),
    "comment": _nothing,
    "details": _titled,
    "expand": _titled,
    "mermaid": _mermaid,
    "katex": _math,
    "math": _math,
    "tabs": _unwrapped,
    "tabpane": _unwrapped,
    "tab": _tab,
    "steps": _unwrapped,
    "columns": _unwrapped,
    "<--->": _nothing,
    "alert": _alert,
    "pageinfo": _alert,
    "callout": _alert,
    "hint": _hint,
    "notice": _hint,
    "admonition": _hint,
    "button": _button,
    "cards": _unwrapped,
    "cardpane": _unwrapped,
    "card": _card,
    "glossary_tooltip": _text_of,
}
