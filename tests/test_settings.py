"""`bookpack.toml`: every key, every wrong value, and a message with file, line and nearest name."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookpack.config import Settings, load_settings
from bookpack.errors import SettingsError
from bookpack.model import BookMeta
from conftest import BASE, SETTINGS, write_files

MakeBook = Callable[..., Path]
Run = Callable[..., Any]

EVERYTHING = f"""\
[book]
title = "A Book"
url = "{BASE}/book/"
authors = ["One Author", "Another"]
language = "de"
edition = 2
date = 2026-01-31
summary = "About it."
rights = "Do what you like."

[layout]
convention = "native"
source = "text"
exclude = ["notes/*"]
url-style = "{{base}}/{{path}}.html"
drafts = true
math = false

[[part]]
title = "First"
chapters = ["a.md"]

[[part]]
chapters = ["b.md", "c.md"]

[lint]
select = ["BP", "draft-notice"]
ignore = "BP401"
fail-on = "warning"
draft-phrases = ["not yet"]
per-file-ignores = {{ "a.md" = ["BP3"] }}

[pack]
style = "xml"
file = "my-book"
section-urls = false
publish = false
notes = ["A note."]
"""


def load(folder: Path, **options: Any) -> Settings:
    return load_settings(folder, **options)


def complaint(folder: Path, settings: str = "", **options: Any) -> str:
    """Return what is said about these settings, which must be refused."""
    if settings:
        write_files(folder, {"bookpack.toml": settings})
    with pytest.raises(SettingsError) as caught:
        load_settings(folder, **options)
    return str(caught.value)


class TestWhatIsRead:
    def test_every_key(self, tmp_path: Path) -> None:
        write_files(tmp_path, {"bookpack.toml": EVERYTHING})
        settings = load(tmp_path)
        assert settings.book.authors == ("One Author", "Another")
        assert (settings.book.edition, settings.book.date) == ("2", "2026-01-31")
        assert settings.base_url == f"{BASE}/book"
        assert settings.layout.source == "text"
        assert settings.layout.exclude == ("notes/*",)
        assert (settings.layout.drafts, settings.layout.math) == (True, False)
        assert [(part.title, part.chapters) for part in settings.part] == [
            ("First", ("a.md",)),
            ("", ("b.md", "c.md")),
        ]
        assert settings.lint.ignore == ("BP401",)
        assert settings.lint.fail_on == "warning"
        assert settings.lint.per_file_ignores == {"a.md": ("BP3",)}
        assert (settings.pack.style, settings.pack.file) == ("xml", "my-book")
        assert settings.pack.section_urls is False

    def test_the_example_sets_every_key_there_is(self, tmp_path: Path) -> None:
        write_files(tmp_path, {"bookpack.toml": EVERYTHING})
        settings = load(tmp_path)
        for table in (settings.book, settings.layout, settings.lint, settings.pack):
            untouched = {
                field.name
                for field in dataclasses.fields(table)
                if getattr(table, field.name) == getattr(type(table)(), field.name)
            }
            assert untouched <= {"chapters"}

    def test_settings_are_frozen(self, tmp_path: Path) -> None:
        settings = load(tmp_path, url=BASE)
        with pytest.raises(dataclasses.FrozenInstanceError):
            settings.book.title = "x"  # type: ignore[misc]

    def test_without_a_file_an_address_is_enough(self, tmp_path: Path) -> None:
        settings = load(tmp_path, url=BASE)
        assert settings.file is None
        assert settings.base_url == BASE
        assert settings.with_convention(BookMeta()).book.title == tmp_path.name

    def test_a_byte_order_mark_and_windows_line_ends(self, tmp_path: Path) -> None:
        text = "\ufeff" + SETTINGS.replace("\n", "\r\n")
        write_files(tmp_path, {"bookpack.toml": text.encode()})
        assert load(tmp_path).book.title == "A Book"

    def test_what_the_author_sets_wins_over_the_convention(self, tmp_path: Path) -> None:
        write_files(tmp_path, {"bookpack.toml": SETTINGS})
        convention = BookMeta(title="Other", url="https://other.example/", summary="Of it.")
        book = load(tmp_path).with_convention(convention).book
        assert (book.title, book.url, book.summary) == ("A Book", BASE, "Of it.")
        assert book.language == "en"

    @pytest.mark.parametrize("end", ["", "/", "//"])
    def test_the_address_has_no_slash_at_the_end(self, end: str, tmp_path: Path) -> None:
        assert load(tmp_path, url=f"{BASE}/x{end}").base_url == f"{BASE}/x"

    def test_another_file(self, tmp_path: Path) -> None:
        write_files(tmp_path, {"bookpack.toml": SETTINGS, "other.toml": EVERYTHING})
        assert load(tmp_path, file=tmp_path / "other.toml").pack.file == "my-book"


class TestOverrides:
    @pytest.mark.parametrize(
        ("override", "table", "key", "value"),
        [
            ("pack.style=xml", "pack", "style", "xml"),
            ('pack.style="xml"', "pack", "style", "xml"),
            ("pack.section-urls=false", "pack", "section_urls", False),
            ("book.edition=2", "book", "edition", "2"),
            ("book.title=Two Words = One", "book", "title", "Two Words = One"),
            ('layout.exclude=["a", "b"]', "layout", "exclude", ("a", "b")),
            ("layout.exclude=a", "layout", "exclude", ("a",)),
            ("book.title=", "book", "title", ""),
        ],
    )
    def test_win_over_the_file(
        self, override: str, table: str, key: str, value: Any, tmp_path: Path
    ) -> None:
        write_files(tmp_path, {"bookpack.toml": EVERYTHING})
        settings = load(tmp_path, overrides=(override,))
        assert getattr(getattr(settings, table), key) == value

    def test_the_last_one_counts(self, tmp_path: Path) -> None:
        settings = load(tmp_path, url=BASE, overrides=("pack.style=xml", "pack.style=json"))
        assert settings.pack.style == "json"

    @pytest.mark.parametrize(
        "override", ["", "x", "=", "pack", "pack.style", "pack=xml", ".=", "pack.=x", ".style=xml"]
    )
    def test_of_another_form_are_refused(self, override: str, tmp_path: Path) -> None:
        said = complaint(tmp_path, url=BASE, overrides=(override,))
        assert "TABLE.KEY=VALUE" in said
        assert "for example" in said

    def test_of_a_list_of_tables_are_refused(self, tmp_path: Path) -> None:
        said = complaint(tmp_path, EVERYTHING, overrides=("part.title=x",))
        assert "part" in said

    @pytest.mark.parametrize(
        "override", ["pack.style=zzz", "pack.stile=xml", "layout.drafts=maybe", "pakc.style=xml"]
    )
    def test_that_are_wrong_are_not_blamed_on_the_file(self, override: str, tmp_path: Path) -> None:
        said = complaint(tmp_path, SETTINGS, overrides=(override,))
        assert "bookpack.toml" not in said
        assert "--set" in said or "command line" in said

    def test_an_address_that_is_wrong_is_not_blamed_on_the_file(self, tmp_path: Path) -> None:
        said = complaint(tmp_path, SETTINGS, url="ftp://example.com")
        assert "bookpack.toml:" not in said
        assert "ftp://example.com" in said


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("line", "place", "words"),
        [
            ("[pack]\nstlye = 'xml'", 5, "stlye is not a known setting. Did you mean style?"),
            ("[pack]\nsection_urls = true", 5, "Did you mean section-urls?"),
            ("[layout]\nurlstyle = 'x'", 5, "Did you mean url-style?"),
            ("[lint]\nfailon = 'never'", 5, "Did you mean fail-on?"),
            ("[lint]\nfail_on = 'never'", 5, "Did you mean fail-on?"),
            ("[book.more]\nx = 1", 4, "more is not a known setting"),
            ("[pakc]\nstyle = 'xml'", 4, "pakc is not a known table. Did you mean pack?"),
            ("[shop]\nx = 1", 4, "shop is not a known table."),
            ("[[pack]]\nstyle = 'xml'", 4, "pack must be a table"),
            ("[part]\ntitle = 'x'", 4, "part must be written as [[part]] tables"),
            ("[[part]]\nchapter = ['a.md']", 5, "Did you mean chapters?"),
            ("[pack]\nstyle = ['xml']", 5, "style must be a string"),
            ("[pack]\nsection-urls = 'yes'", 5, "section-urls must be true or false"),
            ("[pack]\nsection-urls = 1", 5, "section-urls must be true or false"),
            ("[pack]\nnotes = [1]", 5, "notes must be a list of strings"),
            ("[pack]\nnotes = {a = 1}", 5, "notes must be a list of strings"),
            ("[pack]\nstyle = 'html'", 5, "style must be one of markdown, xml, plain, json"),
            ("[pack]\nfile = 'a/b'", 5, "file must be a plain file name"),
            ("[pack]\nfile = ''", 5, "file must be a plain file name"),
            ("[pack]\nfile = '.hidden'", 5, "file must be a plain file name"),
            ("[pack]\nfile = 'a\\b'", 5, "file must be a plain file name"),
            ("[lint]\nfail-on = 'always'", 5, "fail-on must be one of error, warning, info, never"),
            ("[lint]\nignore = ['XX1']", 5, "ignore names 'XX1'"),
            ("[lint]\nselect = ['broken-lnk']", 5, "select names 'broken-lnk'"),
            ("[lint]\nselect = ['']", 5, "select names ''"),
            ("[lint]\nper-file-ignores = {'a.md' = ['XX']}", 5, "per-file-ignores names 'XX'"),
            ("[lint]\nper-file-ignores = ['a.md']", 5, "per-file-ignores must be a table of lists"),
            ("[lint.per-file-ignores]\n'a.md' = 7", 4, "must be a list of strings"),
            ("[layout]\nurl-style = '{base}/{name}/'", 5, "{slug}"),
            ("[layout]\nurl-style = '{base}/'", 5, "url-style must hold {slug} or {path}"),
            ("[layout]\nsource = '../x'", 5, "source must stay inside the book's folder"),
            ("[layout]\nsource = '/'", 5, "source must stay inside the book's folder"),
            ("[layout]\nsource = '..\\x'", 5, "source must stay inside the book's folder"),
            ("[pack]\nfile = '/x'", 5, "file must be a plain file name"),
            ("[pack]\nfile = '..'", 5, "file must be a plain file name"),
            ("[layout]\nchapters = ['/x.md']", 5, "chapters must stay inside the book's folder"),
        ],
    )
    def test_with_file_line_and_advice(
        self, line: str, place: int, words: str, tmp_path: Path
    ) -> None:
        said = complaint(tmp_path, f"{SETTINGS}{line}\n")
        assert words in said
        assert said.startswith(f"bookpack.toml:{place}: ")

    def test_a_chapter_of_a_part_outside_the_book(self, tmp_path: Path) -> None:
        said = complaint(tmp_path, f"{SETTINGS}[[part]]\nchapters = ['../x.md']\n")
        assert "bookpack.toml:5: [part] chapters must stay inside" in said

    def test_the_line_of_a_key_that_other_tables_have_too(self, tmp_path: Path) -> None:
        text = f"[[part]]\ntitle = 'x'\n# title = 7\n[book]\nurl = '{BASE}'\ntitle = []\n"
        assert complaint(tmp_path, text).startswith("bookpack.toml:6: [book] title must be")

    @pytest.mark.parametrize("mark", [".", "?", "!", "'"])
    def test_a_message_ends_as_a_sentence_does(self, mark: str, tmp_path: Path) -> None:
        for line in ("[pakc]\nx = 1", "[pack]\nstlye = 1", "[pack]\nstyle = 'x'"):
            assert not complaint(tmp_path, f"{SETTINGS}{line}\n").endswith(f"{mark}.")

    @pytest.mark.parametrize(
        "url",
        [
            "example.com",
            "ftp://example.com",
            "https://",
            "http:///x",
            "https://a b",
            "https://[",
            "//x",
            "https://example.com/a\nb",
            "javascript:alert(1)",
            "https:example.com",
        ],
    )
    def test_an_address_that_is_none(self, url: str, tmp_path: Path) -> None:
        said = complaint(tmp_path, f"[book]\ntitle = 'x'\nurl = {url!r}\n".replace("'", '"'))
        assert said.startswith("bookpack.toml:3: [book] url must be an http or https address")

    def test_no_address_at_all(self, tmp_path: Path) -> None:
        write_files(tmp_path, {"bookpack.toml": "[book]\ntitle = 'x'\n"})
        settings = load(tmp_path)
        with pytest.raises(SettingsError, match=r"base URL.*--url"):
            settings.with_convention(BookMeta())
        assert settings.with_convention(BookMeta(url=BASE)).base_url == BASE

    def test_a_title_of_two_lines(self, tmp_path: Path) -> None:
        assert "[book] title must be one line" in complaint(
            tmp_path, f'[book]\ntitle = "a\\nb"\nurl = "{BASE}"\n'
        )

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (b"[book\n", "line 1"),
            (b"[book]\ntitle = \n", "line 2"),
            (b"[book]\ntitle = 'a'\ntitle = 'b'\n", "line 3"),
            (b"[book]\n[book]\n", "line 2"),
            (b"\xff\xfe[book]\n", "UTF-8"),
            (b"a = " + b"[" * 100_000, "nested"),
            (b"[book]\ntitle = '\0'\n", "line 2"),
        ],
    )
    def test_what_is_no_toml(self, text: bytes, words: str, tmp_path: Path) -> None:
        write_files(tmp_path, {"bookpack.toml": text})
        said = complaint(tmp_path)
        assert "bookpack.toml" in said
        assert words.lower() in said.lower()

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        said = complaint(tmp_path, file=tmp_path / "nowhere.toml")
        assert "no settings file" in said
        assert "nowhere.toml" in said


class TestOnTheCommandLine:
    def test_a_refusal_is_one_message_and_status_2(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"a.md": "# A\n\nText.\n"}, settings=SETTINGS + "[pakc]\nx = 1\n")
        for command in ("build", "check"):
            result = bookpack(command, book)
            assert result.returncode == 2
            assert result.stdout == ""
            assert result.stderr.startswith("bookpack: bookpack.toml:4: pakc is not a known table")
            assert result.stderr.count("\n") == 1
        assert not (book / "build").exists()

    def test_options_win_over_the_file(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"a.md": "# A\n\nText.\n"})
        write_files(book, {"other.toml": "[book]\ntitle = 'Other'\n[pack]\nfile = 'other'\n"})
        result = bookpack(
            "build",
            book,
            "--config",
            book / "other.toml",
            "--url",
            "https://other.example",
            "--set",
            "book.edition=7",
            "--style",
            "xml",
            "--quiet",
        )
        assert (result.returncode, result.stderr) == (0, "")
        pack = (book / "build" / "other.xml").read_text("utf-8")
        assert 'LLM edition of "Other"' in pack
        assert "https://other.example/a/" in pack
        assert "Edition: 7" in pack


@pytest.mark.parametrize("language", ["klingonese", "5", "e", "en US"])
def test_a_language_is_a_tag(tmp_path: Path, language: str) -> None:
    (tmp_path / "bookpack.toml").write_text(
        f'[book]\nurl = "https://example.com"\nlanguage = "{language}"\n', "utf-8"
    )
    wanted = (
        "bookpack.toml:3: [book] language must be a language tag such as en or pt-BR, "
        f"not '{language}'."
    )
    with pytest.raises(SettingsError, match=re.escape(wanted)):
        load_settings(tmp_path)


def test_what_a_tool_calls_a_language_and_is_no_tag_is_english(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, url="https://example.com")
    assert settings.with_convention(BookMeta(language="our own")).book.language == "en"
    assert settings.with_convention(BookMeta(language="pt_BR")).book.language == "pt_BR"


def test_set_reaches_into_tables_of_tables(tmp_path: Path) -> None:
    def words(*overrides: str) -> Any:
        return load_settings(tmp_path, url=BASE, overrides=overrides).site.words

    assert words("site.words.search=Suche", "site.words.tip=Rat") == {
        "search": "Suche",
        "tip": "Rat",
    }
    wanted = "--set site.words.nope: [site.words] nope is not a known setting. Did you mean note?"
    with pytest.raises(SettingsError, match=re.escape(wanted)):
        words("site.words.nope=x")
