"""How far a run of questions to a model is, in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bookpack.ask.asker import Progress
    from bookpack.config.tables import ModelTable


def how_far(now: "Progress", settings: "ModelTable", what: str) -> str:
    """Return one line of progress; `what` is asked about, in the plural (`pictures`)."""
    parts = [f"{now.done:,} of {now.total or 0:,} {what}", f"{now.rate:.0f}/min"]
    if settings.price_in or settings.price_out:
        parts.append(f"{now.money:.2f} {settings.currency}")
    else:
        parts.append(f"{now.usage.tokens_in + now.usage.tokens_out:,} tokens")
    if now.failed:
        parts.append(f"{now.failed:,} failed")
    if now.pause > 1:
        parts.append(f"the endpoint wants a pause of {now.pause:.0f} s")
    elif now.seconds_left is not None:
        minutes, seconds = divmod(round(now.seconds_left), 60)
        parts.append(f"{minutes} min {seconds:02} s left")
    return " · ".join(parts)
