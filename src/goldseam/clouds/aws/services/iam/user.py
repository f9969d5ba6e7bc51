"""IAM users: their access keys, when each was last used, and the control that switches off those that nobody uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final

from goldseam.clouds.aws.facet import Get, Look, Reading, Send, no_list_is_empty, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, Ask, AwsKind, Listing, Scope, at, changes, filled
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Members
from goldseam.control import (
    Between,
    Example,
    Severity,
    Touch,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.resource import Ref
from goldseam.values import Json, Value

_KEYS: Final = Get("iam.ListAccessKeys", {"UserName": "{id}"}, path="AccessKeyMetadata")
_LAST_USED: Final = "iam.GetAccessKeyLastUsed"

STEP: Final = 15
"""Days to which an idle time is rounded down.

A plan stops when a facet that it rests on moves. If every midnight moved one, no approval would outlive its day; so a
key's idle time moves twice a month, and is never said to be longer than it is.
"""


def _keys(raw: Json) -> Value:
    return [{"id": key["AccessKeyId"], "status": key["Status"], "created": str(key["CreateDate"])} for key in raw]


def _use(ask: Ask, ref: Ref, key: Mapping[str, Json]) -> Json:
    answer = ask.one(_LAST_USED, {"AccessKeyId": key["id"]}, ref.region)
    used = at(answer, "AccessKeyLastUsed.LastUsedDate")
    service = at(answer, "AccessKeyLastUsed.ServiceName")
    return {"id": key["id"], "last_used": str(used) if used else "", "service": service if used else ""}


def _idle(ask: Ask, ref: Ref, key: Mapping[str, Json]) -> Json:
    return {"id": key["id"], "days": _days(ask, _use(ask, ref, key)["last_used"] or key["created"])}


def _age(ask: Ask, ref: Ref, key: Mapping[str, Json]) -> Json:
    del ref
    return {"id": key["id"], "days": _days(ask, key["created"])}


def _days(ask: Ask, since: str) -> int:
    """Whole days up to the day of the reading, rounded down to the step; 0 for a day that is yet to come."""
    passed = (date.fromisoformat(ask.today()) - date.fromisoformat(since[:10])).days
    return max(passed, 0) // STEP * STEP


@dataclass(frozen=True)
class PerKey(Look):
    """What is said of each access key of a user, in the order of the keys' ids."""

    of_key: Callable[[Ask, Ref, Mapping[str, Json]], Json] = field(kw_only=True)
    calls: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The list of keys, and what is asked about each."""
        return (_KEYS.operation, *self.calls)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask about each of the user's keys."""
        del item
        answer = ask.one(_KEYS.operation, filled(_KEYS.parameters, ref), ref.region)
        keys = sorted(_keys(at(answer, _KEYS.path) or []), key=lambda key: str(key["id"]))
        return Reading([self.of_key(ask, ref, key) for key in keys])


_ON_KEYS: Final = changes("iam", "userIdentity.userName", names=("UpdateAccessKey", "DeleteAccessKey"))
_OWN_KEY: Final = Touch(
    {**_ON_KEYS.when, f"{REQUEST}.userName": (None,), "userIdentity.type": ("IAMUser",)}, _ON_KEYS.paths
)
"""Who changes a key of one's own need not say whose it is."""

USER: Final = AwsKind(
    "aws.iam.user",
    "IAM user",
    (
        Members(
            name="access_keys",
            get=_KEYS,
            decode=_keys,
            key="id",
            parameter="AccessKeyId",
            fields={"status": "Status"},
            modify=Send("iam.UpdateAccessKey", {"UserName": "{id}"}),
        ),
        PerKey(name="last_used", form=no_list_is_empty, of_key=_use, calls=(_LAST_USED,)),
        PerKey(name="idle", form=no_list_is_empty, of_key=_idle, calls=(_LAST_USED,)),
        PerKey(name="age", form=no_list_is_empty, of_key=_age),
        Look(
            name="password_last_used", get=Get("iam.GetUser", {"UserName": "{id}"}, "User.PasswordLastUsed"), decode=str
        ),
        Look(name="path", listed="Path"),
        Look(name="created", listed="CreateDate"),
        tags(Get("iam.ListUserTags", {"UserName": "{id}"}, path="Tags")),
    ),
    touched_by=(
        changes("iam", f"{REQUEST}.userName", f"{REQUEST}.newUserName", f"{ANSWER}.accessKey.userName"),
        _OWN_KEY,
    ),
    address="arn:{partition}:iam::{account}:user/{id}",
    find=Listing("iam.ListUsers", "Users", id="UserName", address="Arn"),
    scope=Scope.GLOBAL,
)


