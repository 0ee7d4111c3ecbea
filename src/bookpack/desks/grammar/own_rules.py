"""Rules of the desk itself, for English, where engines are weak and a rule can be sure.

Each is a function from a block to the fixes that it sees. What each leaves alone is as much part
of it as what it finds. Sources: doubled words, articles by sound, commas behind introductory
phrases and paired marks are as the Chicago Manual of Style (17th ed., 5.74, 6.24–6.36, 6.95)
has them; British usage leaves the comma out more often, so `quiet` keeps to adverbs and to set
phrases.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from bookpack.desks.grammar.edits import word_set
from bookpack.desks.grammar.fix import Category, Fix
from bookpack.desks.grammar.prose import CLOSING, OPENING, PLACEHOLDER, Block, Proposal
from bookpack.source import Span

ENGINE = "rules"
LEAST_SURE = 0.5
"""Confidence below which nothing is said, in whatever profile."""
_DOUBLED = re.compile(r"(?<![\w'’-])([^\W\d_]+)(\s+)\1(?![\w'’-])(?!\.\w)", re.I)
_MAY_DOUBLE = word_set(
    "had that is was can do will did who in on so very really much many more no yes bye ha blah "
    "hush knock long now there far again etc"
)
"""Words that stand twice in right sentences: “had had”, “that that”, “what it is is …”."""
_ALWAYS_DOUBLED = word_set("the a an to of and or for with your our my their its be at")
"""Words that never do, even at a line's end and behind one another's capitals."""
_ARTICLE = re.compile(r"(?<![\w'’.-])(a|an|A|An)\s+([A-Za-z][\w'’-]*)")
_VOWEL_SOUND = re.compile(
    r"(?:heir|honest|honou?r|hour)|(?:[aeio]|u(?!ni(?:[^nm]|$)|s[aeiu]|t[ei]|k|bi|r[aeio]))", re.I
)
_CONSONANT_SOUND = re.compile(
    r"(?:eu|ewe|one(?:s|self|ness|-|$)|once|ouija|u(?:ni(?:[^nm]|$)|s[aeu]|sing|ti|te|k|biq|r[aeio]))",
    re.I,
)
_LETTERS_WITH_VOWEL = frozenset("AEFHILMNORSX")
"""Letters whose names begin with a vowel: an F, an HTML file, an X-ray."""
_SAID_AS_LETTERS = word_set("SPI MRI FBI HSI MIT RPI SEO SUV NGO")
"""Acronyms with a vowel that nobody says as a word; the others may be (“a HAL”, “a SIM”)."""
_NEGATION = re.compile(
    r"(?<![\w'’/.-])(?:(?:are|ca|could|did|does|do|had|has|have|is|must|should|was|were|would)nt"
    r"|(?<!\bhis )(?<!\bher )(?<!\btheir )(?<!\bmy )(?<!\bour )(?<!\byour )(?<!\bits )"
    r"(?<!\bis )(?<!\bwas )(?<!\bare )(?<!\bwere )(?<!['’]s )wont(?! to\b)"
    r")(?![\w'’/-])",
    re.I,
)
_SUBJECT = r"(?:we|you|I|it|they|he|she|there|this|let['’]s)"
_ADVERB = re.compile(
    r"(?:(?:Otherwise|Hopefully|Unfortunately|Fortunately|Additionally|Moreover|Furthermore"
    r"|Consequently|Nevertheless|First of all|In other words|For example|For instance"
    r"|As a result|On the other hand|After all)(?= [\w⟦])"
    r"|However(?! (?:much|many|long|hard|often|far|good|bad|small|large|big|few|old|\w+ly)\b)"
    r"(?= [\w⟦])"
    r"|In addition(?! to\b)(?= [\w⟦])"
    r"|Finally(?= (?:the|a|an|our|your|everything|call|use|add|run|note|let['’]s|if|when|in|"
    + _SUBJECT[3:]
    + r"\W)"
    r"|Next(?= (?:update|add|run|create|open|call|use|make|change|let['’]s|if|"
    + _SUBJECT[3:]
    + r"\W)"
    r"|(?:Instead|Eventually|Therefore|Similarly|In short|In general|Of course|At this point"
    r"|At the moment|For (?:now|this)|On top of (?:that|this)"
    r"|(?:In|For) (?:this|our|that|your|my|some|most|the above|either) "
    r"(?:\w+ )?(?:cases?|implementations?|examples?)"
    r"|(?:In|Throughout) (?:this|the (?:next|previous|last|following|first)) "
    r"(?:chapter|book|section|example|guide)|In (?:future|later|previous|earlier) chapters"
    r"|By the end of this(?: (?:chapter|book|section))?|So far"
    r")(?= (?:if )?" + _SUBJECT + r"\W))"
)
_INNER_ADVERB = re.compile(
    r"(?<=[,;] )(?:however|for example|for instance|in other words)(?= " + _SUBJECT + r"\W)"
)
_SENTENCE_START = re.compile(r"(?:\A|(?<=[.!?]\s))(?=[A-Z])")
_ENDS = re.compile(r"[.!?:;,…。！？][\"'”’)\]»*]*\s*\Z|[—–-]\s*\Z")
_INNER_END = re.compile(r"[a-z⟧)][.!?][\"”’)]*\s+[A-Z\"“(⟦]")
_CUT = re.compile(
    r"\b(?:the|an?|to|of|and|or|for|with|in|on|at|by|from|as|is|are|was|were|be|that|which|this|"
    r"our|your|their|its|we|you|they|can|will|would|should|like|get|has|have|following|how|if|"
    r"because|so|while|when|where|all|some|most|what|below|but|not|it|I|do|does|also|try|than|"
    r"using|make|makes|use|uses|call|calls|says?|returns?|takes?|the following \w+)\Z",
    re.I,
)
_CLAUSE_VERB = re.compile(
    r"\b(?:(?:we|you|I|it|they|this|that|there|which|who)(?:['’](?:ll|re|s|ve|m|d))?"
    r"|is|are|was|were|can|will|should|would|must|has|have|let['’]s)\b",
    re.I,
)
_PAIRS = {"(": ")", "[": "]", "“": "”", "«": "»"}
_SENTENCE_END = re.compile(
    r"(?<!\bi\.e)(?<!\be\.g)(?<!\bi)(?<!\be)(?<!\bcf)(?<!\bvs)(?=[.!?]+\s+[A-Z])"
    r"|(?=[.!?;:,]*\s*\Z)"
)
"""Behind “i.e.” and the like a sentence goes on."""
_SHOWN_CODE = re.compile(rf":(?:\s*{OPENING}\w+{CLOSING})+\Z")
_SMILEY = re.compile(r"[:;=]-?[()\[\]]")
_ENUMERATION = re.compile(r"(?:(?<=\s)|\A)(?:[a-zA-Z]|\d{1,2}|[ivx]{1,4})\)(?=\s|\Z)")


class RulesEngine:
    """The desk's own rules with a profile; needs nothing installed."""

    name = ENGINE

    def __init__(self, *, profile: str = "careful") -> None:
        self.rules = ALL if profile == "careful" else CERTAIN

    def propose(self, blocks: Iterable[Block]) -> Iterator[Proposal]:
        """Yield what the rules see in `blocks`, in order."""
        for block in blocks:
            for name, rule in self.rules.items():
                for span, after, category, confidence, why in rule(block):
                    if confidence < LEAST_SURE:
                        continue
                    quote = span.slice(block.text)
                    yield Proposal(
                        Fix(
                            ENGINE,
                            quote,
                            after,
                            category=category,
                            confidence=confidence,
                            why=why,
                            rule=name,
                            span=span,
                        ),
                        (block,),
                    )


