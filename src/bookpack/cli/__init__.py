"""The command line: alone in printing, exiting, and turning errors into exit statuses."""

import difflib
import os
import sys
from collections.abc import Sequence

import click

from bookpack import __version__
from bookpack.cli.book import build, check, init, unpack
from bookpack.cli.describe import describe
from bookpack.cli.grammar import grammar
from bookpack.cli.links import links
from bookpack.cli.options import EXIT_INTERRUPTED
from bookpack.cli.review import review
from bookpack.cli.serve import serve
from bookpack.console import complain
from bookpack.errors import BookpackError, WorldError


class _Group(click.Group):
    """Lists commands in the order in which an author meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: bookpack init mybook && bookpack build mybook",
)
@click.version_option(__version__, prog_name="bookpack")
def cli() -> None:
    """Turn a folder of Markdown chapters into a file for language models and a site for readers.

    Links become absolute, pictures become words, and nothing is lost in silence: what is
    wrong with the book is reported with its place.

    Exit status: 0 clean, 1 findings at or above fail-on, 2 usage or settings, 3 a problem of
    the machine (a full disk, a missing right).
    """


for _command in (build, check, serve, describe, links, grammar, review, unpack, init):
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    _insist_on_utf8()
    # Everything lives until the process ends; collecting garbage would only cost time.
    import gc

    gc.disable()
    try:
        cli.main(args=arguments, prog_name="bookpack", standalone_mode=False)
    except click.exceptions.Exit as error:
        raise SystemExit(error.exit_code) from None
    except click.UsageError as error:
        if isinstance(error, click.NoSuchOption):
            alike = _alike(error.option_name, error.possibilities or ())
            error = click.NoSuchOption(error.option_name, possibilities=alike, ctx=error.ctx)
        error.show()
        raise SystemExit(2) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except BookpackError as error:
        complain(str(error))
        raise SystemExit(error.exit_status) from None
    except (KeyboardInterrupt, click.Abort):
        complain("Interrupted. Nothing was left half written.")
        raise SystemExit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read our output has gone, as with `| head`: that is no problem of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        what = f"use {error.filename}" if error.filename else "write the output"
        complain(f"Cannot {what}: {error.strerror or error}.")
        raise SystemExit(WorldError.exit_status) from None
    except RecursionError:
        complain("Something in the book is nested too deeply to be read.")
        raise SystemExit(WorldError.exit_status) from None
    except MemoryError:
        complain("The machine has not enough memory for this book.")
        raise SystemExit(WorldError.exit_status) from None
    except Exception as error:
        if os.environ.get("BOOKPACK_TRACEBACK"):
            raise
        complain(
            f"This is a fault of bookpack, not of the book: {type(error).__name__}: {error}. "
            "Please report it with what BOOKPACK_TRACEBACK=1 prints."
        )
        raise SystemExit(WorldError.exit_status) from None
    finally:
        gc.freeze()  # so that the interpreter's end is not spent on a last collection


def _alike(wrong: str, options: Sequence[str]) -> list[str]:
    """Return the options that are like a wrong one; the hyphens that all have are no likeness."""
    names = {option.lstrip("-"): option for option in options}
    return [names[name] for name in difflib.get_close_matches(wrong.lstrip("-"), list(names))]


def _insist_on_utf8() -> None:
    """Start again in UTF-8 mode where the locale would make names and output something else.

    A book's files and its findings are the same under every locale.
    """
    output = getattr(sys.stdout, "encoding", None) or "utf-8"  # there may be no output at all
    if sys.getfilesystemencoding() == "utf-8" and output.lower() == "utf-8":
        return
    if sys.flags.utf8_mode or sys.argv[0] == "-c":
        return
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, "-m", "bookpack", *sys.argv[1:]])
