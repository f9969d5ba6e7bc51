"""Who may do what at Lumen Bikes: people with old keys, and the identities that Goldseam itself works with.

Four roles keep the powers apart: the scanner's role reads; the remediator's writes and trusts only the keyholder; the
operator's writes and trusts only the operator; the rotating one writes and asks for an external id that changes.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from goldseam.demo.aws import Clients, policy, tags
from goldseam.demo.emulator import ROOT_KEY, EmbeddedCloud

_AGE_TAG: Final = "demo:age-days"
"""The emulator makes a user and its keys this many days old."""

_ROLES: Final = ("scanner", "remediator", "operator", "rotating")
_READS: Final = (
    *("cloudformation:Describe*", "cloudformation:List*", "cloudfront:Get*", "cloudfront:List*"),
    *("cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*", "cloudtrail:LookupEvents"),
    *("cloudwatch:GetMetricData", "ec2:Describe*", "ec2:Get*", "elasticloadbalancing:Describe*"),
    *("autoscaling:Describe*", "batch:Describe*", "codebuild:BatchGet*", "codebuild:List*", "dms:Describe*"),
    *("ecs:Describe*", "ecs:List*", "elasticache:Describe*", "events:List*", "glue:GetConnections"),
    *("iam:GenerateCredentialReport", "iam:Get*", "iam:List*"),
    *("kms:Describe*", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:List*"),
    *("lambda:List*", "logs:Describe*", "logs:FilterLogEvents", "organizations:Describe*", "rds:Describe*"),
    *("rds:List*", "redshift:Describe*", "route53:List*"),
    *("s3:GetAccountPublicAccessBlock", "s3:GetBucket*", "s3:GetEncryptionConfiguration"),
    *("s3:GetLifecycleConfiguration", "s3:GetMetricsConfiguration", "s3:GetReplicationConfiguration"),
    *("s3:ListAllMyBuckets", "s3:ListBucketVersions", "sagemaker:Describe*", "sagemaker:List*"),
    *("scheduler:Get*", "scheduler:List*", "states:Describe*", "states:List*", "workspaces:Describe*"),
    *("sns:Get*", "sns:List*", "sqs:GetQueueAttributes", "sqs:List*", "tag:GetResources"),
)
_WRITES: Final = (
    *("cloudtrail:StartLogging", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail"),
    *("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:ModifySecurityGroupRules"),
    *("ec2:EnableEbsEncryptionByDefault", "ec2:DisableEbsEncryptionByDefault", "ec2:ModifySnapshotAttribute"),
    *("iam:UpdateAccountPasswordPolicy", "iam:DeleteAccountPasswordPolicy", "iam:UpdateAccessKey"),
    *("kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:PutKeyPolicy", "rds:ModifyDBInstance"),
    *("s3:DeleteBucketPolicy", "s3:PutAccountPublicAccessBlock", "s3:PutBucket*", "s3:PutEncryptionConfiguration"),
    *("s3:PutLifecycleConfiguration", "sns:SetTopicAttributes", "sqs:SetQueueAttributes"),
)


@dataclass(frozen=True, slots=True)
class DemoIdentity:
    """A user with its access key."""

    name: str
    arn: str
    key_id: str
    secret: str = field(repr=False)

    def environment(self, endpoint: str, region: str) -> dict[str, str]:
        """The variables with which a command runs as this user in the embedded cloud."""
        return {
            "AWS_ACCESS_KEY_ID": self.key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@dataclass(frozen=True, slots=True)
class People:
    """Goldseam's identities and roles, and the employees with keys."""

    scanner: DemoIdentity
    keyholder: DemoIdentity
    operator: DemoIdentity
    scanner_role: str
    remediator_role: str
    operator_role: str
    rotating_role: str
    external_id: str = field(repr=False)
    """What the rotating role asks for now: a UUID that stays, and a code that changes after every use."""
    forgotten: DemoIdentity
    """Left a year ago; the key is active and was never used."""
    deployer: DemoIdentity
    """Deploys every day with a key 200 days old."""


