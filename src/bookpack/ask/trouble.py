"""What went wrong with a request, and what follows from it.

Statuses alone do not tell: servers call a wrong model name 500, an empty account 429 and an
unknown parameter 422. So the words of an answer are read first. The patterns below match what
OpenAI, Azure, OpenRouter, Ollama, llama.cpp, LM Studio, vLLM and others are known to say.
"""

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

LONGEST_WAIT = 120.0
"""Seconds; an endpoint that asks for a longer pause is reported instead of waited for."""

_LONGEST_MESSAGE = 200


class Follows(Enum):
    """What follows from a trouble."""

    AGAIN = "it may pass: ask again"
    SLOW_DOWN = "it may pass: everybody waits"
    LACKS = "the endpoint lacks a capability: ask without it"
    REJECTED = "this question will never be taken"
    REFUSED = "this question will not be answered"
    UNUSABLE = "no question will be taken"


class Lack(Enum):
    """A capability that endpoints lack, by which part of a request they refuse."""

    FORM = "response_format"
    LIMIT = "max_tokens"
    TEMPERATURE = "temperature"
    SYSTEM = "system"


class Trouble(Exception):  # noqa: N818 - whether it is an error is what `follows` says
    """A request without a usable answer.

    `message` is one line for a person, `advice` what that person can do. `retry_after` is what the
    endpoint asks to wait, in seconds. `charged` tells that the endpoint may have worked and wants
    money for it, `explained` that its words were understood and not its status alone.
    """

    def __init__(
        self,
        follows: Follows,
        message: str,
        *,
        lack: Lack | None = None,
        retry_after: float | None = None,
        charged: bool = False,
        explained: bool = True,
        advice: str = "",
    ) -> None:
        super().__init__(message)
        self.follows = follows
        self.message = message
        self.advice = advice
        self.lack = lack
        self.retry_after = retry_after
        self.charged = charged
        self.explained = explained


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_NO_MONEY = _words(
    r"insufficient[_ ](quota|funds|balance|credits?)",
    r"exceeded your current quota",
    r"billing[_ ](hard[_ ]limit|not[_ ]active)",
    r"credit balance is too low",
    r"payment required",
    r"requires more credits",
)
_BAD_KEY = _words(
    r"(invalid|incorrect|missing|malformed|wrong)[_ ]api[_ ]?key",
    r"api[_ ]?key (is )?(not valid|invalid|not found|expired|missing)",
    r"invalid authentication",
    r"authentication[_ ](failed|error)",
)
_NO_MODEL = _words(
    r"model[_ ]not[_ ]found",
    r"\bmodel\b.{0,120}\b(does not exist|not found|doesn't exist|is unknown)",
    r"(unknown|no such) model",
    r"invalid model (name|id)",
    r"not a valid model",
)
_BLIND = _words(
    r"(not|n't|cannot) (support|accept|process|handle)s? "
    r"(images?|vision|multi-?modal)( inputs?| content)?(?! (format|type|url|size|file))",
    r"image (input|content)s? (is|are) not supported",
    r"no endpoints found that support image",
    r"not a (multi-?modal|vision) model",
    r"not compiled for multimodal",
    r"unknown variant .?image_url",
)
_TOO_LONG = _words(
    r"context[_ ](length|window|size)",
    r"maximum context",
    r"(prompt|input|request) is too (long|large)",
    r"too many (input )?tokens",
)
_FILTERED = _words(
    r"content[_ ](filter|policy|management policy)",
    r"flagged (by|as)",
    r"safety system",
    r"requires moderation",
)
_UNSUPPORTED = _words(
    r"unsupported",
    r"not[_ ](supported|support|permitted|allowed|available)",
    r"n't support",
    r"unavailable",
    r"un(known|recognized|expected)",
    r"extra (inputs|fields)",
    r"only the default",
    r"deprecated",
    r"instead",
    r"must be",
    r"no endpoints found",
)
_LACKS = {
    Lack.LIMIT: _words(r"max_(completion_)?tokens"),
    Lack.TEMPERATURE: _words(r"temperature"),
    Lack.SYSTEM: _words(r"system[_ ](role|message|prompt)", r"role.{0,8}system", r"developer inst"),
    Lack.FORM: _words(r"response_?format", r"json[_ ](schema|object|mode)", r"structured output"),
}
_BAD_SCHEMA = _words(
    r"(invalid|unsupported|failed to (parse|compile|initialize)).{0,40}(schema|grammar)",
    r"additional_?properties",
    r"guided[_ ](json|decoding|grammar)",
)
_TOO_MUCH = _words(r"too (large|high|big)", r"at most", r"maximum", r"exceeds?", r"less than")

