"""IAM users: their access keys, when each was last used, and the control that switches off those that nobody uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Final

from goldseam.clouds.aws.elapsed import days_exceeded, days_since
from goldseam.clouds.aws.facet import Address, Get, Look, Reading, Send, absent_is, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, Ask, AwsKind, ListingScope, at, changes, filled
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.iam.held import attached, boundary, details, inline
from goldseam.clouds.aws.services.iam.sign_in import (
    MUST_RESET,
    SECOND_FACTOR,
    SIGN_IN_IDLE,
)
from goldseam.clouds.aws.shapes import Members
from goldseam.control import (
    Between,
    Example,
    Severity,
    Touch,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value

_KEYS: Final = Get("iam.ListAccessKeys", {"UserName": "{id}"}, path="AccessKeyMetadata")
_USER: Final = ("iam.GetUser", {"UserName": "{id}"})
_LAST_USED: Final = "iam.GetAccessKeyLastUsed"


def _keys(raw: Json) -> Value:
    return [{"id": key["AccessKeyId"], "status": key["Status"], "created": str(key["CreateDate"])} for key in raw]


def _use(ask: Ask, ref: Ref, key: Mapping[str, Json]) -> Json:
    answer = ask.one(_LAST_USED, {"AccessKeyId": key["id"]}, ref.region)
    used = at(answer, "AccessKeyLastUsed.LastUsedDate")
    service = at(answer, "AccessKeyLastUsed.ServiceName")
    return {"id": key["id"], "last_used": str(used) if used else "", "service": service if used else ""}


def _idle(ask: Ask, ref: Ref, key: Mapping[str, Json]) -> Json:
    return {"id": key["id"], "days": days_since(ask, _use(ask, ref, key)["last_used"] or key["created"])}


def _age(ask: Ask, ref: Ref, key: Mapping[str, Json]) -> Json:
    del ref
    return {"id": key["id"], "days": days_exceeded(ask, key["created"])}


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
        PerKey(name="last_used", form=absent_is([]), of_key=_use, calls=(_LAST_USED,)),
        PerKey(name="idle", form=absent_is([]), of_key=_idle, calls=(_LAST_USED,)),
        PerKey(name="age", form=absent_is([]), of_key=_age),
        MUST_RESET,
        SECOND_FACTOR,
        SIGN_IN_IDLE,
        attached("User"),
        inline("User"),
        boundary("User"),
        Look(name="path", get=Get(*_USER, "User.Path"), listed="Path"),
        Look(name="created", get=Get(*_USER, "User.CreateDate"), listed="CreateDate"),
        replace(tags(Get("iam.ListUserTags", {"UserName": "{id}"}, path="Tags")), listed="Tags"),
        Address(name="arn"),
    ),
    touched_by=(
        changes("iam", f"{REQUEST}.userName", f"{REQUEST}.newUserName", f"{ANSWER}.accessKey.userName"),
        _OWN_KEY,
    ),
    address="arn:{partition}:iam::{account}:user/{id}",
    find=details("User", "UserDetailList", "UserName"),
    scope=ListingScope.GLOBAL,
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
    covers=(
        "security-hub:IAM.8", "security-hub:IAM.22", "cloudbots:iam_delete_access_key",
        "cloudbots:iam_revoke_access_key", "cloudbots:iam_user_deactivate_unused_access_key",
    ),
    compliant=[
        {"access_keys": [], "idle": []},
        {"access_keys": [_IN_USE], "idle": _days_of(AKIAEXAMPLEINUSE0001=30)},
        Example({"access_keys": [_UNUSED], "idle": _days_of(AKIAEXAMPLEUNUSED001=75)}, settings={"days": 90}),
        {"access_keys": [{**_UNUSED, "status": "Inactive"}], "idle": _days_of(AKIAEXAMPLEUNUSED001=360)},
    ],
    violating=[
        Example(
            {
                "access_keys": [_IN_USE, _UNUSED],
                "idle": _days_of(AKIAEXAMPLEINUSE0001=0, AKIAEXAMPLEUNUSED001=45),
            },
            leaves={"access_keys": [_IN_USE, {**_UNUSED, "status": "Inactive"}]},
        ),
        Example({"access_keys": [_UNUSED], "idle": _days_of(AKIAEXAMPLEUNUSED001=90)}, settings={"days": 90}),
    ],
)  # fmt: skip
def unused_keys_inactive(
    access_keys: list[Json], idle: list[Json], *, days: Annotated[int, Between(1, 3650)] = 45
) -> Verdict:
    """Access keys that nobody uses are inactive.

    A key that is not missed when it is switched off can only be of use to whoever finds it. Idle time counts from the
    last use, or from creation where there was none, and moves in steps of 15 days, so that it never says too much. 45
    days are what CIS and Security Hub's IAM.22 ask for; the 90 of IAM.8 are kept then, too.
    """
    unused = [item["id"] for item in idle if item["days"] >= days]
    found = [key["id"] for key in access_keys if key["id"] in unused and key["status"] == "Active"]
    if not found:
        return compliant
    after = [{**key, "status": "Inactive"} if key["id"] in found else key for key in access_keys]
    return should_be(access_keys=after, because=f"not used for {days} days: {', '.join(found)}")


@control(
    "aws.iam.user.keys-rotated", USER, severity=Severity.MEDIUM,
    maps=required("iam_rotate_access_key_90_days"), covers=("security-hub:IAM.3",),
    compliant=[
        {"access_keys": [_IN_USE], "age": _days_of(AKIAEXAMPLEINUSE0001=75)},
        {"access_keys": [{**_UNUSED, "status": "Inactive"}], "age": _days_of(AKIAEXAMPLEUNUSED001=360)},
    ],
    violating=[{"access_keys": [_IN_USE], "age": _days_of(AKIAEXAMPLEINUSE0001=90)}],
)  # fmt: skip
def keys_rotated(access_keys: list[Json], age: list[Json], *, days: Annotated[int, Between(1, 3650)] = 90) -> Verdict:
    """Access keys are replaced in time.

    The longer a key lives the more places hold a copy of it. The days that a key is older than move in steps of 15.
    """
    old = [item["id"] for item in age if item["days"] >= days]
    found = [key["id"] for key in access_keys if key["id"] in old and key["status"] == "Active"]
    if not found:
        return compliant
    return violation(
        because=f"older than {days} days: {', '.join(found)}",
        guide="make a second key, move what uses the old one to it, switch the old one off, and in time delete it",
    )


@control(
    "aws.iam.user.one-active-key", USER, severity=Severity.MEDIUM,
    disrupts=may_disrupt("a job that uses the idle key is refused until it is switched on again, which is one call"),
    maps=required("iam_user_two_active_access_key"),
    compliant=[
        {"access_keys": [_IN_USE], "idle": _days_of(AKIAEXAMPLEINUSE0001=0)},
        {
            "access_keys": [_IN_USE, {**_UNUSED, "status": "Inactive"}],
            "idle": _days_of(AKIAEXAMPLEINUSE0001=0, AKIAEXAMPLEUNUSED001=90),
        },
    ],
    violating=[
        Example(
            {
                "access_keys": [_IN_USE, _UNUSED],
                "idle": _days_of(AKIAEXAMPLEINUSE0001=0, AKIAEXAMPLEUNUSED001=30),
            },
            leaves={"access_keys": [_IN_USE, {**_UNUSED, "status": "Inactive"}]},
        ),
        {
            "access_keys": [_IN_USE, _UNUSED],
            "idle": _days_of(AKIAEXAMPLEINUSE0001=15, AKIAEXAMPLEUNUSED001=15),
        },
    ],
)  # fmt: skip
def one_active_key(access_keys: list[Json], idle: list[Json]) -> Verdict:
    """A user has at most one active access key.

    Two are for the days in which one takes the other's place. The one that was idle for longer is switched off; where
    both are used as lately, a person has to say which one goes.
    """
    active = [key["id"] for key in access_keys if key["status"] == "Active"]
    days = dict.fromkeys(active, 0) | {item["id"]: item["days"] for item in idle}
    if len(active) < 2:  # noqa: PLR2004 - one is enough
        return compliant
    because = f"active keys: {', '.join(active)}"
    kept = min(active, key=lambda name: days[name])
    idler = [name for name in active if days[name] > days[kept]]
    if len(idler) + 1 < len(active):
        return violation(
            because=because,
            guide="see in each key's last use which one is still needed, move what uses the other one to it, "
            "and switch the other one off",
        )
    after = [{**key, "status": "Inactive"} if key["id"] in idler else key for key in access_keys]
    return should_be(access_keys=after, because=because)
