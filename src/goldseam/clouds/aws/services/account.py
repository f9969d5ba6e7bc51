"""The account: its password policy for IAM users, and the block on public access to all of its buckets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Reading, Send, absent_is
from goldseam.clouds.aws.kind import Ask, AwsKind, ListingScope, changes, filled
from goldseam.clouds.aws.public import FLAGS
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import (
    EVERYTHING,
    Between,
    Control,
    Disruption,
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_ANY: Final = ("*",)
"""The resource of calls that IAM knows no narrower one for."""

_UNSAID: Final = {
    "MinimumPasswordLength": 6,
    "RequireSymbols": False,
    "RequireNumbers": False,
    "RequireUppercaseCharacters": False,
    "RequireLowercaseCharacters": False,
    "AllowUsersToChangePassword": False,
    "HardExpiry": False,
}
"""What IAM takes for a field that a put leaves out (IAM API Reference, UpdateAccountPasswordPolicy)."""

_COUNTED: Final = ("MaxPasswordAge", "PasswordReusePrevention")
"""Fields that are there only when they are above zero; a put takes no zero."""

FRESH: Final = {
    **_UNSAID,
    "MinimumPasswordLength": 8,
    "RequireNumbers": True,
    "RequireUppercaseCharacters": True,
    "RequireLowercaseCharacters": True,
}
"""The least policy that is no weaker than having none.

Without a policy IAM asks for eight characters of three of the four classes (IAM User Guide, "Default password policy").
A policy of one's own replaces that whole rule and cannot say "three of four", so the first one names three.
"""


def _policy_form(value: Value) -> Value:
    """The policy with every field said; `ExpirePasswords` is left out, for it only says that there is an age."""
    if value is ABSENT:
        return ABSENT
    counted = {name: value[name] for name in _COUNTED if value.get(name)}
    return {**_UNSAID, **{name: value[name] for name in _UNSAID if value.get(name) is not None}, **counted}


def _block_form(value: Value) -> Value:
    """The four switches, each said; a block without any of them on is what an account has without one."""
    if value is ABSENT or not any(value.values()):
        return ABSENT
    return {name: bool(value.get(name, False)) for name in FLAGS}


_OF_ACCOUNT: Final = {"AccountId": "{account}"}
_SECURITY: Final = {"AlternateContactType": "SECURITY"}
_OWN_ACCOUNT: Final = ("arn:{partition}:account::{account}:account",)
_ENTITIES: Final = "iam.ListEntitiesForPolicy"
_CONTACT: Final = ("EmailAddress", "Name", "PhoneNumber", "Title")


def _contact_form(value: Value) -> Value:
    return ABSENT if value is ABSENT else {name: value[name] for name in _CONTACT}


@dataclass(frozen=True)
class Holders(Look):
    """The roles that hold a policy of AWS, by name."""

    policy: str = field(kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """Who holds the policy."""
        return (_ENTITIES,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask for the roles only."""
        del item
        named = filled({"PolicyArn": f"arn:{{partition}}:iam::aws:policy/{self.policy}", "EntityFilter": "Role"}, ref)
        found = ask.every(_ENTITIES, named, ref.region, "PolicyRoles")
        return Reading(sorted(str(role["RoleName"]) for role in found))


