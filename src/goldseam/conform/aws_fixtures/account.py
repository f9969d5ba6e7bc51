"""The account: there is one, which is emptied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import account
from goldseam.conform.aws_fixtures.making import quietly, reference
from goldseam.conform.emulated import EmulatedGround, Fixture, Made
from goldseam.values import Value


def _account(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    del name, facets
    quietly(ground, "iam.DeleteAccountPasswordPolicy")
    quietly(ground, "s3control.DeletePublicAccessBlock", AccountId=ground.account)
    return Made(reference(ground, account.ACCOUNT, ground.account))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.account": Fixture(_account),
}
