"""Descriptions of pictures as entries of the review: approve, edit, or have a model look again.

What is written goes through the book's folder of descriptions, as with `bookpack describe`. Every
action is given what the reviewer saw; if somebody has written the file since, nothing is done.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bookpack.answers import Description, DescriptionFolder, State, file_name
from bookpack.desks.pictures import tend
from bookpack.desks.pictures.describe import PictureDesk
from bookpack.desks.pictures.survey import Case, Status
from bookpack.desks.review.suggestion import digest
from bookpack.desks.review.undoing import Refusal
from bookpack.desks.review.web.actions import Undo
from bookpack.desks.review.web.asking import ask_model, why_not_ask
from bookpack.desks.review.web.errors import RefusedError
from bookpack.desks.review.web.picture_faces import (
    PictureEntry,
    details_of,
    face_of,
    is_approved,
    seen_of,
)
from bookpack.errors import BookpackError, SettingsError
from bookpack.images.gallery import Kept
from bookpack.images.limits import UnreadablePictureError
from bookpack.images.load import for_model, load_picture
from bookpack.source import Source

if TYPE_CHECKING:
    from bookpack.ask.question import Attachment

_SHOWN_SIZE = 960
"""Pixels of the longer side of a picture on the page."""
_KEPT_PICTURES = 16
_CHANGED = "Somebody has written this description meanwhile; look at it again."
Before = dict[str, Description | None]
"""Names of files → what stands in them."""


class _SeenFolder(DescriptionFolder):
    """A folder in which a description is written only if it says what its reviewer has seen."""

    def __init__(self, folder: Path, name: str, seen: str) -> None:
        super().__init__(folder)
        self._name, self._seen = name, seen

    def put(
        self, name: str, make: Callable[[Description | None], Description | None]
    ) -> Description | None:
        """Write as `DescriptionFolder.put` does. Raises `RefusedError` if it was changed."""

        def checked(now: Description | None) -> Description | None:
            if name == self._name and seen_of(now) != self._seen:
                raise RefusedError(_CHANGED)
            return make(now)

        return super().put(name, checked)


class Pictures:
    """The pictures of a book on the desk `desk`.

    `tell` hears of an entry that has changed, and what takes that back. Whoever calls holds
    `lock`, but for `picture`.
    """

    def __init__(self, desk: PictureDesk, cases: Iterable[Case]) -> None:
        self.desk = desk
        self.lock = threading.RLock()
        self.tell: Callable[[str, Undo | None], None] = lambda name, undo: None
        self._entries: dict[str, PictureEntry] = {}
        self._asking = threading.Lock()
        self._drawn: OrderedDict[str, Attachment] = OrderedDict()
        self._approved = 0
        for case in cases:
            name = _name_of(case)
            entry = PictureEntry(case, name, case.kept.description if case.kept else None)
            entry.stamp = self._stamp(entry)
            self._entries[digest(f"picture {case.name}")] = entry

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def counts(self) -> tuple[int, int]:
        """Return how many descriptions were approved in this sitting, and how many are open."""
        return self._approved, sum(not is_approved(one) for one in self._entries.values())

    def faces(self) -> list[dict[str, Any]]:
        """Return all entries as lines of the list."""
        return [self.face(name) for name in self._entries]

    def face(self, name: str) -> dict[str, Any]:
        """Return one entry as a line of the list."""
        return face_of(name, self._entries[name])

    def details(self, name: str) -> dict[str, Any]:
        """Return everything about one entry but its picture."""
        entry = self._entries[name]
        return {
            **details_of(name, entry, self.desk.settings.images.descriptions),
            "no_asking": self._why_not_ask(entry),
        }

    def picture(self, name: str) -> "Attachment | None":
        """Return the picture of an entry, decoded and drawn anew, None where there is none."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        drawn = self._drawn.get(name)
        if drawn is None:
            case, gallery = entry.case, self.desk.gallery
            fetched = dict(self.desk.preparer.fetched_before([case])).get(case.name)
            try:
                data = fetched or gallery.bytes_of(case.shown[0], case.placed[0].image)
                if data is None:
                    return None
                drawn = for_model(load_picture(data, gallery.limits), _SHOWN_SIZE)
            except UnreadablePictureError:
                return None
            self._drawn[name] = drawn
            while len(self._drawn) > _KEPT_PICTURES:
                self._drawn.popitem(last=False)
        return drawn

    def look(self) -> list[str]:
        """Return the entries whose files somebody has written since."""
        changed = []
        for name, entry in self._entries.items():
            if entry.name and self._stamp(entry) != entry.stamp:
                self._read(entry)
                changed.append(name)
        return changed

    def carry_out(
        self, name: str, verdict: str, words: Mapping[str, str], seen: str
    ) -> tuple[str, Undo | None]:
        """Do what a reviewer wants; return what to say of it, and what takes it back.

        `verdict` is `approve`, `save`, `skip`, `reopen` or `ask`; `words` are title, alt and text
        where they were edited. Raises `RefusedError` and `WorldError`.
        """
        entry = self._entries[name]
        if verdict == "skip":
            entry.skipped = True
            return "Skipped.", lambda: self._unskip(name, entry)
        if entry.asking:
            raise RefusedError("The model is being asked about this picture; wait for its answer.")
        if verdict == "ask":
            self._ask(name, entry, seen)
            return "Asked. The answer will be shown here.", None
        if verdict not in ("approve", "save", "reopen"):
            raise RefusedError("There is no such decision.", 400)
        before = self._snapshot(entry)
        self._read(entry)
        if seen_of(entry.said) != seen:
            self.tell(name, None)
            raise RefusedError(_CHANGED)
        if verdict == "approve" and self._says_nothing(entry, words):
            raise RefusedError(
                'Write something first, or mark it as decoration (kind = "decorative" in '
                f"{entry.name})."
            )
        old_case, was_approved = entry.case, is_approved(entry)
        try:
            if words or verdict == "reopen":
                self._write(entry, words, seen, reopen=verdict == "reopen")
            if verdict == "approve":
                self._approve(entry)
        except BookpackError:
            # What was written before the disk was full can still be taken back.
            half = self._snapshot(entry, before)
            undo = partial(self._restore, name, entry, old_case, before, half)
            self.tell(name, undo if half != before else None)
            raise
        entry.skipped, entry.trouble = False, ""
        self._approved += is_approved(entry) - was_approved
        after = self._snapshot(entry, before)
        done = {"approve": "Approved.", "save": "Saved.", "reopen": "Open again."}[verdict]
        return done, partial(self._restore, name, entry, old_case, before, after)

    def _write(
        self, entry: PictureEntry, words: Mapping[str, str], seen: str, *, reopen: bool
    ) -> None:
        """Write a person's words into the file, which makes them a person's."""
        case = entry.case
        identity = case.shown[0].identity
        said = {part: words[part].encode("utf-8", "ignore").decode() for part in words}
        # Both are one line, whatever somebody has pasted.
        title, alt = (" ".join(said[part].split()) if part in said else None
                      for part in ("title", "alt"))  # fmt: skip
        if not entry.name:
            raise RefusedError(
                "This picture was never read, so that nothing can be kept for it; run bookpack "
                "describe first."
            )

        def written(now: Description | None) -> Description:
            known = now or Description(identity=identity, files=case.files)
            state = State.OPEN if reopen else known.state
            return replace(
                known,
                state=state,
                title=known.title if title is None else title,
                alt=known.alt if alt is None else alt,
                text=said.get("text", known.text),
            )

        folder = _SeenFolder(self.desk.folder.folder, entry.name, seen)
        if folder.put(entry.name, written) is None:
            raise RefusedError(f"The description {entry.name} cannot be read; mend it first.")
        self._read(entry)

    @staticmethod
    def _says_nothing(entry: PictureEntry, words: Mapping[str, str]) -> bool:
        said = entry.said
        title, alt, text = (words.get(part) for part in ("title", "alt", "text"))
        return said is not None and tend.says_nothing(
            replace(
                said,
                title=said.title if title is None else title,
                alt=said.alt if alt is None else alt,
                text=said.text if text is None else text,
            )
        )

    def _approve(self, entry: PictureEntry) -> None:
        if entry.said is None:
            raise RefusedError("There is no description to approve; write one first.")
        case = entry.case
        seen = _SeenFolder(self.desk.folder.folder, entry.name, seen_of(entry.said))
        done = tend.approve(seen, [case])
        if done:
            entry.name = done[0]
            if case.status is Status.CHANGED:
                entry.case = replace(case, status=Status.CURRENT)
        self._read(entry)

    def _ask(self, name: str, entry: PictureEntry, seen: str) -> None:
        reason = self._why_not_ask(entry)
        if reason:
            raise RefusedError(reason)
        if seen_of(entry.said) != seen:
            raise RefusedError(_CHANGED)
        entry.asking, entry.trouble = True, ""
        case, before = entry.case, self._snapshot(entry)

        def ask() -> None:
            with self._asking:
                trouble = ask_model(self.desk, case)
            with self.lock:
                self._read(entry)
                entry.asking, entry.trouble, entry.skipped = False, trouble, False
                after = self._snapshot(entry, before)
                undo = partial(self._restore, name, entry, case, before, after)
                self.tell(name, undo if after != before else None)

        # An answer that is under way when the review ends is lost, as with bookpack describe.
        threading.Thread(target=ask, name="bookpack-ask", daemon=True).start()

    def _why_not_ask(self, entry: PictureEntry) -> str:
        """Return why no model can be asked about a picture, nothing where one can."""
        if entry.said is not None and entry.said.touched:
            return "A person has edited or approved this text, so no model is asked to replace it."
        return why_not_ask(self.desk, entry.case)

    def _snapshot(self, entry: PictureEntry, also: Iterable[str] = ()) -> Before:
        names = dict.fromkeys([entry.name, _name_now(entry.case), *also])
        return {name: self.desk.folder.read(name) for name in names if name}

    def _restore(
        self, name: str, entry: PictureEntry, case: Case, before: Before, after: Before
    ) -> list[Refusal]:
        """Put every file back that one action wrote, unless somebody has written it since."""
        folder = self.desk.folder
        changed = {one for one in after if before.get(one) != after[one]}
        if any(folder.read(one) != after[one] for one in changed):
            self._read(entry)
            return [Refusal(entry.name, "somebody has written this description since")]
        was_approved = is_approved(entry)
        for one in changed:
            old, new = before.get(one), after[one]
            if old is not None:
                folder.put(one, lambda now, old=old: old)  # type: ignore[misc]
            elif new is not None:
                folder.remove(one, new)
        entry.case, entry.name = case, _name_of(case)
        self._read(entry)
        self._approved += is_approved(entry) - was_approved
        self.tell(name, None)
        return []

    def _unskip(self, name: str, entry: PictureEntry) -> list[Refusal]:
        entry.skipped = False
        self.tell(name, None)
        return []

    def _read(self, entry: PictureEntry) -> None:
        """Read the file of an entry again, and let its case know what is kept now."""
        entry.stamp = self._stamp(entry)
        if not entry.name:
            return
        entry.said = self.desk.folder.read(entry.name)
        kept, status = None, entry.case.status
        if entry.said is not None:
            path = f"{self.desk.settings.images.descriptions.strip('/')}/{entry.name}"
            try:
                data = (self.desk.folder.folder / entry.name).read_bytes()
            except OSError:
                data = b""
            kept = Kept(path, Source.from_bytes(path, data), entry.said)
            if status is Status.NEW:
                status = Status.CURRENT
        elif status in (Status.CURRENT, Status.OFFLINE, Status.OUTDATED):
            status = Status.NEW
        entry.case = replace(entry.case, kept=kept, status=status)

    def _stamp(self, entry: PictureEntry) -> object:
        try:
            found = (self.desk.folder.folder / entry.name).stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def open_pictures(desk: PictureDesk, cases: Sequence[Case]) -> Pictures:
    """Return the pictures of a book for a review. Raises `SettingsError`."""
    folder = desk.folder.folder
    if not folder.resolve().is_relative_to(desk.settings.folder.resolve()):
        raise SettingsError(f"{folder} is a link out of the book; put a folder there.")
    return Pictures(desk, cases)


def _name_of(case: Case) -> str:
    return case.kept.name if case.kept is not None else _name_now(case)


def _name_now(case: Case) -> str:
    identity = case.shown[0].identity
    return file_name(case.name, identity) if identity else ""
