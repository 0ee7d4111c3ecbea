"""The contact sheet: every picture beside its description, in one HTML file without a network.

`sheet.html`, `sheet.css` and `sheet.js` are its form. Everything from the book or a model goes
through `plain_text` or `safe_html`; the page's own policy allows its one style and one script by
their hashes, pictures that are part of the file, and nothing else. Without the script everything
is shown and nothing can be filtered.
"""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import NamedTuple

from bookpack.counting import counted
from bookpack.desks.pictures.safe_html import plain_text, safe_html
from bookpack.images.words import Origin
from bookpack.rules import RULES

_STATES = {"open": "not reviewed", "reviewed": "reviewed", "none": "no description"}
_ORIGINS = {
    Origin.MODEL: "a model",
    Origin.PERSON: "a person",
    Origin.OFFLINE: "its file alone",
    Origin.NONE: "nobody",
}
_SIGNATURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_SEVERITIES = {"error": "Errors", "warning": "Warnings", "info": "Notes"}


class SheetPlace(NamedTuple):
    """Where a picture stands: title and path of the chapter, line from 1, heading above it."""

    chapter: str
    path: str
    line: int
    heading: str = ""


class SheetFinding(NamedTuple):
    """What is wrong with a picture or its description."""

    severity: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One picture.

    `number` counts from 1 in reading order; `name` is its path in the book or its address.
    `thumbnail` is a PNG or JPEG of at most 480 pixels a side, empty where it cannot be shown;
    `width` and `height` are the picture's own pixels. `file` is the path of the description and
    `text` its Markdown. `state` is `open`, `reviewed` or `none`. `cost` is money in `currency`,
    None where nobody knows it.
    """

    number: int
    name: str
    places: tuple[SheetPlace, ...] = ()
    thumbnail: bytes = b""
    width: int = 0
    height: int = 0
    format: str = ""
    kind: str = ""
    title: str = ""
    alt: str = ""
    author_alts: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    text: str = ""
    file: str = ""
    identity: str = ""
    state: str = "none"
    origin: Origin = Origin.NONE
    model: str = ""
    cost: float | None = None
    currency: str = ""
    tokens: int = 0
    findings: tuple[SheetFinding, ...] = ()


def as_sheet(title: str, entries: Sequence[SheetEntry], language: str = "") -> str:
    """Return the sheet of the book called `title` as a whole HTML document.

    `language` (BCP 47) is that of the book; the page itself speaks English. The entries, without
    their thumbnails, are also in the page as JSON (`id="entries"`), for programs.
    """
    form = {name: _part(name) for name in ("sheet.html", "sheet.css", "sheet.js")}
    paths = dict.fromkeys(place.path for one in entries for place in one.places)
    chapters = {path: number for number, path in enumerate(paths)}
    cards = (_card(one, chapters, language) for one in entries)
    return Template(form["sheet.html"]).substitute(
        policy="default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src '{_hash(form['sheet.css'])}'; script-src '{_hash(form['sheet.js'])}'",
        title=plain_text(title),
        style=form["sheet.css"],
        script=form["sheet.js"],
        figures="".join(
            f"<div><dt>{name}</dt><dd>{plain_text(value)}</dd></div>"
            for name, value in _figures(entries)
        ),
        filters=_filters(entries, chapters),
        count=counted(len(entries), "picture"),
        cards="\n".join(cards) or '<p class="soft">This book has no pictures.</p>',
        entries=_json(title, language, entries),
    )


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _json(title: str, language: str, entries: Iterable[SheetEntry]) -> str:
    listed = []
    for entry in entries:
        fields = asdict(entry)
        del fields["thumbnail"]
        fields["places"] = [place._asdict() for place in entry.places]
        fields["findings"] = [finding._asdict() for finding in entry.findings]
        listed.append(fields)
    text = json.dumps({"title": title, "language": language, "entries": listed})
    # Nothing in it can end the element that it stands in.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _figures(entries: Sequence[SheetEntry]) -> list[tuple[str, str]]:
    origins = Counter(one.origin for one in entries)
    described = sum(one.origin is not Origin.NONE for one in entries)
    shown = [("Pictures", f"{len(entries):,}")]
    shown += [(f"By {name}", f"{origins[o]:,}") for o, name in _ORIGINS.items() if origins[o]]
    reviewed = sum(one.state == "reviewed" for one in entries)
    shown.append(("Reviewed", f"{reviewed:,} of {described:,}"))
    severities = Counter(finding.severity for one in entries for finding in one.findings)
    shown += [
        (name, f"{severities[severity]:,}")
        for severity, name in _SEVERITIES.items()
        if severities[severity]
    ]
    costs: dict[str, float] = {}
    for one in entries:
        if one.cost is not None:
            costs[one.currency] = costs.get(one.currency, 0) + one.cost
    tokens = sum(one.tokens for one in entries)
    if costs:
        shown.append(("Cost", " + ".join(_money(cost, name) for name, cost in costs.items())))
    if tokens:
        shown.append(("Tokens", f"{tokens:,}"))
    return shown


def _filters(entries: Sequence[SheetEntry], chapters: Mapping[str, int]) -> str:
    states = Counter(one.state for one in entries)
    origins = Counter(one.origin for one in entries)
    kinds = Counter(one.kind for one in entries if one.kind)
    codes = Counter(code for one in entries for code in {f.code for f in one.findings})
    standing = Counter(path for one in entries for path in {place.path for place in one.places})
    titles = {place.path: place.chapter for one in entries for place in one.places}
    with_findings = sum(bool(one.findings) for one in entries)
    found = [("any", "with findings", with_findings)]
    found.append(("none", "without findings", len(entries) - with_findings))
    found += [
        (code, f"{code} {RULES[code].name if code in RULES else ''}".strip(), codes[code])
        for code in sorted(codes)
    ]
    return "".join(
        (
            _select("findings", "Findings", found),
            _select("state", "State", [(s, _STATES.get(s, s), states[s]) for s in sorted(states)]),
            _select(
                "origin",
                "Described by",
                [(o.value, name, origins[o]) for o, name in _ORIGINS.items() if origins[o]],
            ),
            _select("kind", "Kind", [(kind, kind, kinds[kind]) for kind in sorted(kinds)]),
            _select(
                "chapter",
                "Chapter",
                [
                    (str(number), titles[path] or path, standing[path])
                    for path, number in chapters.items()
                ],
            ),
        )
    )


def _select(name: str, label: str, options: Iterable[tuple[str, str, int]]) -> str:
    listed = "".join(
        f'<option value="{plain_text(value)}">{plain_text(text)} ({count:,})</option>'
        for value, text, count in options
    )
    return (
        f'<label>{label}<select data-filter="{name}"><option value="">all</option>{listed}'
        "</select></label>"
    )


def _card(entry: SheetEntry, chapters: Mapping[str, int], language: str) -> str:
    number = entry.number
    name = entry.title or next(iter((*entry.captions, *entry.author_alts)), "") or entry.name
    data = {
        "state": entry.state,
        "origin": entry.origin.value,
        "kind": entry.kind,
        "findings": " ".join(dict.fromkeys(finding.code for finding in entry.findings)),
        "chapter": " ".join(dict.fromkeys(str(chapters[place.path]) for place in entry.places)),
    }
    attributes = "".join(f' data-{key}="{plain_text(value)}"' for key, value in data.items())
    own = f' lang="{plain_text(language)}" dir="auto"' if language else ' dir="auto"'
    said = [("The author’s words", alt) for alt in entry.author_alts]
    said += [("Caption", caption) for caption in entry.captions]
    said += [("Alternative text", entry.alt)] if entry.alt else []
    words = "".join(f"<dt>{key}</dt><dd{own}>{plain_text(value)}</dd>" for key, value in said)
    text = safe_html(entry.text, str(number)) if entry.text.strip() else ""
    described = f'<div class="text"{own}>{text}</div>' if text else '<p class="soft">No text.</p>'
    return (
        f'<article id="p{number}" aria-labelledby="p{number}-name"{attributes}>'
        f'<h2 id="p{number}-name"><a href="#p{number}">{number:,}</a> '
        f"<span{own}>{plain_text(name)}</span></h2>"
        f"<figure>{_picture(entry)}<figcaption>{_facts(entry)}</figcaption></figure>"
        f'<div class="words">{_findings(entry)}{_badges(entry)}'
        + (f"<dl>{words}</dl>" if words else "")
        + f"{described}{_places(entry)}</div></article>"
    )


def _picture(entry: SheetEntry) -> str:
    media = next((m for mark, m in _SIGNATURES.items() if entry.thumbnail.startswith(mark)), "")
    if not media:
        return '<p class="missing">This picture cannot be shown.</p>'
    alt = entry.alt or next(iter(entry.author_alts), "") or f"Picture {entry.number:,}"
    size = f' width="{entry.width}" height="{entry.height}"' if entry.width and entry.height else ""
    data = b64encode(entry.thumbnail).decode()
    return f'<img src="data:{media};base64,{data}" alt="{plain_text(alt)}"{size} decoding="async">'


def _facts(entry: SheetEntry) -> str:
    size = f"{entry.width:,} × {entry.height:,}" if entry.width and entry.height else ""
    facts = " · ".join(filter(None, (entry.kind, entry.format, size)))
    name = entry.name if len(entry.name) <= 200 else f"{entry.name[:200]}…"
    return f'{plain_text(facts)}<span class="path">{plain_text(name)}</span>'


def _findings(entry: SheetEntry) -> str:
    items = "".join(
        f'<li class="{plain_text(severity)}"><strong>{plain_text(f"{severity} {code}")}</strong> '
        f"{plain_text(message)}</li>"
        for severity, code, message in entry.findings
    )
    return f'<ul class="findings">{items}</ul>' if items else ""


def _badges(entry: SheetEntry) -> str:
    if entry.origin is Origin.NONE:
        said = ["not described"]
    else:
        by = _ORIGINS[entry.origin]
        said = [_STATES.get(entry.state, entry.state), f"by {entry.model or by}"]
    if entry.cost is not None:
        said.append(_money(entry.cost, entry.currency))
    if entry.tokens:
        said.append(counted(entry.tokens, "token"))
    badges = "".join(f"<li>{plain_text(one)}</li>" for one in said)
    file = f'<span class="path">{plain_text(entry.file)}</span>' if entry.file else ""
    return f'<ul class="badges" data-state="{plain_text(entry.state)}">{badges}</ul>{file}'


def _places(entry: SheetEntry) -> str:
    items = [
        f"<li>{plain_text(' › '.join(filter(None, (one.chapter, one.heading))))}"
        f'<span class="path">{plain_text(one.path)}:{one.line}</span></li>'
        for one in entry.places
    ]
    listed = f'<ul class="places">{"".join(items)}</ul>'
    if len(items) < 2:
        return listed if items else ""
    return f"<details><summary>In {len(items):,} places</summary>{listed}</details>"


def _money(cost: float, currency: str) -> str:
    return f"{cost:,.4f} {currency}".rstrip()
