"""What can be read of `docusaurus.config.js` without running it (docusaurus.io/docs/api)."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bookpack.model import BookMeta
from bookpack.read.files import BookFiles
from bookpack.read.layouts.javascript import (
    elements,
    exported_object,
    members,
    string_value,
    without_comments,
)
from bookpack.read.settings_files import folder_of

_SUFFIXES = ("js", "ts", "mjs", "cjs", "mts", "cts")
_QUOTED = re.compile(r"""['"`]([^'"`\n$]+)['"`]""")


@dataclass(frozen=True, slots=True)
class DocusaurusSettings:
    """The settings of the site and of its first set of documents.

    `docs` is the folder of documents, `sidebar` the file that orders them, or empty.
    `trailing_slash` is None where the site leaves addresses as they are.
    """

    file: str
    meta: BookMeta = field(default_factory=BookMeta)
    docs: str = "docs"
    route: str = "docs"
    sidebar: str = ""
    trailing_slash: bool | None = None
    number_prefixes: bool = True
    static: tuple[str, ...] = ("static",)
    mdx_everywhere: bool = True


def find_config(files: BookFiles) -> str:
    """Return the site's settings file, empty where there is none."""
    names = (f"docusaurus.config.{suffix}" for suffix in _SUFFIXES)
    return next((name for name in names if files.is_file(name)), "")


def read_docusaurus_settings(files: BookFiles) -> DocusaurusSettings:
    """Read the settings that are written as literals; the rest has the tool's own defaults."""
    file = find_config(files)
    text = without_comments(files.read_text(file) or "")
    brace = exported_object(text)
    config = members(text, brace) if brace is not None else {}

    def word(key: str) -> str:
        return string_value(config[key], text) or "" if key in config else ""

    options = _docs_options(config, text)

    def option(key: str, default: str) -> str:
        found = string_value(options[key], text) if key in options else None
        return default if found is None else found

    i18n = members(config["i18n"], 0) if config.get("i18n", "").startswith("{") else {}
    locale = string_value(i18n.get("defaultLocale", "''"), text) or ""
    markdown = members(config["markdown"], 0) if config.get("markdown", "").startswith("{") else {}
    static = config.get("staticDirectories", "")
    folders = [string_value(each, text) for each in elements(static)] if static else []
    docs, sidebar, route = _version(
        files,
        folder_of(option("path", "docs")),
        _sidebar_file(files, options),
        option("routeBasePath", "docs").strip("/"),
        option("lastVersion", ""),
    )
    slash = {"true": True, "false": False}.get(config.get("trailingSlash", ""))
    return DocusaurusSettings(
        file=file,
        meta=BookMeta(
            title=word("title"),
            url=_base(config, text),
            language=locale,
            summary=word("tagline"),
        ),
        docs=docs,
        route=route,
        sidebar=sidebar,
        trailing_slash=slash,
        number_prefixes=options.get("numberPrefixParser", "") != "false",
        static=tuple(folder_of(each) for each in folders if each) or ("static",),
        mdx_everywhere=string_value(markdown.get("format", "''"), text) not in ("detect", "md"),
    )


def _base(config: dict[str, str], text: str) -> str:
    """Return the address of the site; empty unless both parts of it can be read."""
    url = string_value(config.get("url", ""), text) or ""
    path = string_value(config["baseUrl"], text) if "baseUrl" in config else "/"
    if urlsplit(url).scheme not in ("http", "https") or path is None:
        return ""
    return f"{url.rstrip('/')}/{path.strip('/')}".rstrip("/")


def _docs_options(config: dict[str, str], text: str) -> dict[str, str]:
    """Return the options of the documents: those of a preset, else of the plugin itself."""
    for preset in _tuples(config.get("presets", "")):
        options = members(preset[1], 0) if preset[1].startswith("{") else {}
        docs = options.get("docs", "")
        if docs.startswith("{"):
            return members(docs, 0)
        if docs == "false":
            break
    for plugin in _tuples(config.get("plugins", "")):
        if "plugin-content-docs" in plugin[0] and plugin[1].startswith("{"):
            return members(plugin[1], 0)
    return {}


def _tuples(source: str) -> list[list[str]]:
    """Return the elements `[name, options]` of an array."""
    if not source.startswith("["):
        return []
    pairs = [elements(each) for each in elements(source) if each.startswith("[")]
    return [pair for pair in pairs if len(pair) >= 2]


def _sidebar_file(files: BookFiles, options: dict[str, str]) -> str:
    written = options.get("sidebarPath")
    if written == "false":
        return ""
    if written is not None:
        # `'./sidebars.js'` or `require.resolve('./sidebars.js')`
        named = _QUOTED.search(written)
        return folder_of(named[1]) if named else ""
    names = ("sidebars.js", "sidebars.ts", "sidebars.json")
    return next((name for name in names if files.is_file(name)), "")


def _version(
    files: BookFiles, docs: str, sidebar: str, route: str, last: str
) -> tuple[str, str, str]:
    """Return folder, sidebar and route of the version that readers see first.

    Where there are versions, `docs/` is the next one and lives at another address
    (docusaurus.io/docs/versioning).
    """
    try:
        versions = json.loads(files.read_text("versions.json") or "[]")
    except (ValueError, RecursionError):
        versions = []
    if not isinstance(versions, list) or not versions or last == "current":
        return docs, sidebar, route
    newest = last or str(versions[0])
    folder = f"versioned_docs/version-{newest}"
    if not files.exists(folder):
        return docs, sidebar, route
    listed = f"versioned_sidebars/version-{newest}-sidebars.json"
    return folder, listed if files.is_file(listed) else "", route
