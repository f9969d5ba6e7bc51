"""DynamoDB: tables, how they are encrypted, kept, paid for and named.

A table that is being updated refuses the next update, so one call writes its settings. Capacity has a call of its own:
DynamoDB takes no other change together with it (DynamoDB API Reference, "UpdateTable").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Get, Look, Reading, Send
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, Listing, at, changes
from goldseam.clouds.aws.named import KmsKey
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Settings, Switch
from goldseam.control import (
    Call,
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value, same

_TABLE: Final = {"TableName": "{id}"}
_DESCRIBED: Final = Get("dynamodb.DescribeTable", _TABLE, "Table")
_AWS_KEY: Final = "alias/aws/dynamodb"
_KEY_RIGHTS: Final = (
    "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*",
)  # fmt: skip
"""What whoever gives a table a key of their own needs on it (DynamoDB Developer Guide, "DynamoDB encryption at rest:
How it works", Authorizing use of a customer managed key)."""


def _waits(answer: Json) -> str:
    """A table, or the re-encryption of one, that is under way."""
    status, encryption = at(answer, "Table.TableStatus"), at(answer, "Table.SSEDescription.Status")
    if status not in {None, "ACTIVE"}:
        return f"the table, which is {status}"
    return f"the encryption, which is {encryption}" if encryption in {"ENABLING", "DISABLING", "UPDATING"} else ""


def _settings(table: Mapping[str, Json]) -> Value:
    """Whether the table is protected, and its key: empty for the one that DynamoDB owns."""
    encryption = table.get("SSEDescription") or {}
    on = encryption.get("Status") not in {None, "DISABLED", "DISABLING"}
    key = str(encryption.get("KMSMasterKeyArn", "")) if on else ""
    return {
        "DeletionProtectionEnabled": bool(table.get("DeletionProtectionEnabled")),
        "KmsKey": str(_AWS_KEY) if key.endswith(f":{_AWS_KEY}") else key,
    }


@dataclass(frozen=True)
class TableSettings(Settings):
    """Protection and key of a table, in one call; a key of one's own takes the rights on it that DynamoDB asks for."""

    with_key: Send = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One update with what differs."""
        return tuple(replace(step, call=self._call(step.call, ref)) for step in super().write(ref, before, after))

    def _call(self, call: Call, ref: Ref) -> Call:
        key = call.parameters.get("SSESpecification")
        if key is None:
            return call
        sent = {**call.parameters, "SSESpecification": _encryption(key)}
        if key in {"", _AWS_KEY}:
            return replace(call, parameters=sent)
        named = replace(self.with_key, resources=(_key_arn(key, self.with_key.resources[0]),)).call(ref)
        return replace(call, parameters=sent, permissions=(*call.permissions, *named.permissions))


def _encryption(key: str) -> Json:
    if not key:
        return {"Enabled": False}
    on = {"Enabled": True, "SSEType": "KMS"}
    return on if key == _AWS_KEY else {**on, "KMSMasterKeyId": key}


def _key_arn(key: str, every: str) -> str:
    """The key's ARN; all keys of the account for an alias, behind which any of them may be."""
    if ":key/" in key:
        return key
    return every if "alias/" in key else every.replace("*", key)


@dataclass(frozen=True)
class Capacity(AwsFacet):
    """What a table and its indexes can take: provisioned, or paid for by the request."""

    update: Send = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One update of the mode, and of all capacities where they are provisioned."""
        if same(before, after):
            return ()
        sent: dict[str, Json] = {"BillingMode": after["mode"]}
        if after["mode"] == _PROVISIONED:
            sent["ProvisionedThroughput"] = _units(after["table"])
            sent["GlobalSecondaryIndexUpdates"] = [
                {"Update": {"IndexName": name, "ProvisionedThroughput": _units(units)}}
                for name, units in sorted(after["indexes"].items())
            ]
        return (self.step(self.update.call(ref, more={key: value for key, value in sent.items() if value}), after),)


_PROVISIONED: Final = "PROVISIONED"
_BY_REQUEST: Final = "PAY_PER_REQUEST"


def _units(pair: Json) -> Json:
    return {"ReadCapacityUnits": pair["read"], "WriteCapacityUnits": pair["write"]}


def _pair(described: Mapping[str, Json]) -> Json:
    held = described.get("ProvisionedThroughput") or {}
    return {"read": held.get("ReadCapacityUnits", 0), "write": held.get("WriteCapacityUnits", 0)}


def _capacity(table: Mapping[str, Json]) -> Value:
    """The mode, and the capacity of the table and of each index, where it is provisioned."""
    if at(table, "BillingModeSummary.BillingMode") == _BY_REQUEST:
        return {"mode": _BY_REQUEST}
    indexes = {index["IndexName"]: _pair(index) for index in table.get("GlobalSecondaryIndexes") or ()}
    return {"mode": _PROVISIONED, "table": _pair(table), "indexes": indexes}


@dataclass(frozen=True)
class Scaling(Look):
    """Which capacities of a table are scaled by themselves; one listing for all tables of a region.

    A scalable target has limits and scales nothing: a scaling policy does, unless scaling out is suspended
    (Application Auto Scaling User Guide, "Target tracking scaling policies" and "Suspending and resuming scaling").
    Policies are listed where a table has a target.
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The listings of what may be scaled and of what scales it."""
        return ("application-autoscaling.DescribeScalableTargets", "application-autoscaling.DescribeScalingPolicies")

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The dimensions of the table's own entries."""
        del item
        targets, policies = self.read_operations
        active = _dimensions(
            each for each in _of_dynamodb(ask, targets, ref, "ScalableTargets")
            if not at(each, "SuspendedState.DynamicScalingOutSuspended")
        )  # fmt: skip
        followed = _dimensions(_of_dynamodb(ask, policies, ref, "ScalingPolicies")) if active else set()
        return Reading(sorted(active & followed))


def _of_dynamodb(ask: Ask, operation: str, ref: Ref, member: str) -> Iterator[Json]:
    """The entries of a table in a listing of Application Auto Scaling."""
    every = ask.every(operation, {"ServiceNamespace": "dynamodb"}, ref.region, member)
    return (each for each in every if each["ResourceId"] == f"table/{ref.id}")


def _dimensions(entries: Iterable[Json]) -> set[str]:
    return {str(each["ScalableDimension"]).rpartition(":")[2] for each in entries}


@dataclass(frozen=True)
class Tags(AwsFacet):
    """Tags, as one `{key: value}` object: set and taken away by key; the others are never touched."""

    put: Send = field(kw_only=True)
    remove: Send = field(kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The listing of the table's tags."""
        return ("dynamodb.ListTagsOfResource",)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The tags of every page."""
        del item
        every = ask.every(self.read_operations[0], {"ResourceArn": ref.address}, ref.region, "Tags")
        return Reading({tag["Key"]: tag["Value"] for tag in every})

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call that sets what is new or different, one that takes away what is gone."""
        changed = [{"Key": key, "Value": after[key]} for key in sorted(after) if before.get(key) != after[key]]
        gone = sorted(set(before) - set(after))
        steps = [self.step(self.put.call(ref, changed), {**before, **after})] if changed else []
        return (*steps, self.step(self.remove.call(ref, gone), after)) if gone else tuple(steps)


def _backups(described: Mapping[str, Json]) -> Value:
    return at(described, "PointInTimeRecoveryDescription.PointInTimeRecoveryStatus") == "ENABLED"


def _restorable(on: bool) -> Send:  # noqa: FBT001
    wanted = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": on}}
    return Send("dynamodb.UpdateContinuousBackups", {**_TABLE, **wanted})


TABLE: Final = AwsKind(
    "aws.dynamodb.table",
    "DynamoDB table",
    (
        TableSettings(
            name="settings", get=_DESCRIBED, decode=_settings, waits=_waits,
            modify=Send("dynamodb.UpdateTable", _TABLE),
            fields={"DeletionProtectionEnabled": "DeletionProtectionEnabled", "KmsKey": "SSESpecification"},
            with_key=Send(
                "dynamodb.UpdateTable", _TABLE, ("arn:{partition}:kms:{region}:{account}:key/*",), actions=_KEY_RIGHTS
            ),
        ),
        Capacity(
            name="capacity", get=_DESCRIBED, decode=_capacity, waits=_waits, update=Send("dynamodb.UpdateTable", _TABLE)
        ),
        Scaling(name="scaling"),
        Switch(
            name="restorable",
            get=Get("dynamodb.DescribeContinuousBackups", _TABLE, "ContinuousBackupsDescription"),
            decode=_backups, levels={True: _restorable(True), False: _restorable(False)},  # noqa: FBT003
        ),
        Tags(
            name="tags", put=Send("dynamodb.TagResource", {"ResourceArn": "{address}", "Tags": VALUE}),
            remove=Send("dynamodb.UntagResource", {"ResourceArn": "{address}", "TagKeys": VALUE}),
        ),
    ),
    touched_by=(
        changes("dynamodb", f"{REQUEST}.tableName", id="(?:arn:.+:table/)?([^:/]+)"),
        changes("dynamodb", f"{REQUEST}.resourceArn", id="arn:.+:table/([^:/]+)"),
        changes("application-autoscaling", f"{REQUEST}.resourceId", id="table/([^:/]+)"),
    ),
    address="arn:{partition}:dynamodb:{region}:{account}:table/{id}",
    find=Listing("dynamodb.ListTables", "TableNames"),
)  # fmt: skip

_OWN_KEY: Final = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_GOOD: Final = {"DeletionProtectionEnabled": True, "KmsKey": str(_AWS_KEY)}


@control(
    "aws.dynamodb.table.encrypted-with-kms", TABLE, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "readers of the table's stream, its backups and its replicas need the key; with a key of one's own so does "
        "everyone who uses the table, and KMS charges for it"
    ),
    maps=required("dynamodb_tables_kms_cmk_encryption_enabled"),
    covers=("seed:dynamoKmsEncryption",),
    compliant=[
        {"settings": _GOOD},
        {"settings": {**_GOOD, "KmsKey": _OWN_KEY}},
    ],
    violating=[Example({"settings": {**_GOOD, "KmsKey": ""}}, leaves={"settings": _GOOD})],
)  # fmt: skip
def encrypted_with_kms(settings: Mapping[str, Json], *, kms_key: KmsKey = _AWS_KEY) -> Verdict:
    """A table is encrypted with a KMS key of the account.

    Every table is encrypted, by default with a key that DynamoDB owns and nobody sees. A KMS key leaves a trail of its
    use; one of one's own can be taken away as well.
    """
    if settings["KmsKey"]:
        return compliant
    return should_be(settings={**settings, "KmsKey": str(kms_key)}, because="the key is DynamoDB's own")


@control(
    "aws.dynamodb.table.deletion-protected", TABLE, severity=Severity.MEDIUM,
    disrupts=harmless(
        "only a deletion is refused, until the protection is switched off again",
        source="Amazon DynamoDB API Reference, UpdateTable",
        noticed_by="those who delete it",
    ),
    maps=required("dynamodb_table_deletion_protection_enabled"),
    covers=("security-hub:DynamoDB.6",),
    compliant=[{"settings": _GOOD}],
    violating=[Example({"settings": {**_GOOD, "DeletionProtectionEnabled": False}}, leaves={"settings": _GOOD})],
)  # fmt: skip
def deletion_protected(settings: Mapping[str, Json]) -> Verdict:
    """A table cannot be deleted by one call.

    One mistaken script, or one stolen key, is then not enough.
    """
    if settings["DeletionProtectionEnabled"]:
        return compliant
    return should_be(settings={**settings, "DeletionProtectionEnabled": True}, because="deletion protection is off")


@control(
    "aws.dynamodb.table.restorable", TABLE, severity=Severity.MEDIUM,
    disrupts=harmless(
        "backups are continuous and reads and writes go on as before; the charge is by the size of the table",
        source="Amazon DynamoDB Developer Guide, Enable point-in-time recovery in DynamoDB",
        noticed_by="those who pay",
    ),
    maps=required("dynamodb_tables_pitr_enabled"),
    compliant=[{"restorable": True}],
    violating=[Example({"restorable": False}, leaves={"restorable": True})],
)  # fmt: skip
def restorable(restorable: Value) -> Verdict:
    """A table can be brought back to any second of the last weeks.

    Point-in-time recovery is the way back from a wrong write, a bad release and ransom.
    """
    return compliant if restorable else should_be(restorable=True, because="point-in-time recovery is off")


_FIXED: Final = {
    "mode": _PROVISIONED, "table": {"read": 5, "write": 5}, "indexes": {"by-day": {"read": 3, "write": 2}},
}  # fmt: skip
_BOTH: Final = ["ReadCapacityUnits", "WriteCapacityUnits"]


@control(
    "aws.dynamodb.table.scaled", TABLE, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "requests are paid for one by one, which costs more under a steady load; reserved capacity is not used any more"
    ),
    maps=required("dynamodb_table_autoscaling_enabled"),
    covers=("security-hub:DynamoDB.1",),
    compliant=[{"capacity": {"mode": _BY_REQUEST}, "scaling": []}, {"capacity": _FIXED, "scaling": _BOTH}],
    violating=[
        Example({"capacity": _FIXED, "scaling": []}, leaves={"capacity": {"mode": _BY_REQUEST}}),
        {"capacity": _FIXED, "scaling": ["ReadCapacityUnits"]},
    ],
)  # fmt: skip
def scaled(capacity: Value, scaling: Value) -> Verdict:
    """A table takes more requests when more come.

    With fixed capacity a busy day, or an attacker, has requests refused. The fix is to pay by the request, which needs
    no numbers; where capacity is scaled in part, the rest is for people who know them.
    """
    missing = [dimension for dimension in _BOTH if dimension not in scaling]
    if capacity["mode"] == _BY_REQUEST or not missing:
        return compliant
    because = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} fixed"
    if not scaling:
        return should_be(capacity={"mode": _BY_REQUEST}, because=because)
    return violation(
        because=because,
        guide="register the table for the other dimension as well: `aws application-autoscaling "
        "register-scalable-target --service-namespace dynamodb`, then `put-scaling-policy` with a target use of 70 %",
    )


