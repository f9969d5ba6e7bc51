"""The three key sources against a cloud that enforces IAM: what a key for one plan can and cannot do."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.keys import OperatorSource, RotatingCodeSource, rotated
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.protocol import RotatingRole
from goldseam.demo.account import DemoAccount
from goldseam.demo.aws import Clients
from goldseam.demo.lumen_people import DemoIdentity
from goldseam.keyholder.approval import signed_approval
from goldseam.keyholder.client import KeyholderSource
from goldseam.keyholder.identity import KeyholderName, PrivateKey
from goldseam.keyholder.journal import Journal
from goldseam.keyholder.setup import journal_key
from goldseam.model.clock import SystemClock
from goldseam.model.errors import AlreadyDone, GrantRefused
from goldseam.ports import Key, KeySource, Secret
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose

CLOCK = SystemClock()
CATALOG = aws_catalog()
BLOCKED = CATALOG.control("aws.s3.bucket.public-access-blocked")
BLOCK = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def plan_for(account: DemoAccount, bucket: str, control: str = BLOCKED.id) -> Plan:
    """The plan for one control on a bucket as it is, read with the scanner's own credentials."""
    kind = CATALOG.kind("aws.s3.bucket")
    assert isinstance(kind, AwsKind)
    ref = kind.ref("aws", account.account_id, account.region, bucket)
    controls = CATALOG.controls_of[kind.name]
    with AwsReader(session_of(account.people.scanner, account), CATALOG) as reader:
        now = reader.read(ref, CATALOG.judged[kind])
    return propose(now, [CATALOG.control(control)], controls, catalog_version=CATALOG.version)


@dataclass
class Watched:
    """A session that remembers what STS was asked and what it gave, to look for it later."""

    session: AwsSession
    asked: list[dict[str, Any]] = field(default_factory=list)

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Any) -> Any:
        self.asked.append(params)
        return self.session.call(service, operation, region, **params)


def session_of(identity: DemoIdentity, account: DemoAccount) -> AwsSession:
    return AwsSession.with_credentials(identity.key_id, identity.secret, None, endpoint_url=account.endpoint)


CONFIG = """\
version: 1
listen: 127.0.0.1:0
automated: {automated}
region: eu-central-1
accounts:
  "{account}": {role}
read_roles:
  "{account}": {reads}
requesters: {{console: "{requester}"}}
approvers: {{ada: "{approver}"}}
approvals: {{needed: 1}}
allow:
  - accounts: ["{account}"]
    kinds: ["aws.s3.bucket"]
    controls: ["aws.s3.bucket.*"]
    actions: ["s3:PutBucketPublicAccessBlock"]
    resources: ["arn:aws:s3:::lumen-bikes-customer-exports", "arn:aws:s3:::lumen-bikes-invoices"]
"""


@dataclass
class Office:
    """A keyholder process and the keys of those who deal with it."""

    folder: Path
    source: KeyholderSource
    approver: PrivateKey

    def approved(self, plan: Plan) -> list[dict[str, Any]]:
        return [signed_approval(plan, "ada", self.approver, CLOCK.now())]


@contextmanager
def keyholder_process(
    folder: Path, account: DemoAccount, *, automated: bool = True, code: Callable[[str], Secret] | None = None
) -> Iterator[Office]:
    """The real process, with the keyholder's own credentials and every log switched on."""
    requester, approver = PrivateKey.fresh(), PrivateKey.fresh()
    identity = PrivateKey.fresh()
    identity.save(folder / "state" / "keyholder.key")
    Journal(folder / "state" / "journal.jsonl", journal_key(identity), create=True).verified()
    config = CONFIG.format(
        account=account.account_id, role=account.people.remediator_role,
        reads=account.people.scanner_role, automated=str(automated).lower(),
        requester=requester.verifier.text, approver=approver.verifier.text,
    )  # fmt: skip
    (folder / "keyholder.yaml").write_text(config)
    own = account.people.keyholder.environment(account.endpoint, account.region)
    with (folder / "keyholder.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-c", _LOUD, "--config", str(folder / "keyholder.yaml"), "run"],
            stdout=subprocess.PIPE, stderr=log, env={**os.environ, **own},
        )  # fmt: skip
        assert child.stdout is not None
        try:
            words = child.stdout.readline().decode().split()
            assert words[:2] == ["listening", "on"], (folder / "keyholder.log").read_text()
            name = KeyholderName.parsed(words[-1])
            yield Office(folder, KeyholderSource(words[2], name, requester, CLOCK, code=code), approver)
        finally:
            child.terminate()
            child.wait()
            child.stdout.close()


