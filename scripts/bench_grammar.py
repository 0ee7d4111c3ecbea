"""What the grammar desk costs, and how it holds a place in a text that moves on.

    python scripts/bench_grammar.py

Printed are: the whole command on a chapter of 5,000 words, without a model; the slowest of many
patterns on the longest chapter there is; 10,000 hostile patterns; and, after one to ten commits to
a chapter, how many suggestions are orphaned and how many are found in a wrong place. The commits
are made up: words replaced, sentences added, paragraphs put in, taken out, moved and wrapped anew;
what became of every letter is written down. A suggestion whose own words were changed is gone and
does not count. Chapters are the handbook's, and those of the books in `../shared` where they are.
"""

import os
import random
import re
import tempfile
import time
from pathlib import Path

from bookpack.desks.grammar.evaluate import as_chapter
from bookpack.desks.grammar.fix import Fix
from bookpack.desks.grammar.prose import blocks_of
from bookpack.desks.grammar.validate import Validator
from bookpack.desks.review.anchoring import Anchoring
from bookpack.desks.review.suggestion import (
    Draft,
    Quote,
    Suggestion,
    make_suggestions,
    telling_context,
)
from bookpack.source import Span
from measuring import ROOT, RUNS, SHARED, bookpack, median, report, run

WORDS = 5_000
HOSTILE = 10_000
COMMITS = 10
SUGGESTIONS = 40
"""For each chapter: words of its prose, chosen by chance."""
PATTERNS = [
    "(a+)+$", "(a|aa)+$", ".?" * 149 + "x", "[^x]*" * 50, "(?:a?){40}x",
    "(.*)" * 9 + "z", "(.*a){9}", "(?s).*.*.*x", r"(\w+\s+)+zzz", r"(\w+\s*)+$", "((a*)*)*b",
    "(x+x+)+y", "[a-z]{30}", "([a-z]+)*!", r"(.|\n)*oven", r"(?i)(the|a|an|of)+\s+(the|a|an|of)+q",
    r"\bthe\b", "(e|ee|eee)+z", r"(?:\p{L}+\s){20}zz", "a?" * 30 + "a" * 30, ".{1,40}zz",
    "|".join(f"w{n}" for n in range(60)), "(" * 9 + "a" + ")*" * 9, r"^(\s*\S+)*$",
]  # fmt: skip


def chapters() -> list[str]:
    """Return the texts of all chapters that are at hand, in order of path."""
    paths = sorted((ROOT / "chapters").glob("*.md"))
    if SHARED.is_dir():
        paths += sorted((SHARED / "books").rglob("*.md"))
    return [text for path in paths if len(text := path.read_bytes().decode()) > 2_000]


def measure_chapter(work: Path, texts: list[str]) -> None:
    """Print what the command takes on one chapter of about 5,000 words of real prose."""
    paragraphs = [one for text in texts for one in text.split("\n\n") if one[:1].isalpha()]
    words, chosen = 0, ["# Chapter"]
    for paragraph in paragraphs:
        if words < WORDS:
            chosen.append(paragraph)
            words += len(paragraph.split())
    (work / "chapters").mkdir()
    (work / "bookpack.toml").write_text(
        '[book]\ntitle = "One"\nurl = "https://example.com"\n[layout]\nsource = "chapters"\n'
    )
    (work / "chapters" / "1-one.md").write_text("\n\n".join(chosen) + "\n", "utf-8")
    command = bookpack("grammar", str(work), "--offline", "--quiet")
    costs = []
    for number in range(RUNS):
        # What the checker said of a text is remembered in the cache: each run gets its own.
        os.environ["BOOKPACK_CACHE"] = str(work / f"cache-{number}")
        costs.append(run(command))
    report(f"{words:,} words", median(costs))
    report("the same once more", run(command))


def measure_patterns(texts: list[str]) -> None:
    """Print the slowest pattern on the longest chapter, and how long 10,000 hostile ones take."""
    longest = max(texts, key=len)
    chapter = as_chapter(longest)
    blocks = tuple(blocks_of(chapter))
    validator = Validator(chapter)

    def milliseconds(pattern: str) -> float:
        began = time.process_time()
        validator.resolve(Fix("one", "", "x", pattern), blocks)
        return 1000 * (time.process_time() - began)

    milliseconds("warm")
    slowest = max((min(milliseconds(one) for _ in range(3)), one) for one in PATTERNS)
    print(
        f"  one pattern on {len(longest):,} characters: at most {slowest[0]:.1f} ms of CPU "
        f"({slowest[1][:20]}…)"
    )
    short = as_chapter("\n\n".join(longest.split("\n\n")[:8]))
    blocks, validator = tuple(blocks_of(short)), Validator(short)
    began = time.perf_counter()
    for number in range(HOSTILE):
        milliseconds(f"{PATTERNS[number % len(PATTERNS)][:280]}{number}$")
    took = time.perf_counter() - began
    print(f"  {HOSTILE:,} hostile patterns on {len(short.source.text):,} characters: {took:.1f} s")


Letters = list[tuple[str, int]]
"""A text with the number that every letter had in the first one; -1 for what came later."""


def commit(letters: Letters, choose: random.Random) -> Letters:
    """Return the text after one to three changes such as authors make."""
    kinds = [replace_word, add_sentence, put_in, take_out, move, wrap]
    for _ in range(choose.randint(1, 3)):
        (kind,) = choose.choices(kinds, [10, 3, 3, 2, 2, 1])
        letters = kind(letters, choose)
    return letters


def replace_word(letters: Letters, choose: random.Random) -> Letters:
    """Write another word in the place of one."""
    words = list(re.finditer(r"\w{4,}", text_of(letters)))
    start, end = choose.choice(words).span() if words else (0, 0)
    return letters[:start] + new(choose.choice(["another", "bread", "hotter"])) + letters[end:]


