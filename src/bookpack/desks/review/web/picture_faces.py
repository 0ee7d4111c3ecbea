"""What the page is shown of a picture and its description."""

from dataclasses import dataclass
from typing import Any

from bookpack.answers import Description
from bookpack.desks.pictures import tend
from bookpack.desks.pictures.survey import Case, Status
from bookpack.desks.review.display import brief
from bookpack.desks.review.web.faces import OPEN

CATEGORY = "description"


@dataclass(slots=True)
class PictureEntry:
    """One picture: `said` is what its file `name` holds now. `trouble` is why asking failed."""

    case: Case
    name: str
    said: Description | None = None
    stamp: object = None
    skipped: bool = False
    asking: bool = False
    trouble: str = ""


def is_approved(entry: PictureEntry) -> bool:
    """Tell whether a person has approved the description for the picture as it is now."""
    return entry.said is not None and tend.is_approved(entry.case)


def seen_of(said: Description | None) -> str:
    """Return by what a reviewer's view of a description is known: a hash of its words."""
    return said.content_hash if said is not None else ""


def face_of(name: str, entry: PictureEntry) -> dict[str, Any]:
    """Return a picture as a line of the list, in the form of `faces.face_of`."""
    case, said = entry.case, entry.said
    path, line = _places(case)[0]
    state = "accepted" if is_approved(entry) else "skipped" if entry.skipped else OPEN
    words = (said.title or said.alt or said.text) if said is not None else "not described"
    return {
        "id": name,
        "kind": CATEGORY,
        "path": path,
        "line": line,
        "column": 0,
        "rule": "",
        "sort": CATEGORY,
        "category": CATEGORY,
        "engines": [said.engine] if said is not None else ["nobody"],
        "state": state,
        "before": "",
        "after": brief(words),
        "pattern": "",
        "group": "",
        "alone": True,
        "name": case.name if not case.name.startswith("data:") else "a picture in the text",
        "asking": entry.asking,
        "seen": seen_of(said),
    }


def details_of(name: str, entry: PictureEntry, folder: str) -> dict[str, Any]:
    """Return everything about a picture but its pixels; `folder` holds the descriptions."""
    case, said = entry.case, entry.said
    has_pixels = case.status not in (Status.UNREADABLE, Status.MISSING)
    return {
        "places": _places(case),
        "status": case.status.value,
        "problem": case.problem,
        "file": f"{folder}/{entry.name}" if entry.name else "",
        "title": said.title if said is not None else "",
        "alt": said.alt if said is not None else "",
        "text": said.text if said is not None else "",
        "described_by": (said.model or said.engine) if said is not None else "",
        "words": list(said.words or ()) if said is not None else [],
        "captions": list(dict.fromkeys(one.caption for one in case.placed if one.caption)),
        "author_alts": list(dict.fromkeys(o.image.alt for o in case.placed if o.image.alt)),
        "picture": f"/picture/{name}" if has_pixels else "",
        "trouble": entry.trouble,
    }


def _places(case: Case) -> list[tuple[str, int]]:
    return [
        (one.chapter.source.path, one.chapter.source.position(one.image.span.start).line)
        for one in case.placed
    ]
