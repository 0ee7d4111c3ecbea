"""Numbers with their nouns, as every report says them."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 picture`, `2,000 pictures`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
