"""harper, an English checker that is embedded and needs no key, as an engine of the desk.

What it finds is filtered by evidence, not by taste: rules about style are off, and so are those
that find more right text than wrong in real books. A word is only called misspelt when neither
a dictionary of any English nor the book itself knows it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from bookpack.desks.grammar.edits import word_set
from bookpack.desks.grammar.fix import Category, Fix
from bookpack.desks.grammar.prose import PLACEHOLDER, Block, Proposal
from bookpack.desks.grammar.vocabulary import Vocabulary
from bookpack.errors import SettingsError
from bookpack.source import Span

if TYPE_CHECKING:
    from harper import Lint, Linter

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
_NO_MISTAKES = word_set("convolve exfiltrate facto libre nitty stderr stdin stdout")
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
_NO_STYLE = frozenset({"Cant"})
"""Of the kinds of style, what is about a mistake."""
_BETWEEN = "\n\n"
_BATCH = 20_000
"""Characters that are given to harper at once."""
_FOREIGN = 0.34
"""Part of unknown words from which a block is not taken for English."""


class HarperEngine:
    """harper with a profile and a book's own words. Building one takes about 0.4 s.

    `dialect` is one of `config.tables.ENGLISHES`, or empty: then what is right in American or
    British English is right.
    Raises `SettingsError` when harper is not installed.
    """

    name = ENGINE

    def __init__(
        self, vocabulary: Vocabulary, *, profile: str = "careful", dialect: str = ""
    ) -> None:
        self.vocabulary = vocabulary
        self.profile = profile
        self.linters = _linters(dialect)
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
        first, *others = self.linters
        found = _found(first, batch)
        for other in others:
            # What another English calls right is right. Only blocks with a finding are asked.
            doubted = [block for block, lints in zip(batch, found, strict=True) if lints]
            again = dict(zip(map(id, doubted), _found(other, doubted), strict=True))
            for index, block in enumerate(batch):
                same = {(rule, span) for rule, span, _ in again.get(id(block), ())}
                found[index] = [one for one in found[index] if one[:2] in same]
        for block, lints in zip(batch, found, strict=True):
            for fix in self._fixes(block, lints):
                yield Proposal(fix, (block,))

    def _fixes(self, block: Block, lints: "list[tuple[str, Span, Lint]]") -> list[Fix]:
        hidden = [Span(*match.span()) for match in PLACEHOLDER.finditer(block.text)]
        fixes: list[Fix] = []
        unknown = 0
        named = {span for rule, span, _ in lints if rule == "OrthographicConsistency"}
        for rule, span, lint in lints:
            if rule == "SpellCheck" and span in named:
                continue  # a name that is known, and only written otherwise
            if any(h.start <= span.end and span.start <= h.end for h in hidden):
                continue
            unknown += rule == "SpellCheck" and lint.problem_text[:1].islower()
            fix = self._fix(block, rule, lint, span)
            fixes += [fix] if fix is not None else []
        # Another language, or a list of names.
        return [] if unknown > max(2, _FOREIGN * len(block.text.split())) else fixes

    def _fix(self, block: Block, rule: str, lint: "Lint", span: Span) -> Fix | None:
        after = _replacement(lint)
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
            confidence = 0.0 if joined or is_name else self._misspelt(quote, lint)
        elif rule == "OrthographicConsistency":
            # What it wants of short words and of capitals is a guess. A capital inside of a name
            # (GitHub) is sure; where a name begins with one, it may be a command or a package.
            is_name = quote.islower() and quote.isalpha() and len(quote) > 4
            is_name = is_name and quote not in self.vocabulary.code
            confidence = (0.8 if after[1:] != quote[1:] else 0.5) if is_name else 0.0
        elif _is_right_there(rule, lint, block.text[span.end :]):
            confidence = 0.0
        elif rule in _CAREFUL_ONLY:
            confidence = 0.5
        if confidence < (0.45 if self.profile == "careful" else 0.65):
            return None
        category = _CATEGORIES.get(lint.lint_kind, Category.GRAMMAR)
        return Fix(
            ENGINE,
            quote,
            after,
            category=category,
            confidence=confidence,
            why=_CODE.sub(r"“\1”", lint.message),
            rule=rule,
            span=span,
        )

    def _misspelt(self, word: str, lint: "Lint") -> float:
        """Return how certain it is that `word` is a mistake, 0 when it is not."""
        nearest = [s.replacement_text for s in lint.suggestions]
        letters = word.replace("'", "").replace("’", "")
        if len(word) < 4 or not letters.isalpha() or not nearest:
            return 0.0
        distance = _distance(word.lower(), nearest[0].lower())
        # One letter's difference may be the author's usual mistake; with more it is another word.
        rivals = nearest[:1] if distance == 1 else []
        if any(c.isupper() for c in word[1:]) or self.vocabulary.has(word, rivals):
            return 0.0
        if word.lower() in _NO_MISTAKES or self._is_made_of_words(word.lower()):
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
        return (0.7 if len(word) > 8 else 0.5) if distance == 2 else 0.3

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
            lints = _lints(self.linters[0], word)
            self._right[word] = not any(rule == "SpellCheck" for rule, _ in lints)
        return self._right[word]


def _is_right_there(rule: str, lint: "Lint", behind: str) -> bool:
    """Tell by a finding's words, and what stands `behind` them, whether the rule has misread it."""
    quote = lint.problem_text
    if rule == "LetsConfusion":
        return quote.lower() == "let"  # “Let people see it.”
    if rule == "AWhile":
        return behind.startswith(" ago")
    if rule == "PhrasalVerbAsCompoundNoun":
        # A verb is not the last word of its phrase: “they keep a backup, and …”.
        return quote.lower() not in _TWO_WORDS or behind[:1] in (",", ".", ";", ":", ")", "")
    if rule == "InflectedVerbAfterTo":
        return not quote.endswith("s")  # “to distributed systems”
    if rule == "CapitalizePersonalPronouns":
        return behind[:1] == "-"
    return lint.lint_kind == "Capitalization" and quote[:1].isupper()


