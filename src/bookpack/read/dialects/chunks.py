"""Code chunks of knitr and Quarto: fenced code whose first line is in braces.

https://bookdown.org/yihui/rmarkdown/r-code.html and
https://quarto.org/docs/computations/execution-options.html. Nothing is run: a chunk is shown as
code in its language without its options; a chunk that only includes a picture is that picture;
a chunk that readers of the book never see (`include: false`) goes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bookpack.model import Structure
from bookpack.read.dialects.callouts import callout
from bookpack.read.dialects.pandoc_attributes import read_attributes
from bookpack.read.front_matter import read_yaml
from bookpack.read.settings_files import text_of
from bookpack.source import Edit, Span

_OPENING = re.compile(
    r"(?P<indent>[ \t>]*)(?P<fence>`{3,}|~{3,})[ \t]*"
    r"(?P<info>(?P<language>[\w+-]+)?[ \t]*\{(?P<inside>[^{}\n]*)\})[ \t]*\r?(?:\n|\Z)"
)
_OPTION = re.compile(r"[ \t>]*(?:#|//|--|%%)\| ?(?P<text>.*)")
_KNITR_PIECE = re.compile(
    r"[ \t]*(?P<key>[\w.-]+)[ \t]*=[ \t]*"
    r"(?P<value>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
    r"|(?:\((?:[^()]|\([^()]*\))*\)|[^,()])+)[ \t]*(?:,|$)"
    r"|[ \t]*(?P<label>[^,=]+?)[ \t]*(?:,|$)"
)
_GRAPHICS = re.compile(
    r"(?:library\(\w+\)[ \t]*;?[ \t]*\n)?[ \t]*(?:knitr::)?include_graphics\([ \t]*"
    r"(?:path[ \t]*=[ \t]*)?(?P<quote>[\"'])(?P<path>[^\"'\n]+)(?P=quote)[^()\n]*\)[ \t]*"
)
_LANGUAGES = {"ojs": "js", "block": "", "block2": "", "cat": ""}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk. `span` runs from the fence to the end of the closing fence, `info` is `{…}`."""

    span: Span
    info: Span
    indent: str
    fence: str
    language: str
    label: str
    options: dict[str, str] = field(default_factory=dict)
    option_lines: tuple[Span, ...] = ()
    code: str = ""
    is_executed: bool = True

    @property
    def caption(self) -> str:
        """The caption of the figure or table that the chunk gives."""
        for key in ("fig-cap", "fig.cap", "tbl-cap", "tab.cap", "lst-cap"):
            if self.options.get(key):
                return self.options[key]
        caption = re.search(r"\bcaption[ \t]*=[ \t]*([\"'])(.*?)\1", self.code, re.S)
        return caption[2] if caption and "(" in self.code else ""

    @property
    def is_hidden(self) -> bool:
        """Whether readers of the book see neither the code nor what it gives."""
        return self.options.get("include", "").lower() == "false"


def find_chunks(text: str, structure: Structure) -> Iterator[Chunk]:
    """Yield the chunks of `text` in order."""
    for span in structure.code:
        start = text.rfind("\n", 0, span.start) + 1
        opening = _OPENING.match(text, start)
        if not opening or opening.start("fence") > span.end:
            continue
        chunk = _read(text, span, opening)
        if chunk is not None:
            yield chunk


def _read(text: str, span: Span, opening: re.Match[str]) -> Chunk | None:
    inside = opening["inside"].strip()
    place = Span(opening.start("fence"), span.start + len(span.slice(text).rstrip()))
    body = text[opening.end() : place.end]
    last = body.rpartition("\n")[2]
    closed = last.strip(" \t>").strip(opening["fence"][0]) == "" and last.strip(" \t>")
    code = body.rpartition("\n")[0] if closed else body
    info = Span(*opening.span("info"))
    indent, fence = opening["indent"], opening["fence"]
    if inside.startswith((".", "#", "=")) or opening["language"]:
        attributes = read_attributes(inside)
        if attributes is None:
            return None
        language = opening["language"] or next(iter(attributes.classes), "")
        if inside.startswith("="):
            language = inside
        options = dict(attributes.values)
        return Chunk(place, info, indent, fence, language, attributes.id, options, (), code, False)
    language, _, rest = inside.partition(" ")
    language, comma, more = language.partition(",")
    if not re.fullmatch(r"[\w.+-]+", language):
        return None
    options, label = _knitr_options(f"{more} {rest}" if comma else rest)
    lines, written = _option_lines(text, opening.end(), place.end)
    options.update(written)
    label = options.get("label", label)
    kept = "\n".join(line for line in code.split("\n") if not _OPTION.match(line))
    return Chunk(place, info, indent, fence, language.lower(), label, options, tuple(lines), kept)


