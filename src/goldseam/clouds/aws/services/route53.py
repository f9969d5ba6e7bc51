"""Route 53: hosted zones, whether anyone sees what is asked of them, and whether they point to what is gone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from goldseam.clouds.aws.facet import AwsFacet, Look, Reading, Send
from goldseam.clouds.aws.kind import ANSWER, REQUEST, Ask, AwsKind, Listing, ListingScope, changes
from goldseam.clouds.aws.named import LogGroupArn
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cloudfront.missing import LOOKS_FOR_BUCKETS, missing
from goldseam.control import (
    Example,
    Placed,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Placeholder, Value, same

_LOGS: Final = "route53.ListQueryLoggingConfigs"
_RECORDS: Final = "route53.ListResourceRecordSets"
_BEGIN: Final = Send("route53.CreateQueryLoggingConfig", {"HostedZoneId": "{id}"})
_END: Final = Send(
    "route53.DeleteQueryLoggingConfig",
    {"Id": Placeholder("query_log", "Id")},
    resources=("arn:{partition}:route53:::queryloggingconfig/*",),
)
"""Route 53 gives a log its id when it is made, so the right to delete it cannot name it before."""


@dataclass(frozen=True)
class _QueryLog(AwsFacet):
    """The log group that queries are written to; one listing tells it of all zones."""

    begin: Send = _BEGIN
    end: Send = _END

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The account's query logs."""
        return (_LOGS,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Look for the zone among them."""
        del item
        for log in ask.every(_LOGS, {}, ref.region, "QueryLoggingConfigs"):
            if log["HostedZoneId"] == ref.id:
                return Reading(log["CloudWatchLogsLogGroupArn"], told={"Id": str(log["Id"])})
        return Reading(ABSENT)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """Begin a log, or end it; one that goes elsewhere is ended first."""
        if same(before, after):
            return ()
        if after is ABSENT:
            return (self.step(self.end.call(ref), ABSENT),)
        if before is not ABSENT:
            raise self.no_way(ref, after)
        return (self.step(self.begin.call(ref, more={"CloudWatchLogsLogGroupArn": after}), after),)


_WEBSITE: Final = re.compile(r"(.*?)\.?s3-website[.-][a-z0-9-]+\.amazonaws\.com(?:\.cn)?\.?")


@dataclass(frozen=True)
class _Dangling(Look):
    """Buckets that records point to as websites and that are gone. S3 serves the bucket of the name that is asked."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The records of a zone, and what tells whether buckets exist."""
        return (_RECORDS, *LOOKS_FOR_BUCKETS)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask for the records, and for the buckets that they name."""
        del item
        records = ask.every(_RECORDS, {"HostedZoneId": ref.id}, ref.region, "ResourceRecordSets")
        named = {
            str(record["Name"]).rstrip(".") for record in records if any(map(_WEBSITE.fullmatch, _targets(record)))
        }
        return Reading(missing(ask, ref.region, named))


_S3: Final = re.compile(r"(?:(.+)\.)?s3[.-](?:[a-z0-9.-]+\.)?amazonaws\.com(?:\.cn)?")
"""An endpoint of S3, and the bucket that it names (S3 User Guide, "Virtual hosting of general purpose buckets")."""


@dataclass(frozen=True)
class _ToBuckets(Look):
    """Records that point to S3, each as `{"record": name, "bucket": bucket of the endpoint}`.

    S3 serves the bucket that is called like the record where the request says the record's name (Amazon S3 User Guide,
    "Virtual hosting of general purpose buckets"; Amazon Route 53 Developer Guide, "Routing traffic to a website that is
    hosted in an Amazon S3 bucket").
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The records of a zone."""
        return (_RECORDS,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask for the records, and keep those that point to S3."""
        del item
        records = ask.every(_RECORDS, {"HostedZoneId": ref.id}, ref.region, "ResourceRecordSets")
        found = {
            (_domain(record["Name"]), match[1] or "")
            for record in records
            for target in _targets(record)
            if (match := _S3.fullmatch(_domain(target)))
        }
        return Reading([{"record": name, "bucket": bucket} for name, bucket in sorted(found)])


def _domain(name: Json) -> str:
    """A domain name without its last dot, in lower case."""
    return str(name).rstrip(".").lower()


def _targets(record: Mapping[str, Json]) -> list[str]:
    alias = record.get("AliasTarget")
    if alias:
        return [str(alias["DNSName"])]
    return [str(item["Value"]) for item in record.get("ResourceRecords") or [] if record["Type"] == "CNAME"]


def _on(value: Value) -> Value:
    return value is True


HOSTED_ZONE: Final = AwsKind(
    "aws.route53.hosted-zone",
    "hosted zone",
    (
        _QueryLog(name="query_log"),
        _Dangling(name="missing_buckets"),
        Look(name="private", listed="Config.PrivateZone", form=_on),
        Look(name="domain", listed="Name", decode=_domain),
        _ToBuckets(name="to_buckets"),
    ),
    touched_by=(
        changes("route53", f"{REQUEST}.hostedZoneId", id="(?:/?hostedzone/)?(Z[A-Z0-9]+)"),
        changes("route53", f"{ANSWER}.queryLoggingConfig.hostedZoneId"),
    ),
    address="arn:{partition}:route53:::hostedzone/{id}",
    find=Listing("route53.ListHostedZones", "HostedZones", id="Id", last=True),
    scope=ListingScope.GLOBAL,
)


_AT_HOME: Final = Placed(
    "Amazon Route 53 API Reference, CreateQueryLoggingConfig",
    region="us-east-1",
    account=True,
)
_GROUP: Final = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/route53/goldseam"


@control(
    "aws.route53.hosted-zone.queries-logged",
    HOSTED_ZONE,
    severity=Severity.LOW,
    maps=required("route53_public_hosted_zones_cloudwatch_logging_enabled"),
    disrupts=harmless(
        "queries are answered as before; CloudWatch Logs charges by volume, and Route 53 refuses the change "
        "where it may not write",
        source="Amazon Route 53 Developer Guide, Public DNS query logging",
        noticed_by="those who pay",
    ),
    compliant=[{"query_log": _GROUP, "private": False}, {"query_log": ABSENT, "private": True}],
    violating=[
        {"query_log": ABSENT, "private": False},
        Example(
            {"query_log": ABSENT, "private": False},
            settings={"log_group": _GROUP},
            leaves={"query_log": _GROUP},
        ),
    ],
)
def queries_logged(query_log: Value, private: bool, *, log_group: Annotated[LogGroupArn, _AT_HOME] = "") -> Verdict:  # noqa: FBT001
    """Queries to a public zone are logged.

    They show which names are probed before an attack, and names that are asked for and no longer there. The queries to
    a private zone are those of its networks, which the resolver logs.
    """
    if private or query_log is not ABSENT:
        return compliant
    if not log_group:
        return violation(
            because="queries are not logged",
            guide="make a log group in us-east-1, let route53.amazonaws.com write to it (`aws logs "
            "put-resource-policy`), and give its name or ARN in a policy as the setting `log_group`",
        )
    return should_be(query_log=log_group, because="queries are not logged")


@control(
    "aws.route53.hosted-zone.nothing-dangling",
    HOSTED_ZONE,
    severity=Severity.HIGH,
    maps=required("route53_dangling_ip_subdomain_takeover"),
    compliant=[{"missing_buckets": []}],
    violating=[{"missing_buckets": ["shop.example.com"]}],
)
def nothing_dangling(missing_buckets: list[str]) -> Verdict:
    """No name points to a website of S3 whose bucket is gone.

    Whoever makes a bucket of that name is served under yours, and gets certificates for it.
    """
    if not missing_buckets:
        return compliant
    return violation(
        because=f"there is no bucket {', '.join(missing_buckets)}",
        guide="make a bucket of that name in your own account at once, so that nobody else can; then take the record "
        "out of the zone, wait until its time to live is over, and delete the bucket",
    )
