"""EKS: clusters, who reaches their API server, what is recorded of it, and how old they are.

`UpdateClusterConfig` takes one kind of change in a call, and refuses the next one until the cluster is active again,
minutes later. So what is changed apart is a resource apart: the cluster with its endpoint, its control-plane logs, and
its deletion protection, each with plans of its own. All are read by the same call. Source: Amazon EKS API Reference,
"UpdateClusterConfig"; EKS User Guide, "Control network access to cluster API server endpoint".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_network
from typing import Final

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Get, Look, Reading, Send, absent_is, until
from goldseam.clouds.aws.kind import ANSWER, REQUEST, Ask, AwsKind, Listing, at, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, Settings
from goldseam.control import (
    Cidr,
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_CLUSTER: Final = {"name": "{id}"}
_UPDATE: Final = Send("eks.UpdateClusterConfig", _CLUSTER)
_ACTIVE: Final = until("cluster.status", "ACTIVE", "FAILED", of="the cluster")
_ADDRESS: Final = "arn:{partition}:eks:{region}:{account}:cluster/{id}"
_CLUSTERS: Final = Listing("eks.ListClusters", "clusters")
_TOUCHED: Final = (changes("eks", f"{REQUEST}.name", f"{REQUEST}.clusterName"),)


def _described(path: str) -> Get:
    return Get("eks.DescribeCluster", _CLUSTER, f"cluster.{path}")


_TAGS: Final = Look(name="tags", get=_described("tags"), form=lambda value: {} if value is ABSENT else value)


def _no_networks_where_closed(value: Value) -> Value:
    """Networks count only while the endpoint is public; EKS shows none, or the world, where it is not."""
    networks = sorted(value.get("publicAccessCidrs") or []) if value.get("endpointPublicAccess") else []
    return {**value, "publicAccessCidrs": networks}


@dataclass(frozen=True)
class Endpoint(Settings):
    """How the API server is reached; networks are sent only with a public endpoint."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One update with the fields that differ."""
        if after.get("endpointPublicAccess"):
            return super().write(ref, before, after)
        closing = super().write(ref, before, {**after, "publicAccessCidrs": before.get("publicAccessCidrs", [])})
        return tuple(self.step(step.call, after) for step in closing)


def _enabled(raw: Json) -> Value:
    return sorted(kind for part in raw if part.get("enabled") for kind in part.get("types") or [])


@dataclass(frozen=True)
class Logs(AwsFacet):
    """The kinds of log that are sent to CloudWatch; an update names only those that change."""

    modify: Send = field(kw_only=True)

    def normal(self, value: Value) -> Value:
        """The kinds in order."""
        return sorted([] if value is ABSENT else value)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One update."""
        sides = ((True, after, before), (False, before, after))
        differing = {on: [kind for kind in one if kind not in other] for on, one, other in sides}
        parts = [{"types": kinds, "enabled": on} for on, kinds in differing.items() if kinds]
        if not parts:
            return ()
        return (self.step(self.modify.call(ref, more={"logging": {"clusterLogging": parts}}), after),)


STANDARD_SUPPORT: Final[Mapping[str, str]] = {
    "1.23": "2023-10-11",
    "1.24": "2024-01-31",
    "1.25": "2024-05-01",
    "1.26": "2024-06-11",
    "1.27": "2024-07-24",
    "1.28": "2024-11-26",
    "1.29": "2025-03-23",
    "1.30": "2025-07-23",
    "1.31": "2025-11-26",
    "1.32": "2026-03-23",
    "1.33": "2026-07-29",
    "1.34": "2026-12-02",
    "1.35": "2027-03-27",
}
"""The last days of standard support (EKS User Guide, "Understand the Kubernetes version lifecycle on EKS").

Older versions than these have none; newer ones are taken for supported.
"""


@dataclass(frozen=True)
class KubernetesVersion(Look):
    """The version of Kubernetes, and the day its standard support ended, empty while it lasts."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The version is known to EKS, the day to the table."""
        name = str(super().read(ask, ref, item).value)
        ended = STANDARD_SUPPORT.get(name, "" if _newer(name) else min(STANDARD_SUPPORT.values()))
        return Reading({"name": name, "ended": ended if ended < ask.today() else ""})


def _newer(name: str) -> bool:
    return _ordered(name) > max(map(_ordered, STANDARD_SUPPORT))


def _ordered(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split("."))


def _secrets(raw: Json) -> Value:
    return any("secrets" in (part.get("resources") or []) for part in raw)


