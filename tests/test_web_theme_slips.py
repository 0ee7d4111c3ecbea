"""Slips in a theme: what would have no effect is an error that says what was meant."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bookpack import pipeline
from bookpack.config import load_settings
from bookpack.errors import SettingsError
from conftest import ROOT, SETTINGS, write_files

MakeBook = Callable[..., Path]
FOOTER = '{% extends "bookpack/base.html" %}\n{% block footer %}Baked.{% endblock %}\n'


def complaint(book: Path) -> str:
    """Return what a build says of the theme, empty if nothing is wrong."""
    try:
        pipeline.build(load_settings(book), book / "build", only="site")
    except SettingsError as error:
        return str(error)
    return ""


def test_templates_know_the_names_that_the_handbook_lists(make_book: MakeBook) -> None:
    handbook = (ROOT / "chapters" / "12-web-edition.md").read_text("utf-8")
    table = handbook.partition("| name | what it is | where |\n")[2].partition("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[1:]]
    names = {
        page: [
            name
            for row in rows
            for name in re.findall(r"`(\w+)`", row[0])
            if page in row[-1] or "everywhere" in row[-1]
        ]
        for page in ("404.html", "chapter.html", "contents.html", "cover.html", "print.html")
    }
    assert len(names["chapter.html"]) >= 20
    block = "{{% block main %}}{}{{% endblock %}}"
    book = make_book({"a/one.md": "# One\n", "b/two.md": "# Two\n"})
    for page, listed in names.items():
        used = "".join(f"{{% set x = {name} %}}" for name in listed)
        text = f'{{% extends "bookpack/{page}" %}}{block.format(used)}'
        write_files(book, {f"theme/{page}": text})
    assert complaint(book) == ""


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    return make_book({"one.md": "# One\n"})


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "base.html",
            FOOTER.replace("footer", "foter"),
            "theme/base.html, line 2: bookpack/base.html has no block foter. Did you mean footer?",
        ),
        (
            "chapter.html",
            '{% extends "bookpack/chapter.html" %}{% block after_txt %}{% endblock %}',
            "theme/chapter.html, line 1: bookpack/chapter.html has no block after_txt. "
            "Did you mean after_text?",
        ),
        (
            "chapters.html",
            FOOTER,
            "theme/chapters.html: there is no template of this name, and none includes it. "
            "Did you mean chapter.html?",
        ),
        (
            "base.html",
            " \n",
            "theme/base.html is empty, so pages would be, too. Delete it to have bookpack's own "
            "template.",
        ),
        (
            "base.html",
            FOOTER.encode("utf-16"),
            "theme/base.html is not written in UTF-8. Save it in that encoding.",
        ),
        (
            "base.html",
            FOOTER.encode("utf-16-le"),
            "theme/base.html is not written in UTF-8. Save it in that encoding.",
        ),
        (
            "variables.css",
            ":root { --acent: red; }",
            "theme/variables.css: nothing uses the variable --acent. Did you mean --accent?",
        ),
    ],
)
def test_a_slip_is_named(file: str, text: str | bytes, said: str, book: Path) -> None:
    write_files(book, {f"theme/{file}": text})
    assert complaint(book) == said


def test_a_name_that_is_like_no_other_is_told_what_there_is(book: Path) -> None:
    write_files(book, {"theme/xyz.html": "x"})
    assert complaint(book).endswith(
        "Known are: 404.html, base.html, chapter.html, contents.html, contents_list.html, "
        "cover.html, hero.html, icons.html, print.html, redirect.html."
    )


@pytest.mark.parametrize(
    "files",
    [
        {"base.html": FOOTER, "chapter.html": FOOTER.replace("base", "chapter")},
        # A block inside of a replaced one, and one that the theme's own base brings along.
        {
            "base.html": FOOTER.replace("Baked.", "{% block maker %}Baked.{% endblock %}"),
            "cover.html": '{% extends "bookpack/cover.html" %}{% block maker %}{% endblock %}',
        },
        {"404.html": '{% include "shop.html" %}', "shop.html": "Buy it."},
        {"404.html": '{% include ["sh" ~ "op.html"] %}', "shop.html": "Buy it."},
        {"hero.html": ""},
        {"base.html": "\ufeff" + FOOTER},
        {"404.html": "{% block own %}A page of one's own.{% endblock %}"},
        # Variables of the author's own: used in the sheet itself, or in another file.
        {"variables.css": ":root { --acent: red; --accent: var(--acent); --loaf: brown; }"},
        {"variables.css": ":root { --acent: red; }", "more.css": "b { color: var(--acent) }"},
        {"variables.css": ":root { /* --acent: red; */ }"},
    ],
)
def test_what_was_meant_so_is_none(files: dict[str, str], book: Path) -> None:
    write_files(book, {f"theme/{name}": text for name, text in files.items()})
    assert complaint(book) == ""


def test_a_folder_that_is_not_there_is_named(make_book: MakeBook) -> None:
    book = make_book({"one.md": "# One\n"}, SETTINGS + '[site]\ntheme = "nope"\n')
    assert complaint(book) == "There is no folder nope, which [site] theme names."
    write_files(book, {"nope": "a file"})
    assert complaint(book) == "[site] theme must name a folder; nope is a file."
    (book / "nope").unlink()
    (book / "nope").mkdir()
    assert complaint(book) == ""
