"""What the page is told when something is not done."""


class RefusedError(Exception):
    """What was asked for is not done. Its text is a sentence; `status` is that of HTTP."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.status = status