ACCOUNT: Final = AwsKind(
    "aws.account",
    "account",
    (
        Document(
            name="password_policy",
            get=Get("iam.GetAccountPasswordPolicy", path="PasswordPolicy", absent=("NoSuchEntity",)),
            form=_policy_form,
            put=Send("iam.UpdateAccountPasswordPolicy", {}, _ANY),
            spread=True,
            delete=Send("iam.DeleteAccountPasswordPolicy", {}, _ANY),
        ),
        Document(
            name="public_access_block",
            get=Get(
                "s3control.GetPublicAccessBlock", _OF_ACCOUNT,
                path="PublicAccessBlockConfiguration", absent=("NoSuchPublicAccessBlockConfiguration",),
            ),
            form=_block_form,
            put=Send("s3control.PutPublicAccessBlock", {**_OF_ACCOUNT, "PublicAccessBlockConfiguration": VALUE}, _ANY),
            delete=Send("s3control.DeletePublicAccessBlock", _OF_ACCOUNT, _ANY),
        ),
        Document(
            name="security_contact",
            get=Get(
                "account.GetAlternateContact", _SECURITY, "AlternateContact", absent=("ResourceNotFoundException",)
            ),
            form=_contact_form,
            sensitive=EVERYTHING,
            put=Send("account.PutAlternateContact", _SECURITY, _OWN_ACCOUNT),
            spread=True,
            delete=Send("account.DeleteAlternateContact", _SECURITY, _OWN_ACCOUNT),
        ),
        Look(
            name="organisation",
            get=Get(
                "organizations.DescribeOrganization", path="Organization.Id",
                absent=("AWSOrganizationsNotInUseException",),
            ),
        ),
        Holders(name="support", form=absent_is([]), policy="AWSSupportAccess"),
    ),
    touched_by=(
        changes("account", "recipientAccountId", names=("PutAlternateContact", "DeleteAlternateContact")),
        changes(
            "iam", "recipientAccountId", names=("UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy")
        ),
        changes("s3", "recipientAccountId", names=("PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock")),
    ),
    address="arn:{partition}:iam::{account}:root",
    scope=ListingScope.GLOBAL,
)  # fmt: skip


_NO_POLICY: Final = "the account has no password policy"


def _with(policy: Value, **fields: Json) -> Value:
    return {**(FRESH if policy is ABSENT else policy), **fields}


_STRONG: Final = {**dict.fromkeys(_UNSAID, True), "MinimumPasswordLength": 16, "HardExpiry": False}
"""For examples: a policy with neighbours that no fix may touch."""


@dataclass(frozen=True, slots=True)
class _Switch:
    """A password rule that is on or off."""

    word: str
    field: str
    title: str
    why: str
    missing: str
    seed: str
    checks: tuple[str, ...]
    disrupts: Disruption
    severity: Severity = Severity.MEDIUM
    rows: tuple[str, ...] = ()


_NEW_ONLY: Final = harmless(
    "the requirement applies when a password is next set; existing passwords continue to work",
    source="IAM User Guide, Set an account password policy for IAM users",
    noticed_by="IAM users and administrators who set a new password",
)
_FOR_CLASSES: Final = "Each further class of characters multiplies what a guesser has to try."

_ALL_IN_ONE: Final = "cloudbots:iam_turn_on_password_policy"

_SWITCHES: Final = (
    _Switch(
        "lowercase", "RequireLowercaseCharacters", "Passwords of IAM users hold a lower-case letter", _FOR_CLASSES,
        "no lower-case letter is asked for", "passwordRequiresLowercase",
        ("iam_password_policy_lowercase",), _NEW_ONLY, Severity.LOW,
        rows=("security-hub:IAM.12", "security-hub:IAM.7", "prowler:iam_password_policy_lowercase", _ALL_IN_ONE),
    ),
    _Switch(
        "uppercase", "RequireUppercaseCharacters", "Passwords of IAM users hold an upper-case letter", _FOR_CLASSES,
        "no upper-case letter is asked for", "passwordRequiresUppercase", ("iam_password_policy_uppercase",), _NEW_ONLY,
        rows=("security-hub:IAM.11", "security-hub:IAM.7", "prowler:iam_password_policy_uppercase", _ALL_IN_ONE),
    ),
    _Switch(
        "numbers", "RequireNumbers", "Passwords of IAM users hold a digit", _FOR_CLASSES,
        "no digit is asked for", "passwordRequiresNumbers", ("iam_password_policy_number",), _NEW_ONLY,
        rows=("security-hub:IAM.14", "security-hub:IAM.7", "prowler:iam_password_policy_number", _ALL_IN_ONE),
    ),
    _Switch(
        "symbols", "RequireSymbols", "Passwords of IAM users hold a symbol", _FOR_CLASSES,
        "no symbol is asked for", "passwordRequiresSymbols", ("iam_password_policy_symbol",), _NEW_ONLY,
        rows=("security-hub:IAM.13", "security-hub:IAM.7", "prowler:iam_password_policy_symbol", _ALL_IN_ONE),
    ),
    _Switch(
        "changeable", "AllowUsersToChangePassword", "IAM users may change their own passwords",
        "Who suspects that a password leaked can change it at once, and nobody else has to know the new one.",
        "users cannot change their own passwords", "policyAllowsToChangePassword", (),
        harmless(
            "users gain permission to change their own password and lose none",
            source="IAM User Guide, Set an account password policy for IAM users",
            noticed_by="IAM users",
        ), Severity.LOW,
    ),
    _Switch(
        "hard-expiry", "HardExpiry", "An expired password of an IAM user opens nothing",
        "With it whoever finds an old password cannot use it to set a new one. The price is that its owner needs an "
        "administrator.",
        "an expired password can still be used to set a new one", "passwordExpiration", (),
        may_disrupt(
            "a user whose password has expired is locked out until an administrator sets a new one; when all who "
            "administer the account are such users, only its root user gets in"
        ),
        Severity.LOW,
    ),
)  # fmt: skip


