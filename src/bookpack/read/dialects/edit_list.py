"""Edits that several passes over one text collect, none of which may touch another's."""

from bisect import bisect_left

from bookpack.source import Edit, Span


def with_plain_lines(text: str) -> str:
    """Return `text` with every line ending in a line feed, all else at its old place."""
    return text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text


class EditList:
    """Edits in order of place. A place belongs to the pass that asked for it first."""

    def __init__(self) -> None:
        self._edits: list[Edit] = []
        self._blocked: list[Span] = []

    def replace(self, span: Span, text: str) -> bool:
        """Replace `span` by `text`; do nothing and return False where the place is taken."""
        if not self.is_free(span):
            return False
        self._edits.insert(bisect_left(self._edits, Edit(span, text)), Edit(span, text))
        return True

    def block(self, span: Span) -> None:
        """Take a place without changing it."""
        index = bisect_left(self._blocked, span)
        if not index or self._blocked[index - 1].end < span.end:
            self._blocked.insert(index, span)

    def is_free(self, span: Span) -> bool:
        """Tell whether nobody has taken any of `span`; two insertions at one place collide."""
        index = bisect_left(self._edits, Edit(span, ""))
        spans = [edit.span for edit in self._edits[max(0, index - 1) : index + 1]]
        place = bisect_left(self._blocked, span)
        spans += self._blocked[max(0, place - 1) : place + 1]
        return not any(
            span == other or (span.start < other.end and other.start < span.end) for other in spans
        )

    def edits(self) -> tuple[Edit, ...]:
        """Return what was collected."""
        return tuple(self._edits)
