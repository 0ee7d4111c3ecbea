"""Directives whose body is no Markdown: code, math, raw output, files that are included.

https://www.sphinx-doc.org/en/master/usage/restructuredtext/directives.html,
https://docutils.sourceforge.io/docs/ref/rst/directives.html#include.
"""

import ast
import posixpath
import re
import textwrap
from collections.abc import Mapping
from dataclasses import replace

from bookpack.read.dialects.myst.fences import Directive, Passage
from bookpack.read.dialects.myst.translate import Translator
from bookpack.source import Span

_LONGEST_RUN = re.compile(r"^[ \t]*(`+)", re.M)
_SHELL_LEXERS = {"ipython": "python", "ipython3": "python", "none": "", "default": ""}
_NOT_LINES = frozenset(["pyobject", "diff"])


def fenced(code: str, language: str) -> str:
    """Return a code block whose fence no line of `code` can close."""
    longest = max((len(run[1]) for run in _LONGEST_RUN.finditer(code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}" if code else f"{fence}{language}\n{fence}"


def _titled(translator: Translator, directive: Directive, block: str) -> str:
    """Put anchor and caption before a block of code."""
    caption = directive.options.get("caption", "")
    words = translator.render_line(caption, directive.argument_place) if caption else ""
    bold = words if words.startswith("**") else f"**{words}**"
    return translator.anchor(_label(directive)) + (f"{bold}\n\n" if words else "") + block


def _label(directive: Directive) -> str:
    return directive.options.get("name") or directive.options.get("label") or ""


def translate_code(translator: Translator, directive: Directive) -> str | None:
    """Translate `code`, `code-block`, `sourcecode` and what merely shows code."""
    language = directive.argument.split(" ")[0]
    language = _SHELL_LEXERS.get(language, language)
    code = directive.body.text
    if "dedent" in directive.options:
        code = textwrap.dedent(code)
    return _titled(translator, directive, fenced(code, language))


def translate_cell(translator: Translator, directive: Directive) -> str | None:
    """Translate `code-cell`: its language is its own, else that of the page's kernel."""
    kernel = (translator.page.front.values or {}).get("kernelspec")
    language = directive.argument.split(" ")[0]
    if not language and isinstance(kernel, dict):
        language = str(kernel.get("language") or "")
    language = _SHELL_LEXERS.get(language, language)
    return _titled(translator, directive, fenced(directive.body.text, language))


def translate_named_code(translator: Translator, directive: Directive) -> str | None:
    """Translate what draws or prints: `mermaid`, `graphviz`, `parsed-literal`, `doctest`."""
    languages = {"graphviz": "dot", "doctest": "pycon", "testcode": "python", "mermaid": "mermaid",
                 "jupyter-execute": "python", "prompt": "console"}  # fmt: skip
    if not directive.body.text.strip():
        return None  # it reads a file
    code = fenced(directive.body.text, languages.get(directive.name, ""))
    return _titled(translator, directive, code)


def translate_math(translator: Translator, directive: Directive) -> str | None:
    """Translate `math`: blank lines part equations, which `$$` does not know."""
    text = "\n".join(part for part in (directive.argument, directive.body.text) if part.strip())
    parts = [part.strip("\n") for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
    if not parts:
        return None
    blocks = "\n\n".join(f"$$\n{part}\n$$" for part in parts)
    return translator.anchor(_label(directive)) + blocks


def translate_raw(translator: Translator, directive: Directive) -> str | None:
    """Translate `raw html`; what is raw for other outputs is not on the book's site."""
    return directive.body.text if "html" in directive.argument.lower().split() else None


def translate_only(translator: Translator, directive: Directive) -> str | None:
    """Translate `only`: its body where its condition holds for the book's site."""
    try:
        holds = _holds(ast.parse(directive.argument.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return translator.render(directive.body) if holds else None


def _holds(condition: ast.expr) -> bool:
    match condition:
        case ast.BoolOp(ast.And(), values):
            return all(_holds(value) for value in values)
        case ast.BoolOp(ast.Or(), values):
            return any(_holds(value) for value in values)
        case ast.UnaryOp(ast.Not(), operand):
            return not _holds(operand)
        case ast.Name(name):
            return name in ("html", "builder_html", "format_html")
    raise ValueError(condition)


def find_file(translator: Translator, name: str) -> str:
    """Return the path, relative to the book's folder, that a directive of this page names."""
    name = name.strip()
    folder = "" if name.startswith("/") else posixpath.dirname(translator.page.path)
    return posixpath.normpath(posixpath.join(translator.root, folder, name.lstrip("/")))


def read_named_file(translator: Translator, directive: Directive) -> str | None:
    """Return the text of the file that a directive names; None, and a finding, without it."""
    path = find_file(translator, directive.argument)
    text = None if path.startswith("../") else translator.files.read_text(path)
    if text is None:
        message = f"The directive {{{directive.name}}} includes {path}, which does not exist."
        translator.report("missing-include", _place(directive), message)
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _place(directive: Directive) -> Span:
    start = directive.argument_place
    return Span(start, start + len(directive.argument))


def chosen_lines(text: str, options: Mapping[str, str]) -> str | None:
    """Return the part of a file that options such as `lines` and `start-after` ask for.

    None where the file has no such part.
    """
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if "lines" in options:
        numbers = _line_numbers(options["lines"], len(lines))
        if not numbers:
            return None
        lines = [lines[number - 1] for number in numbers]
    first, last = 0, len(lines)
    for key, step in (("start-at", 0), ("start-after", 1)):
        if key in options:
            found = next((n for n, line in enumerate(lines) if options[key] in line), None)
            if found is None:
                return None
            first = found + step
    for key, step in (("end-at", 1), ("end-before", 0)):
        if key in options:
            rest = range(first, len(lines))
            found = next((n for n in rest if options[key] in lines[n]), None)
            if found is None:
                return None
            last = found + step
    try:
        if "start-line" in options:
            first = max(first, int(options["start-line"]))
        if "end-line" in options:
            end = int(options["end-line"])
            last = min(last, end if end >= 0 else len(lines) + end)
    except ValueError:
        return None
    return "\n".join(lines[first:last])


def _line_numbers(wanted: str, count: int) -> list[int]:
    numbers: list[int] = []
    for part in wanted.split(","):
        match = re.fullmatch(r"\s*(\d*)\s*(-?)\s*(\d*)\s*", part)
        if match is None or not (match[1] or match[3]):
            return []
        start = int(match[1] or 1)
        end = int(match[3] or count) if match[2] else start
        numbers += range(max(start, 1), min(end, count) + 1)
    return numbers


def translate_literal_include(translator: Translator, directive: Directive) -> str | None:
    """Translate `literalinclude`: the file, or the part of it that is asked for, as code."""
    options = directive.options
    if _NOT_LINES & set(options):
        return None
    text = read_named_file(translator, directive)
    if text is None:
        return None
    code = chosen_lines(text, options)
    if code is None:
        message = f"{directive.argument} has not the part that is asked for."
        translator.report("missing-include", _place(directive), message)
        return None
    if "dedent" in options:
        columns = options["dedent"]
        code = (
            "\n".join(line[int(columns) :] for line in code.split("\n"))
            if (columns.isdigit())
            else textwrap.dedent(code)
        )
    if "append" in options:
        code = f"{code}\n{options['append']}"
    if "prepend" in options:
        code = f"{options['prepend']}\n{code}"
    language = options.get("language") or options.get("lang") or _language_of(directive.argument)
    if options.get("caption") == "":
        named = {**options, "caption": f"`{posixpath.basename(directive.argument)}`"}
        directive = replace(directive, options=named)
    return _titled(translator, directive, fenced(code.strip("\n"), language))


def _language_of(path: str) -> str:
    suffixes = {"py": "python", "js": "javascript", "ts": "typescript", "sh": "bash", "rs": "rust",
                "rb": "ruby", "yml": "yaml", "md": "markdown", "jl": "julia", "r": "r",
                "c": "c", "h": "c", "cpp": "cpp", "java": "java", "go": "go", "json": "json",
                "toml": "toml", "yaml": "yaml", "html": "html", "css": "css"}  # fmt: skip
    return suffixes.get(path.rpartition(".")[2].lower(), "")


def translate_include(translator: Translator, directive: Directive) -> str | None:
    """Translate `include`: the file's Markdown takes the directive's place."""
    path = find_file(translator, directive.argument)
    if path in translator.including or path == posixpath.join(
        translator.root, translator.page.path
    ):
        message = f"{path} includes itself."
        translator.report("include-cycle", _place(directive), message)
        return None
    text = read_named_file(translator, directive)
    if text is None:
        return None
    part = chosen_lines(text, directive.options)
    if part is None:
        message = f"{directive.argument} has not the part that is asked for."
        translator.report("missing-include", _place(directive), message)
        return None
    options = directive.options
    if "literal" in options or "code" in options:
        return fenced(part.strip("\n"), options.get("code") or options.get("lang") or "")
    if not path.endswith((".md", ".markdown", ".txt")) or "parser" in options:
        return None  # reStructuredText, or something that we cannot read
    lines = [(line, directive.argument_place) for line in part.split("\n")]
    translator.including.append(path)
    rendered = translator.render(Passage.of_lines(lines))
    translator.including.pop()
    return rendered
