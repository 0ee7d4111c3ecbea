"""What the settings say counts: addresses, keys, and nothing else of the environment."""

import subprocess
import sys
from pathlib import Path

import pytest

from bookpack.ask.asker import Asker
from bookpack.ask.batch import BatchAsker
from bookpack.ask.question import Answer, Attachment
from bookpack.config.tables import ModelTable
from bookpack.errors import SettingsError
from model_server import Behaviour, ModelServer, ask, ok, question, says, status

KEY = "sk-test-1234567890abcdef"
ELSEWHERE = ModelTable(base_url="https://example.com/v1", name="m")


@pytest.mark.parametrize("door", [Asker, BatchAsker])
@pytest.mark.parametrize(
    ("settings", "environment", "said"),
    [
        (ModelTable(name="m"), {}, "No model is set. Set [model] base-url"),
        (ModelTable(base_url="http://127.0.0.1:1/v1"), {}, "No model is named"),
        (ModelTable(base_url="example.com/v1", name="m"), {}, "must be an address like"),
        (ModelTable(base_url="ftp://example.com", name="m"), {}, "must be an address like"),
        (ModelTable(base_url="http://[::1", name="m"), {}, "must be an address like"),
        (ModelTable(base_url="http://exam ple.com", name="m"), {}, "must be an address like"),
        (ModelTable(base_url="http://a:99999", name="m"), {}, "must be an address like"),
        (ModelTable(base_url="https://u:p@example.com/v1", name="m"), {}, "must hold no key"),
        (ModelTable(base_url="https://example.com/v1?key=1", name="m"), {}, "must hold no key"),
        (
            ModelTable(base_url="https://example.com/v1/chat/completions", name="m"),
            {},
            "must end before /chat/completions",
        ),
        (ELSEWHERE, {}, "example.com needs a key: put it into the environment variable OPENAI_"),
        (ELSEWHERE, {"OPENAI_API_KEY": " "}, "example.com needs a key"),
        (ELSEWHERE, {"OPENAI_API_KEY": "a\nb"}, "OPENAI_API_KEY holds no key"),
        (ELSEWHERE, {"OPENAI_API_KEY": "schlüssel"}, "OPENAI_API_KEY holds no key"),
        (
            ModelTable(base_url="https://example.com/v1", name="m", budget=5.0),
            {"OPENAI_API_KEY": KEY},
            "A budget in money needs prices",
        ),
    ],
)
def test_what_is_missing_is_said_at_once(
    door: type[Asker] | type[BatchAsker],
    settings: ModelTable,
    environment: dict[str, str],
    said: str,
) -> None:
    with pytest.raises(SettingsError) as caught:
        door(settings, environment=environment)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_key_is_sent_and_comes_from_the_variable_that_the_settings_name(
    tmp_path: Path,
) -> None:
    environment = {"OPENAI_API_KEY": "sk-wrong", "OTHER": f" {KEY}\n"}
    with ModelServer() as server:
        ask(server, tmp_path, environment=environment, api_key_env="OTHER")
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_an_endpoint_on_this_machine_needs_no_key(tmp_path: Path) -> None:
    with ModelServer() as server:
        assert ask(server, tmp_path).answered == ["q1"]
        assert server.requests[0].headers["authorization"] == "Bearer none"


def test_an_endpoint_elsewhere_can_be_said_to_need_none() -> None:
    settings = ModelTable(base_url="http://192.0.2.1:8080/v1", name="m", api_key_env="")
    assert Asker(settings, environment={}).stopped == ""


def test_a_slash_at_the_end_of_the_address_does_not_matter(tmp_path: Path) -> None:
    with ModelServer() as server:
        assert ask(server, tmp_path, base_url=server.base_url + "//").answered == ["q1"]
        assert server.requests[0].path == "/v1/chat/completions"


def test_nothing_else_in_the_environment_changes_what_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelServer() as server, ModelServer() as trap:
        for name, value in {
            "OPENAI_BASE_URL": trap.base_url,
            "OPENAI_ORG_ID": "an-organization",
            "OPENAI_PROJECT_ID": "a-project",
            "OPENAI_API_KEY": "sk-of-the-process",
            "OPENAI_ADMIN_KEY": "sk-admin",
            "OPENAI_CUSTOM_HEADERS": "X-Custom: 1\nAuthorization: Bearer other",
            "HTTP_PROXY": trap.base_url,
            "ALL_PROXY": trap.base_url,
            "http_proxy": trap.base_url,
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("NO_PROXY", raising=False)
        run = ask(server, tmp_path, environment={"OPENAI_API_KEY": KEY})
        assert run.answered == ["q1"]
        assert (trap.requests, trap.others) == ([], [])
        headers = server.requests[0].headers
        assert headers["authorization"] == f"Bearer {KEY}"
        assert headers["user-agent"] == "bookpack"
        sent = " ".join([*headers, *headers.values()]).lower()
        for word in ("organization", "project", "admin", "custom"):
            assert word not in sent


@pytest.mark.parametrize(
    "fault",
    [
        status(400, f"Your key {KEY} is bad"),
        status(401, f"Incorrect API key provided: {KEY}."),
        status(401, "Incorrect API key provided: sk-tes****************cdef."),
        status(500, f"Authorization: Bearer {KEY}"),
        lambda exchange: exchange.send(f"<p>{KEY}".encode(), 200),
        lambda exchange: exchange.send(("<p>" + 50 * "x" + KEY).encode(), 200),
        status(400, 190 * "x" + KEY),
        lambda exchange: exchange.send(b"", 302, {"Location": f"/x?{KEY}"}),
    ],
)
def test_the_key_is_in_no_message(fault: Behaviour, tmp_path: Path) -> None:
    with ModelServer([ok, fault]) as server:
        run = ask(server, tmp_path, 2, environment={"OPENAI_API_KEY": KEY}, attempts=1)
        assert run.answered == ["q1"]
        assert KEY not in run.message
        assert "cdef" not in run.message


def test_a_key_that_a_server_echoes_gets_into_no_answer(tmp_path: Path) -> None:
    with ModelServer([says({"title": f"A {KEY}", "words": 2})]) as server:
        (outcome,) = ask(server, tmp_path, environment={"OPENAI_API_KEY": KEY}).outcomes
        assert isinstance(outcome, Answer)
        assert outcome.value == "A ..."


def test_the_key_is_not_written_anywhere(tmp_path: Path) -> None:
    with ModelServer() as server:
        run = ask(server, tmp_path, environment={"OPENAI_API_KEY": KEY})
        assert KEY not in repr(run)
        assert KEY not in (tmp_path / "endpoints.json").read_text("utf-8")


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['openai'] = None\n"
        "from bookpack.ask.asker import Asker\n"
        "from bookpack.config.tables import ModelTable\n"
        "Asker(ModelTable(base_url='http://127.0.0.1:1/v1', name='m'), environment={})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == (
        'bookpack.errors.SettingsError: Asking a model needs bookpack\'s extra "model": '
        'run pip install ".[model]" in the folder of bookpack\'s source.'
    )


def test_the_door_is_light_until_it_is_used() -> None:
    program = "import sys, bookpack.ask.asker, bookpack.ask.batch; print('openai' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_the_bytes_of_a_picture_are_not_printed_with_a_question() -> None:
    asked = question(attachments=(Attachment(b"many bytes", "image/png", 3, 4),))
    assert "many bytes" not in repr(asked)
    assert "image/png" in repr(asked)
