"""Anchors of headings in a Jekyll site: the two rules of kramdown, and GitHub's.

Jekyll 3 and later read Markdown by kramdown with `input: GFM` unless `_config.yml` says
otherwise (https://jekyllrb.com/docs/configuration/markdown/), so the rule is that of
kramdown-parser-gfm, which also serves GitHub Pages. The setting `kramdown.input: Kramdown`
chooses kramdown's own (https://kramdown.gettalong.org/converter/html.html#auto-ids).
"""

import re
from collections.abc import Mapping
from typing import Any

from bookpack.read.anchors import GITHUB, AnchorRule, github_anchor
from bookpack.read.settings_files import table_of, text_of

_DASHES = re.compile(r"---?")
_BEFORE_LETTER = re.compile(r"^[^a-zA-Z]+")
_NOT_KEPT = re.compile(r"[^a-zA-Z0-9 -]")


def gfm_anchor(text: str) -> str:
    """Return the anchor by kramdown-parser-gfm: GitHub's, where `--` and `---` are dashes.

    The heading's text counts as readers see it, in every script; a dash is no word character.
    """
    return github_anchor(_DASHES.sub("", text))


def kramdown_anchor(text: str) -> str:
    """Return the anchor by kramdown's own rule, for a heading's text as its author wrote it.

    What stands before the first ASCII letter is dropped, then everything but ASCII letters,
    digits, blanks and hyphens; blanks become hyphens. A text that leaves nothing is `section`.
    """
    kept = _NOT_KEPT.sub("", _BEFORE_LETTER.sub("", text))
    return kept.replace(" ", "-").lower() or "section"


def anchor_rule(values: Mapping[str, Any]) -> AnchorRule:
    """Return the rule that the settings of a site ask for."""
    processor = text_of(values, "markdown").lower() or "kramdown"
    if processor != "kramdown":
        return GITHUB
    options = table_of(values, "kramdown")
    prefix = text_of(options, "auto_id_prefix")
    if text_of(options, "input").lower() != "kramdown":
        return AnchorRule("kramdown-gfm", lambda text: prefix + gfm_anchor(text))
    # Without auto_id_stripping the heading's markup counts, addresses of links included.
    written = text_of(options, "auto_id_stripping").lower() != "true"
    return AnchorRule("kramdown", lambda text: prefix + kramdown_anchor(text), from_source=written)
