"""DMS: replication instances, and the endpoints that they connect to; of those no user and no password is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Look, Send
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, at, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.rds.changes import WAITING, scheduled, settings
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import Json, Value


def _of_arn(name: str) -> Json:
    return {"Filters": [{"Name": name, "Values": ["{id}"]}]}


INSTANCE: Final = AwsKind(
    "aws.dms.instance",
    "DMS replication instance",
    (
        settings(
            Send("dms.ModifyReplicationInstance", {"ReplicationInstanceArn": "{id}"}),
            ("AutoMinorVersionUpgrade", "MultiAZ"), of="instance", scheduled=("MultiAZ",),
        ),
        WAITING,
        Look(name="public", listed="PubliclyAccessible"),
    ),
    touched_by=(changes("dms", f"{REQUEST}.replicationInstanceArn", id="arn:.+:rep:.+"),),
    address="arn:{partition}:dms:{region}:{account}:rep:{name}",
    find=Listing(
        "dms.DescribeReplicationInstances", "ReplicationInstances", id="ReplicationInstanceArn",
        narrow=_of_arn("replication-instance-arn"),
    ),
)  # fmt: skip


def _security(raw: Mapping[str, Json]) -> Value:
    """How an endpoint is connected to: of all its settings only those that protect the connection."""
    return {
        "engine": raw.get("EngineName", ""),
        "ssl": raw.get("SslMode") or "none",
        "redis": at(raw, "RedisSettings.SslSecurityProtocol") or "",
        "mongodb": at(raw, "MongoDbSettings.AuthType") or "",
        "neptune": bool(at(raw, "NeptuneSettings.IamAuthEnabled")),
    }


ENDPOINT: Final = AwsKind(
    "aws.dms.endpoint",
    "DMS endpoint",
    (Look(name="security", listed="", decode=_security),),
    touched_by=(changes("dms", f"{REQUEST}.endpointArn", id="arn:.+:endpoint:.+"),),
    address="arn:{partition}:dms:{region}:{account}:endpoint:{name}",
    find=Listing("dms.DescribeEndpoints", "Endpoints", id="EndpointArn", narrow=_of_arn("endpoint-arn")),
)

_GOOD: Final = {"AutoMinorVersionUpgrade": True, "MultiAZ": True}


@control(
    "aws.dms.instance.not-public", INSTANCE, severity=Severity.HIGH,
    maps=required("dms_instance_no_public_access"),
    compliant=[{"public": False}],
    violating=[{"public": True}],
)  # fmt: skip
def not_public(public: Value) -> Verdict:
    """A replication instance has no public address.

    It holds the passwords of the databases that it copies. Where it stands can only be chosen when it is made.
    """
    if public is not True:
        return compliant
    return violation(
        because="it is publicly accessible",
        guide="1. make a new instance with `--no-publicly-accessible`, in subnets that reach the databases over VPN, "
        "peering or endpoints; 2. stop the tasks, move them with `aws dms move-replication-task`, and start them; "
        "3. delete the old instance",
    )


@control(
    "aws.dms.instance.upgraded", INSTANCE, severity=Severity.MEDIUM,
    disrupts=may_disrupt("tasks are interrupted in the maintenance window when there is a newer minor version"),
    maps=required("dms_instance_minor_version_upgrade_enabled"),
    compliant=[{"settings": _GOOD}],
    violating=[Example({"settings": {**_GOOD, "AutoMinorVersionUpgrade": False}}, leaves={"settings": _GOOD})],
)  # fmt: skip
def upgraded(settings: Mapping[str, Json]) -> Verdict:
    """Minor versions are installed in the maintenance window.

    Minor versions carry the security fixes; without this someone has to remember each of them.
    """
    if settings.get("AutoMinorVersionUpgrade", False):
        return compliant
    return should_be(settings={**settings, "AutoMinorVersionUpgrade": True}, because="minor versions are not installed")


@control(
    "aws.dms.instance.multi-az", INSTANCE, severity=Severity.LOW,
    disrupts=may_disrupt("the instance costs twice as much, and tasks are slower while the second one is made"),
    maps=required("dms_instance_multi_az_enabled"),
    compliant=[{"settings": _GOOD, "waiting": {}}],
    violating=[
        Example({"settings": {**_GOOD, "MultiAZ": False}, "waiting": {}}, leaves={"settings": _GOOD}),
        {"settings": {**_GOOD, "MultiAZ": False}, "waiting": {"EngineVersion": "3.5.4"}},
    ],
)  # fmt: skip
def multi_az(settings: Mapping[str, Json], waiting: Mapping[str, Json]) -> Verdict:
    """A replication instance has a standby in another zone.

    A copy that never ends, and stops with its zone, has to be begun again.
    """
    if settings.get("MultiAZ", False):
        return compliant
    return scheduled(settings, waiting, "MultiAZ", True, "there is no standby in another zone")  # noqa: FBT003


_WITH_SSL: Final = frozenset((
    "aurora", "aurora-postgresql", "db2", "docdb", "mariadb", "mongodb", "mysql", "oracle", "postgres", "sqlserver",
    "sybase",
))  # fmt: skip
"""Engines of which DMS knows SSL modes (DMS User Guide, "Using SSL with AWS Database Migration Service")."""


def _endpoint(engine: str, ssl: str = "none", redis: str = "", mongodb: str = "", *, neptune: bool = False) -> Json:
    return {"engine": engine, "ssl": ssl, "redis": redis, "mongodb": mongodb, "neptune": neptune}


@control(
    "aws.dms.endpoint.encrypted-in-transit", ENDPOINT, severity=Severity.MEDIUM,
    maps=required("dms_endpoint_ssl_enabled", "dms_endpoint_redis_in_transit_encryption_enabled"),
    compliant=[
        {"security": _endpoint("postgres", "require")}, {"security": _endpoint("s3")},
        {"security": _endpoint("redis", redis="ssl-encryption")},
    ],
    violating=[{"security": _endpoint("postgres")}, {"security": _endpoint("redis", redis="plaintext")}],
)  # fmt: skip
def encrypted_in_transit(security: Mapping[str, Json]) -> Verdict:
    """A copy of a database travels over encrypted connections.

    All data goes over this connection, and the password with it.
    """
    plain = security["engine"] in _WITH_SSL and security["ssl"] == "none"
    if not plain and security["redis"] != "plaintext":
        return compliant
    return violation(
        because=f"connections to the {security['engine']} endpoint are not encrypted",
        guide="1. see that the database takes TLS, and import its certificate: `aws dms import-certificate`; 2. stop "
        "the tasks; 3. `aws dms modify-endpoint --ssl-mode verify-full --certificate-arn …` (for Redis "
        "`--redis-settings SslSecurityProtocol=ssl-encryption`); 4. `aws dms test-connection`; 5. start the tasks",
    )


@control(
    "aws.dms.endpoint.authenticated", ENDPOINT, severity=Severity.MEDIUM,
    maps=required("dms_endpoint_mongodb_authentication_enabled", "dms_endpoint_neptune_iam_authorization_enabled"),
    compliant=[
        {"security": _endpoint("mongodb", mongodb="password")}, {"security": _endpoint("neptune", neptune=True)},
        {"security": _endpoint("postgres")},
    ],
    violating=[{"security": _endpoint("mongodb", mongodb="no")}, {"security": _endpoint("neptune")}],
)  # fmt: skip
def authenticated(security: Mapping[str, Json]) -> Verdict:
    """A database that is copied asks who copies it.

    A MongoDB that needs no password gives its data to everyone who reaches it, and so does a Neptune without IAM.
    """
    open_mongodb = security["engine"] == "mongodb" and security["mongodb"] == "no"
    if not open_mongodb and (security["engine"] != "neptune" or security["neptune"]):
        return compliant
    return violation(
        because=f"the {security['engine']} endpoint asks for no sign-in",
        guide="1. make a user in the database, or switch on IAM sign-in, for the copy alone; 2. stop the tasks; 3. "
        "give it in `aws dms modify-endpoint`; 4. `aws dms test-connection`; 5. start the tasks",
    )
