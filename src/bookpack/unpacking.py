"""`bookpack unpack`: a packed file → a folder that builds to the same pack."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from bookpack.config import SETTINGS_FILE
from bookpack.editions.unpack import UnpackedBook, read_pack, settings_toml
from bookpack.errors import SettingsError, WorldError
from bookpack.output import write_new_folder


@dataclass(frozen=True, slots=True)
class UnpackResult:
    """What an unpacking did; `complaints` say where the pack is not what its manifest says."""

    files: int
    verified_against: Path | None
    complaints: list[str]


def unpack(file: Path, out: Path, manifest: Path | None = None) -> UnpackResult:
    """Write the chapters of the packed `file` and a `bookpack.toml` into the new folder `out`.

    With `manifest`, or one called `manifest.json` beside `file` that names it, every chapter
    is compared with what the manifest says; the differences are returned, not raised. Raises
    `SettingsError` when `out` is not empty and `WorldError` when `file` is no packed file.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingsError(f"{out} is not empty. Name a new folder with --out.")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise WorldError(f"Cannot read {file}: {error.strerror or error}.") from None
    book = read_pack(data, file.name)
    chosen = manifest if manifest is not None else _manifest_beside(file)
    complaints = _differences(book, data, _read_manifest(chosen)) if chosen is not None else []
    contents = {path: text.encode() for path, text in book.files.items()}
    contents.setdefault(SETTINGS_FILE, settings_toml(book, file.name).encode())
    write_new_folder(out, contents)
    return UnpackResult(len(book.files), chosen, complaints)


def _manifest_beside(file: Path) -> Path | None:
    beside = file.parent / "manifest.json"
    try:
        named = json.loads(beside.read_text("utf-8")).get("file")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return beside if named == file.name else None


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text("utf-8"))
        if isinstance(manifest["chapters"], list) and all(
            isinstance(c["path"], str) and isinstance(c["sha256"], str)
            for c in manifest["chapters"]
        ):
            return dict(manifest)
    except OSError as error:
        raise WorldError(f"Cannot read {path}: {error.strerror or error}.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise WorldError(f"{path} is not a manifest of a packed edition.")


def _differences(book: UnpackedBook, data: bytes, manifest: dict[str, Any]) -> list[str]:
    found = []
    listed = {chapter["path"]: chapter for chapter in manifest["chapters"]}
    for path, chapter in listed.items():
        if path not in book.files:
            found.append(f"{path}: in the manifest and not in the pack.")
        elif sha256(book.files[path].encode()).hexdigest() != chapter["sha256"]:
            found.append(f"{path}: its text is not the one that the manifest describes.")
    found += (
        f"{path}: in the pack and not in the manifest." for path in book.files if path not in listed
    )
    if not found and list(listed) != list(book.files):
        found.append("The chapters stand in another order than the manifest says.")
    whole = manifest.get("sha256")
    if not found and whole and sha256(data).hexdigest() != whole:
        found.append("The chapters are right, but the pack around them was changed.")
    return found
