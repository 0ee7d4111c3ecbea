"""Packed files → chapters again: bookpack's own packs and repomix's, in all four styles.

bookpack's packs come back byte for byte, with the settings that their head states. repomix
trims every file, so its chapters come back with one line feed at the end. A pack is somebody
else's file: paths that would leave the output folder are refused.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from bookpack.config.tables import PackTable
from bookpack.errors import WorldError

OWN_HEADLINE = "This file is the LLM edition of "
_FENCE = re.compile(r"(`{3,})[^`]*")
_XML_FILE = re.compile(r'<file path="([^"]*)">\n')
_ROW = re.compile(r"\| (\d+) \| (.*?) \| (.*?) \| (\S+) \| (\d+) \| (\d+) \|$")
_FACT = re.compile(
    r"(Title|Author|Address|Language|Edition|Date|Summary|Section addresses): (.*)", re.S
)
_ADDRESS = re.compile(r"\A\s*#[^\n]*\n\s*url: (https?://\S+)")
_LINE = "=" * 16
_NAMES = "File Summary|User Provided Header|Directory Structure|Files"
_SECTION = re.compile(
    rf"^(?:(?P<markdown># (?:{_NAMES}))"
    rf"|(?P<xml><(?:{_NAMES.lower().replace(' ', '_')})>)"
    rf"|(?P<plain>={{64}}\n(?:{_NAMES})\n={{64}}|={{16}}\nFile: [^\n]+\n={{16}}))$",
    re.M,
)
_BEHIND_FILES = re.compile(r"\n={64}\n(?:Instruction|Git Diffs|Git Logs|End of Codebase)\n={64}\n")
_TAILS = {
    "markdown": "```\n",
    "xml": "</file>\n\n</files>\n",
    "plain": f"\n\n{'=' * 64}\nEnd of Book\n{'=' * 64}\n",
}
"""How bookpack's own packs end; JSON says by itself whether it is whole."""


@dataclass
class UnpackedBook:
    """What a packed file holds. `rows` are the lines of Contents (own packs only)."""

    style: str
    own: bool
    files: dict[str, str] = field(default_factory=dict)
    title: str = ""
    url: str = ""
    authors: list[str] = field(default_factory=list)
    language: str = ""
    edition: str = ""
    date: str = ""
    summary: str = ""
    rights: str = ""
    section_urls: bool = True
    notes: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)


