"""RDS instances: who reaches them and as whom, and what of that is seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.named import Role, SecurityGroup
from goldseam.clouds.aws.parameter_groups import DEFAULT_GROUP
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.rds.changes import IAM, INTERVAL, LOGS, ROLE, STATEMENTS_COPIED, scheduled
from goldseam.clouds.aws.services.rds.instance import DB_INSTANCE, example
from goldseam.clouds.aws.services.rds.transport import is_on, required_by
from goldseam.control import (
    Between,
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value


@control(
    "aws.rds.instance.not-public", DB_INSTANCE, severity=Severity.CRITICAL,
    disrupts=may_disrupt("clients outside the network that connect over the public address are cut off"),
    maps=required("rds_instance_no_public_access"),
    covers=("security-hub:RDS.2", "prowler:rds_instance_no_public_access"),
    compliant=[example()],
    violating=[example({"PubliclyAccessible": False}, PubliclyAccessible=True)],
)  # fmt: skip
def not_public(settings: Mapping[str, Json]) -> Verdict:
    """A database has no public address.

    Without one a mistake in a security group does not put the data on the internet.
    """
    if not settings.get("PubliclyAccessible", False):
        return compliant
    return should_be(settings={**settings, "PubliclyAccessible": False}, because="it is publicly accessible")


_WITH_IAM: Final = ("mariadb", "mysql", "postgres")
"""Engines of which an instance takes IAM's tokens (RDS User Guide, "IAM database authentication")."""


@control(
    "aws.rds.instance.iam-authenticated", DB_INSTANCE, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "IAM authentication needs 300 to 1000 MiB of the instance's memory; small and burstable instances may "
        "run out of it",
        source="Amazon RDS User Guide, IAM database authentication for MariaDB, MySQL, and PostgreSQL",
    ),
    maps=required("rds_instance_iam_authentication_enabled"),
    compliant=[
        example(more={"engine": "postgres"}),
        example(more={"engine": "oracle-ee"}, IAMDatabaseAuthenticationEnabled=False),
    ],
    violating=[
        example({IAM: True}, {"engine": "postgres"}, IAMDatabaseAuthenticationEnabled=False),
        example(
            more={"engine": "postgres", "waiting": {"EngineVersion": "16.4"}}, IAMDatabaseAuthenticationEnabled=False
        ),
    ],
)  # fmt: skip
def iam_authenticated(settings: Mapping[str, Json], waiting: Mapping[str, Json], cluster: str, engine: str) -> Verdict:
    """Users can sign in to a database by IAM.

    Tokens last fifteen minutes and are given to roles, so no password has to be kept in an application. Engines that
    know no such sign-in pass, and in a cluster it is the cluster that says so.
    """
    if cluster or engine not in _WITH_IAM or settings.get(IAM, False):
        return compliant
    return scheduled(settings, waiting, IAM, True, "nobody can sign in by IAM")  # noqa: FBT003


_OF_MYSQL: Final = ("audit", "error", "general", "slowquery")
_WANTED_LOGS: Final = {
    "mariadb": _OF_MYSQL, "mysql": _OF_MYSQL, "postgres": ("postgresql", "upgrade"),
    "oracle": ("alert", "audit", "listener", "trace"), "sqlserver": ("agent", "error"), "sqlserver-ex": ("error",),
    "db2": ("diag.log",),
}  # fmt: skip
"""Log types by engine (AWS Security Hub User Guide, RDS.9); SQL Server Express has no agent, and no log of one."""


@control(
    "aws.rds.instance.logs-exported", DB_INSTANCE, severity=Severity.MEDIUM,
    disrupts=STATEMENTS_COPIED,
    maps=required("rds_instance_integration_cloudwatch_logs"),
    compliant=[
        example(more={"engine": "postgres"}, EnabledCloudwatchLogsExports=["upgrade", "postgresql"]),
        example(more={"engine": "mysql"}, EnabledCloudwatchLogsExports=[*_OF_MYSQL, "iam-db-auth-error"]),
        example(more={"engine": "sqlserver-ex"}, EnabledCloudwatchLogsExports=["error"]),
        example(more={"engine": "mysql", "cluster": "shop"}),
        example(more={"engine": "custom-oracle-ee"}),
    ],
    violating=[
        example({LOGS: ["postgresql", "upgrade"]}, {"engine": "postgres"}),
        example({LOGS: [*_OF_MYSQL]}, {"engine": "mysql"}, EnabledCloudwatchLogsExports=["audit", "error"]),
    ],
)  # fmt: skip
def logs_exported(settings: Mapping[str, Json], cluster: str, engine: str) -> Verdict:
    """The logs of a database go to CloudWatch Logs.

    On the instance they are deleted after days, and whoever owns the database owns its logs. Log types beyond those
    wanted stay exported; one that the parameter group does not switch on is exported empty. In a cluster it is the
    cluster that says so.
    """
    wanted = _WANTED_LOGS.get(engine if engine in _WANTED_LOGS else engine.partition("-")[0], ())
    missing = sorted({*wanted} - {*settings[LOGS]})
    if cluster or not missing:
        return compliant
    exported = sorted({*settings[LOGS], *missing})
    return should_be(settings={**settings, LOGS: exported}, because=f"the logs {', '.join(missing)} are not exported")


