"""Literals in JavaScript and TypeScript files that cannot be run: settings, sidebars.

A file is never executed. What is written as a literal is read exactly; anything that would
have to be computed is said to be unknown (`None`, or `NotLiteralError`), never guessed.
"""

import re
from typing import Any

MAX_DEPTH = 60
_STRING = re.compile(r"""'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`""", re.S)
_COMMENT = re.compile(r"//[^\n\r]*|/\*.*?(?:\*/|\Z)", re.S)
_KEY = re.compile(r"""\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)"|([\w$]+))\s*:""")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_TYPE_SUFFIX = re.compile(r"\s+(?:as\s+const|satisfies\s+[\w.<>\[\]]+|as\s+[\w.<>\[\]]+)\s*$")
_EXPORT = re.compile(r"(?:\bmodule\.exports\s*=|\bexport\s+default\b)\s*")
_FALLBACK = re.compile(r"process\.env\.\w+\s*(?:\|\||\?\?)\s*")
_OPEN, _CLOSE = "([{", ")]}"


class NotLiteralError(ValueError):
    """What stands there would have to be computed."""


def without_comments(text: str) -> str:
    """Return `text` with comments blanked out, every other character at its place."""
    pieces: list[str] = []
    position = 0
    pattern = re.compile(f"{_STRING.pattern}|({_COMMENT.pattern})", re.S)
    for match in pattern.finditer(text):
        if match[4] is not None:
            pieces += (text[position : match.start()], re.sub(r"[^\n\r]", " ", match[4]))
            position = match.end()
    return "".join((*pieces, text[position:]))


def exported_object(text: str) -> int | None:
    """Return the offset of the brace that opens what the module exports, None if unclear.

    `text` has no comments. The export may be an object, a name that is assigned one, a call
    that takes one, or a function that returns one.
    """
    exports = list(_EXPORT.finditer(text))
    if not exports:
        return None
    start = exports[-1].end()
    if text.startswith("{", start):
        return start
    name = re.compile(r"([A-Za-z_$][\w$]*)\s*(\(\s*\{)?").match(text, start)
    if name and name[2]:
        return name.end() - 1
    if name and name[1] not in ("async", "function"):
        assigned = re.search(
            rf"\b(?:const|let|var)\s+{re.escape(name[1])}\s*(?::[^={{]*)?=\s*\{{", text
        )
        return assigned.end() - 1 if assigned else None
    returned = re.compile(r"\breturn\s*\{|=>\s*\(\s*\{").search(text, start)
    return returned.end() - 1 if returned else None


def members(text: str, brace: int) -> dict[str, str]:
    """Return the members of the object that opens at `brace`: key → source of its value."""
    found: dict[str, str] = {}
    for part in _parts(text, brace):
        key = _KEY.match(part)
        if key:
            found[key[1] or key[2] or key[3]] = part[key.end() :].strip()
        elif re.fullmatch(r"\s*[A-Za-z_$][\w$]*\s*", part):
            found[part.strip()] = part.strip()  # shorthand: the name of a variable
    return found


def elements(text: str, bracket: int = 0) -> list[str]:
    """Return the sources of the elements of the array that opens at `bracket`."""
    return [part.strip() for part in _parts(text, bracket) if part.strip()]


def string_value(source: str, whole: str) -> str | None:
    """Return the string that `source` says, None where it says none.

    A variable is looked up in the `whole` file, and what a setting of the machine could
    replace counts by its fallback.
    """
    source = _FALLBACK.sub("", _TYPE_SUFFIX.sub("", source.strip()), count=1)
    literal = _STRING.fullmatch(source)
    if literal is None and re.fullmatch(r"[A-Za-z_$][\w$]*", source):
        name = re.escape(source)
        assigned = re.search(rf"\b(?:const|let|var)\s+{name}\s*(?::\s*string\s*)?=\s*", whole)
        literal = _STRING.match(whole, assigned.end()) if assigned else None
    if literal is None or (literal[3] is not None and "${" in literal[3]):
        return None
    return _unescaped(literal)


def read_literal(text: str) -> Any:
    """Return the value of a whole literal: strings, numbers, words, arrays and objects.

    Raises `NotLiteralError` for anything else.
    """
    return _value(text.strip(), 0)


def _value(source: str, depth: int) -> Any:
    source = _TYPE_SUFFIX.sub("", source.strip())
    if depth > MAX_DEPTH:
        raise NotLiteralError("nested too deeply")
    string = _STRING.fullmatch(source)
    if string and not (string[3] is not None and "${" in string[3]):
        return _unescaped(string)
    if _NUMBER.fullmatch(source):
        return float(source)
    if source in _WORDS:
        return _WORDS[source]
    if source.startswith("[") and source.endswith("]"):
        return [_value(part, depth + 1) for part in elements(source)]
    if source.startswith("{") and source.endswith("}"):
        found: dict[str, Any] = {}
        for part in _parts(source, 0):
            if not part.strip():
                continue
            key = _KEY.match(part)
            if not key:
                raise NotLiteralError(part.strip()[:60])
            found[key[1] or key[2] or key[3]] = _value(part[key.end() :], depth + 1)
        return found
    raise NotLiteralError(source[:60])


def _parts(text: str, opening: int) -> list[str]:
    """Split what stands inside the bracket at `opening` at its commas."""
    parts: list[str] = []
    depth, position, start = 0, opening, opening + 1
    while position < len(text):
        character = text[position]
        if character in "'\"`":
            string = _STRING.match(text, position)
            position = string.end() if string else position + 1
            continue
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
            if depth == 0:
                return [*parts, text[start:position]]
        elif character == "," and depth == 1:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return parts


def _unescaped(literal: re.Match[str]) -> str:
    text = next(group for group in literal.groups()[:3] if group is not None)
    return re.sub(r"\\(?:\r\n|\n)", "", re.sub(r"\\(['\"`\\/])", r"\1", text))