def read_pack(data: bytes, name: str) -> UnpackedBook:
    """Read a packed file. Raises `WorldError` when it is none, or not whole, or unsafe."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WorldError(f"{name} is not a packed file: it is not UTF-8 text ({error}).") from None
    own = text.startswith(OWN_HEADLINE)
    style = _own_style(text) if own else _style_of(text)
    if text.lstrip().startswith("{"):
        book = _read_json(text, name)
    elif text.startswith("<repomix>"):
        book = _read_parsable_xml(text)
    elif style:
        book = _read_text(text, style, own)
    else:
        raise _not_a_pack(name)
    if not book.files:
        raise _not_a_pack(name)
    for path, body in book.files.items():
        _refuse_unsafe(path, name)
        if not _is_text(path + body):
            raise WorldError(f"{name} is not a packed file: {path!r} holds what is no text.")
    if not book.url:
        book.url = _common_base(book.files.values())
    return book


def settings_toml(book: UnpackedBook, name: str) -> str:
    """Return the `bookpack.toml` with which building the unpacked folder gives the pack again."""
    lines = ["[book]", f"title = {toml_string(book.title or PurePosixPath(name).stem)}"]
    if book.url:
        lines.append(f"url = {toml_string(book.url)}")
    else:
        lines.append('# url = "https://example.com"  # the pack does not say where the book is')
    if book.authors:
        lines.append(f"authors = {toml_string(book.authors)}")
    for key in ("language", "edition", "date", "summary", "rights"):
        value = getattr(book, key)
        if value:
            lines.append(f"{key} = {toml_string(value)}")
    # In our own packs every file is a chapter, whatever its suffix (.qmd, .Rmd, .mdx).
    suffixes = ("",) if book.own else (".md", ".markdown")
    chapters = [path for path in book.files if path.lower().endswith(suffixes)]
    lines += ["", "[layout]", 'source = "."']
    runs = _part_runs(chapters, book.parts)
    if len(runs) == 1 and not runs[0][0]:
        lines.append(f"chapters = {toml_string(runs[0][1])}")
        runs = []
    lines += ["", "[pack]", f"style = {toml_string(book.style)}"]
    stem = PurePosixPath(name).stem
    if book.own and stem.strip(".") and stem != PackTable().file and stem[0] != ".":
        lines.append(f"file = {toml_string(stem)}")
    lines.append(f"section-urls = {'true' if book.section_urls else 'false'}")
    if book.notes:
        lines.append(f"notes = {toml_string(book.notes)}")
    for title, paths in runs:
        lines += ["", "[[part]]"]
        if title:
            lines.append(f"title = {toml_string(title)}")
        lines.append(f"chapters = {toml_string(paths)}")
    return "\n".join(lines) + "\n"


def _read_text(text: str, style: str, own: bool) -> UnpackedBook:
    book = UnpackedBook(style, own)
    lines = text.split("\n")
    if own:
        if not text.endswith(_TAILS[style]):
            raise WorldError("The packed file has lost its end; it was cut short.")
        rows = _read_own_head(book, lines)
        if style == "markdown":
            book.files = dict(_markdown_files(lines))
        else:
            book.files = _files_by_rows(lines, rows, style)
        if len(book.files) < len(book.parts):
            raise WorldError("The packed file has fewer chapters than Contents; it was cut short.")
        if len(book.files) > len(book.parts):
            raise WorldError("The packed file has more chapters than Contents; it was edited.")
    elif style == "markdown":
        book.files = dict(_markdown_files(lines))
    elif style == "xml":
        book.files = dict(_repomix_xml_files(text))
    else:
        book.files = dict(_repomix_plain_files(lines))
    return book


def _style_of(text: str) -> str:
    """Return the style of repomix's file: that of the first of its sections.

    A chapter may hold lines of every style; the head of the file comes first.
    """
    first = _SECTION.search(text)
    if first is None:
        return ""
    return next(style for style in ("markdown", "xml", "plain") if first[style] is not None)


def _own_style(text: str) -> str:
    second = text.split("\n", 3)[2:3]
    return {"<file_summary>": "xml", "# File Summary": "markdown"}.get("".join(second), "plain")


def _markdown_files(lines: list[str]) -> Iterator[tuple[str, str]]:
    index = lines.index("# Files") if "# Files" in lines else 0
    while index < len(lines):
        if not lines[index].startswith("## File: "):
            index += 1
            continue
        path = lines[index].removeprefix("## File: ")
        fence = _FENCE.fullmatch(lines[index + 1]) if index + 1 < len(lines) else None
        if fence is None:
            index += 1
            continue
        try:
            end = lines.index(fence[1], index + 2)
        except ValueError:
            raise WorldError(
                f"The packed file ends in the middle of {path}; it was cut short."
            ) from None
        yield path, _joined(lines[index + 2 : end])
        index = end + 1


def _repomix_xml_files(text: str) -> Iterator[tuple[str, str]]:
    start = text.find("\n<files>\n")
    known = _tree_paths(text, "<directory_structure>\n", "\n</directory_structure>")
    heads = _expected_heads(list(_XML_FILE.finditer(text, start)), known)
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        limit = following.start() if following else text.rfind("\n</files>")
        end = text.rfind("\n</file>", head.end() - 1, limit if limit > 0 else len(text))
        if end < 0:
            raise WorldError(f"The packed file ends in the middle of {head[1]}; it was cut short.")
        yield unescape(head[1]), text[head.end() : end].rstrip("\n") + "\n"


def _repomix_plain_files(lines: list[str]) -> Iterator[tuple[str, str]]:
    text = "\n".join(lines)
    known = _tree_paths(text, f"Directory Structure\n{'=' * 64}\n", f"\n{'=' * 64}")
    pattern = re.compile(rf"^{_LINE}\nFile: (.+)\n{_LINE}\n", re.M)
    heads = _expected_heads(list(pattern.finditer(text)), known)
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        behind = following or _BEHIND_FILES.search(text, head.end() - 1)
        body = text[head.end() : behind.start() if behind else len(text)]
        yield head[1], body.rstrip("\n") + "\n"


def _expected_heads(heads: list[re.Match[str]], known: Counter[str]) -> list[re.Match[str]]:
    """Keep the heads that the directory tree promises, each as often as it stands there.

    A chapter that shows a packed file as an example holds lines that look like heads.
    """
    if not known:
        return heads
    left = known.copy()
    kept = []
    for head in heads:
        if left[unescape(head[1])] > 0:
            left[unescape(head[1])] -= 1
            kept.append(head)
    return kept


def _tree_paths(text: str, before: str, after: str) -> Counter[str]:
    start = text.find(before)
    end = text.find(after, start + len(before))
    if start < 0 or end < 0:
        return Counter()
    folders: list[str] = []
    paths: Counter[str] = Counter()
    for line in text[start + len(before) : end].split("\n"):
        depth = (len(line) - len(line.lstrip(" "))) // 2
        del folders[depth:]
        name = line.strip()
        if name.endswith("/"):
            folders.append(name)
        elif name:
            paths["".join(folders) + name] += 1
    return paths


def _read_parsable_xml(text: str) -> UnpackedBook:
    book = UnpackedBook("xml", own=False)
    for match in re.finditer(r'<file path="([^"]*)">(.*?)</file>', text, re.S):
        book.files[unescape(match[1])] = unescape(match[2]).rstrip("\n") + "\n"
    return book


def _read_json(text: str, name: str) -> UnpackedBook:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of a million digits
        raise WorldError(f"{name} is not a packed file: {error}.") from None
    files = data.get("files") if isinstance(data, dict) else None
    if not isinstance(files, dict) or not all(isinstance(body, str) for body in files.values()):
        raise _not_a_pack(name)
    summary = data.get("fileSummary") if isinstance(data.get("fileSummary"), dict) else {}
    own = str(summary.get("generationHeader", "")).startswith(OWN_HEADLINE)
    book = UnpackedBook("json", own)
    if own:
        book.files = dict(files)
        book.rights = str(summary.get("rights", ""))
        _read_facts(book, [str(note) for note in summary.get("notes", [])])
        book.parts = [str(row.get("part", "")) for row in data.get("contents", [])]
    else:
        book.files = {path: _one_end(body) for path, body in files.items()}
    return book


def _read_own_head(book: UnpackedBook, lines: list[str]) -> list[tuple[str, int]]:
    """Read Notes, Rights and Contents; return path and first line of each chapter."""
    notes: list[str] = []
    rights: list[str] = []
    rows: list[int] = []
    for line in lines:
        if line in ("# Directory Structure", "<directory_structure>", "Directory Structure"):
            break
        row = _ROW.match(line)
        if row:
            book.parts.append(unescape(row[2]))
            rows.append(int(row[6]))
        elif line.startswith("- "):
            notes.append(line[2:])
        elif line == ">" or line.startswith("> "):
            rights.append(line[2:])
    first_fact = next((i for i, note in enumerate(notes) if note.startswith("Title: ")), 0)
    _read_facts(book, notes[first_fact:])
    book.rights = "\n".join(rights)
    head_offset = 2 if book.style == "xml" else 3
    paths = []
    for number in rows:
        head = lines[number - head_offset : number - 1]
        path = _XML_FILE.match(head[0] + "\n") if book.style == "xml" and head else None
        if path:
            paths.append((unescape(path[1]), number))
        elif book.style == "plain" and len(head) == 2 and head[0].startswith("File: "):
            paths.append((head[0].removeprefix("File: "), number))
        elif book.style != "markdown":
            raise WorldError(
                "Contents names a line where no chapter begins: the packed file was edited. "
                "Unpack the edition as it was built."
            )
    return paths


def _files_by_rows(lines: list[str], rows: list[tuple[str, int]], style: str) -> dict[str, str]:
    files = {}
    # Lines between one chapter's last line and the next one's first, or the end of the file.
    between, closing = (3, 4) if style == "xml" else (4, 5)
    for index, (path, first) in enumerate(rows):
        is_last = index + 1 == len(rows)
        end = len(lines) - closing if is_last else rows[index + 1][1] - 1 - between
        files[path] = _joined(lines[first - 1 : end])
    return files


def _read_facts(book: UnpackedBook, notes: list[str]) -> None:
    done = False
    for note in notes:
        fact = None if done else _FACT.fullmatch(note)
        if fact is None:
            book.notes.append(note)
            continue
        name, value = fact[1], fact[2]
        if name == "Author":
            book.authors.append(value)
        elif name == "Address":
            book.url = value
        elif name == "Section addresses":
            book.section_urls = value == "yes"
            done = True
        else:
            setattr(book, name.lower(), value)


def _part_runs(chapters: list[str], parts: list[str]) -> list[tuple[str, list[str]]]:
    if len(parts) != len(chapters):
        parts = [""] * len(chapters)
    runs: list[tuple[str, list[str]]] = []
    for path, part in zip(chapters, parts, strict=True):
        if not runs or runs[-1][0] != part:
            runs.append((part, []))
        runs[-1][1].append(path)
    return runs


def _common_base(texts: Any) -> str:
    """Return what the chapters' own addresses have in common: scheme and host."""
    hosts: Counter[str] = Counter()
    for text in texts:
        address = _ADDRESS.match(text)
        if address:
            parts = urlsplit(address[1])
            hosts[f"{parts.scheme}://{parts.netloc}"] += 1
    return hosts.most_common(1)[0][0] if hosts else ""


def _refuse_unsafe(path: str, name: str) -> None:
    parts = path.replace("\\", "/").split("/")
    odd = any(part in ("", ".", "..") for part in parts) or any(ord(c) < 32 for c in path)
    # A planted repository would run its own commands at the next call of git.
    odd = odd or any(part.casefold().rstrip(". ") in (".git", "git~1") for part in parts)
    if odd or re.match(r"[A-Za-z]:", path):
        raise WorldError(
            f"{name} holds a file called {path!r}, which would leave the output folder. "
            "Nothing was written."
        )


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _one_end(body: str) -> str:
    return body if body.endswith("\n") else body + "\n"


def toml_string(value: str | list[str]) -> str:
    """Return `value` as TOML writes it."""
    if isinstance(value, list):
        return "[" + "".join(f"\n  {toml_string(item)}," for item in value) + "\n]"
    # JSON's strings are TOML's, but for the delete character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _not_a_pack(name: str) -> WorldError:
    return WorldError(
        f"{name} is not a packed file: neither bookpack nor repomix writes files like this one."
    )
