"""IAM policies that the account made itself: what they give, and which of their versions holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Address, Get, Look, Reading, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, ListingScope, at, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.sensitive import in_policies
from goldseam.clouds.aws.services.iam.held import details, document
from goldseam.clouds.aws.services.iam.holders import EXCESSES, Excess, statement
from goldseam.clouds.aws.services.iam.identity import Given, excess, listed
from goldseam.clouds.aws.shapes import Document
from goldseam.clouds.aws.statements import policy_document
from goldseam.control import Control, Example, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value

_POLICY: Final = {"PolicyArn": "{id}"}
_LIST: Final = "iam.ListPolicyVersions"
_ONE: Final = "iam.GetPolicyVersion"


@dataclass(frozen=True)
class Versions(Look):
    """The versions of the policy, as `{"id": …, "document": …}`, newest first."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """Which versions there are, and each of them."""
        return (_LIST, _ONE)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """From the listing's item, or one call for each version."""
        held = at(item, "PolicyVersionList") or [] if item is not None else _asked(ask, ref)
        found = [{"id": held["VersionId"], "document": document(held["Document"])} for held in held]
        return Reading(sorted(found, key=lambda version: -_number(str(version["id"]))))


def _asked(ask: Ask, ref: Ref) -> list[Json]:
    named = {"PolicyArn": ref.id}
    versions = ask.every(_LIST, named, ref.region, "Versions")
    return [
        at(ask.one(_ONE, {**named, "VersionId": version["VersionId"]}, ref.region), "PolicyVersion")
        for version in versions
    ]


def _number(version: str) -> int:
    """`v3` is 3; numbers only grow."""
    return int(version.removeprefix("v"))


POLICY: Final = AwsKind(
    "aws.iam.policy",
    "IAM policy",
    (
        Document(
            name="default_version",
            get=Get("iam.GetPolicy", _POLICY, "Policy.DefaultVersionId"),
            listed="DefaultVersionId",
            put=Send("iam.SetDefaultPolicyVersion", {"PolicyArn": "{address}", "VersionId": VALUE}),
        ),
        Versions(name="versions", form=absent_is([]), sensitive=in_policies("[].document")),
        replace(tags(Get("iam.ListPolicyTags", _POLICY, path="Tags")), listed="Tags"),
        Address(name="arn"),
    ),
    touched_by=(changes("iam", f"{REQUEST}.policyArn", id=r"arn:[^:]+:iam::\d{12}:policy/.+"),),
    address="arn:{partition}:iam::{account}:policy/{name}",
    find=details("LocalManagedPolicy", "Policies", "Arn"),
    scope=ListingScope.GLOBAL,
)


def _holding(default_version: str, versions: Iterable[Mapping[str, Json]]) -> Json:
    """The document of the version that holds."""
    return next((version["document"] for version in versions if version["id"] == default_version), {})


def _earlier(word: str, default_version: str, versions: Iterable[Mapping[str, Json]], arn: str) -> str:
    """The newest of the versions before the one that holds which gives none of the excess; empty when there is none."""
    before = [version for version in versions if _number(version["id"]) < _number(default_version)]
    return next((str(version["id"]) for version in before if not _gives(word, version["document"], arn)), "")


def _gives(word: str, held: Json, arn: str) -> bool:
    return bool(excess("administrator", [held], arn) or excess(word, [held], arn))


def _is_certain(given: Iterable[Given]) -> bool:
    return any(each.certain for each in given)


def _versions(*held: Json) -> list[Json]:
    return [{"id": f"v{len(held) - at}", "document": document} for at, document in enumerate(held)]


def _state(default: str, *held: Json) -> Mapping[str, Value]:
    return {"default_version": default, "versions": _versions(*held), "arn": _ARN}


_ARN: Final = "arn:aws:iam::123456789012:policy/goldseam-policy"
_NARROW: Final = policy_document(statement("s3:GetObject", resource="arn:aws:s3:::goldseam-example/*"))
_ROLLS_BACK: Final = may_disrupt(
    "whoever holds the policy loses what only the wide version allows, until the wide version is made to hold again"
)


def _policy_control(excessive: Excess) -> Control:
    wide = policy_document(statement(*excessive.actions))
    rows = ("cloudbots:iam_delete_default_policy_version",) if excessive.word == "administrator" else ()

    @control(
        f"{POLICY.name}.{excessive.control}", POLICY, severity=excessive.severity,
        title=f"Policies of the account {excessive.title}",
        why=f"{excessive.why} Where an earlier version of the policy is narrower, that one is made to hold again.",
        disrupts=_ROLLS_BACK, maps=required(*excessive.managed), covers=rows,
        compliant=[_state("v1", _NARROW), _state("v1", wide, _NARROW)],
        violating=[
            Example(_state("v2", wide, _NARROW), leaves={"default_version": "v1"}),
            Example(_state("v3", wide, wide, _NARROW), leaves={"default_version": "v1"}),
            _state("v1", wide),
        ],
    )  # fmt: skip
    def gives_no_more(default_version: str, versions: list[Json], arn: str) -> Verdict:
        given = excess(excessive.word, [_holding(default_version, versions)], arn)
        if not given:
            return compliant
        because = f"version {default_version} allows {listed(given)}"
        earlier = _earlier(excessive.word, default_version, versions, arn)
        if earlier and _is_certain(given):
            return should_be(default_version=earlier, because=because)
        return violation(because=because, guide=excessive.guide)

    return gives_no_more


POLICIES: Final = tuple(map(_policy_control, EXCESSES))
"""One control for each excess that a policy of the account may give."""