def add_sentence(letters: Letters, choose: random.Random) -> Letters:
    """Write a sentence behind another one."""
    ends = [match.end() for match in re.finditer(r"\.(?= )", text_of(letters))] or [len(letters)]
    at = choose.choice(ends)
    return letters[:at] + new(f" This is said {choose.randint(2, 99)} times.") + letters[at:]


def put_in(letters: Letters, choose: random.Random) -> Letters:
    """Write a new paragraph between two."""
    parts = split(letters)
    number = choose.randint(2, 999)
    parts.insert(choose.randint(0, len(parts)), new(f"A new paragraph, {number}, of an oven."))
    return joined(parts)


def take_out(letters: Letters, choose: random.Random) -> Letters:
    """Leave a paragraph out."""
    parts = split(letters)
    del parts[choose.randrange(len(parts))]
    return joined(parts)


def move(letters: Letters, choose: random.Random) -> Letters:
    """Bring a paragraph to another place."""
    parts = split(letters)
    part = parts.pop(choose.randrange(len(parts)))
    parts.insert(choose.randint(0, len(parts)), part)
    return joined(parts)


def wrap(letters: Letters, choose: random.Random) -> Letters:
    """Break the lines of a paragraph elsewhere."""
    parts = split(letters)
    index = choose.randrange(len(parts))
    part, width = parts[index], 0
    for place, (letter, number) in enumerate(part):
        width += 1
        if letter in " \n" and width > 1:
            breaks = width > 60
            part[place] = ("\n" if breaks else " ", number)
            width = 0 if breaks else width
    return joined(parts)


def split(letters: Letters) -> list[Letters]:
    """Return the paragraphs of a text."""
    bounds = [match.span() for match in re.finditer(r"\n\n+", text_of(letters))]
    starts = [0, *(end for _, end in bounds)]
    ends = [*(start for start, _ in bounds), len(letters)]
    return [letters[start:end] for start, end in zip(starts, ends, strict=True)] or [[]]


def joined(parts: list[Letters]) -> Letters:
    """Return paragraphs as one text."""
    return [one for part in parts for one in [*part, ("\n", -1), ("\n", -1)]][:-2]


def new(text: str) -> Letters:
    """Return letters that no text had before."""
    return [(letter, -1) for letter in text]


def text_of(letters: Letters) -> str:
    """Return the text alone."""
    return "".join(letter for letter, _ in letters)


def places(letters: Letters, suggestions: list[Suggestion]) -> dict[str, Span]:
    """Return where suggestions really stand now; those whose words have changed are left out."""
    now = {number: place for place, (_, number) in enumerate(letters) if number >= 0}
    text, found = text_of(letters), {}
    for one in suggestions:
        start = now.get(one.span.start)
        if start is None:
            continue
        span = Span(start, start + len(one.before))
        numbers = [number for _, number in letters[span.start : span.end]]
        if span.slice(text) == one.before and numbers == list(range(*one.span)):
            found[one.id] = span
    return found


def suggest(text: str, choose: random.Random) -> list[Suggestion]:
    """Return suggestions on words chosen by chance."""
    runs = (run for block in blocks_of(as_chapter(text)) for run in block.runs if run.copied)
    words = [
        Span(*match.span()).shifted(run.origin.start)
        for run in runs
        for match in re.finditer(r"\w{3,}", run.origin.slice(text))
    ]
    chosen = choose.sample(words, min(SUGGESTIONS, len(words)))
    drafts = [Draft("GF1", "spelling", span, "?", "", "") for span in chosen]
    return make_suggestions("grammar", "one.md", text, drafts)


def as_recorded(text: str, one: Suggestion) -> Quote:
    """Return what the store keeps of a change, for a day on which nobody has the text any more."""
    prefix, suffix = telling_context(text, one.span)
    return Quote(prefix, one.before, suffix, one.span.start)


def measure_anchoring(texts: list[str]) -> None:
    """Print orphans and wrong places after up to ten commits, with the old text and without."""
    counts = {known: [0, 0, 0] for known in (True, False)}
    began = time.perf_counter()
    for text, seed in ((text, seed) for seed, text in enumerate(texts)):
        choose = random.Random(seed)
        letters: Letters = [(letter, place) for place, letter in enumerate(text)]
        first = text_of(letters)
        suggestions = suggest(first, choose)
        quotes = {True: [one.quote for one in suggestions]}
        quotes[False] = [as_recorded(first, one) for one in suggestions]
        for number in range(COMMITS):
            letters = commit(letters, choose)
            if number not in (0, 4, COMMITS - 1):
                continue
            really = places(letters, suggestions)
            for known, count in counts.items():
                anchoring = Anchoring(first if known else None, text_of(letters))
                for one, quote in zip(suggestions, quotes[known], strict=True):
                    found = anchoring.find(quote)
                    count[0] += one.id in really
                    count[1] += one.id in really and found is None
                    count[2] += found is not None and found != really.get(one.id)
    took = time.perf_counter() - began
    for known, (total, orphans, wrong) in counts.items():
        what = "in a review" if known else "for an undo that knows their words alone"
        print(
            f"  {total:,} places after 1, 5 and 10 commits, {what}: {orphans:,} orphans "
            f"({100 * orphans / total:.2f} %), {wrong:,} in a wrong place"
        )
    print(f"  ({took:.1f} s)")


def main() -> None:
    """Measure everything."""
    texts = chapters()
    print(f"grammar desk: {len(texts):,} chapters")
    with tempfile.TemporaryDirectory() as work:
        measure_chapter(Path(work), texts)
    measure_patterns(texts)
    measure_anchoring(texts)


if __name__ == "__main__":
    main()
