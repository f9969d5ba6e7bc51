"""How far the records of AWS are behind what happened, each with the page of AWS that says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple


class Lag(NamedTuple):
    """How long after an event a source may still not show it, and the title of the AWS page that documents it."""

    lag: timedelta
    source: str


LAST_ACCESSED: Final = Lag(
    timedelta(hours=4), "IAM User Guide, Refine permissions in AWS using last accessed information"
)
CREDENTIAL_REPORT: Final = Lag(
    LAST_ACCESSED.lag + timedelta(hours=4),
    f"{LAST_ACCESSED.source}; IAM User Guide, Generate credential reports for your AWS account",
)
"""A report is up to four hours old, and holds what IAM knew of recent activity then."""

KEY_USAGE: Final = Lag(timedelta(minutes=15), "AWS KMS Developer Guide, AWS KMS eventual consistency")
"""The page says "several minutes"; a quarter of an hour is taken for that."""

MACIE: Final = Lag(timedelta(days=1), "Amazon Macie User Guide, How automated sensitive data discovery works")
QUEUE_METRICS: Final = Lag(
    timedelta(minutes=15), "Amazon SQS Developer Guide, Monitoring Amazon SQS queues using CloudWatch"
)
TOPIC_METRICS: Final = Lag(
    timedelta(minutes=5), "Amazon SNS Developer Guide, Monitoring Amazon SNS topics using CloudWatch"
)
DATABASE_METRICS: Final = Lag(
    timedelta(minutes=1), "Amazon RDS User Guide, Overview of Amazon RDS and Amazon CloudWatch"
)
BUCKET_METRICS: Final = Lag(timedelta(minutes=15), "Amazon S3 User Guide, Monitoring metrics with Amazon CloudWatch")
"""The page says "after some latency"; a quarter of an hour is taken for that."""
