"""The review as the page knows it: entries with a revision, and what may be done with them.

One desk behind one lock. Everything that happens, here or on the disk, gives the entries that it
changed a higher revision, so that a page asks for what is new alone, and a decision that was made
on something older is refused.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bookpack.desks.review.apply import Desk, Item
from bookpack.desks.review.batch import apart
from bookpack.desks.review.display import Piece
from bookpack.desks.review.typed import as_typed
from bookpack.desks.review.undoing import Refusal
from bookpack.desks.review.web.actions import Actions, Undo
from bookpack.desks.review.web.errors import RefusedError
from bookpack.desks.review.web.faces import LOST, OPEN, About, Shower, face_of, matches
from bookpack.errors import BookpackError

if TYPE_CHECKING:
    from bookpack.ask.question import Attachment
    from bookpack.desks.review.web.pictures import Pictures

_DONE = {"accept": "Accepted", "reject": "Rejected", "skip": "Skipped", "edit": "Written",
         "reopen": "Open again"}  # fmt: skip
_BULK = ("accept", "reject")
_STALE = "Somebody has decided on this meanwhile; look at it again."


@dataclass(slots=True)
class _Told:
    """An entry as the page was told of it: when it changed, and when its state did."""

    face: dict[str, Any]
    changed: int = 0
    decided: int = 0


class ReviewQueue:
    """All entries of one sitting; safe to use from many threads.

    `about` tells of each suggestion (by id) who makes it. `chapters` are paths in reading order.
    """

    def __init__(
        self,
        desk: Desk,
        about: Mapping[str, About],
        *,
        title: str = "",
        chapters: Sequence[str] = (),
        pictures: "Pictures | None" = None,
    ) -> None:
        self.desk = desk
        self.title = title
        self.pictures = pictures
        self.revision = 1
        self.trouble = ""
        self._lock = threading.RLock()
        self._about = about
        self._items = {item.suggestion.id: item for item in desk.items}
        self._by_path: dict[str, list[Item]] = {}
        for item in desk.items:
            self._by_path.setdefault(item.suggestion.path, []).append(item)
        # What was skipped in an earlier sitting is to be decided in this one.
        self._not_seen = {item.suggestion.id for item in desk.items if item.state == "skipped"}
        self._shower = Shower()
        self._actions = Actions(desk)
        self._told: dict[str, _Told] = {}
        faces = [self._face(item) for item in desk.items]
        if pictures is not None:
            faces += pictures.faces()
            pictures.lock, pictures.tell = self._lock, self._hear_of_picture
        order = {path: place for place, path in enumerate(chapters)}
        for face in faces:
            order.setdefault(face["path"], len(order))
        faces.sort(key=lambda face: (order[face["path"]], face["line"]))
        for face in faces:
            self._told[face["id"]] = _Told(face, self.revision, 0)

    def look(self) -> None:
        """Notice what others have done on the disk; never raises, see `trouble`."""
        with self._lock:
            try:
                self._look()
                trouble = ""
            except BookpackError as error:
                trouble = str(error)
            if trouble != self.trouble:
                self.trouble = trouble
                self.revision += 1

    def told(self, since: int = -1) -> dict[str, Any]:
        """Return the entries that changed after revision `since`, and what holds for all."""
        with self._lock:
            return {
                "revision": self.revision,
                "title": self.title,
                "total": len(self._told),
                "undo": self._actions.label,
                "trouble": self.trouble,
                "entries": [one.face for one in self._told.values() if one.changed > since],
            }

    def details(self, name: str) -> dict[str, Any]:
        """Return everything about one entry. Raises `RefusedError`."""
        with self._lock:
            if self.pictures is not None and name in self.pictures:
                return {**self._told[name].face, **self.pictures.details(name)}
            item = self._item(name)
            face, about = self._told[name].face, self._about_of(item)
            pieces: list[Piece] = []
            above = below = ""
            if self.desk.has_chapter(item):
                source = self.desk.source(item)
                pieces = self._shower.pieces(item, source, whole=True)
                above, below = self._shower.beside(item, source)
            return {
                **face,
                "revision": self.revision,
                "pieces": pieces,
                "above": above,
                "below": below,
                "why": item.suggestion.why,
                "confidence": about.confidence,
                "text": item.text,
                "refused": "" if item.is_applied else self.desk.why_not(item),
                "rivals": [
                    other.suggestion.id
                    for other in self._by_path[item.suggestion.path]
                    if other is not item and about.group
                    and self._about_of(other).group == about.group
                ],
            }  # fmt: skip

    def picture(self, name: str) -> "Attachment | None":
        """Return the picture of a description, drawn anew; None where there is none."""
        return self.pictures.picture(name) if self.pictures is not None else None

    def decide(self, name: str, verdict: str, text: str | None, revision: int) -> dict[str, Any]:
        """Carry out one decision on a suggestion, made when the page knew of `revision`.

        `verdict` is `accept`, `reject`, `skip`, `reopen`, or `edit` with the `text` to write.
        Raises `RefusedError` and `WorldError`.
        """
        if verdict not in _DONE or (verdict == "edit") != (text is not None):
            raise RefusedError("There is no such decision.", 400)
        with self._lock:
            self._look()
            item = self._item(name)
            if self._told[name].decided > revision:
                raise RefusedError(_STALE)
            before = [(item, *self._state_of(item))]
            try:
                refused = self._carry_out(verdict, item, text)
            finally:
                self._renew([item.suggestion.path])
            return self._answer(verdict, before, refused, revision)

    def preview(
        self, verdict: str, ids: Sequence[str], wanted: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return every occurrence that `decide_all` would decide on. Raises `RefusedError`."""
        with self._lock:
            self._look()
            chosen = self._chosen(verdict, ids, wanted)
            return {
                "revision": self.revision,
                "left": len(ids) - len(chosen),
                "occurrences": [
                    {
                        "id": item.suggestion.id,
                        "place": self.desk.place(item),
                        "pieces": self._shower.pieces(item, self.desk.source(item), whole=False),
                    }
                    for item in chosen
                ],
            }

    def decide_all(
        self, verdict: str, ids: Sequence[str], wanted: Mapping[str, str], revision: int
    ) -> dict[str, Any]:
        """Accept or reject those of `ids` that still are open and match the filter `wanted`.

        What must be decided alone is never among them. Raises `RefusedError` and `WorldError`.
        """
        with self._lock:
            self._look()
            chosen = [
                item
                for item in self._chosen(verdict, ids, wanted)
                if self._told[item.suggestion.id].decided <= revision
            ]
            before = [(item, *self._state_of(item)) for item in chosen]
            try:
                decide = self.desk.accept if verdict == "accept" else self.desk.reject
                refused = decide(chosen)
            finally:
                self._renew({item.suggestion.path for item in chosen})
            return self._answer(verdict, before, refused, revision)

    def describe(
        self, name: str, verdict: str, words: Mapping[str, str], seen: str, revision: int
    ) -> dict[str, Any]:
        """Approve, save, skip, or ask again for a description; `seen` is what the page showed.

        Raises `RefusedError` and `WorldError`.
        """
        with self._lock:
            if self.pictures is None or name not in self.pictures:
                raise RefusedError("There is no such entry.", 404)
            said, undo = self.pictures.carry_out(name, verdict, words, seen)
            if undo is not None:
                self._actions.add(f"{said.rstrip('.')}: {self._told[name].face['name']}", undo)
            self._hear_of_picture(name)
            return {"said": said, "refused": [], "done": 1, "queue": self.told(revision)}

    def undo(self, revision: int) -> dict[str, Any]:
        """Take back what was done last in this sitting. Raises `RefusedError`, `WorldError`."""
        with self._lock:
            self._look()
            label = self._actions.label
            if not label:
                raise RefusedError("There is nothing to undo.")
            try:
                refused = self._actions.undo()
            finally:
                self._renew(self._by_path)
            said = "Not undone" if refused else "Undone"
            return {
                "said": f"{said}: {label}.",
                "done": 0 if refused else 1,
                "refused": refused,
                "queue": self.told(revision),
            }

    def sum_up(self) -> tuple[int, int]:
        """Wait for what is under way; return how many descriptions were approved and are open."""
        with self._lock:
            return self.pictures.counts() if self.pictures is not None else (0, 0)

    def _look(self) -> None:
        changed = self.desk.look()
        self._renew(changed)
        if self.pictures is not None:
            for name in self.pictures.look():
                self._hear_of_picture(name)

    def _item(self, name: str) -> Item:
        if name not in self._items:
            raise RefusedError("There is no such entry.", 404)
        return self._items[name]

    def _about_of(self, item: Item) -> About:
        return self._about.get(item.suggestion.id) or About((item.suggestion.engine,))

    def _face(self, item: Item) -> dict[str, Any]:
        source = self.desk.source(item) if self.desk.has_chapter(item) else None
        is_new = item.suggestion.id in self._not_seen
        return face_of(item, source, self._about_of(item), is_new=is_new)

    def _state_of(self, item: Item) -> tuple[str, str]:
        is_new = item.suggestion.id in self._not_seen
        return ("" if is_new and item.state == "skipped" else item.state), item.text

    def _chosen(self, verdict: str, ids: Sequence[str], wanted: Mapping[str, str]) -> list[Item]:
        if verdict not in _BULK:
            raise RefusedError("There is no such decision.", 400)
        names = set(ids)
        meant = [
            item
            for item in self.desk.items
            if item.suggestion.id in names
            and item.is_open
            and not item.suggestion.alone
            and matches(self._told[item.suggestion.id].face, wanted)
        ]
        return apart(meant) if verdict == "accept" else meant

    def _carry_out(self, verdict: str, item: Item, text: str | None) -> list[Refusal]:
        desk = self.desk
        if verdict == "reject":
            return desk.reject([item])
        if verdict == "reopen":
            return desk.reopen([item])
        if verdict == "skip":
            self._not_seen.discard(item.suggestion.id)
            return desk.skip([item])
        wanted = item.suggestion.after if text is None else self._as_written(item, text)
        if item.is_applied and item.text == wanted:
            return []
        if wanted == item.suggestion.before:
            return [Refusal(desk.place(item), "that is what stands there")]
        refused = desk.take_back(item) if item.is_applied else []
        return refused or desk.accept([item], None if wanted == item.suggestion.after else wanted)

    def _as_written(self, item: Item, text: str) -> str:
        """Return what a text box gave as it belongs into the chapter."""
        # A box knows one sort of line ends, the author another.
        text = as_typed(text)
        is_there = self.desk.has_chapter(item)
        return text.replace("\n", self.desk.source(item).newline) if is_there else text

    def _answer(
        self,
        verdict: str,
        before: Sequence[tuple[Item, str, str]],
        refused: Sequence[Refusal],
        revision: int,
    ) -> dict[str, Any]:
        """Remember what was done so that it can be undone, and say it."""
        many_done = self._actions.decided(_DONE[verdict], before)
        many = "" if many_done == 1 else f": {many_done:,}"
        said = f"{_DONE[verdict]}{many}."
        return {
            "said": said if many_done else "Not done." if refused else "Nothing was left to do.",
            "done": many_done,
            "refused": refused,
            "queue": self.told(revision),
        }

    def _renew(self, paths: Iterable[str]) -> None:
        """Give what looks different now a higher revision."""
        number = self.revision + 1
        faces = [self._face(item) for path in paths for item in self._by_path[path]]
        if sum(self._tell(face, number) for face in faces):  # each of them is told
            self.revision = number

    def _hear_of_picture(self, name: str, undo: Undo | None = None) -> None:
        assert self.pictures is not None
        face = self.pictures.face(name)
        if undo is not None:
            self._actions.add(f"Written: {face['name']}", undo)
        if self._tell(face, self.revision + 1):
            self.revision += 1

    def _tell(self, face: dict[str, Any], number: int) -> bool:
        old = self._told[face["id"]]
        if face == old.face:
            return False
        # That its text has changed was nobody's decision; the desk itself refuses then.
        states = {OPEN if one["state"] == LOST else one["state"] for one in (face, old.face)}
        decided = number if len(states) > 1 else old.decided
        self._told[face["id"]] = _Told(face, number, decided)
        return True
