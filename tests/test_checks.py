"""Every rule has a small book that breaks it and a near miss that does not.

A book is written as `{path below chapters: text}`; `SETTINGS` of a case are added to those of the
book. The rule's place is checked where it is more than a file: a finding that points to the wrong
words is as bad as none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bookpack import pipeline
from bookpack.answers import Description, State, format_description
from bookpack.config import load_settings
from bookpack.diagnostics import Diagnostic
from bookpack.rules import RULES, RULES_BY_NAME
from conftest import BASE, PICTURE, SETTINGS, write_files

MakeBook = Callable[..., Path]

A, B = "# A\n\nText of A.\n", "# B\n\nText of B.\n"
LONG = " ".join(
    f"This is sentence number {number} of a chapter with many words." for number in range(20)
)
OTHER = " ".join(
    f"Here stands remark number {number}, and it is another one." for number in range(20)
)


@dataclass(frozen=True)
class Case:
    """A book that breaks a rule at the words `at` of a chapter, and a book that just does not."""

    breaks: Mapping[str, str | bytes]
    misses: Mapping[str, str | bytes]
    at: str = ""
    settings: str = ""
    misses_settings: str | None = None
    files: Mapping[str, str | bytes] = field(default_factory=dict)


SHOWN = "# A\n\n![A map](p.png)\n"
DESCRIPTION = "../descriptions/p-000000000000.md"
TEXT = (
    "Requests pass from the clients on the left through a load balancer to one of the servers on "
    "the right."
)


def described(
    text: str = TEXT, picture: bytes = PICTURE, name: str = "p.png", **more: Any
) -> bytes:
    """Return a person's description of a picture as the file that keeps it."""
    digest = sha256(picture).hexdigest()
    files = {f"chapters/{name}": digest}
    return format_description(Description(digest, files, kind="diagram", text=text, **more))


def shown(*descriptions: bytes) -> dict[str, str | bytes]:
    """Return a chapter with a picture, and the descriptions that are kept."""
    kept = {DESCRIPTION.replace("0.", f"{n}."): data for n, data in enumerate(descriptions)}
    return {"a.md": SHOWN, "p.png": PICTURE, **kept}


def two_pictures(said_of_the_first: str) -> dict[str, str | bytes]:
    """Return two pictures, the second one with a title."""
    other = described(
        "The tallest of the three is the second one, which stands on the hill behind the mill.",
        picture=PICTURE + b"2",
        name="q.png",
        title="Three windmills of Kinderdijk",
    )
    chapters = shown(described(said_of_the_first), other)
    return {**chapters, "a.md": SHOWN + "\n![Others](q.png)\n", "q.png": PICTURE + b"2"}


def absolute_links(number: int) -> dict[str, str]:
    """Return chapters with this many links by full address, besides one that is relative."""
    links = "".join(f"[b]({BASE}/b/)\n\n" for _ in range(number))
    return {"a.md": f"# A\n\n{links}[relative](b.md)\n", "b.md": B}


