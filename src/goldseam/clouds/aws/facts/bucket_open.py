"""Whether closing a bucket would refuse anyone, and what shows that nobody uses one that is open.

Where a bucket is not open, closing it refuses nobody. Where it is open, that nothing shows its use is no answer: only a
count of its requests, that there is nothing in it, or that it was not open a few minutes ago shows that it is not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, TypeAlias

from goldseam.clouds.aws.conditions import texts
from goldseam.clouds.aws.public import FLAGS, Bucket, any_of, bucket, effective_grants, no, objects
from goldseam.clouds.aws.services.s3.use import BUCKET_ACTIVITY, DAYS
from goldseam.clouds.aws.shapes import statements
from goldseam.clouds.aws.statements import is_public
from goldseam.control import Answer, Earlier, Kind, Known, Lookup, Surroundings
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Unknown, Value

Held: TypeAlias = Value | Unknown

NEW: Final = timedelta(minutes=15)
"""For how long nobody is taken to rely on what has just become public, where nothing shows that somebody does."""


def _activity_of(ref: Ref) -> Ref:
    return BUCKET_ACTIVITY.ref(ref.address.split(":", 2)[1], ref.account, ref.region, ref.id)


ACTIVITY: Final[Mapping[Kind, Lookup]] = {BUCKET_ACTIVITY: Lookup(("activity",), _activity_of)}
_READS: Final = ("s3:get", "s3:list", "s3:head")


def as_bucket(policy: Held, acl: Held, block: Held, account_block: Held, ownership: Held) -> Bucket:
    """The parts that decide whether a bucket is open; without ownership controls, control lists count."""
    owned = ownership if isinstance(ownership, (str, Unknown)) else ""
    return Bucket(policy, acl, block, account_block, owned)


def is_open(held: Bucket) -> Answer:
    """Whether blocking public access, or taking out what is public, would refuse anyone.

    A `Deny` beside a statement for everyone counts for nothing here: S3 calls the policy public all the same, and
    blocks what it lets in (Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", The meaning of
    "public"). Nor is it known whether single objects are public by their own control lists, which are not read.
    """
    policy = held.policy
    if not isinstance(policy, Unknown) and policy is not ABSENT:
        policy = {**policy, "Statement": [item for item in statements(policy) if item.get("Effect") == "Allow"]}
    return any_of(bucket(replace(held, policy=policy)), objects(held))


def is_closed(held: Bucket) -> bool:
    """Whether it is known that closing the bucket refuses nobody."""
    open_ = is_open(held)
    return isinstance(open_, Known) and not open_.value


def activity_of(around: Surroundings) -> Held:
    """What is counted of the bucket."""
    held = around.of(BUCKET_ACTIVITY)
    if isinstance(held, Unknown):
        return held
    for item in held:
        return item.facets.get("activity", Unknown("it was not read"))
    return Unknown("it was not read")


def unused(held: Bucket, around: Surroundings, *, named: str = "") -> Answer:
    """False with what shows that nobody uses the bucket without credentials, or why that is not known.

    `named` is why its name is a sign of use: no proof, but enough to wait where it was opened just now.
    """
    open_, activity = is_open(held), activity_of(around)
    if isinstance(open_, Known) and not open_.value:
        return no("nobody reaches the bucket without credentials", *open_.evidence)
    shown = _counted(activity, around) or _empty(held, activity) or (not named and _just_opened(around))
    if shown:
        return no(shown)
    why = open_.reason if isinstance(open_, Unknown) else "; ".join(open_.evidence)
    told = "; ".join(filter(None, (why, named, _not_shown(activity))))
    return Unknown(f"no sign of use was found, but nothing shows that the bucket is unused: {told}")


def requested(activity: Held) -> str:
    """The sentence that the bucket is used, by the count of its requests; empty where that does not say so."""
    count = activity.get("count") if isinstance(activity, Mapping) else None
    return f"CloudWatch counted {count} requests in the last {DAYS} days" if count else ""


def _counted(activity: Held, around: Surroundings) -> str:
    """The sentence that requests were counted all along and there were none.

    What has no request of a type is not reported (Amazon S3 User Guide, "CloudWatch metrics configurations"), so only a
    data point from before shows that they were.
    """
    if not isinstance(activity, Mapping) or activity.get("count") != 0 or not activity["since"]:
        return ""
    since = str(activity["since"])
    if date.fromisoformat(since) > around.now.date() - timedelta(days=DAYS):
        return ""
    return f"CloudWatch counts its requests since {since} or before, and counted none in the last {DAYS} days"


def _empty(held: Bucket, activity: Held) -> str:
    """The sentence that there is nothing to read, where reading is all that is public."""
    if not isinstance(activity, Mapping) or activity.get("empty") is not True:
        return ""
    return "the bucket is empty, and nobody without credentials can write to it" if _only_read(held) else ""


def _only_read(held: Bucket) -> bool:
    if isinstance(held.policy, Unknown) or isinstance(held.acl, Unknown):
        return False
    public = [item for item in statements(held.policy) if is_public(item)]
    actions = [action for item in public for action in texts(item.get("Action")) or ("*",)]
    grants = effective_grants(held.acl, ABSENT, ABSENT)
    return all(action.lower().startswith(_READS) for action in actions) and all(
        grant["Permission"] in {"READ", "READ_ACP"} for grant in grants
    )


def _just_opened(around: Surroundings) -> str:
    """The sentence that the bucket was not open a few minutes ago, nor at any scan before, as far as those go."""
    earlier = around.earlier(around.ref)
    closed = [_was_closed(item) for item in earlier]
    while closed and not closed[-1]:
        closed.pop()
    if not closed or not all(closed):
        return ""
    last = earlier[len(closed) - 1].read_at
    if last is None or around.now - last >= NEW:
        return ""
    return (
        f"the scan of {last:%Y-%m-%d %H:%M:%S} UTC found it closed to everyone, so it has been open for less "
        f"than {NEW.seconds // 60} minutes"
    )


def _was_closed(earlier: Earlier) -> bool:
    if not earlier.there:
        return True
    unread = Unknown("it was not read")
    names = ("policy", "acl", "public_access_block", "account_public_access_block", "ownership")
    return is_closed(as_bucket(*(earlier.facets.get(name, unread) for name in names)))


def _not_shown(activity: Held) -> str:
    """Why the bucket's activity does not show that it is not used."""
    if isinstance(activity, Unknown):
        return f"its activity is not known: {activity.reason}"
    if activity is ABSENT:
        return f"its own block has {' and '.join(FLAGS[1::2])}"
    if "empty" in activity:
        return (
            "its requests are not counted: no metrics configuration is for the whole bucket; access logs are not read"
        )
    if activity["count"] is None:
        return "CloudWatch could not tell its requests"
    if activity["count"]:
        return requested(activity)
    return f"CloudWatch does not show that it counted its requests for {DAYS} days"
