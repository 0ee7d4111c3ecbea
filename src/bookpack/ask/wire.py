"""Questions as requests, replies as values: the part of chat completions that all servers know."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from bookpack.ask.capabilities import Capabilities, Form
from bookpack.ask.question import Answered, Attachment, InvalidAnswerError, Question, Usage
from bookpack.ask.trouble import Follows, Trouble, one_line, said_in_answer

_STARTS = 200
"""How many places of a text are tried as the beginning of a JSON object."""
_LONGEST_REPAIR = 40_000
"""Code points of an invalid answer that are sent back with the question to mend it."""


class CutError(Exception):
    """An answer that ended because its room did; no part of it may be kept."""


@dataclass(frozen=True, slots=True)
class Repair:
    """An answer that could not be used, and why, as it is told to the model."""

    text: str
    error: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the model's text, why it ended, and what it cost."""

    text: str
    finish: str
    refusal: str
    model: str
    usage: Usage


def request_body(
    question: Question[Answered],
    model: str,
    capabilities: Capabilities,
    limit: int,
    temperature: float | None,
    repair: Repair | None = None,
) -> dict[str, Any]:
    """Return the body of a request; `limit` bounds the answer, in tokens."""
    shape, form = question.shape, capabilities.form
    instructions = question.instructions
    if form is not Form.SCHEMA:
        # OpenAI's JSON mode refuses requests whose messages do not speak of JSON.
        schema = json.dumps(shape.schema, ensure_ascii=False)
        instructions += f"\n\nAnswer with one JSON object of this JSON Schema, alone:\n{schema}"
    messages: list[dict[str, Any]] = []
    material = question.material
    if capabilities.system:
        messages.append({"role": "system", "content": instructions})
    else:
        material = f"{instructions}\n\n{material}"
    messages.append({"role": "user", "content": _content(material, question.attachments)})
    if repair is not None:
        messages.append({"role": "assistant", "content": repair.text[:_LONGEST_REPAIR] or "{}"})
        mend = f"This answer cannot be used: {repair.error}\nAnswer again with the whole object."
        messages.append({"role": "user", "content": mend})
    body: dict[str, Any] = {"model": model, "messages": messages}
    if capabilities.limits[0]:
        body[capabilities.limits[0]] = limit
    if temperature is not None and capabilities.temperature:
        body["temperature"] = temperature
    if form is Form.SCHEMA:
        wanted = {"name": shape.name, "strict": True, "schema": dict(shape.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": wanted}
    elif form is Form.OBJECT:
        body["response_format"] = {"type": "json_object"}
    return body


def _content(text: str, attachments: tuple[Attachment, ...]) -> str | list[dict[str, Any]]:
    if not attachments:
        return text  # a list of parts is not taken by every server that reads text alone
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}]
    for attachment in attachments:
        data = base64.b64encode(attachment.data).decode("ascii")
        url = f"data:{attachment.media_type};base64,{data}"
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return parts


def read_reply(data: bytes, now: float) -> Reply:
    """Read a chat completion. Raises `Trouble` for whatever is none."""
    try:
        value: Any = json.loads(data)
    except (ValueError, RecursionError):
        began = one_line(data[:200].decode("utf-8", "replace"), 60)
        raise Trouble(Follows.AGAIN, f"the answer is not JSON: {began or 'nothing'}") from None
    if not isinstance(value, dict):
        raise Trouble(Follows.AGAIN, "the answer is no chat completion")
    if value.get("error"):
        raise said_in_answer(value["error"], now)
    choices = value.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise Trouble(Follows.AGAIN, "the answer has no choices", charged=True)
    text = _text(message.get("content"))
    return Reply(
        text,
        str(choice.get("finish_reason") or ""),
        _text(message.get("refusal")),
        one_line(str(value.get("model") or ""), 100),
        _usage(value.get("usage")),
    )


def _text(content: object) -> str:
    """Return the text of a message: some servers send it in parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def _usage(counted: object) -> Usage:
    """Return what the server counted; nothing and `estimated` where it did not."""
    if isinstance(counted, dict):
        given, answered = counted.get("prompt_tokens"), counted.get("completion_tokens")
        if _is_count(given) and _is_count(answered):
            return Usage(given, answered, 1)
    return Usage(calls=1, estimated=True)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12


def is_refused(reply: Reply) -> str:
    """Return why the model or a filter declined, or nothing."""
    if reply.finish == "content_filter":
        return "a filter of the endpoint stopped the answer"
    return one_line(reply.refusal).rstrip(".")


def value_of(reply: Reply, question: Question[Answered], limit: int) -> Answered:
    """Return the validated answer that a reply holds.

    It is the first JSON object in the text that the shape's `parse` accepts; reasoning, fences
    and words around it do not matter. Raises `CutError` for an answer that ran into `limit`,
    `InvalidAnswerError` for everything else that is none; its text is for the model.
    """
    if reply.finish == "length":
        raise CutError
    first_error: InvalidAnswerError | None = None
    for value in _json_objects(reply.text):
        if isinstance(value, InvalidAnswerError):
            first_error = first_error or value
            continue
        try:
            return question.shape.parse(value)
        except InvalidAnswerError as error:
            first_error = first_error or error
        except RecursionError:
            first_error = first_error or InvalidAnswerError("It is nested too deeply.")
    # Some servers say "stop" where they have stopped the model themselves.
    if not reply.usage.estimated and reply.usage.tokens_out >= limit:
        raise CutError
    raise first_error or InvalidAnswerError("There is no JSON object in it.")


def holds_to_schema(reply: Reply, schema: Mapping[str, Any]) -> bool:
    """Tell whether a reply looks as if its endpoint had kept to the schema it was given."""
    required = set(schema.get("required", ()))
    values = (value for value in _json_objects(reply.text) if isinstance(value, dict))
    return any(required <= value.keys() for value in values)


def _json_objects(text: str) -> Iterator[dict[str, Any] | InvalidAnswerError]:
    """Yield the JSON objects in a text, and an error for each place where one only begins."""
    text = re.sub(r"<think(ing)?>.*?</think(ing)?>", " ", text, flags=re.DOTALL)
    # Templates that write the opening tag themselves leave the closing one alone.
    text = re.split(r"</think(?:ing)?>", text)[-1]
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    start, tried = text.find("{"), 0
    while start >= 0 and tried < _STARTS:
        tried += 1
        try:
            value, end = decoder.raw_decode(text, start)
            # What has lone surrogates cannot be written to a file.
            json.dumps(value, ensure_ascii=False).encode()
        except RecursionError:
            yield InvalidAnswerError("It is nested too deeply.")
            return
        except UnicodeEncodeError:
            yield InvalidAnswerError("It has a \\ud… escape that stands for no character.")
            end = start + 1
        except ValueError as error:
            yield InvalidAnswerError(f"It is not valid JSON: {one_line(str(error), 100)}.")
            end = start + 1
        else:
            yield value
        start = text.find("{", end)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
