"""Faults that readers of the first packs found, each as the smallest book that shows it."""

import pytest

from bookpack.config import load_settings
from bookpack.editions.unpack import read_pack
from bookpack.errors import SettingsError, WorldError


def pack_of(make_book, bookpack, text, **others):
    book = make_book({"a.md": text, **others})
    bookpack("build", book)
    return (book / "build" / "book-packed.md").read_text("utf-8")


def test_nothing_is_taken_out_of_preformatted_html(make_book, bookpack):
    example = "<pre>\na  <span>b</span>   <p>c</p>\n<!-- kept -->\n</pre>\n"
    assert example in pack_of(make_book, bookpack, f"# A\n\n{example}")


def test_media_have_full_addresses(make_book, bookpack):
    text = (
        '# A\n\n<video src="v.mp4" poster="p.png"></video>\n\n<iframe src="demo.html"></iframe>\n'
    )
    pack = pack_of(make_book, bookpack, text)
    assert 'src="https://example.com/v.mp4" poster="https://example.com/p.png"' in pack
    assert 'src="demo.html"' not in pack


def test_a_pack_plants_no_repository():
    data = b"# Files\n\n## File: .git/config\n```\n[core]\n```\n"
    with pytest.raises(WorldError, match="Nothing was written"):
        read_pack(data, "pack")


@pytest.mark.parametrize("url", ["https://example.com/?x=1", "https://example.com/#y"])
def test_an_address_with_query_or_fragment_is_no_base(tmp_path, url):
    with pytest.raises(SettingsError, match="no query and no fragment"):
        load_settings(tmp_path, url=url)


def test_the_usual_port_and_a_user_name_make_no_other_site(make_book, bookpack):
    text = "# A\n\n[b](https://example.com:443/b/) [c](https://me@example.com/b/)\n"
    pack = pack_of(make_book, bookpack, text, **{"b.md": "# B\n\nText.\n"})
    assert "[b](https://example.com/b/) [c](https://example.com/b/)" in pack


def test_copies_in_japanese_are_found(make_book, bookpack):
    text = "".join(f"これは{n}番目のとても長い文です。" for n in range(40))
    book = make_book({"a.md": f"# 一\n\n{text}\n", "b.md": f"# 二\n\n{text}\n"})
    assert "near-duplicate-chapter" in bookpack("check", book).stdout


@pytest.mark.parametrize(
    "text", ["The date is TBD.", "(TODO add a link)", "Done. TODO write more."]
)
def test_notices_inside_a_line_are_found(make_book, bookpack, text):
    assert "draft-notice" in bookpack("check", make_book({"a.md": f"# A\n\n{text}\n"})).stdout


def test_findings_for_github_send_no_controls_to_the_log(make_book, bookpack):
    book = make_book({"a.md": "# A\n\n[x](y\x1b]0;z\x07.md)\n\n[x](<y\x9b.md>)\n"})
    out = bookpack("check", book, "--format", "github").stdout
    assert out
    assert not any(character in out for character in "\x1b\x07\x9b")


def test_the_index_of_the_book_comes_first_and_names_no_part(make_book, bookpack):
    book = make_book(
        {
            "README.md": "# My Book\n",
            "a/index.md": "---\nweight: 1\n---\n\n# Part\n",
            "b.md": "# B\n",
        }
    )
    bookpack("build", book)
    pack = (book / "build" / "book-packed.md").read_text("utf-8")
    assert "| 1 |  | My Book |" in pack
    assert "| My Book | B |" not in pack
