"""The whole loop as a user types it, from the first scan to evidence that a stranger verifies."""

from __future__ import annotations

import json

from goldseam.demo.account import anonymous_get
from tests.e2e.world import ASK, BLOCKED, PUBLIC, Person, World


def test_scan_to_evidence_and_back(world: World, dana: Person) -> None:
    bucket = world.storage.data_bucket
    held = world.bucket_policy(bucket)
    # scan, findings, explain
    found = dana.scanned()
    finding = found[PUBLIC, bucket]
    listed = dana.run("findings", "--control", PUBLIC, "--json")
    assert listed.code == 1
    assert finding in listed.json["findings"]
    assert (finding["status"], finding["decision"], finding["severity"]) == ("fail", "leave", "critical")
    explained = dana.run("explain", finding["id"])
    assert "decision: leave" in explained.out
    assert "silence means no" in explained.out
    # a plan may be looked at without a policy, and not be carried out
    plan = dana.planned(finding, found[BLOCKED, bucket])
    refused = dana.run("apply", plan["id"], "--yes")
    assert refused.code == 1
    (told,) = refused.told
    assert (
        f"run `goldseam explain {finding['id']}`" in told
        or f"`goldseam explain {found[BLOCKED, bucket]['id']}`" in told
    )
    assert world.wire.writes == []
    # policy, the forms of a plan, the permissions
    dana.uses(ASK)
    shown = dana.run("plan", plan["id"])
    assert '-   "Sid": "TemporaryPartnerDownload"' in shown.out
    assert "2 others stay as they are" in shown.out
    typed = dana.run("plan", plan["id"], "--format", "cli").out
    assert "aws s3api put-bucket-policy --bucket" in typed
    assert "# to take it back" in typed
    permissions = dana.run("permissions", "plan", plan["id"]).json
    # approve, apply
    unapproved = dana.run("apply", plan["id"], "--yes")
    assert (unapproved.code, "0 of 1 approvals" in unapproved.err) == (1, True)
    assert dana.run("approve", plan["id"], "-m", "agreed").code == 0
    world.root("s3").put_object(Bucket=bucket, Key=world.storage.data_key, Body=b"people")
    assert anonymous_get(f"{world.cloud.endpoint}/{bucket}/{world.storage.data_key}") == 200
    applied = dana.run("apply", plan["id"], "--yes", "--json")
    assert (applied.code, [item["state"] for item in applied.json["repairs"]]) == (0, ["verified"])
    assert sorted(world.wire.writes) == ["PUT ?policy", "PUT ?publicAccessBlock"]
    assert anonymous_get(f"{world.cloud.endpoint}/{bucket}/{world.storage.data_key}") == 403
    assert [part["Sid"] for part in world.bucket_policy(bucket)["Statement"] if "Sid" in part] == ["AllowPartnerPortal"]
    # the key was exactly what the permissions said
    (session,) = world.wire.session_policies()
    assert _allowed(json.loads(session)) == _allowed(permissions)
    assert len(world.wire.secrets) == 3
    # scan shows pass, rollback, findings fail again
    again = dana.scanned()
    assert {again[name, bucket]["status"] for name in (PUBLIC, BLOCKED)} == {"pass"}
    assert again[PUBLIC, world.storage.website_bucket]["status"] == "fail"
    early = dana.run("rollback", plan["id"], "--yes")
    assert (early.code, "0 of 1 approvals" in early.err, "--emergency" in early.err) == (1, True, True)
    taking = dana.approves_rollback(plan["id"])
    back = dana.run("rollback", plan["id"], "--yes", "--json")
    assert [item["plan"] for item in back.json["repairs"]] == [taking]
    assert (back.code, [item["state"] for item in back.json["repairs"]]) == (0, ["verified"])
    assert world.bucket_policy(bucket) == held
    assert {dana.findings()[name, bucket]["status"] for name in (PUBLIC, BLOCKED)} == {"fail"}
    # the record
    assert dana.run("ledger", "verify").code == 0
    evidence, ledger = world.folder / "evidence.json", world.folder / "ledger.jsonl"
    assert dana.run("ledger", "export", plan["id"], "-o", str(evidence)).code == 0
    assert dana.run("ledger", "export", "-o", str(ledger)).code == 0
    stranger = world.person("stranger", role="")
    public_key = world.folder / "theirs.pub"
    public_key.write_bytes((dana.home / "ledger.pub").read_bytes())
    for file in (evidence, ledger):
        assert stranger.run("ledger", "verify", "--file", str(file), "--public-key", str(public_key)).code == 0
        text = file.read_text("utf-8")
        file.write_text(text.replace("dana", "dora"), encoding="utf-8")
        assert stranger.run("ledger", "verify", "--file", str(file), "--public-key", str(public_key)).code == 3


def test_an_outage_does_not_wait_and_somebody_else_reviews_it(world: World, dana: Person) -> None:
    bucket = world.storage.data_bucket
    held = world.bucket_policy(bucket)
    dana.uses(ASK)
    plan = dana.planned(dana.scanned()[PUBLIC, bucket])
    assert dana.run("approve", plan["id"]).code == 0
    assert dana.run("apply", plan["id"], "--yes").code == 0
    silent = dana.run("rollback", plan["id"], "--yes", "--emergency")
    assert (silent.code, "needs a reason" in silent.err) == (2, True)
    done = dana.run("rollback", plan["id"], "--yes", "--emergency", "-m", "exports fail", "--json")
    assert (done.code, [item["state"] for item in done.json["repairs"]]) == (0, ["verified"])
    back = done.json["repairs"][0]["plan"]
    assert f"goldseam review {back}" in done.err
    assert world.bucket_policy(bucket) == held
    assert [item["body"]["because"] for item in dana.run("review", "--json").json["waiting"]] == ["exports fail"]
    assert f"emergency rollback {back} by dana" in dana.run("scan", "--control", PUBLIC).err
    own = dana.run("review", back)
    assert (own.code, "somebody else" in own.err) == (1, True)
    assert dana.run("review", back, "--by", "noor", "-m", "policy to be narrowed").code == 0
    assert dana.run("review").out == "No emergency rollback waits for a review.\n"


def _allowed(policy: object) -> set[tuple[str, str]]:
    """Each action with its resource, whatever statements they are in."""
    assert isinstance(policy, dict)
    found = set()
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        actions, resources = (_list(statement[name]) for name in ("Action", "Resource"))
        found |= {(action, resource) for action in actions for resource in resources}
    return found


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
