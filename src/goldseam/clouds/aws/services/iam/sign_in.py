"""How a user signs in to the console: the password, whether a second factor is asked for, and when it last was.

No call answers about the passwords of several users but the credential report; what rests on it is said there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.elapsed import days_since
from goldseam.clouds.aws.facet import Get, Look, Reading, Send
from goldseam.clouds.aws.kind import Ask, at
from goldseam.clouds.aws.services.iam.report import OPERATIONS, date_of, row
from goldseam.clouds.aws.shapes import Switch
from goldseam.model.errors import NotFound
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_PROFILE: Final = "iam.GetLoginProfile"
_DEVICES: Final = "iam.ListMFADevices"
_USER: Final = "iam.GetUser"
_NAMED: Final = {"UserName": "{id}"}


def _reported(ask: Ask, ref: Ref, item: Json) -> Mapping[str, str]:
    """In a scan, what the credential report says of the user."""
    return {} if item is None else row(ask, ref.region, ref.id)


def _profile(ask: Ask, ref: Ref, item: Json, said: Mapping[str, str]) -> Json:
    """The login profile; None for a user without a password. Raises NotFound when there is no such user."""
    if said.get("password_enabled") == "false":
        return None
    try:
        return at(ask.one(_PROFILE, {"UserName": ref.id}, ref.region), "LoginProfile")
    except NotFound:  # it is the same code for a user without a password and for no user
        if item is None:
            ask.one(_USER, {"UserName": ref.id}, ref.region)
        return None


@dataclass(frozen=True)
class MustReset(Switch):
    """Whether the password must be changed at the next sign-in; absent for a user who has none."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The report, and what is asked about each who has a password."""
        return (_PROFILE, _USER, *OPERATIONS)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask, unless the report says that there is no password."""
        profile = _profile(ask, ref, item, _reported(ask, ref, item))
        return Reading(ABSENT if profile is None else bool(profile.get("PasswordResetRequired")))


@dataclass(frozen=True)
class SignIn(Look):
    """What is said of the signing in of a user; absent for one who has no password."""

    said: Callable[[Ask, Ref, Mapping[str, str], Json], Value] = field(kw_only=True)
    calls: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The report, and what is asked about each who has a password."""
        return (_PROFILE, _USER, *OPERATIONS, *self.calls)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask, unless the report says that there is no password."""
        reported = _reported(ask, ref, item)
        profile = _profile(ask, ref, item, reported)
        return Reading(ABSENT if profile is None else self.said(ask, ref, reported, profile))


def _has_second_factor(ask: Ask, ref: Ref, reported: Mapping[str, str], profile: Json) -> Value:
    del reported, profile
    return bool(ask.every(_DEVICES, {"UserName": ref.id}, ref.region, "MFADevices"))


def _idle_days(ask: Ask, ref: Ref, reported: Mapping[str, str], profile: Json) -> Value:
    """Since the last use of the password, or since it was made where there was none."""
    used = date_of(reported.get("password_last_used", ""))
    if not used:
        used = at(ask.one(_USER, {"UserName": ref.id}, ref.region), "User.PasswordLastUsed")
    return days_since(ask, str(used or profile["CreateDate"]))


def _must_reset(required: bool) -> Send:  # noqa: FBT001
    return Send("iam.UpdateLoginProfile", {**_NAMED, "PasswordResetRequired": required})


MUST_RESET: Final = MustReset(
    name="must_reset",
    get=Get(_PROFILE, _NAMED),
    levels={True: _must_reset(required=True), False: _must_reset(required=False)},
)
SECOND_FACTOR: Final = SignIn(name="second_factor", said=_has_second_factor, calls=(_DEVICES,))
SIGN_IN_IDLE: Final = SignIn(name="sign_in_idle", said=_idle_days)
