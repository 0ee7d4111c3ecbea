"""How the pages look: templates, one style sheet, one script, and what an author puts over them.

A file in the book's theme folder takes the place of the one with the same name here; a template
may extend `bookpack/NAME` and replace some of its blocks. `variables.css` goes behind the style
sheet. All other files are copied beside it. Templates come with the book, so they run in a
sandbox, with bounds.
"""

import posixpath
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from traceback import walk_tb
from typing import Any

from bookpack.config.tables import SiteTable
from bookpack.editions.web.addresses import OWN_FOLDER
from bookpack.editions.web.theme_slips import (
    read_template,
    slips_in_templates,
    slips_in_variables,
)
from bookpack.errors import SettingsError
from bookpack.read.files import BookFiles

_HERE = Path(__file__).parent
_TEMPLATES, _STATIC = _HERE / "templates", _HERE / "static"
STYLE, SCRIPT, VARIABLES = "site.css", "site.js", "variables.css"
SEARCH_STYLE, SEARCH_SCRIPT = "search.css", "search.js"
_DEFAULT_FOLDER = SiteTable().theme
_STATIC_NAMES = (STYLE, SCRIPT, SEARCH_STYLE, SEARCH_SCRIPT)
_OWN_FOLDERS = frozenset({"cards", "pagefind", "preview"})
"""Folders beside the theme's files that are made by `cards`, `search` and the preview."""
_DEEPEST = 8
"""Levels of folders in a theme that are copied: links that lead in circles end there."""
EARLY_SCRIPT = (
    "var e=document.documentElement;e.classList.add('js');"
    "try{var t=localStorage.getItem('theme');if(t)e.dataset.theme=t}catch(x){}"
)
"""Runs before the page is shown, so that it is never shown in the wrong colours."""


@dataclass(frozen=True)
class Theme:
    """The templates by name, and the files of the site that belong to them by path."""

    folder: str
    templates: Mapping[str, str]
    files: Mapping[str, bytes]
    style_path: str
    script_path: str
    search_style_path: str
    search_script_path: str

    @cached_property
    def digest(self) -> str:
        """A hash of everything in the theme."""
        material = repr((sorted(self.templates.items()), sorted(self.files.items()), EARLY_SCRIPT))
        return sha256(material.encode("utf-8", "surrogatepass")).hexdigest()

    def render(self, name: str, values: Mapping[str, Any]) -> bytes:
        """Return the template called `name`, filled in. Raises `SettingsError`."""
        try:
            environment = _environment(tuple(self.templates.items()))
            environment.steps = 0
            text: str = environment.get_template(name).render(values)
        except Exception as error:  # a template is a program of the author's
            raise self._failure(error, name) from None
        return text.replace("\0", "\ufffd").encode("utf-8", "replace")

    def check(self, own: Iterable[str], added: Iterable[str]) -> None:
        """Raise `SettingsError` for the first slip in the templates `added` to the `own` ones."""
        try:
            parse = _environment(tuple(self.templates.items())).parse
            slip = next(slips_in_templates(self.templates, own, added, parse), "")
        except Exception as error:  # a template is a program of the author's
            raise self._failure(error, "") from None
        if slip:
            raise SettingsError(f"{self.folder}/{slip}")

    def _failure(self, error: Exception, name: str) -> SettingsError:
        """Return what a reader is told of a template that failed: the file, the line and why."""
        from jinja2 import TemplateNotFound, TemplateSyntaxError

        # jinja2 puts the names and lines of templates into the traceback.
        frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
        inside = [(file, line) for file, line in frames if file in self.templates]
        where, line = inside[-1] if inside else (name, 0)
        reason = str(error) or type(error).__name__
        if isinstance(error, TemplateSyntaxError):
            where, line = error.name or where, error.lineno
        elif isinstance(error, TemplateNotFound):
            reason = f"there is no template {error.name}"
        elif isinstance(error, RecursionError):
            reason = "it includes itself, or is nested too deeply"
        at = f", line {line}" if line else ""
        return SettingsError(
            f"A template of the theme fails: {self.folder}/{where}{at}: {reason.rstrip('.')}."
        )


@lru_cache(maxsize=2)
def _environment(templates: tuple[tuple[str, str], ...]) -> Any:
    """Return what compiles templates, each once; a preview uses them many times."""
    from jinja2 import FunctionLoader, StrictUndefined

    from bookpack.editions.web.bounds import BoundedEnvironment

    texts = dict(templates)
    return BoundedEnvironment(
        loader=FunctionLoader(lambda name: (texts[name], name, None) if name in texts else None),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )


def load_theme(folder: str, files: BookFiles) -> Theme:
    """Read bookpack's own theme and what the book's `folder` puts over it.

    Raises `SettingsError` for what would have no effect, or none that its author can have meant.
    """
    own = {path.name: path.read_text("utf-8") for path in sorted(_TEMPLATES.glob("*.html"))}
    templates = {**own, **{f"bookpack/{name}": text for name, text in own.items()}}
    static = {name: (_STATIC / name).read_bytes() for name in _STATIC_NAMES}
    own_style = static[STYLE].decode()
    copied: dict[str, bytes] = {}
    added: dict[str, str] = {}
    variables = b""
    if folder and folder != _DEFAULT_FOLDER and not files.list_folder(folder):
        if files.is_file(folder):
            raise SettingsError(f"[site] theme must name a folder; {folder} is a file.")
        if not files.exists(folder):
            raise SettingsError(f"There is no folder {folder}, which [site] theme names.")
    for name in _files_below(folder, files) if folder else []:
        path = posixpath.join(folder, name)
        data = files.read(path) or b""
        if name.endswith(".html"):
            added[name], problem = read_template(name, data)
            if problem:
                raise SettingsError(f"{path} {problem}")
        elif name in static:
            static[name] = data
        elif name == VARIABLES:
            variables = data
        else:
            copied[f"{OWN_FOLDER}/{name}"] = data
    others = [*static.values(), *copied.values(), *(text.encode() for text in added.values())]
    for slip in slips_in_variables(variables.decode("utf-8", "replace"), own_style, others):
        raise SettingsError(f"{posixpath.join(folder, VARIABLES)}: {slip}")
    if variables:
        static[STYLE] += b"\n" + variables
    paths = [_named_by_content(name, static[name]) for name in _STATIC_NAMES]
    copied.update(zip(paths, static.values(), strict=True))
    theme = Theme(folder, {**templates, **added}, copied, *paths)
    if added:
        theme.check(own, added)
    return theme


def _files_below(folder: str, files: BookFiles, inner: str = "") -> Iterator[str]:
    """Yield the files below `folder`, relative to it. Raises `SettingsError`."""
    for name in files.list_folder(posixpath.join(folder, inner)):
        path = f"{inner}{name}"
        if path in _OWN_FOLDERS:
            raise SettingsError(
                f"{folder}/{path} has the name of a folder that the site fills itself. Rename it."
            )
        if files.is_file(posixpath.join(folder, path)):
            yield path
        elif path.count("/") < _DEEPEST:
            yield from _files_below(folder, files, f"{path}/")


def _named_by_content(name: str, data: bytes) -> str:
    """Return a path that changes with the content, so that browsers may keep what they have."""
    stem, dot, suffix = name.rpartition(".")
    return f"{OWN_FOLDER}/{stem}-{sha256(data).hexdigest()[:10]}{dot}{suffix}"


def script_hash(script: str) -> str:
    """Return a script's source expression for a content security policy."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
