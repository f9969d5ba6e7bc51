"""User pools: how they are read and written whole.

`UpdateUserPool` sets what a call leaves out to its default (Cognito API Reference, UpdateUserPool), so a pool is
written whole, from a fresh reading, with the one member changed that offends. Whether a second factor is asked for is
written by `SetUserPoolMfaConfig`, and only handed on by the other.
"""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Get, Send, only, tags, version
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.shapes import Document
from goldseam.model.values import ABSENT, Json, Placeholder, Value

_POOL: Final = {"UserPoolId": "{id}"}
_MEMBERS: Final = (
    "Policies", "DeletionProtection", "LambdaConfig", "AutoVerifiedAttributes", "SmsVerificationMessage",
    "EmailVerificationMessage", "EmailVerificationSubject", "VerificationMessageTemplate", "SmsAuthenticationMessage",
    "UserAttributeUpdateSettings", "DeviceConfiguration", "EmailConfiguration", "SmsConfiguration", "UserPoolTags",
    "AdminCreateUserConfig", "UserPoolAddOns", "AccountRecoverySetting", "UserPoolTier", "KeyConfiguration",
    "IssuerConfiguration",
)  # fmt: skip
"""What `UpdateUserPool` takes, but the pool's name and the second factor."""

_PASSWORDS: Final = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "TemporaryPasswordValidityDays": 7,
}
FRESH: Final = {
    "Policies": {"PasswordPolicy": _PASSWORDS},
    "DeletionProtection": "INACTIVE",
    "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False},
    "UserPoolAddOns": {"AdvancedSecurityMode": "OFF"},
    "UserPoolTier": "ESSENTIALS",
}
"""What Cognito takes for what a new pool does not say."""

_SAID_TWICE: Final = {
    "SmsVerificationMessage": "SmsMessage",
    "EmailVerificationMessage": "EmailMessage",
    "EmailVerificationSubject": "EmailSubject",
}


def _policies(held: Json) -> Json:
    """The password policy with every rule said; a history of none is none."""
    passwords = {**_PASSWORDS, **(held.get("PasswordPolicy") or {})}
    rules = {name: rule for name, rule in passwords.items() if rule or name != "PasswordHistorySize"}
    return {**held, "PasswordPolicy": rules}


def pool_form(value: Value) -> Value:
    """The pool with defaults filled in, empty members left out, and nothing said twice.

    Cognito refuses a call with both ages of a temporary password, so the older word for it is left out.
    """
    held = {name: item for name, item in (value or {}).items() if item not in ({}, [], "")}
    held = {**FRESH, **held, "Policies": _policies(held.get("Policies") or {})}
    invites = {**FRESH["AdminCreateUserConfig"], **held["AdminCreateUserConfig"]}  # type: ignore[dict-item]
    held["AdminCreateUserConfig"] = {key: item for key, item in invites.items() if key != "UnusedAccountValidityDays"}
    template = held["VerificationMessageTemplate"]
    twice = {name for name, other in _SAID_TWICE.items() if held.get(name) and held[name] == template.get(other)}
    if "AutoVerifiedAttributes" in held:
        held["AutoVerifiedAttributes"] = sorted(held["AutoVerifiedAttributes"])
    return {name: item for name, item in held.items() if name not in twice}


_FACTORS: Final = (
    "MfaConfiguration", "SmsMfaConfiguration", "SoftwareTokenMfaConfiguration", "EmailMfaConfiguration",
    "WebAuthnConfiguration",
)  # fmt: skip


def _factors(value: Value) -> Value:
    """How a second factor is asked for, and by what; codes are off unless they are on."""
    held = {name: item for name, item in (value or {}).items() if item}
    return {"MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": {"Enabled": False}, **held}


_RISKS: Final = (
    "CompromisedCredentialsRiskConfiguration", "AccountTakeoverRiskConfiguration", "RiskExceptionConfiguration",
)  # fmt: skip


def _risk_form(value: Value) -> Value:
    """What is done about risks; nothing said is nothing done."""
    held = {} if value is ABSENT else value
    return {name: item for name, item in held.items() if item} or ABSENT


USER_POOL: Final = AwsKind(
    "aws.cognito.user-pool",
    "Cognito user pool",
    (
        Document(
            name="settings",
            get=Get("cognito-idp.DescribeUserPool", _POOL, "UserPool"),
            decode=only(*_MEMBERS),
            form=pool_form,
            sensitive=("SmsConfiguration.ExternalId", "SmsConfiguration.*.ExternalId"),
            tells=version("UserPool.MfaConfiguration"),
            put=Send(
                "cognito-idp.UpdateUserPool",
                {**_POOL, "MfaConfiguration": Placeholder("settings", "UserPool.MfaConfiguration")},
                passes=("SmsConfiguration.SnsCallerArn",),
            ),
            spread=True,
        ),
        Document(
            name="factors",
            get=Get("cognito-idp.GetUserPoolMfaConfig", _POOL),
            decode=only(*_FACTORS),
            form=_factors,
            sensitive=(
                "SmsMfaConfiguration.SmsConfiguration.ExternalId",
                "SmsMfaConfiguration.SmsConfiguration.*.ExternalId",
            ),
            put=Send(
                "cognito-idp.SetUserPoolMfaConfig", _POOL, passes=("SmsMfaConfiguration.SmsConfiguration.SnsCallerArn",)
            ),
            spread=True,
        ),
        Document(
            name="risks",
            get=Get("cognito-idp.DescribeRiskConfiguration", _POOL, "RiskConfiguration"),
            decode=only(*_RISKS),
            form=_risk_form,
            put=Send("cognito-idp.SetRiskConfiguration", _POOL),
            spread=True,
            delete=Send("cognito-idp.SetRiskConfiguration", _POOL),
        ),
        tags(Get("cognito-idp.DescribeUserPool", _POOL, "UserPool.UserPoolTags")),
    ),
    touched_by=(changes("cognito-idp", f"{REQUEST}.userPoolId", f"{ANSWER}.userPool.id"),),
    address="arn:{partition}:cognito-idp:{region}:{account}:userpool/{id}",
    find=Listing("cognito-idp.ListUserPools", "UserPools", id="Id", parameters={"MaxResults": 60}),
)
