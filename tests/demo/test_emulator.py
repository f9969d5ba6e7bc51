"""The embedded cloud lives and dies with its parent, enforces permissions, and does what AWS documents."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from goldseam.clouds.aws.ask import Memo
from goldseam.clouds.aws.services.ec2.group_references import GROUP_REFERENCES, TITLES, GroupReferences
from goldseam.demo.account import DemoAccount, anonymous_get
from goldseam.demo.aws import Clients, policy
from goldseam.demo.emulator import ROOT_KEY, EmbeddedCloud, embedded_cloud
from goldseam.demo.lumen_people import DemoIdentity
from goldseam.demo.lumen_storage import public_read, tls_only
from goldseam.model.errors import UsageError
from tests.aws.live import embedded
from tests.emulators import Moto

WORLD = "0.0.0.0/0"
CLOSED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
PARENT = """
import sys, time
from goldseam.demo.emulator import embedded_cloud
with embedded_cloud() as cloud:
    print(cloud.process_id, flush=True)
    time.sleep(60)
"""


def as_root(cloud: EmbeddedCloud) -> Clients:
    return Clients(cloud.endpoint, cloud.region, ROOT_KEY, ROOT_KEY)


def as_user(account: DemoAccount, identity: DemoIdentity) -> Clients:
    return Clients(account.endpoint, account.region, identity.key_id, identity.secret)


def granted(account: DemoAccount, *statements: dict[str, Any]) -> Clients:
    """The keyholder's session in the remediator role, narrowed to these statements."""
    key = as_user(account, account.people.keyholder)("sts").assume_role(
        RoleArn=account.people.remediator_role,
        RoleSessionName="repair",
        DurationSeconds=900,
        Policy=policy(*statements),
    )["Credentials"]
    return Clients(account.endpoint, account.region, key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])


@contextlib.contextmanager
def refused(*codes: str) -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] in codes


# --- life and death ---


def test_missing_emulator_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ministack", None)
    with pytest.raises(UsageError, match=r"goldseam\[demo\]"), embedded_cloud():
        pass


