"""Problems of the world, as few exceptions; the command line alone turns them into exit statuses.

Problems of the book are never raised: they are diagnostics (see `diagnostics`).
"""


class BookpackError(Exception):
    """A problem that stops a command. Its text is one clear sentence with what to do."""

    exit_status = 3


class SettingsError(BookpackError):
    """The command line or `bookpack.toml` asks for something that cannot be done."""

    exit_status = 2


def missing_extra(what: str, extra: str) -> SettingsError:
    """Return an error that says which of bookpack's extras `what` needs, and how to have it."""
    return SettingsError(
        f'{what} needs bookpack\'s extra "{extra}": '
        f'run pip install ".[{extra}]" in the folder of bookpack\'s source.'
    )


class WorldError(BookpackError):
    """The machine said no: a full disk, a missing right, a file that is not what it should be."""

    exit_status = 3
