"""When automated repairs may run, and until when a guardrail holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from goldseam.model.document import Place
from goldseam.model.errors import UnknownName

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24:00))")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?")


@dataclass(frozen=True, slots=True)
class Window:
    """When automated repairs may run: days of the week and minutes of the day, by the clock of a time zone.

    `end` before `start` is a window over midnight, which belongs to the day on which it opens.
    """

    days: frozenset[int]
    start: int
    end: int
    zone: str

    def open_at(self, now: datetime) -> bool:
        """Whether the window is open at a time that knows its offset."""
        local = now.astimezone(ZoneInfo(self.zone))
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        opened = today if minute >= self.start else (today - 1) % 7
        return opened in self.days and (minute >= self.start or minute < self.end)

    def __str__(self) -> str:
        days = ", ".join(DAYS[day] for day in sorted(self.days))
        return f"{days} {_clock(self.start)}-{_clock(self.end)} {self.zone}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def load_window(place: Place) -> Window:
    """A window as it is written; raises InvalidDocument."""
    given = place.fields(("days", "hours", "zone"))
    if not given:
        raise place.wrong("`window` says nothing; give `days` or `hours`, or remove the key")
    days = frozenset(day for item in given["days"].some() for day in _days(item)) if "days" in given else range(7)
    start, end = _hours(given["hours"]) if "hours" in given else (0, 24 * 60)
    zone = _zone(given["zone"]) if "zone" in given else "UTC"
    return Window(frozenset(days), start, end, zone)


def _days(place: Place) -> list[int]:
    """A day or a range of days, `mon` or `fri-mon`."""
    first, dash, last = place.scalar().partition("-")
    low, high = (_day(place, word) for word in (first, last if dash else first))
    return [(low + step) % 7 for step in range((high - low) % 7 + 1)]


def _day(place: Place, word: str) -> int:
    if word not in DAYS:
        raise place.wrong(f"there is no day `{word}`; write for example `mon-fri` or `[{', '.join(DAYS[5:])}]`")
    return DAYS.index(word)


def _hours(place: Place) -> tuple[int, int]:
    found = _HOURS.fullmatch(place.scalar())
    if not found:
        raise place.wrong(f'`hours` cannot be `{place.scalar()}`; write for example `"09:00-17:00"`')
    start = int(found[1]) * 60 + int(found[2])
    end = 24 * 60 if found[5] else int(found[3]) * 60 + int(found[4])
    if start == end:
        raise place.wrong("`hours` begin and end at the same time; leave the key out for the whole day")
    return start, end


def _zone(place: Place) -> str:
    zone = place.text()
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = available_timezones()
        if not known:
            raise place.wrong("this machine has no time zone data; install the package `tzdata`") from error
        raise place.checked(UnknownName("time zone", zone, known)) from error
    return zone


def load_until(place: Place) -> datetime:
    """The end of a guardrail: a date or a time in ISO 8601, in UTC unless it has an offset; raises InvalidDocument."""
    text = place.scalar()
    wrong = place.wrong(
        f"{place.what} cannot be `{text}`; write a date or a time, `2026-12-07` or `2026-12-07T08:00+01:00`"
    )
    if not _MOMENT.fullmatch(text):
        raise wrong
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
