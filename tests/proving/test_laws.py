"""Each law is broken on purpose, and the kit says so of that law; what is sound is proved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.proving.emulated import EmulatedGround
from goldseam.clouds.aws.proving.fixtures import aws_fixtures
from goldseam.clouds.aws.services import s3
from goldseam.clouds.aws.shapes import Document, Switch
from goldseam.control import (
    Call,
    Catalog,
    Control,
    Example,
    Facet,
    Kind,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    should_be,
)
from goldseam.demo.emulator import EmbeddedCloud
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Value
from goldseam.proving.ground import Ground
from goldseam.proving.memory import Faults, Held, MemoryGround
from goldseam.proving.proof import ProofState
from goldseam.proving.prove import prove
from tests import toy

LAMP, DOORS = (toy.lamp_lit,), (toy.no_open_door, toy.no_window_door)


def house_with(*facets: Facet) -> Kind:
    """A house with other facets in the place of those of their names."""
    given = {facet.name: facet for facet in facets}
    return Kind("toy.house", "house", tuple(given.get(facet.name, facet) for facet in toy.HOUSE.facets))


def catalog_of(controls: Iterable[Control], kind: Kind = toy.HOUSE) -> Catalog:
    return Catalog((kind,), tuple(replace(item, kind=kind) for item in controls))


def disproved(catalog: Catalog, ground: Ground) -> set[int]:
    return {proof.law for proof in prove(catalog, ground, catalog.controls) if proof.state is ProofState.DISPROVED}


def broken(controls: Iterable[Control], *facets: Facet, **faults: Any) -> set[int]:
    return disproved(catalog_of(controls, house_with(*facets)), MemoryGround(Faults(**faults)))


def test_what_is_sound_is_proved_and_what_has_no_fix_is_not_asked() -> None:
    catalog = catalog_of(toy.CONTROLS)
    proofs = prove(catalog, MemoryGround(), catalog.controls)
    assert {proof.state for proof in proofs} == {ProofState.PROVED, ProofState.VOID}
    fixable = {item.id for item in catalog.controls if item.fixable}
    for law in (1, 2, 3, 4, 7, 12):
        assert {proof.control for proof in proofs if proof.law == law and proof.state is ProofState.PROVED} == fixable
    assert {proof.control for proof in proofs if proof.law == 5} == {item.id for item in catalog.controls}


def test_a_cloud_that_answers_and_does_nothing_breaks_the_fixed_point_and_the_lens() -> None:
    assert broken(LAMP, lies=frozenset({"house.Put"})) == {1, 2, 12}


def test_a_cloud_that_lies_on_the_way_back_breaks_the_lens_alone() -> None:
    assert broken((absent_lamp,), lies=frozenset({"house.Delete"})) == {2}


@control(
    "toy.house.lamp-there", toy.HOUSE, severity=Severity.LOW,
    disrupts=harmless("light hurts nobody", source="Toys, a page"),
    compliant=[{"lamp": {"watts": 1}}], violating=[{"lamp": ABSENT}],
)  # fmt: skip
def absent_lamp(lamp: Value) -> Verdict:
    """There is a lamp."""
    return compliant if lamp else should_be(lamp={"watts": 1}, because="there is no lamp")


@dataclass(frozen=True)
class Forgetful(toy.Whole):
    """Brings a lamp back at other watts than it had."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        return tuple(
            replace(step, leaves={"watts": 99}) if _dims(before, after) else step
            for step in super().write(ref, before, after)
        )


def _dims(before: Value, after: Value) -> bool:
    return bool(before) and bool(after) and before["watts"] > after["watts"]


def test_an_undo_that_brings_back_something_else_breaks_the_lens_alone() -> None:
    assert broken((dim_lamp,), Forgetful(name="lamp")) == {2}


@control(
    "toy.house.lamp-bright", toy.HOUSE, severity=Severity.LOW,
    disrupts=harmless("light hurts nobody", source="Toys, a page"),
    compliant=[{"lamp": {"watts": 50}}], violating=[{"lamp": {"watts": 1}}],
)  # fmt: skip
def dim_lamp(lamp: Value) -> Verdict:
    """The lamp is bright."""
    return compliant if lamp["watts"] >= 50 else should_be(lamp={"watts": 50}, because="it is dim")


@control(
    "toy.house.restless", toy.HOUSE, severity=Severity.LOW, disrupts=harmless("it only counts", source="Toys, a page"),
    compliant=[{"lamp": {"watts": 7}}], violating=[{"lamp": {"watts": 1}}],
)  # fmt: skip
def restless(lamp: Value) -> Verdict:
    """The lamp is never right."""
    return should_be(lamp={"watts": lamp["watts"] + 1}, because="a little more")


def test_a_control_without_a_fixed_point_breaks_the_first_law() -> None:
    assert 1 in broken((restless,))
    assert broken((restless,)) <= {1, 12}


def test_a_call_that_drops_another_facet_breaks_the_frame_alone() -> None:
    def spill(call: Call, held: Held) -> None:
        if "street" in held:
            held["street"] = "dug up"

    assert broken((watched_lamp,), spills=spill) == {3}


@control(
    "toy.house.lit-street", toy.HOUSE, severity=Severity.LOW,
    disrupts=harmless("light hurts nobody", source="Toys, a page"),
    compliant=[{"lamp": {"watts": 9}, "street": "quiet"}], violating=[{"lamp": ABSENT, "street": "quiet"}],
)  # fmt: skip
def watched_lamp(lamp: Value, street: str) -> Verdict:
    """The lamp lights the street."""
    return compliant if lamp else should_be(lamp={"watts": 9}, because=f"the {street} street is dark")


