"""S3 Glacier: vaults of the service before S3's storage classes, and who may use them."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Send, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import policy
from goldseam.clouds.aws.statements import not_public, policy_document
from goldseam.control import Example, Severity, Verdict, control, may_disrupt
from goldseam.model.values import ABSENT, Value

_VAULT: Final = {"accountId": "{account}", "vaultName": "{id}"}

VAULT: Final = AwsKind(
    "aws.glacier.vault",
    "Glacier vault",
    (
        policy(
            "policy",
            get=Get("glacier.GetVaultAccessPolicy", _VAULT, "policy.Policy", absent=("ResourceNotFoundException",)),
            put=Send("glacier.SetVaultAccessPolicy", {**_VAULT, "policy": {"Policy": VALUE}}),
            delete=Send("glacier.DeleteVaultAccessPolicy", _VAULT),
        ),
        tags(Get("glacier.ListTagsForVault", _VAULT, "Tags")),
    ),
    touched_by=(changes("glacier", f"{REQUEST}.vaultName"),),
    address="arn:{partition}:glacier:{region}:{account}:vaults/{id}",
    find=Listing("glacier.ListVaults", "VaultList", id="VaultName", parameters={"accountId": "-"}),
)

_ARN: Final = "arn:aws:glacier:eu-west-1:123456789012:vaults/goldseam-example"
_ANYONE: Final = {"Effect": "Allow", "Principal": "*", "Action": "glacier:InitiateJob", "Resource": [_ARN]}
_PARTNER: Final = {
    "Sid": "Partner",
    "Effect": "Allow",
    "Principal": {"AWS": ["arn:aws:iam::210987654321:root"]},
    "Action": "glacier:UploadArchive",
    "Resource": [_ARN],
}


@control(
    "aws.glacier.vault.policy-not-public",
    VAULT,
    severity=Severity.CRITICAL,
    disrupts=may_disrupt("whoever only the statement for everyone lets in is refused"),
    maps=required("glacier_vaults_policy_public_access"),
    covers=("prowler:glacier_vaults_policy_public_access",),
    compliant=[{"policy": ABSENT}, {"policy": policy_document(_PARTNER)}],
    violating=[
        Example({"policy": policy_document(_ANYONE)}, leaves={"policy": ABSENT}),
        Example({"policy": policy_document(_PARTNER, _ANYONE)}, leaves={"policy": policy_document(_PARTNER)}),
    ],
)
def policy_not_public(policy: Value) -> Verdict:
    """The vault's access policy allows nothing to everyone.

    Archives are what was meant to be kept and not to be seen. Statements that name who may stay as they are.
    """
    return not_public(policy)
