"""The root user of the account, which no policy limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from goldseam.clouds.aws.elapsed import days_since
from goldseam.clouds.aws.facet import Get, Look, Reading
from goldseam.clouds.aws.kind import Ask, AwsKind, ListingScope, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.iam.report import OPERATIONS, ROOT, date_of, rows
from goldseam.control import Between, Example, Severity, Touch, Verdict, compliant, control, violation
from goldseam.model.errors import NotUnderstood
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_DEVICES: Final = "iam.ListVirtualMFADevices"
_USES: Final = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")


def _credentials(summary: Json) -> Value:
    """What the summary of the account says; the password is taken to be there where it does not say."""
    return {
        "password": bool(summary.get("AccountPasswordPresent", 1)),
        "second_factor": bool(summary["AccountMFAEnabled"]),
        "access_keys": bool(summary["AccountAccessKeysPresent"]),
    }


@dataclass(frozen=True)
class VirtualDevice(Look):
    """Whether a second factor of the root user is an app."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """All that are apps."""
        return (_DEVICES,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Look for one that is the root user's."""
        del item
        found = ask.every(_DEVICES, {"AssignmentStatus": "Assigned"}, ref.region, "VirtualMFADevices")
        return Reading(any(str((device.get("User") or {}).get("Arn", "")).endswith(":root") for device in found))


@dataclass(frozen=True)
class RootIdleDays(Look):
    """Days since the root user was last there, in steps of 15; absent when it never was."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """Only the credential report says it."""
        return OPERATIONS

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The latest of its uses."""
        del item
        row = rows(ask, ref.region).get(ROOT)
        if row is None:
            msg = "the credential report has no row for the root user"
            raise NotUnderstood(msg)
        used = max(date_of(row[name]) for name in _USES)
        return Reading(days_since(ask, used) if used else ABSENT)


_ON_ROOT: Final = ("EnableMFADevice", "DeactivateMFADevice", "CreateAccessKey", "DeleteAccessKey")


def _as_root(source: str, *names: str) -> Touch:
    """What the root user did: nobody else changes its credentials."""
    done = changes(source, "recipientAccountId", names=names)
    return Touch({**done.when, "userIdentity.type": ("Root",)}, done.paths)


ROOT_USER: Final = AwsKind(
    "aws.iam.root",
    "root user",
    (
        Look(name="credentials", get=Get("iam.GetAccountSummary", path="SummaryMap"), decode=_credentials),
        VirtualDevice(name="virtual_device"),
        RootIdleDays(name="idle"),
    ),
    touched_by=(_as_root("iam", *_ON_ROOT), _as_root("signin", "ConsoleLogin")),
    address="arn:{partition}:iam::{account}:root",
    scope=ListingScope.GLOBAL,
)  # fmt: skip

_RIGHT: Final = {"password": True, "second_factor": True, "access_keys": False}
_NONE: Final = {"password": False, "second_factor": False, "access_keys": False}


@control(
    "aws.iam.root.second-factor", ROOT_USER, severity=Severity.CRITICAL,
    maps=required("iam_root_mfa_enabled"),
    compliant=[{"credentials": _RIGHT}, {"credentials": _NONE}],
    violating=[{"credentials": {**_RIGHT, "second_factor": False}}, {"credentials": {**_NONE, "access_keys": True}}],
)  # fmt: skip
def second_factor(credentials: Value) -> Verdict:
    """The root user is asked for a second factor.

    Nothing limits the root user: whoever signs in as it owns the account. One whose credentials were removed centrally,
    by the organisation, cannot sign in and needs none.
    """
    held = credentials["password"] or credentials["access_keys"]
    if credentials["second_factor"] or not held:
        return compliant
    return violation(
        because="the root user has no second factor",
        guide="sign in as the root user, open Security credentials from the menu at the top right, assign two "
        "devices, and keep one of them in a safe; or let the organisation remove the root credentials of its member "
        "accounts",
    )


@control(
    "aws.iam.root.second-factor-is-a-device", ROOT_USER, severity=Severity.MEDIUM,
    maps=required("iam_root_hardware_mfa_enabled"),
    compliant=[{"credentials": _RIGHT, "virtual_device": False}, {"credentials": _NONE, "virtual_device": False}],
    violating=[
        {"credentials": _RIGHT, "virtual_device": True},
        {"credentials": {**_RIGHT, "second_factor": False}, "virtual_device": False},
    ],
)  # fmt: skip
def second_factor_is_a_device(credentials: Value, virtual_device: Value) -> Verdict:
    """The second factor of the root user is a device of its own.

    An app's secret can be copied with the phone's backup; a security key cannot, and it refuses a false sign-in page.
    """
    held = credentials["password"] or credentials["access_keys"]
    if not held or (credentials["second_factor"] and not virtual_device):
        return compliant
    because = "the second factor is an app" if virtual_device else "the root user has no second factor"
    return violation(
        because=because,
        guide="sign in as the root user, open Security credentials, assign a passkey on a security key, sign in with "
        "it once, and then remove the app",
    )


@control(
    "aws.iam.root.no-access-keys", ROOT_USER, severity=Severity.CRITICAL,
    maps=required("iam_no_root_access_key"),
    compliant=[{"credentials": _RIGHT}],
    violating=[{"credentials": {**_RIGHT, "access_keys": True}}],
)  # fmt: skip
def no_access_keys(credentials: Value) -> Verdict:
    """The root user has no access keys.

    A key is asked for no second factor, and the root user's is good for everything.
    """
    if not credentials["access_keys"]:
        return compliant
    return violation(
        because="the root user has an access key",
        guide="1. see in Security credentials, as the root user, when and for what it was last used; 2. move that to a "
        "role; 3. make the key inactive for a week; 4. delete it",
    )


@control(
    "aws.iam.root.not-used", ROOT_USER, severity=Severity.HIGH,
    maps=required("iam_avoid_root_usage"),
    compliant=[{"idle": ABSENT}, {"idle": 30}],
    violating=[{"idle": 0}, Example({"idle": 30}, settings={"days": 45})],
)  # fmt: skip
def not_used(idle: Value, *, days: Annotated[int, Between(1, 365)] = 15) -> Verdict:
    """The root user is not used.

    Few tasks need it. Whoever works as it is one mistake away from everything, and its record names no person. Days
    move in steps of 15.
    """
    if idle is ABSENT or idle >= days:
        return compliant
    return violation(
        because=f"the root user was used in the last {days} days",
        guide="see in CloudTrail what was done (`userIdentity.type` is `Root`), make a role that may do it, and keep "
        "the root user for the tasks of the page Tasks that require root user credentials",
    )
