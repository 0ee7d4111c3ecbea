"""What opens a block at the beginning of a line, and how to write it so that it opens none."""

import re

# CommonMark 0.31, chapters 4 and 5, GitHub's tables and footnotes. Emphasis and links may begin
# a paragraph, so a mark that is also theirs counts only where a blank or nothing follows.
_MARK = re.compile(
    r"(?P<number>\d{1,9})[.)](?=[ \t]|$)"
    r"|(?:[-+*](?=[ \t]|$)|\#{1,6}(?=[ \t]|$)|>|`{3,}(?=[^`]*$)|~{3,}"
    r"|=+(?=[ \t]*$)|([-*_])(?:[ \t]*\2){2,}[ \t]*$|-{2,}(?=[ \t]*$)"
    r"|\[[^\]]*\]:|:?-+:?[ \t]*\|[ \t|:-]*$|\|)",
)


def escape_block_mark(line: str) -> str:
    """Return a line (without its end) that begins with what it shows, and opens no block.

    Blanks at the beginning, which could be an indented block of code, stay as they are.
    """
    rest = line.lstrip(" \t")
    mark = _MARK.match(rest)
    if mark is None:
        return line
    place = len(line) - len(rest) + len(mark["number"] or "")
    return f"{line[:place]}\\{line[place:]}"
