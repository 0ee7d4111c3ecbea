"""What any endpoint has to do for us, and we for it.

Runs against the test server, and against a real endpoint where one is named:

    BOOKPACK_TEST_BASE_URL=http://127.0.0.1:8080/v1 BOOKPACK_TEST_MODEL=some-model \\
        pytest tests/test_ask_contract.py

A key is taken from OPENAI_API_KEY. The questions are so small that a model of any size answers
them where the endpoint keeps to a schema; one that does not may answer wrongly, but never break.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bookpack.ask.accounts import estimate
from bookpack.ask.asker import Asker
from bookpack.ask.question import Answer, InvalidAnswerError, NoAnswer, Question, Reason, Shape
from bookpack.config.tables import ModelTable
from model_server import Behaviour, ModelServer, Request, cut_below, says, status

REAL = os.environ.get("BOOKPACK_TEST_BASE_URL", "")
ANIMALS = ("dog", "cat", "bird")
MODEL = os.environ.get("BOOKPACK_TEST_MODEL", "")


def parse(value: Any) -> tuple[str, int]:
    if not isinstance(value, dict) or set(value) != {"animal", "legs"}:
        raise InvalidAnswerError("An object with animal and legs is needed, and nothing else.")
    if value["animal"] not in ANIMALS or value["legs"] not in (2, 4):
        raise InvalidAnswerError("animal must be dog, cat or bird, and legs 2 or 4.")
    return value["animal"], value["legs"]


SHAPE = Shape(
    "animal",
    {
        "type": "object",
        "properties": {
            "animal": {"type": "string", "enum": list(ANIMALS)},
            "legs": {"type": "integer", "enum": [2, 4]},
        },
        "required": ["animal", "legs"],
        "additionalProperties": False,
    },
    parse,
)


def question(key: str, **options: Any) -> Question[tuple[str, int]]:
    return Question(
        key, "Which animal is it, and how many legs has it?", "It barks.", SHAPE, **options
    )


def behave(request: Request) -> Behaviour:
    """Play an endpoint that has a window of 2,000 words, and no model but `MODEL`."""
    if request.body["model"] != "contract":
        return status(404, "The model does not exist", code="model_not_found")
    if len(request.text.split()) > 2000:
        return status(400, "This model's maximum context length is 2000 tokens.")
    if (request.limit or 0) < 10:
        return cut_below(10)
    return says({"animal": "dog", "legs": 4})


@pytest.fixture(params=["test server", "real endpoint"])
def settings(request: pytest.FixtureRequest) -> Iterator[ModelTable]:
    if request.param == "test server":
        with ModelServer(behave) as server:
            yield ModelTable(base_url=server.base_url, name="contract", concurrency=4)
    elif not (REAL and MODEL):
        pytest.skip("BOOKPACK_TEST_BASE_URL and BOOKPACK_TEST_MODEL name no endpoint")
    else:
        yield ModelTable(base_url=REAL, name=MODEL, concurrency=4, max_output_tokens=200)


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    return {**os.environ, "BOOKPACK_CACHE": str(tmp_path)}


def test_a_question_gets_a_validated_answer(
    settings: ModelTable, environment: Mapping[str, str]
) -> None:
    asker = Asker(settings, environment=environment)
    (outcome,) = asker.run([question("one")])
    assert isinstance(outcome, Answer), outcome
    assert outcome.value[0] in ANIMALS
    assert outcome.usage.calls >= 1
    assert outcome.usage.tokens_in > 0
    assert asker.spent == outcome.usage


def test_several_questions_at_once_all_come_to_an_end(
    settings: ModelTable, environment: Mapping[str, str]
) -> None:
    asker = Asker(settings, environment=environment)
    outcomes = list(asker.run([question(f"q{number}") for number in range(8)]))
    assert sorted(one.question.key for one in outcomes) == [f"q{number}" for number in range(8)]
    assert all(isinstance(one, Answer) for one in outcomes), outcomes
    assert asker.stopped == ""


def test_an_answer_without_room_is_reported_as_cut(
    settings: ModelTable, environment: Mapping[str, str]
) -> None:
    (outcome,) = Asker(settings, environment=environment).run([question("q", max_output_tokens=1)])
    assert isinstance(outcome, NoAnswer)
    assert outcome.reason is Reason.CUT
    assert outcome.usage.calls == 3


def test_a_question_that_is_too_long_is_reported_as_rejected(
    settings: ModelTable, environment: Mapping[str, str]
) -> None:
    asked = replace(question("long"), material="word " * 40_000)
    if estimate([asked], settings, environment=environment).money:
        pytest.skip("this would cost money")
    (outcome,) = Asker(settings, environment=environment).run([asked])
    assert isinstance(outcome, NoAnswer)
    assert outcome.reason is Reason.REJECTED


def test_a_second_run_knows_what_the_first_has_found_out(
    settings: ModelTable, environment: Mapping[str, str]
) -> None:
    for _ in range(2):
        (outcome,) = Asker(settings, environment=environment).run([question("one")])
        assert isinstance(outcome, Answer), outcome
    assert outcome.usage.calls == 1
    remembered = Path(environment["BOOKPACK_CACHE"], "endpoints.json").read_text("utf-8")
    assert list(json.loads(remembered)) == [f"{settings.base_url} {settings.name}"]
