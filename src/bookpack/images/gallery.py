"""Every picture that a book shows, with the words for it.

The words come from the description that is kept for the picture, found by the hash of its
bytes, or else of its pixels, so that it may be renamed, moved and saved in another format. Where
none is kept, they are what the file itself tells. Nothing here asks a model or a network.
"""

import os
import posixpath
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from bookpack.answers import FILE_NAME, Description, State, file_name, parse_description
from bookpack.answers import UnreadableDescriptionError as Unreadable
from bookpack.config.tables import ImagesTable
from bookpack.diagnostics import Diagnostic, report
from bookpack.images.data_uri import data_uri
from bookpack.images.facts import Facts, facts_of
from bookpack.images.limits import Limits, UnreadablePictureError
from bookpack.images.offline import describe_offline
from bookpack.images.quotable import as_quotable
from bookpack.images.words import Origin, PictureWords
from bookpack.model import Image
from bookpack.read.files import BookFiles
from bookpack.source import Source, Span

_NO_PICTURES = frozenset(
    {
        ".avi",
        ".eps",
        ".m4a",
        ".m4v",
        ".mov",
        ".mp3",
        ".mp4",
        ".ogg",
        ".ogv",
        ".pdf",
        ".wav",
        ".webm",
    }
)
"""What books also show by way of an image's markup, and what no picture decoder reads."""

_FORMER = "This was written for another version of the picture."


@dataclass(frozen=True, slots=True)
class Kept:
    """A description with the file that keeps it; `path` is relative to the book's folder."""

    path: str
    source: Source
    description: Description

    @property
    def name(self) -> str:
        """The file's name in the folder of descriptions."""
        return posixpath.basename(self.path)


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture as chapters refer to it.

    `key` is its path in the book, its address elsewhere, or `data:` with a hash. `digest` is
    the SHA-256 (hex) of its bytes, empty where nobody has them. `facts` are None where nobody
    had to look: the picture's bytes are those that were described. `current` tells that `kept`
    describes this version of the picture. `problem` completes "the picture …".
    """

    key: str
    digest: str = ""
    facts: Facts | None = None
    kept: Kept | None = None
    current: bool = False
    problem: str = ""

    @property
    def elsewhere(self) -> bool:
        """Tell whether the picture lies on another site."""
        return _is_elsewhere(self.key)

    @property
    def identity(self) -> str:
        """The hash of the picture's pixels, empty where it is not known."""
        if self.facts is not None:
            return self.facts.identity
        return self.kept.description.identity if self.kept is not None and self.current else ""


