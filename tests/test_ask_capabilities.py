"""What an endpoint takes is found out by the first real questions, once, and remembered."""

import json
from pathlib import Path
from typing import Any

import pytest

from model_server import (
    ANSWER,
    Behaviour,
    Exchange,
    ModelServer,
    Request,
    Run,
    ask,
    meet,
    ok,
    raw,
    says,
    status,
    without,
)


def forms(server: ModelServer) -> list[str]:
    return [request.form for request in server.requests]


def takes_only(*taken: str, refusal: Behaviour) -> Any:
    """Refuse requests for another form of structure than these."""
    return lambda request: ok if request.form in taken else refusal


WORDS = {
    "OpenAI, an old model": status(
        400,
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this "
        "model.",
        param="response_format",
    ),
    "DeepSeek": status(400, "This response_format type is unavailable now"),
    "a server that validates": raw(
        b'{"detail": [{"type": "extra_forbidden", "loc": ["body", "response_format"],'
        b' "msg": "Extra inputs are not permitted"}]}',
        422,
    ),
    "llama.cpp": status(
        400,
        "Unable to generate parser for this template. Automatic parser generation failed: JSON "
        "schema error at #/properties/a: unrecognized type nonsense",
    ),
    "llama.cpp, older": status(500, "Failed to parse grammar"),
    "Gemini": status(400, 'Invalid JSON payload received. Unknown name "additionalProperties"'),
    "vLLM": status(400, "Invalid schema for guided_json"),
    "a gateway": status(404, "No endpoints found that support response_format"),
    "words that nobody understands": status(400, "Bad request"),
}


@pytest.mark.parametrize("refusal", WORDS.values(), ids=WORDS.keys())
@pytest.mark.parametrize("taken", ["json_object", "text"])
def test_an_endpoint_without_schemas_is_asked_in_a_plainer_form(
    refusal: Behaviour, taken: str, tmp_path: Path
) -> None:
    with ModelServer(takes_only(taken, refusal=refusal)) as server:
        run = ask(server, tmp_path, 3)
        assert run.answered == ["q1", "q2", "q3"]
        steps = ["json_schema", "json_object", "text"]
        expected = steps[: steps.index(taken)]
        assert forms(server) == [*expected, *[taken] * 3]
        assert '"required": ["title", "words"]' in server.requests[-1].messages[0]["content"]


def test_lm_studio_takes_text_and_schemas_and_is_asked_with_schemas(tmp_path: Path) -> None:
    refusal = status(400, "'response_format.type' must be 'json_schema' or 'text'")
    with ModelServer(takes_only("json_schema", "text", refusal=refusal)) as server:
        assert ask(server, tmp_path, 2).answered == ["q1", "q2"]
        assert forms(server) == ["json_schema"] * 2


def test_an_endpoint_that_ignores_schemas_is_told_them_in_words(tmp_path: Path) -> None:
    def script(request: Request) -> Behaviour:
        return ok if "JSON Schema" in request.text else says("A mill, I would say.")

    with ModelServer(script) as server:
        run = ask(server, tmp_path, 2)
        assert run.answered == ["q1", "q2"]
        assert forms(server) == ["json_schema", "json_object", "json_object"]


def test_what_is_refused_in_every_form_is_reported_with_the_first_reason(tmp_path: Path) -> None:
    script = [status(400, "Bad picture"), status(400, "Second"), status(400, "Third"), ok]
    with ModelServer(script) as server:
        run = ask(server, tmp_path, 2)
        assert run.open == {"q1": "rejected request"}
        assert run.message == "The endpoint does not take this: 400: Bad picture."
        assert run.answered == ["q2"]
        assert forms(server) == ["json_schema", "json_object", "text", "json_schema"]


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        (
            "max_tokens",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
        ),
        ("temperature", "Unsupported value: 'temperature' does not support 0.5 with this model."),
        ("temperature", "temperature is deprecated for this model"),
    ],
)
def test_a_parameter_that_is_refused_is_not_sent_again(
    name: str, refusal: str, tmp_path: Path
) -> None:
    def script(request: Request) -> Behaviour:
        return status(400, refusal, param=name) if name in request.body else ok

    with ModelServer(script) as server:
        run = ask(server, tmp_path, 3, temperature=0.5, max_output_tokens=100)
        assert run.answered == ["q1", "q2", "q3"]
        assert [name in request.body for request in server.requests] == [True] + [False] * 3
        assert {request.limit for request in server.requests} == {100}


def test_an_endpoint_that_knows_no_limit_at_all_gets_none(tmp_path: Path) -> None:
    with ModelServer([without("max_tokens", "max_completion_tokens")]) as server:
        assert ask(server, tmp_path, 2).answered == ["q1", "q2"]
        limits = [[name for name in r.body if name.startswith("max_")] for r in server.requests]
        assert limits == [["max_tokens"], ["max_completion_tokens"], [], []]