CASES: Mapping[str, Case] = {
    "undecodable-bytes": Case(
        {"a.md": b"# A\n\nCaf\xe9.\n"}, {"a.md": b"# A\n\nCaf\xc3\xa9.\n"}, at="\ufffd"
    ),
    "nul-character": Case({"a.md": "# A\n\nA\0B\n"}, {"a.md": "# A\n\nA\\0B &#0;\n"}, at="\0"),
    "unclosed-front-matter": Case(
        {"a.md": "---\ntitle: A\n\nText.\n"},
        {"a.md": "---\n\n# A\n\nA line of dashes opens this chapter.\n"},
        at="---",
    ),
    "invalid-front-matter": Case(
        {"a.md": "---\ntitle: [A\n---\n# A\n"}, {"a.md": "---\ntitle: '[A'\n---\n# A\n"}, at="---"
    ),
    "wrong-front-matter-type": Case(
        {"a.md": "---\ntitle: A\nweight: heavy\n---\nText.\n"},
        {"a.md": "---\ntitle: A\nweight: '7'\nheavy: heavy\n---\nText.\n"},
        at="weight: heavy",
    ),
    "unclosed-code-fence": Case(
        {"a.md": "# A\n\n````\ncode\n```\n"},
        {"a.md": "# A\n\n```\ncode\n````\n\n~~~~\n```\n~~~~\n"},
        at="````",
    ),
    "unclosed-comment": Case(
        {"a.md": "# A\n\n<!-- oh\n\nText.\n"},
        {"a.md": "# A\n\n<!-- oh -->\n\n`<!--` and\n\n    <!-- code\n"},
        at="<!--",
    ),
    "overlong-line": Case(
        {"a.md": "# A\n\n" + "x" * 50_001 + "\n"}, {"a.md": "# A\n\n" + "x" * 50_000 + "\n"}, at="x"
    ),
    "unreadable-file": Case({"a.md": A}, {"a.md": A}, files={"chapters/gone.md": "-> nowhere.md"}),
    "file-outside-book": Case({"a.md": A}, {"a.md": A}, files={"chapters/out.md": "-> /etc/hosts"}),
    "empty-chapter": Case(
        {"a.md": "---\ntitle: A\n---\n\n"}, {"a.md": "---\ntitle: A\n---\n\nA.\n"}
    ),
    "carriage-return-lines": Case({"a.md": "# A\r\rText.\r"}, {"a.md": "# A\r\n\r\nText.\r\n"}),
    "unlisted-chapter": Case(
        {"a.md": A, "b.md": B},
        {"a.md": A, "b.md": B},
        settings='[layout]\nchapters = ["a.md"]\n',
        misses_settings='[layout]\nchapters = ["a.md"]\nexclude = ["b.md"]\n',
    ),
    "missing-chapter": Case(
        {"a.md": A},
        {"a.md": A, "gone.md": B},
        settings='[layout]\nchapters = ["a.md", "gone.md"]\n',
    ),
    "draft-chapter": Case(
        {"a.md": "---\ndraft: true\n---\n# A\n\nText.\n"},
        {"a.md": "---\ndraft: false\n---\n# A\n\nText.\n"},
    ),
    "duplicate-order-number": Case(
        {"1-a.md": A, "01-b.md": B}, {"1-a.md": A, "part/1-b.md": B, "2-c.md": "# C\n\nText.\n"}
    ),
    "duplicate-title": Case(
        {"a.md": "# The End\n\nOne.\n", "b.md": "# The  end.\n\nTwo.\n"},
        {"a.md": "# The End\n\nOne.\n", "b.md": "# The Ends\n\nTwo.\n"},
        at="# The  end.\n",
    ),
    "duplicate-url": Case(
        {"a.md": "---\nurl: /x/\n---\n" + A, "b.md": "---\nurl: /x\n---\n" + B},
        {"a.md": "---\nurl: /x/\n---\n" + A, "b.md": "---\nurl: /x/y/\n---\n" + B},
    ),
    "near-duplicate-chapter": Case(
        {"a.md": f"# A\n\n{LONG}\n", "b.md": f"# B\n\n{LONG} {OTHER[:300]}\n"},
        {"a.md": f"# A\n\n{LONG}\n", "b.md": f"# B\n\n{OTHER} {LONG[:300]}\n"},
        at="# B\n",
    ),
    "chapter-without-url": Case(
        {"a.md": "---\nurl: /x/\n---\n" + A, "b.md": B},
        {"a.md": A, "b.md": B},
        at="# B\n",
    ),
    "chapter-without-title": Case(
        {"a.md": "Text alone.\n\n## A section\n"}, {"a.md": "Text.\n\n# A\n\n## A section\n"}
    ),
    "repeated-chapter": Case(
        {"a.md": A, "b.md": B},
        {"a.md": A, "b.md": B},
        settings='[layout]\nchapters = ["a.md", "b.md", "./a.md"]\n',
        misses_settings='[layout]\nchapters = ["a.md", "./b.md"]\n',
    ),
    "ambiguous-slug": Case(
        {"one/a.md": A, "two/a.md": B},
        {"one/a.md": A, "two/a.md": B},
        misses_settings='[layout]\nurl-style = "{base}/{path}/"\n',
    ),
    "book-without-chapters": Case({"a.md": "---\ndraft: true\n---\n\n# A\n"}, {"a.md": A}),
    "book-without-title": Case({"a.md": A}, {"a.md": A}, settings="TITLE", misses_settings=""),
    "broken-link": Case(
        {"a.md": "# A\n\n[b](bb.md)\n", "b.md": B},
        {"a.md": "# A\n\n[b](b.md) [b](b) [b](/b/) `[b](bb.md)`\n", "b.md": B},
        at="bb.md",
    ),
    "broken-anchor": Case(
        {"a.md": "# A\n\n[b](b.md#end)\n", "b.md": "# B\n\n## The end\n"},
        {"a.md": "# A\n\n[b](b.md#the-end) [top](#top)\n", "b.md": "# B\n\n## The end\n"},
        at="b.md#end",
    ),
    "ambiguous-link": Case(
        {
            "a.md": "# A\n\n[old](/old/)\n",
            "b.md": "---\naliases: [/old/]\n---\n" + B,
            "c.md": "---\naliases: [/old/]\n---\n# C\n\nText.\n",
        },
        {
            "a.md": "# A\n\n[old](/old/)\n",
            "b.md": "---\naliases: [/old/]\n---\n" + B,
            "c.md": "---\naliases: [/older/]\n---\n# C\n\nText.\n",
        },
        at="/old/",
    ),
    "missing-asset": Case(
        {"a.md": "# A\n\n![words](p.png)\n"},
        {"a.md": "# A\n\n![words](there.png) ![words](https://elsewhere.example/p.png)\n"},
        at="p.png",
        files={"chapters/there.png": PICTURE},
    ),
    "relative-link-left-in": Case(absolute_links(9), absolute_links(8), at="b.md"),
    "wrong-case-in-link": Case(
        {"a.md": "# A\n\n[b](B.md)\n", "b.md": B},
        {"a.md": "# A\n\n[B](b.md)\n", "b.md": B},
        at="B.md",
    ),
    "undefined-reference": Case(
        {"a.md": "# A\n\n[text][nowhere]\n"},
        {"a.md": "# A\n\n[text][there] row[1][2] [alone]\n\n[there]: https://elsewhere.example\n"},
        at="[text][nowhere]",
    ),
    "undefined-footnote": Case(
        {"a.md": "# A\n\nText.[^1]\n"},
        {"a.md": "# A\n\nText.[^1] `[^2]` \\[^3]\n\n[^1]: Note.\n"},
        at="[^1]",
    ),
    "unused-footnote": Case(
        {"a.md": "# A\n\nText.\n\n[^1]: Note.\n"},
        {"a.md": "# A\n\nText.[^1]\n\n[^1]: Note.\n"},
        at="1",
    ),
    "link-in-math": Case(
        {"a.md": "# A\n\nFrom $5 [here](b.md) to 6$ more.\n", "b.md": B},
        {"a.md": "# A\n\nFrom \\$5 [here](b.md) to 6\\$, and $f[x](y)$.\n", "b.md": B},
        at="$5 [here](b.md) to 6$",
    ),
    "link-out-of-book": Case(
        {"a.md": "# A\n\n[up](../../up.md)\n"},
        {"a.md": "# A\n\n[up](../chapters/b.md)\n", "b.md": B},
        at="../../up.md",
    ),
    "unplaceable-link": Case(
        {"a.md": "# A\n\n[odd](https://elsewhere.example/&#128;)\n"},
        {"a.md": "# A\n\n[even](https://elsewhere.example/&#8364;)\n"},
        at="[odd](https://elsewhere.example/&#128;)",
    ),
    "empty-link": Case(
        {"a.md": "# A\n\n[text]()\n"}, {"a.md": "# A\n\n[text](#a) and [text] ()\n"}, at=""
    ),
    "link-to-draft": Case(
        {"a.md": "# A\n\n[b](b.md)\n", "b.md": "---\ndraft: true\n---\n" + B},
        {"a.md": "# A\n\n[b](b.md)\n", "b.md": "---\ndraft: no\n---\n" + B},
        at="b.md",
    ),
    "duplicate-definition": Case(
        {"a.md": "# A\n\n[x]\n\n[x]: https://one.example\n[X]: https://two.example\n"},
        {"a.md": "# A\n\n[x] [y]\n\n[x]: https://one.example\n[y]: https://one.example\n"},
        at="[X]: https://two.example",
    ),
    "draft-notice": Case(
        {"a.md": "# A\n\nTODO: write this.\n"},
        {"a.md": "# A\n\nA list of todo items; `TODO` in code, and TODOIST is a name.\n"},
        at="TODO",
    ),
    "unclosed-emphasis": Case(
        {"a.md": "# A\n\nThis is **important and stays so.\n"},
        {"a.md": "# A\n\nThis is **important**, 5 * 3, 2*3, *.txt, snake_case and \\*so.\n"},
        at="**",
    ),
    "unclosed-link": Case(
        {"a.md": "# A\n\nSee [the plan](the plan.md).\n", "the plan.md": B},
        {"a.md": "# A\n\nSee [the plan](<the plan.md>) and [this] (aside).\n", "the plan.md": B},
        at="[the plan](the plan.md",
    ),
    "unclosed-code-span": Case(
        {"a.md": "# A\n\nRun `make and wait.\n"},
        {"a.md": "# A\n\nRun `make` or ``a`b`` \\`so.\n"},
        at="`",
    ),
    "heading-without-blank": Case(
        {"a.md": "# A\n\n##Section\n"},
        {"a.md": "# A\n\nSee #42, #tag and C#Sharp.\n\n#1 of many\n\n```\n##code\n```\n"},
        at="##",
    ),
    "broken-table": Case(
        {"a.md": "# A\n\n| a | b |\n| 1 | 2 |\n"},
        {"a.md": "# A\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n`a | b` | c\n"},
        at="| a | b |",
    ),
    "invisible-character": Case(
        {"a.md": "# A\n\nA\u200bB\n"},
        {"a.md": "# A\n\nसं\u200dख्या 👩\u200d💻 &#x200b;\n"},
        at="\u200b",
    ),
    "bidirectional-control": Case(
        {"a.md": "# A\n\nA\u202eB\n"}, {"a.md": "# A\n\nעברית and العربية\u200f.\n"}, at="\u202e"
    ),
    "image-without-words": Case(
        {"a.md": "# A\n\n![](p.png)\n"},
        {"a.md": '# A\n\n![words](p.png)\n\n<img src="p.png" alt="">\n'},
        at="![](p.png)",
        files={"chapters/p.png": PICTURE},
    ),
    "unreadable-image": Case(
        {"a.md": SHOWN, "p.png": b"\x89PNG"},
        {"a.md": SHOWN + "\n![A film](film.mp4)\n", "p.png": PICTURE, "film.mp4": "film"},
        at="![A map](p.png)",
    ),
    "unfinished-description": Case(
        shown(described(f"{TEXT} Failed requests go back to the")),
        shown(described(f"{TEXT} Failed requests go back.")),
    ),
    "short-description": Case(
        shown(described("Requests pass from the left to the right.")),
        shown(described(TEXT)),
        at="Requests pass from the left to the right.",
    ),
    "description-repeats-alt": Case(
        shown(described("It shows a map.")),
        shown(described(f"It shows a map. {TEXT}")),
        at="It shows a map.",
    ),
    "number-not-in-picture": Case(
        shown(described(f"{TEXT} There are 17 servers.", words=("servers: 18",))),
        shown(described(f"{TEXT} There are 17 servers.", words=("servers: 17",))),
        at="17",
    ),
    "description-of-another-picture": Case(
        two_pictures(f"{TEXT} Here are the three windmills of Kinderdijk."),
        two_pictures(f"{TEXT} Here are three mills."),
        at="three windmills of Kinderdijk",
    ),
    "markup-in-description": Case(
        shown(described(f"{TEXT} <script>x</script>")),
        shown(described(f"{TEXT} `<script>x</script>` and **more**.")),
    ),
    "description-of-another-version": Case(
        shown(described(picture=b"as it was")), shown(described()), at="![A map](p.png)"
    ),
    "unused-description": Case({**shown(described()), "a.md": A}, shown(described())),
    "unreadable-description": Case(
        shown(described().replace(b"kind = ", b"kind ")), shown(described())
    ),
    "unreviewed-description": Case(
        shown(described()), shown(described(state=State.REVIEWED)), at="![A map](p.png)"
    ),
    "rival-descriptions": Case(
        shown(described(), described()),
        shown(described(), described(picture=b"another one", name="gone.png")),
    ),
    "page-outside-site": Case(
        {"a.md": "---\nurl: https://elsewhere.example/a/\n---\n# A\n\nText.\n"},
        {"a.md": f"---\nurl: {BASE}/elsewhere/\n---\n# A\n\nText.\n"},
    ),
    "address-taken": Case(
        {"a.md": "# A\n\nurl: /llms.txt\n\nText.\n"},
        {"a.md": "---\naliases: [/llms/]\n---\n# A\n\nurl: /llms.html\n\nText.\n"},
        at="url: /llms.txt\n",
    ),
    "unknown-tex": Case(
        {"a.md": "# A\n\nIt is $\\nonsense{x}$.\n"},
        {"a.md": "# A\n\nIt is $\\frac{x}{2}$ and `$\\nonsense{x}$`.\n"},
        at="$\\nonsense{x}$",
    ),
    "unsafe-link": Case(
        {"a.md": "# A\n\n[x](javascript:x)\n"},
        {"a.md": "# A\n\n[x](mailto:x@elsewhere.example) `[x](javascript:x)`\n"},
    ),
    "page-differs-from-pack": Case(
        {"a.md": "# A\n\n<div>\nA \\[bracket\\].\n</div>\n"},
        {"a.md": "# A\n\n<div>\n\nA \\[bracket\\].\n\n</div>\n"},
    ),
    "pack-link-without-page": Case(
        {"a.md": f"# A\n\n[data]({BASE}/data.csv)\n"},
        {"a.md": f"# A\n\n[data]({BASE}/there.csv) [other](https://elsewhere.example/x)\n"},
        files={"chapters/there.csv": "1,2\n"},
    ),
    "unknown-rule-in-comment": Case(
        {"a.md": "# A\n\n<!-- bookpack-ignore BP401, BP999 -->\n"},
        {"a.md": "# A\n\n<!-- bookpack-ignore BP401, BP4 draft-notice -->\n"},
    ),
}
CASES_ELSEWHERE = tuple(
    rule.name for code, rule in RULES.items() if code.startswith(("BP5", "BP6", "BP9"))
)
"""Rules about conventions and dialects, which have their cases beside those; about links to
other sites, which need a server: see test_external_links; about language, see
test_grammar_command.
"""
SYMBOLIC_LINKS = ("unreadable-file", "file-outside-book")