def _knitr_options(written: str) -> tuple[dict[str, str], str]:
    options: dict[str, str] = {}
    label = ""
    for match in _KNITR_PIECE.finditer(written.strip().lstrip(",")):
        if match["key"]:
            options[match["key"]] = _unquoted(match["value"].strip())
        elif match["label"] and not label:
            label = match["label"].strip().strip("\"'")
    return options, label


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _option_lines(text: str, start: int, end: int) -> tuple[list[Span], dict[str, str]]:
    spans, yaml = [], []
    while start < end:
        after = text.find("\n", start) + 1 or len(text)
        option = _OPTION.match(text[start:after].rstrip("\r\n"))
        if not option:
            break
        spans.append(Span(start, after))
        yaml.append(option["text"])
        start = after
    values, complaint = read_yaml("\n".join(yaml)) if yaml else ({}, "")
    if complaint or values is None:
        pairs = (line.partition(":") for line in yaml)
        return spans, {key.strip(): _unquoted(value.strip()) for key, _, value in pairs if value}
    return spans, {key: text_of(values, key) for key in values if text_of(values, key)}


def chunk_edits(chunk: Chunk, caption: str, anchor: str) -> list[Edit]:
    """Return the edits that make a chunk plain; `caption` and `anchor` are its figure's."""
    if chunk.is_hidden:
        return [Edit(chunk.span, "")]
    if chunk.language in ("=html", "=html5"):
        return [Edit(chunk.span, chunk.code)]
    if chunk.language in ("block", "block2"):
        kind = re.sub(r"^rmd", "", chunk.options.get("type", "note"))
        return [Edit(chunk.span, callout(kind, "", chunk.code))]
    mark = f'<div id="{anchor}"></div>\n\n' if anchor else ""
    pictures = list(_GRAPHICS.finditer(chunk.code.strip()))
    if chunk.is_executed and len(pictures) == 1 and pictures[0][0].strip() == chunk.code.strip():
        return [Edit(chunk.span, mark + _picture(chunk, pictures[0]["path"], caption))]
    language = _LANGUAGES.get(chunk.language, chunk.language).removeprefix("=")
    edits = [Edit(chunk.info, language)]
    edits += (Edit(line, "") for line in chunk.option_lines)
    before = mark + (
        f"**`{chunk.options['filename']}`**\n\n" if "filename" in chunk.options else ""
    )
    if before:
        edits.append(Edit(Span(chunk.span.start, chunk.span.start), before))
    if caption:
        tables = ("tab.cap", "tbl-cap")
        is_table = any(key in chunk.options for key in tables) or "caption" in chunk.code
        kind = "Listing" if "lst-cap" in chunk.options else "Table" if is_table else "Figure"
        edits.append(Edit(Span(chunk.span.end, chunk.span.end), f"\n\n{kind}: {caption}"))
    return edits


def _picture(chunk: Chunk, path: str, caption: str) -> str:
    words = chunk.options.get("fig-alt") or chunk.options.get("fig.alt") or ""
    target = f"<{path}>" if re.search(r"[ ()]", path) else path
    alt = re.sub(r"([\[\]])", r"\\\1", words or caption)
    title = caption.replace("\\", "\\\\").replace('"', '\\"') if words and caption else ""
    return f"![{alt}]({target}" + (f' "{title}")' if title else ")")
