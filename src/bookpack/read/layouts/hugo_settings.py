"""What Hugo's own settings say of a book: addresses, languages, folders, anchors.

Hugo reads `hugo.toml` (`.yaml`, `.json`; before 0.110 `config.*`) and then the files of
`config/_default` and `config/production`, each named after the table it holds; keys have no
case (gohugo.io/configuration/introduction). Settings of themes are not looked into.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from bookpack.diagnostics import Diagnostic, report
from bookpack.model import BookMeta
from bookpack.read.files import BookFiles
from bookpack.read.layouts.hugo_values import (
    as_mapping,
    as_text,
    is_true,
    merged_over,
    with_lower_keys,
)
from bookpack.read.settings_files import folder_of, read_settings

_SUFFIXES = ("toml", "yaml", "yml", "json")
_ROOT_NAMES = ("hugo", "config")
# Hugo's own order of fields that may hold a page's date (gohugo.io/configuration/front-matter).
_DATES = ("date", "publishdate", "pubdate", "published", "lastmod", "modified")


@dataclass(frozen=True, slots=True)
class HugoSettings:
    """The settings that decide what is published where, for one language of the site.

    `content` and `static` are folders relative to the book's. `prefix` is the language's
    folder in addresses, mostly empty. `languages` are all keys; a file without a language in
    its name is in `folder_language`. `other_content` are content folders of other languages,
    `others` their settings.
    """

    file: str
    meta: BookMeta = field(default_factory=BookMeta)
    language: str = "en"
    languages: tuple[str, ...] = ()
    folder_language: str = "en"
    content: str = "content"
    other_content: tuple[str, ...] = ()
    static: tuple[str, ...] = ("static",)
    prefix: str = ""
    permalinks: Mapping[str, str] = field(default_factory=dict)
    section_permalinks: Mapping[str, str] = field(default_factory=dict)
    ugly: bool = False
    keep_case: bool = False
    remove_accents: bool = False
    anchors: str = "github"
    taxonomies: tuple[str, ...] = ("tags", "categories")
    params: Mapping[str, Any] = field(default_factory=dict)
    dates: tuple[str, ...] = _DATES
    others: tuple["HugoSettings", ...] = ()
    problems: tuple[Diagnostic, ...] = ()


def find_settings_file(files: BookFiles) -> str:
    """Return the site's settings file, or the folder of such files; empty where there is none."""
    for name in _ROOT_NAMES:
        for suffix in _SUFFIXES:
            if files.exists(f"{name}.{suffix}"):
                return f"{name}.{suffix}"
    return "config/_default" if files.exists("config/_default") else ""


def read_hugo_settings(files: BookFiles, language: str = "") -> HugoSettings:
    """Read the settings for the edition in `language`: a key or code of the site's, or any
    other word for the default language.
    """
    file = find_settings_file(files)
    values, problems = _read_all(files, file)
    languages = {
        key: as_mapping(own)
        for key, own in as_mapping(values.get("languages")).items()
        if not is_true(as_mapping(own).get("disabled"))
    }
    default = as_text(values.get("defaultcontentlanguage")).lower() or "en"
    key = _choose_language(languages, default, language)
    others = tuple(
        _settings_of(file, values, languages, default, other) for other in languages if other != key
    )
    chosen = _settings_of(file, values, languages, default, key)
    return replace(chosen, others=others, problems=tuple(problems))


def _settings_of(
    file: str,
    values: Mapping[str, Any],
    languages: Mapping[str, Mapping[str, Any]],
    default: str,
    key: str,
) -> HugoSettings:
    own = languages.get(key, {})
    content, other = _content_folders(values, languages, key)
    several = len(languages) > 1
    in_folder = is_true(values.get("defaultcontentlanguageinsubdir"))
    hosts = any(as_text(each.get("baseurl")) for each in languages.values())
    prefix = key if (in_folder if key == default else several) and not hosts else ""
    permalinks, section_permalinks = _permalinks(as_mapping(values.get("permalinks")))
    params = merged_over(as_mapping(values.get("params")), as_mapping(own.get("params")))
    parser = as_mapping(as_mapping(as_mapping(values.get("markup")).get("goldmark")).get("parser"))
    return HugoSettings(
        file=file,
        meta=_meta(values, own, params, key),
        language=key,
        languages=tuple(languages),
        folder_language=key if as_text(own.get("contentdir")) or not several else default,
        content=content,
        other_content=other,
        static=_static_folders(values, own),
        prefix=prefix,
        permalinks=permalinks,
        section_permalinks=section_permalinks,
        ugly=is_true(values.get("uglyurls")),
        keep_case=is_true(values.get("disablepathtolower")),
        remove_accents=is_true(values.get("removepathaccents")),
        anchors=as_text(
            parser.get("autoidtype") or parser.get("autoheadingidtype") or "github"
        ).lower(),
        taxonomies=_taxonomies(values),
        params=params,
        dates=_date_fields(values),
    )


