"""What follows from each way in which an endpoint can fail: kept, asked again, reported."""

from email.utils import formatdate
from pathlib import Path

import pytest

from model_server import (
    ANSWER,
    Behaviour,
    Exchange,
    ModelServer,
    after,
    ask,
    completion,
    cut_below,
    drip,
    drip_headers,
    hang,
    ok,
    raw,
    reset,
    says,
    status,
    truncated,
)

HTML = b"<!doctype html><title>Bad gateway</title><p>nginx</p>"
TOO_DEEP = '{"title": ' * 50_000

PASSES = {
    "429": status(429, "Rate limit reached"),
    "429 with Retry-After": status(429, headers={"Retry-After": "7"}),
    "500": status(500),
    "502 with HTML": raw(HTML, 502),
    "503": status(503),
    "503 while a model loads": status(503, "Loading model"),
    "529": status(529, "Overloaded"),
    "408": status(408),
    "409": status(409),
    "425": status(425),
    "reset": reset,
    "truncated": truncated,
    "HTML in place of JSON": raw(HTML),
    "nothing": raw(b"", content_type="application/json"),
    "JSON that is no completion": raw(b"[1, 2]", content_type="application/json"),
    "JSON nested without end": raw(b"[" * 100_000, content_type="application/json"),
    "a body that is no gzip": lambda exchange: exchange.send(
        b"{}", 200, {"Content-Encoding": "gzip"}
    ),
    "no choices": lambda exchange: exchange.send_json({**completion(ANSWER), "choices": []}),
    "choices that are null": lambda exchange: exchange.send_json({"choices": None}),
    "an error in an answer of status 200": lambda exchange: exchange.send_json(
        {"error": {"message": "Provider returned error", "code": 502}}
    ),
}


@pytest.mark.parametrize("fault", PASSES.values(), ids=PASSES.keys())
def test_what_may_pass_is_asked_again_and_its_answer_kept(fault: Behaviour, tmp_path: Path) -> None:
    with ModelServer([fault, ok]) as server:
        run = ask(server, tmp_path, 2)
        assert (run.answered, run.open) == (["q1", "q2"], {})
        assert len(server.requests) == 3
        assert run.asker.stopped == ""


@pytest.mark.parametrize("fault", PASSES.values(), ids=PASSES.keys())
def test_what_does_not_pass_is_given_up_after_so_many_attempts(
    fault: Behaviour, tmp_path: Path
) -> None:
    with ModelServer([ok, fault]) as server:
        run = ask(server, tmp_path, 2, attempts=3)
        assert (run.answered, run.open) == (["q1"], {"q2": "endpoint unavailable"})
        assert len(server.requests) == 4
        assert run.message.startswith("3 attempts failed, the last because: ")


@pytest.mark.parametrize("fault", [hang, drip, drip_headers, after(60)])
def test_an_exchange_ends_with_its_timeout_even_if_bytes_keep_dripping(
    fault: Behaviour, tmp_path: Path
) -> None:
    with ModelServer([fault, ok]) as server:
        run = ask(server, tmp_path, timeout=0.15)
        assert run.answered == ["q1"]
        assert len(server.requests) == 2


def test_a_timeout_is_reported_as_one(tmp_path: Path) -> None:
    with ModelServer([hang]) as server:
        run = ask(server, tmp_path, timeout=0.1, attempts=2)
        expected = "2 attempts failed, the last because: no complete answer within 0.1 seconds."
        assert run.message == expected


def test_an_answer_without_end_is_not_read_to_the_end(tmp_path: Path) -> None:
    def endless(exchange: Exchange) -> None:
        exchange.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not exchange.server.closing.is_set():
            exchange.connection.sendall(b" " * 1_000_000)

    with ModelServer([endless, ok]) as server:
        assert ask(server, tmp_path, timeout=60).answered == ["q1"]
        assert len(server.requests) == 2


