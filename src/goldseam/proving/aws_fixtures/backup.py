"""Vaults of AWS Backup, and the region's plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import backup
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack


def _vault(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    key = facets.get("key", ABSENT)
    more = {} if key is ABSENT else {"EncryptionKeyArn": key}
    for each in pair(name):
        ground.make("backup.CreateBackupVault", BackupVaultName=each, **more)
    refs = [reference(ground, backup.VAULT, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _region(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name
    rule = {"RuleName": "daily", "TargetBackupVaultName": "Default"}
    for plan in facets.get("plans", ()):
        ground.make("backup.CreateBackupPlan", BackupPlan={"BackupPlanName": plan, "Rules": [rule]})
    for report in facets.get("reports", ()):
        ground.make(
            "backup.CreateReportPlan", ReportPlanName=report, ReportDeliveryChannel={"S3BucketName": "reports"},
            ReportSetting={"ReportTemplate": "BACKUP_JOB_REPORT"},
        )  # fmt: skip
    return FixtureResult(reference(ground, backup.REGION, REGION))


def _for_good(lock: Value) -> bool:
    return lock is not ABSENT and bool(lock["ForGood"])


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.backup.vault": Fixture(
        _vault,
        lacks=(
            Lack("moto", "policy", "moto has no policies of vaults"),
            Lack("moto", "lock", "a lock for good is not made for a proof", _for_good),
            Lack("ministack", "lock", "ministack has no locks of vaults"),
            Lack("ministack", "policy", "ministack cannot put a policy of a vault"),
        ),
    ),
    "aws.backup.region": Fixture(_region),
}
