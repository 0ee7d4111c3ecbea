"""The command that shows the web edition on this machine while its author writes."""

from pathlib import Path
from typing import Any

import click

from bookpack.cli.options import book_options, settings_of
from bookpack.console import complain


@click.command(epilog="Example: bookpack serve mybook --open")
@book_options
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=4000,
    show_default=True,
    help="Port on this machine; 0 for any that is free.",
)
@click.option("--open", "open_browser", is_flag=True, help="Open the book in a browser.")
def serve(
    book: Path,
    config: Path | None,
    url: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
    port: int,
    open_browser: bool,
) -> None:
    """Show the web edition of the book in the folder BOOK, and show it anew after each change.

    Each page has its findings at its foot. Only browsers on this machine get an answer, and
    nothing is written. Ctrl-C ends it.
    """
    from bookpack.config import SETTINGS_FILE
    from bookpack.serving.preview import Preview
    from bookpack.serving.run import run

    if not book.is_dir():
        settings_of(book, config, url, overrides)  # says what is wrong
    told: list[str] = []

    def tell(address: str, shown: Any) -> None:
        if not told:
            click.echo(f"{address} shows the book. Ctrl-C ends it.")
            if open_browser:
                click.launch(address)
        told.append(address)
        if not shown.number:
            return
        if shown.problem:
            complain(shown.problem)
        elif not quiet:
            count = sum(map(len, shown.findings.values()))
            click.echo(f"Made in {shown.seconds:.2f} s, findings: {count:,}.")

    settings_file = config if config is not None else book / SETTINGS_FILE
    preview = Preview(lambda: settings_of(book, config, url, overrides), book / "build")
    try:
        run(preview, book, [settings_file], port, tell)
    except KeyboardInterrupt:
        if not quiet:
            click.echo()
