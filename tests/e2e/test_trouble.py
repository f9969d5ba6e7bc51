"""Bad input and bad days: one clear line, the right exit code, and nothing lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.config import Config
from botocore.session import Session

from goldseam.model.resource import Ref
from goldseam.repair.execute import lock_of
from goldseam.store.locks import FileLocks
from tests.e2e.world import AUTO, BLOCKED, PUBLIC, Done, Person, World

ROW = 4096


def one_line(done: Done, code: int) -> str:
    """The one line that says what is wrong."""
    assert done.code == code, done
    (told,) = done.told
    assert "Traceback" not in done.err
    return told


def test_a_full_disk_loses_nothing(world: World, dana: Person) -> None:
    dana.uses(AUTO)
    found = dana.scanned()
    plan = dana.planned(*(found[control, world.storage.data_bucket] for control in (PUBLIC, BLOCKED)))
    assert dana.run("ledger", "checkpoint").code == 0
    before = dana.ledger()
    one_line(dana.full_disk(2 * ROW, "scan", "--control", PUBLIC), 2)
    assert dana.findings() == found
    one_line(dana.full_disk(2 * ROW, "apply", plan["id"], "--yes"), 2)
    assert dana.ledger()[: len(before)] == before
    assert dana.run("ledger", "verify").code == 0
    assert dana.run("resume").code == 0
    assert dana.run("apply", "--auto").code == 0
    assert dana.findings()[PUBLIC, world.storage.data_bucket]["status"] == "pass"


@pytest.mark.parametrize("rows", [40, 44, 56])
def test_a_disk_that_fills_up_on_the_way_leaves_what_resume_ends(world: World, dana: Person, rows: int) -> None:
    """Full before the first call (its claim could not be released), after the first intent, and in the second."""
    dana.uses(AUTO)
    found = dana.scanned()
    plan = dana.planned(*(found[control, world.storage.data_bucket] for control in (PUBLIC, BLOCKED)))
    assert dana.run("ledger", "checkpoint").code == 0
    one_line(dana.full_disk(rows * ROW, "apply", plan["id"], "--yes"), 2)
    meant = [entry["body"]["call"]["operation"] for entry in dana.ledger(kind="intent")]
    assert len(world.wire.writes) <= len(meant)
    claims = dana.ledger(kind="repair")
    world.wire.key_lasts = timedelta(minutes=35)
    resumed = dana.waits("resume", "--wait", "--json")
    assert resumed.code == 0
    assert {item["state"] for item in resumed.json["resumed"]} <= {"verified", "undone"}
    assert len(resumed.json["resumed"]) == len(claims) == 1
    fixed = dana.findings()[PUBLIC, world.storage.data_bucket]["status"] == "pass"
    assert fixed is any(item["state"] == "verified" for item in resumed.json["resumed"])
    assert len(world.bucket_policy(world.storage.data_bucket)["Statement"]) == (2 if fixed else 3)
    assert dana.run("ledger", "verify").code == 0


def test_expired_credentials_say_what_to_do(world: World, dana: Person) -> None:
    client = Session().create_client(
        "sts", "eu-central-1", endpoint_url=world.wire.url, config=Config(parameter_validation=False),
        aws_access_key_id=world.people.operator.key_id, aws_secret_access_key=world.people.operator.secret,
    )  # fmt: skip
    given = client.assume_role(RoleArn=world.people.operator_role, RoleSessionName="short", DurationSeconds=1)
    client.close()
    held = given["Credentials"]
    dana.variables |= {
        "AWS_ACCESS_KEY_ID": held["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": held["SecretAccessKey"],
        "AWS_SESSION_TOKEN": held["SessionToken"],
    }
    world.wire.answer_instead = lambda asked: (403, _EXPIRED)
    told = one_line(dana.run("scan", "--control", PUBLIC), 3)
    assert "expired" in told
    assert dana.run("ledger", "verify").code == 0


_EXPIRED = """<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>
<Message>The security token included in the request is expired</Message></Error>
<RequestId>r-1</RequestId></ErrorResponse>"""


def test_an_unknown_region_is_named_with_the_nearest(world: World, dana: Person) -> None:
    told = one_line(dana.run("scan", "--regions", "eu-centrall-1"), 2)
    assert "`eu-centrall-1`" in told
    assert "eu-central-1" in told.partition("did you mean")[2]


def test_a_denied_key_names_the_role(world: World, dana: Person) -> None:
    dana.variables["GOLDSEAM_ROLE"] = world.people.remediator_role
    dana.uses(AUTO)
    found = dana.scanned(PUBLIC)
    plan = dana.planned(found[PUBLIC, world.storage.data_bucket])
    told = one_line(dana.run("apply", plan["id"], "--yes"), 1)
    assert world.people.remediator_role in told
    assert "--unscoped" in told
    assert world.wire.secrets == []


def test_someone_elses_lock_is_one_line(world: World, dana: Person) -> None:
    dana.uses(AUTO)
    found = dana.scanned(PUBLIC)
    plan = dana.planned(found[PUBLIC, world.storage.data_bucket])
    with FileLocks(dana.home).hold(lock_of(Ref.from_json(plan["ref"]))):
        told = one_line(dana.run("apply", plan["id"], "--yes"), 2)
    assert "is working on" in told
    assert "goldseam resume" in told
    assert world.wire.writes == []
