"""Options that commands share, and the exit statuses that they return."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from bookpack.errors import SettingsError

_Command = TypeVar("_Command", bound=Callable[..., Any])
EXIT_FINDINGS = 1
EXIT_INTERRUPTED = 130

chapters_option = click.option(
    "--chapter",
    "chapters",
    multiple=True,
    metavar="PATTERN",
    help="Only chapters with such a path or file name; may be repeated.",
)
by_option = click.option(
    "--by", default="", metavar="NAME", help="Who decides; kept with each decision."
)


def book_options(command: _Command) -> _Command:
    """Give a command the options by which it finds a book and its settings."""
    config = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Settings file to use instead of BOOK/bookpack.toml.",
    )
    return config(new_book_options(command))


def new_book_options(command: _Command) -> _Command:
    """Give a command the options by which it finds a book that may have no settings yet."""
    for decorate in (
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but problems."),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="TABLE.KEY=VALUE",
            help="Override one setting; may be given several times.",
        ),
        click.option("--url", metavar="URL", help="The book's address; overrides [book] url."),
        click.argument("book", type=click.Path(path_type=Path), default=Path()),
    ):
        command = decorate(command)
    return command


def settings_of(
    book: Path, config: Path | None, url: str | None, overrides: tuple[str, ...]
) -> Any:
    """Return the settings of a run. Raises `SettingsError`."""
    from bookpack.config import load_settings

    if not book.is_dir():
        what = "is a file, not a folder" if book.exists() else "does not exist"
        raise SettingsError(f"The book's folder {book} {what}.")
    return load_settings(book, config, url=url, overrides=overrides)


def given_here(name: str) -> bool:
    """Tell whether the parameter `name` was written on the command line."""
    from click.core import ParameterSource

    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE


def refuse_together(given: Mapping[str, bool], one: str, other: str) -> None:
    """Raise `SettingsError` where both options are `given`: they ask for different things."""
    if given[one] and given[other]:
        raise SettingsError(f"{one} and {other} cannot be used together; leave one of them out.")
