"""What users, groups and roles hold: the policies that are attached to them, and those that are written into them.

A scan takes all of it from `GetAccountAuthorizationDetails`, which answers for hundreds of them at once; a reading of
one makes the calls for that one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from goldseam.clouds.aws.facet import Get, Look, Reading, Send, absent_is
from goldseam.clouds.aws.kind import Ask, Listing, at
from goldseam.clouds.aws.policy_sizes import checked, policy_json
from goldseam.clouds.aws.sensitive import IN_POLICY, in_policies
from goldseam.clouds.aws.shapes import Each
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

DETAILS: Final = "iam.GetAccountAuthorizationDetails"


def details(what: str, items: str, id: str) -> Listing:
    """The listing of all users, groups, roles or policies with all that they hold."""
    return Listing(DETAILS, items, id=id, address="Arn", parameters={"Filter": [what], "MaxItems": 1000})


def document(raw: Json) -> Json:
    """A policy document, which some answers hold as text in URL encoding."""
    return policy_json(unquote(raw)) if isinstance(raw, str) else checked(raw)


def attached(who: str) -> Each:
    """The managed policies that are attached to a `User`, `Group` or `Role`, as `{"arn": …}`."""

    def arns(raw: Json) -> Value:
        return [{"arn": policy["PolicyArn"]} for policy in raw]

    named = {f"{who}Name": "{id}"}
    return Each(
        name="attached",
        get=Get(f"iam.ListAttached{who}Policies", named, "AttachedPolicies"),
        listed="AttachedManagedPolicies",
        decode=arns,
        add=Send(f"iam.Attach{who}Policy", named),
        remove=Send(f"iam.Detach{who}Policy", named),
        fields={"arn": "PolicyArn"},
        names=("arn",),
    )


@dataclass(frozen=True)
class Inline(Look):
    """The policies that are written into a `User`, `Group` or `Role`, as `{"name": …, "document": …}`, by name."""

    who: str = field(kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The names, and the document of each."""
        return (f"iam.List{self.who}Policies", f"iam.Get{self.who}Policy")

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """From the listing's item, or one call for each policy."""
        held = at(item, f"{self.who}PolicyList") or [] if item is not None else self._asked(ask, ref)
        found = [{"name": policy["PolicyName"], "document": document(policy["PolicyDocument"])} for policy in held]
        return Reading(sorted(found, key=lambda policy: str(policy["name"])))

    def _asked(self, ask: Ask, ref: Ref) -> list[Json]:
        names, one = self.read_operations
        named = {f"{self.who}Name": ref.id}
        return [
            ask.one(one, {**named, "PolicyName": name}, ref.region)
            for name in ask.every(names, named, ref.region, "PolicyNames")
        ]


@dataclass(frozen=True)
class Boundary(Look):
    """The document of the permissions boundary of a `User` or `Role`; absent where it has none."""

    who: str = field(kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """Which policy it is, and its default version."""
        return (f"iam.Get{self.who}", "iam.GetPolicy", "iam.GetPolicyVersion")

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The policy is named by the listing's item, or by the one that has it."""
        one, policy, version = self.read_operations
        held = item if item is not None else at(ask.one(one, {f"{self.who}Name": ref.id}, ref.region), self.who)
        arn = at(held, "PermissionsBoundary.PermissionsBoundaryArn")
        if not arn:
            return Reading(ABSENT)
        named = {"PolicyArn": arn}
        default = at(ask.one(policy, named, ref.region), "Policy.DefaultVersionId")
        found = ask.one(version, {**named, "VersionId": default}, ref.region)
        return Reading(document(at(found, "PolicyVersion.Document")))


def boundary(who: str) -> Boundary:
    """The permissions boundary of one `User` or `Role`."""
    return Boundary(name="boundary", who=who, sensitive=IN_POLICY)


def inline(who: str) -> Inline:
    """The policies that are written into one `User`, `Group` or `Role`."""
    return Inline(name="inline", form=absent_is([]), who=who, sensitive=in_policies("[].document"))
