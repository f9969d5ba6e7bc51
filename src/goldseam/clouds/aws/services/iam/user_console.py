"""Users who sign in to the console: a second factor, and passwords that nobody uses."""

from __future__ import annotations

from typing import Annotated, Final

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.control import Between, Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import ABSENT, Json, Value


@control(
    "aws.iam.user.second-factor", USER, severity=Severity.HIGH,
    maps=required("iam_user_mfa_enabled_console_access"),
    compliant=[{"second_factor": ABSENT}, {"second_factor": True}],
    violating=[{"second_factor": False}],
)  # fmt: skip
def second_factor(second_factor: Value) -> Verdict:
    """Who signs in with a password is asked for a second factor.

    A password can be guessed, phished or found in another site's leak; a device has to be stolen as well.
    """
    if second_factor is not False:
        return compliant
    return violation(
        because="the user has a console password and no second factor",
        guide="1. the user signs in, opens Security credentials from the menu at the top right, and chooses Assign MFA "
        "device (a passkey or security key where possible); 2. until that is done, deny all but the actions that this "
        "takes with a policy on `aws:MultiFactorAuthPresent`; 3. delete the password where nobody signs in with it",
    )


@control(
    "aws.iam.user.no-unused-password", USER, severity=Severity.MEDIUM,
    maps=required("iam_user_console_access_unused"),
    covers=("security-hub:IAM.8", "security-hub:IAM.22", "cloudbots:iam_user_disable_console_password"),
    compliant=[
        {"sign_in_idle": ABSENT}, {"sign_in_idle": 30}, Example({"sign_in_idle": 75}, settings={"days": 90}),
    ],
    violating=[{"sign_in_idle": 45}, Example({"sign_in_idle": 90}, settings={"days": 90})],
)  # fmt: skip
def no_unused_password(sign_in_idle: Value, *, days: Annotated[int, Between(1, 3650)] = 45) -> Verdict:
    """There is no console password that nobody uses.

    A password that is not missed can only be of use to whoever finds it. It cannot be brought back once it is deleted,
    so a person deletes it. Idle time counts from the last sign-in, or from the making of the password where there was
    none, and moves in steps of 15 days. 45 days are what CIS and Security Hub's IAM.22 ask for; the 90 of IAM.8 are
    kept then, too.
    """
    if sign_in_idle is ABSENT or sign_in_idle < days:
        return compliant
    return violation(
        because=f"the console password was not used for {days} days",
        guide="1. ask the user, or who is responsible for it; 2. `aws iam delete-login-profile --user-name NAME`: "
        "access keys go on working; 3. whoever comes back is given a new password by an administrator",
    )


@control(
    "aws.iam.user.idle-password-renewed", USER, severity=Severity.LOW,
    disrupts=may_disrupt(
        "the user must set a new password when next signing in, and who may not change one's own is locked out until "
        "an administrator helps"
    ),
    maps=required("iam_user_console_access_unused"),
    covers=("cloudbots:iam_user_force_password_change",),
    compliant=[
        {"must_reset": ABSENT, "sign_in_idle": ABSENT},
        {"must_reset": False, "sign_in_idle": 30},
        {"must_reset": True, "sign_in_idle": 360},
    ],
    violating=[
        Example({"must_reset": False, "sign_in_idle": 45}, leaves={"must_reset": True}),
        Example({"must_reset": False, "sign_in_idle": 30}, settings={"days": 30}, leaves={"must_reset": True}),
    ],
)  # fmt: skip
def idle_password_renewed(
    must_reset: Value, sign_in_idle: Value, *, days: Annotated[int, Between(1, 3650)] = 45
) -> Verdict:
    """A password that was idle for long is changed at the next sign-in.

    What was written down, shared or leaked in the meantime then opens the console once at most, and not unnoticed: its
    owner finds the password changed.
    """
    if must_reset is not False or sign_in_idle is ABSENT or sign_in_idle < days:
        return compliant
    return should_be(must_reset=True, because=f"the password was not used for {days} days and need not be changed")


_FIRST_KEY: Final = {"id": "AKIAEXAMPLEFIRST0001", "status": "Active", "created": "2024-01-01T00:00:00+00:00"}


def _use(date: str = "") -> list[Json]:
    return [{"id": _FIRST_KEY["id"], "last_used": date, "service": "s3" if date else ""}]


@control(
    "aws.iam.user.no-key-from-the-start", USER, severity=Severity.LOW,
    disrupts=may_disrupt("whoever was about to use the key for the first time has to switch it on again, by one call"),
    maps=required("iam_user_no_setup_initial_access_key"),
    compliant=[
        {"access_keys": [_FIRST_KEY], "last_used": _use(), "age": [{"id": _FIRST_KEY["id"], "days": 0}],
         "must_reset": False},
        {"access_keys": [_FIRST_KEY], "last_used": _use(), "age": [{"id": _FIRST_KEY["id"], "days": 30}],
         "must_reset": ABSENT},
        {"access_keys": [_FIRST_KEY], "last_used": _use("2024-01-01T00:00:00+00:00"),
         "age": [{"id": _FIRST_KEY["id"], "days": 30}], "must_reset": False},
    ],
    violating=[
        Example(
            {"access_keys": [_FIRST_KEY], "last_used": _use(), "age": [{"id": _FIRST_KEY["id"], "days": 15}],
             "must_reset": False},
            leaves={"access_keys": [{**_FIRST_KEY, "status": "Inactive"}]},
        )
    ],
)  # fmt: skip
def no_key_from_the_start(
    access_keys: list[Json], last_used: list[Json], age: list[Json], must_reset: Value
) -> Verdict:
    """Who signs in to the console has no access key that was never used.

    A key that was made with the user, because the form offers it, lies in a file that nobody looks after. One that was
    made in the last days may still wait for its first use.
    """
    unused = {item["id"] for item in last_used if not item["last_used"]} & {item["id"] for item in age if item["days"]}
    found = [key["id"] for key in access_keys if key["id"] in unused and key["status"] == "Active"]
    if must_reset is ABSENT or not found:
        return compliant
    after = [{**key, "status": "Inactive"} if key["id"] in found else key for key in access_keys]
    return should_be(access_keys=after, because=f"never used: {', '.join(found)}")
