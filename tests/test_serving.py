"""`bookpack serve`: a real server on this machine, asked as a browser would ask it."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bookpack.config import load_settings
from bookpack.editions.web.indexer import find_indexer
from bookpack.serving import preview as made_in_memory
from bookpack.serving.server import PreviewServer
from bookpack.serving.watch import look_at
from browser import in_browser
from conftest import write_files

MakeBook = Callable[..., Path]
BOOK = {
    "1-dough.md": "# Dough\n\nFlour and water, then the [oven](2-oven.md).\n",
    "2-oven.md": "# Oven\n\nHot. See [nothing](3-nothing.md).\n\n![](oven.png)\n",
}
BELOW = '[book]\ntitle = "Bread"\nurl = "https://example.com/books/bread"\n'


class Preview:
    """A running `bookpack serve`: `get` asks it, `line` is the next line that it prints."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.url = self.line().split()[0]
        self.line()
        parts = urlsplit(self.url)
        assert parts.hostname == "127.0.0.1"
        self.port, self.base = parts.port, parts.path
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def get(
        self, path: str, method: str = "GET", host: str = ""
    ) -> tuple[int, dict[str, str], str]:
        headers = {"Host": host} if host else {}
        address = path if path.startswith("/") else self.base + path
        self.connection.request(method, address, headers=headers)
        answer = self.connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode("utf-8", "replace")

    def page(self, path: str) -> str:
        status, _, text = self.get(path)
        assert status == 200
        return text

    @contextmanager
    def events(self) -> Iterator[Callable[[], str]]:
        """Give a function that waits for the next event and returns its data."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", f"{self.base}_bookpack/preview/events")
        answer = connection.getresponse()

        def following() -> str:
            while True:
                line = answer.readline().decode()
                assert line, "the server ended the stream"
                if line.startswith("data: "):
                    return line.removeprefix("data: ").strip()

        yield following
        answer.close()
        connection.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Preview]]:
    started: list[Preview] = []

    def run(book: Path, *arguments: str) -> Preview:
        process = subprocess.Popen(
            [sys.executable, "-m", "bookpack", "serve", str(book), "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
        )
        started.append(Preview(process))
        return started[-1]

    yield run
    for preview in started:
        preview.connection.close()
        preview.process.kill()
        preview.process.wait()
        assert preview.process.stdout is not None
        preview.process.stdout.close()


class TestWaiting:
    """The address is there at once, and the book when it has been made."""

    def test_a_browser_that_comes_too_early_is_asked_to_wait(
        self, make_book: MakeBook, tmp_path: Path
    ) -> None:
        book = make_book(BOOK, BELOW)
        preview = made_in_memory.Preview(lambda: load_settings(book), book / "build")
        preview.find_address()
        server = PreviewServer(preview, 0)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            assert urlsplit(server.url).path == "/books/bread/"
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)

            def get(accept: str) -> tuple[int, str | None, str]:
                connection.request("GET", "/books/bread/2-oven/", headers={"Accept": accept})
                answer = connection.getresponse()
                return answer.status, answer.getheader("Retry-After"), answer.read().decode()

            status, again, page = get("text/html,*/*")
            assert (status, again) == (503, "1")
            assert "The book is being made." in page
            assert 'data-events="/books/bread/_bookpack/preview/events"' in page
            assert get("image/avif") == (503, "1", "")
            preview.refresh()
            status, again, page = get("text/html")
            assert (status, again) == (200, None)
            assert "Oven" in page
            connection.close()
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def test_a_book_that_cannot_be_read_has_an_address_too(self, tmp_path: Path) -> None:
        preview = made_in_memory.Preview(lambda: load_settings(tmp_path), tmp_path / "build")
        preview.find_address()
        assert preview.shown.base_path == "/"
        assert "The book has no base URL" in preview.refresh().problem

    def test_a_tool_s_own_address_is_known_at_once(self, tmp_path: Path) -> None:
        write_files(
            tmp_path,
            {"mkdocs.yml": "site_name: Bread\nsite_url: https://example.com/bread/\n"},
        )
        preview = made_in_memory.Preview(lambda: load_settings(tmp_path), tmp_path / "build")
        preview.find_address()
        assert preview.shown.base_path == "/bread/"


class TestPages:
    def test_the_site_is_shown_at_the_path_of_its_address(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        preview = serve(make_book(BOOK, BELOW))
        assert preview.base == "/books/bread/"
        assert "<h1" in preview.page("1-dough/")
        status, headers, _ = preview.get("/")
        assert (status, headers["Location"]) == (302, "/books/bread/")
        status, headers, _ = preview.get("1-dough")
        assert (status, headers["Location"]) == (302, "/books/bread/1-dough/")

    @pytest.mark.parametrize("path", ["/my%20b/ünï", "/my%20b/%c3%bcn%C3%AF"])
    def test_an_address_may_hold_any_letter(
        self, path: str, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        preview = serve(make_book(BOOK, BELOW.replace("/books/bread", path)))
        assert preview.base == "/my%20b/%C3%BCn%C3%AF/"
        page = preview.page("1-dough/")
        panel = re.search(r'data-events="([^"]+)"', page)
        assert panel is not None
        assert panel[1] == f"{preview.base}_bookpack/preview/events"
        status, headers, _ = preview.get("1-dough")
        assert (status, headers["Location"]) == (302, f"{preview.base}1-dough/")

    def test_what_is_not_there_is_the_page_that_says_so(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        preview = serve(make_book(BOOK))
        for path in ("nowhere/", "..%2f..%2f..%2fetc/passwd", "//example.org/", "bookpack.toml"):
            status, _, text = preview.get(path)
            assert status == 404
            assert "This page does not exist" in text

    def test_files_are_what_their_names_say(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        preview = serve(make_book(BOOK))
        page = preview.page("1-dough/")
        style = re.search(r'href="\.\./(_bookpack/site-\w+\.css)"', page)
        assert style is not None
        for path, kind in (
            (style[1], "text/css; charset=utf-8"),
            ("sitemap.xml", "application/xml; charset=utf-8"),
            ("1-dough/index.md", "text/markdown; charset=utf-8"),
        ):
            status, headers, _ = preview.get(path)
            assert (status, headers["Content-Type"]) == (200, kind)
            assert headers["Cache-Control"] == "no-store"
        status, headers, text = preview.get("1-dough/", "HEAD")
        assert (status, text) == (200, "")
        assert int(headers["Content-Length"]) == len(page.encode())

    def test_each_page_has_its_findings_at_its_foot(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        preview = serve(make_book(BOOK))
        oven, dough = preview.page("2-oven/"), preview.page("1-dough/")
        assert "Findings on this page: " in oven
        assert "chapters/2-oven.md:3:20" in oven
        assert "3-nothing.md" in oven.partition("bp-preview")[2]
        assert "Findings on this page" not in dough
        assert '<a href="../2-oven/">Oven</a>: ' in dough

    def test_findings_can_be_folded_away_and_stay_so(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        script = """
        const page = await browser.newPage({ viewport: { width: 900, height: 500 } });
        const seen = [];
        const see = async () => {
          const panel = page.locator(".bp-preview");
          const count = await panel.locator("summary").first().textContent();
          seen.push([count, await panel.getByText("Findings on this page").isVisible()]);
        };
        // Browsers tell a page a little later that something was folded.
        const fold = async (state) => {
          await page.locator(".bp-preview summary").first().click();
          await page.waitForFunction((s) => sessionStorage.getItem("bp-findings") === s, state);
          await page.reload();
        };
        await page.goto(args[0] + "2-oven/");
        await see();
        await fold("folded");
        await see();
        await fold("open");
        await see();
        return seen;
        """
        preview = serve(make_book(BOOK))
        count = len(re.findall('<li><span class="bp-', preview.page("2-oven/")))
        name = f"Findings: {count}"
        assert in_browser(script, preview.url) == [[name, True], [name, False], [name, True]]

    def test_a_page_that_differs_from_the_pack_says_so_until_it_is_mended(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        book = make_book({"a.md": "# A\n\n<div>\nA \\[bracket\\].\n</div>\n"})
        preview = serve(book)
        with preview.events() as following:
            following()
            assert "BP804" in preview.page("a/")
            write_files(book, {"chapters/a.md": "# A\n\n<div>\n\nA \\[bracket\\].\n\n</div>\n"})
            following()
            assert "BP804" not in preview.page("a/")

    def test_text_of_findings_stays_text(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        preview = serve(
            make_book({"a.md": "# A\n\n[x](i-&lt;script&gt;alert(1)&lt;/script&gt;.md)\n"})
        )
        panel = preview.page("a/").partition('<section class="bp-preview"')[2]
        assert "alert(1)" in panel
        assert "<script>alert" not in panel

    @pytest.mark.skipif(find_indexer() is None, reason="there is no program for the index")
    def test_the_index_for_search_is_made_when_somebody_searches(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        preview = serve(make_book(BOOK))
        assert '"page_count":2' in preview.page("_bookpack/pagefind/pagefind-entry.json")


class TestChanges:
    def test_text_settings_and_templates_are_shown_anew(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        book = make_book(BOOK)
        preview = serve(book)
        with preview.events() as following:
            states = [following()]
            assert f'data-state="{states[0]}"' in preview.page("1-dough/")
            for file, text, path, shown in (
                ("chapters/1-dough.md", "# Dough\n\nSourdough.\n", "1-dough/", "Sourdough."),
                ("chapters/4-new.md", "# A new one\n", "4-new/", "A new one"),
                ("bookpack.toml", BELOW.replace("/books/bread", ""), "", "Bread"),
                ("theme/hero.html", "<h1>My own cover</h1>", "", "My own cover"),
            ):
                write_files(book, {file: text})
                states.append(following())
                assert shown in preview.page(path)
            assert f'data-state="{states[-1]}"' in preview.page("1-dough/")
        assert len(set(states)) == 5
        assert sorted(path.name for path in book.iterdir()) == [
            "bookpack.toml",
            "chapters",
            "theme",
        ]

    def test_wrong_settings_are_shown_on_the_last_good_pages(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        book = make_book(BOOK)
        preview = serve(book)
        with preview.events() as following:
            following()
            for file, text, said in (
                ("bookpack.toml", "[book", "bookpack.toml is not valid TOML"),
                ("bookpack.toml", BELOW.replace("title", "tilte"), "tilte"),
                ("theme/404.html", "{% if %}", "A template of the theme fails"),
                ("theme/404.html", "\n{{ 1/0 }}", "theme/404.html, line 2: division by zero."),
            ):
                write_files(book, {"bookpack.toml": BELOW.replace("/books/bread", ""), file: text})
                while said not in (page := preview.page("1-dough/")):
                    following()
                assert "Flour and water" in page
                assert "The book cannot be shown as it is now." in page
            (book / "theme" / "404.html").unlink()
            following()
            assert "cannot be shown" not in preview.page("1-dough/")

    def test_it_starts_with_wrong_settings_too(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        book = make_book(BOOK, "[book")
        process_lines = serve(book)
        status, _, text = process_lines.get("/1-dough/")
        assert status == 404
        assert "bookpack.toml is not valid TOML" in text
        with process_lines.events() as following:
            following()
            write_files(book, {"bookpack.toml": BELOW.replace("/books/bread", "")})
            following()
        assert "Flour and water" in process_lines.page("1-dough/")


class TestTheWatch:
    def test_it_sees_files_and_not_what_builds_and_tools_write(self, tmp_path: Path) -> None:
        write_files(
            tmp_path,
            {
                "chapters/a.md": "a",
                ".git/index": "b",
                "node_modules/c.md": "c",
                "build/.bookpack.json": "{}",
                "build/book-packed.md": "d",
            },
        )
        seen = look_at(tmp_path, [tmp_path / "absent.toml"])
        assert list(seen) == [str(tmp_path / "chapters" / "a.md")]


class TestTheDoor:
    def test_other_names_get_no_answer(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        preview = serve(make_book(BOOK))
        for host in ("example.com", f"example.com:{preview.port}", "127.0.0.1.example.com", "["):
            status, _, text = preview.get("1-dough/", host=host)
            assert status == 403
            assert "Flour" not in text
        for host in (f"localhost:{preview.port}", f"127.0.0.1:{preview.port}"):
            assert preview.get("1-dough/", host=host)[0] == 200

    def test_other_methods_get_no_answer(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        preview = serve(make_book(BOOK))
        assert preview.get("1-dough/", "POST")[0] == 501

    def test_a_taken_port_is_one_sentence(
        self, make_book: MakeBook, bookpack: Callable[..., "subprocess.CompletedProcess[str]"]
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            result = bookpack("serve", make_book(BOOK), "--port", str(port))
        assert (result.returncode, result.stdout) == (3, "")
        assert result.stderr == (
            f"bookpack: Port {port} cannot be used: Address already in use. Give another one with "
            "--port, or 0 for any that is free.\n"
        )

    def test_a_missing_book_is_one_sentence(
        self, bookpack: Callable[..., "subprocess.CompletedProcess[str]"]
    ) -> None:
        result = bookpack("serve", "nowhere")
        assert result.returncode == 2
        assert result.stderr == "bookpack: The book's folder nowhere does not exist.\n"

    def test_an_interrupt_ends_it_quietly(
        self, make_book: MakeBook, serve: Callable[..., Preview]
    ) -> None:
        preview = serve(make_book(BOOK))
        with preview.events() as following:
            following()
            preview.process.send_signal(signal.SIGINT)
            assert preview.process.wait(10) == 0
        assert preview.line() == ""
