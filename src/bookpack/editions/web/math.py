"""TeX → MathML, which browsers show without a script."""

import re
from functools import lru_cache
from html import escape
from xml.etree import ElementTree

_ELEMENTS = re.compile(
    "math|menclose|mfrac|mi|mmultiscripts|mn|mo|mover|mpadded|mphantom|mprescripts|mroot|mrow|ms|"
    "mspace|msqrt|mstyle|msub|msubsup|msup|mtable|mtd|mtext|mtr|munder|munderover"
)
_NO_ATTRIBUTES = frozenset(("href", "style", "class", "id", "src"))
_NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'
# Environments that the converter takes for unknown ones, by a name under which it draws them.
_ALIASES = {"{aligned}": "{split}"}


@lru_cache(maxsize=16384)
def mathml(tex: str, *, display: bool) -> str | None:
    """Return `tex` as a `<math>` element; None where it holds what nobody here understands.

    The converter copies text as it stands, so its answer is believed only where it is
    well-formed and holds nothing but MathML.
    """
    from latex2mathml.converter import convert

    for name, known in _ALIASES.items():
        tex = tex.replace(name, known)
    try:
        markup: str = convert(tex.strip(), display="block" if display else "inline")
        root = ElementTree.fromstring(markup.replace(_NAMESPACE, ""))
    except Exception:
        return None  # whatever the converter stumbles over, the author's TeX is shown
    for element in root.iter():
        if not _ELEMENTS.fullmatch(element.tag) or not _NO_ATTRIBUTES.isdisjoint(element.attrib):
            return None
        # A command that it does not know comes through as a name with its backslash.
        if "\\" in (element.text or ""):
            return None
    return markup.replace(_NAMESPACE, "")


def tex_as_text(tex: str, *, display: bool) -> str:
    """Return the author's TeX as it is shown where it cannot be drawn."""
    marks = "$$" if display else "$"
    return f'<code class="tex">{escape(marks + tex + marks, quote=False)}</code>'
