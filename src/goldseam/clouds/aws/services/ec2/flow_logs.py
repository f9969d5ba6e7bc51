"""The flow logs of a network, as a facet of it: made and deleted one by one, known by what they record and where to.

Sources: VPC User Guide, "Publish flow logs to CloudWatch Logs" and "Publish flow logs to Amazon S3", for the rights
that a caller needs. Tags of a flow log are no part of its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import AwsFacet, Reading, Send
from goldseam.clouds.aws.kind import Ask, filled
from goldseam.clouds.aws.services.ec2.among import FLOW_LOGS
from goldseam.control import Call, Permission, Step
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Placeholder, Value, canonical, digest

FORMAT: Final = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)
"""The format of a log that names none."""

INTERVAL: Final = 600
TO_GROUP: Final = "cloud-watch-logs"
TO_BUCKET: Final = "s3"
_LOGS: Final = "arn:{partition}:ec2:{region}:{account}:vpc-flow-log/*"
_PLAIN: Final = {"FileFormat": "plain-text", "HiveCompatiblePartitions": False, "PerHourPartition": False}


def flow_log(traffic: str, to: str, destination: str, role: str = "") -> Json:
    """A flow log in EC2's own format and interval."""
    return {
        "traffic": traffic, "to": to, "destination": destination, "role": role, "account_role": "",
        "format": FORMAT, "interval": INTERVAL, "options": {},
    }  # fmt: skip


def _as_read(raw: Mapping[str, Json]) -> Json:
    to = raw.get("LogDestinationType") or TO_GROUP
    place = raw.get("LogDestination") or ""
    if to == TO_GROUP:
        place = raw.get("LogGroupName") or place.rpartition(":log-group:")[2].removesuffix(":*")
    given = raw.get("DestinationOptions") or {}
    return {
        "traffic": raw.get("TrafficType"),
        "to": to,
        "destination": place,
        "role": raw.get("DeliverLogsPermissionArn") or "",
        "account_role": raw.get("DeliverCrossAccountRole") or "",
        "format": raw.get("LogFormat") or FORMAT,
        "interval": raw.get("MaxAggregationInterval") or INTERVAL,
        "options": {name: given[name] for name, plain in _PLAIN.items() if given.get(name, plain) != plain},
    }


def _key(log: Json) -> str:
    """What a person tells a log by, and what tells it from one that differs in the rest."""
    return f"{log['traffic']} to {log['destination']} {digest(log)[:8]}"


def _wire(log: Mapping[str, Json]) -> Mapping[str, Json]:
    place = {"LogGroupName": log["destination"]} if log["to"] == TO_GROUP else {"LogDestination": log["destination"]}
    roles = {"DeliverLogsPermissionArn": log["role"], "DeliverCrossAccountRole": log["account_role"]}
    return {
        "TrafficType": log["traffic"],
        "LogDestinationType": log["to"],
        "LogFormat": log["format"],
        "MaxAggregationInterval": log["interval"],
        **place,
        **{name: role for name, role in roles.items() if role},
        **({"DestinationOptions": {**_PLAIN, **log["options"]}} if log["options"] else {}),
    }


@dataclass(frozen=True)
class FlowLogs(AwsFacet):
    """The flow logs of a resource of type `of`; their ids are told when one is deleted."""

    of: str = field(kw_only=True)
    passing: Send = field(
        default=Send("ec2.CreateFlowLogs", {}, ("arn:{partition}:iam::{account}:role/*",), actions=("iam:PassRole",)),
        kw_only=True,
    )
    """What the remediator may pass at most; a plan names the one role."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The listing of flow logs, which one scan asks for once."""
        return (FLOW_LOGS.operation,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The flow logs that name the resource."""
        del item
        found = FLOW_LOGS.about(ask, ref)
        ids = {_key(_as_read(raw)): str(raw["FlowLogId"]) for raw in found}
        return Reading(self.normal([_as_read(raw) for raw in found]), told=ids)

    def normal(self, value: Value) -> Value:
        """The logs in canonical order, each once."""
        return [log for _, log in sorted({canonical(log): log for log in value}.items())]

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call for each log that is new, then one for each that goes."""
        state = {canonical(log): log for log in before}
        wanted = {canonical(log): log for log in after}
        steps = []
        for key in sorted(wanted.keys() - state.keys()):
            state[key] = wanted[key]
            steps.append(self.step(self._create(ref, wanted[key]), self.normal(list(state.values()))))
        for key in sorted(state.keys() - wanted.keys()):
            gone = state.pop(key)
            steps.append(self.step(self._delete(ref, gone), self.normal(list(state.values()))))
        return tuple(steps)

    def _create(self, ref: Ref, log: Mapping[str, Json]) -> Call:
        needs = [("ec2:CreateFlowLogs", ref.address), ("ec2:CreateFlowLogs", _LOGS)]
        needs += [("iam:PassRole", role) for role in (log["role"], log["account_role"]) if role]
        needs += [("logs:CreateLogDelivery", "*")] if log["to"] != TO_GROUP else []
        parameters = {"ResourceIds": [ref.id], "ResourceType": self.of, **_wire(log)}
        return _call("ec2.CreateFlowLogs", ref, parameters, needs)

    def _delete(self, ref: Ref, log: Mapping[str, Json]) -> Call:
        needs = [("ec2:DeleteFlowLogs", _LOGS)]
        needs += [("logs:DeleteLogDelivery", "*")] if log["to"] != TO_GROUP else []
        return _call("ec2.DeleteFlowLogs", ref, {"FlowLogIds": [Placeholder(self.name, _key(log))]}, needs)


def _call(operation: str, ref: Ref, parameters: Mapping[str, Json], needs: Iterable[tuple[str, str]]) -> Call:
    permissions = tuple(Permission(action, filled(resource, ref)) for action, resource in needs)
    return Call(operation, ref.region, parameters, permissions)
