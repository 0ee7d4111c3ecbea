"""What can be wrong with a book: the one table of rules.

A rule's code is stable for ever; its name reads as what it forbids. Adding a rule means
adding a row to `RULES`: selection, documentation and every output form follow from it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. `error` means that readers would get something wrong or missing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return ("info", "warning", "error").index(self.value)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: what is forbidden, how bad it is, and what to do about it."""

    code: str
    name: str
    severity: Severity
    summary: str
    help: str


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        # BP1: reading files
        Rule(
            "BP101",
            "undecodable-bytes",
            _E,
            "The file holds bytes that are not UTF-8 text.",
            "Convert the file to UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8.",
        ),
        Rule(
            "BP102",
            "nul-character",
            _E,
            "The file holds a NUL character; editions get U+FFFD in its place.",
            "Delete the character.",
        ),
        Rule(
            "BP103",
            "unclosed-front-matter",
            _E,
            "Front matter is opened and never closed, so it is read as text.",
            "Close it with a line of its own: --- for YAML, +++ for TOML.",
        ),
        Rule(
            "BP104",
            "invalid-front-matter",
            _E,
            "Front matter is not valid YAML or TOML, not a mapping, or too large to be honest.",
            "Write it as lines of the form: key: value.",
        ),
        Rule(
            "BP105",
            "wrong-front-matter-type",
            _E,
            "A front matter field has a value of the wrong type.",
            "See the list of fields in the handbook's chapter on chapters.",
        ),
        Rule(
            "BP106",
            "unclosed-code-fence",
            _W,
            "A code fence is never closed, so the rest of the chapter is code.",
            "Close the fence with a line of as many backticks or tildes as opened it.",
        ),
        Rule(
            "BP107",
            "unclosed-comment",
            _E,
            "An HTML comment is never closed: readers of a web page lose the rest of the chapter.",
            "Close the comment with -->.",
        ),
        Rule(
            "BP108",
            "overlong-line",
            _W,
            "A line is so long that editors and models choke on it.",
            "Break the line, or move embedded data into a file.",
        ),
        Rule(
            "BP109",
            "unreadable-file",
            _E,
            "The file cannot be read.",
            "Check the file's permissions.",
        ),
        Rule(
            "BP110",
            "file-outside-book",
            _E,
            "A path or symbolic link leaves the book's folder; it is not followed.",
            "Copy the file into the book.",
        ),
        Rule(
            "BP111",
            "empty-chapter",
            _W,
            "The chapter has no text.",
            "Write it, mark it with draft: true, or delete the file.",
        ),
        Rule(
            "BP112",
            "carriage-return-lines",
            _I,
            "Lines end in a lone carriage return, as on very old Macs.",
            "Convert the file to line feeds, for example: tr '\\r' '\\n'.",
        ),
        # BP2: the book's order, titles and addresses
        Rule(
            "BP201",
            "unlisted-chapter",
            _W,
            "A Markdown file lies in the chapter folder and not in the listed order.",
            "Add it to chapters in bookpack.toml, or name it in [layout] exclude.",
        ),
        Rule(
            "BP202",
            "missing-chapter",
            _E,
            "A chapter is listed and there is no such file.",
            "Create the file or remove it from the list.",
        ),
        Rule(
            "BP203",
            "draft-chapter",
            _I,
            "A chapter is marked as a draft and left out.",
            "Remove draft: true to publish it, or set drafts = true in [layout].",
        ),
        Rule(
            "BP204",
            "duplicate-order-number",
            _W,
            "Two chapters have one order number; their names decide which comes first.",
            "Give each chapter a number of its own.",
        ),
        Rule(
            "BP205",
            "duplicate-title",
            _W,
            "Two chapters have the same title.",
            "Rename one, or delete it if it is a stale copy.",
        ),
        Rule(
            "BP206",
            "duplicate-url",
            _E,
            "Two chapters have the same address, or claim the same alias.",
            "Give one of them another url, slug or alias in its front matter.",
        ),
        Rule(
            "BP207",
            "near-duplicate-chapter",
            _W,
            "Two chapters share most of their text: one looks like a stale copy.",
            "Delete the stale copy, or mark it with draft: true.",
        ),
        Rule(
            "BP208",
            "chapter-without-url",
            _W,
            "The other chapters state their address, this one does not.",
            "State it: url in front matter, or a line 'url: https://…' under the title.",
        ),
        Rule(
            "BP209",
            "chapter-without-title",
            _W,
            "The chapter has no title, so its file name has to serve.",
            "Begin it with a heading: # Title.",
        ),
        Rule(
            "BP210",
            "repeated-chapter",
            _E,
            "A chapter is listed more than once; the first place counts.",
            "Remove the repeated line.",
        ),
        Rule(
            "BP211",
            "ambiguous-slug",
            _W,
            "Files in different folders share a name, so their folders went into their addresses.",
            "Give each chapter a slug, or set url-style to a form with {path}.",
        ),
        Rule(
            "BP212",
            "book-without-title",
            _W,
            "The book has no title, so its folder's name has to serve.",
            'Set it in bookpack.toml: [book] title = "…".',
        ),
        Rule(
            "BP213",
            "book-without-chapters",
            _E,
            "No chapter was found, so the editions are empty.",
            "Put Markdown files into the folder chapters, or name the folder as [layout] source.",
        ),
        # BP3: links and footnotes
        Rule(
            "BP301",
            "broken-link",
            _E,
            "The link leads to no chapter and no file of the book.",
            "Correct the target.",
        ),
        Rule(
            "BP302",
            "broken-anchor",
            _E,
            "The chapter has no heading or element with this anchor.",
            "Correct what stands behind the #.",
        ),
        Rule(
            "BP303",
            "ambiguous-link",
            _E,
            "The target can mean more than one chapter.",
            "Write the path of the chapter's file, relative to this one.",
        ),
        Rule(
            "BP304",
            "missing-asset",
            _E,
            "The image or file does not exist in the book.",
            "Add the file or correct the path.",
        ),
        Rule(
            "BP305",
            "relative-link-left-in",
            _W,
            "The book links by absolute addresses, and this link is relative.",
            "Write the full address; editions get it in any case.",
        ),
        Rule(
            "BP306",
            "wrong-case-in-link",
            _W,
            "The target exists, spelled with other capitals; a web server would not find it.",
            "Use the exact spelling.",
        ),
        Rule(
            "BP307",
            "undefined-reference",
            _E,
            "A reference link has no definition, so readers see its brackets.",
            "Add the definition: [label]: https://…",
        ),
        Rule(
            "BP308",
            "undefined-footnote",
            _E,
            "A footnote reference has no footnote.",
            "Add the footnote: [^label]: text.",
        ),
        Rule(
            "BP309",
            "unused-footnote",
            _W,
            "A footnote is never referred to, so most tools drop it.",
            "Refer to it with [^label], or delete it.",
        ),
        Rule(
            "BP310",
            "link-in-math",
            _W,
            "Dollar signs turn this link into math.",
            "Write the dollar signs of prices as \\$, or set math = false in [layout].",
        ),
        Rule(
            "BP311",
            "link-out-of-book",
            _E,
            "The path leads out of the book's folder.",
            "Link to the published address instead.",
        ),
        Rule(
            "BP312",
            "unplaceable-link",
            _W,
            "The exact place of the target could not be proven, so it was left as it is.",
            "Write the link on one line.",
        ),
        Rule(
            "BP313",
            "empty-link",
            _W,
            "The link has no target.",
            "Give it one, or remove the link.",
        ),
        Rule(
            "BP314",
            "link-to-draft",
            _E,
            "The link leads to a chapter that is left out.",
            "Publish the chapter or remove the link.",
        ),
        Rule(
            "BP315",
            "duplicate-definition",
            _W,
            "A reference or footnote label is defined twice; the first one counts.",
            "Remove the second definition or rename its label.",
        ),
        # BP4: what a reader would see
        Rule(
            "BP401",
            "draft-notice",
            _W,
            "A notice to the author would be published.",
            "Remove it, or mark the chapter with draft: true.",
        ),
        Rule(
            "BP402",
            "unclosed-emphasis",
            _W,
            "An emphasis mark has no partner, so readers see the mark.",
            "Add the partner without a blank inside, or write the mark with a backslash.",
        ),
        Rule(
            "BP403",
            "unclosed-link",
            _W,
            "A link is not closed, or its target holds a blank, so readers see its brackets.",
            "Write [text](target); put a target with blanks into <…>.",
        ),
        Rule(
            "BP404",
            "unclosed-code-span",
            _W,
            "A backtick has no partner, so readers see it.",
            "Add the missing backtick, or write it with a backslash.",
        ),
        Rule(
            "BP405",
            "heading-without-blank",
            _W,
            "A line starts with number signs and no blank, so it is no heading.",
            "Put a blank after the number signs.",
        ),
        Rule(
            "BP406",
            "broken-table",
            _W,
            "Lines look like a table and lack its second line of dashes.",
            "Put a line such as | --- | --- | under the first row.",
        ),
        Rule(
            "BP407",
            "invisible-character",
            _W,
            "An invisible or control character stands in the text.",
            "Delete it.",
        ),
        Rule(
            "BP408",
            "bidirectional-control",
            _E,
            "A control character changes the direction of the text that follows it.",
            "Delete it, or close it in the same line.",
        ),
        Rule(
            "BP409",
            "image-without-words",
            _W,
            "The image has no alternative text, so a model learns nothing of it.",
            'Write one: ![what it shows](…), or mark decoration with alt="" in HTML.',
        ),
        Rule(
            "BP410",
            "unknown-rule-in-comment",
            _W,
            "A comment takes back a rule that does not exist.",
            "Correct the code or name of the rule.",
        ),
        # BP5: conventions and dialects
        Rule(
            "BP501",
            "missing-include",
            _E,
            "A file that the text includes does not exist, or has not the part that is asked for.",
            "Correct the path; it is meant relative as the tool of this convention means it.",
        ),
        Rule(
            "BP502",
            "include-cycle",
            _E,
            "A file includes itself, directly or by way of others.",
            "Break the circle.",
        ),
        Rule(
            "BP503",
            "untranslated-markup",
            _W,
            "Markup of a tool that is not plain Markdown stands in the pack as it is.",
            "Write it in Markdown, or ignore this where a reader understands it.",
        ),
        Rule(
            "BP504",
            "undefined-label",
            _E,
            "A reference names a label or page that the book does not have.",
            "Define the label or correct its name.",
        ),
        Rule(
            "BP505",
            "duplicate-label",
            _W,
            "A label is defined twice; the first one counts.",
            "Rename one of them.",
        ),
        Rule(
            "BP506",
            "invalid-convention-settings",
            _E,
            "A settings or contents file of the book's own tool cannot be understood.",
            "Mend it so that the tool itself can read it.",
        ),
        Rule(
            "BP507",
            "conflicting-conventions",
            _W,
            "The folder follows two conventions at once; one of them was chosen.",
            "Name the right one as convention in [layout].",
        ),
        # BP6: links to other sites, asked only by `check --external`
        Rule(
            "BP601",
            "dead-external-link",
            _E,
            "The page that the link leads to is gone.",
            "Link to where the page is now, to a copy in a web archive, or remove the link.",
        ),
        Rule(
            "BP602",
            "moved-external-link",
            _I,
            "The page has moved for good and the old address leads on to the new one.",
            "Write the new address.",
        ),
        Rule(
            "BP603",
            "broken-external-anchor",
            _W,
            "The page is there and has no element with this anchor.",
            "Correct what stands behind the #, or remove it.",
        ),
        Rule(
            "BP604",
            "unreachable-external-link",
            _W,
            "The site could not be asked or gave no clear answer; this might be temporary.",
            "Look at it in a browser, or name the address in [links] external-ignore.",
        ),
        Rule(
            "BP605",
            "private-address",
            _W,
            "The address belongs to a machine or network of its own, so readers cannot follow it.",
            "Write it as code, or set external-allow-private = true in [links].",
        ),
    )
}
RULES_BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES.values()}
