"""kramdown's attribute lists and extensions (https://kramdown.gettalong.org/syntax.html).

`{: .class #id}` on a line of its own belongs to the block before it, or after it where a blank
line stands before; right behind a link, an image, code or emphasis it belongs to that. Classes
go, ids stay as anchors. Behind plain text it is no attribute list, but at a heading's end
authors mean one.
"""

import re
from collections.abc import Mapping
from typing import Any

from bookpack.model import Heading, Structure
from bookpack.read.dialects.callouts import callout
from bookpack.read.dialects.edit_list import EditList
from bookpack.read.settings_files import table_of, text_of
from bookpack.source import Span

_LIST = r"\{:(?![:/])(?P<body>(?:\\\}|[^}\n])*)\}"
_BLOCK = re.compile(rf"^(?P<before>[ \t>]*){_LIST}[ \t]*$", re.M)
_IN_ITEM = re.compile(rf"^[ \t>]*(?:[*+-]|\d+[.)])[ \t]+(?P<list>{_LIST}[ \t]*)(?=\S)", re.M)
_SPAN = re.compile(_LIST)
_CONTENTS = re.compile(
    r"^[ \t]*(?:[*+-]|\d+[.)])[ \t]+[^\n]*\n[ \t]*\{:[ \t]*toc\b[^}\n]*\}[ \t]*$", re.M
)
_EXTENSION = re.compile(r"\{::(?P<name>\w+)(?:\s[^{}\n]*)?(?P<alone>/)?\}")
_ID = re.compile(r"(?:^|[\s.\w])#([A-Za-z][\w:-]*)")
_CLASS_ALONE = re.compile(r"\s*\.([\w-]+)\s*")
_LINK_BEFORE = re.compile(r"\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)$|\][ ]?\[[^\]\n]*\]$|\]$")
_FAR = 2_000
_ATX_END = re.compile(r"[ \t]*#*[ \t]*$")


