"""Which conventions there are, and which one a book follows.

A new convention is a module of this folder and a name in `_NAMES`, before those that would also
recognise its books.
"""

from functools import cache
from importlib import import_module
from typing import cast

from bookpack.config import SETTINGS_FILE, Settings
from bookpack.diagnostics import report
from bookpack.errors import SettingsError
from bookpack.read.files import BookFiles
from bookpack.read.layouts import native
from bookpack.read.layouts.base import Layout

_NAMES = (
    "gitbook",
    "mdbook",
    "jupyterbook",
    "mystmd",
    "hugo",
    "docusaurus",
    "mkdocs",
    "quarto",
    "bookdown",
    "jekyll",
    "sphinx",
    "native",  # last: it recognises every folder
)


@cache
def layouts() -> dict[str, Layout]:
    """Return every convention by its name, in the order in which they are tried.

    Imported when first asked for: a book whose settings say how it is laid out asks for none.
    """
    modules = (import_module(f"bookpack.read.layouts.{name}") for name in _NAMES)
    return {module.NAME: cast(Layout, module) for module in modules}


def choose_layout(files: BookFiles, settings: Settings) -> tuple[Layout, str]:
    """Return the convention that the book follows, and why we think so.

    Where a folder follows several, the first of `layouts` counts, and the others are reported.
    Raises `SettingsError` when the settings name a convention that does not exist.
    """
    named = settings.layout.convention
    if named == native.NAME:
        return cast(Layout, native), "named in the settings"
    if named != "auto":
        if named not in layouts():
            known = ", ".join(layouts())
            raise SettingsError(f"[layout] convention must be auto or one of {known}.")
        if settings.layout.chapters or settings.part:
            message = f"The list of chapters is bookpack's own and says nothing to {named}."
            files.diagnostics.append(report("conflicting-conventions", SETTINGS_FILE, message))
        return layouts()[named], "named in the settings"
    if settings.layout.chapters or settings.part or settings.layout.source:
        return cast(Layout, native), "the settings say where chapters lie"
    found = [
        (layout, reason)
        for layout in layouts().values()
        if (reason := layout.recognise(files, settings)) is not None
    ]
    others = [
        f"{layout.NAME} ({reason})"
        for layout, reason in found[1:]
        # A table of contents alone is what several tools read, and no setting of any.
        if layout is not native and (" " in reason or not reason.endswith("SUMMARY.md"))
    ]
    if others:
        chosen, reason = found[0]
        message = f"{chosen.NAME} ({reason}) is followed; the folder is also {', '.join(others)}."
        files.diagnostics.append(report("conflicting-conventions", SETTINGS_FILE, message))
    return found[0]
