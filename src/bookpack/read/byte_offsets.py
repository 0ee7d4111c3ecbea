"""The parser's UTF-8 byte offsets → code points of the text."""

from array import array
from bisect import bisect_left

from bookpack.model import SpanList
from bookpack.source import Span

_CONTINUATION = bytes(ord("c") if 0x80 <= byte < 0xC0 else ord(".") for byte in range(256))


class ByteOffsets:
    """Maps the parser's UTF-8 byte offsets to code points of the whole text."""

    def __init__(self, body: str, shift: int) -> None:
        self.shift = shift
        self.ascii = body.isascii()
        if self.ascii:
            return
        # Continuation bytes lie in runs, one behind each character that is not ASCII. Looking
        # for one byte value is much faster than matching a class of them.
        marked = body.encode().translate(_CONTINUATION)
        self.starts = array("I")
        self.before = array("I", [0])
        seen = 0
        start = marked.find(b"c")
        while start >= 0:
            end = marked.find(b".", start)
            end = len(marked) if end < 0 else end
            seen += end - start
            self.starts.append(start)
            self.before.append(seen)
            start = marked.find(b"c", end)

    def code_point(self, offset: int) -> int:
        """Return the code point at byte `offset`, which must begin a character."""
        if self.ascii:
            return offset + self.shift
        return offset - self.before[bisect_left(self.starts, offset)] + self.shift

    def span(self, start: int, end: int) -> Span:
        """Return the code points from byte `start` to byte `end`."""
        return Span(self.code_point(start), self.code_point(end))

    def spans(self, flat: list[int]) -> SpanList:
        """Return a list of spans that is converted when somebody looks at it."""
        packed = array("I", flat)
        if self.ascii and not self.shift:
            return SpanList(packed)
        return SpanList(lambda: map(self.code_point, packed))
