"""A run of many questions: how many at once, in how much memory, for how much money, until when."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bookpack.ask.accounts import estimate, tokens_of
from bookpack.ask.asker import Asker, Progress
from bookpack.ask.question import Answer, Attachment, NoAnswer, Question, Reason, Usage
from bookpack.config.tables import ModelTable
from bookpack.errors import SettingsError, WorldError
from model_server import (
    ANSWER,
    Behaviour,
    ModelServer,
    Request,
    Waits,
    ask,
    completion,
    hang,
    meet,
    ok,
    question,
    questions,
    says,
    settings_for,
    status,
)

PICTURE = Attachment(b"\x89PNG", "image/png", 280, 560)


def make_asker(server: ModelServer, cache: Path, **options: object) -> Asker:
    settings = settings_for(server, **options)
    return Asker(settings, environment={"BOOKPACK_CACHE": str(cache)}, clock=Waits().clock)


def test_a_question_is_sent_as_every_server_understands_it(tmp_path: Path) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path, temperature=0.5, max_output_tokens=300)
        (outcome,) = asker.run([question(attachments=(PICTURE,), material="Look.")])
        assert isinstance(outcome, Answer)
        assert (outcome.value, outcome.model) == ("A mill", "model-of-the-server")
        assert outcome.usage == Usage(100, 20, 1)
        (request,) = server.requests
        assert request.path == "/v1/chat/completions"
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}
        assert request.messages == [
            {"role": "system", "content": "Give it a title."},
            {"role": "user", "content": [{"type": "text", "text": "Look."}, picture]},
        ]
        assert request.body["response_format"]["json_schema"]["strict"] is True
        assert (request.body["max_tokens"], request.body["temperature"]) == (300, 0.5)
        assert "stream" not in request.body


def test_a_question_can_have_a_limit_of_its_own(tmp_path: Path) -> None:
    with ModelServer() as server:
        list(make_asker(server, tmp_path).run([question(max_output_tokens=77)]))
        assert server.requests[0].limit == 77
        assert "temperature" not in server.requests[0].body


def test_as_many_are_asked_at_once_as_the_settings_say_and_no_more(tmp_path: Path) -> None:
    with ModelServer(lambda request: ok if request.number == 1 else meet(6)) as server:
        run = ask(server, tmp_path, 25, concurrency=6)
        assert len(run.answered) == 25
        assert server.peak == 6


def test_questions_are_made_only_as_they_are_needed(tmp_path: Path) -> None:
    made = 0

    def making() -> Iterator[Question[str]]:
        nonlocal made
        for number in range(200):
            made += 1
            yield question(f"q{number}")

    with ModelServer() as server:
        ended = 0
        for _ in make_asker(server, tmp_path, concurrency=3).run(making()):
            ended += 1
            assert made - ended < 3 + 4
        assert (made, ended) == (200, 200)


def test_an_answer_comes_before_the_next_question_is_made(tmp_path: Path) -> None:
    """A picture that takes long to load must not hold back an answer that is there."""
    with ModelServer() as server:
        asker = make_asker(server, tmp_path, concurrency=8)
        taken: list[str] = []

        def making() -> Iterator[Question[str]]:
            yield question("first")
            server.wait_for(1)
            while not asker.spent.tokens_in:
                time.sleep(0.01)
            time.sleep(0.2)  # the answer is counted a moment before it is handed over
            yield question("second")
            assert taken == ["first"]
            yield question("third")

        for outcome in asker.run(making()):
            taken.append(outcome.question.key)
        assert sorted(taken) == ["first", "second", "third"]


def test_nothing_to_ask_asks_nothing(tmp_path: Path) -> None:
    with ModelServer() as server:
        assert list(make_asker(server, tmp_path).run([])) == []
        assert server.requests == []


def test_what_goes_wrong_while_questions_are_made_is_raised_after_the_answers(
    tmp_path: Path,
) -> None:
    def making() -> Iterator[Question[str]]:
        yield from questions(3)
        raise WorldError("The disk is gone.")

    with ModelServer() as server:
        running = make_asker(server, tmp_path, concurrency=2).run(making())
        assert len([next(running) for _ in range(3)]) == 3
        with pytest.raises(WorldError, match="The disk is gone"):
            next(running)


def test_one_asker_can_run_twice(tmp_path: Path) -> None:
    with ModelServer() as server:
        asker = make_asker(server, tmp_path)
        assert len(list(asker.run(questions(2)))) == 2
        assert len(list(asker.run(questions(3)))) == 3
        assert asker.spent.calls == 5


# Progress


def test_progress_counts_and_foretells(tmp_path: Path) -> None:
    steps: list[Progress] = []
    with ModelServer([status(500), ok]) as server:
        asker = make_asker(server, tmp_path, concurrency=1, price_in=1.0, price_out=10.0)
        list(asker.run(questions(4), progress=steps.append))
    steps = [step for step in steps if step.done]
    assert [step.done for step in steps] == [1, 2, 3, 4]
    assert {step.total for step in steps} == {4}
    last = steps[-1]
    assert last.usage == Usage(400, 80, 5)
    assert last.money == pytest.approx((400 * 1.0 + 80 * 10.0) / 1e6)
    assert last.seconds_left == 0
    assert last.failed == 0
    # One second of waiting passed on the test's clock, at the beginning.
    assert [step.rate for step in steps] == [60, 120, 180, 240]
    assert [step.seconds_left for step in steps] == [3, 1, pytest.approx(1 / 3), 0]


def test_progress_without_a_known_total(tmp_path: Path) -> None:
    steps: list[Progress] = []
    with ModelServer([says("no")]) as server:
        asker = make_asker(server, tmp_path)
        list(asker.run(iter(questions(1)), progress=steps.append))
        list(asker.run(iter(questions(1)), total=9, progress=steps.append))
    assert steps[0].total is None
    assert steps[0].seconds_left is None
    assert (steps[-1].total, steps[-1].failed) == (9, 1)


# Money


def test_an_estimate_tells_what_a_run_would_cost_at_most(tmp_path: Path) -> None:
    settings = ModelTable(
        base_url="https://example.com/v1",
        name="m",
        price_in=2.0,
        price_out=8.0,
        currency="EUR",
        max_output_tokens=1000,
    )
    environment = {"BOOKPACK_CACHE": str(tmp_path)}
    asked = [question(material="x" * 3500), question(max_output_tokens=50)]
    found = estimate(iter(asked), settings, environment=environment)
    assert (found.questions, found.tokens_out_at_most, found.currency) == (2, 1050, "EUR")
    assert found.tokens_in == sum(map(tokens_of, asked))
    assert found.money == pytest.approx((found.tokens_in * 2 + 1050 * 8) / 1e6)
    assert 1000 < found.tokens_in < 1250


def test_a_picture_counts_by_its_size() -> None:
    without = tokens_of(question())
    assert tokens_of(question(attachments=(PICTURE,))) == without + 10 * 20


def test_an_estimate_learns_from_what_an_endpoint_counted(tmp_path: Path) -> None:
    environment = {"BOOKPACK_CACHE": str(tmp_path)}
    with ModelServer() as server:
        settings = settings_for(server)

        def estimated() -> int:
            found = estimate(questions(10), settings, environment=environment, now=Waits().time)
            return found.tokens_in

        before = estimated()
        used = {"prompt_tokens": before // 10 * 3, "completion_tokens": 5}
        server.script = [says(ANSWER, usage=used)]
        for _ in range(2):
            list(make_asker(server, tmp_path).run(questions(3)))
            assert estimated() == pytest.approx(3 * before, rel=0.02)


def test_a_budget_holds_although_the_endpoint_counts_ten_times_as_much(tmp_path: Path) -> None:
    used = {"prompt_tokens": 730, "completion_tokens": 20}
    with ModelServer([says(ANSWER, usage=used)]) as server:
        run = ask(server, tmp_path, 40, concurrency=8, budget_tokens=10_000, max_output_tokens=100)
        assert 9_000 < run.asker.spent.tokens_in + run.asker.spent.tokens_out <= 10_000


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_budget_of_tokens_is_used_and_never_broken(concurrency: int, tmp_path: Path) -> None:
    # A call takes 120 tokens and might have taken some 70 and 500.
    with ModelServer() as server:
        run = ask(
            server,
            tmp_path,
            40,
            concurrency=concurrency,
            budget_tokens=2000,
            max_output_tokens=500,
        )
        spent = run.asker.spent.tokens_in + run.asker.spent.tokens_out
        assert 2000 - 700 < spent <= 2000
        assert len(run.answered) == len(server.requests) == spent // 120
        assert set(run.open.values()) == {"budget"}
        assert run.asker.stopped == run.message
        assert "tokens are used and this question may take" in run.message


def test_a_budget_of_money_stops_before_the_call_that_would_break_it(tmp_path: Path) -> None:
    with ModelServer() as server:
        run = ask(server, tmp_path, 40, budget=0.05, price_out=100.0, max_output_tokens=200)
        # A call costs 0.002 and might cost 0.02: after 16 calls, one more might not fit.
        assert len(server.requests) == 16
        assert run.asker.money == pytest.approx(0.032)
        assert run.message == (
            "The budget is used up: 0.032 of 0.05 USD are spent and this question may take "
            "0.02 USD more. Raise it under [model] to go on."
        )


def test_a_call_that_was_not_heard_counts_against_the_budget(tmp_path: Path) -> None:
    """The endpoint may have worked and may want money; what is reported is what it counted."""
    with ModelServer([hang]) as server:
        run = ask(
            server, tmp_path, timeout=0.05, budget_tokens=1500, max_output_tokens=500, attempts=9
        )
        assert run.open == {"q1": "budget"}
        assert len(server.requests) == 2
        assert run.asker.spent == Usage(0, 0, 2)


def test_a_budget_of_money_needs_prices(tmp_path: Path) -> None:
    with ModelServer() as server, pytest.raises(SettingsError, match="set price-in and price-out"):
        ask(server, tmp_path, budget=1.0)


@pytest.mark.parametrize("usage", [{}, {"prompt_tokens": None}, {"prompt_tokens": -1}, "many"])
def test_what_a_server_does_not_count_is_estimated(usage: object, tmp_path: Path) -> None:
    reply = completion(ANSWER)
    reply["usage"] = usage
    with ModelServer([lambda exchange: exchange.send_json(reply)]) as server:
        (outcome,) = ask(server, tmp_path).outcomes
        assert outcome.usage.estimated
        assert outcome.usage.tokens_in == tokens_of(question("q1"))
        assert 5 < outcome.usage.tokens_out < 15


# Ending early


def test_stopping_keeps_what_is_answered_and_drops_what_hangs(tmp_path: Path) -> None:
    with ModelServer(lambda request: hang if request.number > 3 else ok) as server:
        asker = make_asker(server, tmp_path, concurrency=2, timeout=60)
        outcomes = []
        for outcome in asker.run(questions(50)):
            outcomes.append(outcome)
            if len(outcomes) == 3:
                server.wait_for(5)
                asker.stop()
        assert [isinstance(outcome, Answer) for outcome in outcomes[:3]] == [True] * 3
        rest = outcomes[3:]
        assert 2 <= len(rest) <= 6
        assert {one.reason for one in rest if isinstance(one, NoAnswer)} == {Reason.STOPPED}
        assert asker.stopped == "The run was interrupted before this was answered."
        assert len(server.requests) == 5


def test_closing_the_iterator_does_not_wait_for_a_server_that_hangs(tmp_path: Path) -> None:
    with ModelServer([ok, hang]) as server:
        running = make_asker(server, tmp_path, concurrency=4, timeout=60).run(questions(50))
        assert isinstance(running, Iterator)
        next(running)
        server.wait_for(3)
        began = time.monotonic()
        running.close()  # type: ignore[attr-defined]
        assert time.monotonic() - began < 20, "it did not wait for the timeout of 60 seconds"
        assert not [one for one in threading.enumerate() if one.name == "bookpack-ask"]


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_keeps_everything_answered_so_far(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from bookpack.ask.asker import Asker
        from bookpack.config.tables import ModelTable
        from model_server import questions

        settings = ModelTable(base_url=sys.argv[1], name="m", concurrency=3, timeout=60)
        try:
            for outcome in Asker(settings).run(questions(100)):
                print(type(outcome).__name__, flush=True)
        except KeyboardInterrupt:
            print("interrupted")
    """)
    with ModelServer(lambda request: hang if request.number > 5 else ok) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", program, server.base_url],
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(
                    [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
                ),
                "BOOKPACK_CACHE": str(tmp_path),
            },
        )
        try:
            server.wait_for(8, 30)
            assert process.stdout is not None
            lines = [process.stdout.readline().strip() for _ in range(5)]
            process.send_signal(signal.SIGINT)
            lines += process.communicate(timeout=20)[0].split("\n")
        finally:
            process.kill()
            process.communicate()
        assert lines[:5] == ["Answer"] * 5
        assert lines[5:-2] == ["NoAnswer"] * len(lines[5:-2])
        assert lines[-2:] == ["interrupted", ""]
        assert process.returncode == 0


