"""How a book's convention is found, named and told, over all conventions that there are."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from bookpack.errors import SettingsError
from bookpack.read.layouts.registry import layouts
from conftest import write_files

INDEX = "# Welcome\n\nText.\n"
# For each convention the smallest book that its own tool would build.
BOOKS: dict[str, dict[str, str]] = {
    "mdbook": {
        "book.toml": '[book]\ntitle = "B"\n',
        "src/SUMMARY.md": "# Summary\n\n- [Welcome](index.md)\n",
        "src/index.md": INDEX,
    },
    "gitbook": {
        ".gitbook.yaml": "root: ./\n",
        "SUMMARY.md": "# Table of contents\n\n* [Welcome](README.md)\n",
        "README.md": INDEX,
    },
    "hugo": {
        "hugo.toml": 'title = "B"\nbaseURL = "https://example.com/"\n',
        "content/index.md": f"---\ntitle: Welcome\n---\n{INDEX}",
    },
    "docusaurus": {
        "docusaurus.config.js": "export default { title: 'B', url: 'https://example.com' };\n",
        "docs/index.md": INDEX,
    },
    "jupyterbook": {
        "_config.yml": "title: B\n",
        "_toc.yml": "format: jb-book\nroot: index\n",
        "index.md": INDEX,
    },
    "sphinx": {
        "conf.py": "project = 'B'\nextensions = ['myst_parser']\n",
        "index.md": INDEX,
    },
    "mkdocs": {"mkdocs.yml": "site_name: B\n", "docs/index.md": INDEX},
    "jekyll": {
        "_config.yml": "title: B\ncollections:\n  chapters:\n    output: true\n",
        "_chapters/index.md": f"---\ntitle: Welcome\n---\n{INDEX}",
    },
    "bookdown": {
        "_bookdown.yml": "book_filename: b\n",
        "index.Rmd": "---\ntitle: B\nsite: bookdown::bookdown_site\n---\n\n# Welcome\n\nText.\n",
    },
    "quarto": {
        "_quarto.yml": "project:\n  type: book\nbook:\n  title: B\n  chapters: [index.qmd]\n",
        "index.qmd": INDEX,
    },
    "mystmd": {
        "myst.yml": "version: 1\nproject:\n  title: B\n  toc:\n    - file: index.md\n",
        "index.md": INDEX,
    },
    "native": {"chapters/index.md": INDEX},
}
FOREIGN = [name for name in layouts() if name != "native" and name in BOOKS]
URL = ("--url", "https://example.com")


def run(book: Path, *arguments: str) -> str:
    """Run the command line on `book` and return what it printed."""
    result = CliRunner().invoke(cli, [arguments[0], str(book), *URL, *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1), result.output
    return result.stdout


def layout(book: Path, *arguments: str) -> str:
    """Return what a build says of the book's convention."""
    output = run(book, "build", *arguments)
    row = next(line for line in output.splitlines() if line.startswith("layout"))
    return row.removeprefix("layout").strip()


def conflicts(book: Path) -> list[str]:
    found = json.loads(run(book, "check", "--format", "json"))
    return [f["message"] for f in found if f["name"] == "conflicting-conventions"]


def test_every_convention_has_a_book_here():
    assert set(layouts()) <= set(BOOKS)


@pytest.mark.parametrize("name", FOREIGN)
def test_each_convention_is_recognised_and_the_reason_told(tmp_path, name):
    book = write_files(tmp_path, BOOKS[name])
    chosen, _, reason = layout(book).partition(" ")
    assert chosen == name
    assert any(file.rpartition("/")[2] in reason for file in BOOKS[name]), reason
    assert conflicts(book) == []


def test_a_plain_folder_is_bookpacks_own(tmp_path):
    book = write_files(tmp_path, BOOKS["native"])
    assert layout(book) == "native (Markdown files in chapters)"
    assert conflicts(book) == []


@pytest.mark.parametrize("name", FOREIGN)
def test_the_settings_may_name_a_convention(tmp_path, name):
    files = {"bookpack.toml": f'[layout]\nconvention = "{name}"\n', **BOOKS[name]}
    # Another tool's settings lie there as well, and nobody asks for them.
    other = BOOKS["mkdocs" if name != "mkdocs" else "mdbook"]
    book = write_files(tmp_path, {**other, **files})
    assert layout(book) == f"{name} (named in the settings)"
    assert conflicts(book) == []


@pytest.mark.parametrize("name", FOREIGN)
def test_the_settings_may_insist_on_bookpacks_own(tmp_path, name):
    files = {"bookpack.toml": '[layout]\nconvention = "native"\n', **BOOKS["native"]}
    book = write_files(tmp_path, {**files, **BOOKS[name]})
    assert layout(book) == "native (named in the settings)"


def test_settings_that_say_where_chapters_lie_are_stronger_than_any_file(tmp_path):
    files = {"bookpack.toml": '[layout]\nsource = "docs"\n', **BOOKS["mkdocs"]}
    book = write_files(tmp_path, files)
    assert layout(book) == "native (the settings say where chapters lie)"


def test_a_convention_that_nobody_knows_is_an_error_of_the_settings(tmp_path):
    files = {"bookpack.toml": '[layout]\nconvention = "mkdoc"\n', **BOOKS["native"]}
    with pytest.raises(SettingsError, match=r"convention.*mkdocs"):
        run(write_files(tmp_path, files), "build")


@pytest.mark.parametrize("name", [name for name in FOREIGN if name != "mkdocs"])
def test_settings_of_two_conventions_at_once_are_reported(tmp_path, name):
    book = write_files(tmp_path, {**BOOKS[name], **BOOKS["mkdocs"]})
    found = conflicts(book)
    assert len(found) == 1
    chosen = layout(book).partition(" ")[0]
    first, _, others = found[0].partition(";")
    assert first.startswith(f"{chosen} (")
    assert {chosen} | {n for n in (name, "mkdocs") if f" {n} (" in others} == {name, "mkdocs"}


# GitHub's alerts are plain Markdown in every convention.

ALERTS = (
    "> [!NOTE]\n> Useful, with a [link](#welcome).\n\n> [!TIP]\n> One\n>\n> two.\n\n"
    "> [!IMPORTANT]\n> - a\n> - b\n\n> [!WARNING]\n> ```\n> code\n> ```\n\n"
    "> [!CAUTION]\n> Careful.\n"
)


@pytest.mark.parametrize("name", ["native", *FOREIGN])
def test_alerts_stay_as_they_are(tmp_path, name):
    files = {
        path: text.replace("Text.\n", f"Text.\n\n{ALERTS}") for path, text in BOOKS[name].items()
    }
    book = write_files(tmp_path, files)
    run(book, "build", "--only", "pack", "--quiet", "--style", "json")
    packed = json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]
    body = next(text for text in packed.values() if "[!NOTE]" in text)
    start, end = body.index("> [!NOTE]"), body.index("> Careful.")
    address = body.partition("url: ")[2].partition("\n")[0]
    assert body[start:end] + "> Careful.\n" == ALERTS.replace("#welcome", f"{address}#welcome")
    found = json.loads(run(book, "check", "--format", "json"))
    assert [f["name"] for f in found if f["name"].startswith(("undefined", "untranslated"))] == []
