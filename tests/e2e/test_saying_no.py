"""What stops a repair at the command line: no leave, an exemption, a change since, a no; and what `--auto` leaves."""

from __future__ import annotations

import copy

from tests.e2e.world import ASK, AUTO, BLOCKED, PUBLIC, Person, World

PUBLIC_LIST = {"Sid": "Listing", "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket"}


def test_an_exemption_is_out_of_reach_until_what_is_wrong_changes(world: World, dana: Person) -> None:
    bucket = world.storage.data_bucket
    dana.uses(ASK)
    finding = dana.scanned(PUBLIC)[PUBLIC, bucket]
    plan = dana.planned(finding)
    assert dana.run("approve", plan["id"]).code == 0
    given = dana.run("exempt", finding["id"], "--owner", "partners", "--reason", "until the move", "--expires", "30d")
    assert given.code == 0
    listed = dana.run("exempt").out
    assert all(word in listed for word in ("partners", PUBLIC, bucket, "until the move"))
    assert dana.findings()[PUBLIC, bucket]["status"] == "exempt"
    assert "leave: exempt" in dana.run("explain", finding["id"]).out
    again, applied = dana.run("plan", finding["id"]), dana.run("apply", plan["id"], "--yes")
    assert (again.code, applied.code) == (1, 1)
    for answer in (again.err, applied.err):
        assert "exempt" in answer
        assert "withdraw the exemption first" in answer
    # someone opens it further: the exemption was not given for that
    document = world.bucket_policy(bucket)
    document["Statement"].append({**PUBLIC_LIST, "Resource": f"arn:aws:s3:::{bucket}"})
    world.put_bucket_policy(bucket, document)
    found = dana.scanned(PUBLIC)[PUBLIC, bucket]
    assert found["status"] == "fail"
    assert "no longer what it was given for" in dana.run("explain", found["id"]).out
    (lapse,) = dana.ledger(kind="exemption-lapsed")
    assert "no longer what it was given for" in str(lapse["body"])
    assert "Nothing is exempt" in dana.run("exempt").out
    assert world.wire.writes == []


def test_a_plan_is_stale_when_the_bucket_changed_and_a_no_is_a_no(world: World, dana: Person) -> None:
    bucket, website = world.storage.data_bucket, world.storage.website_bucket
    dana.uses(ASK)
    found = dana.scanned(PUBLIC)
    stale, unwanted = dana.planned(found[PUBLIC, bucket]), dana.planned(found[PUBLIC, website])
    assert dana.run("approve", stale["id"]).code == 0
    document = world.bucket_policy(bucket)
    document["Statement"].append(
        {
            **PUBLIC_LIST,
            "Sid": "Ours",
            "Resource": f"arn:aws:s3:::{bucket}",
            "Principal": {"AWS": world.cloud.account_id},
        }
    )
    world.put_bucket_policy(bucket, document)
    held = copy.deepcopy(world.bucket_policy(bucket))
    refused = dana.run("apply", stale["id"], "--yes")
    assert refused.code == 1
    assert "changed since the plan was made; nothing was changed, plan again" in refused.err
    assert dana.run("approve", unwanted["id"], "--reject", "-m", "it is our website").code == 0
    assert dana.run("approve", unwanted["id"]).code == 0
    rejected = dana.run("apply", unwanted["id"], "--yes")
    assert (rejected.code, "was rejected by dana" in rejected.err) == (1, True)
    assert world.wire.writes == []
    assert world.bucket_policy(bucket) == held
    # planned again it works, and what came in between stays
    fresh = dana.planned(found[PUBLIC, bucket])
    assert fresh["id"] != stale["id"]
    assert dana.run("approve", fresh["id"]).code == 0
    assert dana.run("apply", fresh["id"], "--yes").code == 0
    assert "Ours" in [part.get("Sid") for part in world.bucket_policy(bucket)["Statement"]]


def test_auto_repairs_only_what_the_policy_makes_automatic(world: World, dana: Person) -> None:
    bucket, website = world.storage.data_bucket, world.storage.website_bucket
    shop = world.public_bucket("lumen-bikes-shop-window", environment="production")
    held = {name: world.bucket_policy(name) for name in (website, shop)}
    draft = dana.home.parent / "draft.yaml"
    draft.write_text(AUTO, encoding="utf-8")
    dana.scanned()
    simulated = dana.run("policy", "simulate", str(draft), "--all", "--json").json
    differ = {row["finding"] for row in simulated["decisions"] if row["today"] != row["draft"]}
    assert (
        f"2 of {simulated['total']} decisions would be another one." in dana.run("policy", "simulate", str(draft)).out
    )
    assert {row["finding"] for row in simulated["decisions"]} <= {item["id"] for item in dana.findings().values()}
    assert "Nothing is to be repaired automatically" in dana.run("apply", "--auto").out
    dana.uses(AUTO)
    assert {item["id"] for item in dana.findings().values() if item["decision"] == "auto"} == differ, "decided anew"
    found = dana.scanned()
    assert differ == {found[PUBLIC, bucket]["id"], found[BLOCKED, bucket]["id"]}
    assert {item["id"] for item in found.values() if item["decision"] == "auto"} == differ
    done = dana.run("apply", "--auto", "--json")
    assert (done.code, [item["state"] for item in done.json["repairs"]]) == (0, ["verified"])
    assert {name: world.bucket_policy(name) for name in (website, shop)} == held
    assert {call.path for call in world.wire.asked if call.method == "PUT"} == {f"/{bucket}"}
    after = dana.findings()
    assert after[PUBLIC, bucket]["status"] == "pass"
    assert {after[PUBLIC, name]["status"] for name in (website, shop)} == {"fail"}
    assert dana.run("apply", "--auto", "--json").json == {"schema": "goldseam.repairs/1", "repairs": [], "refused": []}