@control(
    "aws.dynamodb.table.tagged", TABLE, severity=Severity.LOW,
    disrupts=may_disrupt(
        "policies with conditions on this tag allow or deny access to the table from then on",
        source="Amazon DynamoDB Developer Guide, Using attribute-based access control with DynamoDB",
    ),
    covers=("security-hub:DynamoDB.5",),
    compliant=[
        {"tags": {"team": "shop"}},
        Example({"tags": {"owner": "ana"}}, {"tag": "owner"}),
    ],
    violating=[
        {"tags": {}},
        {"tags": {"aws:cloudformation:stack-name": "shop"}},
        Example({"tags": {"team": "shop"}}, {"tag": "owner"}),
        Example(
            {"tags": {"team": "shop"}}, {"tag": "owner", "value": "unknown"},
            {"tags": {"team": "shop", "owner": "unknown"}},
        ),
    ],
)  # fmt: skip
def tagged(tags: Mapping[str, str], *, tag: str = "", value: str = "") -> Verdict:
    """A table says whose it is.

    Who is called at night, and who pays, is then no riddle. The setting `tag` names the tag that must be there, and
    `value` what is written where it is not; without the one any tag will do but those that AWS writes (`aws:`),
    without the other people write it.
    """
    if tag in tags or (not tag and any(not name.startswith("aws:") for name in tags)):
        return compliant
    because = f"the tag `{tag}` is missing" if tag else "it has no tags of yours"
    if tag and value:
        return should_be(tags={**tags, tag: value}, because=because)
    return violation(
        because=because, guide="ask who made the table (CloudTrail, `CreateTable`), and tag it accordingly"
    )
