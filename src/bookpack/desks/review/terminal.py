"""The review at a terminal: one suggestion at a time in its sentence, decided by a single key.

Works over ssh, at 80 columns, and without colour. What is shown goes through `write`; what is
decided goes to the desk at once, so that leaving at any moment loses nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bookpack.desks.review.apply import Desk, Item
from bookpack.desks.review.display import brief, sentence_diff, show_pieces, wrap
from bookpack.desks.review.keys import END, Keys
from bookpack.desks.review.typed import as_typed
from bookpack.desks.review.undoing import Refusal
from bookpack.source import Span

_MENU = "a accept  r reject  e edit  s skip  {all}b back  q quit  ? help"
_ALL = "A/R all like this  "
_HELP = """\
a  accept: write the change into the chapter
r  reject: never suggest this again
e  edit: type another text to be written instead
s  skip: leave it for another time
A  accept all open suggestions of this kind, in this chapter or the book, or
   all that make this very change; each of them is shown first
R  reject all of them in the same way
b  back to the suggestion before; deciding anew undoes what was decided there
q  quit; everything decided so far stays decided
Accepted changes can be undone at any time, in any order, with --undo.\
"""


@dataclass(frozen=True, slots=True)
class Screen:
    """Where the review is shown: how to write a line, in how many columns, and with colour."""

    write: Callable[[str], None]
    colour: bool = False
    width: int = 80


def review(desk: Desk, keys: Keys, screen: Screen) -> None:
    """Go through the open suggestions of `desk` until all are decided or the reviewer leaves."""
    _Review(desk, keys, screen).run()


class _Review:
    """One sitting: which suggestions there are, and which is being looked at."""

    def __init__(self, desk: Desk, keys: Keys, screen: Screen) -> None:
        self.desk = desk
        self.keys = keys
        self.screen = screen
        self.items = desk.open_items
        self.place = 0
        self.is_back = False

    def run(self) -> None:
        while self.place < len(self.items):
            item = self.items[self.place]
            self.desk.look()
            if self.is_back or item.state in ("", "skipped"):
                reason = self._why_not(item)
                if not reason:
                    if not self._decide(item):
                        return
                    continue
                one = item.suggestion
                change = f"{self.desk.place(item)}, “{brief(one.before)}” → “{brief(one.after)}”"
                for line in wrap(f"Left out: {change}: {reason}.", self.screen.width, ""):
                    self._say(line)
            self.place += 1

    def _why_not(self, item: Item) -> str:
        if not item.is_applied:
            return self.desk.why_not(item)
        return "" if item.span is not None else "what was written there has changed since"

    def _decide(self, item: Item) -> bool:
        """Show one suggestion and take decisions until one leads on; False leaves the review."""
        self._show(item)
        while True:
            one = item.suggestion
            self._say(_MENU.format(all="" if one.alone else _ALL))
            key = self.keys.key()
            if key in (END, "q"):
                return False
            if key == "b":
                if self.place == 0:
                    self._say("This is the first one.")
                    continue
                self.place -= 1
                self.is_back = True
                return True
            if key == "?":
                for line in _HELP.splitlines():
                    self._say(line)
                continue
            if self._carry_out(key, item):
                self.is_back = False
                return True

    def _carry_out(self, key: str, item: Item) -> bool:
        """Do what `key` says; tell whether the review goes on to another suggestion."""
        state = item.state
        self.desk.look()
        if item.state != state:
            now = item.state or "open again"
            who = brief(self.desk.who_decided(item)) or "Somebody else"
            self._say(f"{who} has decided on this one meanwhile: {now}.")
            self.is_back = False
            return True
        if key == "a":
            if item.state == "edited" and self._refused(self.desk.take_back(item)):
                return False
            done = not self._refused(self.desk.accept([item]))
        elif key == "r":
            done = not self._refused(self.desk.reject([item]))
        elif key == "s":
            done = not self._refused(self.desk.skip([item]))
        elif key == "e":
            done = self._edit(item)
        elif key in ("A", "R"):
            return self._decide_all(key, item)
        else:
            name = f"“{brief(key)}”" if key.strip() else "That key"
            self._say(f"{name} does nothing here; ? lists the keys.")
            return False
        if done:
            self._say({"a": "Accepted.", "r": "Rejected.", "s": "Skipped."}.get(key, "Written."))
            self.place += 1
        # What cannot be carried out any more is shown again, or left out when its place is lost.
        return done or item.span is None

    def _edit(self, item: Item) -> bool:
        what = f"Text to write instead of “{brief(item.suggestion.before)}”"
        if not item.suggestion.before:
            what = "Text to put in"
        for line in wrap(f"{what}; an empty line goes back:", self.screen.width, ""):
            self._say(line)
        text = self.keys.line()
        text = as_typed(text or "")
        if not text:
            return False
        if item.is_applied and self._refused(self.desk.take_back(item)):
            return False
        if text == item.suggestion.before:
            self._say("That is what stands there; nothing is written.")
            return False
        return not self._refused(self.desk.accept([item], text))

    def _decide_all(self, key: str, item: Item) -> bool:
        """Decide all of one kind after a preview of every occurrence."""
        kind, path, pattern = item.suggestion.kind, item.suggestion.path, item.suggestion.pattern
        if item.suggestion.alone:
            self._say("This one must be decided by itself.")
            return False
        question = (
            f"All of {kind}: in this [c]hapter, the [b]ook, or [w] all of {brief(pattern)} in the "
            "book? Any other key goes back."
        )
        for line in wrap(question, self.screen.width, ""):
            self._say(line)
        answer = self.keys.key()
        if answer not in ("c", "b", "w"):
            return False
        same = [
            one
            for one in self.items
            if one.suggestion.kind == kind
            and not one.suggestion.alone
            and (one.is_open or one is item)
            and one.span is not None
            and (answer != "c" or one.suggestion.path == path)
            and (answer != "w" or one.suggestion.pattern == pattern)
        ]
        for one in same:
            self._say(self.desk.place(one))
            for line in self._diff(one):
                self._say(line)
        what = "accepted" if key == "A" else "rejected"
        self._say(f"{len(same)} will be {what}. y yes; any other key goes back.")
        if self.keys.key() != "y":
            return False
        self.desk.look()
        same = [one for one in same if one.is_open or one is item]
        refused = self.desk.accept(same) if key == "A" else self.desk.reject(same)
        self._refused(refused)
        self._say(f"{len(same) - len(refused)} {what}.")
        return not item.is_open or item.span is None

    def _show(self, item: Item) -> None:
        one = item.suggestion
        position = f"[{self.place + 1}/{len(self.items)}] "
        self._say("")
        for line in wrap(f"{position}{self.desk.place(item)}", self.screen.width, ""):
            self._say(line)
        state = f", {item.state}" if item.state else ""
        self._say(f"{one.kind} ({', '.join(one.found_by) or one.engine}){state}")
        self._say("")
        for line in self._diff(item):
            self._say(line)
        self._say("")
        for line in wrap(f"Why: {one.why}", self.screen.width):
            self._say(line)

    def _diff(self, item: Item) -> list[str]:
        assert item.span is not None
        text = self.desk.source(item).text
        if item.is_applied:
            # The old words stand no more in the text; show the change as it was made.
            start = item.span.start
            text = text[:start] + item.suggestion.before + text[item.span.end :]
            span, after = Span(start, start + len(item.suggestion.before)), item.text
        else:
            span, after = item.span, item.suggestion.after
        pieces = sentence_diff(text, span, after)
        return show_pieces(pieces, colour=self.screen.colour, width=self.screen.width)

    def _refused(self, refused: list[Refusal]) -> bool:
        for place, reason in refused:
            for line in wrap(f"Not done, {place}: {reason}.", self.screen.width, ""):
                self._say(line)
        return bool(refused)

    def _say(self, line: str) -> None:
        self.screen.write(line)
