"""AWS Backup: vaults, who may use them and whether what they hold can be deleted, and whether anything is planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, policy
from goldseam.clouds.aws.statements import not_public, policy_document
from goldseam.control import (
    Between,
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_VAULT: Final = {"BackupVaultName": "{id}"}
_BOUNDS: Final = ("MinRetentionDays", "MaxRetentionDays")
_FOR_GOOD: Final = "ForGood"


def _lock(raw: Json) -> Value:
    """The bounds of a lock, and whether it can be taken off; nothing where the vault is not locked."""
    if not raw.get("Locked"):
        return ABSENT
    bounds = {name: raw[name] for name in _BOUNDS if raw.get(name) is not None}
    return {
        **bounds,
        _FOR_GOOD: bool(raw.get("LockDate")) or raw.get("VaultType") == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT",
    }


@dataclass(frozen=True)
class Lock(Document):
    """A vault's lock in governance mode; one for good is neither made nor taken off."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One put or one delete."""
        if any(value is not ABSENT and value[_FOR_GOOD] for value in (before, after)) and before != after:
            raise self.no_way(ref, after)
        return super().write(ref, before, after)


def _bounds(value: Json) -> Json:
    return {name: value[name] for name in _BOUNDS if name in value}


VAULT: Final = AwsKind(
    "aws.backup.vault",
    "backup vault",
    (
        policy(
            "policy",
            get=Get("backup.GetBackupVaultAccessPolicy", _VAULT, "Policy", absent=("ResourceNotFoundException",)),
            put=Send("backup.PutBackupVaultAccessPolicy", {**_VAULT, "Policy": VALUE}),
            delete=Send("backup.DeleteBackupVaultAccessPolicy", _VAULT),
        ),
        Lock(
            name="lock",
            listed="",
            decode=_lock,
            encode=_bounds,
            spread=True,
            put=Send("backup.PutBackupVaultLockConfiguration", _VAULT),
            delete=Send("backup.DeleteBackupVaultLockConfiguration", _VAULT),
        ),
        Look(name="key", listed="EncryptionKeyArn"),
        tags(Get("backup.ListTags", {"ResourceArn": "{address}"}, "Tags")),
    ),
    touched_by=(changes("backup", f"{REQUEST}.backupVaultName"),),
    address="arn:{partition}:backup:{region}:{account}:backup-vault:{id}",
    find=Listing("backup.ListBackupVaults", "BackupVaultList", id="BackupVaultName"),
)

_KEY: Final = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_ANYONE: Final = {
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": "backup:CopyIntoBackupVault",
    "Resource": "*",
}
_IN_ORGANISATION: Final = {
    **_ANYONE,
    "Sid": "Organisation",
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
}
_KEEP: Final = {
    "Sid": "Keep",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "backup:DeleteRecoveryPoint",
    "Resource": "*",
}


@control(
    "aws.backup.vault.policy-not-public",
    VAULT,
    severity=Severity.CRITICAL,
    disrupts=may_disrupt(
        "accounts that only the statement for everyone lets in can no longer copy to or from the vault"
    ),
    compliant=[{"policy": ABSENT}, {"policy": policy_document(_KEEP, _IN_ORGANISATION)}],
    violating=[
        Example({"policy": policy_document(_ANYONE)}, leaves={"policy": ABSENT}),
        Example(
            {"policy": policy_document(_KEEP, _ANYONE, _IN_ORGANISATION)},
            leaves={"policy": policy_document(_KEEP, _IN_ORGANISATION)},
        ),
    ],
)
def policy_not_public(policy: Value) -> Verdict:
    """The vault's policy allows nothing to everyone.

    A backup is a whole copy of the data. Denials and statements that name who may stay as they are.
    """
    return not_public(policy)