def seed_people(clients: Clients, account: str) -> People:
    """Create users, keys and roles, and use the keys that are in use."""
    iam = clients("iam")
    role = {name: f"arn:aws:iam::{account}:role/goldseam-{name}" for name in _ROLES}
    scanner = _user(iam, "scanner", 0, _may(*_READS), _may("sts:AssumeRole", on=[role["scanner"], role["rotating"]]))
    operator = _user(iam, "operator", 0, _may(*_READS), _may("sts:AssumeRole", on=[role["operator"], role["rotating"]]))
    rotate = _may("iam:GetRole", "iam:UpdateAssumeRolePolicy", on=role["rotating"])
    keyholder = _user(iam, "keyholder", 0, _may("sts:AssumeRole", on=[role["remediator"], role["scanner"]]), rotate)
    external_id = f"{uuid.uuid4()}:{uuid.uuid4().hex[:8]}"
    _roles(iam, scanner, keyholder, operator, external_id)
    deployer = _user(iam, "ci-deploy", 200, _may("s3:PutObject", on="arn:aws:s3:::lumen-bikes-www/*"))
    forgotten = _user(iam, "mara.lind", 410, _may(*_READS))
    _use(clients, deployer)
    return People(
        scanner=scanner,
        keyholder=keyholder,
        operator=operator,
        scanner_role=role["scanner"],
        remediator_role=role["remediator"],
        operator_role=role["operator"],
        rotating_role=role["rotating"],
        external_id=external_id,
        forgotten=forgotten,
        deployer=deployer,
    )


def renewed(cloud: EmbeddedCloud, name: str) -> DemoIdentity:
    """A user of a cloud that was started again, with a fresh access key: secrets were shown once and kept nowhere."""
    iam = Clients(cloud.endpoint, cloud.region, ROOT_KEY, ROOT_KEY)("iam")
    for held in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=held["AccessKeyId"])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return DemoIdentity(name, iam.get_user(UserName=name)["User"]["Arn"], key["AccessKeyId"], key["SecretAccessKey"])


def _roles(iam: Any, scanner: DemoIdentity, keyholder: DemoIdentity, operator: DemoIdentity, external_id: str) -> None:
    """One role for reading, and one for writing under each way of getting a key."""
    writer = (_may(*_READS), _may(*_WRITES))
    _role(iam, "scanner", [scanner, keyholder], None, _may(*_READS))
    _role(iam, "remediator", [keyholder], None, *writer)
    _role(iam, "operator", [operator], None, *writer)
    _role(iam, "rotating", [scanner, operator], external_id, *writer)


def _may(*actions: str, on: str | list[str] = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": on}


def _user(iam: Any, name: str, age_days: int, *statements: dict[str, Any]) -> DemoIdentity:
    labels = [*tags(team="platform"), *([{"Key": _AGE_TAG, "Value": str(age_days)}] if age_days else [])]
    arn = iam.create_user(UserName=name, Tags=labels)["User"]["Arn"]
    iam.put_user_policy(UserName=name, PolicyName="work", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return DemoIdentity(name, arn, key["AccessKeyId"], key["SecretAccessKey"])


def _role(
    iam: Any, name: str, trusted: list[DemoIdentity], external_id: str | None, *statements: dict[str, Any]
) -> None:
    asked = {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}} if external_id else {}
    principal = {"AWS": [identity.arn for identity in trusted]}
    trust = policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **asked})
    iam.create_role(RoleName=f"goldseam-{name}", AssumeRolePolicyDocument=trust, MaxSessionDuration=3600)
    iam.put_role_policy(RoleName=f"goldseam-{name}", PolicyName="work", PolicyDocument=policy(*statements))


def _use(clients: Clients, identity: DemoIdentity) -> None:
    """One signed call, so that the key counts as used."""
    own = Clients(clients.endpoint, clients.region, identity.key_id, identity.secret)
    own("sts").get_caller_identity()
