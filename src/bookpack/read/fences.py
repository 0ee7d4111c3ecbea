"""Code fences that nobody closed."""

from bookpack.model import Problem
from bookpack.source import Span


def unclosed_fence(text: str, span: Span) -> Problem | None:
    """Return the problem of the fenced code block at `span` if its closing fence is missing.

    The parser ends such a block with its container or the file and says nothing.
    """
    lines = span.slice(text).rstrip().splitlines()
    opening = lines[0].strip() if lines else ""
    if not opening:
        return None
    mark = opening[0]
    length = len(opening) - len(opening.lstrip(mark))
    closing = lines[-1].strip().lstrip("> \t") if len(lines) > 1 else ""
    if set(closing) == {mark} and len(closing) >= length:
        return None
    place = Span(span.start, span.start + len(lines[0]))
    return Problem("unclosed-code-fence", place, "This code fence is never closed.")
