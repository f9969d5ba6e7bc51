"""Macie: whether it is on in a region, and how sensitive it finds what buckets hold."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Get, Look, Send, absent_is, linked_role
from goldseam.clouds.aws.kind import AwsKind, Listing, changes
from goldseam.clouds.aws.owners import administered, administrator_of
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Moves
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import Value

_ON: Final = "ENABLED"
_PAUSED: Final = "PAUSED"
_OFF: Final = "NONE"
_ANY: Final = ("*",)
_NOT_FOUND: Final = ("ResourceNotFoundException",)
_NOT_ENABLED: Final = {"AccessDeniedException": "Macie is not enabled"}
_LINKED: Final = linked_role("macie", "AWSServiceRoleForAmazonMacie")


def _enable(status: str) -> Send:
    return Send("macie2.EnableMacie", {"status": status}, _ANY, also=_LINKED)


def _update(status: str) -> Send:
    return Send("macie2.UpdateMacieSession", {"status": status}, _ANY)


REGION: Final = AwsKind(
    "aws.macie.region",
    "Macie in a region",
    (
        Moves(
            name="state",
            # Where it is off, AWS answers as to someone who may not: the message tells the two apart.
            get=Get(
                "macie2.GetMacieSession",
                path="status",
                absent=_NOT_FOUND,
                says=_NOT_ENABLED,
            ),
            form=absent_is(_OFF),
            moves={
                (_OFF, _ON): _enable(_ON),
                (_OFF, _PAUSED): _enable(_PAUSED),
                (_PAUSED, _ON): _update(_ON),
                (_ON, _PAUSED): _update(_PAUSED),
                (_ON, _OFF): Send("macie2.DisableMacie", {}, _ANY),
                (_PAUSED, _OFF): Send("macie2.DisableMacie", {}, _ANY),
            },
        ),
        Look(
            name="administrator",
            get=Get("macie2.GetAdministratorAccount", path="administrator", absent=_NOT_FOUND, says=_NOT_ENABLED),
            decode=administrator_of,
            form=absent_is(""),
        ),
    ),
    touched_by=(changes("macie2", "awsRegion", names=("EnableMacie", "DisableMacie", "UpdateMacieSession")),),
    address="arn:{partition}:macie2:{region}:{account}:region",
    owner_rule=administered("macie"),
)


@control(
    "aws.macie.region.on",
    REGION,
    severity=Severity.MEDIUM,
    maps=required("macie_is_enabled"),
    covers=("security-hub:Macie.1",),
    disrupts=may_disrupt("Macie looks at every bucket of the region, samples objects, and charges for both"),
    compliant=({"state": _ON},),
    violating=(Example({"state": _OFF}, leaves={"state": _ON}), Example({"state": _PAUSED}, leaves={"state": _ON})),
)
def macie_on(state: Value) -> Verdict:
    """Macie looks for personal and secret data in the buckets of the region.

    Nobody protects data of which nobody knows that it is there. Taken back, what it found since is deleted.
    """
    if state == _ON:
        return compliant
    return should_be(state=_ON, because="Macie is paused" if state == _PAUSED else "Macie is off in the region")


MACIE_BUCKET: Final = AwsKind(
    "aws.macie.bucket",
    "bucket as Macie sees it",
    (Look(name="score", listed="sensitivityScore"),),
    address="arn:{partition}:s3:::{id}",
    find=Listing("macie2.DescribeBuckets", "buckets", id="bucketName"),
)