Found = tuple[Span, str, Category, float, str]
Rule = Callable[[Block], Iterator[Found]]


def doubled_words(block: Block) -> Iterator[Found]:
    """Find a word that stands twice in a row, except where the language doubles it."""
    for match in _DOUBLED.finditer(block.text):
        word = match[1]
        lower = word.lower()
        again = block.text[match.end() - len(word) : match.end()]
        if lower in _MAY_DOUBLE or (word != again and lower not in _ALWAYS_DOUBLED):
            continue  # a name of two equal words, a new sentence that lost its stop
        if word[0].isupper() and again[0].isupper() and lower not in _ALWAYS_DOUBLED:
            continue  # New York, New York
        if len(word) == 1 and lower not in ("a", "i"):
            continue
        span = Span(match.start(), match.end())
        yield span, word, Category.GRAMMAR, 0.95, f"“{word}” stands here twice."


def articles(block: Block) -> Iterator[Found]:
    """Find “a” before a vowel's sound and “an” before a consonant's.

    Left alone: single letters as names (“plan a is”), words in capitals that many say as a word,
    and every “an” before h, which is as old as it is disputed (“an historic”).
    """
    for match in _ARTICLE.finditer(block.text):
        article, word = match[1], match[2]
        if article == "A" and match.start() and block.text[match.start() - 1] not in " \"“'(":
            continue
        vowel = begins_with_vowel_sound(word)
        if vowel is None or vowel == (article.lower() == "an"):
            continue
        if article.lower() == "a" and word.lower() in ("is", "and", "or", "in", "are", "as", "if"):
            continue  # the letter
        if article.lower() == "an" and word[0] in "hH":
            continue
        right = {"a": "an", "an": "a", "A": "An", "An": "A"}[article]
        span = Span(match.start(1), match.end(1))
        yield span, right, Category.GRAMMAR, 0.9, f"“{word}” is said with {right} before it."


