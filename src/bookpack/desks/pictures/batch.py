"""Pictures asked for by the batch API: submitted in one run, collected in another.

The ticket lies beside the descriptions as long as something is under way, so that any machine
with the book can collect what was paid for.
"""

from collections.abc import Sequence

from bookpack.ask.batch import BatchAsker
from bookpack.ask.ticket import BatchState, BatchTicket
from bookpack.desks.pictures.describe import TICKET, PictureDesk
from bookpack.desks.pictures.survey import Case
from bookpack.errors import WorldError
from bookpack.system import replace_file


class BatchDesk:
    """A picture desk that asks in batches. Raises `WorldError` for a ticket that is damaged."""

    def __init__(self, desk: PictureDesk, asker: BatchAsker) -> None:
        self.desk = desk
        self.asker = asker
        self.place = desk.folder.folder / TICKET
        self.ticket = self._read()

    @property
    def stopped(self) -> str:
        """Why questions were left out: one sentence, or nothing."""
        return self.asker.stopped

    def submit(self, cases: Sequence[Case]) -> BatchState:
        """Submit a question for each picture and keep the ticket."""
        self.desk.folder.folder.mkdir(parents=True, exist_ok=True)
        self.ticket = self.asker.submit(self.desk.questions(cases, {}), self._keep)
        total = sum(len(part.requests) for part in self.ticket.parts)
        return BatchState(total, 0, 0, False, ())

    def collect(self, cases: Sequence[Case]) -> BatchState:
        """Keep the answers that are there; the ticket goes when nothing is under way any more."""
        if self.ticket is None:
            raise WorldError("There is no batch to collect.")
        ticket = self.ticket
        state = self.asker.state(ticket)
        for _ in self.desk.ask(cases, lambda questions: self.asker.collect(ticket, questions)):
            pass
        if state.ended:
            self.place.unlink(missing_ok=True)
        return state

    def _keep(self, ticket: BatchTicket) -> None:
        try:
            replace_file(self.place, ticket.to_json().encode())
        except OSError as error:
            reason = error.strerror or error
            raise WorldError(f"Cannot write {self.place}: {reason}.") from error

    def _read(self) -> BatchTicket | None:
        try:
            return BatchTicket.from_json(self.place.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise WorldError(f"Cannot read {self.place}: {error}.") from error
