"""Sphinx with chapters in Markdown: `conf.py` is read and never run, toctrees are the order."""

import pytest

from bookpack.read.layouts.sphinx import read_conf
from conftest import write_files
from test_layout_jupyterbook import chapters, findings, manifest, pages, run

CONF = """\
import os
raise SystemExit("conf.py must never be run")
project = "A Book"
author: str = "Grower"
language = "de"
release = os.environ["RELEASE"]
extensions = ["myst_parser"]
html_baseurl = "https://example.com/en/"
exclude_patterns = ["_drafts"]
"""
INDEX = """\
# Start

```{toctree}
:caption: Part One
:maxdepth: 2
:hidden:

a
Another title <guide/index>
https://example.org
self
```

:::{toctree}
:caption: Part Two
:glob:

more/*
:::
"""
GUIDE = "# Guide\n\n````{note}\n```{toctree}\nx\n/y\n```\n````\n"


def book(folder, **files):
    return write_files(folder, {"conf.py": CONF, **files})


def test_toctrees_are_followed_depth_first(tmp_path):
    listed = pages("a.md", "guide/x.md", "y.md", "more/1.md", "more/2.md", "_drafts/z.md")
    folder = book(tmp_path, **{"index.md": INDEX, "guide/index.md": GUIDE, **listed})
    assert chapters(folder) == [
        ("", "index.md", "/index.html"),
        ("Part One", "a.md", "/a.html"),
        ("Part One", "guide/index.md", "/guide/index.html"),
        ("Part One", "guide/x.md", "/guide/x.html"),
        ("Part One", "y.md", "/y.html"),
        ("Part Two", "more/1.md", "/more/1.html"),
        ("Part Two", "more/2.md", "/more/2.html"),
    ]
    assert findings(folder) == []
    assert "toctree" not in (folder / "build/book-packed.md").read_text()


def test_the_settings_of_the_book(tmp_path):
    found = manifest(book(tmp_path, **{"index.md": "# Start\n\nText.\n"}))
    assert [found[key] for key in ("title", "authors", "language", "url", "edition")] == [
        "A Book", ["Grower"], "de", "https://example.com/en", "",
    ]  # fmt: skip


def test_an_index_in_restructuredtext_is_followed_and_reported(tmp_path):
    index = "Start\n=====\n\n.. toctree::\n   :caption: Part\n\n   a\n   B <b>\n\nText.\n"
    files = {"index.rst": index, "b.rst": "B\n=\n", **pages("a.md", "c.md")}
    write_files(tmp_path, {"docs/source/conf.py": CONF})
    write_files(tmp_path, {f"docs/source/{path}": text for path, text in files.items()})
    assert chapters(tmp_path) == [("Part", "a.md", "/a.html")]
    assert findings(tmp_path) == [
        ("unlisted-chapter", "docs/source/c.md", 1,
         "c.md is not in a toctree of docs/source/index, so it is left out."),
        ("missing-chapter", "docs/source/conf.py", 1,
         "index.rst is reStructuredText, which is not read yet: its text is not packed."),
        ("missing-chapter", "docs/source/index.rst", 8,
         "b.rst is reStructuredText, which is not read yet: its text is not packed."),
    ]  # fmt: skip


def test_a_toctree_that_names_nothing_or_itself(tmp_path):
    index = "# Start\n\n```{toctree}\ngone\na\n```\n"
    page = "# A\n\n```{toctree}\nindex\n```\n"
    folder = book(tmp_path, **{"index.md": index, "a.md": page})
    assert [path for _, path, _ in chapters(folder)] == ["index.md", "a.md"]
    assert [(name, path, line) for name, path, line, _ in findings(folder)] == [
        ("missing-chapter", "index.md", 4),
        ("repeated-chapter", "a.md", 4),
    ]


def test_a_toctree_in_code_is_an_example(tmp_path):
    index = "# Start\n\n````md\n```{toctree}\ngone\n```\n````\n"
    folder = book(tmp_path, **{"index.md": index})
    assert findings(folder) == []
    assert (
        "{toctree}\ngone"
        in (
            run(folder, "build"),
            (folder / "build/book-packed.md").read_text(),
        )[1]
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a = 'x'", {"a": "x"}),
        ("a = b = ['x']", {"a": ["x"], "b": ["x"]}),
        ("a = 'x'\na = f()", {}),
        ("a = 'x' +", {}),
        ("(" * 5000, {}),
        ("a, b = 1, 2", {}),
        ("if True:\n    a = 1", {}),
    ],
)
def test_only_literals_are_known(text, values):
    assert read_conf(text) == values
