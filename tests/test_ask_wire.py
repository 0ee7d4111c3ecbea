"""An answer is found in whatever a model writes around it, and nothing makes the search fail."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.ask.question import InvalidAnswerError
from bookpack.ask.trouble import Follows, Trouble, judge, one_line
from bookpack.ask.wire import CutError, is_refused, read_reply, value_of
from model_server import completion, question
from strategies import modest

GOOD = '{"title": "A mill", "words": 2}'
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=15,
)


def answer_in(content: Any, finish: str = "stop", limit: int = 100) -> str:
    data = json.dumps(completion(content, finish=finish)).encode()
    return value_of(read_reply(data, 0.0), question(), limit)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\ufeff  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"Here you are:\n\n```\n{GOOD}\n```\nAnything else?",
        f'<think>{{"title": "Wrong one", "words": 2}}</think>{GOOD}',
        f'A thought about {{"title": "Wrong one", "words": 2}}.\n</think>\n\n{GOOD}',
        f"<thinking>\nHm {{\n</thinking>{GOOD}",
        f'The form is {{"title": …, "words": …}}, so: {GOOD}',
        f'{{"title": 1}} is wrong; {GOOD} is right; {{"title": "Too late", "words": 2}}',
        '{"title": "Other", "title": "A mill", "words": 2}',
        '{"title": "A \\u006dill", "words": 2}',
        [{"type": "text", "text": GOOD[:9]}, {"type": "text", "text": GOOD[9:]}],
    ],
)
def test_an_answer_is_found_among_other_words(text: Any) -> None:
    assert answer_in(text) == "A mill"


def test_braces_in_great_number_take_no_great_time() -> None:
    with pytest.raises(InvalidAnswerError):
        answer_in('{"a": [' * 2000 + "{" * 200_000)


@modest
@given(TEXTS, TEXTS)
def test_words_around_an_answer_do_not_matter(before: str, after: str) -> None:
    before = before.replace("{", "(").replace("<", "(")
    after = after.replace("<", "(")
    assert answer_in(before + GOOD + after) == "A mill"


@modest
@given(TEXTS | VALUES.map(json.dumps))
def test_any_text_is_an_answer_or_is_none(text: str) -> None:
    with contextlib.suppress(InvalidAnswerError):
        assert answer_in(text)


@modest
@given(st.binary(max_size=80) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_reply_or_a_trouble(data: bytes) -> None:
    with contextlib.suppress(Trouble):
        assert read_reply(data, 0.0).usage.calls == 1


@modest
@given(VALUES, VALUES, VALUES, VALUES)
def test_any_completion_is_a_reply_or_a_trouble(
    content: Any, refusal: Any, finish: Any, usage: Any
) -> None:
    reply = completion(None)
    reply["usage"] = usage
    reply["choices"][0]["finish_reason"] = finish
    reply["choices"][0]["message"] = {"content": content, "refusal": refusal}
    read = read_reply(json.dumps(reply).encode(), 0.0)
    assert is_refused(read) == one_line(is_refused(read))
    with contextlib.suppress(InvalidAnswerError, CutError):
        assert value_of(read, question(), 10)


@modest
@given(
    st.integers(300, 599),
    TEXTS | VALUES.map(json.dumps) | VALUES.map(lambda value: json.dumps({"error": value})),
    st.dictionaries(st.sampled_from(["retry-after", "location"]), TEXTS),
)
def test_any_error_is_judged(status: int, body: str, headers: dict[str, str]) -> None:
    trouble = judge(status, body, headers, 0.0)
    assert trouble.message.startswith((f"{status}", "status "))
    assert len(trouble.message) <= 350
    assert trouble.message == one_line(trouble.message, 350)
    assert (trouble.lack is None) == (trouble.follows is not Follows.LACKS)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a\n\tb  ", "a b"),
        ("a\x00b\x7fc", "a b c"),
        ("x" * 300, "x" * 199 + "…"),
        ("", ""),
    ],
)
def test_one_line_is_printable_and_short(text: str, line: str) -> None:
    assert one_line(text) == line