def test_a_shape_that_fails_is_no_fault_of_the_endpoint(tmp_path: Path) -> None:
    def broken(value: object) -> str:
        raise KeyError(f"no such key in {value}")

    asked = question()
    asked = replace(asked, shape=replace(asked.shape, parse=broken))
    with ModelServer() as server, pytest.raises(KeyError):
        list(make_asker(server, tmp_path).run([asked]))


def test_progress_tells_that_the_endpoint_wants_a_pause(tmp_path: Path) -> None:
    steps: list[Progress] = []
    with ModelServer([status(429, headers={"Retry-After": "0.7"}), ok]) as server:
        asker = Asker(settings_for(server), environment={"BOOKPACK_CACHE": str(tmp_path)})
        list(asker.run(questions(1), progress=steps.append))
    assert any(step.pause > 0 for step in steps)


def test_a_slow_answer_does_not_hold_the_others(tmp_path: Path) -> None:
    others: list[str] = []
    all_came = threading.Event()

    def answer(request: Request) -> Behaviour:
        asked = request.messages[1]["content"]
        if "q2" in asked:
            all_came.wait(30)
            return ok
        others.append(asked)
        if len(others) == 11:
            all_came.set()
        return ok

    with ModelServer(answer) as server:
        run = ask(server, tmp_path, 12, concurrency=2)
        # When the last of the others was asked, the ten before it had been answered.
        assert [one.question.key for one in run.outcomes].index("q2") >= 10
