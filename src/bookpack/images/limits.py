"""How much of a picture is decoded, and what is said about one that cannot be."""

from dataclasses import dataclass


class UnreadablePictureError(ValueError):
    """A picture that cannot be shown.

    The text continues a sentence that begins with the picture's name: “is empty”, “is cut off
    after 1,234 bytes”. It names no path.
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may take: pixels of a frame, and bytes of its file."""

    max_pixels: int
    max_bytes: int

    def check_bytes(self, count: int) -> None:
        """Raise `UnreadablePictureError` for an empty file and for one that is too large."""
        if not count:
            raise UnreadablePictureError("is empty")
        if count > self.max_bytes:
            raise UnreadablePictureError(
                f"has {count:,} bytes, more than max-bytes ({self.max_bytes:,})"
            )

    def check_pixels(self, width: int, height: int) -> None:
        """Raise `UnreadablePictureError` for a frame of more pixels than are decoded."""
        if width * height > self.max_pixels:
            raise UnreadablePictureError(
                f"has {width * height:,} pixels, more than max-pixels ({self.max_pixels:,})"
            )
