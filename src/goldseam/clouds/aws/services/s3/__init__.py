"""S3: buckets, who may reach them, and how what they hold is carried, kept and recorded."""

from goldseam.clouds.aws.services.s3.access import acl_not_public, policy_not_public, public_access_blocked
from goldseam.clouds.aws.services.s3.bucket import BUCKET
from goldseam.clouds.aws.services.s3.data import encrypted, encrypted_with_kms, tls_only, versioned
from goldseam.clouds.aws.services.s3.keeping import lifecycle_set, mfa_delete_on, object_locked, replicated
from goldseam.clouds.aws.services.s3.records import logged, tells_events, trail_logged, trail_not_public
from goldseam.clouds.aws.services.s3.sharing import acls_off, others_cannot_reconfigure

__all__ = [
    "BUCKET",
    "acl_not_public",
    "acls_off",
    "encrypted",
    "encrypted_with_kms",
    "lifecycle_set",
    "logged",
    "mfa_delete_on",
    "object_locked",
    "others_cannot_reconfigure",
    "policy_not_public",
    "public_access_blocked",
    "replicated",
    "tells_events",
    "tls_only",
    "trail_logged",
    "trail_not_public",
    "versioned",
]