_MONITOR: Final = "arn:aws:iam::123456789012:role/rds-monitoring-role"


@control(
    "aws.rds.instance.monitored", DB_INSTANCE, severity=Severity.LOW,
    disrupts=harmless(
        "the change causes no downtime; CloudWatch Logs charges by volume for the metrics",
        source="Amazon RDS User Guide, Settings for DB instances",
        noticed_by="those who pay",
    ),
    maps=required("rds_instance_enhanced_monitoring_enabled"),
    covers=("security-hub:RDS.6",),
    compliant=[example(MonitoringInterval=60, MonitoringRoleArn=_MONITOR)],
    violating=[
        example(),
        Example(
            example().facets, {"role": _MONITOR},
            {"settings": {**example().facets["settings"], INTERVAL: 60, ROLE: _MONITOR}},
        ),
    ],
)  # fmt: skip
def monitored(settings: Mapping[str, Json], *, role: Role = "") -> Verdict:
    """The operating system of a database is monitored.

    Enhanced monitoring shows processes and memory, where a miner or a runaway query shows first. RDS reports as a role
    that trusts `monitoring.rds.amazonaws.com`: without a chosen one there is nothing to set.
    """
    if settings[INTERVAL]:
        return compliant
    if not role:
        return violation(
            because="enhanced monitoring is off",
            guide="1. make a role that trusts `monitoring.rds.amazonaws.com` and has the managed policy "
            "`AmazonRDSEnhancedMonitoringRole`; 2. give its ARN in a policy as the setting `role`",
        )
    return should_be(settings={**settings, INTERVAL: 60, ROLE: role}, because="enhanced monitoring is off")


@control(
    "aws.rds.instance.quarantined", DB_INSTANCE, severity=Severity.HIGH,
    disrupts=may_disrupt("every client of the database is cut off, which is what a quarantine is for"),
    covers=("cloudbots:rds_quarantine_instance",),
    compliant=[
        {"groups": ["sg-1"], "tags": {}},
        Example({"groups": ["sg-9"], "tags": {"quarantine": ""}}, {"group": "sg-9"}),
    ],
    violating=[
        {"groups": ["sg-1"], "tags": {"quarantine": ""}},
        Example({"groups": ["sg-1", "sg-2"], "tags": {"quarantine": ""}}, {"group": "sg-9"}, {"groups": ["sg-9"]}),
    ],
)  # fmt: skip
def quarantined(groups: Value, tags: Value, *, tag: str = "quarantine", group: SecurityGroup = "") -> Verdict:
    """A database that is marked for quarantine is reached by nobody.

    Someone who suspects a database sets a tag on it; it then keeps one security group, without rules. The data, its
    backups and its own groups are there to come back to.
    """
    if tag not in tags or (group and groups == [group]):
        return compliant
    if not group:
        return violation(
            because=f"it is marked with the tag `{tag}`, and is in {', '.join(groups) or 'no group'}",
            guide="make a security group without rules in the database's VPC, and give its id in a policy as the "
            "setting `group`",
        )
    return should_be(groups=[group], because=f"it is marked with the tag `{tag}`, and is in {', '.join(groups)}")


_PORTS: Final = {
    "mariadb": 3306, "mysql": 3306, "aurora-mysql": 3306, "postgres": 5432, "aurora-postgresql": 5432, "oracle": 1521,
    "sqlserver": 1433, "db2": 50000,
}  # fmt: skip


def usual_port(engine: str) -> int:
    """The port that an engine listens on where none is chosen; 0 for engines that are not known."""
    return _PORTS.get(engine, _PORTS.get(engine.partition("-")[0], 0))


