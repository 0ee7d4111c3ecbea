"""What was done in one sitting, and how each of it is taken back: the last first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bookpack.counting import counted
from bookpack.desks.review.apply import Desk, Item
from bookpack.desks.review.display import brief
from bookpack.desks.review.undoing import Refusal

Undo = Callable[[], list[Refusal]]
"""Takes one action back; returns what of it could not be."""
_APPLIED = ("accepted", "edited")


@dataclass(frozen=True, slots=True)
class _Step:
    """What one action did to one item: its state and text before, and the state it has now."""

    item: Item
    state: str
    text: str
    became: str


class Actions:
    """The actions of a sitting at `desk`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._done: list[tuple[str, Undo]] = []

    @property
    def label(self) -> str:
        """What was done last, empty where there is nothing to take back."""
        return self._done[-1][0] if self._done else ""

    def add(self, label: str, undo: Undo) -> None:
        """Remember something that was done."""
        self._done.append((label, undo))

    def decided(self, word: str, before: Sequence[tuple[Item, str, str]]) -> int:
        """Remember a decision, given the items with their former states and texts.

        Returns on how many of them it had an effect.
        """
        steps = [
            _Step(item, state, text, item.state)
            for item, state, text in before
            if (state, text) != (item.state, item.text)
        ]
        if steps:
            first = steps[0].item
            change = f"{brief(first.suggestion.before)} → {brief(first.text)}"
            what = change if len(steps) == 1 else counted(len(steps), "suggestion")
            self.add(f"{word}: {what}", lambda: self._restore(steps))
        return len(steps)

    def undo(self) -> list[Refusal]:
        """Take back what was done last; returns what of it could not be.

        Raises `WorldError`; it can then be tried again.
        """
        refused = self._done[-1][1]()
        self._done.pop()
        return refused

    def _restore(self, steps: Sequence[_Step]) -> list[Refusal]:
        """Give items back the states they had, unless somebody else has decided since."""
        desk = self._desk
        mine = [one for one in steps if one.item.state == one.became]
        reason = "somebody has decided on it since"
        refused = [Refusal(desk.place(o.item), reason) for o in steps if o.item.state != o.became]
        refused += desk.reopen([one.item for one in mine if one.state in ("", *_APPLIED)])
        refused += desk.reject([one.item for one in mine if one.state == "rejected"])
        refused += desk.skip([one.item for one in mine if one.state == "skipped"])
        for one in mine:
            if one.state in _APPLIED and not one.item.is_applied:
                text = one.text if one.state == "edited" else None
                refused += desk.accept([one.item], text)
        return refused
