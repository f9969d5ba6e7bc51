"""S3: buckets, who may reach them, and how what they hold is carried and kept."""

from goldseam.clouds.aws.services.s3.access import acl_not_public, policy_not_public, public_access_blocked
from goldseam.clouds.aws.services.s3.bucket import BUCKET
from goldseam.clouds.aws.services.s3.data import encrypted, encrypted_with_kms, tls_only, versioned

__all__ = [
    "BUCKET",
    "acl_not_public",
    "encrypted",
    "encrypted_with_kms",
    "policy_not_public",
    "public_access_blocked",
    "tls_only",
    "versioned",
]