_LOUD = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
from goldseam.keyholder import main
sys.exit(main(sys.argv[1:]))
"""


def clients_of(key: Key, account: DemoAccount) -> Clients:
    parts = key.secret.reveal()
    return Clients(
        account.endpoint, account.region, parts["access_key"], parts["secret_key"], parts["session_token"]
    )  # fmt: skip


def denied(act: Callable[[], object]) -> bool:
    with pytest.raises(ClientError) as refused:
        act()
    return refused.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


def assert_narrow(key: Key, account: DemoAccount) -> None:
    """The key can do what its plan needs, and nothing beside it, though its role may do much more."""
    storage, cloud = account.storage, clients_of(key, account)
    block = cloud("s3").put_public_access_block
    assert denied(lambda: block(Bucket=storage.private_bucket, PublicAccessBlockConfiguration=BLOCK))
    assert denied(lambda: cloud("s3").delete_bucket_policy(Bucket=storage.data_bucket))
    assert denied(lambda: cloud("s3").get_bucket_policy(Bucket=storage.data_bucket))
    assert denied(lambda: cloud("iam").delete_account_password_policy())
    assert denied(lambda: cloud("sts").assume_role(RoleArn=account.people.remediator_role, RoleSessionName="again"))
    block(Bucket=storage.data_bucket, PublicAccessBlockConfiguration=BLOCK)
    assert timedelta(minutes=14) < key.expires - CLOCK.now() <= timedelta(minutes=15)


def test_the_keyholder_process(demo_account: DemoAccount, tmp_path: Path) -> None:
    plan = plan_for(demo_account, demo_account.storage.data_bucket)
    with keyholder_process(tmp_path, demo_account) as office:
        with pytest.raises(GrantRefused, match="0 of the 1 signed approvals"):
            office.source.key_for(plan.to_json(), [])
        key = office.source.key_for(plan.to_json(), office.approved(plan))
        with pytest.raises(AlreadyDone):
            office.source.key_for(plan.to_json(), office.approved(plan))
        assert_narrow(key, demo_account)
        with pytest.raises(GrantRefused, match=r"public_access_block of .* is not as the plan says"):
            office.source.key_for(plan.to_json(), office.approved(plan))


def test_a_server_that_was_taken_over_gets_nothing_beyond_the_allow_list(
    demo_account: DemoAccount, tmp_path: Path
) -> None:
    """It holds the requester's key and can write any plan; the role itself could do all of this."""
    storage = demo_account.storage
    elsewhere = plan_for(demo_account, storage.website_bucket)
    other_action = plan_for(demo_account, storage.data_bucket, "aws.s3.bucket.policy-not-public")
    with keyholder_process(tmp_path, demo_account) as office:
        for plan in (elsewhere, other_action):
            with pytest.raises(GrantRefused, match="allow-list"):
                office.source.key_for(plan.to_json(), office.approved(plan))


def test_the_code_of_the_manual_mode(demo_account: DemoAccount, tmp_path: Path) -> None:
    plan = plan_for(demo_account, demo_account.storage.data_bucket)
    codes: list[str] = []
    with keyholder_process(tmp_path, demo_account, automated=False, code=lambda _: Secret(code=codes[-1])) as office:
        command = [sys.executable, "-m", "goldseam.keyholder", "--config", str(tmp_path / "keyholder.yaml"), "key"]
        codes.append("")
        with pytest.raises(GrantRefused, match="needs a one-time code"):
            office.source.key_for(plan.to_json(), office.approved(plan))
        codes.append("0000-0000-0000-0000")
        with pytest.raises(GrantRefused, match="no code in force"):
            office.source.key_for(plan.to_json(), office.approved(plan))
        codes.append("")
        with pytest.raises(GrantRefused, match="needs a one-time code"):
            office.source.key_for(plan.to_json(), office.approved(plan))
        shown = subprocess.run([*command, plan.id], check=True, capture_output=True, text=True).stdout
        assert plan.ref.address in shown
        codes.append(shown.splitlines()[-2])
        key = office.source.key_for(plan.to_json(), office.approved(plan))
        with pytest.raises(AlreadyDone):
            office.source.key_for(plan.to_json(), office.approved(plan))
    assert_narrow(key, demo_account)
    assert_nowhere(tmp_path, [codes[-1], codes[-1].replace("-", ""), *key.secret.reveal().values()])


