"""How many days ago something was last used, in steps, so that what rests on it does not move every midnight."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from goldseam.clouds.aws.elapsed import STEP
from goldseam.clouds.aws.facts.sources import CREDENTIAL_REPORT, KEY_USAGE
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.clouds.aws.services.kms import KEY
from goldseam.control import Answer, Surroundings, fact, known
from goldseam.model.values import ABSENT, Json, Unknown, Value

_DAY: Final = 10
"""The length of a date as AWS and ISO 8601 write it."""


def _days(when: str, around: Surroundings) -> int:
    passed = (around.now.date() - date.fromisoformat(when[:_DAY])).days
    return max(passed, 0) // STEP * STEP


@fact("last_used", None, int, lag=CREDENTIAL_REPORT.lag, source=CREDENTIAL_REPORT.source)
def last_used(idle: Json, *, around: Surroundings) -> Answer:
    """Days since it was last used, or made where it never was, rounded down to steps of 15.

    Of every kind with a facet `idle` that counts them.
    """
    del around
    if not isinstance(idle, int):
        return Unknown("when it was last used is told of its parts, not of it as a whole")
    return known(idle, f"it was last used, or made, {idle} days ago or some more")


@fact("last_used", USER, int, lag=CREDENTIAL_REPORT.lag, source=CREDENTIAL_REPORT.source)
def user_last_used(idle: list[Json], sign_in_idle: Value, *, around: Surroundings) -> Answer:
    """Days since it was last used, or made where it never was, rounded down to steps of 15.

    Of a user, the last sign-in with the password and the last call with any access key that the user has now.
    """
    del around
    uses = [(item["days"], f"access key {item['id']} was last used, or made, {item['days']} days ago") for item in idle]
    if sign_in_idle is not ABSENT:
        uses.append((sign_in_idle, f"the password was last used, or made, {sign_in_idle} days ago"))
    if not uses:
        return Unknown("the user has neither a password nor an access key, so no use is recorded")
    return known(min(uses)[0], *(line for _, line in sorted(uses)))


@fact("last_used", KEY, int, lag=KEY_USAGE.lag, source=KEY_USAGE.source)
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