def _switch_control(switch: _Switch) -> Control:
    good = {**_STRONG, switch.field: True}
    bad = {**good, switch.field: False}

    @control(
        f"aws.account.password-{switch.word}", ACCOUNT, severity=switch.severity, title=switch.title, why=switch.why,
        disrupts=switch.disrupts, maps=required(*switch.checks), covers=(f"seed:{switch.seed}", *switch.rows),
        compliant=[{"password_policy": good}],
        violating=[
            Example({"password_policy": bad}, leaves={"password_policy": good}),
            Example({"password_policy": ABSENT}, leaves={"password_policy": {**FRESH, switch.field: True}}),
        ],
    )  # fmt: skip
    def switched_on(password_policy: Value) -> Verdict:
        if password_policy is ABSENT:
            return should_be(password_policy=_with(ABSENT, **{switch.field: True}), because=_NO_POLICY)
        if password_policy[switch.field]:
            return compliant
        return should_be(password_policy=_with(password_policy, **{switch.field: True}), because=switch.missing)

    return switched_on


PASSWORD_SWITCHES: Final = tuple(map(_switch_control, _SWITCHES))
"""One control for each rule that is on or off."""


@control(
    "aws.account.password-length", ACCOUNT, severity=Severity.MEDIUM, disrupts=_NEW_ONLY,
    maps=required("iam_password_policy_minimum_length_14"),
    covers=(
        "seed:minPasswordLength", "security-hub:IAM.7", "security-hub:IAM.15",
        "prowler:iam_password_policy_minimum_length_14", _ALL_IN_ONE,
    ),
    compliant=[{"password_policy": _STRONG}],
    violating=[
        Example(
            {"password_policy": {**_STRONG, "MinimumPasswordLength": 8}},
            leaves={"password_policy": {**_STRONG, "MinimumPasswordLength": 14}},
        ),
        Example({"password_policy": ABSENT}, leaves={"password_policy": {**FRESH, "MinimumPasswordLength": 14}}),
        Example({"password_policy": _STRONG}, settings={"length": 20}),
    ],
)  # fmt: skip
def password_length(password_policy: Value, *, length: Annotated[int, Between(6, 128)] = 14) -> Verdict:
    """Passwords of IAM users are long.

    Length does more against guessing than anything else that can be asked of a password.
    """
    if password_policy is ABSENT:
        return should_be(password_policy=_with(ABSENT, MinimumPasswordLength=length), because=_NO_POLICY)
    found = password_policy["MinimumPasswordLength"]
    if found >= length:
        return compliant
    because = f"{found} characters are enough, and should be {length}"
    return should_be(password_policy=_with(password_policy, MinimumPasswordLength=length), because=because)


