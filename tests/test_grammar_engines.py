"""What harper and the desk's own rules find, and what they leave alone."""

import sqlite3
import time
from pathlib import Path

import pytest

from bookpack.desks.grammar.evaluate import as_chapter
from bookpack.desks.grammar.fix import Fix
from bookpack.desks.grammar.harper import HarperEngine, differs_by_dialect
from bookpack.desks.grammar.harper_lints import FILE, LintMemory
from bookpack.desks.grammar.own_rules import RulesEngine, begins_with_vowel_sound
from bookpack.desks.grammar.prose import blocks_of
from bookpack.desks.grammar.vocabulary import Vocabulary
from bookpack.errors import SettingsError


def rules(text: str, profile: str = "careful") -> list[tuple[str, str]]:
    found = RulesEngine(profile=profile).propose(blocks_of(as_chapter(text)))
    return [(fix.quote, fix.replacement) for fix, _ in found]


def harper(
    text: str, profile: str = "careful", dialect: str = "", words: str = ""
) -> list[tuple[str, str]]:
    vocabulary = Vocabulary()
    chapter = as_chapter(words or text)
    vocabulary.learn(chapter, blocks_of(chapter))
    engine = HarperEngine(vocabulary, profile=profile, dialect=dialect)
    return [(fix.quote, fix.replacement) for fix, _ in engine.propose(blocks_of(as_chapter(text)))]


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("See the the end.", ("the the", "the")),
        ("See the\nthe end.", ("the the", "the")),
        ("See *the* the end.", ("the the", "the")),
        ("He went to to town.", ("to to", "to")),
        ("It takes a HTTP request.", ("a", "an")),
        ("It takes an user there.", ("an", "a")),
        ("It takes a hour there.", ("a", "an")),
        ("We dont know it.", ("dont", "don't")),
        ("It wont work.", ("wont", "won't")),
        ("It’s so, and it doesnt work.", ("doesnt", "doesn’t")),
        ("However we go on.", ("However", "However,")),
        ("It is so. In this chapter we go on.", ("chapter", "chapter,")),
        ("It is so, however we go on.", ("however", "however,")),
        ("We go on with the other `code`", ("", ".")),
        ("We have gone on with the other words", ("words", "words.")),
        ("We have (as it were gone on.", ("", ")")),
        ("We have gone) on.", (")", "")),
        ('We say "go and go.', ("", '"')),
        ("We have (see The Oven on it.", ("", ")")),
        ("It does (i.e. HTTP and it.", ("", ")")),
    ],
)
def test_a_rule_finds(text: str, change: tuple[str, str]) -> None:
    assert rules(text) == [change]


@pytest.mark.parametrize(
    "text",
    [
        "He had had enough, and that that is so is so.",
        "New York, New York. Bora Bora is far, far away.",
        "We log in in the evening.",
        "`the` the end, and a-a there.",
        "A one-time use by a European user of a unique unit, and a usual UFO.",
        "An hour, an honest heir, an X-ray, an FTP server, an LED or a LED, a HAL.",
        "An historic day, plan a is good, an `x`, a `x`.",
        "As was his wont, he is wont to go.",
        "However much we try, it goes on.",
        "Next to this we build.",
        "In addition to this we build.",
        "The following items:",
        "The following code:\n\n    code",
        "We now call the function of the other file\n\n```\ncode\n```",
        "An item without an end",
        "- We have items that are without a stop",
        "# We have a heading that is without a stop",
        'It is :) and a) first, b) second; 5" wide.',
        "“This quotation goes on in the next paragraph\n\n“and ends there.”",
        "All (is [well]) “here” and «there».",
        'The board (the "F3") is 5" wide.',
        "We have (the book 1) and (as in a) or (in (b) and) it :( so.",
        "It is an npm module and a npm module.",
        # Where the end of a sentence is not the block's, the bracket's place is a guess.
        "We have (see The Oven on it. Then we go.",
        "It is so. We go on with the [other words](x.md)",
        "- It is so. Query it with: `one` `two`",
    ],
)
def test_a_rule_leaves_alone(text: str) -> None:
    assert rules(text) == []


def test_the_quiet_profile_keeps_to_what_is_certain() -> None:
    assert rules("We have (gone on with the other words.", "quiet") == []
    assert rules("We have gone on with the other words", "quiet") == []
    assert rules("See the the end.", "quiet") == [("the the", "the")]


@pytest.mark.parametrize(
    ("word", "vowel"),
    [
        ("hour", True),
        ("house", False),
        ("university", False),
        ("uninteresting", True),
        ("unit", False),
        ("unimportant", True),
        ("umbrella", True),
        ("one", False),
        ("onerous", True),
        ("once", False),
        ("European", False),
        ("HTML", True),
        ("URLs", False),
        ("API", True),
        ("SQL", True),
        ("FAQ", None),
        ("NASA", None),
        ("iPhone", None),
        ("x86", None),
    ],
)
def test_words_begin_as_they_are_said(word: str, vowel: bool | None) -> None:
    assert begins_with_vowel_sound(word) is vowel


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("This is a paramter there.", ("paramter", "parameter")),
        ("You could of done it.", ("could of", "could have")),
        ("The dog lost it's bone.", ("it's", "its")),
        ("You can use github there.", ("github", "GitHub")),
        ("We see named tensors in pytorch there.", ("pytorch", "PyTorch")),
        ("They have not seen it in awhile.", ("awhile", "a while")),
    ],
)
def test_harper_finds(text: str, change: tuple[str, str]) -> None:
    assert harper(text) == [change]
    assert harper(text, "quiet") == [change]


