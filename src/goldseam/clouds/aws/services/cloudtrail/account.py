"""The account: whether any trail records what happens in all of its regions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import Address, AwsFacet, Reading, Send
from goldseam.clouds.aws.kind import Ask, AwsKind, ListingScope, changes
from goldseam.clouds.aws.named import Bucket
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cloudtrail.trail import ON_TRAILS, account_of, manages, selected
from goldseam.control import Example, Severity, Step, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.errors import NotFound
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value
from goldseam.ports import GLOBAL

READS: Final = ("cloudtrail.DescribeTrails", "cloudtrail.GetTrailStatus")
_SELECTORS: Final = "cloudtrail.GetEventSelectors"
_NAME: Final = "goldseam-account"
_CREATE: Final = Send(
    "cloudtrail.CreateTrail",
    {"IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True, "EnableLogFileValidation": True},
)


def trails_of_all_regions(ask: Ask, account: str) -> list[Json]:
    """The trails that record all regions of an account, the organization's too, each with whether it logs."""
    answer = ask.one(READS[0], {"includeShadowTrails": True}, GLOBAL)
    held = [trail for trail in answer.get("trailList", ()) if trail.get("IsMultiRegionTrail")]
    return [{**trail, "Logging": _logs(ask, trail["TrailARN"], account)} for trail in held]


def _logs(ask: Ask, arn: str, account: str) -> bool:
    """Whether a trail logs: asked by its ARN, and of an organization trail where it was listed.

    By its bare name a trail of another account is not found, and its home region may be off in this one.
    """
    return bool(ask.one(READS[1], {"Name": arn}, _where(arn, account)).get("IsLogging"))


def _where(arn: str, account: str) -> str:
    return region_of(arn) if account_of(arn) == account else GLOBAL


def region_of(arn: str) -> str:
    """The region of an ARN."""
    return arn.split(":")[3]