def begins_with_vowel_sound(word: str) -> bool | None:
    """Tell how `word` begins when it is said, None where that is not certain."""
    first = re.split(r"['’-]", word)[0] or word
    if first.isupper() or (len(first) > 2 and first[:-1].isupper() and first[-1] == "s"):
        return _acronym_sound(first.rstrip("s"))
    if any(c.isupper() for c in first[1:]) or any(c.isdigit() or c == "_" for c in word):
        return None  # names of code: nobody knows how they are said
    if not set(first.lower()) & set("aeiouy"):
        return None  # “npm” is said letter by letter
    if _CONSONANT_SOUND.match(first):
        return False
    if first.lower().startswith(("u", "ut", "us", "herb", "x", "y", "eu")):
        return True if first.lower().startswith(("un", "up", "um", "ug", "ul")) else None
    return bool(_VOWEL_SOUND.match(first))


def contractions(block: Block) -> Iterator[Found]:
    """Find negations that lost their apostrophe: “dont”, “wont” (not “his wont”, “wont to”)."""
    for match in _NEGATION.finditer(block.text):
        word = match[0]
        sign = "’" if "’" in block.text else "'"
        why = f"“{word}” is short for two words; an apostrophe stands for what is left out."
        after = f"{word[:-1]}{sign}{word[-1]}"
        yield Span(*match.span()), after, Category.PUNCTUATION, 0.95, why


def _acronym_sound(letters: str) -> bool | None:
    if letters in ("A", "I", "U", "US", "UN", "UP") or len(letters) > 5:
        return None  # a letter, a word, or one that is shouted
    if letters[0] in "AEIO":
        return True
    if letters[0] not in _LETTERS_WITH_VOWEL or letters[0] == "U":
        return None if letters[0] == "Y" or (letters[0] == "U" and len(letters) > 4) else False
    is_spelled = not set(letters) & set("AEIOUY") or letters in _SAID_AS_LETTERS
    return True if is_spelled else None


def introductory_adverbs(block: Block) -> Iterator[Found]:
    """Find a set introductory phrase right before its sentence's subject, without a comma."""
    starts = _SENTENCE_START.finditer(block.text)
    matches = [_ADVERB.match(block.text, start.start()) for start in starts]
    for match in [*matches, *_INNER_ADVERB.finditer(block.text)]:
        if match is None:
            continue
        word, end = match[0].rpartition(" ")[2], match.end()
        span = Span(end - len(word), end)
        why = "A comma sets the introduction off from the sentence."
        yield span, f"{word},", Category.PUNCTUATION, 0.8, why


def stops_behind_code(block: Block) -> Iterator[Found]:
    """Find a paragraph that ends in code, where a stop is forgotten most easily."""
    if block.text.rstrip().endswith((CLOSING, f"{CLOSING})")):
        yield from _stop(block)


def stops(block: Block) -> Iterator[Found]:
    """Find any other paragraph whose last sentence, with a subject and a verb, is not ended."""
    if not block.text.rstrip().endswith((CLOSING, f"{CLOSING})")):
        yield from _stop(block)


