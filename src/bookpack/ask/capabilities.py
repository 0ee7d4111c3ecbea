"""What an endpoint takes, found out by the first real questions and remembered between runs."""

import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bookpack.ask.trouble import Lack
from bookpack.system import cache_folder

_FILE = "endpoints.json"
_KEPT = 30 * 86_400
"""Seconds after which an endpoint gets another chance: servers learn."""
_PATIENCE = 20.0
"""Seconds that questions wait for the first one to find out; a slow model must not hold all."""


class Form(StrEnum):
    """How an answer's structure is asked for, the strictest first."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    TEXT = "text"


_NEXT_FORM = {Form.SCHEMA: Form.OBJECT, Form.OBJECT: Form.TEXT}
_LIMITS = ("max_tokens", "max_completion_tokens", "")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an endpoint takes. `limits` are names for the limit of an answer; the first counts.

    `input_ratio` is how many times as many tokens as estimated the endpoint counted in questions.
    """

    form: Form = Form.SCHEMA
    limits: tuple[str, ...] = _LIMITS
    temperature: bool = True
    system: bool = True
    input_ratio: float = 1.0

    def without(self, lack: Lack) -> "Capabilities | None":
        """Return the next plainer way to ask, or None where there is none."""
        if lack is Lack.FORM and self.form in _NEXT_FORM:
            return replace(self, form=_NEXT_FORM[self.form])
        if lack is Lack.LIMIT and len(self.limits) > 1:
            return replace(self, limits=self.limits[1:])
        if lack is Lack.TEMPERATURE and self.temperature:
            return replace(self, temperature=False)
        if lack is Lack.SYSTEM and self.system:
            return replace(self, system=False)
        return None


class Known:
    """What is known of one endpoint and model, in this run and in the cache.

    Until an endpoint has accepted a request, questions go one at a time: see `turn`.
    """

    def __init__(
        self, base_url: str, model: str, environment: Mapping[str, str], now: float
    ) -> None:
        self._place = cache_folder(environment) / _FILE
        self._name = f"{base_url} {model}"
        self._now = now
        self._turn = asyncio.Condition()
        self._taken = False
        remembered = _from_json(_read(self._place).get(self._name), now)
        self.confirmed = remembered is not None
        self.current = remembered or _first_guess(base_url)

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Let one question at a time through until the endpoint has accepted a request."""
        held = await self._take_turn()
        try:
            yield
        finally:
            if held:
                async with self._turn:
                    self._taken = False
                    self._turn.notify_all()

    async def _take_turn(self) -> bool:
        if self.confirmed:
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE), self._turn:
                await self._turn.wait_for(lambda: self.confirmed or not self._taken)
                if not self.confirmed:
                    self._taken = True
                    return True
        return False

    async def confirm(self, used: Capabilities) -> None:
        """Note that the endpoint has accepted a request that used these."""
        if not self.confirmed:
            self.confirmed = True
            self.current = used
            self._remember()
            async with self._turn:
                self._turn.notify_all()

    def lower(self, used: Capabilities, lack: Lack) -> bool:
        """Note what a request that used `used` was refused for; tell whether to ask again."""
        plainer = used.without(lack)
        if plainer is None:
            return False
        if self.current == used:  # else another question has found out in the meantime
            self.current = plainer
            if self.confirmed:
                self._remember()
        return True

    def note_ratio(self, ratio: float) -> None:
        """Remember how far the endpoint's count of tokens is from the estimate."""
        ratio = round(min(max(ratio, 1.0), 30.0), 2)
        if self.confirmed and abs(ratio - self.current.input_ratio) > 0.1:
            self.current = replace(self.current, input_ratio=ratio)
            self._remember()

    def _remember(self) -> None:
        """Write the cache, whole or not at all; it is only a cache, so failing is no trouble."""
        entry = {
            "form": str(self.current.form),
            "limits": self.current.limits,
            "temperature": self.current.temperature,
            "system": self.current.system,
            "input_ratio": self.current.input_ratio,
            "noted": int(self._now),
        }
        everything = {**_read(self._place), self._name: entry}
        text = json.dumps(everything, ensure_ascii=False, indent=1) + "\n"
        with contextlib.suppress(OSError):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            descriptor, written = tempfile.mkstemp(dir=self._place.parent, prefix=_FILE)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                Path(written).replace(self._place)
            except OSError:
                Path(written).unlink(missing_ok=True)


def remembered(
    base_url: str, model: str, environment: Mapping[str, str], now: float
) -> Capabilities:
    """Return what is known of an endpoint without asking it anything."""
    known = _read(cache_folder(environment) / _FILE).get(f"{base_url} {model}")
    return _from_json(known, now) or _first_guess(base_url)


def _first_guess(base_url: str) -> Capabilities:
    # OpenAI deprecates max_tokens and its newer models refuse it; others may not know the new name.
    if (urlsplit(base_url).hostname or "") == "api.openai.com":
        return Capabilities(limits=("max_completion_tokens", "max_tokens", ""))
    return Capabilities()


def _read(place: Path) -> dict[str, Any]:
    try:
        value = json.loads(place.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _from_json(value: object, now: float) -> Capabilities | None:
    """Return what the cache says; None for nothing, for damage and for what is too old."""
    if not isinstance(value, dict):
        return None
    try:
        noted, ratio = float(value["noted"]), float(value["input_ratio"])
        found = Capabilities(
            Form(value["form"]),
            tuple(name for name in value["limits"] if name in _LIMITS),
            value["temperature"] is not False,
            value["system"] is not False,
            ratio,
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    fresh = now - _KEPT <= noted <= now + 86_400 and 1.0 <= ratio <= 30.0
    return found if fresh and found.limits else None