def _key(id: str, status: str = "Active") -> Json:
    return {"id": id, "status": status, "created": "2024-01-01T00:00:00+00:00"}


def _days_of(**days: int) -> list[Json]:
    return [{"id": name, "days": count} for name, count in days.items()]


_IN_USE: Final = _key("AKIAEXAMPLEINUSE0001")
_UNUSED: Final = _key("AKIAEXAMPLEUNUSED001")


@control(
    "aws.iam.user.unused-keys-inactive", USER, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "a job that runs more seldom than that is refused until the key is switched on again, which is one call"
    ),
    maps=required("iam_user_accesskey_unused"),
    compliant=[
        {"access_keys": [], "idle": []},
        {"access_keys": [_IN_USE], "idle": _days_of(AKIAEXAMPLEINUSE0001=30)},
        {"access_keys": [{**_UNUSED, "status": "Inactive"}], "idle": _days_of(AKIAEXAMPLEUNUSED001=360)},
    ],
    violating=[
        Example(
            {
                "access_keys": [_IN_USE, _UNUSED],
                "idle": _days_of(AKIAEXAMPLEINUSE0001=0, AKIAEXAMPLEUNUSED001=90),
            },
            leaves={"access_keys": [_IN_USE, {**_UNUSED, "status": "Inactive"}]},
        ),
        Example({"access_keys": [_UNUSED], "idle": _days_of(AKIAEXAMPLEUNUSED001=45)}, settings={"days": 45}),
    ],
)  # fmt: skip
def unused_keys_inactive(
    access_keys: list[Json], idle: list[Json], *, days: Annotated[int, Between(1, 3650)] = 90
) -> Verdict:
    """Access keys that nobody uses are inactive.

    A key that is not missed when it is switched off can only be of use to whoever finds it. Idle time counts from the
    last use, or from creation where there was none, and moves in steps of 15 days, so that it never says too much.
    """
    unused = [item["id"] for item in idle if item["days"] >= days]
    found = [key["id"] for key in access_keys if key["id"] in unused and key["status"] == "Active"]
    if not found:
        return compliant
    after = [{**key, "status": "Inactive"} if key["id"] in found else key for key in access_keys]
    return should_be(access_keys=after, because=f"not used for {days} days: {', '.join(found)}")


@control(
    "aws.iam.user.keys-rotated", USER, severity=Severity.MEDIUM,
    disrupts=harmless("nothing is changed; a person moves what uses the key to a new one"),
    maps=required("iam_rotate_access_key_90_days"),
    compliant=[
        {"access_keys": [_IN_USE], "age": _days_of(AKIAEXAMPLEINUSE0001=75)},
        {"access_keys": [{**_UNUSED, "status": "Inactive"}], "age": _days_of(AKIAEXAMPLEUNUSED001=360)},
    ],
    violating=[{"access_keys": [_IN_USE], "age": _days_of(AKIAEXAMPLEINUSE0001=105)}],
)  # fmt: skip
def keys_rotated(access_keys: list[Json], age: list[Json], *, days: Annotated[int, Between(1, 3650)] = 90) -> Verdict:
    """Access keys are replaced in time.

    The longer a key lives the more places hold a copy of it. Age moves in steps of 15 days.
    """
    old = [item["id"] for item in age if item["days"] > days]
    found = [key["id"] for key in access_keys if key["id"] in old and key["status"] == "Active"]
    if not found:
        return compliant
    return violation(
        because=f"older than {days} days: {', '.join(found)}",
        guide="make a second key, move what uses the old one to it, switch the old one off, and in time delete it",
    )
