"""The account: there is one, which is emptied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import account
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import quietly, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_SUPPORT: Final = "arn:aws:iam::aws:policy/AWSSupportAccess"
_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def _account(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name
    quietly(ground, "iam.DeleteAccountPasswordPolicy")
    quietly(ground, "s3control.DeletePublicAccessBlock", AccountId=ground.account)
    for role in _supporters(ground) if "support" in facets else ():
        ground.make("iam.DetachRolePolicy", RoleName=role, PolicyArn=_SUPPORT)
        ground.make("iam.DeleteRole", RoleName=role)
    return FixtureResult(reference(ground, account.ACCOUNT, ground.account))


def _supporters(ground: EmulatedGround) -> list[str]:
    held = ground.make("iam.ListEntitiesForPolicy", PolicyArn=_SUPPORT, EntityFilter="Role")["PolicyRoles"]
    return [str(role["RoleName"]) for role in held]


def _organisation(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    del ref
    if value is ABSENT:
        ground.make("organizations.DeleteOrganization")
    else:
        ground.make("organizations.CreateOrganization", FeatureSet="ALL")


def _support(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    del ref
    for role in value:
        ground.make("iam.CreateRole", RoleName=role, AssumeRolePolicyDocument=json.dumps(_TRUST))
        ground.make("iam.AttachRolePolicy", RoleName=role, PolicyArn=_SUPPORT)


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.account": Fixture(
        _account,
        {"support": _support, "organisation": _organisation},
        lacks=(
            Lack("ministack", "security_contact", "ministack does not have contacts"),
            Lack("ministack", "support", "ministack does not know AWS's policy for support"),
        ),
    ),
}
