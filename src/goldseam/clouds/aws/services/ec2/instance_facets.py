"""Facets of instances that no general shape has: how long one is stopped, and the profile that it runs with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.elapsed import days_exceeded
from goldseam.clouds.aws.facet import AwsFacet, Look, Reading, Send
from goldseam.clouds.aws.kind import Ask, at
from goldseam.clouds.aws.services.ec2.among import PROFILES
from goldseam.control import Call, Permission, Step
from goldseam.model.errors import CloudError, NotUnderstood
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Placeholder, Value, same

_SINCE: Final = re.compile(r"\((\d{4}-\d\d-\d\d)")
_MADE: Final = frozenset({"associating", "associated"})
_PROFILE: Final = "iam.GetInstanceProfile"


@dataclass(frozen=True)
class StoppedFor(Look):
    """The days that the instance is stopped for longer than, in steps; 0 while it is not."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The listing says when, in the reason of the last change of state."""
        del ref
        if at(item, "State.Name") != "stopped":
            return Reading(0)
        since = _SINCE.search(item.get("StateTransitionReason") or "")
        if since is None:
            msg = "the listing does not say since when the instance is stopped"
            raise NotUnderstood(msg)
        return Reading(days_exceeded(ask, since[1]))


@dataclass(frozen=True)
class Profile(AwsFacet):
    """The instance profile and the role in it; the id of their association is told when it is written."""

    passing: Send = field(
        default=Send(
            "ec2.AssociateIamInstanceProfile", {}, ("arn:{partition}:iam::{account}:role/*",), actions=("iam:PassRole",)
        ),
        kw_only=True,
    )
    """What the remediator may pass at most; a plan names the one role."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The listing of associations, which one scan asks for once, and the profile's own role."""
        return (PROFILES.operation, _PROFILE)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The association that is made, or being made."""
        del item
        for found in PROFILES.about(ask, ref):
            if found["State"] in _MADE:
                value = {"profile": found["IamInstanceProfile"]["Arn"], "role": _role(ask, found["IamInstanceProfile"])}
                waits = "" if found["State"] == "associated" else "the profile, which is associating"
                return Reading(value, waits, {"association": str(found["AssociationId"])})
        return Reading(ABSENT)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call that associates, replaces or takes away."""
        if same(before, after):
            return ()
        association = {"AssociationId": Placeholder(self.name, "association")}
        if after is ABSENT:
            return (self.step(_call("DisassociateIamInstanceProfile", ref, association), ABSENT),)
        profile = {"IamInstanceProfile": {"Arn": after["profile"]}}
        if before is ABSENT:
            call = _call("AssociateIamInstanceProfile", ref, {"InstanceId": ref.id, **profile}, after["role"])
        else:
            call = _call("ReplaceIamInstanceProfileAssociation", ref, {**association, **profile}, after["role"])
        return (self.step(call, after),)


def _role(ask: Ask, profile: Mapping[str, Json]) -> str:
    """The ARN of the role in a profile; none where the profile is gone or empty."""
    name = str(profile["Arn"]).rpartition("/")[2]
    try:
        answer = ask.one(_PROFILE, {"InstanceProfileName": name}, "global")
    except CloudError as error:
        if error.code == "NoSuchEntity":
            return ""
        raise
    roles = at(answer, "InstanceProfile.Roles.Arn") or [""]
    return str(roles[0])


def _call(name: str, ref: Ref, parameters: Mapping[str, Json], role: str = "") -> Call:
    passed = (Permission("iam:PassRole", role),) if role else ()
    return Call(f"ec2.{name}", ref.region, parameters, (Permission(f"ec2:{name}", ref.address), *passed))