def _stop(block: Block) -> Iterator[Found]:
    text = block.text.rstrip()
    if block.kind not in ("paragraph", "item") or block.introduces or block.in_link:
        return
    if _ENDS.search(text) or _CUT.search(text) or text.endswith(("⟦link⟧", "⟦image⟧", "⟦html⟧")):
        return
    if not text[:1].isupper() and not text.startswith(("⟦code⟧", '"', "“")):
        return
    if text.count("“") > text.count("”"):
        return  # a quotation that goes on in the next paragraph
    inner = [match.end() for match in _INNER_END.finditer(text)]
    several = bool(inner)
    if not several and block.kind == "item":
        return  # items that are one sentence go without a stop in many books
    last = text[inner[-1] - 1 :] if inner else text
    if len(PLACEHOLDER.sub("", last).split()) < 3 or len(last.split()) < 4:
        return  # code alone, with a word to say what it is
    if block.kind == "item" and _SHOWN_CODE.search(text):
        return
    if not (text[-1].isalnum() or text.endswith(("⟧", "⟧)"))):
        return
    if not several and not (_CLAUSE_VERB.search(last) and len(last.split()) > 5):
        return
    word = "" if text[-1] in "⟧)" else text.rpartition(" ")[2]
    span = Span(len(text) - len(word), len(text))
    why = "Nothing ends this sentence."
    yield span, f"{word}.", Category.PUNCTUATION, 0.7 if several else 0.5, why


def pairs(block: Block) -> Iterator[Found]:
    """Find a bracket or curved quote without its partner in the block; straight ones by count.

    A stray closing mark is taken out. An open one is closed at the end of its sentence: where that
    is not the block's last, the place is a guess, hence the low confidence.
    """
    text = block.text
    skipped = {
        place
        for pattern in (_SMILEY, _ENUMERATION)
        for match in pattern.finditer(text)
        for place in range(match.start(), match.end())
    }
    opened: list[tuple[int, str]] = []
    closers = {closing: opening for opening, closing in _PAIRS.items()}
    stray: list[int] = []
    for place, sign in enumerate(text):
        if place in skipped and (sign in _PAIRS or not opened):
            continue
        if sign in _PAIRS:
            opened.append((place, sign))
        elif sign in closers:
            if opened and opened[-1][1] == closers[sign]:
                opened.pop()
            elif sign != "”":
                stray.append(place)
            elif any(one == "“" for _, one in opened):
                opened = [one for one in opened if one[1] != "“"]
    straight = _straight_quotes(text)
    if len(straight) == 1 and not opened and not stray:
        opened.append((straight[0], '"'))
    if len(opened) + len(stray) != 1:
        return  # more than one fault: no telling what belongs to what
    if stray:
        span = Span(stray[0], stray[0] + 1)
        why = f"Nothing opens this {text[stray[0]]}."
        yield span, "", Category.PUNCTUATION, 0.5, why
        return
    place, sign = opened[0]
    end = _SENTENCE_END.search(text, place + 1)
    at = end.start() if end else len(text)
    if sign == "“" and block.text.rstrip()[-1:] not in ".!?":
        return  # a quotation over several paragraphs opens each of them
    closing = _PAIRS.get(sign, '"')
    # At the end of the block nothing else can be meant; before that its place is a guess.
    confidence = 0.5 if at >= len(text.rstrip(" .!?;:,")) else 0.3
    yield Span(at, at), closing, Category.PUNCTUATION, confidence, f"Nothing closes this {sign}."


def _straight_quotes(text: str) -> list[int]:
    """Return places of straight quotation marks; behind a digit, one that closes none is inch."""
    places: list[int] = []
    for place, sign in enumerate(text):
        is_open = len(places) % 2 == 1
        if sign == '"' and (is_open or not text[place - 1 : place].isdigit()):
            places.append(place)
    return places


CERTAIN: Mapping[str, Rule] = MappingProxyType(
    {
        "doubled-word": doubled_words,
        "article": articles,
        "contraction": contractions,
        "introductory-adverb": introductory_adverbs,
        "stop-behind-code": stops_behind_code,
    }
)
"""What the profile `quiet` asks for."""
ALL: Mapping[str, Rule] = MappingProxyType(
    {
        **CERTAIN,
        "stop": stops,
        "pair": pairs,
    }
)
"""What the profile `careful` asks for."""