def test_no_credential_is_in_any_file_of_the_keyholder(demo_account: DemoAccount, tmp_path: Path) -> None:
    """Law 9, with every log at its loudest, for a yes, a no of the keyholder, and a no of STS."""
    plan = plan_for(demo_account, demo_account.storage.data_bucket)
    root = Clients(demo_account.endpoint, demo_account.region, "test", "test")
    root("s3").delete_public_access_block(Bucket=demo_account.storage.private_bucket)
    other = plan_for(demo_account, demo_account.storage.private_bucket)
    with keyholder_process(tmp_path, demo_account) as office:
        key = office.source.key_for(plan.to_json(), office.approved(plan))
        with pytest.raises(AlreadyDone):
            office.source.key_for(plan.to_json(), office.approved(plan))
        root("iam").delete_user_policy(UserName="keyholder", PolicyName="work")
        role = demo_account.people.remediator_role.rpartition("/")[2]
        nobody = {"Version": "2012-10-17", "Statement": []}
        root("iam").update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(nobody))
        with pytest.raises(GrantRefused, match="AWS gave no key"):
            office.source.key_for(other.to_json(), office.approved(other))
    log = (tmp_path / "keyholder.log").read_text()
    assert "DEBUG" in log, "the loud logger was not on, so this proves nothing"
    assert_nowhere(tmp_path, [*key.secret.reveal().values(), demo_account.people.keyholder.secret])
    assert plan.id in (tmp_path / "state" / "journal.jsonl").read_text()


def assert_nowhere(folder: Path, canaries: list[str]) -> None:
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    for file in files:
        content = file.read_bytes()
        assert not [word for word in canaries if word.encode() in content], f"key material in {file}"


def operator_of(account: DemoAccount, session: Any = None, **more: Any) -> OperatorSource:
    roles = {account.account_id: account.people.operator_role}
    return OperatorSource(session or session_of(account.people.operator, account), roles, CLOCK, **more)


def test_an_operator(demo_account: DemoAccount) -> None:
    plan = plan_for(demo_account, demo_account.storage.data_bucket).to_json()
    source: KeySource = operator_of(demo_account)
    key = source.key_for(plan, [])
    assert (key.source, key.narrowed) == ("operator", True)
    assert_narrow(key, demo_account)
    with pytest.raises(AlreadyDone):
        source.key_for(plan, [])


def test_an_operator_who_cannot_be_narrowed(demo_account: DemoAccount) -> None:
    plan = plan_for(demo_account, demo_account.storage.data_bucket).to_json()
    people = demo_account.people
    forbidden = {demo_account.account_id: people.remediator_role}
    own = session_of(people.operator, demo_account)
    with pytest.raises(GrantRefused, match="--unscoped"):
        OperatorSource(own, forbidden, CLOCK).key_for(plan, [])
    with pytest.raises(GrantRefused, match="--unscoped"):
        OperatorSource(own, {}, CLOCK, own=Secret).key_for(plan, [])
    secret = Secret(access_key=people.operator.key_id, secret_key=people.operator.secret, session_token="")
    key = OperatorSource(own, {}, CLOCK, unscoped=True, own=lambda: secret).key_for(plan, [])
    assert not key.narrowed
    assert key.secret is secret


@pytest.fixture
def rotating(demo_account: DemoAccount) -> RotatingRole:
    return RotatingRole(demo_account.people.rotating_role, demo_account.people.external_id.partition(":")[0])


