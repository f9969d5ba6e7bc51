"""Route 53: hosted zones, and whether anyone sees what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.kind import ANSWER, REQUEST, Ask, AwsKind, Listing, Scope, changes
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, harmless, violation
from goldseam.resource import Ref
from goldseam.values import Json, Value

_LOGS: Final = "route53.ListQueryLoggingConfigs"


@dataclass(frozen=True)
class _QueryLog(Look):
    """The log group that queries are written to, or empty; one listing tells it of all zones."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The account's query logs."""
        return (_LOGS,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Look for the zone among them."""
        del item
        found = ask.every(_LOGS, {}, ref.region, "QueryLoggingConfigs")
        groups = [str(log["CloudWatchLogsLogGroupArn"]) for log in found if log["HostedZoneId"] == ref.id]
        return Reading(groups[0] if groups else "")


def _on(value: Value) -> Value:
    return value is True


HOSTED_ZONE: Final = AwsKind(
    "aws.route53.hosted-zone",
    "hosted zone",
    (_QueryLog(name="query_log"), Look(name="private", listed="Config.PrivateZone", form=_on)),
    touched_by=(
        changes("route53", f"{REQUEST}.hostedZoneId", id="(?:/?hostedzone/)?(Z[A-Z0-9]+)"),
        changes("route53", f"{ANSWER}.queryLoggingConfig.hostedZoneId"),
    ),
    address="arn:{partition}:route53:::hostedzone/{id}",
    find=Listing("route53.ListHostedZones", "HostedZones", id="Id", last=True),
    scope=Scope.GLOBAL,
)


@control(
    "aws.route53.hosted-zone.queries-logged",
    HOSTED_ZONE,
    severity=Severity.LOW,
    maps=required("route53_public_hosted_zones_cloudwatch_logging_enabled"),
    disrupts=harmless("nothing is changed; a person makes the log group and its policy"),
    compliant=[
        {"query_log": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/route53/example", "private": False},
        {"query_log": "", "private": True},
    ],
    violating=[{"query_log": "", "private": False}],
)
def queries_logged(query_log: str, private: bool) -> Verdict:  # noqa: FBT001
    """Queries to a public zone are logged.

    They show which names are probed before an attack, and names that are asked for and no longer there. The queries to
    a private zone are those of its networks, which the resolver logs.
    """
    if private or query_log:
        return compliant
    return violation(
        because="queries are not logged",
        guide="make a log group in us-east-1, let route53.amazonaws.com write to it (`aws logs put-resource-policy`), "
        "then `aws route53 create-query-logging-config` with the zone and the group",
    )
