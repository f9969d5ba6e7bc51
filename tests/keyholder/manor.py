"""A kind whose controls read two and three facets, and two resources of it: what a check binds shows on these only."""

from __future__ import annotations

from goldseam.control import (
    Cidr,
    Kind,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
)
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Unknown, Value
from tests.toy import Bag, Whole

MANOR = Kind("toy.manor", "manor", (Bag(name="gates"), Whole(name="policy"), Whole(name="wall"), Whole(name="crest")))


@control(
    "toy.manor.policy-closed", MANOR, severity=Severity.CRITICAL, disrupts=may_disrupt("guests"),
    compliant=[{"policy": ABSENT, "wall": {"high": True}}],
    violating=[{"policy": {"allow": "*"}, "wall": {"high": False}}],
)  # fmt: skip
def policy_closed(policy: Value, wall: Value) -> Verdict:
    """The policy admits nobody from outside, unless a wall stands. It reads two facets."""
    if policy is ABSENT or policy["allow"] != "*" or wall["high"]:
        return compliant
    return should_be(policy=ABSENT, because="the policy allows `*`")


@control(
    "toy.manor.gates-narrow", MANOR, severity=Severity.HIGH, disrupts=may_disrupt("whoever uses the gate"),
    compliant=[{"gates": ["10.0.0.0/8"], "policy": ABSENT, "wall": {"high": True}}],
    violating=[{"gates": ["0.0.0.0/0", "10.0.0.0/8"], "policy": ABSENT, "wall": {"high": True}}],
)  # fmt: skip
def gates_narrow(gates: list[str], policy: Value, wall: Value, *, replacement: tuple[Cidr, ...] = ()) -> Verdict:
    """No gate is open to everyone. It reads three facets."""
    del policy, wall
    if "0.0.0.0/0" not in gates:
        return compliant
    kept = [gate for gate in gates if gate != "0.0.0.0/0"]
    return should_be(gates=[*kept, *replacement], because="a gate is open to 0.0.0.0/0")


@control(
    "toy.manor.wall-kept", MANOR, severity=Severity.LOW,
    disrupts=harmless("a wall hurts nobody", source="Toys, a page"),
    compliant=[{"gates": ["10.0.0.0/8"], "wall": {"high": True}}], violating=[{"gates": [], "wall": {"high": False}}],
)  # fmt: skip
def wall_kept(gates: list[str], wall: Value) -> Verdict:
    """The wall is high where there is no gate."""
    if gates or wall["high"]:
        return compliant
    return should_be(wall={**wall, "high": True}, because="there is neither gate nor wall")


REFS = tuple(Ref("toy.manor", "acc", "here", name, f"toy:{name}") for name in ("m1", "m2"))


def estate(at: int = 0, **facets: Value | Unknown) -> Resource:
    """The first or second manor: open to everyone in every way, but for what is given."""
    bad = {"gates": ["0.0.0.0/0", "10.0.0.0/8"], "policy": {"allow": "*"}, "wall": {"high": False}, "crest": "lion"}
    return Resource(REFS[at], {**bad, **facets})