def test_taken_port_is_refused() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"`{port}`"), embedded_cloud(port=port):
            pass


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_ends_with_its_parent(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        emulator = int(parent.stdout.readline())
        parent.send_signal(how)
    deadline = time.monotonic() + 20
    while _runs(emulator):
        assert time.monotonic() < deadline, "the emulator outlived its parent"
        time.sleep(0.05)


def _runs(process_id: int) -> bool:
    """Whether the process exists and is not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_keeps_its_state_for_another_day(tmp_path: Path) -> None:
    with embedded_cloud(state_dir=tmp_path) as cloud:
        clients = as_root(cloud)
        clients("s3").create_bucket(
            Bucket="kept-bucket", CreateBucketConfiguration={"LocationConstraint": cloud.region}
        )
        clients("s3").put_object(Bucket="kept-bucket", Key="a", Body=b"kept")
        clients("ec2").enable_ebs_encryption_by_default()
        clients("s3control").put_public_access_block(AccountId=cloud.account_id, PublicAccessBlockConfiguration=CLOSED)
    with embedded_cloud(state_dir=tmp_path) as cloud:
        clients = as_root(cloud)
        assert clients("s3").get_object(Bucket="kept-bucket", Key="a")["Body"].read() == b"kept"
        assert clients("ec2").get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
        shown = clients("s3control").get_public_access_block(AccountId=cloud.account_id)
        assert shown["PublicAccessBlockConfiguration"] == CLOSED


def test_reads_nothing_of_the_users_configuration() -> None:
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull
    assert "AWS_PROFILE" not in os.environ


def test_moto_answers_and_is_empty(moto_cloud: Moto) -> None:
    clients = Clients(moto_cloud.endpoint, "eu-central-1", "any", "any")
    assert clients("s3").list_buckets()["Buckets"] == []
    assert clients("sts").get_caller_identity()["Account"] == moto_cloud.account_id


# --- the account ---


def test_only_the_data_is_closed_and_the_website_still_answers(demo_account: DemoAccount) -> None:
    assert (anonymous_get(demo_account.website_url), anonymous_get(demo_account.data_url)) == (200, 200)
    names = demo_account.storage
    allowed = {
        "Effect": "Allow",
        "Action": "s3:PutBucketPublicAccessBlock",
        "Resource": f"arn:aws:s3:::{names.data_bucket}",
    }
    s3 = granted(demo_account, allowed)("s3")
    s3.put_public_access_block(Bucket=names.data_bucket, PublicAccessBlockConfiguration=CLOSED)
    with refused("AccessDenied"):
        s3.put_public_access_block(Bucket=names.website_bucket, PublicAccessBlockConfiguration=CLOSED)
    with refused("AccessDenied"):
        s3.get_public_access_block(Bucket=names.data_bucket)
    assert (anonymous_get(demo_account.website_url), anonymous_get(demo_account.data_url)) == (200, 403)


def test_roles_trust_whom_they_should(demo_account: DemoAccount) -> None:
    people = demo_account.people
    scanner, operator = (as_user(demo_account, who)("sts") for who in (people.scanner, people.operator))
    scanner.assume_role(RoleArn=people.scanner_role, RoleSessionName="scan")
    operator.assume_role(RoleArn=people.operator_role, RoleSessionName="repair")
    for sts in (scanner, operator):
        with refused("AccessDenied"):
            sts.assume_role(RoleArn=people.remediator_role, RoleSessionName="repair")
    with refused("AccessDenied"):
        scanner.assume_role(RoleArn=people.rotating_role, RoleSessionName="repair", ExternalId="guess")
    scanner.assume_role(RoleArn=people.rotating_role, RoleSessionName="repair", ExternalId=people.external_id)


def test_external_id_can_be_rotated_by_the_keyholder(demo_account: DemoAccount) -> None:
    people = demo_account.people
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": people.scanner.arn},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "next"}},
    }
    as_user(demo_account, people.keyholder)("iam").update_assume_role_policy(
        RoleName="goldseam-rotating", PolicyDocument=policy(trust)
    )
    sts = as_user(demo_account, people.scanner)("sts")
    with refused("AccessDenied"):
        sts.assume_role(RoleArn=people.rotating_role, RoleSessionName="repair", ExternalId=people.external_id)
    sts.assume_role(RoleArn=people.rotating_role, RoleSessionName="repair", ExternalId="next")


def test_scanner_reads_everything_and_writes_nothing(demo_account: DemoAccount) -> None:
    clients = as_user(demo_account, demo_account.people.scanner)
    assert len(clients("s3").list_buckets()["Buckets"]) == 5
    assert len(clients("rds").describe_db_instances()["DBInstances"]) == 2
    assert clients("cloudtrail").get_trail_status(Name=demo_account.services.trail)["IsLogging"] is False
    with refused("AccessDenied"):
        clients("s3").get_object(Bucket=demo_account.storage.private_bucket, Key="any")
    with refused("UnauthorizedOperation"):
        clients("ec2").enable_ebs_encryption_by_default()


def test_secrets_are_not_shown(demo_account: DemoAccount) -> None:
    people = demo_account.people
    shown = f"{demo_account!r} {people!r}"
    assert people.scanner.secret not in shown
    assert people.external_id not in shown


def test_keys_have_an_age_and_a_last_use(demo_account: DemoAccount) -> None:
    iam = as_user(demo_account, demo_account.people.scanner)("iam")
    (old,) = iam.list_access_keys(UserName="mara.lind")["AccessKeyMetadata"]
    assert time.time() - old["CreateDate"].timestamp() > 400 * 86400
    assert "LastUsedDate" not in iam.get_access_key_last_used(AccessKeyId=old["AccessKeyId"])["AccessKeyLastUsed"]
    used = iam.get_access_key_last_used(AccessKeyId=demo_account.people.deployer.key_id)
    assert used["AccessKeyLastUsed"]["ServiceName"] == "sts"


def test_tags_are_found_in_one_listing(demo_account: DemoAccount) -> None:
    tagging = as_user(demo_account, demo_account.people.scanner)("resourcegroupstaggingapi")
    found = {entry["ResourceARN"].split(":")[2] for entry in tagging.get_resources()["ResourceTagMappingList"]}
    assert {"s3", "ec2", "rds", "kms", "sns", "sqs", "cloudtrail"} <= found


# --- what is corrected ---


def mixed(**extra: Any) -> dict[str, Any]:
    ranges = [{"CidrIp": WORLD, "Description": "world"}, {"CidrIp": "10.0.0.0/8", "Description": "office"}]
    return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ranges, **extra}


@pytest.fixture
def group(ministack_cloud: EmbeddedCloud) -> tuple[Any, str]:
    """A security group whose one permission has sources of four sorts."""
    ec2 = as_root(ministack_cloud)("ec2")
    other = ec2.create_security_group(GroupName="other", Description="other")["GroupId"]
    made = ec2.create_security_group(GroupName="mixed", Description="mixed")["GroupId"]
    permission = mixed(
        Ipv6Ranges=[{"CidrIpv6": "::/0", "Description": "six"}],
        PrefixListIds=[{"PrefixListId": "pl-1", "Description": "list"}],
        UserIdGroupPairs=[{"GroupId": other, "Description": "peer"}],
    )
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[permission])
    return ec2, made


def permissions(ec2: Any, group_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0][
        "IpPermissions"
    ]
    return found


def rules(ec2: Any, group_id: str) -> list[dict[str, Any]]:
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    return [rule for rule in found["SecurityGroupRules"] if not rule["IsEgress"]]


def by_content(ec2: Any, group_id: str) -> None:
    world = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": WORLD}]}
    ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=[world])


def by_rule_id(ec2: Any, group_id: str) -> None:
    (rule_id,) = (r["SecurityGroupRuleId"] for r in rules(ec2, group_id) if r.get("CidrIpv4") == WORLD)
    ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=[rule_id])


@pytest.mark.parametrize("revoke", [by_content, by_rule_id])
def test_one_source_goes_and_its_neighbours_stay(group: tuple[Any, str], revoke: Callable[[Any, str], None]) -> None:
    ec2, made = group
    (before,) = permissions(ec2, made)
    others = {rule["SecurityGroupRuleId"]: rule for rule in rules(ec2, made) if rule.get("CidrIpv4") != WORLD}
    revoke(ec2, made)
    (after,) = permissions(ec2, made)
    assert after == {**before, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "office"}]}
    assert {rule["SecurityGroupRuleId"]: rule for rule in rules(ec2, made)} == others
    assert len(others) == 4


def test_modifying_one_rule_leaves_the_others(group: tuple[Any, str]) -> None:
    ec2, made = group
    (office,) = (rule for rule in rules(ec2, made) if rule.get("CidrIpv4") == "10.0.0.0/8")
    wanted = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "10.1.0.0/16", "Description": "branch"}
    change = {"SecurityGroupRuleId": office["SecurityGroupRuleId"], "SecurityGroupRule": wanted}
    ec2.modify_security_group_rules(GroupId=made, SecurityGroupRules=[change])
    assert {(rule.get("CidrIpv4"), rule.get("Description")) for rule in rules(ec2, made) if "CidrIpv4" in rule} == {
        (WORLD, "world"),
        ("10.1.0.0/16", "branch"),
    }
    assert len(rules(ec2, made)) == 5


def test_duplicates_and_absences_are_errors_and_change_nothing(group: tuple[Any, str]) -> None:
    ec2, made = group
    before = permissions(ec2, made)
    new = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": WORLD}]}
    with refused("InvalidPermission.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[new, mixed()])
    with refused("InvalidPermission.NotFound"):
        ec2.revoke_security_group_ingress(GroupId=made, IpPermissions=[mixed(), new])
    with refused("DryRunOperation"):
        ec2.revoke_security_group_ingress(GroupId=made, IpPermissions=[mixed()], DryRun=True)
    assert permissions(ec2, made) == before


def test_interfaces_show_what_a_group_protects(demo_account: DemoAccount) -> None:
    ec2 = as_user(demo_account, demo_account.people.scanner)("ec2")

    def attached(group_id: str) -> list[dict[str, Any]]:
        found = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group_id]}])
        return list(found["NetworkInterfaces"])

    (bastion,) = attached(demo_account.network.mixed_group)
    assert bastion["Attachment"]["InstanceId"].startswith("i-")
    assert bastion["Association"]["PublicIp"]
    assert attached(demo_account.network.range_group) == []


def test_snapshots_are_shared_with_everybody_and_taken_back(demo_account: DemoAccount) -> None:
    ec2, snapshot = as_user(demo_account, demo_account.people.scanner)("ec2"), demo_account.network.public_snapshot
    arn = f"arn:aws:ec2:{demo_account.region}::snapshot/{snapshot}"
    assert [s["SnapshotId"] for s in ec2.describe_snapshots(RestorableByUserIds=["all"])["Snapshots"]] == [snapshot]
    writer = granted(demo_account, {"Effect": "Allow", "Action": "ec2:ModifySnapshotAttribute", "Resource": arn})("ec2")
    writer.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Remove": [{"Group": "all"}]})
    shown = ec2.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    assert shown["CreateVolumePermissions"] == []
    with refused("UnauthorizedOperation"):
        writer.modify_snapshot_attribute(
            SnapshotId=demo_account.network.partner_snapshot, CreateVolumePermission={"Add": [{"Group": "all"}]}
        )


def test_encryption_by_default_encrypts_new_volumes(ministack_cloud: EmbeddedCloud) -> None:
    ec2 = as_root(ministack_cloud)("ec2")
    zone = f"{ministack_cloud.region}a"
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert ec2.create_volume(AvailabilityZone=zone, Size=1)["Encrypted"] is False
    ec2.enable_ebs_encryption_by_default()
    assert ec2.create_volume(AvailabilityZone=zone, Size=1)["Encrypted"] is True


def test_account_wide_block_closes_every_bucket(demo_account: DemoAccount) -> None:
    any_resource = {"Effect": "Allow", "Resource": "*"}
    block = {"AccountId": demo_account.account_id, "PublicAccessBlockConfiguration": CLOSED}
    with refused("AccessDenied"):
        granted(demo_account, {**any_resource, "Action": "s3:PutBucketPublicAccessBlock"})(
            "s3control"
        ).put_public_access_block(**block)
    writer = granted(demo_account, {**any_resource, "Action": "s3:PutAccountPublicAccessBlock"})("s3control")
    writer.put_public_access_block(**block)
    assert (anonymous_get(demo_account.website_url), anonymous_get(demo_account.data_url)) == (403, 403)
    writer.delete_public_access_block(AccountId=demo_account.account_id)
    assert anonymous_get(demo_account.website_url) == 200
    with refused("NoSuchPublicAccessBlockConfiguration"):
        as_user(demo_account, demo_account.people.scanner)("s3control").get_public_access_block(
            AccountId=demo_account.account_id
        )


def test_policy_status_and_tls_only(demo_account: DemoAccount) -> None:
    s3, names = as_user(demo_account, demo_account.people.scanner)("s3"), demo_account.storage
    assert s3.get_bucket_policy_status(Bucket=names.data_bucket)["PolicyStatus"]["IsPublic"] is True
    assert s3.get_bucket_policy_status(Bucket=names.private_bucket)["PolicyStatus"]["IsPublic"] is False
    assert tls_only(names.private_bucket)["Action"] == "s3:*", "and yet the scanner reads on"
    assert public_read("x", names.data_bucket)["Principal"] == "*"


def test_a_physical_id_tells_its_stack(ministack_cloud: EmbeddedCloud) -> None:
    made = as_root(ministack_cloud)("cloudformation")
    for stack in ("one", "two"):
        template = (
            f'{{"Resources": {{"Queue": {{"Type": "AWS::SQS::Queue", "Properties": {{"QueueName": "{stack}"}}}}}}}}'
        )
        made.create_stack(StackName=stack, TemplateBody=template)
        made.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    (held,) = made.describe_stack_resources(StackName="two")["StackResources"]
    (found,) = made.describe_stack_resources(PhysicalResourceId=held["PhysicalResourceId"])["StackResources"]
    assert (found["StackName"], found["ResourceType"]) == ("two", "AWS::SQS::Queue")
    with pytest.raises(ClientError, match="Stack for nowhere does not exist") as caught:
        made.describe_stack_resources(PhysicalResourceId="nowhere")
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_password_policy_is_replaced_not_merged(ministack_cloud: EmbeddedCloud) -> None:
    iam = as_root(ministack_cloud)("iam")
    with refused("NoSuchEntity"):
        iam.get_account_password_policy()
    iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True)
    iam.update_account_password_policy(RequireNumbers=True)
    shown = iam.get_account_password_policy()["PasswordPolicy"]
    assert (shown["MinimumPasswordLength"], shown["RequireSymbols"], shown["RequireNumbers"]) == (6, False, True)


# --- what the emulator cannot hold, and what it does not keep ---


def test_every_way_to_what_names_a_group_answers(ministack_cloud: EmbeddedCloud) -> None:
    """One after the other, so that a slow machine takes none for lost. The mutation: one service is left out."""
    with embedded(ministack_cloud, GROUP_REFERENCES) as aws:
        ask, ref = Memo(aws.session, "2026-03-31"), aws.ref(GROUP_REFERENCES, aws.region)
        ways = [way for way in GROUP_REFERENCES.facets if isinstance(way, GroupReferences)]
        assert {way.name: way.read(ask, ref, None).value for way in ways} == {name: {} for name in TITLES}


@pytest.mark.parametrize(
    ("service", "action", "other"),
    [
        ("redshift", "DescribeClusters", "describe_cluster_snapshots"),
        ("dms", "DescribeReplicationInstances", "describe_endpoints"),
        ("sagemaker", "ListModels", "list_training_jobs"),
        ("workspaces", "DescribeWorkspaceDirectories", "describe_workspaces"),
    ],
)
def test_a_listing_of_what_is_absent_needs_its_right(
    demo_account: DemoAccount, service: str, action: str, other: str
) -> None:
    """And the rest of the service stays unsupported. The mutation: the service has no namespace of actions."""
    listing = xform_name(action)
    with refused("AccessDenied", "AccessDeniedException"):
        getattr(as_user(demo_account, demo_account.people.keyholder)(service), listing)()
    root = Clients(demo_account.endpoint, demo_account.region, ROOT_KEY, ROOT_KEY)
    assert getattr(root(service), listing)()
    with pytest.raises(ClientError):
        getattr(root(service), other)()


def test_metrics_configurations_are_kept_by_bucket(ministack_cloud: EmbeddedCloud) -> None:
    """The mutation: a deletion of one deletes the bucket, as it does uncorrected."""
    s3 = as_root(ministack_cloud)("s3")
    place = {"LocationConstraint": ministack_cloud.region}
    for name in ("one", "two"):
        s3.create_bucket(Bucket=f"counted-{name}", CreateBucketConfiguration=place)
    whole, part = {"Id": "EntireBucket"}, {"Id": "images", "Filter": {"Prefix": "images/"}}
    for held in (whole, part):
        s3.put_bucket_metrics_configuration(Bucket="counted-one", Id=held["Id"], MetricsConfiguration=held)
    listed = s3.list_bucket_metrics_configurations(Bucket="counted-one")
    assert listed["MetricsConfigurationList"] == [whole, part]
    assert "MetricsConfigurationList" not in s3.list_bucket_metrics_configurations(Bucket="counted-two")
    assert s3.get_bucket_metrics_configuration(Bucket="counted-one", Id="images")["MetricsConfiguration"] == part
    s3.delete_bucket_metrics_configuration(Bucket="counted-one", Id="images")
    assert s3.list_bucket_metrics_configurations(Bucket="counted-one")["MetricsConfigurationList"] == [whole]
    for ask in (s3.get_bucket_metrics_configuration, s3.delete_bucket_metrics_configuration):
        with refused("NoSuchConfiguration"):
            ask(Bucket="counted-one", Id="images")
    with refused("NoSuchBucket"):
        s3.list_bucket_metrics_configurations(Bucket="counted-three")
    s3.delete_bucket(Bucket="counted-one")
    s3.create_bucket(Bucket="counted-one", CreateBucketConfiguration=place)
    assert "MetricsConfigurationList" not in s3.list_bucket_metrics_configurations(Bucket="counted-one")


def test_what_a_user_pool_does_about_risks_is_kept(ministack_cloud: EmbeddedCloud) -> None:
    """The mutation: the configuration of one pool is told of all."""
    cognito = as_root(ministack_cloud)("cognito-idp")
    one, two = (cognito.create_user_pool(PoolName=name)["UserPool"]["Id"] for name in ("one", "two"))
    blocks = {"Actions": {"EventAction": "BLOCK"}}
    cognito.set_risk_configuration(UserPoolId=one, CompromisedCredentialsRiskConfiguration=blocks)
    told = [cognito.describe_risk_configuration(UserPoolId=pool)["RiskConfiguration"] for pool in (one, two)]
    assert told == [{"UserPoolId": one, "CompromisedCredentialsRiskConfiguration": blocks}, {"UserPoolId": two}]
    cognito.set_risk_configuration(UserPoolId=one)
    assert cognito.describe_risk_configuration(UserPoolId=one)["RiskConfiguration"] == {"UserPoolId": one}
    with refused("ResourceNotFoundException"):
        cognito.describe_risk_configuration(UserPoolId="eu-central-1_absent")


def test_data_of_metrics_are_kept_for_more_than_two_weeks(ministack_cloud: EmbeddedCloud) -> None:
    """The mutation: two weeks, as uncorrected."""
    cloudwatch, now = as_root(ministack_cloud)("cloudwatch"), datetime.now(UTC)
    data = [{"MetricName": "AllRequests", "Timestamp": now - timedelta(days=days), "Value": 1} for days in (1, 13, 40)]
    cloudwatch.put_metric_data(Namespace="AWS/S3", MetricData=data)
    metric = {"Namespace": "AWS/S3", "MetricName": "AllRequests"}
    query = {"Id": "m0", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "Sum"}}
    told = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=now - timedelta(days=60), EndTime=now)
    assert told["MetricDataResults"][0]["Values"] == [1, 1, 1]