class KramdownReader:
    """Finds what only kramdown understands in one text and replaces it in `edits`."""

    def __init__(
        self, text: str, structure: Structure, edits: EditList, config: Mapping[str, Any]
    ) -> None:
        self.text = text
        self.structure = structure
        self.edits = edits
        self.callouts = table_of(config, "callouts")
        self.heading_ends = {heading.span.end: heading for heading in structure.headings}
        self.heading_starts = {heading.span.start: heading for heading in structure.headings}
        self.named: set[Heading] = set()
        self.never_closed: set[str] = set()
        self.list_ends: set[int] = set()
        ends = {link.span.end for link in structure.links}
        ends |= {image.span.end for image in structure.images}
        ends |= {tag.span.end for tag in structure.inline_tags}
        self.element_ends = ends | {span.end for span in structure.code}

    def translate(self) -> None:
        """Collect all edits."""
        for match in _EXTENSION.finditer(self.text, self.structure.body_start):
            if match["name"] not in self.never_closed and self._is_markup(match.start()):
                self._extension(match)
        for match in _CONTENTS.finditer(self.text, self.structure.body_start):
            if self._is_markup(match.start()):
                self.edits.replace(self._whole_lines(Span(*match.span())), "")
        for match in _BLOCK.finditer(self.text, self.structure.body_start):
            if self._is_markup(match.start("body")):
                self._block(match)
        for match in _IN_ITEM.finditer(self.text, self.structure.body_start):
            if self._is_markup(match.start("list")):
                self.edits.replace(Span(*match.span("list")), _anchors(match["body"]))
        for match in _SPAN.finditer(self.text, self.structure.body_start):
            if self._is_markup(match.start()):
                self._inline(match)

    def _is_markup(self, place: int) -> bool:
        structure = self.structure
        if structure.code.holding(place) or structure.math.holding(place):
            return False
        return not any(comment.start <= place < comment.end for comment in structure.comments)

    def _extension(self, match: re.Match[str]) -> None:
        name = match["name"]
        if name not in ("comment", "nomarkdown", "options"):
            return
        if name == "options" or match["alone"] or match[0].endswith("/}"):
            self.edits.replace(Span(*match.span()), "")
            return
        closing = re.compile(rf"\{{:/(?:{name})?\}}").search(self.text, match.end())
        if closing is None:
            self.never_closed.add(name)
        elif name == "comment":
            self.edits.replace(Span(match.start(), closing.end()), "")
        else:
            self.edits.replace(Span(*match.span()), "")
            self.edits.replace(Span(*closing.span()), "")

    def _block(self, match: re.Match[str]) -> None:
        span = Span(match.end("before"), match.end())
        if not self.edits.is_free(span):
            return
        if self._callout(match):
            return
        body = match["body"]
        # A definition of attributes, `{:name: …}`, stands for itself.
        anchor = "" if re.match(r"\w[\w-]*:", body) else self._heading_takes(match)
        if anchor and self.structure.tables.holding(match.start() - 1):
            anchor = "\n" + anchor
        if anchor or match["before"].strip():
            self.edits.replace(span, anchor)
            return
        line_before = self.text[: match.start()].rpartition("\n")[0].rpartition("\n")[2]
        after = self.text[match.end() + 1 : self.text.find("\n", match.end() + 1) + 1]
        alone = not line_before.strip() or not after.strip()
        self.edits.replace(self._whole_lines(Span(*match.span())) if alone else span, "")

    def _heading_takes(self, match: re.Match[str]) -> str:
        """Move the id of a list into its heading; return what else is to stand in its place."""
        ids = _ID.findall(match["body"])
        if not ids:
            return ""
        heading = self.heading_ends.get(match.start())
        if (
            heading is None
            and not self.text[: match.start()]
            .rstrip(" \t")
            .removesuffix("\n")
            .rpartition("\n")[2]
            .strip()
        ):
            heading = self.heading_starts.get(match.end() + 1)
        if heading is not None and self.name_heading(heading, ids[-1]):
            return ""
        return _anchors(match["body"])

    def name_heading(self, heading: Heading, anchor: str) -> bool:
        """Write `{#anchor}` at the heading's end; False where it has one."""
        line = heading.span.slice(self.text).rstrip()
        if not line.startswith("#"):
            line = line.rpartition("\n")[0].rstrip()
        text = _ATX_END.sub("", line) if line.startswith("#") else line
        place = heading.span.start + len(text)
        if heading in self.named or text.endswith("}"):
            return False
        self.named.add(heading)
        return self.edits.replace(Span(place, place), f" {{#{anchor}}}")

    def _inline(self, match: re.Match[str]) -> None:
        start, end = match.span()
        line_start = self.text.rfind("\n", 0, start) + 1
        before = self.text[line_start:start]
        heading = self.heading_starts.get(line_start)
        if heading is not None and not self.text[end : heading.span.end].strip(" \t#\r\n"):
            ids = _ID.findall(match["body"])
            blank = len(before) - len(before.rstrip())
            if not (before.endswith(("*", "_", ")", "]", "`")) and not ids):
                replacement = f" {{#{ids[-1]}}}" if ids else ""
                self.edits.replace(Span(start - blank, end), replacement)
                return
        # A list right behind another belongs to the same element.
        if start not in self.list_ends and not self._follows_element(start, before[-_FAR:]):
            return
        self.list_ends.add(end)
        self.edits.replace(Span(start, end), _anchors(match["body"]))

    def _follows_element(self, place: int, before: str) -> bool:
        if not before.strip():
            return False
        if place in self.element_ends or before.endswith(("*", "_", "`", "~")):
            return True
        return _LINK_BEFORE.search(before) is not None

    def _callout(self, match: re.Match[str]) -> bool:
        """Make a callout of Just the Docs plain: a class of the settings before a paragraph."""
        known = _CLASS_ALONE.fullmatch(match["body"])
        name = known[1] if known else ""
        titled = name.removesuffix("-title") in self.callouts and name.endswith("-title")
        kind = name.removesuffix("-title") if titled else name
        if kind not in self.callouts or match["before"].strip():
            return False
        start = match.end() + 1
        end = start
        while end < len(self.text):
            line_end = self.text.find("\n", end)
            line_end = len(self.text) if line_end < 0 else line_end
            if not self.text[end:line_end].strip():
                break
            end = line_end + 1
        lines = self.text[start:end].splitlines(keepends=True)
        if not lines or any(self.structure.code.holding(start + i) for i in (0, end - start - 1)):
            return False
        quoted = all(line.lstrip().startswith(">") for line in lines)
        title = text_of(self.callouts, kind, "title") or kind.replace("-", " ").capitalize()
        opening = Span(match.start(), match.end())
        if titled:
            title = lines[0].strip().lstrip(">").strip()
            opening = Span(match.start(), start + len(lines[0].rstrip("\r\n")))
        place = start + (len(lines[0]) if titled else 0)
        head = callout(kind, title, "")
        rest = lines[1:] if titled else lines
        if rest and head.count("\n") and rest[0].strip().strip(">").strip():
            head += "\n>"
        self.edits.replace(opening, head)
        for line in rest:
            if not quoted:
                self.edits.replace(Span(place, place), "> ")
            place += len(line)
        return True

    def _whole_lines(self, span: Span) -> Span:
        """Return `span` with the line ending behind it."""
        end = span.end
        if self.text.startswith("\r\n", end):
            end += 2
        elif end < len(self.text) and self.text[end] in "\r\n":
            end += 1
        return Span(span.start, end)


def _anchors(body: str) -> str:
    ids = _ID.findall(body)
    return f'<span id="{ids[-1]}"></span>' if ids else ""