def findings(book: Path) -> list[Diagnostic]:
    return pipeline.check_editions(pipeline.check(load_settings(book), book / "build"))


def named(found: list[Diagnostic]) -> list[str]:
    return [finding.rule.name for finding in found]


def write_case(book: Path, case: Case) -> None:
    for path, content in case.files.items():
        if isinstance(content, str) and content.startswith("-> "):
            (book / path).symlink_to(content.removeprefix("-> "))
        else:
            write_files(book, {path: content})


class TestEveryRule:
    def test_has_a_case(self) -> None:
        assert sorted([*CASES, *CASES_ELSEWHERE]) == sorted(RULES_BY_NAME)

    @pytest.mark.parametrize("name", CASES)
    def test_is_broken(self, name: str, make_book: MakeBook) -> None:
        case = CASES[name]
        settings = SETTINGS + case.settings
        if case.settings == "TITLE":
            settings = f'[book]\nurl = "{BASE}"\n'
        book = make_book(case.breaks, settings=settings)
        write_case(book, case)
        found = [finding for finding in findings(book) if finding.rule.name == name]
        assert found, f"{name} is not found"
        finding = found[-1]
        assert finding.severity is finding.rule.severity
        assert finding.message
        assert finding.message.endswith(".")
        assert finding.help
        assert (book / finding.path).exists() or name in SYMBOLIC_LINKS
        if case.at:
            assert finding.span is not None
            text = (book / finding.path).read_bytes().decode("utf-8", "replace")
            assert finding.span.slice(text) == case.at
            assert finding.position.line == text[: finding.span.start].count("\n") + 1

    @pytest.mark.parametrize("name", CASES)
    def test_is_nearly_broken(self, name: str, make_book: MakeBook) -> None:
        case = CASES[name]
        added = case.settings if case.misses_settings is None else case.misses_settings
        book = make_book(case.misses, settings=SETTINGS + added)
        if name not in SYMBOLIC_LINKS:
            write_case(book, case)
        assert name not in named(findings(book))

    @pytest.mark.parametrize("name", sorted(set(CASES) - {"undecodable-bytes", "unreadable-file"}))
    def test_can_be_ignored_by_code_and_by_name(self, name: str, make_book: MakeBook) -> None:
        case = CASES[name]
        title = "" if case.settings == "TITLE" else 'title = "A Book"\n'
        added = "" if case.settings == "TITLE" else case.settings
        rule = RULES_BY_NAME[name]
        for selector in (rule.code, rule.name):
            book = make_book(
                case.breaks,
                settings=f'[book]\n{title}url = "{BASE}"\n{added}[lint]\nignore = ["{selector}"]\n',
                name=selector,
            )
            write_case(book, case)
            assert name not in named(findings(book))


