"""What a region does by default for a whole account: new volumes, public copies, metadata, consoles, gateways.

Sources: EC2 User Guide, "Block public access to your AMIs", "Set IMDSv2 as the default for the account", "EC2 Serial
Console"; VPC User Guide, "Block public access to VPCs and subnets". A block on public images takes up to ten minutes
until EC2 shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Get, Send, until
from goldseam.clouds.aws.kind import AwsKind, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Settings, Switch
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import ABSENT, Json, Value

_ANY: Final = ("*",)
"""The resource of calls that IAM knows no narrower one for."""

_BLOCKED: Final = "block-all-sharing"
_BLOCKED_FOR_NEW: Final = "block-new-sharing"
_UNBLOCKED: Final = "unblocked"
_OPEN: Final = "off"
_MODES: Final = (_OPEN, "block-ingress", "block-bidirectional")
_UNSET: Final[Mapping[str, Json]] = {
    "HttpTokens": "no-preference",
    "HttpPutResponseHopLimit": -1,
    "HttpEndpoint": "no-preference",
    "InstanceMetadataTags": "no-preference",
}
"""What EC2 takes to forget a default of instance metadata, and leaves out when there is none."""

_SWITCHED: Final = (
    "EnableEbsEncryptionByDefault",
    "DisableEbsEncryptionByDefault",
    "EnableSnapshotBlockPublicAccess",
    "DisableSnapshotBlockPublicAccess",
    "EnableImageBlockPublicAccess",
    "DisableImageBlockPublicAccess",
    "EnableSerialConsoleAccess",
    "DisableSerialConsoleAccess",
    "ModifyInstanceMetadataDefaults",
    "ModifyVpcBlockPublicAccessOptions",
)


def _every_default(value: Value) -> Value:
    return dict(_UNSET) if value is ABSENT else {**_UNSET, **value}


def _send(operation: str, **parameters: Json) -> Send:
    return Send(f"ec2.{operation}", parameters, _ANY)


REGION: Final = AwsKind(
    "aws.ec2.region",
    "region",
    (
        Switch(
            name="ebs_encryption_by_default",
            get=Get("ec2.GetEbsEncryptionByDefault", path="EbsEncryptionByDefault"),
            levels={True: _send("EnableEbsEncryptionByDefault"), False: _send("DisableEbsEncryptionByDefault")},
        ),
        Switch(
            name="snapshot_block",
            get=Get("ec2.GetSnapshotBlockPublicAccessState", path="State"),
            levels={
                _BLOCKED: _send("EnableSnapshotBlockPublicAccess", State=_BLOCKED),
                _BLOCKED_FOR_NEW: _send("EnableSnapshotBlockPublicAccess", State=_BLOCKED_FOR_NEW),
                _UNBLOCKED: _send("DisableSnapshotBlockPublicAccess"),
            },
        ),
        Switch(
            name="image_block",
            get=Get("ec2.GetImageBlockPublicAccessState", path="ImageBlockPublicAccessState"),
            levels={
                _BLOCKED_FOR_NEW: _send("EnableImageBlockPublicAccess", ImageBlockPublicAccessState=_BLOCKED_FOR_NEW),
                _UNBLOCKED: _send("DisableImageBlockPublicAccess"),
            },
        ),
        Settings(
            name="metadata_defaults",
            get=Get("ec2.GetInstanceMetadataDefaults", path="AccountLevel"),
            modify=_send("ModifyInstanceMetadataDefaults"),
            fields={name: name for name in _UNSET},
            form=_every_default,
        ),
        Switch(
            name="serial_console",
            get=Get("ec2.GetSerialConsoleAccessStatus", path="SerialConsoleAccessEnabled"),
            levels={True: _send("EnableSerialConsoleAccess"), False: _send("DisableSerialConsoleAccess")},
        ),
        Switch(
            name="internet_block",
            get=Get(
                "ec2.DescribeVpcBlockPublicAccessOptions", path="VpcBlockPublicAccessOptions.InternetGatewayBlockMode"
            ),
            levels={mode: _send("ModifyVpcBlockPublicAccessOptions", InternetGatewayBlockMode=mode) for mode in _MODES},
            waits=until(
                "VpcBlockPublicAccessOptions.State",
                "default-state",
                "update-complete",
                of="the block on the region's internet gateways",
            ),
        ),
    ),
    touched_by=(changes("ec2", "awsRegion", names=_SWITCHED),),
    address="arn:{partition}:ec2:{region}:{account}:settings",
)


@control(
    "aws.ec2.region.ebs-encrypted-by-default", REGION, severity=Severity.HIGH,
    disrupts=may_disrupt(
        "snapshots and images of volumes made from now on cannot be shared with other accounts while the default key "
        "is AWS's own; what exists stays as it is"
    ),
    maps=required("ec2_ebs_default_encryption"),
    covers=("security-hub:EC2.7", "prowler:ec2_ebs_default_encryption"),
    compliant=[{"ebs_encryption_by_default": True}],
    violating=[{"ebs_encryption_by_default": False}],
)  # fmt: skip
def ebs_encrypted_by_default(ebs_encryption_by_default: bool) -> Verdict:  # noqa: FBT001
    """New volumes are encrypted unless asked otherwise.

    With this setting nobody has to remember it, and a snapshot that leaks is of no use without the key.
    """
    if ebs_encryption_by_default:
        return compliant
    return should_be(ebs_encryption_by_default=True, because="new volumes are not encrypted by default")


@control(
    "aws.ec2.region.snapshots-blocked-from-public", REGION, severity=Severity.HIGH,
    disrupts=may_disrupt("other accounts that restore this region's public snapshots can no longer do so"),
    maps=("fsbp:EC2.182", *required("ec2_ebs_snapshot_account_block_public_access")),
    covers=("prowler:ec2_ebs_snapshot_account_block_public_access",),
    compliant=[{"snapshot_block": _BLOCKED}],
    violating=[{"snapshot_block": _UNBLOCKED}, {"snapshot_block": _BLOCKED_FOR_NEW}],
)  # fmt: skip
def snapshots_blocked(snapshot_block: str) -> Verdict:
    """No snapshot of the region can be public.

    One wrong click shares the whole disk with everyone; this setting overrules it, for old snapshots and new ones.
    """
    if snapshot_block == _BLOCKED:
        return compliant
    return should_be(snapshot_block=_BLOCKED, because=f"the block on public snapshots is `{snapshot_block}`")


@control(
    "aws.ec2.region.images-blocked-from-public", REGION, severity=Severity.HIGH,
    disrupts=may_disrupt(
        "whoever publishes images from this account and region can publish no more; what is public stays so"
    ),
    maps=required("ec2_ami_account_block_public_access"),
    compliant=[{"image_block": _BLOCKED_FOR_NEW}],
    violating=[{"image_block": _UNBLOCKED}],
)  # fmt: skip
def images_blocked(image_block: str) -> Verdict:
    """No image of the region can be made public.

    An image holds what was on the machine that it was made of; one wrong call gives that to everyone.
    """
    if image_block == _BLOCKED_FOR_NEW:
        return compliant
    return should_be(image_block=_BLOCKED_FOR_NEW, because=f"the block on public images is `{image_block}`")


_V2: Final[Mapping[str, Json]] = {**_UNSET, "HttpTokens": "required"}
_HOPS: Final[Mapping[str, Json]] = {**_UNSET, "HttpTokens": "optional", "HttpPutResponseHopLimit": 2}


@control(
    "aws.ec2.region.imdsv2-by-default", REGION, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "programs that only know version 1 of the metadata service get no credentials on instances started from now on "
        "by calls, templates and images that say nothing about it; what runs stays as it is"
    ),
    maps=required("ec2_instance_account_imdsv2_enabled"),
    covers=("prowler:ec2_instance_account_imdsv2_enabled",),
    compliant=[{"metadata_defaults": _V2}],
    violating=[
        Example({"metadata_defaults": _UNSET}, leaves={"metadata_defaults": _V2}),
        Example({"metadata_defaults": _HOPS}, leaves={"metadata_defaults": {**_HOPS, "HttpTokens": "required"}}),
    ],
)  # fmt: skip
def imdsv2_by_default(metadata_defaults: Mapping[str, Json]) -> Verdict:
    """New instances ask for a token before they tell metadata.

    With it a program that can be made to fetch any address cannot be made to fetch the instance's credentials.
    """
    if metadata_defaults["HttpTokens"] == "required":
        return compliant
    because = f"the default for tokens is `{metadata_defaults['HttpTokens']}`"
    return should_be(metadata_defaults={**metadata_defaults, "HttpTokens": "required"}, because=because)


@control(
    "aws.ec2.region.serial-console-off", REGION, severity=Severity.MEDIUM,
    disrupts=may_disrupt("whoever mends an instance over its serial console can no longer do so"),
    compliant=[{"serial_console": False}],
    violating=[{"serial_console": True}],
)  # fmt: skip
def serial_console_off(serial_console: bool) -> Verdict:  # noqa: FBT001
    """Nobody reaches instances over their serial console.

    The console passes by security groups and network ACLs, into the boot of the machine. Switch it on for a repair,
    and off after it.
    """
    if not serial_console:
        return compliant
    return should_be(serial_console=False, because="the serial console of instances may be used")


@control(
    "aws.ec2.region.internet-blocked", REGION, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "whatever the region's networks serve to the internet is cut off, load balancers and VPN servers too, "
        "unless its network or subnet is excluded first"
    ),
    maps=("fsbp:EC2.172",),
    compliant=[{"internet_block": "block-ingress"}, {"internet_block": "block-bidirectional"}],
    violating=[{"internet_block": "off"}],
)  # fmt: skip
def internet_blocked(internet_block: str) -> Verdict:
    """No network of the region takes connections from the internet unless it is excluded from the block.

    Then a route, a public address and an open security group that come together by mistake still open nothing. In a
    region that serves the public, exclude its subnets first, or exempt it.
    """
    if internet_block != _OPEN:
        return compliant
    return should_be(internet_block="block-ingress", because="internet gateways are not blocked")