CLUSTER: Final = AwsKind(
    "aws.eks.cluster",
    "EKS cluster",
    (
        Endpoint(
            name="endpoint",
            get=_described("resourcesVpcConfig"),
            modify=_UPDATE,
            fields={name: name for name in ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")},
            under="resourcesVpcConfig",
            form=_no_networks_where_closed,
            waits=_ACTIVE,
        ),
        Look(
            name="secrets_encrypted",
            get=_described("encryptionConfig"),
            decode=_secrets,
            form=absent_is(default=False),
        ),
        KubernetesVersion(name="version", get=_described("version")),
        _TAGS,
    ),
    touched_by=_TOUCHED,
    address=_ADDRESS,
    find=_CLUSTERS,
)

LOGGING: Final = AwsKind(
    "aws.eks.logging",
    "EKS control-plane logging",
    (
        Logs(name="logs", get=_described("logging.clusterLogging"), modify=_UPDATE, decode=_enabled, waits=_ACTIVE),
        _TAGS,
    ),
    touched_by=_TOUCHED,
    address=_ADDRESS,
    find=_CLUSTERS,
)

PROTECTION: Final = AwsKind(
    "aws.eks.protection",
    "EKS deletion protection",
    (
        Document(
            name="deletion_protected",
            get=_described("deletionProtection"),
            put=Send("eks.UpdateClusterConfig", {**_CLUSTER, "deletionProtection": VALUE}),
            form=lambda value: False if value is ABSENT else value,
            waits=_ACTIVE,
        ),
        _TAGS,
    ),
    touched_by=_TOUCHED,
    address=_ADDRESS,
    find=_CLUSTERS,
)

_REMOTE: Final = Get("eks.DescribeNodegroup", {"clusterName": "{parent}", "nodegroupName": "{name}"}, "nodegroup")


def _opened(raw: Mapping[str, Json]) -> Value:
    """Whether there is a key for SSH, and the security groups that may use it."""
    access = at(raw, "remoteAccess") or {}
    return {"Key": access.get("ec2SshKey") or "", "Groups": sorted(access.get("sourceSecurityGroups") or [])}


NODE_GROUP: Final = AwsKind(
    "aws.eks.node-group",
    "EKS node group",
    (Look(name="remote_access", get=_REMOTE, decode=_opened),),
    touched_by=(changes("eks", f"{ANSWER}.nodegroup.nodegroupArn", id="arn:.+:nodegroup/([^/]+/[^/]+)/.+"),),
    address="arn:{partition}:eks:{region}:{account}:nodegroup/{id}/*",
    find=Listing("eks.ListNodegroups", "nodegroups", parameters={"clusterName": "{parent}"}, within=_CLUSTERS),
)

_OPEN: Final = {"endpointPublicAccess": True, "endpointPrivateAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]}
_CLOSED: Final = {"endpointPublicAccess": False, "endpointPrivateAccess": True, "publicAccessCidrs": []}
_OFFICE: Final = {**_OPEN, "endpointPrivateAccess": True, "publicAccessCidrs": ["198.51.100.0/24"]}
_WIDEST: Final = {4: 8, 6: 32}


@control(
    "aws.eks.cluster.endpoint-not-public",
    CLUSTER,
    severity=Severity.HIGH,
    maps=required("eks_cluster_not_publicly_accessible"),
    disrupts=may_disrupt(
        "people and pipelines outside the VPC that come from no allowed network are cut off from the API server; nodes "
        "reach it inside the VPC, where DNS resolution and DNS host names must be on"
    ),
    compliant=({"endpoint": _CLOSED}, {"endpoint": _OFFICE}),
    violating=(
        Example({"endpoint": _OPEN}, leaves={"endpoint": _CLOSED}),
        Example(
            {"endpoint": {**_OPEN, "publicAccessCidrs": ["0.0.0.0/0", "198.51.100.0/24"]}}, leaves={"endpoint": _OFFICE}
        ),
        Example({"endpoint": _OPEN}, settings={"networks": ["198.51.100.0/24"]}, leaves={"endpoint": _OFFICE}),
    ),
)
def endpoint_not_public(endpoint: Mapping[str, Json], *, networks: tuple[Cidr, ...] = ()) -> Verdict:
    """The cluster's API server is not open to the world.

    Whoever reaches it can try stolen credentials and new holes. Networks that are allowed by name stay; `networks` are
    allowed instead of the world. Where none is left the endpoint becomes private, and always it is opened inside the
    VPC, so that nodes do not lose it.
    """
    wide = [network for network in endpoint["publicAccessCidrs"] if _is_wide(network)]
    if not wide:
        return compliant
    kept = sorted({*networks, *(set(endpoint["publicAccessCidrs"]) - set(wide))})
    wanted = {"endpointPublicAccess": bool(kept), "endpointPrivateAccess": True, "publicAccessCidrs": kept}
    return should_be(endpoint=wanted, because=f"the API server is open to {', '.join(wide)}")


def _is_wide(network: str) -> bool:
    parsed = ip_network(network, strict=False)
    return parsed.prefixlen < _WIDEST[4 if isinstance(parsed, IPv4Network) else 6]


_EVERY: Final = ["api", "audit", "authenticator", "controllerManager", "scheduler"]


@control(
    "aws.eks.logging.complete",
    LOGGING,
    severity=Severity.MEDIUM,
    maps=required("eks_control_plane_logging_all_types_enabled"),
    covers=("seed:eksLoggingEnabled",),
    disrupts=may_disrupt(
        "CloudWatch Logs charges by volume, and the logs of a busy control plane may cost more than the "
        "control plane; the cluster itself goes on",
        source="Amazon EKS API Reference, UpdateClusterConfig",
    ),
    compliant=({"logs": _EVERY},),
    violating=(
        Example({"logs": []}, leaves={"logs": _EVERY}),
        Example({"logs": ["api", "audit"]}, leaves={"logs": _EVERY}),
    ),
)
def logging_complete(logs: list[str]) -> Verdict:
    """The control plane of the cluster records all that it can.

    Who did what through the API server is in its audit log and nowhere else.
    """
    missing = [kind for kind in _EVERY if kind not in logs]
    if not missing:
        return compliant
    return should_be(logs=sorted({*logs, *missing}), because=f"no log of {', '.join(missing)}")


@control(
    "aws.eks.protection.on",
    PROTECTION,
    severity=Severity.LOW,
    maps=required("eks_cluster_deletion_protection_enabled"),
    disrupts=harmless(
        "only a deletion is refused, until the protection is switched off again",
        source="Amazon EKS API Reference, UpdateClusterConfig",
        noticed_by="those who delete it",
    ),
    compliant=({"deletion_protected": True},),
    violating=(Example({"deletion_protected": False}, leaves={"deletion_protected": True}),),
)
def protection_on(deletion_protected: bool) -> Verdict:  # noqa: FBT001
    """The cluster cannot be deleted by one call.

    One mistaken script, or one stolen key, is then not enough.
    """
    return compliant if deletion_protected else should_be(deletion_protected=True, because="deletion protection is off")


@control(
    "aws.eks.cluster.secrets-encrypted",
    CLUSTER,
    severity=Severity.MEDIUM,
    maps=required("eks_cluster_kms_cmk_encryption_in_secrets_enabled"),
    compliant=({"secrets_encrypted": True},),
    violating=({"secrets_encrypted": False},),
)
def secrets_encrypted(secrets_encrypted: bool) -> Verdict:  # noqa: FBT001
    """Kubernetes secrets of the cluster are encrypted with a key of the account.

    The key's own policy and audit trail then stand before them. It can never be taken off again, and the cluster is
    lost with the key, so a person chooses it.
    """
    if secrets_encrypted:
        return compliant
    return violation(
        because="no KMS key of the account encrypts Kubernetes secrets",
        guide="choose a symmetric key of the region that nobody will delete; run `aws eks associate-encryption-config "
        """--encryption-config '[{"resources":["secrets"],"provider":{"keyArn":"…"}}]'`; when the update is """
        "successful, write each secret again: `kubectl get secrets -A -o json | kubectl annotate --overwrite -f - "
        "kms-encryption-timestamp=…`",
    )


@control(
    "aws.eks.cluster.supported-version",
    CLUSTER,
    severity=Severity.HIGH,
    maps=required("eks_cluster_uses_a_supported_version"),
    compliant=({"version": {"name": "1.35", "ended": ""}},),
    violating=({"version": {"name": "1.24", "ended": "2024-01-31"}},),
)
def supported_version(version: Mapping[str, str]) -> Verdict:
    """The cluster runs a version of Kubernetes that is under standard support.

    After it come a year at a higher price and an upgrade that AWS makes at a time of its own.
    """
    if not version["ended"]:
        return compliant
    return violation(
        because=f"standard support of version {version['name']} ended on {version['ended']}",
        guide="read the upgrade insights (`aws eks list-insights`), update deprecated APIs, add-ons and nodes, then "
        "upgrade by one minor version at a time with `aws eks update-cluster-version`; there is no way back",
    )


@control(
    "aws.eks.node-group.ssh-limited",
    NODE_GROUP,
    severity=Severity.HIGH,
    compliant=({"remote_access": {"Key": "", "Groups": []}}, {"remote_access": {"Key": "ops", "Groups": ["sg-1"]}}),
    violating=({"remote_access": {"Key": "ops", "Groups": []}},),
)
def ssh_limited(remote_access: Mapping[str, Json]) -> Verdict:
    """Nodes take SSH from named security groups only, or not at all.

    A node group with a key and no source group opens port 22 of its nodes to the world.
    """
    if not remote_access["Key"] or remote_access["Groups"]:
        return compliant
    return violation(
        because=f"port 22 of the nodes is open to the world for key `{remote_access['Key']}`",
        guide="the setting is for good: make a node group beside it with no remote access (use Session Manager) or "
        "with source security groups, drain the old nodes, and delete the old group; until then take 0.0.0.0/0 out of "
        "the security group `eks-remoteAccess-…`",
    )
