"""What was unforeseen, in words for a person; nothing in the source makes a reason of Python's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import goldseam
from goldseam.model.errors import DEBUGGING, NotUnderstood, in_words

SOURCE = Path(goldseam.__file__).parent
NAMED = re.compile(r"\{type\(\w+\)\.__name__\}")
FAULTS = {"cli/__init__.py", "keyholder/commands.py", "model/errors.py"}
"""The outermost handlers, which ask for a report, and the one place that words are made in."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("<root_account>"), "`<root_account>` is missing"),
        (KeyError("k" * 500), f"`{'k' * 80}` is missing"),
        (KeyError(("a", 1)), "a member is missing"),
        (IndexError("list index out of range"), "an item is missing"),
        (json.JSONDecodeError("Expecting value", "x", 0), "it is not JSON"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "odd"), "a text is not valid Unicode"),
        (ZeroDivisionError("division by zero"), "a number is out of range"),
        (NotUnderstood("the report has no row for the root user"), "the report has no row for the root user"),
        (ValueError("invalid literal for int() with base 10: 'x'"), "a value has not the expected form"),
    ],
)
def test_what_was_unforeseen_is_said_in_words(error: Exception, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutation: `in_words` answers `repr(error)`."""
    assert in_words(error) == words
    assert str(error) not in in_words(error, discreet=True)
    monkeypatch.setattr(DEBUGGING, "on", True)
    assert in_words(error) == f"{words} [{type(error).__name__}: {error}]"
    assert in_words(error, discreet=True).endswith(f"[{type(error).__name__}]")


def test_no_message_is_made_of_the_name_of_an_exception() -> None:
    """The mutation: write one more reason as `f"{type(error).__name__}: {error}"`."""
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if NAMED.search(path.read_text(encoding="utf-8")) and "proving" not in path.parts
    }
    assert found <= FAULTS | {
        "model/values.py",
        "clouds/aws/representable.py",
        "clouds/plugins.py",
    }  # its author reads the last
