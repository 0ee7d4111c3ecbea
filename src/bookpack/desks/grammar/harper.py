"""harper, an English checker that is embedded and needs no key, as an engine of the desk.

What it finds is filtered by evidence, not by taste: rules about style are off, and so are those
that find more right text than wrong in real books. A word is only called misspelt when neither
a dictionary of any English nor the book itself knows it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from bookpack.desks.grammar.edits import word_set
from bookpack.desks.grammar.fix import Category, Fix
from bookpack.desks.grammar.harper_lints import Finding, LintMemory, Lints, Rules
from bookpack.desks.grammar.prose import PLACEHOLDER, Block, Proposal
from bookpack.desks.grammar.vocabulary import Vocabulary
from bookpack.source import Span

ENGINE = "harper"
_CODE = re.compile(r"`([^`]*)`")
"""How its messages quote words; people read them on a terminal and a page."""
_STYLE_KINDS = frozenset(
    {"Style", "Enhancement", "Readability", "Formatting", "Redundancy", "Regionalism"}
)
_NEVER_STYLE = word_set("""
    AvoidContractions AvoidCurses BoringWords Codebase CompoundNouns Damages DisjointPrefixes
    DoubleCheckHyphen Excellent ExpandMemoryShorthands ExpandTimeShorthands FindOut
    ForYourInformation GoogleNames HaveTakeALook Hedging IncludingButNotLimitedToPunctuation
    InvestIn LongSentences NerveRacking NoOxfordComma OkToOkay OutOfDate OxfordComma RoadMap
    SpelledNumbers ToDoHyphen UseTitleCase
""")
"""Rules about style that harper counts among others."""
_NEVER_RIGHT = word_set("""
    AllowTo CommaFixes CompaniesProductsAndTrademarks DidPast MassNouns MergeWords
    MissingDeterminer MissingPreposition MissingTo MultipleSequentialPronouns NominalWants NotTo
    OneOfTheSingular Overall PossessiveNoun ProgressiveNeedsBe PronounInflectionBe PronounKnew
    PronounVerbAgreement SentenceCapitalization SimplePastToPastParticiple Spaces SplitWords
    ThatThan TheHowWhy TheirToThere There TheyToThem ToTwoToo VeryLess WereWhere WhomSubjectOfVerb
    WrongNegative YourPredicateAdjective
""")
"""Rules that were wrong more often than right in 85,000 words of published books."""
_TWO_WORDS = word_set("backup login logout setup shutdown")
"""Nouns that people write where they mean the verb; most others are meant as nouns."""
_NO_MISTAKES = word_set(
    "cetera codegen convolve deserializer exfiltrate facto libre nitty serializer stderr stdin "
    "stdout"
)
"""Words of technical books that harper's dictionary lacks."""
_OURS = word_set("AnA RepeatedWords ToTo DiscourseMarkers UnclosedQuotes")
"""Rules that the desk has itself, and surer."""
_NEVER = _NEVER_STYLE | _NEVER_RIGHT | _OURS
_CAREFUL_ONLY = word_set(
    "PhrasalVerbAsCompoundNoun TheProperNounPossessive MoreAdjective InTimeFromNow"
)
_CATEGORIES = {
    "Spelling": Category.SPELLING,
    "Typo": Category.SPELLING,
    "Capitalization": Category.SPELLING,
    "Punctuation": Category.PUNCTUATION,
    "WordChoice": Category.WORD_CHOICE,
    "Eggcorn": Category.WORD_CHOICE,
    "Malapropism": Category.WORD_CHOICE,
    "Usage": Category.WORD_CHOICE,
    "Nonstandard": Category.WORD_CHOICE,
}
_PREFIX = re.compile(
    r"(?:anti|auto|co|counter|cross|de|dis|hyper|inter|macro|meta|micro|mini|mis|multi|non|out|"
    r"over|post|pre|pro|proto|pseudo|quasi|re|self|semi|sub|super|tele|trans|ultra|un|under|up)-?"
)
_SUFFIX = re.compile(r"(?:ness|less|able|ability|wise|like|ish|ship|ful|ify|ization|isation|er|y)$")
_NAME_GOES_ON = re.compile(r"[,.]? (?:[A-Z]|et al\b|⟦)")
"""What stands behind the first word of a name: another one, an initial, “et al.”."""
_VERB_TO_BE = re.compile(r" (?:is|are|was|were|will|has|have|can)\b")
_PLURAL_FOLLOWS = re.compile(r"(?:[/-]\w+)* ?\w*s\b")
_NO_STYLE = frozenset({"Cant"})
"""Of the kinds of style, what is about a mistake."""
_BATCH = 20_000
"""Characters that are given to harper at once."""
_FOREIGN = 0.34
"""Part of unknown words from which a block is not taken for English."""


