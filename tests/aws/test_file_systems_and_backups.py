from __future__ import annotations

import pytest

from goldseam.clouds.aws.services import backup, efs, fsx
from goldseam.control import Compliant, Example, ShouldBe, Violation
from goldseam.model.errors import PlanRefused
from goldseam.model.values import ABSENT, Json
from tests.aws.laws import left, parameters, planned, ref_of, verdict

VIA = "elasticfilesystem:AccessedViaMountTarget"
ANYONE = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}
ROLE = {**ANYONE, "Sid": "App", "Principal": {"AWS": "arn:aws:iam::123456789012:role/app"}}


def policy(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(held)}


def test_what_efs_fills_in_is_no_part_of_a_policy() -> None:
    form = efs.FILE_SYSTEM.facet("policy").normal
    arn = "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0abc"
    told = {**ANYONE, "Sid": "efs-statement-1e2f3a4b-0000-4000-8000-123456789abc", "Resource": arn}
    assert form({"Version": "2012-10-17", "Id": "1", "Statement": [told, ROLE]}) == policy(ANYONE, ROLE)
    assert form(policy({**ANYONE, "Principal": "*"})) == policy(ANYONE)
    assert form(policy({**ROLE, "Sid": "efs-mounts"}))["Statement"][0]["Sid"] == "efs-mounts"


def test_peers_03_a_public_statement_is_held_to_mount_targets_and_others_stay() -> None:
    narrow = {**ANYONE, "Condition": {"Bool": {VIA: "true"}}}
    assert left(efs.policy_not_public, Example({"policy": policy(ANYONE, ROLE)}), "policy") == policy(narrow, ROLE)
    lax = {**ANYONE, "Condition": {"BoolIfExists": {VIA: "true"}}}
    assert isinstance(verdict(efs.policy_not_public, Example({"policy": policy(lax)})), ShouldBe)


def test_the_first_policy_allows_what_was_allowed_without_one() -> None:
    wanted = left(efs.tls_required, Example({"policy": ABSENT}), "policy")
    allow, deny = wanted["Statement"]
    assert (allow["Effect"], deny["Effect"]) == ("Allow", "Deny")
    assert allow["Condition"] == {"Bool": {VIA: "true"}}
    assert isinstance(verdict(efs.policy_not_public, Example({"policy": wanted})), Compliant)


def test_a_denial_of_something_else_is_not_taken_for_tls() -> None:
    other = {**ANYONE, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    other["Action"] = "elasticfilesystem:ClientRootAccess"
    assert isinstance(verdict(efs.tls_required, Example({"policy": policy(ROLE, other)})), ShouldBe)


def test_only_what_a_make_takes_is_sent_to_it() -> None:
    zfs = {"Type": "OPENZFS", "AutomaticBackupRetentionDays": 0, "CopyTagsToBackups": True}
    plan = planned(fsx.backed_up, Example({"settings": zfs}))
    assert parameters(plan) == [
        {"FileSystemId": "fs-0123456789abcdef0", "OpenZFSConfiguration": {"AutomaticBackupRetentionDays": 7}}
    ]
    windows = {**zfs, "Type": "WINDOWS"}
    with pytest.raises(PlanRefused, match="CopyTagsToBackups"):
        fsx.FILE_SYSTEM.facet("settings").write(
            ref_of(fsx.FILE_SYSTEM), windows, {**windows, "CopyTagsToBackups": False}
        )
    found = verdict(fsx.tags_copied_to_backups, Example({"settings": {**windows, "CopyTagsToBackups": False}}))
    assert isinstance(found, Violation)


def test_a_vault_is_locked_so_that_it_can_be_unlocked() -> None:
    plan = planned(backup.locked, Example({"lock": ABSENT}))
    assert parameters(plan) == [{"BackupVaultName": "goldseam-example", "MinRetentionDays": 7}]
    assert [call.operation for call in plan.undo] == ["backup.DeleteBackupVaultLockConfiguration"]


def test_a_lock_for_good_is_neither_made_nor_taken_off() -> None:
    facet, ref = backup.VAULT.facet("lock"), ref_of(backup.VAULT)
    good = {"MinRetentionDays": 7, "ForGood": True}
    for before, after in ((ABSENT, good), (good, ABSENT), (good, {**good, "MinRetentionDays": 1})):
        with pytest.raises(PlanRefused):
            facet.write(ref, before, after)
    assert facet.write(ref, good, good) == ()