@control(
    "aws.account.password-age", ACCOUNT, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "users with a password older than that must set a new one when they next sign in; where expiry is hard, they "
        "are locked out until an administrator sets one"
    ),
    maps=required("iam_password_policy_expires_passwords_within_90_days_or_less"),
    covers=(
        "seed:maxPasswordAge", "security-hub:IAM.7", "security-hub:IAM.17",
        "prowler:iam_password_policy_expires_passwords_within_90_days_or_less", _ALL_IN_ONE,
    ),
    compliant=[{"password_policy": {**_STRONG, "MaxPasswordAge": 60}}],
    violating=[
        Example({"password_policy": _STRONG}, leaves={"password_policy": {**_STRONG, "MaxPasswordAge": 90}}),
        {"password_policy": {**_STRONG, "MaxPasswordAge": 365}},
        Example({"password_policy": ABSENT}, leaves={"password_policy": {**FRESH, "MaxPasswordAge": 90}}),
    ],
)  # fmt: skip
def password_age(password_policy: Value, *, days: Annotated[int, Between(1, 1095)] = 90) -> Verdict:
    """Passwords of IAM users expire.

    A password that leaked unnoticed stops working some day.
    """
    if password_policy is ABSENT:
        return should_be(password_policy=_with(ABSENT, MaxPasswordAge=days), because=_NO_POLICY)
    found = password_policy.get("MaxPasswordAge")
    if found and found <= days:
        return compliant
    because = f"passwords expire after {found} days, not {days}" if found else "passwords never expire"
    return should_be(password_policy=_with(password_policy, MaxPasswordAge=days), because=because)


@control(
    "aws.account.password-reuse", ACCOUNT, severity=Severity.MEDIUM, disrupts=_NEW_ONLY,
    maps=required("iam_password_policy_reuse_24"),
    covers=(
        "seed:passwordReusePrevention", "security-hub:IAM.7", "security-hub:IAM.16",
        "prowler:iam_password_policy_reuse_24", _ALL_IN_ONE,
    ),
    compliant=[{"password_policy": {**_STRONG, "PasswordReusePrevention": 24}}],
    violating=[
        Example({"password_policy": _STRONG}, leaves={"password_policy": {**_STRONG, "PasswordReusePrevention": 24}}),
        {"password_policy": {**_STRONG, "PasswordReusePrevention": 3}},
        Example({"password_policy": ABSENT}, leaves={"password_policy": {**FRESH, "PasswordReusePrevention": 24}}),
    ],
)  # fmt: skip
def password_reuse(password_policy: Value, *, remembered: Annotated[int, Between(1, 24)] = 24) -> Verdict:
    """IAM users cannot go back to an earlier password.

    Otherwise a forced change is one to and fro, and what leaked works again.
    """
    if password_policy is ABSENT:
        return should_be(password_policy=_with(ABSENT, PasswordReusePrevention=remembered), because=_NO_POLICY)
    found = password_policy.get("PasswordReusePrevention", 0)
    if found >= remembered:
        return compliant
    because = f"the last {found} passwords are remembered, and should be {remembered}"
    return should_be(password_policy=_with(password_policy, PasswordReusePrevention=remembered), because=because)


_BLOCKED: Final = dict.fromkeys(FLAGS, True)


@control(
    "aws.account.public-access-blocked", ACCOUNT, severity=Severity.HIGH,
    disrupts=may_disrupt(
        "every bucket of the account that is public on purpose, such as a website without CloudFront, stops answering"
    ),
    maps=required("s3_account_level_public_access_blocks"),
    covers=(
        "security-hub:S3.1", "prowler:s3_account_level_public_access_blocks", "cloudbots:s3_block_all_public_access",
    ),
    compliant=[{"public_access_block": _BLOCKED}],
    violating=[
        {"public_access_block": ABSENT},
        Example(
            {"public_access_block": {**_BLOCKED, "RestrictPublicBuckets": False}},
            leaves={"public_access_block": _BLOCKED},
        ),
    ],
)  # fmt: skip
def public_access_blocked(public_access_block: Mapping[str, Json]) -> Verdict:
    """No bucket of the account can be public.

    The account's own block overrules every bucket, so that no policy or list of one bucket opens it by mistake.
    """
    held = public_access_block or {}
    off = [name for name in FLAGS if not held.get(name)]
    if not off:
        return compliant
    return should_be(public_access_block=_BLOCKED, because=f"the account does not say {', '.join(off)}")
