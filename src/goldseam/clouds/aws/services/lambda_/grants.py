"""The policy of a function, which Lambda lets nobody write: statements are added and removed one by one.

All of its statements are about the function itself, so they are held without their `Resource`. `AddPermission` makes a
statement of parameters, so only a statement that it makes can be brought back. Source: AWS Lambda API Reference,
"AddPermission"; Lambda Developer Guide, "Viewing resource-based IAM policies in Lambda".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import AwsFacet, Reading, Send
from goldseam.clouds.aws.kind import Ask
from goldseam.clouds.aws.policy_sizes import policy_json
from goldseam.clouds.aws.shapes import statements
from goldseam.control import Step
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value, same

_MEMBERS: Final = {"Sid", "Effect", "Principal", "Action", "Condition"}
_CONDITIONS: Final[Mapping[tuple[str, str], str]] = {
    ("ArnLike", "aws:sourcearn"): "SourceArn",
    ("StringEquals", "aws:sourceaccount"): "SourceAccount",
    ("StringEquals", "aws:principalorgid"): "PrincipalOrgID",
    ("StringEquals", "lambda:functionurlauthtype"): "FunctionUrlAuthType",
    ("StringEquals", "lambda:eventsourcetoken"): "EventSourceToken",
    ("Bool", "lambda:invokedviafunctionurl"): "InvokedViaFunctionUrl",
}
"""By operator and key of a condition: the parameter of `AddPermission` that makes it."""


def from_text(raw: Json) -> Value:
    """The statements of the policy that `GetPolicy` gives."""
    return statements(policy_json(raw, "lambda.GetPolicy"))


def remade(statement: Json) -> Mapping[str, Json] | None:
    """The parameters of `AddPermission` that make this very statement; None when none do."""
    conditions = _conditions(statement.get("Condition") or {})
    principal, action = _principal(statement.get("Principal")), statement.get("Action")
    if conditions is None or statement.get("Effect") != "Allow" or set(statement) - _MEMBERS:
        return None
    if not principal or not isinstance(action, str) or not statement.get("Sid"):
        return None
    return {"StatementId": statement["Sid"], "Action": action, "Principal": principal, **conditions}


def _about_itself(statement: Json, address: str) -> Json:
    own = statement.get("Resource") == address
    return {key: value for key, value in statement.items() if not (own and key == "Resource")}


def _principal(principal: Json) -> str:
    """How the principal is given; empty when it is none that can be given."""
    if principal == "*":
        return "*"
    if not isinstance(principal, Mapping) or len(principal) != 1:
        return ""
    kind, name = next(iter(principal.items()))
    return name if kind in {"AWS", "Service"} and isinstance(name, str) and name != "*" else ""


def _conditions(block: Mapping[str, Mapping[str, Json]]) -> dict[str, Json] | None:
    made: dict[str, Json] = {}
    for operator, keys in block.items():
        for key, value in keys.items():
            parameter = _CONDITIONS.get((operator, key.lower()))
            if parameter is None or not isinstance(value, str):
                return None
            made[parameter] = value == "true" if operator == "Bool" else value
    return made


@dataclass(frozen=True)
class Grants(AwsFacet):
    """The statements of a function's policy, told apart by their Sid, which no two have in common."""

    one_by_one = True

    add: Send = field(kw_only=True)
    remove: Send = field(kw_only=True)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The statements; a resource that is named is another than the function."""
        found = super().read(ask, ref, item)
        return Reading([_about_itself(statement, ref.address) for statement in found.value])

    def normal(self, value: Value) -> Value:
        """The statements in the order of their Sids, as the order in which they were added says nothing."""
        return sorted([] if value is ABSENT else value, key=lambda statement: str(statement.get("Sid", "")))

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call for each statement: what is new is added first, then what is gone is removed.

        The way back is the way there, step by step: what was removed last is added first.
        """
        old, new = ({statement.get("Sid", ""): statement for statement in side} for side in (before, after))
        if any(sid in new and not same(new[sid], statement) for sid, statement in old.items()):
            raise self.no_way(ref, after)
        state, steps = dict(old), []
        for sid in (sid for sid in new if sid not in old):
            state[sid] = new[sid]
            call = self.add.call(ref, more=self._made(ref, new[sid], after))
            steps.append(self.step(call, self.normal(list(state.values()))))
        for sid in (sid for sid in reversed(old) if sid not in new):
            del state[sid]
            call = self.remove.call(ref, more={"StatementId": sid})
            steps.append(self.step(call, self.normal(list(state.values()))))
        return tuple(steps)

    def _made(self, ref: Ref, statement: Json, after: Value) -> Mapping[str, Json]:
        parameters = remade(statement)
        if parameters is None:
            raise self.no_way(ref, after)
        return parameters
