"""Who may invoke a function: its policy and its URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.conditions import limits, lines_of, required_keys
from goldseam.clouds.aws.principals import named_as
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.lambda_.function import FUNCTION
from goldseam.clouds.aws.services.lambda_.grants import remade
from goldseam.clouds.aws.statements import closed, label, sorted_out, without_fix
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_ARN: Final = "arn:aws:lambda:eu-west-1:123456789012:function:goldseam-example"
_ANYONE: Final = {
    "Sid": "open",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "lambda:InvokeFunction",
}
_ANYONE_BY_URL: Final = {
    **_ANYONE,
    "Sid": "by-url",
    "Action": "lambda:InvokeFunctionUrl",
    "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
}
_ORGANISATION: Final = {
    **_ANYONE,
    "Sid": "organisation",
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
}
_EVENTBRIDGE: Final = {
    **_ANYONE,
    "Sid": "events",
    "Principal": {"Service": "events.amazonaws.com"},
    "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:events:eu-west-1:123456789012:rule/nightly"}},
}
_BUCKET: Final = {
    **_ANYONE,
    "Sid": "bucket",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::uploads"}},
}
_OWN_BUCKET: Final = {
    **_BUCKET,
    "Condition": {
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::uploads"},
        "StringEquals": {"AWS:SourceAccount": "123456789012"},
    },
}
_ANY_TOPIC: Final = {**_ANYONE, "Sid": "topic", "Principal": {"Service": "sns.amazonaws.com"}}
_WITH_OTHERS: Final = {**_ANYONE, "Principal": {"AWS": ["*", "arn:aws:iam::210987654321:root"]}}


def _state(*held: Json) -> Mapping[str, Value]:
    return {"policy": list(held), "arn": _ARN}


@control(
    "aws.lambda.function.policy-not-public",
    FUNCTION,
    severity=Severity.CRITICAL,
    maps=required("awslambda_function_not_publicly_accessible"),
    covers=("security-hub:Lambda.1", "prowler:awslambda_function_not_publicly_accessible"),
    disrupts=may_disrupt("callers that only the statement for everyone lets in are refused, by its URL as well"),
    compliant=(_state(), _state(_EVENTBRIDGE, _ORGANISATION)),
    violating=(
        Example(_state(_ANYONE), leaves={"policy": []}),
        Example(
            _state(_ANYONE, _EVENTBRIDGE, _ANYONE_BY_URL, _OWN_BUCKET),
            leaves={"policy": [_EVENTBRIDGE, _OWN_BUCKET]},
        ),
        _state(_WITH_OTHERS, _EVENTBRIDGE),
    ),
)
def policy_not_public(policy: list[Json]) -> Verdict:
    """The function's policy allows nothing to everyone.

    Whoever invokes it runs its code under its role, at the account's cost. Grants to a service, an account or an
    organisation stay. Versions and aliases have policies of their own, which are not looked at.
    """
    found, unknown = sorted_out({"Statement": policy})
    public = list(map(label, found))
    settled = without_fix(public, unknown)
    if settled is not None:
        return settled
    because = "; ".join(public)
    if any(map(closed, found)):
        return violation(
            because=because,
            guide="Lambda cannot change a statement: add one with `aws lambda add-permission` for each principal that "
            "must stay, then take the statement for everyone out with `aws lambda remove-permission`",
        )
    return should_be(policy=[statement for statement in policy if statement not in found], because=because)


_SAYS_WHOSE: Final = frozenset(
    (
        "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:principalorgid",
        "lambda:eventsourcetoken",
    )
)  # fmt: skip
_BY_NAME: Final = "aws:sourcearn"
_TELLS_ACCOUNT: Final = "s3.amazonaws.com"


@control(
    "aws.lambda.function.services-bound-to-an-account",
    FUNCTION,
    severity=Severity.MEDIUM,
    maps=required("awslambda_function_not_publicly_accessible", without=("cis-aws-7.0:2.21",)),
    covers=("security-hub:Lambda.1",),
    disrupts=may_disrupt("a bucket of another account that invokes the function is refused"),
    compliant=(_state(), _state(_EVENTBRIDGE, _OWN_BUCKET)),
    violating=(
        Example(
            _state(_EVENTBRIDGE, _BUCKET),
            leaves={"policy": [_EVENTBRIDGE, {**_OWN_BUCKET, "Sid": "bucket-own-account"}]},
        ),
        _state(_ANY_TOPIC, _BUCKET),
    ),
)
def services_bound(policy: list[Json], arn: str) -> Verdict:
    """Services that may invoke the function do so for a known account only.

    A service acts for all of its customers. Without a source account, or a source whose ARN holds one, it invokes the
    function for a stranger too; the name of a bucket holds no account, and is free for others once the bucket is gone.
    S3 says for which account it calls, so that can be asked of it; of other services a person must know.
    """
    found = [statement for statement in policy if _for_anyone(statement)]
    if not found:
        return compliant
    because = "; ".join(f"statement `{item['Sid']}` lets {_service(item)} in for any account" for item in found)
    if any(_service(item) != _TELLS_ACCOUNT or remade(item) is None for item in found):
        return violation(
            because=because,
            guide="for each statement: add one that names the source, with `aws lambda add-permission --source-arn … "
            "--source-account …`, see that invocations go on, then take the old one out with "
            "`aws lambda remove-permission`",
        )
    account = arn.split(":")[4]
    taken = {statement["Sid"] for statement in policy}
    kept = [statement for statement in policy if statement not in found]
    bound = [_bound(statement, account, taken) for statement in found]
    return should_be(policy=[*kept, *bound], because=because)


def _service(statement: Json) -> str:
    return ", ".join(named_as("Service", statement))


def _for_anyone(statement: Json) -> bool:
    """Whether a service may invoke the function for whomever it likes."""
    if statement.get("Effect") != "Allow" or not _service(statement):
        return False
    held = lines_of(statement)
    required = required_keys(held)
    lines = [line for line in held if line.key in _SAYS_WHOSE and limits(line, required) is not False]
    return not any(line.key != _BY_NAME or all(map(_of_an_account, line.values)) for line in lines)


def _of_an_account(arn: str) -> bool:
    parts = arn.split(":", 5)
    return len(parts) > 4 and parts[4] not in {"", "*"}  # noqa: PLR2004 - the fifth part of an ARN is the account


_LONGEST_SID: Final = 80
"""AWS takes a hundred characters; these leave room for what is added."""


def _bound(statement: Json, account: str, taken: set[str]) -> Json:
    """The statement for one account, under a Sid of its own, so that it can be added before the other is removed."""
    held = statement.get("Condition") or {}
    condition = {**held, "StringEquals": {**held.get("StringEquals", {}), "AWS:SourceAccount": account}}
    begun = statement["Sid"][:_LONGEST_SID]
    names = (f"{begun}-own-account{number}" for number in ("", *range(2, len(taken) + 3)))
    return {**statement, "Sid": next(name for name in names if name not in taken), "Condition": condition}


@control(
    "aws.lambda.function.url-authenticated",
    FUNCTION,
    severity=Severity.HIGH,
    maps=required("awslambda_function_url_public"),
    disrupts=may_disrupt("callers of the URL that do not sign their requests with AWS credentials are refused"),
    compliant=({"url_access": ABSENT}, {"url_access": "AWS_IAM"}),
    violating=(Example({"url_access": "NONE"}, leaves={"url_access": "AWS_IAM"}),),
)
def url_authenticated(url_access: Value) -> Verdict:
    """The function's URL asks who calls.

    A URL without authentication is an open door to the function from the whole internet, and to the account's bill.
    URLs of aliases are not looked at.
    """
    if url_access != "NONE":
        return compliant
    return should_be(url_access="AWS_IAM", because="the function's URL takes requests of anyone")


@control(
    "aws.lambda.function.url-origins-named",
    FUNCTION,
    severity=Severity.MEDIUM,
    maps=required("awslambda_function_url_cors_policy"),
    disrupts=may_disrupt("scripts of origins that are not named cannot read the answers any more"),
    compliant=(
        {"url_cors": ABSENT},
        {"url_cors": {"Origins": [], "Credentials": False}},
        {"url_cors": {"Origins": ["https://shop.example"], "Credentials": True}},
    ),
    violating=({"url_cors": {"Origins": ["*"], "Credentials": False}},),
)
def url_origins_named(url_cors: Value) -> Verdict:
    """The function's URL answers scripts of named sites only.

    With every origin allowed, any page that a user opens can call the function from that user's browser.
    """
    if url_cors is ABSENT or not any(_is_any(origin) for origin in url_cors["Origins"]):
        return compliant
    with_cookies = ", with the user's credentials" if url_cors["Credentials"] else ""
    return violation(
        because=f"scripts of every origin may read the answers of the function's URL{with_cookies}",
        guide="find the sites whose scripts call the URL (the `Origin` header in the function's logs), and name them "
        "with `aws lambda update-function-url-config --cors AllowOrigins=https://…`, keeping the other CORS fields",
    )


def _is_any(origin: str) -> bool:
    return origin == "*" or origin.partition("://")[2].startswith("*")
