"""What the preview adds to a page: the findings on it, and a script that shows it anew."""

from functools import cache
from pathlib import Path
from typing import Any

from bookpack.editions.web.addresses import OWN_FOLDER, relative
from bookpack.serving.preview import Shown

EVENTS_PATH = f"{OWN_FOLDER}/preview/events"
"""Where the server tells which state of the book it shows."""
_STATIC = Path(__file__).parent / "static"
_STYLE_PATH, _SCRIPT_PATH = f"{OWN_FOLDER}/preview/preview.css", f"{OWN_FOLDER}/preview/preview.js"
_EMPTY_PAGE = b"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Preview</title></head>
<body>
</body>
</html>
"""
_WAITING_PAGE = b"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width">
<noscript><meta http-equiv="refresh" content="1"></noscript>
<title>Preview</title></head>
<body>
<p>The book is being made. This page shows it as soon as it is there.</p>
</body>
</html>
"""


def waiting_page(shown: Shown, state: str) -> bytes:
    """Return a page that shows the book as soon as another state than `state` is there."""
    return with_panel(_WAITING_PAGE, "index.html", shown, state)


def with_panel(data: bytes, path: str, shown: Shown, state: str) -> bytes:
    """Return the page at `path` with the findings at its foot.

    `state` names what is shown; the page reloads when the server names another. Without any
    site to show yet, `data` is empty and the page says why.
    """
    values = {
        "base": shown.base_path,
        "style": _STYLE_PATH,
        "script": _SCRIPT_PATH,
        "events": EVENTS_PATH,
        "state": state,
        "problem": shown.problem,
        "own": shown.findings.get(path, ()),
        "unplaced": shown.findings.get("", ()),
        "elsewhere": [
            {"href": relative(path, page), "title": title, "count": len(shown.findings[page])}
            for page, title in shown.titles.items()
            if page != path and page in shown.findings
        ],
    }
    rendered: str = _template().render(values)
    panel = rendered.encode("utf-8", "replace")
    before, end, after = (data or _EMPTY_PAGE).rpartition(b"</body>")
    return before + panel + end + after if end else data + panel


@cache
def own_files() -> dict[str, bytes]:
    """Return the files that the preview brings along, by path."""
    return {path: (_STATIC / Path(path).name).read_bytes() for path in (_STYLE_PATH, _SCRIPT_PATH)}


@cache
def _template() -> Any:
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string((_STATIC / "panel.html").read_text("utf-8"))
