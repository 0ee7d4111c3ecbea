"""The report on links as one HTML file that needs no network and, for its content, no script.

Everything from the book goes through `_text` before it reaches the page; `page.html` holds
the style and the two conveniences (highlighting and filtering) that a script adds.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.resources import files
from string import Template

from bookpack.counting import counted
from bookpack.desks.links.graph import OFTEN_FACTOR, OFTEN_LEAST
from bookpack.desks.links.mirrors import OldLink, by_address
from bookpack.desks.links.picture import Picture, draw
from bookpack.desks.links.report import LinkReport, is_vague
from bookpack.desks.links.report_text import balance_sentence, headline

_SHOWN = 10
_SHOWN_PASSAGES = 8
_SHOWN_WORDINGS = 12
_OPEN_LIST = 12
"""A list that is longer is folded."""
_FIGURES = ' class="number"'
_ZERO = " data-zero"
_Section = tuple[str, str, str]


def as_page(report: LinkReport) -> str:
    """Return the report as a whole HTML document."""
    builders: tuple[Callable[[LinkReport], _Section | None], ...] = (
        _picture,
        _ends,
        _lonely,
        _groups,
        _mentions,
        _old_links,
        _hints,
        _all_chapters,
        _wordings,
    )
    sections = [section for build in builders if (section := build(report)) is not None]
    page = Template(files(__package__).joinpath("page.html").read_text("utf-8"))
    return page.substitute(
        title=_text(report.title),
        headline=_text(headline(report)),
        complaints="".join(f'<p class="vague">{_text(said)}</p>' for said in report.complaints),
        contents="".join(
            f'<li><a href="#{name}">{_text(title)}</a></li>' for name, title, _ in sections
        ),
        sections="\n".join(
            f'<section id="{name}" aria-labelledby="{name}-title">'
            f'<h2 id="{name}-title">{_text(title)}</h2>\n{body}\n</section>'
            for name, title, body in sections
        ),
    )


def _picture(report: LinkReport) -> _Section | None:
    if not report.graph.references:
        return None
    picture = draw(report)
    labels = "".join(_label(picture, row) for row in range(len(picture.nodes)))
    legend = "".join(
        '<li><svg viewBox="0 0 24 10" aria-hidden="true"><path '
        f'class="c{colour}" d="M0 5H24" stroke-width="4"/></svg>{_text(name)}</li>'
        for colour, name in picture.legend
    )
    left_out = (
        f" The {counted(picture.arcs_left_out, 'rarest arc')} "
        f"{'is' if picture.arcs_left_out == 1 else 'are'} left out."
        if picture.arcs_left_out
        else ""
    )
    coloured = (
        "by direction"
        if len(picture.legend) == 2 and picture.legend[0][1].startswith("to a later")
        else "by the group that refers"
    )
    body = (
        f"<p>Each row is a {picture.unit}, in reading order. An arc is a reference from one to "
        f"another, thicker where there are several, coloured {coloured}. The larger a dot, the "
        f"more references lead to it; an empty ring has none.{left_out}</p>"
        f'<ul class="legend">{legend}</ul>'
        f'<div class="picture">{picture.svg()}<ol>{labels}</ol></div>'
    )
    return "picture", "The picture", body


def _label(picture: Picture, row: int) -> str:
    node = picture.nodes[row]
    within = f" <small>{node.within:,} within it</small>" if node.within else ""
    said = (
        f'<span class="count">{node.references_in:,}<span class="unseen"> references to </span>'
        f"</span> {_text(node.label)}{within}"
    )
    if node.chapter is None:
        return f'<li data-n="{row}">{said}</li>'
    return f'<li data-n="{row}"><a href="#c{node.chapter}">{said}</a></li>'


def _ends(report: LinkReport) -> _Section:
    graph = report.graph
    most = [i for i in graph.by_references if graph.references_in[i]][:_SHOWN]
    least = graph.by_fewest[:_SHOWN]
    often = (
        f"Referenced very often ({OFTEN_FACTOR} times the median of {graph.median_in:g}, and at "
        f"least {OFTEN_LEAST} references): "
        + (", ".join(_chapter(report, i) for i in graph.too_often) or "none")
        + "."
    )
    body = (
        _counts(report, most, "The most referenced chapters")
        + _counts(report, least, "The least referenced chapters")
        + f"<p>{often}</p>"
    )
    return "most-and-least", "Most and least referenced", body


def _lonely(report: LinkReport) -> _Section:
    graph = report.graph
    body = "".join(
        f"<h3>{title} ({len(numbers):,})</h3>"
        + _list([_chapter(report, i, with_path=True) for i in numbers])
        for title, numbers in (
            ("Orphans: no chapter links to them", graph.orphans),
            ("Dead ends: they link to no chapter", graph.dead_ends),
        )
    )
    return "orphans", "Orphans and dead ends", body


def _groups(report: LinkReport) -> _Section | None:
    balance = report.balance
    if not balance.groups:
        return None
    names = [group.name for group in balance.groups]
    limited = any(g.at_least is not None or g.at_most is not None for g in balance.groups)
    verdict = ""
    if limited:
        wrong = [
            f"{_chapter(report, one.chapter)}: {_text(balance_sentence(report, number))}"
            for number, one in enumerate(balance.imbalances)
        ]
        verdict = f"<h3>Out of balance ({len(wrong):,})</h3>{_list(wrong)}"
    between = _table(
        "References from the group of the row to the group of the column",
        ["From", *names],
        [
            [_row_head(_text(name)), *map(_number, row)]
            for name, row in zip(names, balance.between, strict=True)
        ],
    )
    by_chapter = _table(
        "References that each chapter makes to each group → receives from it",
        ["Chapter", *names],
        [
            [
                _row_head(_chapter(report, i)),
                *(
                    f'<td class="number"{"" if made or got else _ZERO}>{made:,} → {got:,}</td>'
                    for made, got in zip(balance.made[i], balance.received[i], strict=True)
                ),
            ]
            for i in range(len(report.graph.nodes))
        ],
    )
    body = f"{verdict}{between}<details><summary>By chapter</summary>{by_chapter}</details>"
    return "groups", "Groups", body


def _mentions(report: LinkReport) -> _Section:
    nodes = report.graph.nodes
    parts = [
        "<p>Passages that name a seldom referenced chapter in running text and do not link to "
        "it. Seldom means at most one reference, fewer than half the median, or fewer than a "
        "group asks for.</p>"
    ]
    for target, passages in report.mentions_by_target.items():
        quotes = []
        for one in passages[:_SHOWN_PASSAGES]:
            linked = "; this chapter links to it elsewhere" if one.is_linked_elsewhere else ""
            quotes.append(
                f"<blockquote><p>{_text(one.before)}<mark>{_text(one.words)}</mark>"
                f'{_text(one.after)}</p><p class="path">{_text(nodes[one.source].file)}:'
                f"{one.line}:{one.column} <span>(its {_text(one.origin)}{linked})</span></p>"
                "</blockquote>"
            )
        if len(passages) > _SHOWN_PASSAGES:
            quotes.append(f'<p class="soft">… and {len(passages) - _SHOWN_PASSAGES:,} more</p>')
        references = counted(report.graph.references_in[target], "reference")
        parts.append(f"<h3>{_chapter(report, target)}, {references}</h3>{''.join(quotes)}")
    if not report.mentions:
        parts.append("<p>None.</p>")
    if report.skipped:
        skipped = [
            f"{_chapter(report, one.chapter)}: {_text(one.reason)}" for one in report.skipped
        ]
        parts.append(f"<h3>Not searched ({len(skipped):,})</h3>{_list(skipped)}")
    return "mentions", "Named without a link", "".join(parts)


def _old_links(report: LinkReport) -> _Section | None:
    old = report.old_links
    if not old.found and not old.unanswered:
        return None
    unanswered = [f"{_outward(address)} {count:,} ×" for address, count in old.unanswered]
    body = f"<h3>Links that the book answers itself ({len(old.found):,})</h3>"
    body += _answers(report, old.found)
    body += f"<h3>Addresses there that no chapter answers ({len(unanswered):,})</h3>"
    return "old-site", "Links to an old site", body + _list(unanswered)


def _hints(report: LinkReport) -> _Section | None:
    if not report.old_links.hints:
        return None
    body = (
        "<p>These hosts are linked often, and some of the addresses end like a chapter's. If one "
        "is the author's, name it in <code>[links] mirrors</code>.</p>"
    )
    for hint in report.old_links.hints:
        body += (
            f"<h3>{_text(hint.host)}: {counted(hint.links, 'link')}, {len(hint.found):,} like a "
            f"chapter</h3>{_answers(report, hint.found)}"
        )
    return "hints", "Looks as if the book has it", body


def _all_chapters(report: LinkReport) -> _Section:
    everything = range(len(report.graph.nodes))
    body = (
        '<div class="filter" hidden><label>Show chapters with<input type="search"></label>'
        '<output class="soft"></output></div>'
        + _counts(report, everything, "All chapters in reading order", anchors=True)
    )
    return "all-chapters", "All chapters", body


def _wordings(report: LinkReport) -> _Section:
    graph = report.graph
    rows = []
    for i in graph.by_references:
        if not graph.wordings[i]:
            continue
        shown = []
        for wording, count in graph.wordings[i][:_SHOWN_WORDINGS]:
            vague = ' <span class="vague">says nothing</span>' if is_vague(wording) else ""
            shown.append(f"“{_text(wording)}” {count:,}{vague}")
        more = len(graph.wordings[i]) - len(shown)
        if more:
            shown.append(f"and {more:,} more")
        kinds = _number(len(graph.wordings[i]))
        rows.append([_row_head(_chapter(report, i)), kinds, _cell(" · ".join(shown))])
    headings = ["Chapter", "Wordings", "Words of the links to it, with their counts"]
    return "wordings", "Wordings", _table("The most referenced chapters first", headings, rows)


def _counts(
    report: LinkReport, numbers: Iterable[int], caption: str, *, anchors: bool = False
) -> str:
    graph = report.graph
    has_parts = len({node.part for node in graph.nodes}) > 1
    headings = ["Chapter", *(["Part"] if has_parts else []), "In", "from chapters", "Out"]
    rows = []
    for i in numbers:
        node = graph.nodes[i]
        rows.append(
            [
                _row_head(
                    _address(node.url, node.title) + f'<span class="path">{_text(node.path)}</span>'
                    if anchors
                    else _chapter(report, i)
                ),
                *([f"<td>{_text(node.part)}</td>"] if has_parts else []),
                _number(graph.references_in[i]),
                _number(graph.chapters_in[i]),
                _number(graph.references_out[i]),
                _number(graph.chapters_out[i]),
                _number(graph.self_links[i]),
            ]
        )
    names = [f"c{i}" for i in numbers] if anchors else []
    return _table(caption, [*headings, "to chapters", "within"], rows, names)


def _answers(report: LinkReport, links: Sequence[OldLink]) -> str:
    items = []
    for answer in by_address(links):
        named = " or ".join(_chapter(report, i) for i in answer.chapters)
        places = "".join(
            f"<li>{_text(one.wording)}"
            f"{' (in the chapter itself)' if one.is_own_page else ''}"
            f'<span class="path">{_text(report.graph.nodes[one.source].file)}:{one.line}</span>'
            "</li>"
            for one in answer.links
        )
        items.append(
            f'<li>{_outward(answer.address)}<br>→ {named} <span class="soft">{answer.reason}</span>'
            f"<details><summary>{counted(len(answer.links), 'link')}</summary>"
            f'<ul class="plain">{places}</ul></details></li>'
        )
    return f'<ul class="plain answers">{"".join(items)}</ul>' if items else "<p>None.</p>"


def _table(
    caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]], names: Sequence[str] = ()
) -> str:
    if not rows:
        return f"<p>{_text(caption)}: none.</p>"
    head = "".join(
        # A heading stands over its figures, which stand at the right.
        f'<th scope="col"{_FIGURES if cell.startswith(f"<td{_FIGURES}") else ""}>'
        f"{_text(heading)}</th>"
        for heading, cell in zip(headings, rows[0], strict=True)
    )
    ids = [f' id="{name}"' for name in names] or [""] * len(rows)
    body = "\n".join(f"<tr{name}>{''.join(row)}</tr>" for name, row in zip(ids, rows, strict=True))
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{_text(caption)}"><table>'
        f"<caption><span>{_text(caption)}</span></caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _list(items: Sequence[str]) -> str:
    if not items:
        return "<p>None.</p>"
    listed = f'<ul class="plain">{"".join(f"<li>{item}</li>" for item in items)}</ul>'
    if len(items) <= _OPEN_LIST:
        return listed
    return f"<details><summary>Show all {len(items):,}</summary>{listed}</details>"


def _chapter(report: LinkReport, number: int, *, with_path: bool = False) -> str:
    node = report.graph.nodes[number]
    path = f' <span class="path">{_text(node.path)}</span>' if with_path else ""
    return f'<a href="#c{number}">{_text(node.title)}</a>{path}'


def _address(url: str, text: str) -> str:
    # A chapter's address is what its author wrote, and may be no address of the web.
    if not url.startswith(("https://", "http://")):
        return _text(text)
    return f'<a href="{_text(url)}" rel="noreferrer">{_text(text)}</a>'


def _outward(address: str) -> str:
    return _address(address, address)


def _row_head(content: str) -> str:
    return f'<th scope="row">{content}</th>'


def _cell(content: str) -> str:
    return f'<td class="text">{content}</td>'


def _number(value: int) -> str:
    return f'<td class="number"{"" if value else _ZERO}>{value:,}</td>'


def _text(text: str) -> str:
    """Return text from the book as HTML that shows it and does nothing else."""
    return escape("".join(c if c.isprintable() else "\ufffd" for c in text))