def test_a_rotating_code(demo_account: DemoAccount, rotating: RotatingRole) -> None:
    account = demo_account
    codes = [account.people.external_id.partition(":")[2]]
    roles = {account.account_id: rotating}

    def source() -> RotatingCodeSource:
        own = session_of(account.people.operator, account)
        return RotatingCodeSource(own, roles, lambda _: Secret(code=codes[-1]))

    plan = plan_for(account, account.storage.data_bucket).to_json()
    other = plan_for(account, account.storage.website_bucket).to_json()
    first = source()
    key = first.key_for(plan, [])
    assert_narrow(key, account)
    with pytest.raises(AlreadyDone):
        first.key_for(plan, [])
    with pytest.raises(GrantRefused, match="used before"):
        first.key_for(other, [])

    codes.append(rotated(session_of(account.people.keyholder, account), rotating).reveal()["code"])
    old = RotatingCodeSource(session_of(account.people.operator, account), roles, lambda _: Secret(code=codes[0]))
    with pytest.raises(GrantRefused, match="AccessDenied"):
        old.key_for(plan, [])
    assert source().key_for(other, []).narrowed


@pytest.mark.parametrize("code", ["", "x", "two words", "*******", "0" * 8])
def test_a_wrong_code_gives_no_key(demo_account: DemoAccount, rotating: RotatingRole, code: str) -> None:
    own = session_of(demo_account.people.operator, demo_account)
    source = RotatingCodeSource(own, {demo_account.account_id: rotating}, lambda _: Secret(code=code))
    with pytest.raises(GrantRefused) as refused:
        source.key_for(plan_for(demo_account, demo_account.storage.data_bucket).to_json(), [])
    assert not code or code not in str(refused.value)


def test_rotation_changes_the_external_id_and_nothing_else(demo_account: DemoAccount, rotating: RotatingRole) -> None:
    iam = Clients(demo_account.endpoint, demo_account.region, "test", "test")("iam")
    name = rotating.role.rpartition("/")[2]
    before = json.dumps(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    code = rotated(session_of(demo_account.people.keyholder, demo_account), rotating).reveal()["code"]
    after = json.dumps(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    assert after == before.replace(demo_account.people.external_id, f"{rotating.uuid}:{code}")
    assert after != before
    stranger = RotatingRole(rotating.role, str(uuid.uuid4()))
    with pytest.raises(GrantRefused, match="asks for no external id"):
        rotated(session_of(demo_account.people.keyholder, demo_account), stranger)


def test_no_source_asks_for_more_than_15_minutes(demo_account: DemoAccount, rotating: RotatingRole) -> None:
    plan = plan_for(demo_account, demo_account.storage.data_bucket).to_json()
    watched = Watched(session_of(demo_account.people.operator, demo_account))
    operator_of(demo_account, watched).key_for(plan, [])
    code = Secret(code=demo_account.people.external_id.partition(":")[2])
    RotatingCodeSource(watched, {demo_account.account_id: rotating}, lambda _: code).key_for(plan, [])
    assert [asked["DurationSeconds"] for asked in watched.asked] == [900, 900]


@pytest.fixture
def loud_sdk(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The SDK says everything that it can, as in a process where nothing has silenced it yet."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "botocore"]
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.NOTSET)
    caplog.set_level(logging.DEBUG)
    yield caplog
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_the_sdk_logs_no_key_and_no_code_of_these_sources(
    demo_account: DemoAccount, rotating: RotatingRole, loud_sdk: pytest.LogCaptureFixture
) -> None:
    code = demo_account.people.external_id.partition(":")[2]
    own = session_of(demo_account.people.operator, demo_account)
    plan = plan_for(demo_account, demo_account.storage.data_bucket).to_json()
    logging.getLogger("botocore").setLevel(logging.DEBUG)
    source = RotatingCodeSource(own, {demo_account.account_id: rotating}, lambda _: Secret(code=code))
    key = source.key_for(plan, [])
    assert "botocore" in loud_sdk.text
    assert not [word for word in (code, *key.secret.reveal().values()) if word in loud_sdk.text]


def test_the_sdk_logs_no_fresh_code(
    demo_account: DemoAccount, rotating: RotatingRole, loud_sdk: pytest.LogCaptureFixture
) -> None:
    customer = session_of(demo_account.people.keyholder, demo_account)
    logging.getLogger("botocore").setLevel(logging.DEBUG)
    code = rotated(customer, rotating).reveal()["code"]
    assert "botocore" in loud_sdk.text
    assert code not in loud_sdk.text
