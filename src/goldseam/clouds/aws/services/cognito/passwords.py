"""What user pools ask of passwords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cognito.pool import USER_POOL, pool_form
from goldseam.control import Between, Control, Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import ABSENT, Json

_NEW_ONLY: Final = may_disrupt(
    "users who sign up, reset or change a password, and applications that create users, are refused passwords "
    "that were accepted before",
    source="Amazon Cognito Developer Guide, Passwords, account recovery, and password policies",
)
_STRONG: Final = pool_form({"Policies": {"PasswordPolicy": {"MinimumLength": 16, "TemporaryPasswordValidityDays": 3}}})


def _with(settings: Mapping[str, Json], **rules: Json) -> Mapping[str, Json]:
    """The pool with these rules for passwords, and all else as it is."""
    policies = settings["Policies"]
    return {**settings, "Policies": {**policies, "PasswordPolicy": {**policies["PasswordPolicy"], **rules}}}


@dataclass(frozen=True, slots=True)
class _Class:
    """A class of characters that a password holds."""

    word: str
    field: str
    one: str
    check: str


_CLASSES: Final = (
    _Class("lowercase", "RequireLowercase", "a lower-case letter", "lowercase"),
    _Class("uppercase", "RequireUppercase", "an upper-case letter", "uppercase"),
    _Class("numbers", "RequireNumbers", "a digit", "number"),
    _Class("symbols", "RequireSymbols", "a symbol", "symbol"),
)


def _class_control(asked: _Class) -> Control:
    @control(
        f"aws.cognito.user-pool.password-{asked.word}",
        USER_POOL,
        severity=Severity.LOW,
        title=f"Passwords of users hold {asked.one}",
        why="Each further class of characters multiplies what a guesser has to try.",
        disrupts=_NEW_ONLY,
        maps=required(f"cognito_user_pool_password_policy_{asked.check}"),
        compliant=[{"settings": _STRONG}],
        violating=[Example({"settings": _with(_STRONG, **{asked.field: False})}, leaves={"settings": _STRONG})],
    )
    def holds(settings: Mapping[str, Json]) -> Verdict:
        if settings["Policies"]["PasswordPolicy"][asked.field]:
            return compliant
        wanted = _with(settings, **{asked.field: True})
        return should_be(settings=wanted, because=f"passwords need not hold {asked.one}")

    return holds


PASSWORD_CLASSES: Final = tuple(map(_class_control, _CLASSES))
"""One control for each class of characters."""


@control(
    "aws.cognito.user-pool.password-length",
    USER_POOL,
    severity=Severity.MEDIUM,
    disrupts=_NEW_ONLY,
    maps=required("cognito_user_pool_password_policy_minimum_length_14"),
    compliant=[{"settings": _STRONG}],
    violating=[
        Example({"settings": ABSENT}, leaves={"settings": _with(pool_form(ABSENT), MinimumLength=14)}),
        Example({"settings": _STRONG}, {"length": 20}, leaves={"settings": _with(_STRONG, MinimumLength=20)}),
    ],
)
def password_length(settings: Mapping[str, Json], *, length: Annotated[int, Between(6, 99)] = 14) -> Verdict:
    """Passwords of users are long.

    Length does more against guessing than anything else that can be asked of a password.
    """
    found = settings["Policies"]["PasswordPolicy"]["MinimumLength"]
    if found >= length:
        return compliant
    because = f"{found} characters are enough, and should be {length}"
    return should_be(settings=_with(settings, MinimumLength=length), because=because)


@control(
    "aws.cognito.user-pool.temporary-password-short-lived",
    USER_POOL,
    severity=Severity.LOW,
    disrupts=may_disrupt(
        "invited users who sign in later than that with their temporary password are refused until an "
        "administrator invites them again",
        source="Amazon Cognito Developer Guide, Passwords, account recovery, and password policies",
    ),
    maps=required("cognito_user_pool_temporary_password_expiration"),
    compliant=[{"settings": _STRONG}, {"settings": ABSENT}],
    violating=[
        Example(
            {"settings": _with(_STRONG, TemporaryPasswordValidityDays=90)},
            leaves={"settings": _with(_STRONG, TemporaryPasswordValidityDays=7)},
        ),
        Example({"settings": ABSENT}, {"days": 3}),
    ],
)
def temporary_short_lived(settings: Mapping[str, Json], *, days: Annotated[int, Between(1, 365)] = 7) -> Verdict:
    """A temporary password works for a few days only.

    It was sent by mail or text, and whoever finds it before its owner used it becomes that user.
    """
    found = settings["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"]
    if found <= days:
        return compliant
    because = f"temporary passwords work for {found} days, and should for {days}"
    return should_be(settings=_with(settings, TemporaryPasswordValidityDays=days), because=because)
