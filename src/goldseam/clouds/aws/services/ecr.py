"""ECR: repositories of images, who may use them, and what happens to what is pushed."""

from __future__ import annotations

import json
import re
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Address, Get, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, policy
from goldseam.clouds.aws.statements import not_public, policy_document
from goldseam.control import Example, Severity, Verdict, compliant, control, harmless, may_disrupt, should_be, violation
from goldseam.model.values import ABSENT, Json, Value

_REPOSITORY: Final = {"repositoryName": "{id}"}
_TAGGING: Final = ("imageTagMutability", "imageTagMutabilityExclusionFilters")
_FIXED: Final = ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")


def _tagging_form(value: Value) -> Value:
    held = {} if value is ABSENT else value
    return {"imageTagMutability": "MUTABLE", **{name: held[name] for name in _TAGGING if held.get(name)}}


def _from_text(raw: Json) -> Value:
    return json.loads(raw)


_UNCONFIGURED: Final = {"scanType": "BASIC", "rules": []}
"""How a registry scans that nobody configured: the basic way, where repositories ask for it."""


REPOSITORY: Final = AwsKind(
    "aws.ecr.repository",
    "ECR repository",
    (
        Document(
            name="scan_on_push",
            listed="imageScanningConfiguration.scanOnPush",
            form=absent_is(default=False),
            put=Send(
                "ecr.PutImageScanningConfiguration",
                {**_REPOSITORY, "imageScanningConfiguration": {"scanOnPush": VALUE}},
            ),
        ),
        Document(
            name="tagging",
            listed="",
            form=_tagging_form,
            put=Send("ecr.PutImageTagMutability", _REPOSITORY),
            spread=True,
        ),
        policy(
            "policy",
            get=Get(
                "ecr.GetRepositoryPolicy", _REPOSITORY, "policyText", absent=("RepositoryPolicyNotFoundException",)
            ),
            put=Send("ecr.SetRepositoryPolicy", {**_REPOSITORY, "policyText": VALUE}),
            delete=Send("ecr.DeleteRepositoryPolicy", _REPOSITORY),
        ),
        Look(
            name="lifecycle", decode=_from_text,
            get=Get(
                "ecr.GetLifecyclePolicy", _REPOSITORY, "lifecyclePolicyText",
                absent=("LifecyclePolicyNotFoundException",),
            ),
        ),
        Look(name="encryption", listed="encryptionConfiguration.encryptionType", form=absent_is("AES256")),
        Look(
            name="registry_scanning",
            get=Get("ecr.GetRegistryScanningConfiguration", {}, "scanningConfiguration"),
            form=absent_is(_UNCONFIGURED),
        ),
        tags(Get("ecr.ListTagsForResource", {"resourceArn": "{address}"}, "tags")),
        Address(name="arn"),
    ),
    touched_by=(changes("ecr", f"{REQUEST}.repositoryName"),),
    address="arn:{partition}:ecr:{region}:{account}:repository/{id}",
    find=Listing(
        "ecr.DescribeRepositories", "repositories", id="repositoryName", narrow={"repositoryNames": ["{id}"]}
    ),
)  # fmt: skip

_ARN: Final = "arn:aws:ecr:eu-west-1:123456789012:repository/goldseam-example"
_ANYONE: Final = {"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}
_PARTNER: Final = {**_ANYONE, "Sid": "Partner", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}
_OURS_ONLY: Final = {**_ANYONE, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}


@control(
    "aws.ecr.repository.policy-not-public", REPOSITORY, severity=Severity.CRITICAL,
    disrupts=may_disrupt("accounts that pull or push only by the statement for everyone are refused"),
    maps=required("ecr_repositories_not_publicly_accessible"),
    covers=("prowler:ecr_repositories_not_publicly_accessible",),
    compliant=[{"policy": ABSENT}, {"policy": policy_document(_PARTNER, _OURS_ONLY)}],
    violating=[
        Example({"policy": policy_document(_ANYONE)}, leaves={"policy": ABSENT}),
        Example(
            {"policy": policy_document(_PARTNER, _ANYONE, _OURS_ONLY)},
            leaves={"policy": policy_document(_PARTNER, _OURS_ONLY)},
        ),
    ],
)  # fmt: skip
def policy_not_public(policy: Value) -> Verdict:
    """The repository's policy allows nothing to everyone.

    Whoever pulls an image has its code and whatever was left in it; whoever may push runs code of their own in the
    account. Statements tied to an account, an organisation or a network stay.
    """
    return not_public(policy)


def _scanned(registry: Json, name: str) -> bool:
    """Whether a rule of the registry has the repository scanned without being asked."""
    wanted = [rule for rule in registry.get("rules") or () if rule.get("scanFrequency") != "MANUAL"]
    return any(_matches(held["filter"], name) for rule in wanted for held in rule.get("repositoryFilters") or ())


def _matches(pattern: str, name: str) -> bool:
    """A filter without a star is part of a name (ECR User Guide, "Filters to choose what is scanned")."""
    whole = pattern if "*" in pattern else f"*{pattern}*"
    return re.fullmatch(".*".join(map(re.escape, whole.split("*"))), name) is not None


_BASIC: Final = {"scanType": "BASIC", "rules": []}
_EVERY: Final = {
    "scanType": "BASIC",
    "rules": [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}],
}
_SOME: Final = {
    "scanType": "ENHANCED",
    "rules": [
        {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "prod", "filterType": "WILDCARD"}]}
    ],
}


