"""What S3 and CloudWatch tell of a bucket's use: CORS rules, requests that were counted, and whether it is empty.

Sources: Amazon S3 User Guide, "Using cross-origin resource sharing (CORS)", "CloudWatch metrics configurations",
"Metrics and dimensions".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from goldseam.clouds.aws.facet import Get, Look, Reading
from goldseam.clouds.aws.kind import Ask, AwsKind
from goldseam.model.errors import CallFailed, CloudError
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json

DAYS: Final = 30
"""Days without a request after which metrics say that nobody uses a bucket."""

_BEFORE: Final = 60
"""Days to look back: a data point that is older than `DAYS` shows that requests were counted all along."""

_BLOCK: Final = "s3.GetPublicAccessBlock"
_CONFIGURATIONS: Final = "s3.ListBucketMetricsConfigurations"
_VERSIONS: Final = "s3.ListObjectVersions"
_DATA: Final = "cloudwatch.GetMetricData"
_DAY: Final = 86_400
_PAGES: Final = 10
"""Pages of at most 100 metrics configurations; a bucket has at most 1,000 of them."""

CORS: Final = Look(
    name="cors",
    get=Get("s3.GetBucketCors", {"Bucket": "{id}"}, "CORSRules", absent=("NoSuchCORSConfiguration",)),
)


@dataclass(frozen=True)
class Activity(Look):
    """Whether a bucket is used, as far as that is counted; `ABSENT` where its own block closes it to everyone.

    With a metrics configuration for the whole bucket, `{"count": requests in 30 days, "since": first day with data}`;
    a count is null where CloudWatch could not tell it. Without one, `{"empty": …}`: whether it holds no version of any
    object. A bucket whose requests are counted is not listed, since the listing would be counted too.
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """What tells whether it is open, whether requests are counted, how many, and whether it is empty."""
        return (_BLOCK, _CONFIGURATIONS, _DATA, _VERSIONS)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The count, or whether the bucket is empty."""
        del item
        if _blocked(ask, ref):
            return Reading(ABSENT)
        counted = next(_whole(ask, ref), None)
        if counted is not None:
            return Reading(_counts(ask, ref, counted))
        found = ask.one(_VERSIONS, {"Bucket": ref.id, "MaxKeys": 1}, ref.region)
        return Reading({"empty": not (found.get("Versions") or found.get("DeleteMarkers"))})


def _blocked(ask: Ask, ref: Ref) -> bool:
    """Whether the bucket's own block takes the effect from public policies and control lists."""
    try:
        answer = ask.one(_BLOCK, {"Bucket": ref.id}, ref.region)
    except CloudError as error:
        if error.code == "NoSuchPublicAccessBlockConfiguration":
            return False
        raise
    flags = answer.get("PublicAccessBlockConfiguration") or {}
    return bool(flags.get("IgnorePublicAcls") and flags.get("RestrictPublicBuckets"))


def _whole(ask: Ask, ref: Ref) -> Iterator[str]:
    """The metrics configurations without a filter, which count every request to the bucket."""
    more: Mapping[str, Json] = {}
    for _ in range(_PAGES):
        answer = ask.one(_CONFIGURATIONS, {"Bucket": ref.id, **more}, ref.region)
        for item in answer.get("MetricsConfigurationList") or ():
            if not item.get("Filter"):
                yield str(item["Id"])
        if not answer.get("IsTruncated"):
            return
        more = {"ContinuationToken": answer["NextContinuationToken"]}
    raise CallFailed("there are more metrics configurations than a bucket can have", operation=_CONFIGURATIONS)


def _counts(ask: Ask, ref: Ref, configuration: str) -> Json:
    """All requests of the last 30 days, and the first day of the last 60 on which any was counted."""
    today = date.fromisoformat(ask.today())
    named = [{"Name": "BucketName", "Value": ref.id}, {"Name": "FilterId", "Value": configuration}]
    metric = {"Namespace": "AWS/S3", "MetricName": "AllRequests", "Dimensions": named}
    asked = {
        "MetricDataQueries": [{"Id": "m0", "MetricStat": {"Metric": metric, "Period": _DAY, "Stat": "Sum"}}],
        "StartTime": f"{today - timedelta(days=_BEFORE)}T00:00:00Z",
        "EndTime": f"{today + timedelta(days=1)}T00:00:00Z",
    }
    points: dict[str, float] = {}
    for result in ask.every(_DATA, asked, ref.region, "MetricDataResults"):
        if result.get("StatusCode", "Complete") not in {"Complete", "PartialData"}:
            return {"count": None, "since": ""}
        for time, count in zip(result.get("Timestamps") or (), result.get("Values") or (), strict=True):
            points[str(time)[:10]] = points.get(str(time)[:10], 0) + count
    first = str(today - timedelta(days=DAYS))
    return {"count": int(sum(points[day] for day in points if day >= first)), "since": min(points, default="")}


BUCKET_ACTIVITY: Final = AwsKind(
    "aws.s3.bucket-activity", "bucket activity", (Activity(name="activity"),), address="arn:{partition}:s3:::{id}"
)
"""What is counted of one bucket; not a part of its configuration, and only asked for where a fact needs it."""