def test_nobody_listening_is_reported_in_the_words_of_the_system(tmp_path: Path) -> None:
    with ModelServer() as server:
        pass
    run = ask(server, tmp_path, attempts=2)
    assert run.open == {"q1": "endpoint unavailable"}
    assert run.message.startswith("2 attempts failed, the last because: no connection (")


# What passes never: one question

REJECTED = {
    "400": (status(400, "Invalid image data"), "400: Invalid image data"),
    "413": (raw(HTML, 413), "413: Bad gateway nginx"),
    "415": (status(415, "Unsupported media type image/x"), "415: Unsupported media type image/x"),
    "422": (raw(b'{"detail": [{"msg": "bad"}]}', 422), '422: [{"msg": "bad"}]'),
    "500, too long": (
        status(500, "the request exceeds the available context size"),
        "500: the request exceeds the available context size",
    ),
    "400, too long": (
        status(400, "This model's maximum context length is 4096 tokens."),
        "400: This model's maximum context length is 4096 tokens",
    ),
}


@pytest.mark.parametrize(("fault", "said"), REJECTED.values(), ids=REJECTED.keys())
def test_a_rejected_question_is_reported_and_the_others_are_asked(
    fault: Behaviour, said: str, tmp_path: Path
) -> None:
    script = [ok, fault, ok]  # the first tells that the endpoint takes questions at all
    with ModelServer(script) as server:
        run = ask(server, tmp_path, 3)
        assert (run.answered, run.open) == (["q1", "q3"], {"q2": "rejected request"})
        assert run.message == f"The endpoint does not take this: {said}."
        assert len(server.requests) == 3


# What passes never: every question

UNUSABLE = {
    "401": status(401, "Incorrect API key provided"),
    "402": status(402, "Payment Required"),
    "403": status(403, "Country not supported"),
    "404": raw(HTML, 404),
    "404, model": status(404, "The model `x` does not exist", code="model_not_found"),
    "405": raw(b"", 405),
    "a redirect": lambda exchange: exchange.send(b"", 307, {"Location": "/v1/elsewhere"}),
    "429, no money": status(429, "You exceeded your current quota", code="insufficient_quota"),
    "400, no money": status(400, "Your credit balance is too low to access the API"),
    "500, key": status(500, "invalid api key"),
    "500, model": status(500, "model 'x' not found, try pulling it first"),
    "500, no eyes": status(500, "image input is not supported - hint: provide the mmproj"),
    "400, no eyes": status(400, "This model does not support images"),
}


