"""What the policies of one account allow their holder to do on every resource of a type. Pure.

"Every resource" is asked for one that no policy names (`policy_evaluator.ANY`), in the holder's own account and
partition: `*`, `arn:aws:*`, `arn:aws:iam::*:role/*` and the account's own `role/*` cover it, `role/team-*` does not. It
has no tags, no alias and no permissions boundary, so a condition that asks for one of those is not met (IAM User Guide,
"AWS global condition context keys", "IAM and AWS STS condition context keys"; AWS KMS Developer Guide, "AWS KMS
condition keys"). In a region whose resources a policy names, every resource of that region counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Final, TypeAlias

from goldseam.clouds.aws.policy_conditions import Context
from goldseam.clouds.aws.policy_evaluator import ANY, Access, AccessRequest, PrincipalPolicies
from goldseam.clouds.aws.tables import table
from goldseam.model.values import ABSENT, Json, Value

_SELF: Final = "\ue002"
"""The name of the holder, for a user that may change itself."""

Keys: TypeAlias = Mapping[str, tuple[str, ...]]
"""Condition keys in lower case, with their values in a request; none where it does not have the key."""

_TAGGED: Final = (
    "aws", "autoscaling", "ec2", "ecs", "elasticmapreduce", "iam", "rds", "sagemaker", "secretsmanager", "ssm"
)  # fmt: skip
_REGION: Final = 3


@cache
def action_resources() -> Mapping[str, tuple[str, ...]]:
    """The resource that an action is about, by action; `*` where it is about none."""
    return {row["action"]: tuple(row["resource"].split()) for row in table("action_resources.csv", __package__)}


class Holder:
    """Policies that count together, the permissions boundary, and the account and partition, by any ARN of it."""

    def __init__(self, documents: Iterable[Json], arn: str, boundary: Value = ABSENT) -> None:
        self.documents = tuple(documents)
        _, self._partition, _, _, self._account, *_ = arn.split(":", 5)
        self.policies = PrincipalPolicies(self.documents, None if boundary is ABSENT else PrincipalPolicies([boundary]))

    def access(
        self,
        action: str,
        resources: Sequence[str] = (),
        policies: PrincipalPolicies | None = None,
        known: Keys | None = None,
    ) -> Access:
        """Whether an action is allowed on every resource of a type: the widest answer of those that it may be about.

        `policies` are those of the holder's that count; `known` are condition keys of the request with their values.
        """
        held = policies or self.policies
        if not held.mentions(action):
            return Access.DENIED
        context = self._context(known or {})
        asked = (place for each in resources or action_resources()[action] for place in self._places(each))
        return max((held.access(AccessRequest(action, place, context)) for place in asked), default=Access.DENIED)

    def _places(self, template: str) -> Iterator[str]:
        for region in self._regions if "{region}" in template else ("",):
            yield template.format(partition=self._partition, account=self._account, region=region, any=ANY, self=_SELF)

    @cached_property
    def _regions(self) -> tuple[str, ...]:
        arns = (each.split(":", 5) for each in self.policies.resources())
        named = {parts[_REGION] for parts in arns if len(parts) > _REGION}
        return (ANY, *sorted(region for region in named if region and not set(region) & set("*?$")))

    def _context(self, more: Keys) -> Context:
        own = (self._account,)
        return Context({
            **{f"{service}:resourcetag/": () for service in _TAGGED},
            "kms:resourcealiases": (), "kms:requestalias": (), "iam:permissionsboundary": (),
            "iam:policyarn": (f"arn:{self._partition}:iam::aws:policy/AdministratorAccess",),
            "aws-marketplace:productid": (ANY,), "aws:principalisawsservice": ("false",),
            "aws:principalaccount": own, "aws:resourceaccount": own, "aws:username": (_SELF,),
            **more,
        })  # fmt: skip