class TestCommentsInTheText:
    """`<!-- bookpack-ignore RULE -->` takes back findings in the next block, or in the file."""

    BLOCKS = "TODO one.\n\nTODO two\nTODO three.\n\nTODO four.\n"

    def lines(self, text: str, make_book: MakeBook) -> list[int]:
        found = findings(make_book({"a.md": f"# A\n\n{text}", "b.md": "# B\n\nTODO: here.\n"}))
        assert "chapters/b.md" in [finding.path for finding in found]
        return [finding.position.line for finding in found if finding.path == "chapters/a.md"]

    def test_without_any(self, make_book: MakeBook) -> None:
        assert self.lines(self.BLOCKS, make_book) == [3, 5, 6, 8]

    def test_for_the_next_block(self, make_book: MakeBook) -> None:
        ignore = "<!-- bookpack-ignore BP401 -->\n"
        assert self.lines(ignore + "\n" + self.BLOCKS, make_book) == [7, 8, 10]
        assert self.lines("TODO one.\n\n" + ignore + self.BLOCKS[11:], make_book) == [3, 9]

    def test_for_its_own_line(self, make_book: MakeBook) -> None:
        text = "Text. TODO one. <!-- bookpack-ignore draft-notice -->\n\nText.\n\nTODO two.\n"
        assert self.lines(text, make_book) == [7]

    def test_for_the_file(self, make_book: MakeBook) -> None:
        assert self.lines(self.BLOCKS + "\n<!-- bookpack-ignore-file BP4 -->\n", make_book) == []

    @pytest.mark.parametrize("rules", ["BP1, draft-notice", "BP401 BP1", "BP1,BP4", "draft-notice"])
    def test_for_several_rules(self, rules: str, make_book: MakeBook) -> None:
        text = f"<!-- bookpack-ignore-file {rules} -->\n\n{self.BLOCKS}"
        assert self.lines(text, make_book) == []

    @pytest.mark.parametrize("rules", ["BP3", "broken-link", "BP402"])
    def test_for_another_rule_changes_nothing(self, rules: str, make_book: MakeBook) -> None:
        text = f"<!-- bookpack-ignore-file {rules} -->\n\n{self.BLOCKS}"
        assert len(self.lines(text, make_book)) == 4

    def test_in_code_is_no_comment(self, make_book: MakeBook) -> None:
        text = f"```\n<!-- bookpack-ignore-file BP4 -->\n```\n\n{self.BLOCKS}"
        assert len(self.lines(text, make_book)) == 4

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_works_with_every_line_end(self, end: str, make_book: MakeBook) -> None:
        text = "# A\n\n<!-- bookpack-ignore BP401 -->\nTODO one.\n\nTODO two.\n"
        book = make_book({"a.md": text.replace("\n", end).encode()})
        found = [f for f in findings(book) if f.rule.name == "draft-notice"]
        assert [finding.position.line for finding in found] == [6]

    def test_leaves_no_trace_in_the_pack(self, make_book: MakeBook) -> None:
        book = make_book({"a.md": "# A\n\n<!-- bookpack-ignore BP401 -->\nTODO one.\n"})
        pipeline.build(load_settings(book), book / "build")
        assert "bookpack-ignore" not in (book / "build" / "book-packed.md").read_text("utf-8")


