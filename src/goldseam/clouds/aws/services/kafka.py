"""MSK: Kafka clusters, how clients reach them, and what they write down.

Every change names the version of the cluster that it changes, and takes minutes while brokers restart one after the
other (MSK API Reference). Serverless clusters have TLS, IAM and encryption that cannot be switched off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Look, Send, absent_is, tags, until, version
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import LogGroup
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import ABSENT, Json, Placeholder, Value

_SETTLED: Final = until("State", "ACTIVE", "FAILED", of="the cluster")
_VERSION: Final = version("CurrentVersion")
_GRANTS: Final = (("kms:RetireGrant", "arn:{partition}:kms:{region}:{account}:key/*"),)
"""What `UpdateSecurity` depends on (Service Authorization Reference, Amazon MSK)."""


def _cluster(facet: str) -> dict[str, object]:
    """The parameters that name a cluster and the version of it that is changed."""
    return {"ClusterArn": "{id}", "CurrentVersion": Placeholder(facet, "CurrentVersion")}


def _serverless(raw: Json) -> Value:
    return raw == "SERVERLESS"


_PLACES: Final = ("CloudWatchLogs", "Firehose", "S3")


def _logs(value: Value) -> Value:
    """Every place that brokers may log to, on or off."""
    held = value or {}
    brokers = held.get("BrokerLogs") or {}
    said = {place: brokers.get(place) or {} for place in _PLACES}
    on = {place: dict(where) if where.get("Enabled") else {"Enabled": False} for place, where in said.items()}
    return {**held, "BrokerLogs": on}


CLUSTER: Final = AwsKind(
    "aws.kafka.cluster",
    "MSK cluster",
    (
        Document(
            name="client_broker",
            listed="Provisioned.EncryptionInfo.EncryptionInTransit.ClientBroker",
            waits=_SETTLED,
            tells=_VERSION,
            put=Send(
                "kafka.UpdateSecurity",
                {**_cluster("client_broker"), "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": VALUE}}},
                also=_GRANTS,
            ),
        ),
        Document(
            name="authentication",
            listed="Provisioned.ClientAuthentication",
            waits=_SETTLED,
            tells=_VERSION,
            put=Send(
                "kafka.UpdateSecurity", {**_cluster("authentication"), "ClientAuthentication": VALUE}, also=_GRANTS
            ),
        ),
        Document(
            name="monitoring",
            listed="Provisioned.EnhancedMonitoring",
            waits=_SETTLED,
            tells=_VERSION,
            put=Send("kafka.UpdateMonitoring", {**_cluster("monitoring"), "EnhancedMonitoring": VALUE}),
        ),
        Document(
            name="logging",
            listed="Provisioned.LoggingInfo",
            form=_logs,
            waits=_SETTLED,
            tells=_VERSION,
            put=Send("kafka.UpdateMonitoring", {**_cluster("logging"), "LoggingInfo": VALUE}),
        ),
        Document(
            name="public",
            listed="Provisioned.BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type",
            form=absent_is("DISABLED"),
            waits=_SETTLED,
            tells=_VERSION,
            put=Send(
                "kafka.UpdateConnectivity",
                {**_cluster("public"), "ConnectivityInfo": {"PublicAccess": {"Type": VALUE}}},
                also=(("ec2:DescribeRouteTables", "*"), ("ec2:DescribeSubnets", "*")),
            ),
        ),
        Look(name="between_brokers", listed="Provisioned.EncryptionInfo.EncryptionInTransit.InCluster"),
        Look(name="serverless", listed="ClusterType", decode=_serverless),
        tags(),
    ),
    touched_by=(changes("kafka", f"{REQUEST}.clusterArn"),),
    address="arn:{partition}:kafka:{region}:{account}:cluster/*/{name}",
    find=Listing("kafka.ListClustersV2", "ClusterInfoList", id="ClusterArn", address="ClusterArn"),
)

_TLS: Final = "TLS"


@control(
    "aws.kafka.cluster.tls-only",
    CLUSTER,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("clients that speak to brokers in clear are cut off; brokers restart one after the other"),
    maps=required("kafka_cluster_in_transit_encryption_enabled"),
    compliant=[
        {"client_broker": _TLS, "between_brokers": True, "serverless": False},
        {"client_broker": ABSENT, "between_brokers": ABSENT, "serverless": True},
    ],
    violating=[
        Example(
            {"client_broker": "TLS_PLAINTEXT", "between_brokers": True, "serverless": False},
            leaves={"client_broker": _TLS},
        ),
        {"client_broker": _TLS, "between_brokers": False, "serverless": False},
    ],
)
def tls_only(client_broker: Value, between_brokers: Value, serverless: bool) -> Verdict:  # noqa: FBT001
    """Clients and brokers speak TLS only.

    Records and passwords cross the network readable for whoever is on the path otherwise.
    """
    if serverless:
        return compliant
    if between_brokers is False:
        return violation(
            because="brokers speak to each other in clear",
            guide="this is chosen when a cluster is made: make one with encryption between brokers, mirror the topics "
            "to it with MSK Replicator, move the clients, and delete this one",
        )
    if client_broker == _TLS:
        return compliant
    return should_be(client_broker=_TLS, because=f"brokers take {client_broker} from clients")


_IAM: Final = {"Sasl": {"Iam": {"Enabled": True}}, "Unauthenticated": {"Enabled": False}}
_ANYONE: Final = {**_IAM, "Unauthenticated": {"Enabled": True}}


def _signs_in(authentication: Mapping[str, Json]) -> bool:
    """Whether there is any way to sign in."""
    sasl = authentication.get("Sasl") or {}
    ways = (sasl.get("Iam"), sasl.get("Scram"), authentication.get("Tls"))
    return any((way or {}).get("Enabled") for way in ways)


@control(
    "aws.kafka.cluster.authenticated",
    CLUSTER,
    severity=Severity.HIGH,
    disrupts=may_disrupt("clients that do not sign in are cut off; brokers restart one after the other"),
    maps=required("kafka_cluster_unrestricted_access_disabled"),
    compliant=[
        {"authentication": _IAM, "client_broker": _TLS, "serverless": False},
        {"authentication": ABSENT, "client_broker": ABSENT, "serverless": True},
    ],
    violating=[
        Example(
            {"authentication": _ANYONE, "client_broker": _TLS, "serverless": False}, leaves={"authentication": _IAM}
        ),
        {"authentication": ABSENT, "client_broker": _TLS, "serverless": False},
        {"authentication": _ANYONE, "client_broker": "TLS_PLAINTEXT", "serverless": False},
        {"authentication": {"Tls": {"Enabled": True}}, "client_broker": "TLS_PLAINTEXT", "serverless": False},
    ],
)
def authenticated(authentication: Value, client_broker: Value, serverless: bool) -> Verdict:  # noqa: FBT001
    """Clients sign in to a cluster.

    Otherwise whoever reaches a broker reads and writes every topic. Nobody signs in where brokers take clients in
    clear, so such a cluster is mended there first.
    """
    held = authentication or {}
    without = (held.get("Unauthenticated") or {}).get("Enabled") or client_broker != _TLS
    if serverless or (_signs_in(held) and not without):
        return compliant
    because = "clients need not sign in"
    if not _signs_in(held) or client_broker != _TLS:
        return violation(
            because=because,
            guide="switch on IAM (or SCRAM, or certificates) beside it, move the clients to TLS and to that, take TLS "
            "only, then repair this",
        )
    return should_be(authentication={**held, "Unauthenticated": {"Enabled": False}}, because=because)


@control(
    "aws.kafka.cluster.not-public",
    CLUSTER,
    severity=Severity.CRITICAL,
    disrupts=may_disrupt("clients on the internet are cut off"),
    maps=required("kafka_cluster_is_public"),
    compliant=[{"public": "DISABLED"}, {"public": ABSENT}],
    violating=[Example({"public": "SERVICE_PROVIDED_EIPS"}, leaves={"public": "DISABLED"})],
)
def not_public(public: str) -> Verdict:
    """Brokers have no public addresses.

    With them, a security group and a password are all that keeps everyone from the topics.
    """
    if public == "DISABLED":
        return compliant
    return should_be(public="DISABLED", because="brokers have public addresses")


_ENOUGH: Final = ("PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION")


@control(
    "aws.kafka.cluster.monitored",
    CLUSTER,
    severity=Severity.LOW,
    disrupts=may_disrupt("metrics for each topic and broker are charged for"),
    maps=required("kafka_cluster_enhanced_monitoring_enabled"),
    compliant=[
        {"monitoring": "PER_TOPIC_PER_BROKER", "serverless": False},
        {"monitoring": ABSENT, "serverless": True},
    ],
    violating=[Example({"monitoring": "DEFAULT", "serverless": False}, leaves={"monitoring": "PER_TOPIC_PER_BROKER"})],
)
def monitored(monitoring: Value, serverless: bool) -> Verdict:  # noqa: FBT001
    """A cluster is measured by topic and broker.

    Only then an unusual reader of one topic shows.
    """
    if serverless or monitoring in _ENOUGH:
        return compliant
    return should_be(monitoring=_ENOUGH[0], because=f"monitoring is {monitoring}")


_GROUP: Final = "/aws/msk/orders"
_QUIET: Final = _logs(ABSENT)
_LOUD: Final = {"BrokerLogs": {**_QUIET["BrokerLogs"], "CloudWatchLogs": {"Enabled": True, "LogGroup": _GROUP}}}


@control(
    "aws.kafka.cluster.logged",
    CLUSTER,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "where a broker's log level was set to DEBUG or TRACE, delivery to CloudWatch Logs can slow the broker "
        "down significantly; CloudWatch Logs charges by volume",
        source="Amazon MSK Developer Guide, Amazon MSK logging",
    ),
    compliant=[{"logging": _LOUD, "serverless": False}, {"logging": ABSENT, "serverless": True}],
    violating=[
        {"logging": ABSENT, "serverless": False},
        Example({"logging": ABSENT, "serverless": False}, {"log_group": _GROUP}, leaves={"logging": _LOUD}),
    ],
)
def logged(logging: Mapping[str, Json], serverless: bool, *, log_group: LogGroup = "") -> Verdict:  # noqa: FBT001
    """Brokers write their logs somewhere.

    Who could not sign in, and what a broker refused, is lost with the broker otherwise. `log_group` is the name or
    ARN of a log group.
    """
    places = logging["BrokerLogs"]
    if serverless or any(where["Enabled"] for where in places.values()):
        return compliant
    because = "brokers' logs go nowhere"
    if not log_group:
        return violation(
            because=because, guide="make a log group and give its name in a policy as the setting `log_group`"
        )
    to_group = {"Enabled": True, "LogGroup": log_group}
    return should_be(logging={**logging, "BrokerLogs": {**places, "CloudWatchLogs": to_group}}, because=because)
