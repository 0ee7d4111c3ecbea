"""Slips in a theme that nothing else would tell: a page would look as if its author had not
written anything.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

PARTS_OF_PAGES = frozenset(("contents_list.html", "hero.html"))
"""Templates that other ones include. Who wants nothing in their places leaves them empty."""
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_SET = re.compile(r"(?<![\w-])(--[\w-]+)\s*:")
_USED = re.compile(r"\bvar\(\s*(--[\w-]+)")

Parse = Callable[[str, str], Any]
"""Turns the text of a template, and its name, into jinja2's tree of it."""


def read_template(name: str, data: bytes) -> tuple[str, str]:
    """Return the text of the file `name` and what is wrong with it, empty if nothing is."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return "", "is not written in UTF-8. Save it in that encoding."
    if not text.strip() and name not in PARTS_OF_PAGES:
        return "", "is empty, so pages would be, too. Delete it to have bookpack's own template."
    return text, ""


def slips_in_templates(
    templates: Mapping[str, str], own: Iterable[str], added: Iterable[str], parse: Parse
) -> Iterator[str]:
    """Yield what is wrong with the templates called `added`, as sentences that begin with a name.

    `templates` are all templates by their names, and `own` the names of those that pages are
    made of. Raises what `parse` does.
    """
    from jinja2 import meta, nodes

    own, added = set(own), list(added)
    trees = {name: parse(templates[name], name) for name in added}
    referred = {name for tree in trees.values() for name in meta.find_referenced_templates(tree)}
    for name, tree in trees.items():
        if name not in own and not referred & {name, None}:  # None: whatever a page finds out
            hint = _hint(name, own)
            yield f"{name}: there is no template of this name, and none includes it. {hint}"
        extended = tree.find(nodes.Extends)
        if extended is None or not isinstance(extended.template, nodes.Const):
            continue
        known = _blocks_above(extended, templates, parse)
        for block in tree.body:
            if known is not None and isinstance(block, nodes.Block) and block.name not in known:
                where, hint = extended.template.value, _hint(block.name, known)
                yield f"{name}, line {block.lineno}: {where} has no block {block.name}. {hint}"


def slips_in_variables(written: str, style: str, others: Iterable[bytes]) -> Iterator[str]:
    """Yield what is wrong with variables that are set for the style sheet `style`.

    An author may have variables of their own, for `others` of the theme's files, too. One that
    nothing uses, and that is called almost as one of bookpack's, is a slip.
    """
    css = _COMMENT.sub("", written)
    known, used = sorted(set(_SET.findall(style))), set(_USED.findall(css))
    others = list(others)
    for name in dict.fromkeys(_SET.findall(css)):
        nearest = get_close_matches(name, known, n=1, cutoff=0.75)
        if name in known or name in used or not nearest:
            continue
        if not any(name.encode() in data for data in others):
            yield f"nothing uses the variable {name}. Did you mean {nearest[0]}?"


def _blocks_above(extended: Any, templates: Mapping[str, str], parse: Parse) -> set[str] | None:
    """Return the blocks that a template may replace; None where only rendering can tell."""
    from jinja2 import nodes

    blocks: set[str] = set()
    seen: set[str] = set()
    while extended is not None:
        name = extended.template.value if isinstance(extended.template, nodes.Const) else ""
        if name not in templates or name in seen:
            return None
        seen.add(name)
        tree = parse(templates[name], name)
        blocks |= {block.name for block in tree.find_all(nodes.Block)}
        extended = tree.find(nodes.Extends)
    return blocks


def _hint(name: str, known: Iterable[str]) -> str:
    names = {one.removesuffix(".html"): one for one in sorted(known)}
    nearest = get_close_matches(name.removesuffix(".html"), names, n=1, cutoff=0.5)
    if nearest:
        return f"Did you mean {names[nearest[0]]}?"
    return f"Known are: {', '.join(names.values())}."
