"""Which CloudFormation stack made a resource, and whether the stack still is as its template says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from goldseam.clouds.aws.services.stack import STACK
from goldseam.control import Answer, Known, OneOf, Surroundings, fact, known
from goldseam.model.values import Unknown

_NAME: Final = "aws:cloudformation:stack-name"
_ID: Final = "aws:cloudformation:stack-id"
_NO_STACK: Final = "no tag of CloudFormation says that a stack made it"
_STATES: Final = {"IN_SYNC": "in_sync", "DRIFTED": "drifted"}


@fact("stack", None, str)
def stack(tags: Mapping[str, str], *, around: Surroundings) -> Answer:
    """The CloudFormation stack that made the resource, as CloudFormation's own tag says; `""` where none does.

    What CloudFormation makes without tagging it cannot be seen.
    """
    del around
    name = tags.get(_NAME, "")
    return known(name, f"tag `{_NAME}` is `{name}`" if name else _NO_STACK)


@fact("stack_drift", None, OneOf(("", *_STATES.values())), needs={STACK: ("stack_name", "drift")})
def stack_drift(tags: Mapping[str, str], *, around: Surroundings) -> Answer:
    """Whether the stack that made the resource is `in_sync` with its template or `drifted`; `""` without a stack.

    It is what the last detection found, as of the day of that; where there was none, it is unknown.
    """
    if not tags.get(_NAME):
        return known("", _NO_STACK)
    stacks = around.of(STACK)
    if isinstance(stacks, Unknown):
        return stacks
    for item in stacks:
        if item.ref.id == tags.get(_ID) or (_ID not in tags and item.facets.get("stack_name") == tags[_NAME]):
            return _said(tags[_NAME], item.facets.get("drift", Unknown("its drift was not read")))
    return Unknown(f"stack `{tags[_NAME]}` was not found in {around.ref.region}")


def _said(name: str, drift: Mapping[str, str] | Unknown) -> Answer:
    if isinstance(drift, Unknown):
        return drift
    state = _STATES.get(drift["status"])
    if state is None:
        return Unknown(f"drift of stack `{name}` was never looked for ({drift['status']})")
    checked = drift["checked"]
    evidence = f"stack `{name}` was {state.replace('_', ' ')} when drift was looked for on {checked}"
    return Known(state, (evidence,), datetime.fromisoformat(checked).replace(tzinfo=UTC) if checked else None)