def _scan(registry: Json, *, on_push: bool) -> dict[str, Json]:
    return {"scan_on_push": on_push, "registry_scanning": registry, "arn": _ARN}


@control(
    "aws.ecr.repository.scanned", REPOSITORY, severity=Severity.MEDIUM,
    disrupts=harmless(
        "an image is scanned after it was pushed; pushes and pulls go on as before",
        source="Amazon ECR User Guide, Scan images for software vulnerabilities in Amazon ECR",
    ),
    maps=required("ecr_repositories_scan_images_on_push_enabled", "ecr_registry_scan_images_on_push_enabled"),
    covers=("security-hub:ECR.1",),
    compliant=[_scan(_BASIC, on_push=True), _scan(_EVERY, on_push=False)],
    violating=[
        Example(_scan(_BASIC, on_push=False), leaves={"scan_on_push": True}),
        _scan(_SOME, on_push=False),
        _scan(_SOME, on_push=True),
    ],
)  # fmt: skip
def scanned(scan_on_push: Value, registry_scanning: Value, arn: Value) -> Verdict:
    """Images are scanned when they are pushed.

    Known holes in an image are told before it runs. Under enhanced scanning only the rules of the registry decide, and
    what the repository itself says counts for nothing.
    """
    enhanced = registry_scanning.get("scanType") == "ENHANCED"
    if _scanned(registry_scanning, arn.partition(":repository/")[2]) or (scan_on_push and not enhanced):
        return compliant
    because = "images are not scanned when they are pushed"
    if enhanced:
        return violation(
            because=f"{because}: no rule of the registry takes in the repository",
            guide="add a filter that takes in the repository to a rule under Private registry, Scanning (Amazon "
            "Inspector charges for each image)",
        )
    return should_be(scan_on_push=True, because=because)


_MUTABLE: Final = {"imageTagMutability": "MUTABLE"}
_IMMUTABLE: Final = {"imageTagMutability": "IMMUTABLE"}
_LATEST: Final = [{"filterType": "WILDCARD", "filter": "latest*"}]


@control(
    "aws.ecr.repository.tags-fixed", REPOSITORY, severity=Severity.MEDIUM,
    disrupts=may_disrupt("a build that pushes a tag which is there already, such as `latest`, is refused"),
    maps=required("ecr_repositories_tag_immutability"),
    compliant=[
        {"tagging": _IMMUTABLE},
        {"tagging": {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": _LATEST}},
    ],
    violating=[
        Example({"tagging": _MUTABLE}, leaves={"tagging": _IMMUTABLE}),
        {"tagging": {"imageTagMutability": "MUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": _LATEST}},
    ],
)  # fmt: skip
def tags_fixed(tagging: Value) -> Verdict:
    """A tag names the same image for ever.

    What was tested under a name is then what runs under it, and nobody can slip another image in. Tags that have to
    move, such as `latest`, can be left out by a filter.
    """
    if tagging["imageTagMutability"] in _FIXED:
        return compliant
    return should_be(tagging=dict(_IMMUTABLE), because=f"tags are {tagging['imageTagMutability']}")


_EXPIRES: Final = {
    "rules": [{
        "rulePriority": 1, "action": {"type": "expire"},
        "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
    }]
}  # fmt: skip


@control(
    "aws.ecr.repository.old-images-expire", REPOSITORY, severity=Severity.LOW,
    maps=required("ecr_repositories_lifecycle_policy_enabled"),
    compliant=[{"lifecycle": _EXPIRES}],
    violating=[{"lifecycle": ABSENT}],
)  # fmt: skip
def old_images_expire(lifecycle: Value) -> Verdict:
    """Images that nobody needs any more are taken away.

    Old images hold holes that were mended since, and are there to be run by mistake.
    """
    if lifecycle is not ABSENT:
        return compliant
    return violation(
        because="the repository has no lifecycle policy",
        guide="write one that expires untagged images after some days, see with `aws ecr "
        "start-lifecycle-policy-preview` what it would take away, and put it with `aws ecr put-lifecycle-policy`",
    )


@control(
    "aws.ecr.repository.encrypted-with-kms", REPOSITORY, severity=Severity.LOW,
    compliant=[{"encryption": "KMS"}, {"encryption": "KMS_DSSE"}],
    violating=[{"encryption": "AES256"}],
)  # fmt: skip
def encrypted_with_kms(encryption: Value) -> Verdict:
    """Images are encrypted with a KMS key.

    A KMS key adds its own access control and audit trail to every reading of an image.
    """
    if encryption != "AES256":
        return compliant
    return violation(
        because="the repository is encrypted with a key of S3",
        guide="make a repository with `--encryption-configuration encryptionType=KMS,kmsKey=…`, copy the images that "
        "are needed into it, let builds and clusters use it, and delete the old one",
    )
