"""Which chapters of the last pack stand in the next one as they are, and where they lie in it.

To write a chapter's text anew takes longer than to hash what decides it, and to cut the text out
of the last packed file, by the places that its manifest gives.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256

from bookpack.editions.chapter import Labels
from bookpack.links.book import ResolvedChapter

_ADDRESS = "://"


def packing_keys(
    resolved: Sequence[ResolvedChapter],
    labels: Labels,
    pictures: Mapping[str, Sequence[str]],
    *context: object,
) -> list[str]:
    """Return for each chapter a hash of all that its packed text depends on, empty for some.

    `pictures` are the words for its pictures, captions included, by the chapter's path. `context`
    (by its `repr`) is what is the same for all chapters. A text with layout HTML, or with words of
    pictures that hold an address, is read again while it is packed and its links are resolved once
    more: that depends on the whole book, and such a chapter has no key.
    """
    renamed: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for (path, label), new in labels.items():
        renamed[path].append((label, new))
    keys = []
    for one in resolved:
        chapter, structure = one.chapter, one.chapter.structure
        said = pictures.get(chapter.path, ())
        decorated = any(image.decorative for image, _ in one.images)
        if structure.html_blocks or decorated or any(_ADDRESS in words for words in said):
            keys.append("")
            continue
        references = (*one.links, *one.images, *one.definitions)
        seen = (
            (chapter.title, chapter.url, chapter.title_heading, chapter.address_line),
            (structure.body_start, [heading.anchor for heading in structure.headings]),
            [(resolution.kind.value, resolution.url) for _, resolution in references],
            (renamed.get(chapter.path), said, context),
        )
        material = f"{seen!r}\n{chapter.source.text}".encode("utf-8", "surrogatepass")
        keys.append(sha256(material).hexdigest()[:32])
    return keys


def packed_bodies(packed: bytes | None, manifest: bytes | None) -> dict[str, bytes]:
    """Return the chapters' texts in a packed file by their SHA-256.

    In a style that does not hold texts as they are, they are not found; where the `manifest` tells
    something else than that file, there are none.
    """
    found: dict[str, bytes] = {}
    if packed is None or manifest is None:
        return found
    try:
        start, line = 0, 1
        for place in json.loads(manifest)["chapters"]:
            for _ in range(place["first_line"] - line):
                start = packed.index(b"\n", start) + 1
            body = packed[start : start + place["bytes"]]
            found[sha256(body).hexdigest()] = body
            start, line = start + len(body), place["last_line"] + 1
    except (ValueError, KeyError, TypeError):
        return {}
    return found
