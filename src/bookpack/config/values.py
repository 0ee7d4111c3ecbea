"""What the types of settings cannot say: which values make sense."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bookpack.config.reader import Reader
from bookpack.config.tables import (
    ENGLISHES,
    FAIL_ON,
    GRAMMAR_ENGINES,
    PROFILES,
    STYLES,
    GrammarTable,
    ImagesTable,
    LinksTable,
    ModelTable,
    SiteTable,
)
from bookpack.config.words import ENGLISH, WORDS_BESIDE_PAGES
from bookpack.diagnostics import is_known_selector

if TYPE_CHECKING:
    from bookpack.config import Settings

_PLACEHOLDERS = ("base", "slug", "path")
_LANGUAGE_TAG = re.compile(r"(?:[A-Za-z]{2,8}|[ix](?=-))(?:-[A-Za-z0-9]{1,8})*")


def is_language_tag(tag: str) -> bool:
    """Tell whether `tag` has the shape of a language tag, as `en`, `pt-BR` (BCP 47, RFC 5646).

    Whether the language is a registered one is not looked up.
    """
    return _LANGUAGE_TAG.fullmatch(tag) is not None


def check_values(settings: "Settings", reader: Reader) -> None:
    """Raise `SettingsError` for the first value that makes no sense."""
    address = settings.book.url
    if address and ("?" in address or "#" in address):
        raise reader.error("url", f"must have no query and no fragment, not {address!r}", "book")
    if address and not _is_web_address(address):
        raise reader.error("url", f"must be an http or https address, not {address!r}", "book")
    if settings.pack.style not in STYLES:
        raise reader.error("style", f"must be one of {', '.join(STYLES)}", "pack")
    if settings.lint.fail_on not in FAIL_ON:
        raise reader.error("fail-on", f"must be one of {', '.join(FAIL_ON)}", "lint")
    name = settings.pack.file
    if not name or Path(name).name != name or name.startswith(".") or "\\" in name:
        raise reader.error("file", f"must be a plain file name, not {name!r}", "pack")
    if name == "manifest" and settings.pack.style == "json":
        raise reader.error("file", "is the manifest's own name; choose another", "pack")
    for placeholder in re.findall(r"\{(.*?)\}", settings.layout.url_style):
        if placeholder not in _PLACEHOLDERS:
            raise reader.error(
                "url-style",
                f"knows {{base}}, {{slug}} and {{path}}, not {{{placeholder}}}",
                "layout",
            )
    if not re.search(r"\{(slug|path)\}", settings.layout.url_style):
        raise reader.error("url-style", "must hold {slug} or {path}", "layout")
    ignored = [
        prefix for prefixes in settings.lint.per_file_ignores.values() for prefix in prefixes
    ]
    for key, selectors in (
        ("select", settings.lint.select),
        ("ignore", settings.lint.ignore),
        ("per-file-ignores", ignored),
    ):
        for selector in selectors:
            if not selector or not is_known_selector(selector):
                raise reader.error(key, f"names {selector!r}, and no rule begins so", "lint")
    listed: list[tuple[str, str, tuple[str, ...]]] = []
    listed.append(("source", "layout", (settings.layout.source,)))
    listed.append(("chapters", "layout", settings.layout.chapters))
    listed += (("chapters", "part", part.chapters) for part in settings.part)
    for key, table, paths in listed:
        for path in paths:
            parts = path.replace("\\", "/").split("/")
            if ".." in parts or path.startswith("/") or re.match(r"[A-Za-z]:", path):
                raise reader.error(key, f"must stay inside the book's folder, not {path!r}", table)
    _check_links(settings.links, reader)
    _check_images(settings.images, reader)
    _check_model(settings.model, reader)
    _check_site(settings.site, reader)
    _check_grammar(settings.grammar, reader)
    language = settings.book.language
    if language and not is_language_tag(language.replace("_", "-")):
        complaint = f"must be a language tag such as en or pt-BR, not {language!r}"
        raise reader.error("language", complaint, "book")
    if any(control in settings.book.title for control in "\n\r"):
        raise reader.error("title", "must be one line", "book")


def _check_grammar(grammar: GrammarTable, reader: Reader) -> None:
    if grammar.dialect and grammar.dialect not in ENGLISHES:
        raise reader.error("dialect", f"must be one of {', '.join(ENGLISHES)}", "grammar")
    if grammar.profile not in PROFILES:
        raise reader.error("profile", f"must be one of {', '.join(PROFILES)}", "grammar")
    for one in grammar.pass_:
        if one.engine not in GRAMMAR_ENGINES:
            complaint = f"must be one of {', '.join(GRAMMAR_ENGINES)}"
            raise reader.error("engine", complaint, "grammar.pass")
        if one.profile and one.profile not in PROFILES:
            raise reader.error("profile", f"must be one of {', '.join(PROFILES)}", "grammar.pass")


def _check_images(images: ImagesTable, reader: Reader) -> None:
    folder = images.descriptions.replace("\\", "/")
    if not folder.strip("/.") or ".." in folder.split("/") or folder.startswith("/"):
        complaint = f"must name a folder inside the book's, not {images.descriptions!r}"
        raise reader.error("descriptions", complaint, "images")
    if re.match(r"[A-Za-z]:", folder):
        raise reader.error("descriptions", "must stay inside the book's folder", "images")
    _check_ranges(
        reader,
        "images",
        ("max-pixels", images.max_pixels, 1, 2_000_000_000),
        ("max-bytes", images.max_bytes, 1, 2_000_000_000),
        ("model-size", images.model_size, 64, 8192),
    )


def _check_model(model: ModelTable, reader: Reader) -> None:
    if model.base_url and not _is_web_address(model.base_url):
        complaint = f"must be an http or https address, not {model.base_url!r}"
        raise reader.error("base-url", complaint, "model")
    if not re.fullmatch(r"(?:[A-Za-z_][A-Za-z0-9_]*)?", model.api_key_env):
        complaint = "must be the name of an environment variable, never a key itself"
        raise reader.error("api-key-env", complaint, "model")
    _check_ranges(
        reader,
        "model",
        ("concurrency", model.concurrency, 1, 256),
        ("timeout", model.timeout, 0.01, 3600),
        ("attempts", model.attempts, 1, 100),
        ("max-output-tokens", model.max_output_tokens, 16, 1_000_000),
        ("temperature", 0 if model.temperature is None else model.temperature, 0, 2),
        ("price-in", model.price_in, 0, 1e6),
        ("price-out", model.price_out, 0, 1e6),
        ("budget", model.budget, 0, 1e9),
        ("budget-tokens", model.budget_tokens, 0, 10**12),
    )


def _check_site(site: SiteTable, reader: Reader) -> None:
    for key, path in (
        ("theme", site.theme),
        ("mermaid", site.mermaid),
        ("card-font", site.card_font),
    ):
        written = path.replace("\\", "/")
        if ".." in written.split("/") or written.startswith("/") or re.match(r"[A-Za-z]:", path):
            raise reader.error(key, f"must stay inside the book's folder, not {path!r}", "site")
    if site.theme and not site.theme.replace("\\", "/").strip("/."):
        raise reader.error("theme", "must be a folder of its own, not the book's", "site")
    reader.check_keys(site.words, (*ENGLISH, *WORDS_BESIDE_PAGES), "site.words")
    if site.direction not in ("", "ltr", "rtl"):
        raise reader.error("direction", f"must be ltr or rtl, not {site.direction!r}", "site")
    for action in site.action:
        if not action.label or not _is_web_address(action.url):
            complaint = "must give every action a label and an http or https url"
            raise reader.error("action", complaint, "site")
    for key, address in (
        ("sold-at", site.sold_at),
        ("license", site.license),
        ("rsl", site.rsl),
    ):
        if address and not _is_web_address(address):
            complaint = f"must be an http or https address, not {address!r}"
            raise reader.error(key, complaint, "site")
    if site.edit and not ("{path}" in site.edit and _is_web_address(site.edit)):
        complaint = f"must be an http or https address with {{path}}, not {site.edit!r}"
        raise reader.error("edit", complaint, "site")
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", site.color):
        raise reader.error("color", f"must be written as #rrggbb, not {site.color!r}", "site")
    for name, address in site.assistants.items():
        places = set(re.findall(r"\{(.*?)\}", address))
        plain = re.sub(r"\{(?:url|prompt)\}", "", address)
        if not _is_web_address(plain) or not places or places - {"url", "prompt"}:
            complaint = f"must give {name!r} an http or https address with {{url}} or {{prompt}}"
            raise reader.error("assistants", complaint, "site")


def _check_ranges(reader: Reader, table: str, *ranges: tuple[str, float, float, float]) -> None:
    for key, number, lowest, highest in ranges:
        if not lowest <= number <= highest:
            raise reader.error(key, f"must lie between {lowest} and {highest}", table)


def _check_links(links: LinksTable, reader: Reader) -> None:
    for address, slugs in links.mirrors.items():
        if not _is_web_address(address):
            complaint = f"names {address!r}, which is no http or https address"
            raise reader.error("mirrors", complaint, "links")
        if isinstance(slugs, str) and slugs != "*":
            complaint = f'must give "*" or a table of slugs and chapters for {address}'
            raise reader.error("mirrors", complaint, "links")
    _check_ranges(
        reader,
        "links",
        ("external-timeout", links.external_timeout, 0.01, 600),
        ("external-concurrency", links.external_concurrency, 1, 64),
        ("external-per-host", links.external_per_host, 1, 64),
        ("external-cache-days", links.external_cache_days, 0, 3650),
    )
    names: set[str] = set()
    for group in links.group:
        if not group.name:
            raise reader.error("group", "must have a name", "links")
        if group.name in names:
            raise reader.error("group", f"{group.name!r} is there twice", "links")
        names.add(group.name)
        if not group.chapters:
            raise reader.error("group", f"{group.name!r} must list its chapters", "links")
        least, most = group.at_least, group.at_most
        if least is not None and most is not None and least > most:
            complaint = f"of {group.name!r} is greater than its at-most"
            raise reader.error("at-least", complaint, "links.group")


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.netloc) and not re.search(r"\s", address)
    )
