"""How names are spelled that no list holds: the ids of accounts and the names of regions, for each cloud."""

from __future__ import annotations

import re
from dataclasses import dataclass

ANY: str = "*"


@dataclass(frozen=True, slots=True)
class Spelling:
    """The form of a name of one cloud.

    `whole` is the regular expression of a name, `part` that of any piece of one, `longest` the most characters.
    `what` and `example` are for messages.
    """

    what: str
    whole: str
    part: str
    longest: int
    example: str

    def fits(self, name: str) -> bool:
        """Whether a name can be one."""
        return len(name) <= self.longest and re.fullmatch(self.whole, name) is not None

    def may_match(self, pattern: str) -> bool:
        """Whether a pattern, in which `*` stands for any text, can match such a name."""
        if ANY not in pattern:
            return self.fits(pattern)
        pieces = [piece for piece in pattern.split(ANY) if piece]
        fitting = all(re.fullmatch(f"(?:{self.part})+", piece) for piece in pieces)
        return fitting and sum(map(len, pieces)) <= self.longest
