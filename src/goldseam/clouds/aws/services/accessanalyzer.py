"""IAM Access Analyzer: whether a region is watched for what is shared with the outside."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Get, Send
from goldseam.clouds.aws.kind import AwsKind, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Each
from goldseam.control import Example, Severity, Verdict, compliant, control, harmless, should_be, violation
from goldseam.model.values import Json, Value

_ANALYZER: Final = ("arn:{partition}:access-analyzer:{region}:{account}:analyzer/<name>",)
_OWN_ROLE: Final = (
    "arn:{partition}:iam::{account}:role/aws-service-role/access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer"
)


def _analyzers(raw: Json) -> Value:
    """Name and type, and the status of one that does not work: `ACTIVE` goes without saying."""
    return [
        {"name": held["name"], "type": held["type"]}
        | ({} if held.get("status") == "ACTIVE" else {"status": str(held.get("status"))})
        for held in raw
    ]


def _waits(answer: Json) -> str:
    """Analyzers that are being created."""
    creating = [each["name"] for each in answer.get("analyzers", ()) if each.get("status") == "CREATING"]
    return f"the analyzer {', '.join(creating)}, which is CREATING" if creating else ""


REGION: Final = AwsKind(
    "aws.accessanalyzer.region",
    "region",
    (
        Each(
            name="analyzers",
            get=Get("accessanalyzer.ListAnalyzers", path="analyzers"),
            decode=_analyzers,
            waits=_waits,
            add=Send(
                "accessanalyzer.CreateAnalyzer", {}, _ANALYZER, also=(("iam:CreateServiceLinkedRole", _OWN_ROLE),)
            ),
            remove=Send("accessanalyzer.DeleteAnalyzer", {}, _ANALYZER),
            fields={"name": "analyzerName", "type": "type"},
            names=("name",),
        ),
    ),
    touched_by=(changes("access-analyzer", "awsRegion", names=("CreateAnalyzer", "DeleteAnalyzer")),),
    address="arn:{partition}:access-analyzer:{region}:{account}:settings",
)  # fmt: skip

_EXTERNAL: Final = ("ACCOUNT", "ORGANIZATION")
_OURS: Final = {"name": "goldseam", "type": "ACCOUNT"}
_UNUSED: Final = {"name": "unused", "type": "ACCOUNT_UNUSED_ACCESS"}
_REPLACE: Final = (
    "1. look at why: `aws accessanalyzer get-analyzer --analyzer-name NAME` gives `statusReason`; 2. give IAM Access "
    "Analyzer its trusted access or its delegated administrator back; or delete the analyzer and repair this"
)


@control(
    "aws.accessanalyzer.region.analyzed", REGION, severity=Severity.LOW,
    disrupts=harmless(
        "an analyzer of external access reads policies, not traffic, and is free of charge",
        source="IAM User Guide, Using AWS Identity and Access Management Access Analyzer",
    ),
    maps=required("accessanalyzer_enabled"), covers=("prowler:accessanalyzer_enabled",),
    compliant=[
        {"analyzers": [{"name": "main", "type": "ACCOUNT"}]}, {"analyzers": [{"name": "all", "type": "ORGANIZATION"}]},
    ],
    violating=[
        Example({"analyzers": []}, leaves={"analyzers": [_OURS]}),
        {"analyzers": [{"name": "all", "type": "ORGANIZATION", "status": "DISABLED"}, _UNUSED]},
        Example(
            {"analyzers": [_UNUSED]}, settings={"analyzer": "outside"},
            leaves={"analyzers": [{"name": "outside", "type": "ACCOUNT"}, _UNUSED]},
        ),
    ],
)  # fmt: skip
def analyzed(analyzers: list[Json], *, analyzer: str = "goldseam") -> Verdict:
    """An analyzer tells what the region shares with the outside.

    It reads the policies of buckets, keys, roles, queues and functions as AWS itself understands them, and keeps a
    list of those that let somebody else in. An analyzer of unused access does something else, and one that is not
    ACTIVE finds nothing (IAM Access Analyzer API Reference, "AnalyzerSummary"). One of the organisation lives in
    another account and is not seen from here: where there is one, exempt its members.
    """
    external = [held for held in analyzers if held["type"] in _EXTERNAL]
    if any("status" not in held for held in external):
        return compliant
    if external:
        because = ", ".join(f"analyzer `{held['name']}` is {held['status']}" for held in external)
        return violation(because=because, guide=_REPLACE)
    wanted = {"name": analyzer, "type": "ACCOUNT"}
    return should_be(analyzers=[*analyzers, wanted], because="no analyzer of external access is in the region")
