"""CloudTrail: trails, whether they record, what, where, and whether the record can be trusted."""

from goldseam.clouds.aws.services.cloudtrail.account import ACCOUNT, trail_for_all_regions
from goldseam.clouds.aws.services.cloudtrail.recorded import (
    data_events,
    insights_on,
    management_events,
    sent_to_log_group,
)
from goldseam.clouds.aws.services.cloudtrail.trail import (
    TRAIL,
    encrypted_with_kms,
    is_logging,
    multi_region,
    validated,
)

__all__ = [
    "ACCOUNT",
    "TRAIL",
    "data_events",
    "encrypted_with_kms",
    "insights_on",
    "is_logging",
    "management_events",
    "multi_region",
    "sent_to_log_group",
    "trail_for_all_regions",
    "validated",
]