class TestDraftNotices:
    @pytest.mark.parametrize(
        "text",
        [
            "TODO",
            "todo: write",
            "**FIXME**",
            "TBD.",
            "This chapter is a draft.",
            "this is a Work in Progress",
            "This section is a work-in-progress.",
            "Lorem ipsum dolor.",
            "> TODO in a quote",
            "- TODO in a list",
            "| TODO |\n| --- |\n| x |",
            "## TODO",
        ],
    )
    def test_are_found(self, text: str, make_book: MakeBook) -> None:
        assert "draft-notice" in named(findings(make_book({"a.md": f"# A\n\n{text}\n"})))

    @pytest.mark.parametrize(
        "text",
        [
            "Your todo list.",
            "`TODO`",
            "```\nTODO\n```",
            "$TODO$",
            "<!-- TODO -->",
            "A TODOs app",
            "MyTODO",
            "Draft horses.",
            "We drafted a chapter.",
            "[x](https://elsewhere.example/TODO)",
        ],
    )
    def test_are_not_seen_where_there_are_none(self, text: str, make_book: MakeBook) -> None:
        assert "draft-notice" not in named(findings(make_book({"a.md": f"# A\n\n{text}\n"})))

    def test_are_what_the_settings_say(self, make_book: MakeBook) -> None:
        book = make_book(
            {"a.md": "# A\n\nTODO. Noch zu schreiben.\n"},
            settings=SETTINGS + '[lint]\ndraft-phrases = ["noch zu schreiben"]\n',
        )
        found = [f for f in findings(book) if f.rule.name == "draft-notice"]
        assert [finding.message for finding in found] == [
            "“Noch zu schreiben” is a notice to the author."
        ]


