"""Code with its words told apart by class; the style sheet gives them colours."""

import re
from functools import cache, lru_cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_LANGUAGE = re.compile(r"[{.\s]*([\w+#.-]+)")
_LARGEST = 200_000
"""Code points of a block that is still coloured: nobody reads more, and it takes seconds."""


def language_of(info: str) -> str:
    """Return the language that a fence names: `rust` for `rust,ignore` or `{.rust}`."""
    found = _LANGUAGE.match(info)
    return found[1].lower() if found else ""


@lru_cache(maxsize=4096)
def highlight(code: str, language: str) -> str:
    """Return `code` as HTML; plain where nobody knows the language.

    Classes are Pygments' short names (https://pygments.org/docs/tokens/).
    """
    lexer = _lexer(language) if language and len(code) <= _LARGEST else None
    if lexer is None:
        return escape(code, quote=False)
    from pygments.token import STANDARD_TYPES

    pieces: list[str] = []
    last, run = "", ""
    for kind, text in lexer.get_tokens(code):
        name = next(STANDARD_TYPES[k] for k in reversed(kind.split()) if k in STANDARD_TYPES)
        if name in ("w", "p", "n", "g", "o"):
            name = ""  # they look like the text around them
        if name == last or not text.strip():
            run += text
            continue
        if run:
            pieces.append(_wrapped(run, last))
        last, run = name, text
    pieces.append(_wrapped(run, last))
    return "".join(pieces)


def _wrapped(text: str, name: str) -> str:
    markup = escape(text, quote=False)
    return f'<span class="{name}">{markup}</span>' if name else markup


@cache
def _lexer(language: str) -> "Lexer | None":
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if language in ("text", "plain", "plaintext", "txt", "none", "output"):
        return None
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