def _read_all(files: BookFiles, file: str) -> tuple[dict[str, Any], list[Diagnostic]]:
    values: dict[str, Any] = {}
    problems: list[Diagnostic] = []

    def read(path: str) -> dict[str, Any]:
        found, wrong = read_settings(files, path)
        problems.extend(wrong)
        return dict(with_lower_keys(found))

    if file.endswith(_SUFFIXES):
        values = read(file)
    for folder in ("config/_default", "config/production"):
        for name in files.list_folder(folder):
            stem, _, suffix = name.rpartition(".")
            if suffix.lower() not in _SUFFIXES:
                continue
            found = read(f"{folder}/{name}")
            # `params.toml` holds [params], `params.ja.toml` holds [languages.ja.params].
            table, _, language = stem.lower().partition(".")
            if table not in _ROOT_NAMES:
                found = {table: found}
            if language:
                found = {"languages": {language: found}}
            values = merged_over(values, found)
    return values, problems


def _choose_language(languages: Mapping[str, Any], default: str, wanted: str) -> str:
    wanted = wanted.lower()
    if wanted in languages:
        return wanted
    for key, own in languages.items():
        if wanted and as_text(own.get("languagecode") or own.get("locale")).lower() == wanted:
            return key
    short = wanted.partition("-")[0]
    return short if short in languages else default


def _content_folders(
    values: Mapping[str, Any], languages: Mapping[str, Mapping[str, Any]], key: str
) -> tuple[str, tuple[str, ...]]:
    mounts = as_mapping(values.get("module")).get("mounts")
    mounted: dict[str, str] = {}
    for mount in mounts if isinstance(mounts, list) else []:
        if as_text(as_mapping(mount).get("target")).strip("/") == "content":
            language = as_text(mount.get("lang")).lower()
            mounted.setdefault(language, _folder(mount.get("source")))
    common = mounted.get("") or _folder(values.get("contentdir")) or "content"

    def of(language: str) -> str:
        own = languages.get(language, {})
        return mounted.get(language) or _folder(own.get("contentdir")) or common

    others = {of(language) for language in languages} - {of(key)}
    return of(key), tuple(sorted(others))


def _static_folders(values: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[str, ...]:
    folders: list[str] = []
    for table in (own, values):
        for name in ("staticdir", *(f"staticdir{number}" for number in range(11))):
            named = table.get(name)
            folders += [_folder(each) for each in (named if isinstance(named, list) else [named])]
    mounts = as_mapping(values.get("module")).get("mounts")
    for mount in mounts if isinstance(mounts, list) else []:
        if as_text(as_mapping(mount).get("target")).strip("/") == "static":
            folders.append(_folder(mount.get("source")))
    return tuple(dict.fromkeys(folder for folder in (*folders, "static") if folder))


def _folder(value: Any) -> str:
    return folder_of(as_text(value))


def _permalinks(values: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the patterns for pages and for sections, by section.

    A table of patterns is meant for pages; `page` and `section` may stand in between.
    """
    pages = {key: as_text(value) for key, value in values.items() if as_text(value)}
    pages |= {key: as_text(value) for key, value in as_mapping(values.get("page")).items()}
    sections = as_mapping(values.get("section"))
    return pages, {key: as_text(value) for key, value in sections.items()}


def _taxonomies(values: Mapping[str, Any]) -> tuple[str, ...]:
    named = values.get("taxonomies")
    if isinstance(named, Mapping):
        return tuple(as_text(plural).lower() for plural in named.values() if as_text(plural))
    return ("tags", "categories")


def _date_fields(values: Mapping[str, Any]) -> tuple[str, ...]:
    named = as_mapping(values.get("frontmatter")).get("date")
    if not isinstance(named, list):
        return _DATES
    fields: list[str] = []
    for name in named:
        fields += _DATES if name == ":default" else [as_text(name).lower()]
    return tuple(fields)


def _meta(
    values: Mapping[str, Any], own: Mapping[str, Any], params: Mapping[str, Any], key: str
) -> BookMeta:
    base = as_text(own.get("baseurl") or values.get("baseurl"))
    if urlsplit(base).scheme not in ("http", "https") or "localhost" in base:
        base = ""
    authors = params.get("authors") or params.get("author") or values.get("author")
    listed = authors if isinstance(authors, list) else [authors]
    names = [as_text(as_mapping(each).get("name") or each) for each in listed]
    default = as_text(values.get("defaultcontentlanguage")).lower() or "en"
    code = own.get("languagecode") or own.get("locale")
    if not code and key == default:
        code = values.get("languagecode")
    return BookMeta(
        title=as_text(own.get("title") or values.get("title")),
        url=base,
        authors=tuple(name for name in names if name),
        language=as_text(code) or key,
        summary=as_text(own.get("description") or params.get("description")),
    )


def unknown_language(found: HugoSettings, wanted: str) -> list[Diagnostic]:
    """Say so when the author asks for a language that a site of several has not."""
    known = {key.partition("-")[0] for key in found.languages}
    if len(known) > 1 and wanted and wanted.lower().partition("-")[0] not in known:
        message = (
            f"The site has no language {wanted}, so {found.language} is built; "
            f"it has {', '.join(found.languages)}."
        )
        place = found.file or "bookpack.toml"
        return [report("invalid-convention-settings", place, message)]
    return []
