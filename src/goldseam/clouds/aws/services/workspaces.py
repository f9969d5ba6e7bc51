"""WorkSpaces: desktops and their volumes."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Get, Look, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, violation
from goldseam.model.values import Json, Value

_VOLUMES: Final = {"root": "RootVolumeEncryptionEnabled", "user": "UserVolumeEncryptionEnabled"}


def _unencrypted(raw: Json) -> Value:
    return sorted(name for name, field in _VOLUMES.items() if not raw.get(field))


WORKSPACE: Final = AwsKind(
    "aws.workspaces.workspace",
    "WorkSpace",
    (
        Look(name="unencrypted", listed="", decode=_unencrypted),
        tags(Get("workspaces.DescribeTags", {"ResourceId": "{id}"}, "TagList")),
    ),
    touched_by=(changes("workspaces", f"{REQUEST}.workspaceId", f"{REQUEST}.resourceId", id="ws-.+"),),
    address="arn:{partition}:workspaces:{region}:{account}:workspace/{id}",
    find=Listing("workspaces.DescribeWorkspaces", "Workspaces", id="WorkspaceId", narrow={"WorkspaceIds": ["{id}"]}),
)


@control(
    "aws.workspaces.workspace.encrypted",
    WORKSPACE,
    severity=Severity.MEDIUM,
    maps=required("workspaces_volume_encryption_enabled"),
    compliant=[{"unencrypted": []}],
    violating=[{"unencrypted": ["root", "user"]}, {"unencrypted": ["root"]}],
)
def encrypted(unencrypted: list[str]) -> Verdict:
    """Both volumes of a desktop are encrypted.

    What people work with ends up on their desktop, in files and in what programs leave behind.
    """
    if not unencrypted:
        return compliant
    return violation(
        because=f"not encrypted: {', '.join(unencrypted)} volume",
        guide="encryption is chosen when a desktop is made: have its user save their files elsewhere, make a desktop "
        "from the same bundle with both volumes encrypted, and delete this one",
    )