def test_auto_decides_on_facts_of_now_and_not_of_the_scan(world: World, dana: Person) -> None:
    """Automatic when it was scanned: one bucket serves a website since then, the other belongs to a stack."""
    bucket, other = world.storage.data_bucket, world.public_bucket("lumen-bikes-of-a-stack")
    third = world.public_bucket("lumen-bikes-still-as-it-was")
    held = {name: world.bucket_policy(name) for name in (bucket, other)}
    dana.uses(AUTO.replace(f', "{BLOCKED}"', ""))
    found = dana.scanned(PUBLIC)
    assert {found[PUBLIC, name]["decision"] for name in (bucket, other, third)} == {"auto"}
    plan = dana.planned(found[PUBLIC, bucket])
    world.root("s3").put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    tags = [{"Key": "aws:cloudformation:stack-name", "Value": "shop"}, {"Key": "environment", "Value": "staging"}]
    world.root("s3").put_bucket_tagging(Bucket=other, Tagging={"TagSet": tags})
    by_hand = dana.run("apply", plan["id"], "--yes", "--json")
    assert (by_hand.code, by_hand.json["repairs"]) == (1, [])
    done = dana.run("apply", "--auto", "--json")
    assert [item["state"] for item in done.json["repairs"]] == ["verified"]
    assert {name: world.bucket_policy(name) for name in held} == held
    assert {call.path for call in world.wire.asked if call.method == "DELETE"} == {f"/{third}"}
    explained = dana.run("explain", found[PUBLIC, bucket]["id"])
    assert "forecast, made " in explained.out
    assert "; source complete up to 20" in explained.out
    told = dana.run("explain", found[PUBLIC, bucket]["id"], "--json").json
    assert told["forecast"] is True
    assert told["decided_at"]
    assert len({item["read_at"] for item in told["facts"]}) == 1
    # what was repaired was read again, with its facts: they are newer than those of the scan
    passed = dana.run("explain", found[PUBLIC, third]["id"], "--json").json
    assert (passed["finding"]["status"], passed["forecast"], passed["decided_at"]) == ("pass", False, None)


def test_what_changes_while_a_person_thinks_is_decided_again(world: World, dana: Person) -> None:
    bucket = world.storage.data_bucket
    held = world.bucket_policy(bucket)
    dana.uses(AUTO.replace(f', "{BLOCKED}"', ""))
    finding = dana.scanned(PUBLIC)[PUBLIC, bucket]
    plan = dana.planned(finding)
    assert (finding["decision"], [item["mode"] for item in plan["decisions"]]) == ("auto", ["auto"])
    site = {"IndexDocument": {"Suffix": "index.html"}}

    def serve() -> None:
        world.root("s3").put_bucket_website(Bucket=bucket, WebsiteConfiguration=site)

    done = dana.type("y", "apply", plan["id"], prompt="carry out", meanwhile=serve)
    assert (done.code, "the policy says `leave`" in " ".join(done.out.split())) == (1, True)
    assert world.bucket_policy(bucket) == held
    assert world.wire.writes == []


def test_one_bucket_that_is_gone_does_not_stop_the_others_and_limits_count(world: World, dana: Person) -> None:
    """PEERS 13 and 14: others continue, and no more of them than the limit says."""
    names = [world.storage.data_bucket, *(world.public_bucket(f"lumen-bikes-left-{number}") for number in (1, 2))]
    only_policies = AUTO.replace(f', "{BLOCKED}"', "")
    dana.uses(only_policies.replace("mode: auto", "mode: auto\n    limits: {per_hour: 1}"))
    found = dana.scanned(PUBLIC)
    first, *others = sorted(names, key=lambda name: str(found[PUBLIC, name]["id"]))
    for version in world.root("s3").list_objects_v2(Bucket=first).get("Contents", []):
        world.root("s3").delete_object(Bucket=first, Key=version["Key"])
    world.root("s3").delete_bucket(Bucket=first)
    done = dana.run("apply", "--auto", "--json")
    assert done.code == 1
    assert [item["state"] for item in done.json["repairs"]] == ["verified"]
    (refusal,) = done.json["refused"]
    assert first in refusal
    assert world.wire.writes == ["DELETE ?policy" if others[0] != world.storage.data_bucket else "PUT ?policy"]
    after = dana.findings()
    assert [after[PUBLIC, name]["status"] for name in others] == ["pass", "fail"]
    assert dana.run("apply", "--auto", "--json").json["repairs"] == []
