"""Batches: submitted as files, watched and collected by a ticket, by another process if need be."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bookpack.ask.batch import BatchAsker
from bookpack.ask.question import Answer, Attachment, NoAnswer, Usage
from bookpack.ask.ticket import BatchTicket
from bookpack.errors import SettingsError, WorldError
from model_server import (
    ANSWER,
    Behaviour,
    ModelServer,
    Waits,
    completion,
    question,
    questions,
    reset,
    settings_for,
    status,
)


def make_asker(server: ModelServer, cache: Path, **options: object) -> BatchAsker:
    return BatchAsker(
        settings_for(server, **options),
        environment={"BOOKPACK_CACHE": str(cache)},
        clock=Waits().clock,
    )


def line(name: str, reply: Any, code: int = 200) -> dict[str, Any]:
    return {
        "id": "batch_req_1",
        "custom_id": name,
        "response": {"status_code": code, "request_id": "r", "body": reply},
        "error": None,
    }


def results(asker: BatchAsker, ticket: BatchTicket, count: int) -> dict[str, str]:
    """Return what came of each question: its answer, or why there is none."""
    return {
        one.question.key: one.value if isinstance(one, Answer) else f"{one.reason}: {one.message}"
        for one in asker.collect(ticket, iter(questions(count)))
    }


def nothing(ticket: BatchTicket) -> None:
    """Keep no ticket."""


def test_a_batch_is_submitted_watched_and_collected(tmp_path: Path) -> None:
    picture = Attachment(b"\x89PNG", "image/png", 28, 28)
    with ModelServer() as server:
        asker = make_asker(server, tmp_path)
        asked = [question("q1", attachments=(picture,)), question("q2", max_output_tokens=50)]
        kept: list[BatchTicket] = []
        ticket = asker.submit(asked, kept.append)
        assert kept == [ticket]
        first, second = server.asked_in("batch_1")
        assert (first["method"], first["url"]) == ("POST", "/v1/chat/completions")
        assert first["body"]["messages"][1]["content"][1]["type"] == "image_url"
        assert (first["body"]["max_tokens"], second["body"]["max_tokens"]) == (4000, 50)
        assert server.batches["batch_1"]["endpoint"] == "/v1/chat/completions"

        ticket = BatchTicket.from_json(ticket.to_json())
        assert ticket == kept[0]
        server.batches["batch_1"]["request_counts"] = {"total": 2, "completed": 1, "failed": 0}
        state = asker.state(ticket)
        assert (state.total, state.done, state.failed, state.ended) == (2, 1, 0, False)
        assert state.states == ("in_progress",)
        assert results(asker, ticket, 2) == {}, "nothing is told of a batch that is running"

        names = [asked_line["custom_id"] for asked_line in server.asked_in("batch_1")]
        # Results come in any order.
        server.finish_batch("batch_1", [line(name, completion(ANSWER)) for name in names[::-1]])
        assert asker.state(ticket).ended
        outcomes = list(asker.collect(ticket, asked))
        assert [one.question.key for one in outcomes] == ["q1", "q2"]
        assert all(isinstance(one, Answer) and one.value == "A mill" for one in outcomes)
        assert outcomes[0].usage == Usage(100, 20, 1)


ENDS: dict[str, tuple[Callable[[str], dict[str, Any]], str]] = {
    "cut": (
        lambda name: line(name, completion('{"ti', finish="length")),
        "cut off: The answer was cut off at 4,000 tokens.",
    ),
    "invalid": (
        lambda name: line(name, completion({"title": "A mill", "words": 7})),
        "invalid answer: The answer has not the shape asked for: words must be the number",
    ),
    "refused": (
        lambda name: line(name, completion(None, refusal="No.")),
        "refused: The model declined to answer: No.",
    ),
    "rejected": (
        lambda name: line(name, {"error": {"message": "prompt is too long"}}, 400),
        "rejected request: No answer: 400: prompt is too long.",
    ),
    "failed": (
        lambda name: line(name, {"error": {"message": "Oops"}}, 500),
        "endpoint unavailable: No answer: 500: Oops.",
    ),
    "expired": (
        lambda name: {
            "custom_id": name,
            "response": None,
            "error": {"code": "batch_expired", "message": "This request was not run in time."},
        },
        "endpoint unavailable: No answer: This request was not run in time.",
    ),
    "no body": (lambda name: line(name, None), "endpoint unavailable: No answer: the answer is no"),
}


@pytest.mark.parametrize(("result", "said"), ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("as_error", [False, True])
def test_a_request_without_a_usable_answer_is_reported(
    result: Callable[[str], dict[str, Any]], said: str, as_error: bool, tmp_path: Path
) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path)
        ticket = asker.submit(questions(2), nothing)
        bad, good = (asked["custom_id"] for asked in server.asked_in("batch_1"))
        lines, errors = [line(good, completion(ANSWER))], [result(bad)]
        server.finish_batch("batch_1", *((lines, errors) if as_error else (lines + errors, [])))
        found = results(asker, ticket, 2)
        assert found["q2"] == "A mill"
        assert found["q1"].startswith(said)


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled", "completed"])
def test_what_an_ended_batch_does_not_mention_is_reported(state: str, tmp_path: Path) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path)
        ticket = asker.submit(questions(1), nothing)
        server.batches["batch_1"]["errors"] = {"data": [{"message": "A line is\nwrong."}]}
        server.finish_batch("batch_1", [], state=state)
        assert results(asker, ticket, 1) == {
            "q1": "endpoint unavailable: The batch ended without an answer to this "
            f"({state}: A line is wrong.)."
        }


def test_results_that_are_damaged_or_repeated_are_passed_over(tmp_path: Path) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path)
        ticket = asker.submit(questions(2), nothing)
        first, second = (asked["custom_id"] for asked in server.asked_in("batch_1"))
        other = completion({"title": "Another", "words": 1})
        good = [line(first, completion(ANSWER)), line(first, other), line(second, other)]
        text = "\n".join(["{", "[]", "7", *map(json.dumps, good), '{"custom_id": 5}', ""])
        server.finish_batch("batch_1", good)
        server.files[server.batches["batch_1"]["output_file_id"]] = text.encode()
        assert results(asker, ticket, 3) == {"q1": "A mill", "q2": "Another"}


def test_a_large_book_becomes_several_batches(tmp_path: Path) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path)
        kept: list[int] = []
        asker.submit(questions(5), lambda t: kept.append(len(t.parts)), most_requests=2)
        assert [len(server.asked_in(name)) for name in server.batches] == [2, 2, 1]
        assert kept == [1, 2, 3]
        size = len(next(iter(server.files.values()))) // 2
        asker.submit(questions(5), nothing, most_bytes=3 * size + 1)
        assert [len(server.asked_in(name)) for name in server.batches][3:] == [3, 2]
        asker.submit(questions(2), nothing, most_bytes=1)
        assert [len(server.asked_in(name)) for name in server.batches][5:] == [1, 1]


def test_a_ticket_goes_on_where_it_was_left(tmp_path: Path) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path)
        ticket = asker.submit(questions(3), nothing)
        more = asker.submit([*questions(5), *questions(5)], nothing, ticket=ticket)
        assert more.parts[0] == ticket.parts[0]
        assert [len(part.requests) for part in more.parts] == [3, 2]


@pytest.mark.parametrize("fault", [reset, status(500), status(429)])
def test_a_batch_whose_making_was_not_heard_is_not_made_twice(
    fault: Behaviour, tmp_path: Path
) -> None:
    with ModelServer() as server:
        server.create_batch = fault
        ticket = make_asker(server, tmp_path).submit(questions(1), nothing)
        assert [*server.batches] == ["batch_1"]
        assert ticket.parts[0].batch == "batch_1"


def test_a_budget_leaves_out_what_could_break_it(tmp_path: Path) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path, budget_tokens=1300, max_output_tokens=500)
        ticket = asker.submit(questions(5), nothing)
        assert [len(part.requests) for part in ticket.parts] == [2]
        assert asker.stopped.startswith("The budget is used up")


def test_nothing_to_submit_makes_no_batch(tmp_path: Path) -> None:
    with ModelServer() as server:
        ticket = make_asker(server, tmp_path).submit([], nothing)
        assert (ticket.parts, server.others) == ((), [])


def test_an_endpoint_without_batches_says_so(tmp_path: Path) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path, base_url=server.base_url + "/none")
        with pytest.raises(WorldError, match="The batch failed: 404: Nothing is here"):
            asker.submit(questions(1), nothing)


def test_a_ticket_for_another_model_is_not_collected(tmp_path: Path) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path)
        ticket = replace(asker.submit(questions(1), nothing), model="another")
        with pytest.raises(SettingsError, match="was submitted to another at "):
            asker.state(ticket)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"parts": 7}', "[" * 100_000])
def test_a_damaged_ticket_is_refused(text: str) -> None:
    with pytest.raises(WorldError, match="The ticket of the batch is damaged"):
        BatchTicket.from_json(text)


def test_an_outcome_of_a_batch_has_the_same_types_as_any_other(tmp_path: Path) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path)
        ticket = asker.submit(questions(1), nothing)
        server.finish_batch("batch_1", [], state="expired")
        (outcome,) = asker.collect(ticket, questions(1))
        assert isinstance(outcome, NoAnswer)
