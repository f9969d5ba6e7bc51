"""What people call an account: its alias, which facts look at and nothing changes."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Get, Look
from goldseam.clouds.aws.kind import AwsKind, ListingScope
from goldseam.model.values import ABSENT, Json, Value


def _first(raw: Json) -> Value:
    """The one alias that an account may have (IAM User Guide, "Your AWS account ID and its alias")."""
    return raw[0] if raw else ABSENT


ACCOUNT_NAME: Final = AwsKind(
    "aws.account-name",
    "account alias",
    (Look(name="alias", get=Get("iam.ListAccountAliases", path="AccountAliases"), decode=_first),),
    address="arn:{partition}:iam::{account}:root",
    scope=ListingScope.GLOBAL,
)
