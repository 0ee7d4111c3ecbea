"""The review in a real browser: by keys, by mouse, on a phone, for every reader."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bookpack.answers import State, parse_description
from bookpack.desks.review.apply import Desk
from bookpack.desks.review.web.queue import ReviewQueue
from bookpack.desks.review.web.server import ReviewServer
from browser import in_browser
from conftest import SETTINGS, write_files
from reviewing import REWRITE, Client, open_desk, open_queue, serving

HOSTILE = "<img src=x onerror=window.harmed=1>"
ONE = f"# One\n\nHere is teh oven adn its door {HOSTILE}.\n\nWe recieve teh guests.\n"
TWO = f"# Two\n\nA teh here. {REWRITE[0]} An adn there.\n\n![Loaf](loaf.svg)\n"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200">'
    '<rect width="300" height="200" fill="#b9772f"/></svg>'
)
LONG_NAME = "chapters/3-" + "a-name-that-does-not-fit-on-a-phone-" * 3 + ".md"
START = """
const [url, cookie] = args;
const [name, value] = cookie.split("=");
const asked = [], said = [];
const open = async (options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(15000);
  await context.addCookies([{ name, value, url }]);
  return context;
};
const look = async (context) => {
  const page = await context.newPage();
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => asked.push(new URL(request.url()).host));
  await page.goto(url);
  await page.waitForSelector("#list li");
  await ready(page);
  return page;
};
// What was pressed is done when the entry that the list has chosen is the one that is shown.
const ready = (page) => page.waitForFunction(() => {
  const entry = document.querySelector("#entry");
  const line = document.querySelector('#list [aria-selected="true"]');
  return entry.getAttribute("aria-busy") !== "true"
    && (line?.dataset.id ?? "") === (entry.dataset.id ?? "");
});
const press = async (page, ...keys) => {
  for (const key of keys) {
    await page.keyboard.press(key);
    await ready(page);
  }
};
const text = (page, id) => page.locator(`#${id}`).innerText();
"""


@pytest.fixture(scope="module")
def described_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_files(tmp_path_factory.mktemp("described"), {
        "bookpack.toml": SETTINGS,
        "chapters/1.md": ONE,
        "chapters/2.md": TWO,
        LONG_NAME: "# Three\n\n" + "teh-word" * 40 + "\n",
        "chapters/loaf.svg": SVG,
    })  # fmt: skip
    command = [sys.executable, "-m", "bookpack", "describe", str(folder), "--offline"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (place,) = (folder / "descriptions").glob("loaf-*.md")
    place.write_text(place.read_text("utf-8") + f"\n{HOSTILE}\n", "utf-8")
    return folder


@pytest.fixture
def book(described_book: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(described_book, tmp_path / "book"))


@pytest.fixture
def client(book: Path) -> Iterator[Client]:
    with serving(open_queue(book, pictures=True)) as one:
        yield one.enter()


def browse(client: Client, script: str, *arguments: str) -> Any:
    """Run `script` in a browser that has entered; it knows what `START` defines."""
    url = f"http://127.0.0.1:{client.port}/"
    return in_browser(START + script, url, client.cookie, *arguments)


def text(book: Path, name: str = "1.md") -> str:
    return (book / "chapters" / name).read_text("utf-8")


def described(book: Path) -> Any:
    (place,) = (book / "descriptions").glob("loaf-*.md")
    return parse_description(place.read_bytes())


LOOK = """
const found = {};
for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    const context = await open({ colorScheme, viewport: { width, height: 760 } });
    const page = await look(context);
    const judge = async (what) => {
      await page.evaluate(axe);
      const result = await page.evaluate(() => axe.run());
      found[`${what} ${colorScheme} ${width}`] = {
        wide: await page.evaluate(() => document.documentElement.scrollWidth), width,
        violations: result.violations.map((one) => `${one.id}: ${one.nodes[0].html}`),
      };
    };
    await page.evaluate(() => { document.querySelector("#filters").open = true; });
    await press(page, "e");
    await judge("edit");
    await page.keyboard.press("Escape");
    await page.keyboard.press("A");
    await page.waitForSelector("#occurrences li");
    await judge("bulk");
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await judge("help");
    await page.keyboard.press("Escape");
    await press(page, "s");
    await page.selectOption("#filter-state", "");
    await ready(page);
    await judge("all");
    await page.selectOption("#filter-category", "description");
    await page.waitForFunction(() => document.querySelector("#picture").naturalWidth > 0);
    await judge("description");
    await page.locator("#filter-words").fill("nothing has these words");
    await page.locator("#filter-words").press("Enter");
    await judge("empty");
    await context.close();
  }
}
return { found, said, asked: [...new Set(asked)] };
"""


def test_axe_finds_nothing_and_nothing_scrolls_sideways(client: Client) -> None:
    seen = browse(client, LOOK)
    assert len(seen["found"]) == 24
    violations = {name: one["violations"] for name, one in seen["found"].items()}
    assert {name: found for name, found in violations.items() if found} == {}
    wide = {name: one["wide"] for name, one in seen["found"].items() if one["wide"] > one["width"]}
    assert wide == {}
    assert seen["said"] == []
    assert seen["asked"] == [f"127.0.0.1:{client.port}"]


def test_keys_decide_and_undo(client: Client, book: Path) -> None:
    seen = browse(
        client,
        """
        const page = await look(await open());
        const at = [await text(page, "entry-title")];
        for (const key of ["a", "r", "s", "a", "k", "j", "j", "ArrowUp", "u", "u"]) {
          await press(page, key);
          at.push([key, await text(page, "entry-title"), (await text(page, "said")).split(".")[0]]);
        }
        return at;
        """,
    )
    assert seen[0] == "chapters/1.md:3:9"
    keys = [(key, place) for key, place, _ in seen[1:]]
    assert keys[:3] == [
        ("a", "chapters/1.md:3:18"),
        ("r", "chapters/1.md:5:4"),
        ("s", "chapters/1.md:5:12"),
    ]
    assert [said for *_, said in seen[1:5]] == ["Accepted", "Rejected", "Skipped", "Accepted"]
    assert seen[-2][2].startswith("Undone: Accepted: teh → the")
    assert seen[-1][2].startswith("Undone: Skipped: recieve → receive")
    assert text(book) == ONE.replace("teh", "the", 1)
    assert client.read()[client.ids()[1]]["state"] == "rejected"
    assert client.entries[client.ids()[2]]["state"] == "open"


def test_the_mouse_decides_and_focus_stays(client: Client, book: Path) -> None:
    seen = browse(
        client,
        """
        const page = await look(await open());
        const focus = () => page.evaluate(() => document.activeElement.dataset.do
          ?? document.activeElement.id);
        await page.locator("#list li").nth(1).click();
        await ready(page);
        const title = await text(page, "entry-title");
        await page.getByRole("button", { name: "Accept", exact: false }).first().focus();
        await page.keyboard.press("Enter");
        await ready(page);
        const kept = await focus();
        await page.getByRole("button", { name: "Reject" }).first().click();
        await ready(page);
        await page.locator("#undo").click();
        await ready(page);
        return [title, kept, await text(page, "progress")];
        """,
    )
    assert seen[:2] == ["chapters/1.md:3:18", "accept"]
    assert seen[2].startswith("1 of ")
    assert text(book) == ONE.replace("adn", "and")


def test_edit_by_keyboard_alone(client: Client, book: Path) -> None:
    seen = browse(
        client,
        """
        const page = await look(await open());
        const focus = () => page.evaluate(() => document.activeElement.dataset.do
          ?? document.activeElement.id);
        await press(page, "e");
        const seen = [await focus(), await page.inputValue("#edit-text")];
        await page.keyboard.type("ajs");
        await page.keyboard.press("Escape");
        seen.push(await focus(), await page.isHidden("#edit-form"));
        await press(page, "e");
        await page.keyboard.type("a <b>warm</b>");
        await page.keyboard.press("Control+Enter");
        await ready(page);
        seen.push(await focus(), await page.isHidden("#edit-form"));
        return seen;
        """,
    )
    assert seen == ["edit-text", "the", "edit", True, "entry", True]
    assert text(book) == ONE.replace("teh", "a <b>warm</b>", 1)


def test_filter_and_all_of_a_kind(client: Client, book: Path) -> None:
    seen = browse(
        client,
        """
        const page = await look(await open());
        const lines = () => page.locator("#list li").count();
        const seen = [await lines()];
        await page.selectOption("#filter-chapter", "chapters/1.md");
        await ready(page);
        seen.push(await lines());
        await page.keyboard.press("Escape");
        await page.locator("#filter-words").fill("teh");
        await ready(page);
        seen.push(await lines(), await text(page, "filter-said"));
        await page.locator("#list").focus();
        await page.keyboard.press("A");
        await page.waitForSelector("#occurrences li");
        seen.push(await page.locator("#occurrences li").allInnerTexts());
        seen.push(await text(page, "bulk-count"), await text(page, "bulk-confirm"));
        await page.locator("#bulk-confirm").click();
        await ready(page);
        seen.push(await lines(), await text(page, "entry-title"));
        await page.getByRole("button", { name: "Show all that is open" }).click();
        await ready(page);
        seen.push(await lines());
        await press(page, "u");
        seen.push(await lines(), (await text(page, "said")).split(".")[0]);
        return seen;
        """,
    )
    everything = len(client.read())
    assert seen[:4] == [everything, 4, 2, "“teh” · open · chapters/1.md"]
    assert [one.partition("\n")[0] for one in seen[4]] == [
        "chapters/1.md:3:9",
        "chapters/1.md:5:12",
    ]
    assert seen[5:7] == ["2 will be accepted.", "Accept 2"]
    assert seen[7:9] == [0, "Nothing left that passes the filter"]
    assert seen[9:11] == [everything - 2, everything]
    assert seen[11].startswith("Undone: Accepted: 2 suggestions")
    assert text(book) == ONE
    assert text(book, "2.md") == TWO


def test_descriptions_beside_their_pictures(client: Client, book: Path) -> None:
    before = described(book)
    seen = browse(
        client,
        """
        const page = await look(await open());
        await page.selectOption("#filter-category", "description");
        await page.waitForFunction(() => document.querySelector("#picture").naturalWidth > 0);
        const button = page.locator('[data-do="accept"]');
        const seen = [(await button.innerText()).split("\\n")[0].trim()];
        await page.locator("#list").focus();
        await press(page, "e");
        await page.keyboard.press("Control+A");
        await page.keyboard.type("A loaf, as a baker sees it.");
        seen.push(await button.locator("span").innerText());
        await button.click();
        await ready(page);
        seen.push((await text(page, "said")).split(".")[0], await text(page, "entry-title"));
        await page.selectOption("#filter-state", "accepted");
        await ready(page);
        seen.push(await page.inputValue("#words-text"), await text(page, "badges"));
        return seen;
        """,
    )
    assert seen[1:4] == ["Save and approve", "Approved", "Nothing left that passes the filter"]
    assert seen[4] == "A loaf, as a baker sees it."
    assert "approved" in seen[5]
    assert (described(book).text, described(book).state) == (seen[4], State.REVIEWED)
    browse(client, 'const page = await look(await open()); await press(page, "u"); return 0;')
    assert described(book) == before


def test_words_being_typed_outlive_what_somebody_else_writes(client: Client, book: Path) -> None:
    (place,) = (book / "descriptions").glob("loaf-*.md")
    theirs = place.read_text("utf-8") + "\nTheirs.\n"
    seen = browse(
        client,
        """
        const { writeFileSync } = require("node:fs");
        const page = await look(await open());
        await page.selectOption("#filter-category", "description");
        await ready(page);
        await page.locator("#words-text").fill("Mine.");
        writeFileSync(args[2], args[3]);
        await page.waitForSelector("#asking:not([hidden])");
        const seen = [await page.inputValue("#words-text"), await text(page, "facts")];
        await page.locator('[data-do="save"]').click();
        await ready(page);
        return seen;
        """,
        str(place),
        theirs,
    )
    assert seen[0] == "Mine."
    assert "Theirs." in seen[1]
    assert described(book).text == "Mine."
    assert client.post("/api/undo").json["done"] == 1
    assert described(book) == parse_description(theirs.encode())


def test_what_is_typed_stays_until_it_is_written_or_cancelled(client: Client, book: Path) -> None:
    seen = browse(
        client,
        """
        const page = await look(await open());
        const drafts = () => page.locator("#list .draft").count();
        const seen = [await drafts()];
        await press(page, "e");
        await page.keyboard.type("mine");
        seen.push(await drafts());
        const lines = page.locator("#list li");
        const picture = page.locator("#list li", { hasText: "loaf.svg" });
        await picture.first().click();
        await ready(page);
        await page.locator("#words-text").fill("A loaf.");
        await page.locator("#words-alt").fill("Loaf");
        await lines.first().click();
        await ready(page);
        seen.push(await drafts(), await page.isVisible("#edit-form"));
        seen.push(await page.inputValue("#edit-text"));
        await picture.first().click();
        await ready(page);
        seen.push(await page.inputValue("#words-text"), await page.inputValue("#words-alt"));
        await page.locator("#words-cancel").click();
        seen.push(await drafts(), await page.inputValue("#words-alt"));
        await lines.first().click();
        await ready(page);
        await page.locator("#edit-write").click();
        await ready(page);
        seen.push(await drafts());
        return seen;
        """,
    )
    assert seen[:7] == [0, 1, 2, True, "mine", "A loaf.", "Loaf"]
    assert seen[7:] == [1, described(book).alt, 0]
    assert text(book) == ONE.replace("teh", "mine", 1)


LONG = "# Long\n\n" + "Words that nobody reads. " * 150 + "Here is teh oven. " + "And more. " * 200


@pytest.mark.parametrize("width", [360, 1280])
def test_a_chosen_change_comes_into_sight(tmp_path: Path, width: int) -> None:
    items = "".join(f"- item {number}\n" for number in range(200))
    files = {"chapters/1.md": f"{LONG}\n\n{items}- adn the end\n{items}"}
    with serving(open_queue(write_files(tmp_path / "book", files))) as one:
        seen = browse(
            one.enter(),
            """
            const viewport = { width: Number(args[2]), height: 700 };
            const page = await look(await open({ viewport }));
            const inSight = () => page.evaluate(() => {
              const mark = document.querySelector("#paragraph del");
              const { top, bottom } = mark.getBoundingClientRect();
              const end = document.querySelector("#actions").getBoundingClientRect().top;
              return top > document.querySelector(".top").offsetHeight && bottom < end;
            });
            const seen = [await inSight()];
            for (const place of [1, 0]) {
              await page.locator("#list li").nth(place).click();
              await ready(page);
              seen.push(await inSight());
            }
            // Beside the queue only the entry scrolls, even when its box is opened.
            await press(page, "e");
            const page_at = await page.evaluate(() => document.scrollingElement.scrollTop
              + document.body.scrollTop);
            if (viewport.width > 960) seen.push(page_at === 0);
            return seen;
            """,
            str(width),
        )
    assert seen[:3] == [True, True, True]
    assert all(seen)


def test_a_kind_counts_whatever_rule_found_it(tmp_path: Path) -> None:
    files = {"chapters/1.md": "# One\n\nSee teh end, adn teh door.\n"}
    book = write_files(tmp_path / "book", files)
    desk = open_desk(book)
    suggestions = [
        replace(item.suggestion, rule=f"GF{number}", found_by=("harper",))
        for number, item in enumerate(desk.items)
    ]
    desk = Desk(book, suggestions, {"chapters/1.md": files["chapters/1.md"]})
    with serving(ReviewQueue(desk, {})) as one:
        seen = browse(
            one.enter(),
            """
            const page = await look(await open());
            await page.keyboard.press("A");
            await page.waitForSelector("#occurrences li");
            const seen = [await page.locator("#scopes label").allInnerTexts()];
            await page.locator("#scopes input").nth(2).check();
            await page.locator("#occurrences li").nth(2).waitFor();
            await page.locator("#bulk-confirm").click();
            await ready(page);
            seen.push(await text(page, "entry-title"));
            await press(page, "u");
            seen.push(await text(page, "entry-title"));
            return seen;
            """,
        )
    scopes, *titles = seen
    assert [scope.strip() for scope in scopes] == [
        "this change: “teh” → “the” (2)",
        "spelling in chapters/1.md (3)",
        "spelling (3)",
        "everything that is shown (3)",
    ]
    assert titles == ["Nothing left that passes the filter", "chapters/1.md:3:5"]


def test_hostile_words_are_words(client: Client) -> None:
    seen = browse(
        client,
        """
        const page = await look(await open());
        const seen = [await text(page, "paragraph")];
        await page.selectOption("#filter-category", "description");
        await ready(page);
        await page.waitForFunction(() => document.querySelector("#picture").naturalWidth > 0);
        seen.push(await page.inputValue("#words-text"));
        seen.push(await page.evaluate(() => [window.harmed ?? "unharmed",
          document.querySelectorAll("img").length]));
        return [seen, said, [...new Set(asked)].length];
        """,
    )
    (paragraph, words, harm), said, hosts = seen
    assert HOSTILE in paragraph
    assert HOSTILE in words
    assert harm == ["unharmed", 1]
    assert (said, hosts) == ([], 1)


def test_what_another_window_or_reviewer_decides_is_shown(client: Client, book: Path) -> None:
    other = open_desk(book)
    names = json.dumps(client.ids())
    seen = browse(
        client,
        """
        const context = await open();
        const [page, second] = [await look(context), await look(context)];
        const names = JSON.parse(args[2]);
        await press(second, "j", "r");
        await page.waitForSelector(`#line-${names[1]}`, { state: "detached" });
        const seen = [await text(page, "entry-title"), await text(page, "progress")];
        // The one that is being looked at stays, with what became of it.
        await press(second, "k", "a");
        await page.waitForFunction(() => document.querySelector("#badges li.accepted"));
        seen.push(await text(page, "entry-title"), await text(page, "badges"));
        await page.locator('[data-do="reopen"]').click();
        await ready(page);
        await second.waitForSelector(`#line-${names[0]}`);
        return seen;
        """,
        names,
    )
    total = len(client.read())
    assert seen[:2] == ["chapters/1.md:3:9", f"1 of {total} decided"]
    assert seen[2] == "chapters/1.md:3:9"
    assert "accepted" in seen[3]
    assert text(book) == ONE
    other.look()
    assert other.items[1].state == "rejected"


def test_keys_can_be_switched_off(client: Client, book: Path) -> None:
    seen = browse(
        client,
        """
        const page = await look(await open());
        await page.keyboard.press("?");
        await page.locator("#use-keys").uncheck();
        await page.keyboard.press("Escape");
        await page.keyboard.press("a");
        await page.reload();
        await page.waitForSelector("#list li");
        await page.keyboard.press("a");
        const seen = [await page.isVisible("#help"), await text(page, "progress")];
        await page.locator("#list").focus();
        await press(page, "ArrowDown");
        seen.push(await text(page, "entry-title"));
        return seen;
        """,
    )
    assert seen[0] is False
    assert seen[1].startswith("0 of ")
    assert seen[2] == "chapters/1.md:3:18"
    assert text(book) == ONE


def test_the_whole_page_is_reached_by_the_tab_key(client: Client) -> None:
    seen = browse(
        client,
        """
        const page = await look(await open());
        const seen = [];
        for (let count = 0; count < 30; count += 1) {
          await page.keyboard.press("Tab");
          seen.push(await page.evaluate(() => {
            const one = document.activeElement;
            const ring = getComputedStyle(one).outlineStyle;
            return [one.dataset.do ?? one.id ?? "", one === document.body ? "" : ring];
          }));
        }
        return seen;
        """,
    )
    names = [name for name, _ in seen]
    reached = ["show-help", "next", "accept", "reject", "edit", "skip", "filter-words",
               "filter-state", "filter-engine", "accept-all", "reject-all", "list"]  # fmt: skip
    assert [name for name in names if name in reached][: len(reached)] == reached
    assert {ring for name, ring in seen if name in reached} == {"solid"}


def test_an_ended_review_says_so(book: Path) -> None:
    server = ReviewServer(open_queue(book))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    client = Client(server.url).enter()
    timer = threading.Timer(4, server.close)
    timer.start()
    seen = browse(
        client,
        """
        const page = await look(await open());
        await page.waitForSelector("#trouble:not([hidden])");
        return await text(page, "trouble");
        """,
    )
    timer.join()
    thread.join(20)
    assert "everything decided so far is in the book" in seen
