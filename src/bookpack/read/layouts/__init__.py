"""Conventions of ordering chapters and making addresses, one file for each.

A new convention is a module here and a line in `LAYOUTS`, before those that would also
recognise its books.
"""

from typing import cast

from bookpack.config import Settings
from bookpack.errors import SettingsError
from bookpack.read.files import BookFiles
from bookpack.read.layouts import native
from bookpack.read.layouts.base import Layout

LAYOUTS: dict[str, Layout] = {
    module.NAME: cast(Layout, module)
    for module in (
        native,  # last: it recognises every folder
    )
}


def choose_layout(files: BookFiles, settings: Settings) -> tuple[Layout, str]:
    """Return the convention that the book follows, and why we think so.

    Raises `SettingsError` when the settings name a convention that does not exist.
    """
    named = settings.layout.convention
    if named != "auto":
        if named not in LAYOUTS:
            known = ", ".join(LAYOUTS)
            raise SettingsError(f"[layout] convention must be auto or one of {known}.")
        return LAYOUTS[named], "named in the settings"
    if settings.layout.chapters or settings.part or settings.layout.source:
        return cast(Layout, native), "the settings say where chapters lie"
    for layout in LAYOUTS.values():
        reason = layout.recognise(files, settings)
        if reason is not None:
            return layout, reason
    raise AssertionError("the native convention recognises every folder")