class Sweeping(toy.Bag):
    """Takes every door out when it should take one."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        steps = super().write(ref, before, after)
        return tuple(replace(step, leaves=[]) if step.call.operation == "house.Remove" else step for step in steps)


def test_a_facet_that_drops_neighbours_breaks_the_frame() -> None:
    assert 3 in broken((toy.no_open_door,), Sweeping(name="doors"))


def test_a_fix_that_takes_more_than_its_example_says_breaks_the_frame_alone() -> None:
    stated = replace(toy.no_open_door, violating=(Example({"doors": ["open", "shut"]}, leaves={"doors": ["open"]}),))
    assert broken((stated,)) == {3}


class Emptying(toy.Bag):
    """Takes all doors out first, and then puts in those that stay."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        if sorted(before) == sorted(after):
            return ()
        gone = Step(self.name, toy.call("Remove", ref, Items=before), [])
        return gone, Step(self.name, toy.call("Add", ref, Items=after), self.normal(after))


def test_a_facet_that_lacks_on_the_way_what_it_has_at_both_ends_breaks_the_fourth_law_alone() -> None:
    assert broken((toy.no_open_door,), Emptying(name="doors")) == {4}


def test_a_reader_that_shows_nothing_where_it_could_not_look_breaks_the_fifth_law_alone() -> None:
    assert broken((toy.lamp_dark,), mute=True) == {5}


def test_a_reader_that_shows_an_old_state_breaks_the_seventh_law_alone() -> None:
    assert broken(LAMP, frozen=True) == {7}


class Piecewise(toy.Bag):
    """A call for each door."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        left, steps = list(before), []
        for item in (item for item in before if item not in after):
            left = [other for other in left if other != item]
            steps.append(Step(self.name, toy.call("Remove", ref, Items=[item]), self.normal(left)))
        return (*steps, *(step for step in super().write(ref, left, after) if step.call.operation == "house.Add"))


def test_writes_that_are_not_merged_break_the_twelfth_law_alone() -> None:
    assert broken(DOORS, Piecewise(name="doors")) == {12}


def test_several_violations_are_merged_on_one_resource() -> None:
    catalog = catalog_of((*DOORS, toy.lamp_lit))
    proofs = [proof for proof in prove(catalog, MemoryGround(), catalog.controls) if proof.law == 12]
    assert {proof.control for proof in proofs} == {item.id for item in catalog.controls}


# On the emulator that enforces permissions


def bucket_with(name: str, **changes: Any) -> AwsKind:
    facets = tuple(replace(facet, **changes) if facet.name == name else facet for facet in s3.BUCKET.facets)
    return replace(s3.BUCKET, facets=facets)


def on_ministack(cloud: EmbeddedCloud, subject: Control, kind: AwsKind) -> set[int]:
    catalog = Catalog((kind,), (replace(subject, kind=kind),))
    ground = EmulatedGround(
        "ministack", cloud.endpoint, cloud.account_id, catalog, aws_fixtures(), enforces=True, empty=cloud.reset
    )
    try:
        return disproved(catalog, ground)
    finally:
        ground.close()


def levels(actions: Mapping[bool, tuple[str, ...]]) -> dict[bool, Any]:
    facet = s3.BUCKET.facet("versioning")
    assert isinstance(facet, Switch)
    return {level: replace(facet.levels[level], actions=held) for level, held in actions.items()}


RIGHT = "s3:PutBucketVersioning"


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ((RIGHT,), set()),
        (("s3:GetBucketVersioning",), {6}),
        ((RIGHT, "s3:PutObject"), {6}),
    ],
    ids=["exact", "too few", "too many"],
)
def test_permissions_that_are_not_exact_break_the_sixth_law_alone(
    ministack_cloud: EmbeddedCloud, there: tuple[str, ...], found: set[int]
) -> None:
    kind = bucket_with("versioning", levels=levels({True: there, False: there}))
    assert on_ministack(ministack_cloud, s3.versioned, kind) == found


def test_permission_on_every_resource_breaks_the_sixth_law(ministack_cloud: EmbeddedCloud) -> None:
    facet = s3.BUCKET.facet("versioning")
    assert isinstance(facet, Switch)
    wide = {level: replace(send, resources=("arn:aws:s3:::goldseam-*",)) for level, send in facet.levels.items()}
    assert on_ministack(ministack_cloud, s3.versioned, bucket_with("versioning", levels=wide)) == {6}


def test_a_facet_that_takes_a_denial_for_absence_breaks_the_fifth_law_alone(ministack_cloud: EmbeddedCloud) -> None:
    facet = s3.BUCKET.facet("policy")
    assert isinstance(facet, AwsFacet)
    assert facet.get
    deaf = replace(facet.get, absent=(*facet.get.absent, "AccessDenied"))
    one = replace(s3.policy_not_public, violating=s3.policy_not_public.violating[:1])
    assert on_ministack(ministack_cloud, one, bucket_with("policy", get=deaf)) == {5}


def test_a_facet_that_writes_less_than_it_says_breaks_the_lens_on_the_emulator(ministack_cloud: EmbeddedCloud) -> None:
    facet = s3.BUCKET.facet("policy")
    assert isinstance(facet, Document)

    def last_only(value: Any) -> str:
        return str(facet.encode({**value, "Statement": value["Statement"][-1:]}))

    one = replace(s3.tls_only, violating=s3.tls_only.violating[1:2])
    found = on_ministack(ministack_cloud, one, bucket_with("policy", encode=last_only))
    assert {2, 3} <= found
