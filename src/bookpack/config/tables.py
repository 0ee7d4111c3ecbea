"""The tables of `bookpack.toml` as frozen dataclasses: a field is a key in kebab-case."""

from collections.abc import Mapping
from dataclasses import dataclass, field

STYLES = ("markdown", "xml", "plain", "json")
FAIL_ON = ("error", "warning", "info", "never")
PROFILES = ("careful", "quiet")
ENGLISHES = ("american", "australian", "british", "canadian", "indian")
GRAMMAR_ENGINES = ("harper", "rules", "model")
DRAFT_PHRASES = (
    "this is a work in progress",
    "this chapter is a work in progress",
    "this section is a work in progress",
    "this page is a work in progress",
    "work in progress draft",
    "draft chapter",
    "this is a draft",
    "this chapter is a draft",
    "this section is a draft",
    "rough draft of this",
    "lorem ipsum",
    "TODO",
    "FIXME",
    "TBD",
)


@dataclass(frozen=True, slots=True)
class LayoutTable:
    """`[layout]`: where chapters lie, in which order, and what addresses they get."""

    convention: str = "auto"
    source: str = ""
    chapters: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    url_style: str = "{base}/{slug}/"
    drafts: bool = False
    math: bool = True


@dataclass(frozen=True, slots=True)
class PartTable:
    """`[[part]]`: a titled run of chapters; the order of the tables is the reading order."""

    title: str = ""
    chapters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LintTable:
    """`[lint]`: which findings count and which make a command fail."""

    select: tuple[str, ...] = ("BP",)
    ignore: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fail_on: str = "error"
    draft_phrases: tuple[str, ...] = DRAFT_PHRASES


@dataclass(frozen=True, slots=True)
class PackTable:
    """`[pack]`: the packed edition.

    `publish = false` keeps chapters as Markdown, and the pack itself, off the web edition: for a
    book whose pack is sold.
    """

    style: str = "markdown"
    file: str = "book-packed"
    section_urls: bool = True
    notes: tuple[str, ...] = ()
    publish: bool = True


@dataclass(frozen=True, slots=True)
class GroupTable:
    """`[[links.group]]`: chapters that belong together, and how often each may be referenced.

    `chapters` are patterns over chapter paths or part titles.
    """

    name: str = ""
    chapters: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class LinksTable:
    """`[links]`: what the report on links compares with; no edition depends on it.

    `wording` is what links to chapters should read, such as `{title}`. `mirrors` are base
    addresses of the author's other sites → `"*"`, or old slug → chapter.
    The `external` keys rule how `check --external` asks other sites: seconds for one answer,
    requests at once in total and to one host, days that an answer counts, patterns of
    addresses never asked, and whether addresses of this machine and its network may be asked.
    """

    wording: str = ""
    mirrors: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    group: tuple[GroupTable, ...] = ()
    external_timeout: float = 20.0
    external_concurrency: int = 16
    external_per_host: int = 2
    external_cache_days: float = 7.0
    external_ignore: tuple[str, ...] = ()
    external_allow_private: bool = False


@dataclass(frozen=True, slots=True)
class ImagesTable:
    """`[images]`: how pictures are read and described.

    `descriptions` is the folder in which descriptions are kept. `max_pixels` bounds what is
    decoded, `max_bytes` what is read or fetched of one picture. `model_size` is the longest side,
    in pixels, of what a model is sent. `allow_private` lets `describe` fetch pictures from
    addresses of this machine and its network.
    """

    descriptions: str = "descriptions"
    max_pixels: int = 200_000_000
    max_bytes: int = 50_000_000
    model_size: int = 1568
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class ModelTable:
    """`[model]`: the endpoint that describes pictures; nothing is asked without `base_url`.

    `base_url` and `name` are what the endpoint documents; `api_key_env` names the environment
    variable that holds the key, empty where none is needed. `concurrency` requests run at once,
    each for at most `timeout` seconds, tried `attempts` times. `max_output_tokens` bounds an
    answer; a cut one is asked again with up to four times as much. `price_in` and `price_out` are
    money per million tokens, `budget` and `budget_tokens` what one run may spend; 0 is no limit.
    """

    base_url: str = ""
    name: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = 8
    timeout: float = 120.0
    attempts: int = 5
    max_output_tokens: int = 4000
    temperature: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0
    currency: str = "USD"
    budget: float = 0.0
    budget_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ActionTable:
    """`[[site.action]]`: a button on the cover, such as where to buy the book."""

    label: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class SiteTable:
    """`[site]`: the web edition.

    `theme` is the folder with the author's own templates, colours and blocks. `action` are the
    buttons on the cover. `direction` is `ltr` or `rtl` where the language does not tell. `print`
    makes one page of the whole book. `mermaid` is the path of a `mermaid.min.js` in the book's
    folder, which then draws text diagrams; without it they stay text. `words` replaces words of
    the pages, such as `next = "Weiter"`.

    `assistants` are names of assistants → addresses that open them, in which `{url}` stands for
    the page's address and `{prompt}` for a question that holds it. `edit` is the address where a
    chapter is edited, in which `{path}` stands for its file in the book's folder. `sold_at` is
    where the packed edition is sold. `license` is the address of the book's licence, `rsl` that of
    a licence for machines (https://rslstandard.org/rsl). `color`, as `#rrggbb`, is that of the icon
    and of the cards that show a page elsewhere; `card_font` is the path of a font file in the
    book's folder for their text, where the title's script needs one.
    """

    theme: str = "theme"
    action: tuple[ActionTable, ...] = ()
    direction: str = ""
    print: bool = True
    mermaid: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    assistants: Mapping[str, str] = field(default_factory=dict)
    edit: str = ""
    sold_at: str = ""
    license: str = ""
    rsl: str = ""
    color: str = "#0b5cad"
    card_font: str = ""


@dataclass(frozen=True, slots=True)
class PassTable:
    """`[[grammar.pass]]`: one way of going through chapters, and who does it.

    `engine` is `harper` (with the desk's own rules), `rules` (these alone) or `model`; `prompt` is
    a file with what a model is told, `model` its name where it is not that of `[model]`.
    `chapters` are patterns over chapter paths; none means all.
    """

    name: str = ""
    engine: str = "harper"
    prompt: str = ""
    model: str = ""
    chapters: tuple[str, ...] = ()
    profile: str = ""


@dataclass(frozen=True, slots=True)
class GrammarTable:
    """`[grammar]`: what the grammar desk looks for.

    `profile` is `careful` or `quiet`. `dialect` is the English that is right, such as `british`;
    without it all are. `ignore` are names of engines' rules that are never wanted.
    """

    profile: str = "careful"
    dialect: str = ""
    ignore: tuple[str, ...] = ()
    pass_: tuple[PassTable, ...] = ()
