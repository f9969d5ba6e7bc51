"""Keys at the command line: a keyholder in a process of its own, its one-time codes, and a code that rotates."""

from __future__ import annotations

from typing import Any

from tests.e2e.world import AUTO, BLOCKED, PUBLIC, Person, World


def ready(world: World, person: Person) -> Any:
    """A plan that is automatic, for the bucket with the data."""
    person.uses(AUTO)
    found = person.scanned()
    return person.planned(*(found[control, world.storage.data_bucket] for control in (PUBLIC, BLOCKED)))


def test_a_keyholder_gives_a_key_for_a_plan_once(world: World) -> None:
    dana = world.person("dana", world.people.scanner, role="")
    bucket, held = world.storage.data_bucket, world.bucket_policy(world.storage.data_bucket)
    with world.keyholder(dana):
        plan = ready(world, dana)
        twin = dana.twin("dana-again")
        done = dana.run("apply", plan["id"], "--yes", "--key", "keyholder")
        assert (done.code, "verified" in done.out) == (0, True)
        assert len(world.wire.session_policies()) == 1
        # the same plan again, from a home that does not know that it was carried out
        world.root("s3").delete_public_access_block(Bucket=bucket)
        world.put_bucket_policy(bucket, held)
        again = twin.run("apply", plan["id"], "--yes", "--key", "keyholder")
        assert again.code == 1
        assert "before" in again.err
        assert len(world.wire.session_policies()) == 1
        assert world.bucket_policy(bucket) == held


def test_a_keyholder_refuses_what_its_own_list_does_not_hold(world: World) -> None:
    dana = world.person("dana", world.people.scanner, role="")
    held = world.bucket_policy(world.storage.data_bucket)
    with world.keyholder(dana, resource=f"arn:aws:s3:::{world.storage.private_bucket}") as config:
        plan = ready(world, dana)
        done = dana.run("apply", plan["id"], "--yes", "--key", "keyholder")
        assert done.code == 1
        (told,) = done.told
        assert "the keyholder's allow-list does not hold plan" in told
        shown = dana.run("keyholder", "--config", str(config), "show", "--json").json
    assert [entry["decision"] for entry in shown["decisions"]] == ["refused"]
    assert [entry["kind"] for entry in dana.ledger(plan=plan["id"])][-3:] == ["request", "refusal", "release"]
    assert world.wire.secrets == []
    assert world.bucket_policy(world.storage.data_bucket) == held


def test_a_one_time_code_is_typed_and_fits_once(world: World) -> None:
    dana = world.person("dana", world.people.scanner, role="")
    with world.keyholder(dana, automated=False) as config:
        plan = ready(world, dana)
        words = ("apply", plan["id"], "--yes", "--key", "keyholder")
        without = dana.run(*words)
        assert (without.code, "needs a one-time code" in without.err) == (1, True)
        code = dana.run("key", plan["id"], "--config", str(config), "--json", shows_code=True).json["code"]
        world.codes += [code, code.replace("-", "")]
        wrong = dana.type("AAAA-BBBB-CCCC-DDDD", *words, "--code")
        assert (wrong.code, "verified" in wrong.out) == (1, False)
        right = dana.type(code, *words, "--code")
        assert right.code == 0, right.out
        assert "verified" in right.out
        assert len(world.wire.session_policies()) == 1


def test_a_rotating_code_is_good_until_it_is_rotated(world: World) -> None:
    people, bucket = world.people, world.storage.data_bucket
    dana = world.person("dana", people.operator, role="")
    uuid, _, first = people.external_id.partition(":")
    world.codes += [first, people.external_id]
    assert dana.run("connect", "--role", people.rotating_role, "--uuid", uuid).code == 0
    plan = ready(world, dana)
    words = ("--yes", "--key", "rotating-code")
    done = dana.type(first, "apply", plan["id"], *words)
    assert done.code == 0, done.out
    own = people.keyholder.environment(world.wire.url, world.cloud.region)
    shown = dana.run("keyholder", "rotate", people.rotating_role, uuid, shows_code=True, **own)
    assert shown.code == 0, shown.err
    second = shown.out.split()[0]
    world.codes += [second, f"{uuid}:{second}"]
    dana.approves_rollback(plan["id"])
    used = dana.type(first, "rollback", plan["id"], *words)
    assert used.code == 1
    assert "AWS gave no key for plan" in used.out
    back = dana.type(second, "rollback", plan["id"], *words)
    assert (back.code, "verified" in back.out) == (0, True), back.out
    assert len(world.bucket_policy(bucket)["Statement"]) == 3
