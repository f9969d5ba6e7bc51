"""Patterns that users write: one language, in one module."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from goldseam.model.pattern import matches

SOURCE: Final = Path(__file__).parents[1] / "src" / "goldseam"
TEXT: Final = st.text(alphabet="ab.*?[]!\\\n-", max_size=8)
OF_CLOUDS: Final = "clouds"
"""What a cloud writes in its own language is read there."""


@given(TEXT)
def test_a_name_is_matched_by_itself_and_by_everything(name: str) -> None:
    assert matches((name,), name)
    assert matches(("*",), name)
    assert not matches((), name)


@given(TEXT.filter(lambda text: "*" not in text), TEXT)
def test_without_a_star_only_the_name_itself_matches(pattern: str, name: str) -> None:
    """The mutation: `fnmatch`, for which `?` and `[ab]` match other names."""
    assert matches((pattern,), name) == (pattern == name)


@given(TEXT, TEXT, TEXT)
def test_a_star_is_any_text(start: str, middle: str, end: str) -> None:
    """The mutation: `.` does not match a line's end."""
    first, last = (part.replace("*", "") for part in (start, end))
    assert matches((f"{first}*{last}",), f"{first}{middle}{last}")
    assert not matches((f"{first}*{last}x",), f"{first}{middle}{last}")


def test_a_star_in_a_name_is_matched_only_by_a_star() -> None:
    """A permission on `*` is not covered by a rule for one resource. The mutation: the name is the pattern too."""
    assert matches(("arn:*",), "arn:*")
    assert not matches(("arn:a",), "arn:*")


def test_there_is_no_other_language() -> None:
    """The mutation: a module outside the clouds imports `fnmatch`, or escapes a text and puts `.*` in it."""
    others = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if path.relative_to(SOURCE).parts[0] != OF_CLOUDS and _makes_patterns(path)
    }
    assert others == {"model/pattern.py"}


def _makes_patterns(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    escapes = any(isinstance(node, ast.Attribute) and node.attr == "escape" for node in ast.walk(tree))
    joins = any(isinstance(node, ast.Constant) and node.value == ".*" for node in ast.walk(tree))
    return bool(names & {"fnmatch", "glob"}) or (escapes and joins)