@dataclass(frozen=True)
class Trails(AwsFacet):
    """The trails of all regions by ARN: their bucket, whether they log, and whether all management events.

    One is made and deleted whole; a new one records all management events (CloudTrail User Guide, "Logging management
    events").
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The list of trails, and the state and the selectors of each."""
        return (*READS, _SELECTORS)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The trails."""
        del item
        return Reading(
            self.normal([_seen(ask, trail, ref.account) for trail in trails_of_all_regions(ask, ref.account)])
        )

    def normal(self, value: Value) -> Value:
        """By ARN."""
        return sorted([] if value is ABSENT else value, key=lambda trail: str(trail["Arn"]))

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """Make what is new, start or stop what is there, delete what is gone."""
        old, new = ({trail["Arn"]: trail for trail in side} for side in (before, after))
        kept = ("Bucket", "AllManagement")
        if any(old[arn][name] != new[arn][name] for arn in old.keys() & new.keys() for name in kept):
            raise self.no_way(ref, after)
        if not all(new[arn]["AllManagement"] for arn in new.keys() - old.keys()):
            raise self.no_way(ref, after)
        state, steps = dict(old), []
        for arn in sorted(new.keys() - old.keys()):
            state[arn] = {**new[arn], "Logging": False}
            made = {"Name": _name(arn), "S3BucketName": new[arn]["Bucket"]}
            steps.append(self._step(_CREATE, ref, arn, state.values(), made))
        for arn in sorted(new):
            if state[arn]["Logging"] != new[arn]["Logging"]:
                state[arn] = new[arn]
                verb = "StartLogging" if new[arn]["Logging"] else "StopLogging"
                steps.append(self._step(Send(f"cloudtrail.{verb}", {}), ref, arn, state.values(), {"Name": _name(arn)}))
        for arn in sorted(old.keys() - new.keys(), reverse=True):
            del state[arn]
            steps.append(self._step(Send("cloudtrail.DeleteTrail", {}), ref, arn, state.values(), {"Name": _name(arn)}))
        return tuple(steps)

    def _step(self, send: Send, ref: Ref, arn: str, leaves: Iterable[Json], more: Json) -> Step:
        placed = Send(send.operation, send.parameters, (arn,), region_of(arn))
        return self.step(placed.call(ref, more=more), self.normal(list(leaves)))


def _seen(ask: Ask, trail: Json, account: str) -> Json:
    return {
        "Arn": trail["TrailARN"],
        "Bucket": trail["S3BucketName"],
        "Logging": trail["Logging"],
        "AllManagement": _manages_all(ask, trail, account),
    }


def _manages_all(ask: Ask, trail: Json, account: str) -> bool:
    """Whether a trail records all management events.

    A trail of another account whose selectors are not shown here still tells whether they were chosen: without custom
    event selectors it logs all management events (CloudTrail API Reference, "Trail"; CloudTrail User Guide, "Logging
    management events").
    """
    arn = trail["TrailARN"]
    try:
        events = selected(ask.one(_SELECTORS, {"TrailName": arn}, _where(arn, account)))
    except NotFound:
        if account_of(arn) == account or trail.get("HasCustomEventSelectors") is not False:
            raise
        return True
    return manages(events, of_all_sources=True)


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


ACCOUNT: Final = AwsKind(
    "aws.cloudtrail.account",
    "account's record of events",
    (Trails(name="trails"), Address(name="arn")),
    touched_by=(changes("cloudtrail", "recipientAccountId", names=(*ON_TRAILS, "PutEventSelectors")),),
    address="arn:{partition}:iam::{account}:root",
    scope=ListingScope.GLOBAL,
)

_CHOOSE_BUCKET: Final = (
    "1. make a bucket whose policy lets `cloudtrail.amazonaws.com` read its ACL and put objects (CloudTrail User "
    "Guide, S3 bucket policy for CloudTrail); 2. give its name in a policy as the setting `bucket`; or make the trail "
    "by hand, or have the organisation make one"
)


_COMPLETE: Final = (
    "for one of them, in its own account: repair `aws.cloudtrail.trail.logging` and "
    "`aws.cloudtrail.trail.management-events`, and where it leaves out a source of events, such as KMS, have it "
    "recorded (`aws cloudtrail put-event-selectors`), which costs more where the source has many events"
)
_ROOT: Final = "arn:aws:iam::123456789012:root"


def _trail(*, logging: bool, name: str = _NAME, everything: bool = True) -> Json:
    arn = f"arn:aws:cloudtrail:us-east-1:123456789012:trail/{name}"
    return {"Arn": arn, "Bucket": "goldseam-example", "Logging": logging, "AllManagement": everything}


@control(
    "aws.cloudtrail.account.recorded-in-all-regions",
    ACCOUNT,
    severity=Severity.HIGH,
    maps=required("cloudtrail_multi_region_enabled"),
    covers=(
        "security-hub:CloudTrail.1",
        "security-hub:CloudTrail.3",
        "prowler:cloudtrail_multi_region_enabled",
        "cloudbots:cloudtrail_enable",
    ),
    disrupts=may_disrupt(
        "records of all regions go to the bucket, where they are kept and charged for; a second copy of management "
        "events costs more"
    ),
    compliant=(
        {"trails": [_trail(logging=False, name="old"), _trail(logging=True)], "arn": _ROOT},
        {"trails": [_trail(logging=True, name="data", everything=False), _trail(logging=True)], "arn": _ROOT},
    ),
    violating=(
        {"trails": [], "arn": _ROOT},
        {"trails": [_trail(logging=False)], "arn": _ROOT},
        {"trails": [_trail(logging=True, everything=False)], "arn": _ROOT},
        {"trails": [_trail(logging=True, name="data", everything=False), _trail(logging=False)], "arn": _ROOT},
        Example(
            {"trails": [], "arn": _ROOT},
            settings={"bucket": "goldseam-example"},
            leaves={"trails": [_trail(logging=True)]},
        ),
    ),
)
def trail_for_all_regions(trails: Value, arn: str, *, bucket: Bucket = "", home_region: str = "us-east-1") -> Verdict:
    """A trail records all management events in all regions of the account.

    Without a record nobody can tell what an intruder did, or that there was one. The organisation's trail counts. A
    trail counts when it records reads and writes and leaves out no source of events (AWS Config Developer Guide,
    "multi-region-cloudtrail-enabled"). A trail that is there and does not log is started again by
    `aws.cloudtrail.trail.logging`.
    """
    if any(trail["Logging"] and trail["AllManagement"] for trail in trails):
        return compliant
    because = "no trail records all management events in all regions"
    if trails:
        lacking = "; ".join(_lacking(trail) for trail in trails)
        return violation(because=f"{because}: {lacking}", guide=_COMPLETE)
    if not bucket:
        return violation(because=because, guide=_CHOOSE_BUCKET)
    _, partition, _, _, account, _ = arn.split(":", 5)
    made = f"arn:{partition}:cloudtrail:{home_region}:{account}:trail/{_NAME}"
    return should_be(trails=[{"Arn": made, "Bucket": bucket, "Logging": True, "AllManagement": True}], because=because)


def _lacking(trail: Json) -> str:
    lacks = [] if trail["Logging"] else ["does not log"]
    lacks += [] if trail["AllManagement"] else ["records only a part of management events"]
    return f"{_name(trail['Arn'])} {' and '.join(lacks)}"