@control(
    "aws.backup.vault.locked",
    VAULT,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "backup and copy jobs fail whose plans keep recovery points for fewer days than the lock asks"
    ),
    compliant=[
        {"lock": {"MinRetentionDays": 7, _FOR_GOOD: False}},
        {"lock": {"MinRetentionDays": 1, "MaxRetentionDays": 365, _FOR_GOOD: True}},
        {"lock": {_FOR_GOOD: True}},
    ],
    violating=[
        Example({"lock": ABSENT}, leaves={"lock": {"MinRetentionDays": 7, _FOR_GOOD: False}}),
        Example({"lock": ABSENT}, {"days": 30}, leaves={"lock": {"MinRetentionDays": 30, _FOR_GOOD: False}}),
    ],
)
def locked(lock: Value, *, days: Annotated[int, Between(1, 36500)] = 7) -> Verdict:
    """A vault is locked.

    Then recovery points cannot be deleted or shortened by those who may administer backups, a thief of their keys
    included. The fix is a lock in governance mode, which those with the right to can take off again; one in
    compliance mode is for good, and only a person should make it.
    """
    if lock is not ABSENT:
        return compliant
    return should_be(lock={"MinRetentionDays": days, _FOR_GOOD: False}, because="the vault is not locked")


@control(
    "aws.backup.vault.encrypted",
    VAULT,
    severity=Severity.MEDIUM,
    maps=required("backup_vaults_encrypted"),
    compliant=[{"key": _KEY}],
    violating=[{"key": ABSENT}],
)
def encrypted(key: Value) -> Verdict:
    """A vault has a key that its recovery points are encrypted with.

    It is chosen when a vault is made.
    """
    if key is not ABSENT:
        return compliant
    return violation(
        because="the vault has no key",
        guide="make a vault with a KMS key, point the backup plans to it, copy the recovery points that matter, and "
        "let this one run empty",
    )


def _names(raw: Json) -> Value:
    return sorted(str(item.get("BackupPlanName") or item.get("ReportPlanName")) for item in raw)


REGION: Final = AwsKind(
    "aws.backup.region",
    "AWS Backup in a region",
    (
        Look(name="plans", get=Get("backup.ListBackupPlans", {}, "BackupPlansList"), decode=_names, form=absent_is([])),
        Look(name="reports", get=Get("backup.ListReportPlans", {}, "ReportPlans"), decode=_names, form=absent_is([])),
    ),
    touched_by=(
        changes(
            "backup",
            "awsRegion",
            names=("CreateBackupPlan", "DeleteBackupPlan", "CreateReportPlan", "DeleteReportPlan"),
        ),
    ),
    address="arn:{partition}:backup:{region}:{account}:settings",
)


@control(
    "aws.backup.region.planned",
    REGION,
    severity=Severity.LOW,
    maps=required("backup_plans_exist"),
    compliant=[{"plans": ["daily"]}],
    violating=[{"plans": []}],
)
def planned(plans: list[str]) -> Verdict:
    """A region has a backup plan.

    Without one nothing is backed up but what someone remembers. Exempt regions that hold nothing.
    """
    if plans:
        return compliant
    return violation(
        because="there is no backup plan in the region",
        guide="make a plan with a daily rule and a locked vault, and assign resources to it by tag; where a delegated "
        "administrator plans for the organisation, or the region holds nothing, exempt this one",
    )


@control(
    "aws.backup.region.reported",
    REGION,
    severity=Severity.LOW,
    maps=required("backup_reportplans_exist"),
    compliant=[{"reports": ["jobs"], "plans": ["daily"]}, {"reports": [], "plans": []}],
    violating=[{"reports": [], "plans": ["daily"]}],
)
def reported(reports: list[str], plans: list[str]) -> Verdict:
    """Where there are backup plans, there is a report on them.

    A backup that fails every night looks like one that works until it is needed.
    """
    if reports or not plans:
        return compliant
    return violation(
        because="there is no report on backups",
        guide="make a report plan from the template for backup jobs, with a bucket for the reports, and give someone "
        "the task to read it",
    )