class HarperEngine:
    """harper with a profile and a book's own words.

    What it said before is in `memory`. `dialect` is one of `config.tables.ENGLISHES`, or empty:
    then what is right in American or British English is right.
    Raises `SettingsError` when harper is not installed.
    """

    name = ENGINE

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        profile: str = "careful",
        dialect: str = "",
        memory: LintMemory | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.profile = profile
        self.englishes = _englishes(dialect, memory)
        self._right: dict[str, bool] = {}

    def propose(self, blocks: Iterable[Block]) -> Iterator[Proposal]:
        """Yield what harper finds in `blocks` and the profile keeps, in order."""
        batch: list[Block] = []
        size = 0
        for block in blocks:
            batch.append(block)
            size += len(block.text)
            if size > _BATCH:
                yield from self._propose(batch)
                batch, size = [], 0
        yield from self._propose(batch)

    def _propose(self, batch: list[Block]) -> Iterator[Proposal]:
        first, *others = self.englishes
        found = first.of([block.text for block in batch])
        for other in others:
            # What another English calls right is right. Only blocks with a finding are asked.
            doubted = [index for index, ones in enumerate(found) if ones]
            again = other.of([batch[index].text for index in doubted])
            for index, ones in zip(doubted, again, strict=True):
                same = {(one.rule, one.span) for one in ones}
                found[index] = [one for one in found[index] if (one.rule, one.span) in same]
        for block, ones in zip(batch, found, strict=True):
            for fix in self._fixes(block, ones):
                yield Proposal(fix, (block,))

    def _fixes(self, block: Block, findings: Sequence[Finding]) -> list[Fix]:
        hidden = [Span(*match.span()) for match in PLACEHOLDER.finditer(block.text)]
        fixes: list[Fix] = []
        unknown = 0
        named = {one.span for one in findings if one.rule == "OrthographicConsistency"}
        for one in findings:
            span = one.span
            if one.rule == "SpellCheck" and span in named:
                continue  # a name that is known, and only written otherwise
            if any(h.start <= span.end and span.start <= h.end for h in hidden):
                continue
            unknown += one.rule == "SpellCheck" and one.quote[:1].islower()
            fix = self._fix(block, one)
            fixes += [fix] if fix is not None else []
        # Another language, or a list of names.
        return [] if unknown > max(2, _FOREIGN * len(block.text.split())) else fixes

    def _fix(self, block: Block, finding: Finding) -> Fix | None:
        after, rule, span = finding.after, finding.rule, finding.span
        quote = span.slice(block.text)
        if after is None or after == quote:
            return None
        if "’" in quote and "'" in after:
            after = after.replace("'", "’")
        confidence = 0.8
        if rule == "SpellCheck":
            joined = "-" in (block.text[span.start - 1 : span.start], block.text[span.end :][:1])
            # In a table's cell a capital tells nothing, and behind some it is a name for sure.
            is_name = quote[:1].isupper() and block.kind != "heading"
            is_name = is_name and (
                block.kind == "cell" or _NAME_GOES_ON.match(block.text, span.end) is not None
            )
            # A cell that holds one word alone holds a name, as of a package or an account.
            is_name = is_name or (block.kind == "cell" and block.text.strip("@ ") == quote)
            confidence = 0.0 if joined or is_name else self._misspelt(quote, finding.instead)
        elif rule == "OrthographicConsistency":
            # What it wants of short words and of capitals is a guess. A capital inside of a name
            # (GitHub) is sure; where a name begins with one, it may be a command or a package.
            is_name = quote.islower() and quote.isalpha() and len(quote) > 4
            is_name = is_name and quote not in self.vocabulary.code
            confidence = (0.8 if after[1:] != quote[1:] else 0.5) if is_name else 0.0
        elif _is_right_there(finding, block.text[span.end :]):
            confidence = 0.0
        elif rule in _CAREFUL_ONLY:
            confidence = 0.5
        if confidence < (0.5 if self.profile == "careful" else 0.65):
            return None
        category = _CATEGORIES.get(finding.kind, Category.GRAMMAR)
        return Fix(
            ENGINE,
            quote,
            after,
            category=category,
            confidence=confidence,
            why=_CODE.sub(r"“\1”", finding.message),
            rule=rule,
            span=span,
        )

    def _misspelt(self, word: str, nearest: Sequence[str]) -> float:
        """Return how certain it is that `word` is a mistake, 0 when it is not."""
        letters = word.replace("'", "").replace("’", "")
        if len(word) < 4 or not letters.isalpha() or not nearest:
            return 0.0
        distance = _distance(word.lower(), nearest[0].lower())
        # One letter's difference may be the author's usual mistake; with more it is another word.
        rivals = list(nearest[:1]) if distance == 1 else []
        if any(c.isupper() for c in word[1:]) or self.vocabulary.has(word, rivals):
            return 0.0
        if {word.lower(), word.lower().removesuffix("s")} & _NO_MISTAKES:
            return 0.0
        if self._is_made_of_words(word.lower()):
            return 0.0
        if word[0].isupper():
            # A name at the beginning of a sentence looks the same.
            return 0.5 if len(word) > 6 and distance < 3 else 0.0
        if nearest[0].replace(" ", "") == word:
            return 0.0  # where words become one is a matter of taste
        if nearest[0].replace("'", "") == word:
            return 0.9
        if "'" in nearest[0] and letters == word:
            return 0.0  # “cloners” is no “clone's”
        if len(word) < 5 or (len(word) < 6 and distance > 1):
            return 0.0
        if word[0] != nearest[0][0]:
            return 0.3  # few mistakes are made in the first letter (Kukich 1992)
        if distance == 1:
            return 0.9 if len(word) > 5 else 0.5
        # Of short words with two wrong letters the guess is mostly another word.
        if distance > 2 or len(word) < 8:
            return 0.3
        return 0.7 if len(word) > 8 else 0.5

    def _is_made_of_words(self, word: str) -> bool:
        """Tell whether `word` is two words together, or one with a prefix or suffix."""
        prefix = _PREFIX.match(word)
        if prefix:
            # “co” and “lour” are words, too: a short prefix wants a longer word behind it.
            shortest = 4 if prefix.end() > 2 else 5
            if len(word) - prefix.end() >= shortest and self._is_right(word[prefix.end() :]):
                return True
        suffix = _SUFFIX.search(word)
        if suffix and suffix.start() > 3:
            stem = word[: suffix.start()]
            if any(self._is_right(one) for one in (stem, f"{stem}e", f"{stem}y")):
                return True
        return any(
            self._is_right(word[:cut]) and self._is_right(word[cut:])
            for cut in range(4, len(word) - 3)
        )

    def _is_right(self, word: str) -> bool:
        if word not in self._right:
            self._right[word] = _is_spelled(self.englishes[0], word)
        return self._right[word]