@pytest.mark.parametrize(
    "text",
    [
        "The colour of the center is gray or grey.",
        "I think that this is very good, and can't say why.",
        "Use the `foobarize` there; foobarize it.",
        "The Zyxomma flies. A Zyxomma is a dragonfly.",
        "Read https://exmaple.org/recieve and the file recieve.md.",
        "A subfolder and a multithreaded webserver.",
        "Der schnelle braune Fuchs springt hinüber und herüber.",
        "i.e. this is `x`s own.",
        "We use [cocalc](https://cocalc.com) and [Replitz](https://example.org/replitz/).",
        "- Gergelyn Miller\n- Lumbardy, K., and Baker\n- Pimentelle et al. wrote it.",
        "It is a de facto standard that writes to stdout and stderr.",
        "They want to avoid burnout, which came a while ago.",
        "There is a problem. Let people see it.",
        "Each subteam has its cloners.",
        "They give observability to distributed systems.",
        "| Calendly | Microad |\n| --- | --- |\n| Riskified | Evergage |",
        "THIS IS SO, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF IT.",
        "The callback gets it, and the markup stays.",
        "We add plugins, et cetera, with serializers and a codegen.",
        "| name |\n| --- |\n| barbieri |\n| autopulated |",
        "There are Request/Reply hooks. Their are two of them.",
    ],
)
def test_harper_leaves_alone(text: str) -> None:
    assert harper(text) == []


def test_a_dialect_can_be_chosen() -> None:
    assert harper("The colour is red.", dialect="american") == [("colour", "color")]
    assert harper("The colour is red.", dialect="british") == []
    assert differs_by_dialect("colour", "color")
    assert not differs_by_dialect("role", "roll")


def test_what_the_book_uses_often_is_its_own_word() -> None:
    text = "We frobnicate it."
    often = "They frobnicate. We frobnicate. You frobnicate."
    assert harper(text, words=text) != []
    assert harper(text, words=often) == []


def test_a_mistake_that_is_made_often_stays_one() -> None:
    text = "A paramter, one paramter, this paramter and the parameter."
    assert harper(text) == [("paramter", "parameter")] * 3


def test_another_word_than_the_one_proposed_needs_no_majority() -> None:
    text = "The libstd, a libstd and this libstd are no list. " + "A list is a list. " * 9
    assert harper(text) == []


def test_words_can_be_listed(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("# ours\nfrobnicate # a verb\n", "utf-8")
    vocabulary = Vocabulary()
    vocabulary.read(tmp_path)
    assert vocabulary.has("Frobnicate")
    assert not vocabulary.has("ours")
    Vocabulary().read(tmp_path / "nowhere")
    (tmp_path / "words.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(SettingsError):
        vocabulary.read(tmp_path)


def test_a_long_chapter_is_read_in_seconds() -> None:
    sentence = "The baker takes the bread of the miller to town, and `it` is good. "
    text = "\n\n".join(sentence * 8 for _ in range(45))
    engine = HarperEngine(Vocabulary())
    blocks = blocks_of(as_chapter(text))
    assert sum(len(block.text.split()) for block in blocks) > 5_000
    started = time.process_time()
    assert list(engine.propose(blocks)) == []
    assert time.process_time() - started < 10


def test_what_harper_said_is_remembered_and_is_the_same(tmp_path: Path) -> None:
    blocks = blocks_of(
        as_chapter("We see teh paramter there.\n\nThe colour of it: you could of seen it.")
    )

    def found(memory: LintMemory | None) -> list[tuple[Fix, str]]:
        engine = HarperEngine(Vocabulary(), memory=memory)
        return [(fix, block.text) for fix, (block,) in engine.propose(blocks)]

    fresh = found(None)
    assert [fix.replacement for fix, _ in fresh] == ["the", "parameter", "could have"]
    first = LintMemory(tmp_path)
    assert found(first) == fresh
    assert found(first) == fresh
    with sqlite3.connect(tmp_path / FILE) as base:
        # What stands in the cache is what is said; what cannot be understood is looked up again.
        base.execute("UPDATE found SET said = replace(said, 'parameter', 'paramater')")
    base.close()
    again = LintMemory(tmp_path)
    assert [fix.replacement for fix, _ in found(again)] == ["the", "paramater", "could have"]
    with sqlite3.connect(tmp_path / FILE) as base:
        base.execute("""UPDATE found SET said = '[["x", 1, 2]]'""")
    base.close()
    again = LintMemory(tmp_path)
    assert found(again) == fresh


def test_a_cache_that_cannot_be_used_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no data base" * 100)
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path, tmp_path / "file"):
        memory = LintMemory(folder)
        engine = HarperEngine(Vocabulary(), memory=memory)
        blocks = blocks_of(as_chapter("A paramter there."))
        assert [fix.replacement for fix, _ in engine.propose(blocks)] == ["parameter"]
