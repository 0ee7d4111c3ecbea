"""Addresses and files of the site: a page lies where its address leads, from wherever one comes."""

from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.editions.web.addresses import is_dangerous, path_of, relative, spoken
from bookpack.editions.web.site import direction_of

BASE = "https://example.com/book"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (BASE, "index.html"),
        (f"{BASE}/", "index.html"),
        (f"{BASE}/index.html", "index.html"),
        (f"{BASE}/flour/", "flour/index.html"),
        (f"{BASE}/flour", "flour/index.html"),
        (f"{BASE}/part/flour.html", "part/flour.html"),
        (f"{BASE}/part/flour.htm", "part/flour.htm"),
        (f"{BASE}/v1.2/", "v1.2/index.html"),
        (f"{BASE}/%E3%82%92/", "を/index.html"),
        (f"{BASE}/を/", "を/index.html"),
        ("https://EXAMPLE.com/book/flour/", "flour/index.html"),
        ("https://example.com/other/", None),
        ("https://example.com/bookshop/", None),
        ("https://elsewhere.org/book/flour/", None),
        (f"{BASE}/?p=12", None),
        (f"{BASE}/_bookpack/", None),
        (f"{BASE}/../../etc/passwd", "etc/passwd/index.html"),
    ],
)
def test_a_page_lies_where_its_address_leads(url: str, path: str | None) -> None:
    assert path_of(url, BASE) == path


names = st.text("abcxyz.を:#? %", min_size=1, max_size=5).filter(lambda n: n.strip(". ") != "")
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(paths, paths, st.sampled_from(["", "/", "/book/", "/a/b/"]))
def test_a_relative_reference_leads_there_from_anywhere(page: str, target: str, root: str) -> None:
    here, there = f"{page}/index.html", f"{target}/index.html"
    site = f"https://example.com{root or '/'}"
    reached = urljoin(site + _quoted(spoken(here)), relative(here, there))
    assert unquote(reached) == site + spoken(there)


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("#", "%23").replace("?", "%3F").replace(" ", "%20")


@pytest.mark.parametrize(
    ("page", "target", "reference"),
    [
        ("a/index.html", "b/index.html", "../b/"),
        ("a/index.html", "a/index.html", "./"),
        ("a/b.html", "index.html", "../"),
        ("index.html", "a/x.png", "a/x.png"),
        ("x.html", "x.html", "x.html"),
        ("x.html", "a:b.html", "./a:b.html"),
    ],
)
def test_a_relative_reference_is_short(page: str, target: str, reference: str) -> None:
    assert relative(page, target) == reference


@pytest.mark.parametrize(
    ("target", "dangerous"),
    [
        ("javascript:alert(1)", True),
        ("JavaScript:alert(1)", True),
        (" java\nscript:alert(1)", True),
        ("\x01javascript:alert(1)", True),
        ("vbscript:x", True),
        ("data:text/html,<script>alert(1)</script>", True),
        ("https://example.com/javascript:x", False),
        ("javascript.html", False),
        ("mailto:miller@example.com", False),
        ("database/", False),
    ],
)
def test_what_would_run_a_script_is_known(target: str, dangerous: bool) -> None:
    assert is_dangerous(target) == dangerous


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        ("en", "ltr"),
        ("fa", "rtl"),
        ("ar-EG", "rtl"),
        ("he_IL", "rtl"),
        ("ur", "rtl"),
        ("az-Arab", "rtl"),
        ("ku-Latn", "ltr"),
        ("de-CH", "ltr"),
        ("arn", "ltr"),
    ],
)
def test_a_language_has_a_direction(language: str, direction: str) -> None:
    assert direction_of(language) == direction
