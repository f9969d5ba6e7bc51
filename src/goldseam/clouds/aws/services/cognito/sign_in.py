"""How users come into a pool: by themselves or not, with a second factor, and what is done about risks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cognito.pool import USER_POOL, pool_form
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_FRESH: Final = pool_form(ABSENT)
_ENFORCED: Final = {"AdvancedSecurityMode": "ENFORCED"}
_PLUS: Final = {**_FRESH, "UserPoolTier": "PLUS"}
_GUARDED: Final = {**_PLUS, "UserPoolAddOns": _ENFORCED}


@control(
    "aws.cognito.user-pool.deletion-protected",
    USER_POOL,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "only a deletion is refused, until the protection is switched off again",
        source="Amazon Cognito API Reference, UserPoolType",
        noticed_by="those who delete it",
    ),
    maps=required("cognito_user_pool_deletion_protection_enabled"),
    compliant=[{"settings": {**_FRESH, "DeletionProtection": "ACTIVE"}}],
    violating=[Example({"settings": ABSENT}, leaves={"settings": {**_FRESH, "DeletionProtection": "ACTIVE"}})],
)
def deletion_protected(settings: Mapping[str, Json]) -> Verdict:
    """A user pool cannot be deleted by one call.

    With a pool go all its users, and nobody but they know their passwords.
    """
    if settings["DeletionProtection"] == "ACTIVE":
        return compliant
    return should_be(settings={**settings, "DeletionProtection": "ACTIVE"}, because="deletion protection is off")


_BY_ADMINISTRATORS: Final = {"AllowAdminCreateUserOnly": True}


@control(
    "aws.cognito.user-pool.sign-up-by-administrators",
    USER_POOL,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("nobody can sign up by themselves any more; an application for the public needs that"),
    maps=required("cognito_user_pool_self_registration_disabled"),
    compliant=[{"settings": {**_FRESH, "AdminCreateUserConfig": _BY_ADMINISTRATORS}}],
    violating=[
        Example({"settings": ABSENT}, leaves={"settings": {**_FRESH, "AdminCreateUserConfig": _BY_ADMINISTRATORS}})
    ],
)
def by_administrators(settings: Mapping[str, Json]) -> Verdict:
    """Users are made by administrators.

    Where anyone may sign up, anyone is a user, and has what users of the application or its identity pool have.
    """
    held = settings["AdminCreateUserConfig"]
    if held["AllowAdminCreateUserOnly"]:
        return compliant
    wanted = {**settings, "AdminCreateUserConfig": {**held, **_BY_ADMINISTRATORS}}
    return should_be(settings=wanted, because="anyone may sign up")


@control(
    "aws.cognito.user-pool.threat-protection-enforced",
    USER_POOL,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("sign-ins that Cognito takes for a risk are answered as the pool's risk configuration says"),
    maps=required("cognito_user_pool_advanced_security_enabled"),
    compliant=[{"settings": _GUARDED}],
    violating=[
        Example({"settings": _PLUS}, leaves={"settings": _GUARDED}),
        Example(
            {"settings": {**_PLUS, "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}},
            leaves={"settings": _GUARDED},
        ),
        {"settings": ABSENT},
    ],
)
def threat_protection(settings: Mapping[str, Json]) -> Verdict:
    """Threat protection is enforced.

    It knows passwords that leaked elsewhere and sign-ins that do not look like their user. Only the Plus plan has it:
    a pool in another plan is for a person to decide on, for the plan is paid by user.
    """
    held = settings["UserPoolAddOns"]
    mode = held["AdvancedSecurityMode"]
    if mode == "ENFORCED":
        return compliant
    because = f"threat protection is {mode}"
    if settings["UserPoolTier"] != "PLUS":
        return violation(
            because=f"{because}, and the plan is {settings['UserPoolTier']}",
            guide="look up what the Plus plan costs for the number of active users, choose it in the pool's settings, "
            "then repair this; or exempt the pool",
        )
    return should_be(settings={**settings, "UserPoolAddOns": {**held, **_ENFORCED}}, because=because)


_CODES: Final = {"Enabled": True}
_ON: Final = {"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": _CODES}
_OPTIONAL: Final = {**_ON, "MfaConfiguration": "OPTIONAL"}


@control(
    "aws.cognito.user-pool.second-factor",
    USER_POOL,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "users without a second factor must set one up when they next sign in, and cannot where the application does "
        "not lead them through it"
    ),
    maps=required("cognito_user_pool_mfa_enabled"),
    compliant=[{"factors": _ON}, Example({"factors": _OPTIONAL}, {"optional": True})],
    violating=[
        Example({"factors": ABSENT}, leaves={"factors": _ON}),
        Example({"factors": _OPTIONAL}, leaves={"factors": _ON}),
        Example({"factors": ABSENT}, {"optional": True}, leaves={"factors": _OPTIONAL}),
    ],
)
def second_factor(factors: Mapping[str, Json], *, optional: bool = False) -> Verdict:
    """Users sign in with a second factor.

    A password that was guessed or leaked is then not enough. Codes of an authenticator app are switched on with it;
    other factors stay as they are. With `optional` it is enough that users may have one.
    """
    found, wanted = factors["MfaConfiguration"], "OPTIONAL" if optional else "ON"
    if found in {wanted, "ON"}:
        return compliant
    with_codes = {**factors, "MfaConfiguration": wanted, "SoftwareTokenMfaConfiguration": _CODES}
    return should_be(factors=with_codes, because=f"a second factor is {found}")


_COMPROMISED: Final = "CompromisedCredentialsRiskConfiguration"
_TAKEOVER: Final = "AccountTakeoverRiskConfiguration"
_BLOCK: Final = {"Actions": {"EventAction": "BLOCK"}}
_LEVELS: Final = ("HighAction", "LowAction", "MediumAction")
_BLOCKED: Final = {"Actions": {level: {"EventAction": "BLOCK", "Notify": False} for level in _LEVELS}}


def _without_protection(settings: Mapping[str, Json]) -> bool:
    return bool(settings["UserPoolAddOns"]["AdvancedSecurityMode"] == "OFF")


_FIRST: Final = "choose the Plus plan, switch on threat protection, then repair this; or exempt the pool"


@control(
    "aws.cognito.user-pool.compromised-credentials-blocked",
    USER_POOL,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("users whose password is known to have leaked cannot sign in until they set a new one"),
    maps=required("cognito_user_pool_blocks_compromised_credentials_sign_in_attempts"),
    compliant=[{"settings": _GUARDED, "risks": {_COMPROMISED: _BLOCK}}],
    violating=[
        Example({"settings": _GUARDED, "risks": ABSENT}, leaves={"risks": {_COMPROMISED: _BLOCK}}),
        Example(
            {"settings": _GUARDED, "risks": {_TAKEOVER: _BLOCKED}},
            leaves={"risks": {_COMPROMISED: _BLOCK, _TAKEOVER: _BLOCKED}},
        ),
        {"settings": ABSENT, "risks": ABSENT},
    ],
)
def compromised_blocked(settings: Mapping[str, Json], risks: Value) -> Verdict:
    """A password that is known to have leaked opens nothing.

    Lists of leaked passwords are what most attacks on sign-ins begin with.
    """
    held = (risks or {}).get(_COMPROMISED) or {}
    if (held.get("Actions") or {}).get("EventAction") == "BLOCK":
        return compliant
    because = "passwords that leaked are accepted"
    if _without_protection(settings):
        return violation(because=f"{because}, and threat protection is off", guide=_FIRST)
    return should_be(risks={**(risks or {}), _COMPROMISED: {**held, **_BLOCK}}, because=because)


@control(
    "aws.cognito.user-pool.suspicious-sign-ins-blocked",
    USER_POOL,
    severity=Severity.LOW,
    disrupts=may_disrupt("users who sign in from a new place or device are refused when Cognito takes that for a risk"),
    maps=required("cognito_user_pool_blocks_potential_malicious_sign_in_attempts"),
    compliant=[{"settings": _GUARDED, "risks": {_TAKEOVER: _BLOCKED}}],
    violating=[
        Example(
            {"settings": _GUARDED, "risks": {_COMPROMISED: _BLOCK}},
            leaves={"risks": {_COMPROMISED: _BLOCK, _TAKEOVER: _BLOCKED}},
        ),
        {"settings": ABSENT, "risks": ABSENT},
    ],
)
def suspicious_blocked(settings: Mapping[str, Json], risks: Value) -> Verdict:
    """A sign-in that does not look like its user is refused, at every level of risk.

    It is the last hurdle when the password is right and its owner is someone else. Whether users are told of it stays
    as it is.
    """
    held = (risks or {}).get(_TAKEOVER) or {}
    actions = held.get("Actions") or {}
    lax = [level for level in _LEVELS if (actions.get(level) or {}).get("EventAction") != "BLOCK"]
    if not lax:
        return compliant
    because = f"not refused: {', '.join(level.removesuffix('Action').lower() for level in lax)} risk"
    if _without_protection(settings):
        return violation(because=f"{because}; threat protection is off", guide=_FIRST)
    blocked = {level: {"Notify": False, **(actions.get(level) or {}), "EventAction": "BLOCK"} for level in _LEVELS}
    return should_be(risks={**(risks or {}), _TAKEOVER: {**held, "Actions": blocked}}, because=because)
