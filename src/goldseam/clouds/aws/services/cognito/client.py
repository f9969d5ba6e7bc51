"""Clients of user pools: the applications that sign users in. Like pools they are written whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Get, Send, only, version
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cognito.pool import USER_POOL
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import ABSENT, Json, Placeholder, Value

_CLIENT: Final = {"UserPoolId": "{parent}", "ClientId": "{name}"}
_MEMBERS: Final = (
    "RefreshTokenValidity", "AccessTokenValidity", "IdTokenValidity", "TokenValidityUnits", "ReadAttributes",
    "WriteAttributes", "ExplicitAuthFlows", "SupportedIdentityProviders", "CallbackURLs", "LogoutURLs",
    "DefaultRedirectURI", "AllowedOAuthFlows", "AllowedOAuthScopes", "AllowedOAuthFlowsUserPoolClient",
    "AnalyticsConfiguration", "PreventUserExistenceErrors", "EnableTokenRevocation",
    "EnablePropagateAdditionalUserContextData", "AuthSessionValidity", "RefreshTokenRotation",
)  # fmt: skip
"""What `UpdateUserPoolClient` takes, but the client's name; its secret is told and never taken."""

_UNSAID: Final = {
    "RefreshTokenValidity": 30,
    "AuthSessionValidity": 3,
    "AllowedOAuthFlowsUserPoolClient": False,
    "EnablePropagateAdditionalUserContextData": False,
    "EnableTokenRevocation": False,
    "PreventUserExistenceErrors": "LEGACY",
}


def _form(value: Value) -> Value:
    """The client with defaults filled in, lists in order and nothing empty."""
    held = {name: item for name, item in (value or {}).items() if item not in ({}, [], "")}
    return {**_UNSAID, **{name: sorted(item) if isinstance(item, list) else item for name, item in held.items()}}


_NAME: Final = "UserPoolClient.ClientName"

CLIENT: Final = AwsKind(
    "aws.cognito.client",
    "Cognito client",
    (
        Document(
            name="settings",
            get=Get("cognito-idp.DescribeUserPoolClient", _CLIENT, "UserPoolClient"),
            decode=only(*_MEMBERS),
            form=_form,
            sensitive=("AnalyticsConfiguration.ExternalId",),
            tells=version(_NAME),
            put=Send(
                "cognito-idp.UpdateUserPoolClient",
                {**_CLIENT, "ClientName": Placeholder("settings", _NAME)},
                resources=("arn:{partition}:cognito-idp:{region}:{account}:userpool/{parent}",),
                passes=("AnalyticsConfiguration.RoleArn",),
            ),
            spread=True,
        ),
    ),
    touched_by=(changes("cognito-idp", f"{REQUEST}.clientId", within=f"{REQUEST}.userPoolId"),),
    address="arn:{partition}:cognito-idp:{region}:{account}:userpool/{parent}",
    find=Listing(
        "cognito-idp.ListUserPoolClients",
        "UserPoolClients",
        id="ClientId",
        parameters={"UserPoolId": "{parent}", "MaxResults": 60},
        within=USER_POOL.find,
    ),
)

_GOOD: Final = _form({"EnableTokenRevocation": True, "PreventUserExistenceErrors": "ENABLED"})


@control(
    "aws.cognito.client.user-existence-hidden",
    CLIENT,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "an application that tells its users whether a name exists gets another answer for a name that does not"
    ),
    maps=required("cognito_user_pool_client_prevent_user_existence_errors"),
    compliant=[{"settings": _GOOD}],
    violating=[
        Example({"settings": {**_GOOD, "PreventUserExistenceErrors": "LEGACY"}}, leaves={"settings": _GOOD}),
        Example({"settings": ABSENT}, leaves={"settings": {**_UNSAID, "PreventUserExistenceErrors": "ENABLED"}}),
    ],
)
def existence_hidden(settings: Mapping[str, Json]) -> Verdict:
    """A client does not tell whether a user exists.

    Otherwise anyone can go through a list of names or addresses and learn who is a user.
    """
    if settings["PreventUserExistenceErrors"] == "ENABLED":
        return compliant
    wanted = {**settings, "PreventUserExistenceErrors": "ENABLED"}
    return should_be(settings=wanted, because="answers tell whether a user exists")


@control(
    "aws.cognito.client.tokens-revocable",
    CLIENT,
    severity=Severity.LOW,
    disrupts=may_disrupt(
        "new access and ID tokens have the claims `origin_jti` and `jti` and are larger: applications that "
        "keep them in cookies or headers near a size limit, or that check the set of claims, may fail",
        source="Amazon Cognito Developer Guide, Ending user sessions with token revocation",
    ),
    maps=required("cognito_user_pool_client_token_revocation_enabled"),
    compliant=[{"settings": _GOOD}],
    violating=[Example({"settings": {**_GOOD, "EnableTokenRevocation": False}}, leaves={"settings": _GOOD})],
)
def revocable(settings: Mapping[str, Json]) -> Verdict:
    """A refresh token can be revoked.

    One that was stolen is otherwise good for new tokens until it expires, which may be in years.
    """
    if settings["EnableTokenRevocation"]:
        return compliant
    return should_be(settings={**settings, "EnableTokenRevocation": True}, because="refresh tokens cannot be revoked")
