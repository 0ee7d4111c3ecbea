"""One picture asked about during a review: the same question as `bookpack describe` asks."""

from bookpack.desks.pictures.describe import TICKET, PictureDesk
from bookpack.desks.pictures.survey import Case, Status
from bookpack.errors import BookpackError, missing_extra
from bookpack.system import folder_lock

_PATIENCE = 1.0
"""Seconds to wait for a run of `bookpack describe` to end."""


def why_not_ask(desk: PictureDesk, case: Case) -> str:
    """Return why no model can be asked about a picture, nothing where one can."""
    settings = desk.settings
    if not (settings.model.base_url and settings.model.name):
        return "No model is set: give base-url and name under [model] in bookpack.toml."
    if case.status in (Status.UNREADABLE, Status.MISSING):
        return "This picture cannot be read."
    if (desk.folder.folder / TICKET).exists():
        return "A batch is under way: collect it with bookpack describe --batch first."
    return ""


def ask_model(desk: PictureDesk, case: Case) -> str:
    """Ask the model about one picture and keep its answer; return why that failed.

    What a person writes into the description meanwhile stays, as with `bookpack describe`.
    """
    settings = desk.settings
    try:
        from bookpack.ask.asker import Asker

        own = PictureDesk(desk.meta, desk.gallery, settings, desk.preparer.cache)
        with folder_lock(settings.folder, _PATIENCE):
            asker = Asker(settings.model)
            for _ in own.ask([case], lambda questions: asker.run(questions, total=1)):
                pass
    except TimeoutError:
        return "bookpack describe is at work on this book; try again when it has ended."
    except ModuleNotFoundError as error:
        return f"{missing_extra('Asking a model', 'model')} ({error.name} is missing.)"
    except (BookpackError, OSError) as error:
        return str(error)
    failed = [message for _, message in own.report.failed]
    return asker.stopped or (failed[0] if failed else "")