def _is_right_there(finding: Finding, behind: str) -> bool:
    """Tell by a finding's words, and what stands `behind` them, whether the rule has misread it."""
    rule, quote = finding.rule, finding.quote
    if rule == "LetsConfusion":
        return quote.lower() == "let"  # “Let people see it.”
    if rule == "TheirToTheyre":
        return _VERB_TO_BE.match(behind) is not None  # “Their are two” means “there”
    if rule == "ThereIsAgreement":
        return _PLURAL_FOLLOWS.match(behind) is not None  # “There are Request/Reply hooks”
    if rule == "AWhile":
        return behind.startswith(" ago")
    if rule == "PhrasalVerbAsCompoundNoun":
        # A verb is not the last word of its phrase: “they keep a backup, and …”.
        return quote.lower() not in _TWO_WORDS or behind[:1] in (",", ".", ";", ":", ")", "")
    if rule == "InflectedVerbAfterTo":
        return not quote.endswith("s")  # “to distributed systems”
    if rule == "CapitalizePersonalPronouns":
        return behind[:1] == "-"
    return finding.kind == "Capitalization" and quote[:1].isupper()


def _englishes(dialect: str, memory: LintMemory | None = None) -> tuple[Lints, ...]:
    wanted = (dialect,) if dialect else ("american", "british")
    return tuple(Lints(Rules(one, _NEVER, _STYLE_KINDS, _NO_STYLE), memory) for one in wanted)


def _is_spelled(lints: Lints, word: str) -> bool:
    (found,) = lints.of([word])
    return not any(one.rule == "SpellCheck" for one in found)


def _distance(one: str, other: str) -> int:
    """Return how many letters are wrong, left out, too many, or changed with their neighbour.

    Damerau's distance with adjacent transpositions (optimal string alignment).
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]


def differs_by_dialect(before: str, after: str) -> bool:
    """Tell whether two single words are one word in two Englishes (“colour”, “color”)."""
    if not (before.isalpha() and after.isalpha()):
        return False
    american, british = (
        [_is_spelled(english, word) for word in (before, after)] for english in _englishes("")
    )
    return american != british and sorted(american) == sorted(british) == [False, True]
