"""How many tokens a text has: exact for o200k_base where splintr is installed, else estimated."""

import re
import threading
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain, pairwise

_CHINESE_OR_JAPANESE = re.compile("[\u3040-\u9fff]")
_PIECES = re.compile(r"[A-Za-z]+|\d{1,3}|[^\W\d_A-Za-z\u3040-\u9fff]+|[\u3040-\u9fff]|[^\w\s]+|_")


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts tokens of texts. `name` is the vocabulary; `exact` tells whether it is a count."""

    name: str
    exact: bool
    count_all: Callable[[Sequence[str]], list[int]]

    @property
    def label(self) -> str:
        """How a count by this counter is labelled in texts."""
        return self.name if self.exact else f"{self.name}, estimated"


def token_counter() -> TokenCounter:
    """Return the exact counter where the extra `tokens` is installed, else the estimate."""
    if not has_exact_tokens():
        return TokenCounter("o200k_base", False, lambda texts: [*map(estimate_tokens, texts)])
    from splintr import Tokenizer

    tokenizer = Tokenizer.from_pretrained("o200k_base")

    def count_all(texts: Sequence[str]) -> list[int]:
        # A batch uses every core and makes no lists of tokens, but it reads `<|endoftext|>` as
        # one special token where a book only talks about it.
        plain = ["" if "<|" in text else text for text in texts]
        ends = array("Q", tokenizer.encode_batch_flat(plain)[1])
        return [
            len(tokenizer.encode_ordinary(text)) if "<|" in text else end - start
            for text, (start, end) in zip(texts, pairwise(ends), strict=True)
        ]

    return TokenCounter("o200k_base", True, count_all)


def load_in_background() -> Callable[[], TokenCounter]:
    """Begin to load the vocabulary, and return a function that waits for the counter.

    Loading takes a tenth of a second, almost all of it outside Python: time in which a book
    of usual size is read.
    """
    loaded: list[TokenCounter] = []

    def load() -> None:
        counter = token_counter()
        counter.count_all([" "])  # what the vocabulary becomes is made for the first text
        loaded.append(counter)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()

    def wait() -> TokenCounter:
        thread.join()
        return loaded[0] if loaded else token_counter()

    return wait


def counted(
    counter: TokenCounter, batches: Iterator[list[str]]
) -> Iterator[tuple[list[str], list[int]]]:
    """Yield each batch of texts with its counts of tokens.

    Tokens are counted outside Python, so one batch is counted while the next is written.
    """
    first = next(batches, None)
    if first is None:
        return
    second = next(batches, None)
    if second is None:
        yield first, counter.count_all(first)
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = deque([(first, pool.submit(counter.count_all, first))])
        for texts in chain([second], batches):
            waiting.append((texts, pool.submit(counter.count_all, texts)))
            if len(waiting) > 2:
                done, counts = waiting.popleft()
                yield done, counts.result()
        for done, counts in waiting:
            yield done, counts.result()


def has_exact_tokens() -> bool:
    """Tell whether exact counts can be had, without loading the vocabulary."""
    return find_spec("splintr") is not None


def estimate_tokens(text: str) -> int:
    """Estimate o200k_base tokens from the shapes of words, without any vocabulary.

    A word of ASCII letters is a token for each nine letters begun, a group of up to three
    digits one, marks one for each three; other letters three a token, Chinese and Japanese
    ones a little more than one. On books in English, Spanish, Japanese and Persian, prose and
    code, this came within a tenth of the exact count.
    """
    tokens = 0.0
    for match in _PIECES.finditer(text):
        piece = match[0]
        if piece.isascii():
            tokens += -(-len(piece) // (9 if piece.isalpha() else 3))
        elif _CHINESE_OR_JAPANESE.match(piece):
            tokens += 0.78
        else:
            tokens += len(piece) / 3 if piece.isalpha() else len(piece) * 0.7
    return round(tokens)
