"""Identity pools: who gets credentials of the account, guests included. They are written whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Get, Send, only, tags, version
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import ABSENT, Json, Placeholder, Value

_POOL: Final = {"IdentityPoolId": "{id}"}
_MEMBERS: Final = (
    "AllowUnauthenticatedIdentities", "AllowClassicFlow", "SupportedLoginProviders", "DeveloperProviderName",
    "OpenIdConnectProviderARNs", "CognitoIdentityProviders", "SamlProviderARNs", "IdentityPoolTags",
)  # fmt: skip
_UNSAID: Final[Mapping[str, Json]] = {
    "AllowUnauthenticatedIdentities": False,
    "AllowClassicFlow": False,
    "CognitoIdentityProviders": [],
    "OpenIdConnectProviderARNs": [],
    "SamlProviderARNs": [],
    "SupportedLoginProviders": {},
}


def _form(value: Value) -> Value:
    return {**_UNSAID, **{name: item for name, item in (value or {}).items() if item}}


IDENTITY_POOL: Final = AwsKind(
    "aws.cognito.identity-pool",
    "Cognito identity pool",
    (
        Document(
            name="settings",
            get=Get("cognito-identity.DescribeIdentityPool", _POOL),
            decode=only(*_MEMBERS),
            form=_form,
            tells=version("IdentityPoolName"),
            put=Send(
                "cognito-identity.UpdateIdentityPool",
                {**_POOL, "IdentityPoolName": Placeholder("settings", "IdentityPoolName")},
            ),
            spread=True,
        ),
        tags(Get("cognito-identity.DescribeIdentityPool", _POOL, "IdentityPoolTags")),
    ),
    touched_by=(changes("cognito-identity", f"{REQUEST}.identityPoolId", f"{ANSWER}.identityPoolId"),),
    address="arn:{partition}:cognito-identity:{region}:{account}:identitypool/{id}",
    find=Listing(
        "cognito-identity.ListIdentityPools", "IdentityPools", id="IdentityPoolId", parameters={"MaxResults": 60}
    ),
)

_PROVIDER: Final = {
    **_UNSAID,
    "CognitoIdentityProviders": [
        {
            "ProviderName": "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abcdefghi",
            "ClientId": "1example23456789",
            "ServerSideTokenCheck": True,
        }
    ],
}


@control(
    "aws.cognito.identity-pool.no-guests",
    IDENTITY_POOL,
    severity=Severity.HIGH,
    disrupts=may_disrupt("visitors of an application who have not signed in get no credentials any more"),
    maps=required("cognito_identity_pool_guest_access_disabled"),
    compliant=[{"settings": _PROVIDER}],
    violating=[
        Example(
            {"settings": {**_PROVIDER, "AllowUnauthenticatedIdentities": True}},
            leaves={"settings": _PROVIDER},
        ),
    ],
)
def no_guests(settings: Mapping[str, Json]) -> Verdict:
    """Nobody gets credentials of the account without signing in.

    The id of the pool stands in every copy of the application; with it anyone is a guest and has the guests' role.
    """
    if not settings["AllowUnauthenticatedIdentities"]:
        return compliant
    wanted = {**settings, "AllowUnauthenticatedIdentities": False}
    return should_be(settings=wanted, because="guests get credentials")


@control(
    "aws.cognito.identity-pool.no-classic-flow",
    IDENTITY_POOL,
    severity=Severity.LOW,
    disrupts=may_disrupt(
        "applications that ask STS for the role themselves (the basic flow) get no credentials any more"
    ),
    compliant=[{"settings": ABSENT}],
    violating=[
        Example({"settings": {**_PROVIDER, "AllowClassicFlow": True}}, leaves={"settings": _PROVIDER}),
    ],
)
def no_classic_flow(settings: Mapping[str, Json]) -> Verdict:
    """Credentials are given by the enhanced flow only.

    In the classic one the application chooses the role, and the pool's own scope-down policy for guests does not hold.
    """
    if not settings["AllowClassicFlow"]:
        return compliant
    return should_be(settings={**settings, "AllowClassicFlow": False}, because="the classic flow is allowed")
