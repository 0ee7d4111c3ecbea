"""Folders that hold a book once more in another language."""

import re
from collections.abc import Iterable, Mapping

# ISO 639-1, all of it: a folder called `js` is none of these, one called `ja` is.
_WRITTEN = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
    "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu "
    "hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb "
    "lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om "
    "or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv "
    "sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh "
    "zu"
)
_CODES = frozenset(_WRITTEN.split())
_TAG = re.compile(r"([a-z]{2})((?:[-_](?:[a-z]{4}|[a-z]{2}|\d{3}))*)", re.I)


def is_language(name: str) -> bool:
    """Tell whether `name` is written like a language: `ja`, `pt-br`, `zh_Hans`, `sr-Latn-RS`."""
    match = _TAG.fullmatch(name)
    return match is not None and match[1].lower() in _CODES


def same_language(one: str, other: str) -> bool:
    """Tell whether two tags are spelled alike but for capitals and underscores."""
    return _normal(one) == _normal(other)


def find_language(wanted: str, known: Iterable[str]) -> str | None:
    """Return the tag of `known` that means `wanted`: the same, or the only one of its kin."""
    tags = list(known)
    exact = [tag for tag in tags if same_language(tag, wanted)]
    kin = [tag for tag in tags if _normal(tag).split("-")[0] == _normal(wanted).split("-")[0]]
    return exact[0] if exact else kin[0] if len(kin) == 1 else None


def translations(stated: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the folders that are translations, with the paths in each.

    `stated` gives for each path, relative to the chapters' folder, the language that its
    document states or nothing. A folder named like a language is a translation when its
    documents state that language; when none of them states any, it is one when half of its
    files have the same names as files outside it.
    """
    folders: dict[str, list[str]] = {}
    for path in stated:
        folder, slash, _ = path.partition("/")
        if slash and is_language(folder):
            folders.setdefault(folder, []).append(path)
    found = {}
    for folder, paths in folders.items():
        said = [stated[path] for path in paths if stated[path]]
        if said:
            kin = [tag for tag in said if _normal(tag).split("-")[0] == _normal(folder)[:2]]
            if 2 * len(kin) > len(said):
                found[folder] = paths
            continue
        names = {path.partition("/")[2] for path in paths}
        elsewhere = {path for path in stated if "/" not in path or path not in paths}
        elsewhere |= {
            path.partition("/")[2]
            for other, others in folders.items()
            if other != folder
            for path in others
        }
        if 2 * len(names & elsewhere) >= len(names):
            found[folder] = paths
    return found


def _normal(tag: str) -> str:
    return tag.replace("_", "-").casefold()
