"""How long a bucket keeps what it holds, and what protects that from being deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.s3.bucket import BUCKET
from goldseam.clouds.aws.services.s3.configuration import replicating
from goldseam.control import (
    Between,
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Unknown, Value

_SMALLEST: Final[Mapping[str, Json]] = {"TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}
_ID: Final = "goldseam-abort-incomplete-uploads"


def _aborts(days: int = 7) -> Json:
    return {
        "ID": _ID,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
    }


_EXPIRES: Final = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 400}}
_SUSPENDED: Final = {**_EXPIRES, "Status": "Disabled"}


@control(
    "aws.s3.bucket.lifecycle",
    BUCKET,
    severity=Severity.LOW,
    maps=required("s3_bucket_lifecycle_enabled"),
    covers=("security-hub:S3.13",),
    disrupts=may_disrupt("an upload in parts that is not complete after that many days is given up, with its parts"),
    compliant=(
        {"lifecycle": {"Rules": [_EXPIRES], **_SMALLEST}, "mfa_delete": False},
        {"lifecycle": {"Rules": [_aborts()], **_SMALLEST}, "mfa_delete": False},
    ),
    violating=(
        Example({"lifecycle": ABSENT, "mfa_delete": False}, leaves={"lifecycle": {"Rules": [_aborts()], **_SMALLEST}}),
        {"lifecycle": ABSENT, "mfa_delete": True},
        Example(
            {"lifecycle": {"Rules": [_SUSPENDED], **_SMALLEST}, "mfa_delete": False},
            settings={"days": 30},
            leaves={"lifecycle": {"Rules": [_aborts(30), _SUSPENDED], **_SMALLEST}},
        ),
    ),
)
def lifecycle_set(lifecycle: Value, mfa_delete: Value, *, days: Annotated[int, Between(1, 365)] = 7) -> Verdict:
    """The bucket has a lifecycle.

    Without one, what nobody needs stays for ever, and is paid for and leaked one day. Which objects may go is for their
    owner to say; the fix only clears away uploads that were begun and never finished. With MFA delete S3 takes no
    lifecycle (Amazon S3 User Guide, "Lifecycle and other bucket configurations"): a person decides between the two.
    """
    held: Mapping[str, Json] = {"Rules": [], **_SMALLEST} if lifecycle is ABSENT else lifecycle
    if any(rule["Status"] == "Enabled" for rule in held["Rules"]):
        return compliant
    if mfa_delete:
        return violation(because="no lifecycle rule is enabled, and MFA delete is on", guide=_ONE_OF_TWO)
    kept = [rule for rule in held["Rules"] if rule.get("ID") != _ID]
    return should_be(lifecycle={**held, "Rules": [*kept, _aborts(days)]}, because="no lifecycle rule is enabled")


_ONE_OF_TWO: Final = (
    "decide which of the two the bucket needs: where it is MFA delete, exempt it from this control; where it is a "
    "lifecycle, the root user switches MFA delete off (`aws s3api put-bucket-versioning --bucket NAME "
    '--versioning-configuration Status=Enabled,MFADelete=Disabled --mfa "SERIAL CODE"`), and a rule can be set then'
)


@control(
    "aws.s3.bucket.mfa-delete",
    BUCKET,
    severity=Severity.LOW,
    maps=required("s3_bucket_no_mfa_delete", "cloudtrail_bucket_requires_mfa_delete"),
    disrupts=may_disrupt("deleting a version, and changing versioning, takes the root user's MFA device"),
    compliant=(
        {"mfa_delete": True, "lifecycle": ABSENT},
        {"mfa_delete": False, "lifecycle": {"Rules": [_EXPIRES], **_SMALLEST}},
    ),
    violating=({"mfa_delete": False, "lifecycle": ABSENT},),
)
def mfa_delete_on(mfa_delete: Value, lifecycle: Value) -> Verdict:
    """Versions of objects are deleted with MFA only.

    A stolen key alone then destroys nothing for good. Only the root user can switch this on, with its MFA device at
    hand. A bucket with a lifecycle cannot have it (Amazon S3 User Guide, "Lifecycle and other bucket configurations"),
    and passes.
    """
    if mfa_delete or lifecycle is not ABSENT:
        return compliant
    return violation(because="versions can be deleted without MFA", guide=_MFA_GUIDE)


_MFA_GUIDE: Final = (
    "1. sign in to the command line with keys of the root user, made for this and deleted after it; 2. `aws s3api "
    "put-bucket-versioning --bucket NAME --versioning-configuration Status=Enabled,MFADelete=Enabled --mfa "
    '"SERIAL CODE"`; 3. expire old versions by hand from then on: a lifecycle cannot be set beside it'
)


@control(
    "aws.s3.bucket.object-locked",
    BUCKET,
    severity=Severity.LOW,
    maps=required("s3_bucket_object_lock"),
    disrupts=may_disrupt("versions under retention cannot be deleted or overwritten by anyone until it ends"),
    compliant=({"object_lock": "Enabled"},),
    violating=({"object_lock": ABSENT},),
)
def object_locked(object_lock: Value) -> Verdict:
    """The bucket can keep objects from being deleted.

    Ransomware and insiders cannot delete what is under retention. Object Lock cannot be switched off again, so a person
    decides.
    """
    if object_lock == "Enabled":
        return compliant
    return violation(because="Object Lock is off", guide=_LOCK_GUIDE)


_LOCK_GUIDE: Final = (
    "1. decide for how long objects must be kept, and who may lift it (governance) or nobody (compliance); 2. switch "
    "versioning on; 3. Properties, Object Lock, Edit, Enable: this cannot be taken back; 4. set the default retention"
)


_COPY: Final = replicating("arn:aws:s3:::goldseam-copies", elsewhere=True)
_TWIN: Final = replicating("arn:aws:s3:::goldseam-twin", elsewhere=False)
_FOREIGN: Final = replicating("arn:aws:s3:::goldseam-of-another-account", elsewhere=None)


@control(
    "aws.s3.bucket.replicated",
    BUCKET,
    severity=Severity.LOW,
    maps=required("s3_bucket_cross_region_replication"),
    disrupts=may_disrupt("objects are copied to another bucket, which costs storage and transfer"),
    compliant=({"replication": [_TWIN, _COPY]}, {"replication": [_FOREIGN, _COPY]}),
    violating=(
        {"replication": ABSENT},
        {"replication": [{**_COPY, "status": "Disabled", "elsewhere": None}]},
        {"replication": [_TWIN]},
    ),
)
def replicated(replication: Value) -> Verdict:
    """Objects of the bucket are copied to a bucket in another region.

    What a region loses is still there (Security Hub User Guide, S3.7). The other bucket and the role that copies are
    for the owner to choose. Where a bucket of another account is, is not known.
    """
    enabled = [rule for rule in ([] if replication is ABSENT else replication) if rule["status"] == "Enabled"]
    if any(rule["elsewhere"] for rule in enabled):
        return compliant
    if foreign := [rule["to"] for rule in enabled if rule["elsewhere"] is None]:
        return Unknown(f"the region of {', '.join(foreign)} is not known: it is not a bucket of the account")
    if not enabled:
        return violation(because="no replication rule is enabled", guide=_REPLICATION_GUIDE)
    near = ", ".join(rule["to"] for rule in enabled)
    return violation(because=f"objects are replicated within the region only: to {near}", guide=_REPLICATION_GUIDE)


_REPLICATION_GUIDE: Final = (
    "1. switch versioning on, here and in the bucket that will hold the copies, in another region; 2. make a role that "
    "S3 may assume, with the rights to read here and to replicate there; 3. Management, Replication rules, Create"
)
