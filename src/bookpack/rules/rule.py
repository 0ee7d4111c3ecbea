"""What a rule is: one row of the table."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. `error` means that readers would get something wrong or missing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return ("info", "warning", "error").index(self.value)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: what is forbidden, how bad it is, and what to do about it."""

    code: str
    name: str
    severity: Severity
    summary: str
    help: str


ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
