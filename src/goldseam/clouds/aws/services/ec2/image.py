"""Images: who may start machines of one."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Switch
from goldseam.control import Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import Json


def _everyone(change: str) -> Send:
    permission: Json = {change: [{"Group": "all"}]}
    return Send("ec2.ModifyImageAttribute", {"ImageId": "{id}", "LaunchPermission": permission})


IMAGE: Final = AwsKind(
    "aws.ec2.image",
    "machine image",
    (
        Switch(name="public", listed="Public", levels={True: _everyone("Add"), False: _everyone("Remove")}),
        Look(name="title", listed="Name"),
        tags(),
    ),
    touched_by=(changes("ec2", TAGGED, f"{REQUEST}.imageId", f"{ANSWER}.imageId", id="ami-.+"),),
    address="arn:{partition}:ec2:{region}::image/{id}",
    find=Listing(
        "ec2.DescribeImages",
        "Images",
        id="ImageId",
        parameters={"Owners": ["self"]},
        narrow={"ImageIds": ["{id}"]},
    ),
)


@control(
    "aws.ec2.image.not-public", IMAGE, severity=Severity.CRITICAL,
    disrupts=may_disrupt(
        "accounts that start machines of the image without being named in its permissions can no longer do so; where "
        "the account blocks public images it cannot be made public again before the block is lifted"
    ),
    maps=required("ec2_ami_public"),
    covers=("prowler:ec2_ami_public", "cloudbots:ami_set_to_private"),
    compliant=[{"public": False}],
    violating=[{"public": True}],
)  # fmt: skip
def image_not_public(public: bool) -> Verdict:  # noqa: FBT001
    """An image is for named accounts only.

    It holds the disk of the machine that it was made of, with the keys, the code and the history of the shell that
    were on it. Accounts that its permissions name keep it.
    """
    if not public:
        return compliant
    return should_be(public=False, because="everyone may start machines of the image and read its disks")
