"""What a metric filter's pattern matches, so that two spellings of one meaning are the same. Pure.

A pattern of JSON events is comparisons joined by `&&` and `||` (Amazon CloudWatch Logs User Guide, "Filter pattern
syntax for metric filters"). It is brought to a set of alternatives, each a set of comparisons; spaces, order, quotes
and parentheses are gone then. A pattern does what another does when each alternative of the other meets all the
comparisons of one of its own: it then counts every event that the other counts, and perhaps more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from goldseam.model.errors import NotUnderstood

Alternatives: TypeAlias = frozenset[frozenset[str]]

_TOKEN: Final = re.compile(r'\s*(&&|\|\||[()]|"(?:[^"\\]|\\.)*"|!=|>=|<=|[=<>]|[^\s()"&|=!<>]+|.)')
_JOINTS: Final = frozenset({"&&", "||", "(", ")"})
_MOST: Final = 4096
"""Alternatives beyond which a pattern is not looked into."""


def alternatives(pattern: str) -> Alternatives | None:
    """What a pattern matches; None where it is not one of comparisons of JSON events."""
    text = pattern.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    reader = _Reader(_TOKEN.findall(text[1:-1].strip()))
    try:
        found = reader.either()
    except ValueError:
        return None
    return found if reader.ended else None


def does(found: str, wanted: str) -> bool:
    """Whether a pattern counts every event that the wanted one counts."""
    held, needed = alternatives(found), alternatives(wanted)
    if held is None or needed is None:
        return False
    return all(any(mine <= theirs for mine in held) for theirs in needed)


class _Reader:
    """Reads tokens from left to right; `&&` binds closer than `||`. Raises ValueError where they make no sense."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens, self._at = tokens, 0

    @property
    def ended(self) -> bool:
        """Whether all was read."""
        return self._at == len(self._tokens)

    def either(self) -> Alternatives:
        """Alternatives joined by `||`."""
        found = self._both()
        while self._took("||"):
            found |= self._both()
        return found

    def _both(self) -> Alternatives:
        found = self._one()
        while self._took("&&"):
            other = self._one()
            if len(found) * len(other) > _MOST:
                raise NotUnderstood("more alternatives than anyone writes")
            found = frozenset(mine | theirs for mine in found for theirs in other)
        return found

    def _one(self) -> Alternatives:
        if not self._took("("):
            return frozenset({frozenset({self._comparison()})})
        found = self.either()
        if not self._took(")"):
            raise NotUnderstood("a parenthesis is not closed")
        return found

    def _comparison(self) -> str:
        words = []
        while not self.ended and self._tokens[self._at] not in _JOINTS:
            words.append(self._tokens[self._at].strip('"'))
            self._at += 1
        if len(words) < 3 or not words[0].startswith("$."):  # noqa: PLR2004 - what, how and with what
            raise NotUnderstood("a comparison has three parts")
        return " ".join(words)

    def _took(self, token: str) -> bool:
        if self.ended or self._tokens[self._at] != token:
            return False
        self._at += 1
        return True
