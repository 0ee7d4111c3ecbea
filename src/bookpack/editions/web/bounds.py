"""A sandbox for templates that ends: what they compute and how long they go on has bounds.

A theme comes with a book, and the book may be somebody else's. jinja2's sandbox keeps templates
from the machine, but not from computing `9**9**9`, for which no interruption waits. Here an
operation fails before it makes something huge, and a page after so many steps. Bounds are
counted, not timed, so that the same theme works everywhere.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sized
from functools import wraps
from string import Formatter
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

LARGEST = 20_000_000
"""Characters of a text, items of a list, or any number that a call is given."""
MOST_BITS = 10_000
"""Bits of a whole number."""
MOST_STEPS = 5_000_000
"""Rounds of loops, and calls, of one page: seconds. A page of a book needs some for each chapter
that it lists.
"""
_TOO_LARGE = "it makes something that is too large"
_PERCENT = re.compile(r"%(?:\([^)]*\))?[#0\- +]*(\d*)(?:\.(\d*))?")
_COUNTED = "bookpack_counted"


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Templates that raise `SecurityError` where they would go beyond a bound.

    Set `steps` to 0 before each page.
    """

    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.code_generator_class = _BoundedCode
        self.steps = 0
        self.filters = {name: _bounded(one) for name, one in self.filters.items()}
        self.filters["format"] = _checked_format(self.filters["format"])
        self.filters[_COUNTED] = self.counted

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Let every loop of a template count its rounds."""
        template = super()._parse(source, name, filename)
        for loop in template.find_all(nodes.For):
            counted = nodes.Filter(loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno)
            loop.iter = counted.set_environment(self)
        return template

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return what the operator gives."""
        if operator == "%" and isinstance(left, str):
            _check_percent(left, right)
        elif operator == "+" and isinstance(left, Sized) and isinstance(right, Sized):
            _check(len(left) + len(right))
        elif isinstance(left, int) and isinstance(right, int):
            if operator == "**":
                _check(left.bit_length() * max(right, 0), MOST_BITS)
            elif operator == "*":
                _check(left.bit_length() + right.bit_length(), MOST_BITS)
        elif operator == "*":
            _check(_items(left) * _items(right))
        return super().call_binop(context, operator, left, right)

    def call(*arguments: Any, **named: Any) -> Any:  # any name may be one of the call's own
        """Call something in a template, as a step."""
        self, *others = arguments
        self.step()
        _check_numbers((*others[2:], *named.values()))
        return ImmutableSandboxedEnvironment.call(self, *others, **named)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Return a safe form of a text's `format`, None for anything else."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            for _, _, spec, _ in Formatter().parse(value.__self__):
                if "{" in (spec or ""):
                    raise SecurityError("a format's width must be written out")
                _check_numbers(map(int, re.findall(r"\d+", spec or "")))
        return wrapped

    def step(self) -> None:
        """Count a step."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise SecurityError(f"it takes more than {MOST_STEPS:,} steps")

    def counted(self, items: Iterable[Any]) -> Any:
        """Return `items` such that going through them counts as steps."""
        return _Counted(items, self.step) if isinstance(items, Sized) else self._stepping(items)

    def _stepping(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.step()
            yield item

    @staticmethod
    def within_bounds(text: str) -> str:
        """Return `text`, unless it has become too long."""
        _check(len(text))
        return text


class _Counted:
    """A collection whose length is known, so that `loop.length` needs no copy of it."""

    def __init__(self, items: Any, step: Callable[[], None]) -> None:
        self._items = items
        self._step = step

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            self._step()
            yield item


class _BoundedCode(CodeGenerator):
    """Has what `~` joins looked at, which is no operator to jinja2's sandbox."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - jinja2 calls it
        self.write("environment.within_bounds(")
        super().visit_Concat(node, frame)
        self.write(")")


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def bounded(*arguments: Any, **named: Any) -> Any:
        _check_numbers((*arguments, *named.values()))
        return function(*arguments, **named)

    return bounded


def _checked_format(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(value: Any, *arguments: Any, **named: Any) -> Any:
        _check_percent(str(value), arguments)
        return function(value, *arguments, **named)

    return checked


def _check_percent(written: str, values: Any) -> None:
    sizes = (size for match in _PERCENT.finditer(written) for size in match.groups() if size)
    _check_numbers(map(int, sizes))
    _check_numbers(values if isinstance(values, tuple) and "*" in written else ())


def _check_numbers(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, int):
            _check(abs(value))


def _check(size: int, largest: int = LARGEST) -> None:
    if size > largest:
        raise SecurityError(_TOO_LARGE)


def _items(value: Any) -> int:
    return len(value) if isinstance(value, Sized) else int(value) if isinstance(value, int) else 0
