"""Descriptions tended after they were written: moved along, approved, thrown away."""

from collections.abc import Sequence
from dataclasses import replace

from bookpack.answers import Description, DescriptionFolder, State, file_name
from bookpack.desks.pictures.survey import Case, Status
from bookpack.errors import WorldError
from bookpack.images.gallery import Gallery, Kept


def follow_moves(folder: DescriptionFolder, gallery: Gallery, cases: Sequence[Case]) -> list[str]:
    """Write down where pictures are now that were renamed, moved or copied.

    A path or address belongs to one description alone. Returns the names of the files written.
    """
    settled = (Status.CHANGED, Status.UNREADABLE, Status.MISSING)
    wanted: dict[str, dict[str, str]] = {}
    owner: dict[str, str] = {}
    for case in cases:
        kept = case.kept
        if kept is None or case.status in settled:
            continue
        old = kept.description.files
        # A picture on another site that was not fetched now is still what it was.
        wanted[kept.name] = {key: new or old.get(key, "") for key, new in case.files.items()}
        owner.update(dict.fromkeys(case.files, kept.name))
    for name, kept in gallery.kept.items():
        left = {k: v for k, v in kept.description.files.items() if owner.get(k, name) == name}
        if name not in wanted and len(left) < len(kept.description.files):
            wanted[name] = left
    moved = []
    for name, files in wanted.items():
        if dict(gallery.kept[name].description.files) != files:
            folder.put(name, lambda now, files=files: now and replace(now, files=files))  # type: ignore[misc]
            moved.append(name)
    return moved


def is_approved(case: Case) -> bool:
    """Tell whether a person has approved the description for the picture as it is now."""
    kept = case.kept
    return (
        kept is not None
        and case.status is not Status.CHANGED
        and kept.description.state is State.REVIEWED
    )


def says_nothing(said: Description) -> bool:
    """Tell whether a description has no words for a reader, though its picture is no decoration."""
    words = (said.title, said.alt, said.text)
    return not said.decorative and not any(one.strip() for one in words)


def approve(folder: DescriptionFolder, cases: Sequence[Case]) -> list[str]:
    """Mark the descriptions of pictures as right for the pictures as they are now.

    Returns the names of the files written. Raises `WorldError`; what stood there before is then
    still there.
    """
    done: list[str] = []
    left_behind: dict[str, Kept] = {}
    for case in cases:
        kept = case.kept
        if kept is None or is_approved(case):
            continue
        before = folder.read(kept.name)
        if before is None:
            raise WorldError(f"The description {kept.path} cannot be read; mend it first.")
        identity = case.shown[0].identity or before.identity
        files = {key: new or before.files.get(key, "") for key, new in case.files.items()}
        name = kept.name if identity == before.identity else file_name(case.name, identity)

        def approved(
            now: Description | None,
            before: Description = before,
            identity: str = identity,
            files: dict[str, str] = files,
            moves: bool = name != kept.name,
        ) -> Description:
            text = before if moves or now is None else now
            return replace(text, identity=identity, files=files, state=State.REVIEWED)

        if folder.put(name, approved) is None:
            raise WorldError(f"The description {name} cannot be read; mend or delete it first.")
        done.append(name)
        if name != kept.name:
            left_behind[kept.name] = kept
    for name, kept in left_behind.items():
        if name not in done and all(is_settled(case, name, done) for case in cases):
            folder.remove(name, kept.description)
    return done


def is_settled(case: Case, name: str, done: Sequence[str]) -> bool:
    """Tell whether `case` does not need the file `name` any more."""
    if case.kept is None or case.kept.name != name:
        return True
    return file_name(case.name, case.shown[0].identity) in done


def prune(
    folder: DescriptionFolder, gallery: Gallery, *, dry_run: bool = False
) -> tuple[list[str], list[str]]:
    """Remove the descriptions that no picture has; return those removed and those left.

    One is left as long as a picture of it lies in the book's folder, where a chapter that is
    still a draft may show it; and what a person touched is left where nobody can know that.
    """
    removed, left = [], []
    for kept in gallery.unused():
        said = kept.description
        local = [path for path in said.files if not path.startswith(("http", "//", "data:"))]
        unknown = len(local) < len(said.files)
        is_here = any(gallery.files.is_file(path) for path in local)
        if is_here or (said.touched and unknown):
            left.append(kept.name)
        elif dry_run or folder.remove(kept.name, said):
            removed.append(kept.name)
    return removed, left
