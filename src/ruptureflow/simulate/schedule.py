"""When sessions took place: weekly, at the patient's own hour, samples before and after."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Calendar:
    """A patient's weekly sessions.

    Parameters
    ----------
    first : date and time of session 1.
    minutes : from the sample before to the sample after.
    """

    first: dt.datetime
    minutes: int = 60

    def start(self, session: int) -> dt.datetime:
        """Begin of a session."""
        return self.first + dt.timedelta(weeks=session - 1)

    def collected(self, session: int, occasion: str) -> dt.datetime:
        """When a sample was taken."""
        return self.start(session) + dt.timedelta(minutes=-5 if occasion == "pre" else self.minutes)


def staggered(count: int, first: dt.datetime, days: int) -> list[Calendar]:
    """Calendars of patients who begin one after the other, at hours of the working day."""
    return [Calendar(first + dt.timedelta(days=days * place, hours=(place * 3) % 8)) for place in range(count)]