@pytest.mark.parametrize("fault", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_endpoint_that_cannot_be_used_ends_the_run_at_once(
    fault: Behaviour, tmp_path: Path
) -> None:
    with ModelServer([ok, fault]) as server:
        run = ask(server, tmp_path, 30)
        assert run.answered == ["q1"]
        assert run.open.pop("q2") == "stopped"
        assert set(run.open.values()) == {"stopped"}
        assert len(run.outcomes) < 10, "questions behind the end are not pulled"
        assert len(server.requests) == 2
        assert run.message == run.asker.stopped
        assert run.message.startswith("The endpoint cannot be used (")


def test_the_words_of_a_server_become_one_clean_short_line(tmp_path: Path) -> None:
    words = "A\nbad\x1b[31m\x07 \u202e" + "word " * 100
    with ModelServer([ok, status(400, words)]) as server:
        message = ask(server, tmp_path, 2).message
        assert message.startswith("The endpoint does not take this: 400: A bad [31m word word")
        assert message.isprintable()
        assert len(message) < 250


# Answers that are none


def test_a_cut_answer_is_asked_for_again_with_more_room(tmp_path: Path) -> None:
    with ModelServer(lambda request: cut_below(200)) as server:
        run = ask(server, tmp_path, max_output_tokens=100)
        assert run.answered == ["q1"]
        assert [request.limit for request in server.requests] == [100, 200]
        assert run.outcomes[0].usage.tokens_out == 100 + 20


def test_an_answer_that_stays_cut_is_reported_and_never_kept(tmp_path: Path) -> None:
    with ModelServer(lambda request: cut_below(10_000)) as server:
        run = ask(server, tmp_path, max_output_tokens=100)
        assert run.open == {"q1": "cut off"}
        assert "cut off at 400 tokens. Raise max-output-tokens" in run.message
        assert [request.limit for request in server.requests] == [100, 200, 400]


def test_a_whole_answer_that_ends_for_lack_of_room_is_a_cut_one_all_the_same(
    tmp_path: Path,
) -> None:
    with ModelServer([says(ANSWER, finish="length")]) as server:
        assert ask(server, tmp_path).open == {"q1": "cut off"}


def test_a_cut_answer_is_known_by_its_length_where_the_server_says_stop(tmp_path: Path) -> None:
    used = {"prompt_tokens": 10, "completion_tokens": 100}
    with ModelServer([says('{"title": "A mi', usage=used), ok]) as server:
        run = ask(server, tmp_path, max_output_tokens=100)
        assert run.answered == ["q1"]
        assert [request.limit for request in server.requests] == [100, 200]


def test_more_room_than_a_model_has_leaves_the_answer_cut(tmp_path: Path) -> None:
    too_large = status(400, "max_tokens is too large: 200. This model supports at most 150.")
    script = [says('{"ti', finish="length"), too_large]
    with ModelServer(script) as server:
        run = ask(server, tmp_path, max_output_tokens=100)
        assert run.open == {"q1": "cut off"}
        assert "more room is refused: 400: max_tokens is too large" in run.message
        assert len(server.requests) == 2


INVALID = {
    "of another shape": (says({"title": "A mill", "words": 3}), "words must be the number"),
    "no JSON": (says("I cannot see {anything}."), "It is not valid JSON: Expecting property name"),
    "no object at all": (says("A mill."), "There is no JSON object in it."),
    "empty": (says(""), "There is no JSON object in it."),
    "null": (says(None), "There is no JSON object in it."),
    "NaN": (says('{"title": "A mill", "words": NaN}'), "NaN is not a JSON number"),
    "a number too long for Python": (
        says('{"title": "A mill", "words": ' + "9" * 5000 + "}"),
        "It is not valid JSON",
    ),
    "half a character": (says('{"title": "A \\ud800", "words": 2}'), "stands for no character"),
    "nested without end": (says(TOO_DEEP), "nested too deeply"),
}


@pytest.mark.parametrize(("fault", "said"), INVALID.values(), ids=INVALID.keys())
def test_an_invalid_answer_is_mended_once_with_the_reason(
    fault: Behaviour, said: str, tmp_path: Path
) -> None:
    # The second form is the first one in which the server is told the schema in words.
    with ModelServer(lambda request: ok if len(request.messages) > 2 else fault) as server:
        run = ask(server, tmp_path)
        assert run.answered == ["q1"]
        _, _, wrong, mend = server.requests[-1].messages
        assert (wrong["role"], mend["role"]) == ("assistant", "user")
        assert said in mend["content"]


@pytest.mark.parametrize(("fault", "said"), INVALID.values(), ids=INVALID.keys())
def test_an_answer_that_stays_invalid_is_reported_after_one_repair(
    fault: Behaviour, said: str, tmp_path: Path
) -> None:
    with ModelServer([fault]) as server:
        run = ask(server, tmp_path)
        assert run.open == {"q1": "invalid answer"}
        assert said in run.message
        assert len([one for one in server.requests if len(one.messages) > 2]) == 1
        assert len(server.requests) <= 3


REFUSALS = {
    "by the model": (
        says(None, refusal="I will not."),
        "The model declined to answer: I will not.",
    ),
    "by a filter": (says("", finish="content_filter"), "a filter of the endpoint stopped"),
    "before the model": (
        status(400, "The response was filtered", code="content_filter"),
        "The endpoint declined to answer: 400: The response was filtered.",
    ),
}


@pytest.mark.parametrize(("fault", "said"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_reported_and_not_argued_with(
    fault: Behaviour, said: str, tmp_path: Path
) -> None:
    with ModelServer([ok, fault, ok]) as server:
        run = ask(server, tmp_path, 3)
        assert (run.answered, run.open) == (["q1", "q3"], {"q2": "refused"})
        assert said in run.message
        assert len(server.requests) == 3


# Waiting


def test_attempts_wait_longer_and_longer(tmp_path: Path) -> None:
    with ModelServer([status(500)]) as server:
        run = ask(server, tmp_path, attempts=5)
        assert run.waits == [1, 2, 4, 8]


def test_chance_keeps_attempts_apart(tmp_path: Path) -> None:
    with ModelServer([status(500)]) as server:
        assert ask(server, tmp_path, attempts=4, chance=0.25).waits == [0.25, 0.5, 1]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("2.5", 2.5),
        (formatdate(1_800_001_030, usegmt=True), 30),
        (formatdate(1_700_000_000, usegmt=True), 0),
        ("-5", 0),
        ("soon", 1),
        ("nan", 1),
    ],
)
def test_a_server_that_names_a_pause_gets_it(value: str, seconds: float, tmp_path: Path) -> None:
    with ModelServer([status(429, headers={"Retry-After": value}), ok]) as server:
        run = ask(server, tmp_path, chance=0.9999)
        assert run.answered == ["q1"]
        assert sum(run.waits) == pytest.approx(seconds, abs=0.11)


@pytest.mark.parametrize("value", ["121", "86400", "inf", formatdate(2e9, usegmt=True)])
def test_a_pause_that_is_too_long_ends_the_run(value: str, tmp_path: Path) -> None:
    with ModelServer([ok, status(429, headers={"Retry-After": value})]) as server:
        run = ask(server, tmp_path, 20)
        assert run.answered == ["q1"]
        assert run.asker.stopped.startswith("The endpoint wants a pause of ")
        assert len(server.requests) == 2
        assert sum(run.waits) == 0


def test_everybody_waits_when_one_is_told_to(tmp_path: Path) -> None:
    busy = status(429, headers={"Retry-After": "30"})
    with ModelServer([ok, busy, ok]) as server:
        run = ask(server, tmp_path, 4, concurrency=1)
        assert len(run.answered) == 4
        assert len(server.requests) == 5, "the others were not sent into the closed door"
        assert 30 <= sum(run.waits) < 31


def test_a_rate_limit_does_not_use_up_attempts_while_others_get_through(tmp_path: Path) -> None:
    # Between two requests of q2 there is always one of another question that is answered.
    with ModelServer(
        lambda request: status(429) if "q2" in request.text and request.number < 8 else ok
    ) as server:
        run = ask(server, tmp_path, 10, attempts=2)
        assert len(run.answered) == 10, run.open
        asked = [request.messages[1]["content"] for request in server.requests]
        assert asked.count("Text q2.") > 2


def test_an_endpoint_that_is_down_is_left_alone_after_five_questions(tmp_path: Path) -> None:
    with ModelServer([ok, status(503)]) as server:
        run = ask(server, tmp_path, 100, attempts=2)
        assert run.answered == ["q1"]
        assert [*run.open.values()].count("endpoint unavailable") == 5
        assert len(server.requests) == 1 + 5 * 2
        assert run.asker.stopped == (
            "5 questions in a row got no answer, so no more were asked. The last reason: "
            "2 attempts failed, the last because: 503: Something is wrong."
        )


def test_failures_between_answers_do_not_end_a_run(tmp_path: Path) -> None:
    bad = {f"Text q{number}." for number in range(1, 21) if number % 4}
    with ModelServer(
        lambda request: status(503) if request.messages[1]["content"] in bad else ok
    ) as server:
        run = ask(server, tmp_path, 20, attempts=1)
        assert len(run.answered) == 5
        assert len(run.open) == 15
        assert run.asker.stopped == ""
