"""What controls answer to: the requirements of frameworks, by the name of the check that they are kept by.

The table is `requirements.csv`: checks as posture tools name them, requirements as frameworks number them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from goldseam.errors import UnknownName


def required(*checks: str, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The requirements of these checks, `fsbp:S3.5`, each once and in order; raises UnknownName for no such check.

    `without` are those that the checks answer to and the control does not, because it judges only a part of them or
    another setting; raises UnknownName for one that the checks do not have.
    """
    held = checked()
    for check in checks:
        if check not in held:
            raise UnknownName("check", check, held)
    found = {requirement for check in checks for requirement in held[check]}
    for requirement in without:
        if requirement not in found:
            raise UnknownName("requirement", requirement, found)
    return tuple(sorted(found - {*without}))


@cache
def checked() -> Mapping[str, tuple[str, ...]]:
    """The requirements of every check; some have none."""
    text = files("goldseam.clouds.aws").joinpath("requirements.csv").read_text(encoding="utf-8")
    return {row["check"]: tuple(row["requirements"].split()) for row in csv.DictReader(text.splitlines())}
