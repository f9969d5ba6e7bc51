"""What controls answer to: the requirements of frameworks, by the name of the check that they are kept by.

The table is `requirements.csv`: checks as posture tools name them, requirements as frameworks number them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

from goldseam.clouds.aws.tables import table
from goldseam.model.errors import UnknownName


def required(*checks: str, without: Collection[str] = ()) -> tuple[str, ...]:
    """The requirements of these checks, `fsbp:S3.5`, each once and in order; raises UnknownName for no such check.

    `without` are those that the checks answer to and the control does not, because it judges only a part of them or
    another setting; raises UnknownName for one that no check has.
    """
    held = checked()
    for check in checks:
        if check not in held:
            raise UnknownName("check", check, held)
    known = {requirement for requirements in held.values() for requirement in requirements}
    for requirement in without:
        if requirement not in known:
            raise UnknownName("requirement", requirement, known)
    return tuple(sorted({requirement for check in checks for requirement in held[check]} - {*without}))


@cache
def checked() -> Mapping[str, tuple[str, ...]]:
    """The requirements of every check; some have none."""
    return {row["check"]: tuple(row["requirements"].split()) for row in table("requirements.csv")}
