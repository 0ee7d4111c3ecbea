"""Problems of the world, as few exceptions; the command line alone turns them into exit statuses.

Problems of the book are never raised: they are diagnostics (see `diagnostics`).
"""


class BookpackError(Exception):
    """A problem that stops a command. Its text is one clear sentence with what to do."""

    exit_status = 3


class SettingsError(BookpackError):
    """The command line or `bookpack.toml` asks for something that cannot be done."""

    exit_status = 2


class WorldError(BookpackError):
    """The machine said no: a full disk, a missing right, a file that is not what it should be."""

    exit_status = 3
