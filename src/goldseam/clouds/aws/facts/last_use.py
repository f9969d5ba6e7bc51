"""How many days ago something was last used, in steps, so that what rests on it does not move every midnight."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from goldseam.clouds.aws.services.iam.sign_in import STEP
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.clouds.aws.services.kms import KEY
from goldseam.control import Answer, Surroundings, fact, known
from goldseam.values import ABSENT, Json, Unknown, Value

_DAY: Final = 10
"""The length of a date as AWS and ISO 8601 write it."""


def _days(when: str, around: Surroundings) -> int:
    passed = (around.now.date() - date.fromisoformat(when[:_DAY])).days
    return max(passed, 0) // STEP * STEP


@fact("last_used", None, int)
def last_used(idle: Json, *, around: Surroundings) -> Answer:
    """Days since it was last used, or made where it never was, rounded down to steps of 15.

    Of every kind with a facet `idle` that counts them.
    """
    del around
    if not isinstance(idle, int):
        return Unknown("when it was last used is told of its parts, not of it as a whole")
    return known(idle, f"it was last used, or made, {idle} days ago or some more")


@fact("last_used", USER, int)
def user_last_used(
    access_keys: list[Json], last_used: list[Json], password_last_used: Value, *, around: Surroundings
) -> Answer:
    """Days since it was last used, or made where it never was, rounded down to steps of 15.

    Of a user, the last sign-in with the password and the last call with any access key that the user has now.
    """
    said = {use["id"]: use for use in last_used}
    if missing := sorted({key["id"] for key in access_keys} - set(said)):
        return Unknown(f"when {', '.join(missing)} was last used was not read")
    uses = [
        (use["last_used"], f"access key {name} was last used on {use['last_used'][:_DAY]}")
        for name, use in said.items()
    ]
    if password_last_used is not ABSENT:
        uses.append((password_last_used, f"the password was last used on {password_last_used[:_DAY]}"))
    dated = sorted(use for use in uses if use[0])
    if dated:
        return known(_days(dated[-1][0], around), dated[-1][1])
    if made := sorted(key["created"] for key in access_keys):
        return known(
            _days(made[-1], around), f"the password and keys were never used; the last key is of {made[-1][:_DAY]}"
        )
    return Unknown("no use of the user is recorded, and no access key tells since when there could have been one")


@fact("last_used", KEY, int)
def key_last_used(last_usage: Mapping[str, str], *, around: Surroundings) -> Answer:
    """Days since it was last used, or made where it never was, rounded down to steps of 15.

    Of a KMS key, the last operation with it that KMS has on record.
    """
    used, made, since = last_usage["used"], last_usage["made"], last_usage["kept_since"]
    if used:
        return known(_days(used, around), f"the key was last used on {used}")
    if made and since and made >= since:
        return known(_days(made, around), f"the key was made on {made} and never used")
    return Unknown(f"KMS has no use of the key on record since {since or 'it keeps one'}, and it is older")