_CHECK_KEY = "Check the key in the environment variable that api-key-env names."
_CHECK_ADDRESS = "Check base-url under [model]; it often ends in /v1."

_MAY_PASS = {408, 409, 425}
_NEVER = {301, 302, 303, 307, 308, 401, 402, 403, 404, 405, 501, 505}


def judge(status: int, body: str, headers: Mapping[str, str], now: float) -> Trouble:
    """Say what follows from an answer with an error, by its words and then by its status.

    `body` is what the server sent, `now` the time in seconds since 1970.
    """
    said = _said(body)
    message = f"{status}: {said.message}" if said.message else f"status {status}"
    pause = _retry_after(headers, now)

    def trouble(
        follows: Follows, lack: Lack | None = None, *, explained: bool = True, advice: str = ""
    ) -> Trouble:
        return Trouble(
            follows, message, lack=lack, retry_after=pause, explained=explained, advice=advice
        )

    text = said.everything
    if _NO_MONEY.search(text):
        return trouble(Follows.UNUSABLE, advice="Look at the account's quota and billing.")
    if status == 429:
        return trouble(Follows.SLOW_DOWN)
    lack = _lack(text) if status in (400, 404, 422, 500, 501) else None
    if lack is not None:
        return trouble(Follows.LACKS, lack)
    for pattern, follows, advice in (
        (_FILTERED, Follows.REFUSED, ""),
        (_BAD_KEY, Follows.UNUSABLE, _CHECK_KEY),
        (_BLIND, Follows.UNUSABLE, "Name a model that sees pictures under [model]."),
        (_TOO_LONG, Follows.REJECTED, ""),
        (_NO_MODEL, Follows.UNUSABLE, "Check name under [model]."),
    ):
        if pattern.search(text):
            return trouble(follows, advice=advice)
    if status in _NEVER:
        if status < 400:
            place = one_line(headers.get("location", ""), 100)
            message += f", it points to {place or 'nowhere'}"
        return trouble(
            Follows.UNUSABLE, advice=_CHECK_KEY if status in (401, 402, 403) else _CHECK_ADDRESS
        )
    if status in _MAY_PASS or status >= 500:
        return trouble(Follows.AGAIN if pause is None else Follows.SLOW_DOWN)
    return trouble(Follows.REJECTED, explained=False)


def _lack(text: str) -> Lack | None:
    if _BAD_SCHEMA.search(text):
        return Lack.FORM
    if _UNSUPPORTED.search(text):
        for lack, pattern in _LACKS.items():
            too_much = lack is Lack.LIMIT and _TOO_MUCH.search(text)
            if pattern.search(text) and not too_much:
                return lack
    return None


class _Said:
    """What an error's body says: a message for a person, and everything for the patterns."""

    def __init__(self, message: str, everything: str) -> None:
        self.message = one_line(message).rstrip(".")
        self.everything = everything[:4000]


def _said(body: str) -> _Said:
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", body[:20_000], flags=re.S | re.I)
        return _Said(text, text)
    error = value.get("error", value) if isinstance(value, dict) else value
    message: Any = error
    if isinstance(error, dict):
        found = (error.get(name) for name in ("message", "detail", "error", "msg"))
        message = next((text for text in found if text), error)
    if not isinstance(message, str):
        message = json.dumps(message, ensure_ascii=False)
    return _Said(message, f"{message} {json.dumps(value, ensure_ascii=False)}")


def said_in_answer(error: object, now: float) -> Trouble:
    """Judge an error that a server wrapped in an answer of status 200, as gateways do."""
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    return judge(status, json.dumps({"error": error}), {}, now)


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds of Retry-After (RFC 9110, section 10.2.3), a number or a date."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds else None  # NaN is not equal to itself


def one_line(text: str, longest: int = _LONGEST_MESSAGE) -> str:
    """Return `text` as one line of printable characters, cut to `longest` code points."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:20_000]).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