def _found(linter: "Linter", batch: list[Block]) -> "list[list[tuple[str, Span, Lint]]]":
    """Return rule, place in the block and finding, for each block of a batch.

    Blocks are given together, each a paragraph of one text: a call costs as much as fifty words.
    """
    starts = [0]
    for block in batch:
        starts.append(starts[-1] + len(block.text) + len(_BETWEEN))
    found: list[list[tuple[str, Span, Lint]]] = [[] for _ in batch]
    text = _BETWEEN.join(block.text for block in batch).replace("’", "'")
    for rule, lint in _lints(linter, text):
        index = bisect_right(starts, lint.span.start) - 1
        span = Span(lint.span.start, lint.span.end).shifted(-starts[index])
        if span.end <= len(batch[index].text):
            found[index].append((rule, span, lint))
    for lints in found:
        lints.sort(key=lambda one: (one[1], one[0]))
    return found


def _lints(linter: "Linter", text: str) -> "Iterator[tuple[str, Lint]]":
    found = linter.organized_lints(text, language="plaintext", dedup=False)
    for rule, lints in found.items():
        for lint in lints:
            if lint.lint_kind not in _STYLE_KINDS or rule in _NO_STYLE:
                yield rule, lint


def _replacement(lint: "Lint") -> str | None:
    """Return what harper would write first, None when it only complains."""
    if not lint.suggestions:
        return None
    best = lint.suggestions[0]
    if best.kind == 1:
        return ""
    return lint.problem_text + best.replacement_text if best.kind == 2 else best.replacement_text


@lru_cache(maxsize=6)
def _linters(dialect: str) -> "tuple[Linter, ...]":
    try:
        from harper import Dialect, Linter
    except ImportError:
        raise SettingsError(
            "The engine harper is not installed. Install it with: pip install 'bookpack[grammar]'."
        ) from None
    wanted = [dialect] if dialect else ["american", "british"]
    linters = []
    for name in wanted:
        linter = Linter(Dialect[name.upper()])
        default = linter.get_default_lint_config()
        linter.set_lint_config({rule: on and rule not in _NEVER for rule, on in default.items()})
        linters.append(linter)
    return tuple(linters)


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
        [
            not any(rule == "SpellCheck" for rule, _ in _lints(linter, word))
            for word in (before, after)
        ]
        for linter in _linters("")
    )
    return american != british and sorted(american) == sorted(british) == [False, True]
