"""Snapshots of RDS databases: who may restore them, and whether they are encrypted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.rds.instance import of_rds
from goldseam.clouds.aws.shapes import Items
from goldseam.control import Control, Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import Json, Value

EVERYONE: Final = "all"
_RESTORE: Final = "restore"


def _restorers(raw: Json) -> Value:
    """The accounts that may restore, of all attributes that a snapshot has."""
    return [account for held in raw if held["AttributeName"] == _RESTORE for account in held.get("AttributeValues", ())]


def sharing(service: str, word: str) -> Items:
    """Who may restore a snapshot; `word` is what its API calls it: `DBSnapshot`, `DBClusterSnapshot`."""
    named = {f"{word}Identifier": "{id}"}
    modify = f"{service}.Modify{word}Attribute"
    return Items(
        name="sharing",
        get=Get(f"{service}.Describe{word}Attributes", named, f"{word}AttributesResult.{word}Attributes"),
        decode=_restorers,
        add=Send(modify, {**named, "AttributeName": _RESTORE, "ValuesToAdd": VALUE}),
        remove=Send(modify, {**named, "AttributeName": _RESTORE, "ValuesToRemove": VALUE}),
    )


def snapshot_kind(
    service: str, title: str, word: str, *, part: str, encrypted: str, where: Callable[[Json], bool]
) -> AwsKind:
    """A kind of snapshots that people made: those that AWS makes cannot be shared, and pass away by themselves."""
    name = "snapshot" if word == "DBSnapshot" else "cluster-snapshot"
    api = word[:1].lower() + word[1:]
    return AwsKind(
        f"aws.{service}.{name}",
        title,
        (sharing(service, word), Look(name="encrypted", listed=encrypted), tags(listed="TagList")),
        touched_by=(
            changes("rds", f"{REQUEST}.{api}Identifier", f"{ANSWER}.{api}Identifier", id="(?:arn:.+snapshot:)?([^:]+)"),
            changes("rds", f"{REQUEST}.resourceName", id=f"arn:.+:{part}:([^:]+)"),
        ),
        address="arn:{partition}:rds:{region}:{account}:" + part + ":{id}",
        find=Listing(
            f"rds.Describe{word}s", f"{word}s", id=f"{word}Identifier",
            parameters={"SnapshotType": "manual"}, narrow={f"{word}Identifier": "{id}"}, where=where,
        ),
    )  # fmt: skip


def not_public(kind: AwsKind, *, check: str, covers: tuple[str, ...] = ()) -> Control:
    """The control that a snapshot of a kind is not shared with everyone."""

    @control(
        f"{kind.name}.not-public", kind, severity=Severity.CRITICAL,
        disrupts=may_disrupt("accounts that restore the snapshot without being named in its sharing no longer can"),
        maps=required(check),
        covers=covers,
        compliant=[{"sharing": []}, {"sharing": ["111122223333"]}],
        violating=[
            Example({"sharing": [EVERYONE]}, leaves={"sharing": []}),
            Example({"sharing": ["111122223333", EVERYONE]}, leaves={"sharing": ["111122223333"]}),
        ],
    )  # fmt: skip
    def rule(sharing: Value) -> Verdict:
        """A snapshot is not shared with everyone.

        Whoever has an account can restore it and read all data in it. Accounts that are named stay.
        """
        if EVERYONE not in sharing:
            return compliant
        left = [account for account in sharing if account != EVERYONE]
        return should_be(sharing=left, because="every AWS account may restore it")

    return rule


def encrypted(kind: AwsKind, *, copy: str, checks: tuple[str, ...], covers: tuple[str, ...] = ()) -> Control:
    """The control that a snapshot of a kind is encrypted; `copy` is the command that copies it."""

    @control(
        f"{kind.name}.encrypted", kind, severity=Severity.HIGH,
        maps=required(*checks, without=("fsbp:DocumentDB.1",)),
        covers=covers,
        compliant=[{"encrypted": True}],
        violating=[{"encrypted": False}],
    )  # fmt: skip
    def rule(encrypted: Value) -> Verdict:
        """A snapshot is encrypted.

        A snapshot outlives its database and travels: encrypted, it is of no use without the key.
        """
        if encrypted is True:
            return compliant
        return violation(
            because="the snapshot is not encrypted",
            guide=f"1. {copy}; 2. restore what you made once, to see that it works; 3. share it with the accounts that "
            "the snapshot is shared with, and let them use the key; 4. delete the snapshot that is not encrypted; "
            "5. encrypt the database that it was taken from, or the next one is plain again",
        )

    return rule


def restoring(service: str) -> str:
    """How a snapshot of a cluster is encrypted: a copy of it cannot be."""
    return (
        f"restore it with a key: `aws {service} restore-db-cluster-from-snapshot --kms-key-id …`, and take a snapshot "
        "of the restored cluster; a copy of the snapshot itself cannot be encrypted"
    )


SNAPSHOT: Final = snapshot_kind(
    "rds", "RDS snapshot", "DBSnapshot", part="snapshot", encrypted="Encrypted", where=of_rds
)
CLUSTER_SNAPSHOT: Final = snapshot_kind(
    "rds", "RDS cluster snapshot", "DBClusterSnapshot", part="cluster-snapshot", encrypted="StorageEncrypted",
    where=of_rds,
)  # fmt: skip
_PUBLIC: Final = ("security-hub:RDS.1", "prowler:rds_snapshots_public_access")

snapshot_not_public: Final = not_public(SNAPSHOT, check="rds_snapshots_public_access", covers=_PUBLIC)
cluster_snapshot_not_public: Final = not_public(CLUSTER_SNAPSHOT, check="rds_snapshots_public_access", covers=_PUBLIC)
snapshot_encrypted: Final = encrypted(
    SNAPSHOT, copy="copy it with a key: `aws rds copy-db-snapshot --kms-key-id alias/aws/rds`",
    checks=("rds_snapshots_encrypted",), covers=("security-hub:RDS.4",),
)  # fmt: skip
cluster_snapshot_encrypted: Final = encrypted(
    CLUSTER_SNAPSHOT,
    copy=restoring("rds"),
    checks=("rds_snapshots_encrypted",), covers=("security-hub:RDS.4",),
)  # fmt: skip
