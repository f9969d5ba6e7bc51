"""The IAM policies of the three identities, generated: no permission is written by hand, none is more than is used.

The scanner may read what the enabled controls and facts read. The remediator may make the calls that the facets
written by the enabled controls have. A grant may make one plan's calls on that plan's resources.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Final

import orjson

from goldseam.clouds.aws.facet import Send, read_operations
from goldseam.clouds.aws.iam_actions import iam_actions
from goldseam.clouds.aws.kind import AwsKind, Listing
from goldseam.control import Call, Catalog, Control, Facet, Kind, Permission, ShouldBe
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Ref
from goldseam.model.values import Json
from goldseam.repair.plan import Plan

SESSION_POLICY_LIMIT: Final = 2048
"""Characters in an inline session policy (AWS STS API Reference, AssumeRole, `Policy`)."""

BUCKET_LOCATION: Final = "s3.GetBucketLocation"
_FIRST: Final = ("sts.GetCallerIdentity", "ec2.DescribeRegions")
_VERSION: Final = "2012-10-17"
_SORT: Final = re.compile(r"[a-z-]+[/:]")
"""What the last part of an ARN begins with, where it says the sort of the resource."""


def scanner_policy(catalog: Catalog) -> dict[str, Json]:
    """What the scanner's role needs: the reads behind the enabled controls and their facts, and nothing that writes."""
    operations = {*_FIRST, *(name for kind, names in catalog.wanted().items() for name in scan_operations(kind, names))}
    return policy_of(Permission(action, "*") for operation in operations for action in iam_actions(operation))


def reading_operations(catalog: Catalog) -> frozenset[str]:
    """Every operation by which anything of the catalogue is read, and what the SDK asks S3 by itself."""
    named = (name for kind in catalog.kinds for name in scan_operations(kind, kind.facet_by_name))
    return frozenset((*_FIRST, *named, BUCKET_LOCATION, "s3.HeadBucket"))


def scan_operations(kind: Kind, facets: Iterable[str]) -> tuple[str, ...]:
    """The operations that scanning these facets of a kind calls."""
    named = read_operations(kind.facet(name) for name in sorted(facets))
    return tuple(dict.fromkeys((*_finding(kind), *named)))


def _finding(kind: Kind) -> Iterator[str]:
    find: Listing | None = kind.find if isinstance(kind, AwsKind) else None
    while find:
        yield find.operation
        if find.region:
            yield BUCKET_LOCATION
        find = find.within


def remediator_policy(controls: Iterable[Control], partition: str = "aws", account: str = "*") -> dict[str, Json]:
    """What the remediator's role needs at most: every call that the controls' fixes and their undo can take."""
    return policy_of(
        _widened(permission, partition, account)
        for control in controls
        for call in (*_declared(control, partition, account), *_exampled(control, partition, account))
        for permission in call.permissions
    )


def _widened(permission: Permission, partition: str, account: str) -> Permission:
    """A permission on what an example names beside the resource (a role, an alarm), on all of its sort."""
    parts = permission.resource.removesuffix(":*").split(":", 5)
    if "*" in parts[-1] or len(parts) < 6:  # noqa: PLR2004 - an ARN has six parts
        return permission
    _, _, service, region, owner, name = parts
    sort = _SORT.match(name)
    arn = ":".join(("arn", partition, service, region and "*", owner and account, f"{sort[0] if sort else ''}*"))
    return Permission(permission.action, arn)


def _any_of(kind: Kind, partition: str, account: str) -> Ref:
    """The reference that stands for every resource of a kind."""
    if isinstance(kind, AwsKind):
        return kind.ref(partition, account, "*", "*/*" if "{parent}" in kind.address else "*")
    return Ref(kind.name, account, "*", "*", "*")


def _declared(control: Control, partition: str, account: str) -> Iterator[Call]:
    """The calls that the written facets are made of, each once, with no value in them.

    Which role a call will hand over is in its value, so it may be any role of the account.
    """
    ref = _any_of(control.kind, partition, account)
    any_role = Permission("iam:PassRole", f"arn:{partition}:iam::{account}:role/*")
    for name in control.writes:
        for send in _sends(control.kind.facet(name)):
            call = send.call(ref)
            yield call.also(any_role) if send.passes else call


def _sends(facet: Facet) -> Iterator[Send]:
    for field in fields(facet):
        held = getattr(facet, field.name)
        candidates = held.values() if isinstance(held, Mapping) else held if isinstance(held, tuple) else (held,)
        yield from (item for item in candidates if isinstance(item, Send))


def _exampled(control: Control, partition: str, account: str) -> Iterator[Call]:
    """The calls of the control's own examples, there and back, for facets that make their calls otherwise."""
    ref = _any_of(control.kind, partition, account)
    for example in control.violating:
        before = {name: control.kind.facet(name).normal(value) for name, value in example.facets.items()}
        verdict = control.rule(*(before[name] for name in control.reads), **control.chosen(example.settings))
        if not isinstance(verdict, ShouldBe):
            continue
        for name, value in verdict.changes.items():
            facet = control.kind.facet(name)
            after = facet.normal(value)
            yield from _calls(facet, ref, before[name], after)
            yield from _calls(facet, ref, after, before[name])


def _calls(facet: Facet, ref: Ref, before: Json, after: Json) -> tuple[Call, ...]:
    try:
        return tuple(step.call for step in facet.write(ref, before, after))
    except PlanRefused:  # this way there is no call, so nothing to permit
        return ()


def plan_policy(plan: Plan) -> dict[str, Json]:
    """Exactly what executing one plan, and undoing it on failure, takes."""
    return policy_of(plan.permissions)


def session_policy(plan: Plan) -> str:
    """The plan's policy as AssumeRole takes it; raises PlanRefused when it is longer than AWS allows."""
    text = orjson.dumps(plan_policy(plan)).decode()
    if len(text) > SESSION_POLICY_LIMIT:
        raise PlanRefused(
            f"the session policy of {plan.id} has {len(text)} characters and AWS takes {SESSION_POLICY_LIMIT}; "
            "repair fewer findings at once"
        )
    return text


def policy_of(permissions: Iterable[Permission]) -> dict[str, Json]:
    """The shortest IAM policy that allows exactly these permissions: the same for the same ones, in any order."""
    actions_on: dict[str, set[str]] = defaultdict(set)
    for permission in permissions:
        actions_on[permission.resource].add(permission.action)
    resources_of: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for resource, actions in sorted(actions_on.items()):
        resources_of[tuple(sorted(actions))].append(resource)
    allowed = [_allow(actions, resources) for actions, resources in sorted(resources_of.items())]
    return {"Version": _VERSION, "Statement": allowed}


def _allow(actions: tuple[str, ...], resources: list[str]) -> dict[str, Json]:
    return {"Effect": "Allow", "Action": _one_or_list(actions), "Resource": _one_or_list(resources)}


def _one_or_list(words: Iterable[str]) -> Json:
    """A list, or the only word itself: each character counts."""
    held = list(words)
    return held[0] if len(held) == 1 else held
