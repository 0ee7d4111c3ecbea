"""What the pages call things. `[site] words` replaces any of it."""

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    "all-contents": "All contents",
    "back-to-text": "Back to the text",
    "breadcrumbs": "Where you are",
    "by": "by",
    "caution": "Caution",
    "close": "Close",
    "contents": "Contents",
    "copied": "Copied",
    "counted-as": "Tokens are counted as:",
    "copy": "Copy",
    "copy-link": "Copy the link to this section",
    "dark": "Dark",
    "description": "Description of the picture",
    "described-by-model": "Description of the picture, written by a model",
    "diagram": "Diagram, as its author wrote it",
    "done": "Done",
    "footnotes": "Footnotes",
    "help": "Keyboard",
    "help-next": "Next chapter",
    "help-previous": "Previous chapter",
    "help-search": "Search",
    "help-help": "Show this help",
    "important": "Important",
    "light": "Light",
    "link-to-section": "Link to “{title}”",
    "next": "Next",
    "not-found": "This page does not exist",
    "not-found-help": "The address may be old or mistyped. All chapters are listed here:",
    "note": "Note",
    "on-this-page": "On this page",
    "previous": "Previous",
    "print": "The whole book on one page",
    "redirect": "This page has moved to",
    "search": "Search",
    "search-count": "Sections found: {count}",
    "search-failed": "Search cannot be loaded here.",
    "search-help": "Arrows choose, Enter opens, Escape closes",
    "search-more": "More results",
    "search-none": "Nothing found",
    "skip": "Skip to the text",
    "start-reading": "Start reading",
    "system": "As the system",
    "table": "Table",
    "theme": "Colours",
    "tip": "Tip",
    "to-do": "To do",
    "tokens": "tokens",
    "warning": "Warning",
}


def words_of(replaced: Mapping[str, str]) -> dict[str, str]:
    """Return all words, some of them replaced."""
    return {**ENGLISH, **replaced}
