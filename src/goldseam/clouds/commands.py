"""Calls as commands of a shell, for people who make the repair with their own hands; the words are the cloud's."""

from __future__ import annotations

import re
from collections.abc import Iterable

from goldseam.clouds.protocol import CommandWords
from goldseam.control import MASKED, Call
from goldseam.model.display import shell_word


def command_line(words: CommandWords, call: Call) -> str:
    """The command that makes this call, quoted for a shell; a remark instead of it where no shell can hold it."""
    try:
        return " ".join(map(shell_word, words(call)))
    except ValueError as error:
        return f"# {call.operation} cannot be typed: {error}"


def command_lines(words: CommandWords, calls: Iterable[Call]) -> tuple[str, ...]:
    """The commands that make these calls, in order; `words` is a cloud's `command_words`."""
    return tuple(command_line(words, call) for call in calls)


def with_variables(lines: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Comments on what the variables stand for, and the commands with a shell variable in place of each masked value.

    A shell stops at a command whose variable is not set, so that no mask is ever written into a resource.
    """
    found: dict[str, str] = {}

    def variable(mask: re.Match[str]) -> str:
        return _variable(found.setdefault(mask[0], f"SENSITIVE_{len(found) + 1}"))

    made = tuple(MASKED.sub(variable, line) for line in lines)
    meant = [f"# {name} is a value that is not printed: {mask}" for mask, name in found.items()]
    how = ["# set them to what the resource has now; inside JSON, as JSON writes it"] if found else []
    return (*meant, *how), made


def _variable(name: str) -> str:
    """A variable inside a single-quoted word, which masks always stand in: they hold spaces."""
    return f"""'"${{{name}:?}}"'"""