@control(
    "aws.rds.instance.port-not-default", DB_INSTANCE, severity=Severity.LOW,
    maps=required("rds_instance_non_default_port"),
    compliant=[
        {"port": 6543, "engine": "postgres", "cluster": ""},
        {"port": 5432, "engine": "aurora-postgresql", "cluster": "shop"},
        {"port": ABSENT, "engine": "postgres", "cluster": ""},
    ],
    violating=[{"port": 5432, "engine": "postgres", "cluster": ""}],
)  # fmt: skip
def port_not_default(port: Value, engine: str, cluster: str) -> Verdict:
    """A database does not listen on the usual port of its engine.

    Scanners try the usual ports first. It hides, and does not protect: close the network to strangers before this.
    """
    if cluster or port is ABSENT or port != usual_port(engine):
        return compliant
    return violation(
        because=f"it listens on {port}, the usual port of its engine",
        guide="1. let the clients' and the database's security groups take the new port as well; 2. `aws rds "
        "modify-db-instance --db-port-number … --apply-immediately`, which restarts the database; 3. change the port "
        "in the clients' settings; 4. take the old port out of the groups",
    )


ADMINS: Final = ("admin", "administrator", "postgres", "root", "sa", "sysadmin")
RENAMING: Final = (
    "the name is chosen when a database is made: make another user with the rights that people need and use the first "
    "one for emergencies only, or restore the data into a database with another name for it"
)


@control(
    "aws.rds.instance.admin-not-default", DB_INSTANCE, severity=Severity.LOW,
    maps=required("rds_instance_default_admin"),
    compliant=[{"admin": "keeper", "cluster": ""}, {"admin": "admin", "cluster": "shop"}],
    violating=[{"admin": "admin", "cluster": ""}, {"admin": "postgres", "cluster": ""}],
)  # fmt: skip
def admin_not_default(admin: str, cluster: str) -> Verdict:
    """The first user of a database has a name that nobody guesses.

    Half of what a guesser needs is known where it is `admin`. In a cluster it is the cluster's user.
    """
    if cluster or admin.lower() not in ADMINS:
        return compliant
    return violation(because=f"the first user is called `{admin}`", guide=RENAMING)


@control(
    "aws.rds.instance.tls-required", DB_INSTANCE, severity=Severity.MEDIUM,
    maps=required("rds_instance_transport_encrypted"),
    compliant=[
        {"transport": {"group": "default.postgres16", "values": {"rds.force_ssl": "1"}}},
        {"transport": {"group": "orders", "values": {"rds.force_ssl": "0"}}},
        {"transport": {"group": "default.oracle-ee-19", "values": {}}},
    ],
    violating=[
        {"transport": {"group": "default.postgres14", "values": {"rds.force_ssl": "0"}}},
        {"transport": {"group": "default.mysql8.0", "values": {"require_secure_transport": ""}}},
    ],
)  # fmt: skip
def tls_required(transport: Value) -> Verdict:
    """A database is in no default group that lets plain connections in.

    What is sent over a plain connection, passwords included, can be read on the way. Nothing can be changed in AWS's
    default groups; groups of one's own have a control of their own, with a fix.
    """
    name = required_by(transport["values"])
    if not transport["group"].startswith(DEFAULT_GROUP) or not name or is_on(transport["values"][name]):
        return compliant
    return violation(
        because=f"`{name}` is off in the group `{transport['group']}`",
        guide=f"1. see that all clients connect with TLS; 2. make a parameter group of the same family and set "
        f"`{name}` to 1 in it; 3. `aws rds modify-db-instance --db-parameter-group-name …`; 4. restart the database",
    )


@control(
    "aws.rds.instance.certificate-current", DB_INSTANCE, severity=Severity.MEDIUM,
    maps=required("rds_instance_certificate_expiration"),
    compliant=[{"certificate": {"until": "2061-05-21", "days": 12000}}, {"certificate": ABSENT}],
    violating=[
        {"certificate": {"until": "2026-02-28", "days": 15}}, {"certificate": {"until": "2026-01-28", "days": -15}},
    ],
)  # fmt: skip
def certificate_current(certificate: Value, *, days: Annotated[int, Between(1, 365)] = 90) -> Verdict:
    """The certificate of a database is valid for some time to come.

    On the day that it expires clients that check it refuse to connect, or stop checking. Clients must trust the new
    authority before the database shows it, and some engines restart: this is for people.
    """
    if certificate is ABSENT or certificate["days"] >= days:
        return compliant
    return violation(
        because=f"the certificate is valid until {certificate['until']}",
        guide="1. put the current bundle of RDS's authorities into the trust stores of all clients; 2. `aws rds "
        "modify-db-instance --ca-certificate-identifier rds-ca-rsa2048-g1`, with `--no-certificate-rotation-restart` "
        "where the engine can; 3. see that the clients connect",
    )