def test_an_endpoint_that_refuses_system_messages_gets_them_with_the_question(
    tmp_path: Path,
) -> None:
    def script(request: Request) -> Behaviour:
        if request.messages[0]["role"] == "system":
            return status(500, "System role not supported")
        return ok

    with ModelServer(script) as server:
        assert ask(server, tmp_path, 2).answered == ["q1", "q2"]
        assert len(server.requests) == 3
        (message,) = server.requests[-1].messages
        assert message == {"role": "user", "content": "Give it a title.\n\nText q2."}


def test_everything_can_be_missing_at_once(tmp_path: Path) -> None:
    def behave(exchange: Exchange) -> None:
        system = exchange.request.messages[0]["role"] == "system"
        refusal = status(400, "system role is not supported")
        plain = without("response_format", "max_tokens", "temperature")
        (refusal if system else plain)(exchange)

    with ModelServer([behave]) as server:
        assert ask(server, tmp_path, 2, temperature=0.0).answered == ["q1", "q2"]
        assert len(server.requests) == 1 + 5 + 1


def test_many_at_once_find_out_once(tmp_path: Path) -> None:
    refusal = status(400, "response_format is not supported")

    def script(request: Request) -> Behaviour:
        if request.form != "text":
            return refusal
        return ok if request.number == 3 else meet(8)

    with ModelServer(script) as server:
        run = ask(server, tmp_path, 20, concurrency=8)
        assert len(run.answered) == 20
        assert server.peak == 8
        assert forms(server) == ["json_schema", "json_object", *["text"] * 20]


# The cache


def cached(cache: Path) -> dict[str, Any]:
    (entry,) = json.loads((cache / "endpoints.json").read_text("utf-8")).values()
    return dict(entry)


def ask_without_forms(server: ModelServer, cache: Path) -> Run:
    server.requests.clear()
    server.script = [without("response_format", "max_tokens")]
    return ask(server, cache, 1)


def test_what_was_found_out_is_remembered(tmp_path: Path) -> None:
    with ModelServer() as server:
        assert ask_without_forms(server, tmp_path).answered == ["q1"]
        assert len(server.requests) == 4
        assert cached(tmp_path)["form"] == "text"
        assert ask_without_forms(server, tmp_path).answered == ["q1"]
        assert len(server.requests) == 1
        server.requests.clear()
        ask(server, tmp_path, 1, name="another-model")
        assert len(server.requests) == 4, "another model has to be found out about"
        assert [path.name for path in tmp_path.iterdir()] == ["endpoints.json"]


def test_what_was_found_out_is_forgotten_after_a_month(tmp_path: Path) -> None:
    with ModelServer() as server:
        ask_without_forms(server, tmp_path)
        file = tmp_path / "endpoints.json"
        entries = json.loads(file.read_text("utf-8"))
        for entry in entries.values():
            entry["noted"] -= 31 * 86_400
        file.write_text(json.dumps(entries), "utf-8")
        ask_without_forms(server, tmp_path)
        assert len(server.requests) == 4


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"NAME": 7}',
        b'{"NAME": {"form": "song"}}',
        b'{"NAME": {"form": "text", "limits": [], "temperature": 1, "system": 1,'
        b' "input_ratio": 1, "noted": 1800001000}}',
        b'{"NAME": {"form": "text", "limits": 7, "temperature": 1, "system": 1,'
        b' "input_ratio": 1, "noted": 1800001000}}',
        b'{"NAME": {"form": "text", "limits": ["max_tokens"], "temperature": 1, "system": 1,'
        b' "input_ratio": 1e999, "noted": 1800001000}}',
        b'{"NAME": {"form": "text", "limits": ["max_tokens"], "temperature": 1, "system": 1,'
        b' "input_ratio": 1, "noted": "yesterday"}}',
    ],
)
def test_a_damaged_cache_is_as_good_as_none(damage: bytes, tmp_path: Path) -> None:
    with ModelServer() as server:
        name = f"{server.base_url} some-model".encode()
        (tmp_path / "endpoints.json").write_bytes(damage.replace(b"NAME", name))
        assert ask_without_forms(server, tmp_path).answered == ["q1"]
        assert len(server.requests) == 4
        assert cached(tmp_path)["form"] == "text"


def test_a_cache_that_cannot_be_written_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("", "utf-8")
    with ModelServer() as server:
        assert ask_without_forms(server, tmp_path / "a file").answered == ["q1"]


def test_a_remembered_endpoint_can_still_lose_a_capability(tmp_path: Path) -> None:
    with ModelServer() as server:
        ask(server, tmp_path)
        assert cached(tmp_path)["form"] == "json_schema"
        ask_without_forms(server, tmp_path)
        assert cached(tmp_path)["form"] == "text"


def test_the_cache_of_other_endpoints_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "endpoints.json"
    file.write_text('{"https://example.com/v1 m": {"form": "text", "later": "keys"}}', "utf-8")
    with ModelServer([says(ANSWER)]) as server:
        ask(server, tmp_path)
    kept = json.loads(file.read_text("utf-8"))
    assert kept["https://example.com/v1 m"] == {"form": "text", "later": "keys"}
    assert len(kept) == 2
