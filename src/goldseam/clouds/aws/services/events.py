"""EventBridge: buses, and who may put events on them."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import VALUE, Send
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.policy_sizes import policy_json
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.sensitive import IN_POLICY
from goldseam.clouds.aws.shapes import Document, policy_form, policy_text
from goldseam.clouds.aws.statements import not_public, policy_document
from goldseam.control import Example, Severity, Verdict, control, may_disrupt
from goldseam.model.values import ABSENT, Value

_BUS: Final = {"EventBusName": "{id}"}

BUS: Final = AwsKind(
    "aws.events.bus",
    "event bus",
    (
        Document(
            name="policy",
            listed="Policy",
            put=Send("events.PutPermission", {**_BUS, "Policy": VALUE}, ("*",)),
            delete=Send("events.RemovePermission", {**_BUS, "RemoveAllPermissions": True}, ("*",)),
            decode=lambda text: policy_json(text) if text else ABSENT,
            encode=policy_text,
            form=policy_form,
            sensitive=IN_POLICY,
        ),
    ),
    touched_by=(
        changes("events", f"{REQUEST}.eventBusName"),
        changes("events", f"{REQUEST}.name", names=("CreateEventBus", "DeleteEventBus", "UpdateEventBus")),
    ),
    address="arn:{partition}:events:{region}:{account}:event-bus/{id}",
    find=Listing("events.ListEventBuses", "EventBuses", id="Name", narrow={"NamePrefix": "{id}"}),
)

_ARN: Final = "arn:aws:events:eu-west-1:123456789012:event-bus/goldseam-example"
_ANYONE: Final = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": _ARN}
_OTHER: Final = {**_ANYONE, "Sid": "Partner", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}
_ORGANISATION: Final = {
    **_ANYONE,
    "Sid": "Organisation",
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
}


@control(
    "aws.events.bus.policy-not-public",
    BUS,
    severity=Severity.HIGH,
    maps=required("eventbridge_bus_exposed"),
    disrupts=may_disrupt("accounts that only the statement for everyone lets in cannot put events any more"),
    compliant=({"policy": ABSENT}, {"policy": policy_document(_OTHER, _ORGANISATION)}),
    violating=(
        Example({"policy": policy_document(_ANYONE)}, leaves={"policy": ABSENT}),
        Example(
            {"policy": policy_document(_OTHER, _ANYONE, _ORGANISATION)},
            leaves={"policy": policy_document(_OTHER, _ORGANISATION)},
        ),
    ),
)
def policy_not_public(policy: Value) -> Verdict:
    """The bus takes no events from everyone.

    Whoever may put events can set off every rule on the bus, with content of their choice. Statements that name
    accounts, or that a condition ties to an organisation, stay.
    """
    return not_public(policy)