class Gallery:
    """The pictures of one book and the descriptions that are kept for them."""

    def __init__(self, settings: ImagesTable, files: BookFiles, cache: Path | None) -> None:
        self.settings = settings
        self.files = files
        self.cache = cache
        self.limits = Limits(settings.max_pixels, settings.max_bytes)
        self.diagnostics: list[Diagnostic] = []
        self.kept: dict[str, Kept] = {}
        self._by_digest: dict[str, list[Kept]] = {}
        self._by_identity: dict[str, Kept] = {}
        self._by_key: dict[str, list[Kept]] = {}
        self._shown: dict[str, Shown] = {}
        self._words: dict[str, PictureWords] = {}
        self._read_descriptions()

    def hang(self, images: Iterable[tuple[Image, str]]) -> None:
        """Look at all pictures of the book: images with the paths that their targets mean.

        Those that nobody has described are decoded, several at a time.
        """
        keys = {self.key_of(image, path): (image, path) for image, path in images}
        wanted = [(key, *place) for key, place in keys.items() if key not in self._shown]
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            looked = list(pool.map(lambda one: self._look(*one), wanted))
        taken = {shown.kept.name for shown in looked if shown.kept is not None}
        for shown in looked:
            self._shown[shown.key] = shown if shown.kept else self._as_it_was(shown, taken)

    def shown(self, image: Image, path: str) -> Shown:
        """Return what is known of the picture that an image shows."""
        key = self.key_of(image, path)
        if key not in self._shown:
            self.hang([(image, path)])
        return self._shown[key]

    def words(self, image: Image, path: str) -> PictureWords:
        """Return what editions say in the place of an image."""
        words = self.words_of(self.shown(image, path))
        return replace(words, alt=image.alt) if image.alt else words

    def words_of(self, shown: Shown) -> PictureWords:
        """Return what is said of a picture, its author's own words left aside."""
        words = self._words.get(shown.key)
        if words is None:
            words = self._words[shown.key] = _words_of(shown)
        return words

    def key_of(self, image: Image, path: str) -> str:
        """Return the name under which a picture is known (see `Shown`), empty for a missing one.

        A picture that the author calls by its full address is the file, if the book has it.
        """
        if image.target[:5].lower() == "data:":
            return f"data:{sha256(image.target.encode()).hexdigest()[:16]}"
        if _is_elsewhere(image.target) and not (path and self.files.is_file(path)):
            return image.target
        return path

    def rivals(self) -> list[tuple[Kept, Kept]]:
        """Return descriptions of a picture that has another one, with the one that counts."""
        found = []
        for kept in self.kept.values():
            first = self._by_identity.get(kept.description.identity, kept)
            if first is not kept:
                found.append((kept, first))
        return found

    def unused(self) -> list[Kept]:
        """Return the descriptions that no picture of the book has, in order of their names."""
        used = {shown.kept.name for shown in self._shown.values() if shown.kept is not None}
        return [kept for name, kept in sorted(self.kept.items()) if name not in used]

    def kept_for(self, identity: str) -> Kept | None:
        """Return the description of the picture with these pixels."""
        return self._by_identity.get(identity)

    def bytes_of(self, shown: Shown, image: Image) -> bytes | None:
        """Return a picture's bytes, None for one that is not in the book or not there.

        Raises `UnreadablePictureError` for data in the text that is none.
        """
        if shown.key.startswith("data:"):
            return data_uri(image.target)
        return None if _is_elsewhere(shown.key) else self.files.read(shown.key)

    def _read_descriptions(self) -> None:
        folder = self.settings.descriptions.strip("/")
        for name in self.files.list_folder(folder):
            if not name.endswith(".md"):
                continue
            path = f"{folder}/{name}"
            data = self.files.read(path)
            if data is None:
                continue
            source = Source.from_bytes(path, data)
            if not FILE_NAME.fullmatch(name):
                self._complain_of_name(source, data)
                continue
            try:
                kept = Kept(path, source, parse_description(data))
            except Unreadable as error:
                place = source.offset(error.line, 1)
                message = f"The description {error}."
                found = report("unreadable-description", source, message, Span(place, place))
                self.diagnostics.append(found)
                continue
            self.kept[name] = kept
        # Where two describe one picture, a person's own counts.
        for kept in sorted(self.kept.values(), key=lambda one: not one.description.touched):
            if kept.description.identity:
                self._by_identity.setdefault(kept.description.identity, kept)
            for key, digest in kept.description.files.items():
                self._by_key.setdefault(key, []).append(kept)
                if digest:
                    self._by_digest.setdefault(digest, []).append(kept)

    def _complain_of_name(self, source: Source, data: bytes) -> None:
        """Say so where a description has a name by which nobody looks for it."""
        try:
            said = parse_description(data)
        except Unreadable:
            return  # another text that somebody keeps there
        name = file_name(next(iter(said.files), source.path), said.identity)
        if FILE_NAME.fullmatch(name):
            message = f"The description is only read under a name with its hash: {name}."
            self.diagnostics.append(report("unreadable-description", source, message, Span(0, 0)))

    def _look(self, key: str, image: Image, path: str) -> Shown:
        if _is_elsewhere(key):
            kept = next(iter(self._by_key.get(key, ())), None)
            return Shown(key, kept=kept, current=kept is not None)
        if not key or posixpath.splitext(key)[1].lower() in _NO_PICTURES:
            return Shown(key)
        try:
            data = data_uri(image.target) if key.startswith("data:") else self._read(path)
        except UnreadablePictureError as error:
            return Shown(key, problem=str(error))
        if data is None:
            return Shown(key)
        digest = sha256(data).hexdigest()
        same = self._by_digest.get(digest, [])
        if same:
            kept = next((one for one in same if key in one.description.files), same[0])
            return Shown(key, digest, kept=kept, current=True)
        facts = facts_of(data, digest, self.limits, self.cache)
        if facts.problem:
            former = next(iter(self._by_key.get(key, ())), None)
            return Shown(key, digest, kept=former, problem=facts.problem)
        kept = self._by_identity.get(facts.identity)
        return Shown(key, digest, facts, kept, kept is not None)

    def _read(self, path: str) -> bytes | None:
        size = self.files.size(path)
        if size is None:
            return None
        self.limits.check_bytes(size)
        return self.files.read(path)

    def _as_it_was(self, shown: Shown, taken: set[str]) -> Shown:
        """Give a changed picture the description of its former version, if nothing else has it."""
        if not shown.digest or shown.problem:
            return shown
        former = [kept for kept in self._by_key.get(shown.key, ()) if kept.name not in taken]
        return Shown(shown.key, shown.digest, shown.facts, former[0]) if former else shown


def _is_elsewhere(key: str) -> bool:
    return key.startswith(("http://", "https://", "//"))


def _words_of(shown: Shown) -> PictureWords:
    if shown.kept is not None:
        said = shown.kept.description
        origin = Origin.PERSON if said.edited else Origin(said.engine)
        text = said.text if shown.current or not said.text else f"{_FORMER}\n\n{said.text}"
        return PictureWords(
            alt=said.alt,
            title=said.title,
            description=as_quotable(text)[0],
            origin=origin,
            reviewed=shown.current and said.state is State.REVIEWED,
            decorative=said.decorative,
            identity=shown.identity,
        )
    if shown.facts is None:
        return PictureWords()
    offline = describe_offline(shown.facts, None)
    return PictureWords(
        description=offline.text, origin=Origin.OFFLINE, identity=shown.facts.identity
    )
