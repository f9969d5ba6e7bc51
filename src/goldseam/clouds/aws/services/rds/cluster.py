"""RDS clusters: Aurora, and Multi-AZ clusters of MySQL and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.rds import clusters
from goldseam.clouds.aws.services.rds.access import ADMINS, RENAMING, usual_port
from goldseam.clouds.aws.services.rds.changes import IAM, LOGS, RETENTION, STATEMENTS_COPIED
from goldseam.clouds.aws.services.rds.instance import of_rds
from goldseam.control import Control, Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import ABSENT, Json, Value

_FIELDS: Final = ("AutoMinorVersionUpgrade", "DeletionProtection", "CopyTagsToSnapshot", RETENTION, IAM, LOGS)
_GOOD: Final = {
    "DeletionProtection": True, "CopyTagsToSnapshot": True, RETENTION: 7, IAM: True, LOGS: [],
}  # fmt: skip

CLUSTER: Final = clusters.cluster_kind("rds", "RDS cluster", _FIELDS, of_rds, (RETENTION, IAM))


def _also(made: Control, requirement: str) -> Control:
    """The control with one requirement more."""
    return replace(made, requirements=(requirement, *made.requirements))


deletion_protected: Final = clusters.deletion_protected(
    CLUSTER, _GOOD, "rds_cluster_deletion_protection", ("security-hub:RDS.7",)
)
tags_copied: Final = clusters.tags_copied(
    CLUSTER, _GOOD, "rds_cluster_copy_tags_to_snapshots", ("security-hub:RDS.16",)
)
iam_authenticated: Final = clusters.iam_authenticated(CLUSTER, _GOOD, "rds_cluster_iam_authentication_enabled")
backed_up: Final = clusters.backed_up(CLUSTER, _GOOD, "rds_instance_backup_enabled")
encrypted: Final = _also(clusters.encrypted(CLUSTER, "rds_cluster_storage_encrypted", "rds"), "cis-aws-7.0:3.2.1")
"""CIS 3.2.1 asks it of every instance, and a cluster decides it for its members."""

tls_required: Final = clusters.tls_required(
    CLUSTER, "aurora-postgresql14", "rds.force_ssl", "rds", "rds_instance_transport_encrypted"
)
multi_az: Final = clusters.multi_az(CLUSTER, "rds_cluster_multi_az", "rds")
logs_exported: Final = clusters.logs_exported(
    CLUSTER, _GOOD,
    {
        "aurora-mysql": ("audit", "error", "general", "slowquery"), "aurora-postgresql": ("postgresql",),
        "mysql": ("error", "general", "slowquery"), "postgres": ("postgresql", "upgrade"),
    },
    "rds_cluster_integration_cloudwatch_logs",
    needs=" Whether a log is written, and what an audit log holds, is up to the parameter group.",
    disrupts=STATEMENTS_COPIED,
)  # fmt: skip

_UPGRADED: Final = {**_GOOD, "AutoMinorVersionUpgrade": True}


@control(
    "aws.rds.cluster.upgraded", CLUSTER, severity=Severity.MEDIUM,
    disrupts=may_disrupt("the cluster restarts in its maintenance window when there is a newer minor version"),
    maps=required("rds_cluster_minor_version_upgrade_enabled"),
    compliant=[
        {"settings": _UPGRADED, "engine": "mysql"},
        {"settings": _GOOD, "engine": "postgres"},
        {"settings": {**_UPGRADED, "AutoMinorVersionUpgrade": False}, "engine": "aurora-mysql"},
    ],
    violating=[
        Example(
            {"settings": {**_UPGRADED, "AutoMinorVersionUpgrade": False}, "engine": "mysql"},
            leaves={"settings": _UPGRADED},
        )
    ],
)  # fmt: skip
def upgraded(settings: Mapping[str, Json], engine: str) -> Verdict:
    """Minor versions are installed in the maintenance window.

    Minor versions carry the security fixes; without this someone has to remember each of them. In Aurora it is each
    instance that says so.
    """
    if engine.startswith("aurora") or settings.get("AutoMinorVersionUpgrade", True):
        return compliant
    return should_be(settings={**settings, "AutoMinorVersionUpgrade": True}, because="minor versions are not installed")


@control(
    "aws.rds.cluster.admin-not-default", CLUSTER, severity=Severity.LOW,
    maps=required("rds_cluster_default_admin"),
    compliant=[{"admin": "keeper"}],
    violating=[{"admin": "admin"}, {"admin": "postgres"}],
)  # fmt: skip
def admin_not_default(admin: str) -> Verdict:
    """The first user of a cluster has a name that nobody guesses.

    Half of what a guesser needs is known where it is `admin`.
    """
    if admin.lower() not in ADMINS:
        return compliant
    return violation(because=f"the first user is called `{admin}`", guide=RENAMING)


@control(
    "aws.rds.cluster.port-not-default", CLUSTER, severity=Severity.LOW,
    maps=required("rds_instance_non_default_port"),
    compliant=[
        {"port": 6543, "engine": "aurora-postgresql"},
        {"port": 3306, "engine": "aurora-postgresql"},
        {"port": ABSENT, "engine": "aurora-mysql"},
    ],
    violating=[{"port": 3306, "engine": "aurora-mysql"}, {"port": 5432, "engine": "postgres"}],
)  # fmt: skip
def port_not_default(port: Value, engine: str) -> Verdict:
    """A cluster does not listen on the usual port of its engine.

    Scanners try the usual ports first. It hides, and does not protect: close the network to strangers before this.
    """
    if port is ABSENT or port != usual_port(engine):
        return compliant
    return violation(
        because=f"it listens on {port}, the usual port of its engine",
        guide="1. let the clients' and the cluster's security groups take the new port as well; 2. `aws rds "
        "modify-db-cluster --port … --apply-immediately`, which restarts its instances; 3. change the port in the "
        "clients' settings; 4. take the old port out of the groups",
    )
