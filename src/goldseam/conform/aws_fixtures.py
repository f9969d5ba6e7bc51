"""How each kind of AWS is made fresh on an emulator, and what an emulator has no way to show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from goldseam.clouds.aws import account, cloudtrail, ebs, kms, rds, s3, security_group, sns, sqs, user
from goldseam.clouds.aws.kind import AwsKind
from goldseam.conform.emulated import REGION, EmulatedGround, Fixture, Lack, Made
from goldseam.errors import CloudError
from goldseam.resource import Ref
from goldseam.values import ABSENT, Json, Value

_EXAMPLE: Final = "goldseam-example"
"""The name of the resource in the examples of storage and messaging."""


def _ref(ground: EmulatedGround, kind: AwsKind, name: str, region: str = REGION) -> Ref:
    where = "global" if kind.account_wide else region
    return kind.ref("aws", ground.account, where, name)


# Account and region: there is one of each, which is emptied


def _account(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    del name, facets
    _quietly(ground, "iam.DeleteAccountPasswordPolicy")
    _quietly(ground, "s3control.DeletePublicAccessBlock", AccountId=ground.account)
    return Made(_ref(ground, account.ACCOUNT, ground.account))


def _quietly(ground: EmulatedGround, operation: str, **params: Json) -> None:
    """A deletion of what may not be there."""
    try:
        ground.make(operation, **params)
    except CloudError as error:
        if not error.code.startswith("NoSuch"):
            raise


def _region(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    del name
    if "ebs_encryption_by_default" in facets:
        ground.make("ec2.DisableEbsEncryptionByDefault")
    neighbour = _ref(ground, ebs.REGION, "us-east-1", "us-east-1")
    return Made(_ref(ground, ebs.REGION, REGION), neighbours=(neighbour,))


# Storage


def _bucket(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    for bucket in (name, f"{name}-beside"):
        place = {"LocationConstraint": REGION}
        ground.make("s3.CreateBucket", Bucket=bucket, CreateBucketConfiguration=place, ObjectOwnership="ObjectWriter")
        ground.make("s3.DeletePublicAccessBlock", Bucket=bucket)
    _quietly(ground, "s3control.DeletePublicAccessBlock", AccountId=ground.account)
    words = {_EXAMPLE: name}
    if "acl" in facets:
        words[facets["acl"]["Owner"]["ID"]] = ground.make("s3.GetBucketAcl", Bucket=name)["Owner"]["ID"]
    return Made(_ref(ground, s3.BUCKET, name), words, (_ref(ground, s3.BUCKET, f"{name}-beside"),))


def _account_block(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    if value is ABSENT:
        ground.make("s3control.DeletePublicAccessBlock", AccountId=ref.account)
    else:
        ground.make("s3control.PutPublicAccessBlock", AccountId=ref.account, PublicAccessBlockConfiguration=value)


def _snapshot(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    encrypted = bool(facets.get("encrypted", False))
    refs = []
    for description in (name, f"{name}-beside"):
        volume = ground.make("ec2.CreateVolume", AvailabilityZone=f"{REGION}a", Size=1, Encrypted=encrypted)["VolumeId"]
        made = ground.make("ec2.CreateSnapshot", VolumeId=volume, Description=description)
        refs.append(_ref(ground, ebs.SNAPSHOT, made["SnapshotId"]))
    return Made(refs[0], {}, (refs[1],))


# Network and databases


_PEER: Final = "111122223333/sg-0123456789abcdef0"
"""The group that rules of the examples name."""


def _group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    vpc = ground.make("ec2.CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    wanted = facets.get("group_name", name)
    beside = _new_group(ground, f"{name}-beside", vpc)
    first = _default_group(ground, vpc) if wanted == "default" else _new_group(ground, wanted, vpc)
    refs = [_ref(ground, security_group.SECURITY_GROUP, group) for group in (first, beside)]
    words = {_PEER: f"{ground.account}/{_new_group(ground, f'{name}-peer', vpc)}"}
    return Made(refs[0], words, (refs[1],))


def _new_group(ground: EmulatedGround, name: str, vpc: str) -> str:
    return str(ground.make("ec2.CreateSecurityGroup", GroupName=name, Description="proof", VpcId=vpc)["GroupId"])


def _default_group(ground: EmulatedGround, vpc: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    return str(ground.make("ec2.DescribeSecurityGroups", Filters=filters)["SecurityGroups"][0]["GroupId"])


_ENGINE: Final = {
    "Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20,
    "MasterUsername": "proof", "MasterUserPassword": "not-a-secret-1",
}  # fmt: skip


def _instance(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    more = {"StorageEncrypted": True} if facets.get("encrypted") else {}
    for instance in (name, f"{name}-beside"):
        ground.make("rds.CreateDBInstance", DBInstanceIdentifier=instance, **_ENGINE, **more)
    return Made(_ref(ground, rds.DB_INSTANCE, name), {}, (_ref(ground, rds.DB_INSTANCE, f"{name}-beside"),))


# Messages, keys, trails


def _topic(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    del facets
    refs = [_ref(ground, sns.TOPIC, ground.make("sns.CreateTopic", Name=each)["TopicArn"]) for each in _pair(name)]
    return Made(refs[0], {_EXAMPLE: name}, (refs[1],))


def _queue(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    del facets
    refs = [_ref(ground, sqs.QUEUE, ground.make("sqs.CreateQueue", QueueName=each)["QueueUrl"]) for each in _pair(name)]
    return Made(refs[0], {_EXAMPLE: name}, (refs[1],))


def _pair(name: str) -> tuple[str, str]:
    return name, f"{name}-beside"


_KEY_ID: Final = "1234abcd-12ab-34cd-56ef-1234567890ab"
"""The key in the examples of keys and trails."""


def _key(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    del facets
    refs = [
        _ref(ground, kms.KEY, ground.make("kms.CreateKey", Description=each)["KeyMetadata"]["KeyId"])
        for each in _pair(name)
    ]
    return Made(refs[0], {_KEY_ID: refs[0].id}, (refs[1],))


def _trail(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    del facets
    place = {"LocationConstraint": REGION}
    ground.make("s3.CreateBucket", Bucket=f"{name}-log", CreateBucketConfiguration=place)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": ["s3:GetBucketAcl", "s3:PutObject"],
                "Resource": [f"arn:aws:s3:::{name}-log", f"arn:aws:s3:::{name}-log/*"],
            }
        ],
    }  # fmt: skip
    ground.make("s3.PutBucketPolicy", Bucket=f"{name}-log", Policy=json.dumps(policy))
    for each in _pair(name):
        ground.make("cloudtrail.CreateTrail", Name=each, S3BucketName=f"{name}-log")
    key = ground.make("kms.CreateKey", Description=name)["KeyMetadata"]["KeyId"]
    refs = [_ref(ground, cloudtrail.TRAIL, each) for each in _pair(name)]
    return Made(refs[0], {_KEY_ID: key}, (refs[1],))


# Users


def _user(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    for each in _pair(name):
        ground.make("iam.CreateUser", UserName=each)
    words = {}
    for key in facets.get("access_keys", ()):
        made = ground.make("iam.CreateAccessKey", UserName=name)["AccessKey"]
        words[key["id"]] = made["AccessKeyId"]
    for made in ground.make("iam.ListAccessKeys", UserName=name)["AccessKeyMetadata"]:
        words[facets["access_keys"][0]["created"]] = str(made["CreateDate"])
    return Made(_ref(ground, user.USER, name), words, (_ref(ground, user.USER, f"{name}-beside"),))


def _so_old(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    """Let so many days pass as all keys are old; what was made today cannot be of several ages."""
    del ref
    if len({item["days"] for item in value}) == 1:
        ground.calendar.ahead = timedelta(days=value[0]["days"])


def _of_several_ages(keys: Value) -> bool:
    return len({key["days"] for key in keys}) > 1


def _is_absent(value: Value) -> bool:
    return value is ABSENT


def _without_upgrades(settings: Value) -> bool:
    return settings.get("AutoMinorVersionUpgrade") is False


AWS_FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.account": Fixture(_account),
    "aws.cloudtrail.trail": Fixture(_trail, normal=frozenset({"KmsKeyId"})),
    "aws.ec2.region": Fixture(
        _region,
        lacks=tuple(
            Lack(name, "snapshot_block", f"{name} does not have the block on public snapshots")
            for name in ("ministack", "moto")
        ),
    ),
    "aws.ec2.security-group": Fixture(_group),
    "aws.ec2.snapshot": Fixture(
        _snapshot, lacks=(Lack("moto", "sharing", "moto takes only an older spelling of the call"),)
    ),
    "aws.iam.user": Fixture(
        _user,
        {"idle": _so_old, "age": _so_old},
        lacks=tuple(
            Lack(name, "idle", "keys that are made on an emulator are all equally old", _of_several_ages)
            for name in ("ministack", "moto")
        ),
        by_member=frozenset({"access_keys"}),
    ),
    "aws.kms.key": Fixture(_key),
    "aws.rds.instance": Fixture(
        _instance,
        lacks=(Lack("ministack", "settings", "ministack cannot switch off minor upgrades", _without_upgrades),),
    ),
    "aws.s3.bucket": Fixture(
        _bucket,
        {"account_public_access_block": _account_block},
        lacks=(Lack("ministack", "encryption", "as on AWS since 2023, no bucket is without encryption", _is_absent),),
        normal=frozenset({"Status"}),
    ),
    "aws.sns.topic": Fixture(_topic, normal=frozenset({"KmsMasterKeyId"})),
    "aws.sqs.queue": Fixture(_queue, normal=frozenset({"KmsMasterKeyId", "SqsManagedSseEnabled"})),
}
"""By the name of the kind."""
