"""Which code made a resource and would make it again: by CloudFormation's own record, and by tags.

`managed_by` rests on what tools write themselves; `managed_by_tag` on what people write to say so, which counts where a
policy declares no markers of its own. That no marker is found says nothing of code that leaves none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from goldseam.clouds.aws.facts.physical_ids import PHYSICAL_IDS
from goldseam.clouds.aws.facts.tagged import bare, tagged, words_of
from goldseam.clouds.aws.services.cognito.client import CLIENT
from goldseam.clouds.aws.services.stack import MEMBERSHIP
from goldseam.control import Answer, Kind, Known, Lookup, OneOf, Surroundings, fact, known
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Unknown

_WRITTEN_BY_TOOLS: Final = (
    ("aws:cdk", "cdk"),
    ("aws-cdk:", "cdk"),
    ("aws:cloudformation:stack-name", "cloudformation"),
    ("kubernetes.io/cluster/", "kubernetes"),
    ("elbv2.k8s.aws/cluster", "kubernetes"),
    ("crossplane-kind", "crossplane"),
    ("pulumi:", "pulumi"),
)
"""Beginnings of keys that only the tools themselves write; the first that is found counts."""

_MANAGER_KEYS: Final = ("managedby", "provisionedby", "provisioner", "createdby", "deployedby", "iac", "iactool")
_MANAGERS: Final = words_of(
    {
        "terraform": "terraform terragrunt tf",
        "opentofu": "opentofu tofu",
        "cloudformation": "cloudformation cfn sam",
        "cdk": "cdk awscdk",
        "pulumi": "pulumi",
        "crossplane": "crossplane",
        "ansible": "ansible",
        "serverless": "serverless serverlessframework",
        "kubernetes": "kubernetes eks kops karpenter",
    }
)
TOOLS: Final = ("", *sorted({*_MANAGERS.values(), *(tool for _, tool in _WRITTEN_BY_TOOLS)}))
"""All values of `managed_by`, beside the tools that a policy declares, and of `managed_by_tag`."""
_FALSE: Final = frozenset({"", "false", "no", "none", "0"})
_GONE: Final = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
"""The states of what a stack holds no more: deleted, or kept when it was to be deleted."""


def _membership_of(ref: Ref) -> Ref | None:
    """The reference under which stack membership of a resource is read; None where it cannot be told."""
    physical = PHYSICAL_IDS.get(ref.kind)
    place = physical.place(ref) if physical else ""
    if physical is None or not place:
        return None
    partition = ref.address.split(":", 2)[1] if ref.address.startswith("arn:") else "aws"
    return MEMBERSHIP.ref(partition, ref.account, place, physical.of(ref))


_LOOKUP: Final[Mapping[Kind, Lookup]] = {MEMBERSHIP: Lookup(("members",), _membership_of)}


@fact("managed_by", None, OneOf(TOOLS), lookups=_LOOKUP, tolerant=True)
def managed_by(tags: Mapping[str, str] | Unknown, *, around: Surroundings) -> Answer:
    """The tool whose code made the resource and would make it again: `terraform`, `cloudformation`, `cdk`, … or `""`.

    `""` says that CloudFormation was asked and that no tag is one that a tool writes; code that leaves no marker cannot
    be seen.
    """
    if not isinstance(tags, Unknown) and (found := _by_tool(tags)):
        return found
    stack = _stack(around)
    if isinstance(stack, Unknown) or stack.value:
        return stack
    if isinstance(tags, Unknown):
        return tags
    return known("", f"no marker found ({'; '.join(stack.evidence)}; none of {len(tags)} tags is written by a tool)")


@fact("managed_by", CLIENT, OneOf(TOOLS), lookups=_LOOKUP)
def untagged_managed_by(*, around: Surroundings) -> Answer:
    """The tool whose code made the resource and would make it again: `cloudformation`, or `""`.

    Of what cannot be tagged, by CloudFormation's own record alone.
    """
    stack = _stack(around)
    if isinstance(stack, Unknown) or stack.value:
        return stack
    return known("", f"no marker found ({'; '.join(stack.evidence)}; a {CLIENT.title} has no tags)")


def _by_tool(tags: Mapping[str, str]) -> Known | None:
    for start, tool in _WRITTEN_BY_TOOLS:
        for key, value in tags.items():
            if key.lower().startswith(start):
                return Known(tool, (f"tag `{key}` is `{value}`",))
    return None


def _stack(around: Surroundings) -> Answer:
    """`cloudformation` or `""`, by CloudFormation's own record; unknown where it cannot be told."""
    physical, place = PHYSICAL_IDS.get(around.ref.kind), _membership_of(around.ref)
    if physical is None:
        return Unknown("by which id CloudFormation knows this kind of resource is not certain")
    if place is None:
        return Unknown("a CloudFormation stack of any region may have made it, and they are not all searched")
    held = around.of(MEMBERSHIP)
    members = held if isinstance(held, Unknown) else held[0].facets.get("members", Unknown("they were not read"))
    if isinstance(members, Unknown):
        return Unknown(f"whether a CloudFormation stack made it is not known: {members.reason}")
    return _held_by(members, place, physical.types)


def _held_by(members: Sequence[Mapping[str, Json]], place: Ref, types: Sequence[str]) -> Answer:
    """Whether a stack holds the resource, by what CloudFormation answers of its physical id.

    The answer is of one stack and stops at 100 resources, so the one that was asked about may not be in it.
    """
    named = [item for item in members if item["id"] == place.id]
    live = [item for item in named if item["status"] not in _GONE]
    if not members or (named and not live):
        return known("", f"no CloudFormation stack in {place.region} holds `{place.id}`")
    fitting = [item for item in live if item["type"] in types]
    if fitting or not live:
        stack = (fitting or members)[0]["stack"]
        return known("cloudformation", f"CloudFormation stack `{stack}` in {place.region} holds `{place.id}`")
    return Unknown(f"CloudFormation stack `{live[0]['stack']}` holds `{place.id}` as {live[0]['type']}")


@fact("managed_by_tag", None, OneOf(TOOLS))
def managed_by_tag(tags: Mapping[str, str], *, around: Surroundings) -> Answer:
    """The tool that a tag names which people write, such as `managed-by: terraform` or `terraform: true`; or `""`.

    It counts as `managed_by` unless the policy declares its own markers under `ownership`.
    """
    del around
    for key, value in (*tagged(tags, _MANAGER_KEYS), *_named_for_tools(tags)):
        if tool := _tool(value) or _tool(key):
            return known(tool, f"tag `{key}` is `{value}`")
    return known("", f"none of {len(tags)} tags names a tool that manages resources by code")


def _named_for_tools(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Tags such as `terraform: true` or `tf-module: network`."""
    for key, value in tags.items():
        first = re.split(r"[^a-z0-9]+", key.lower())[0]
        if (first in _MANAGERS or bare(key) in _MANAGERS) and value.lower() not in _FALSE:
            yield key, value


def _tool(text: str) -> str:
    """The tool that a text names, empty when it names none."""
    words = (bare(text), *re.split(r"[^a-z0-9]+", text.lower()))
    return next((_MANAGERS[word] for word in words if word in _MANAGERS), "")