class TestCopies:
    def test_two_versions_of_a_chapter(self, make_book: MakeBook) -> None:
        book = make_book(
            {"3-links.md": f"# Links\n\n{LONG}\n", "7-links.md": f"# Links\n\n{OTHER}\n"}
        )
        assert "near-duplicate-chapter" in named(findings(book))

    def test_boilerplate_is_no_copy(self, make_book: MakeBook) -> None:
        chapters = {f"{n}.md": f"# Chapter {n}\n\n{LONG}\n\nOnly {n} is here.\n" for n in range(9)}
        assert "near-duplicate-chapter" not in named(findings(make_book(chapters)))

    def test_an_exact_copy_among_many(self, make_book: MakeBook) -> None:
        chapters = {f"{n}.md": f"# {n}\n\n{OTHER.replace('remark', f'r{n}')}\n" for n in range(9)}
        found = findings(make_book({**chapters, "x.md": chapters["3.md"]}))
        copies = [f.path for f in found if f.rule.name == "near-duplicate-chapter"]
        assert copies == ["chapters/x.md"]


class TestFixes:
    """A fix is an edit that mends the finding and nothing else."""

    @pytest.mark.parametrize(
        ("text", "mended"),
        [
            ("##Section", "## Section"),
            ("A\u200bB", "AB"),
            ("A\u202eB", "AB"),
            ("[a] (https://elsewhere.example)", "[a](https://elsewhere.example)"),
        ],
    )
    def test_mend_the_text(self, text: str, mended: str, make_book: MakeBook) -> None:
        book = make_book({"a.md": f"# A\n\n{text}\n"})
        (finding,) = [finding for finding in findings(book) if finding.fix is not None]
        assert finding.fix is not None
        source = (book / finding.path).read_text("utf-8")
        span = finding.fix.span
        assert source[: span.start] + finding.fix.text + source[span.end :] == f"# A\n\n{mended}\n"
        (book / finding.path).write_text(f"# A\n\n{mended}\n", "utf-8")
        assert findings(book) == []


def test_findings_come_in_reading_order_and_once(make_book: MakeBook) -> None:
    book = make_book(
        {
            "1.md": "# C\n\nTODO [x](x.md) TODO:\n",
            "10.md": "# A\n\nTODO\n",
            "2.md": "# B\n\nTODO\n",
        },
        settings=SETTINGS + '[layout]\nchapters = ["2.md", "10.md", "1.md"]\n',
    )
    found = findings(book)
    assert [(f.path[9:], *f.position) for f in found] == [
        ("2.md", 3, 1),
        ("10.md", 3, 1),
        ("1.md", 3, 1),
        ("1.md", 3, 10),
        ("1.md", 3, 16),
    ]
    assert len(set(found)) == len(found)
    assert all(finding.code in RULES for finding in found)
