"""AWS as one thing: what goldseam knows of it, and the way into an account of it.

Nothing here loads the SDK before an account is asked: help, controls and policies work without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Final

import orjson

from goldseam.clouds.aws import facts, names, services
from goldseam.clouds.aws.account import AwsAccount
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.renamed import RENAMED
from goldseam.clouds.protocol import Access, RotatingRole, Touched
from goldseam.control import Call, Catalog, Control, Kind
from goldseam.control.kind import touched
from goldseam.model.resource import Ref
from goldseam.model.values import Json
from goldseam.ports import GLOBAL
from goldseam.repair.plan import Plan

_PLACE: Final = 5
"""Fields of an ARN that say where: `arn`, partition, service, region, account."""
_MANAGED: Final = 6144
"""Characters of a managed policy without white space (IAM User Guide, "IAM and AWS STS quotas")."""


def aws_catalog() -> Catalog:
    """Every kind, control and fact of AWS: all that stands in the folders of services and facts."""
    return Catalog.of(module for folder in (services, facts) for module in _modules(folder))


def _modules(folder: ModuleType) -> Iterator[ModuleType]:
    for found in walk_packages(folder.__path__, f"{folder.__name__}."):
        yield import_module(found.name)


class Aws:
    """Amazon Web Services, in all of its partitions."""

    __slots__ = ()
    name: Final = "aws"
    title: Final = "AWS"
    renamed: Final = RENAMED
    rule_example: Final = {
        "kinds": "aws.s3.bucket",
        "controls": "aws.s3.bucket.*",
        "actions": "s3:PutBucketPublicAccessBlock",
        "resources": "arn:aws:s3:::*",
    }

    def catalog(self) -> Catalog:
        """Every kind, control and fact of AWS."""
        return aws_catalog()

    def open(self, access: Access, catalog: Catalog) -> AwsAccount:
        """An account, read by a catalog; nothing is asked of it yet."""
        return AwsAccount(access, catalog)

    def account(self, text: str) -> str:
        """The id of an account, which has 12 digits; raises UsageError."""
        return names.account_id(text)

    def account_pattern(self, text: str) -> str:
        """The id of an account, or one with `*` in it; raises UsageError."""
        return names.account_pattern(text)

    def role_account(self, text: str) -> str:
        """The account in the ARN of an IAM role; raises UsageError."""
        return names.role_account(text)

    def rotating_role(self, role: str, uuid: str) -> RotatingRole:
        """A role whose trust policy asks for an external id `<uuid>:<code>`; raises UsageError."""
        return RotatingRole(names.role_arn(role), names.external_uuid(uuid))

    def addressed(self, kind: Kind, ref: Ref) -> bool:
        """Whether the ARN is the kind's for the id; where the listing says it, the same service, place and account."""
        if not isinstance(kind, AwsKind):
            return False
        partition = ref.address.split(":")[1] if ref.address.startswith("arn:") else "aws"
        made = kind.ref(partition, ref.account, ref.region, ref.id).address
        if kind.find is None or not kind.find.address:
            return made == ref.address
        return made.split(":")[:_PLACE] == ref.address.split(":")[:_PLACE]

    def command_words(self, call: Call) -> tuple[str, ...]:
        """The call as words of the AWS command line."""
        from goldseam.clouds.aws.commands import command_words  # noqa: PLC0415

        return command_words(call)

    def scanner_policy(self, catalog: Catalog) -> Json:
        """The IAM policy of the scanner's role."""
        from goldseam.clouds.aws.permissions import scanner_policy  # noqa: PLC0415

        return scanner_policy(catalog)

    def remediator_policy(self, controls: Iterable[Control]) -> Json:
        """The IAM policy of the remediator's role."""
        from goldseam.clouds.aws.permissions import remediator_policy  # noqa: PLC0415

        return remediator_policy(controls)

    def plan_policy(self, plan: Plan) -> Json:
        """The IAM policy that executing one plan takes."""
        from goldseam.clouds.aws.permissions import plan_policy  # noqa: PLC0415

        return plan_policy(plan)

    def policy_warning(self, policy: Json) -> str:
        """What to do with a policy that is longer than AWS takes in one."""
        length = len(orjson.dumps(policy))
        if length <= _MANAGED:
            return ""
        return (
            f"this has {length} characters without spaces, and AWS takes {_MANAGED} in one managed policy: "
            "make one for some services at a time with `--services`, and attach them together"
        )

    def touched(self, catalog: Catalog, event: Json) -> frozenset[Touched]:
        """The resources that an event of CloudTrail may have changed, as it is or in an envelope of EventBridge."""
        record = event.get("detail", event) if isinstance(event, Mapping) else None
        if not isinstance(record, Mapping):
            return frozenset()
        account, region = record.get("recipientAccountId"), record.get("awsRegion")
        if not isinstance(account, str) or not isinstance(region, str):
            return frozenset()
        return frozenset(
            Touched(kind.name, account, _region_of(kind, region), name)
            for kind in catalog.kinds
            if isinstance(kind, AwsKind)
            for name in touched(kind, record)
        )


def _region_of(kind: AwsKind, region: str) -> str:
    """Where the resource is: what an account has once is in no region, unless the listing places it in one."""
    return GLOBAL if kind.account_wide and not (kind.find and kind.find.region) else region


AWS: Final = Aws()
