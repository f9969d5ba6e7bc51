"""What a server that was taken over can send: none of it is granted.

Each row is one forgery. `whole` makes a plan whose calls, undo, permissions and id all fit its images, so that only the
derivation of the change itself can tell. Two resources of one kind, controls that read two and three facets, two
approvers with two keys: a check binds what its test asserts.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from goldseam.clouds.aws.cloud import AWS as AWS_CLOUD
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.protocol import AddressCheck
from goldseam.control import Catalog, Control, Kind, Permission
from goldseam.keyholder import message
from goldseam.keyholder.approval import signed_approval
from goldseam.keyholder.identity import PrivateKey
from goldseam.model.errors import AccessDenied, AlreadyDone, GrantRefused
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value, digest
from goldseam.repair.plan import Change, Plan, Purpose, steps_of, undo_of
from goldseam.repair.propose import propose
from tests import toy
from tests.keyholder.desk import ANYTHING, CATALOG, NOON, Desk, back, desk, forged, in_reach, repair, rules
from tests.keyholder.manor import MANOR, REFS, estate, gates_narrow, policy_closed, wall_kept

TWO = dataclasses.replace(ANYTHING, approvals=2)
Ask: TypeAlias = Callable[[Desk], object]
OLD = orjson.loads((Path(__file__).parents[1] / "recorded" / "plan_format_1.json").read_bytes())


def office(folder: Path, **more: Any) -> Desk:
    """A keyholder that can read two manors, and grants anything that is what it says."""
    made = desk(folder, **more)
    made.world.put(estate(0), estate(1), shop())
    return made


def plan(*wanted: Control, at: int = 0) -> Plan:
    return repair(estate(at), *(wanted or (gates_narrow, policy_closed)))


def whole(base: Plan, *changes: Change, catalog: Catalog = CATALOG, **more: Any) -> dict[str, Json]:
    """A forged plan whose calls and undo follow from its images."""
    kind = catalog.kind(base.ref.kind)
    undo = undo_of(base.ref, changes, kind)
    calls = tuple(step.call for step in steps_of(base.ref, changes, kind))
    return forged(base, changes=changes, calls=calls, undo=undo or (), reversible=undo is not None, **more)


def redone(document: Mapping[str, Json], **members: Json) -> dict[str, Json]:
    """A document with other members and the id that fits them."""
    made = {**document, **members}
    content = {name: value for name, value in made.items() if name not in ("id", "permissions")}
    return {**made, "id": f"p-{digest(content)[:32]}"}


def gates(after: Iterable[str]) -> Change:
    return Change("gates", ["0.0.0.0/0", "10.0.0.0/8"], sorted(after))


def first_call(base: Plan, **changed: Any) -> tuple[Any, ...]:
    return (dataclasses.replace(base.calls[0], **changed), *base.calls[1:])


G, P = plan(gates_narrow), plan(policy_closed)
BOTH = plan()
OPENED = Change("policy", {"allow": "*"}, {"allow": "*", "more": "s3:*"})
UNKNOWN = Unknown("it could not be read")

PLANS: Mapping[str, tuple[dict[str, Json], str]] = {
    # calls and the way back
    "one more call": (forged(G, calls=(*G.calls, toy.call("Burn", G.ref))), "calls"),
    "another operation": (forged(G, calls=first_call(G, operation="house.Burn")), "calls"),
    "other parameters": (forged(G, calls=first_call(G, parameters={"Items": ["10.0.0.0/8"]})), "calls"),
    "another region": (forged(G, calls=first_call(G, region="there")), "calls"),
    "a wider permission": (forged(G, calls=first_call(G, permissions=(Permission("Remove", "*"),))), "calls"),
    "one more permission": (
        forged(G, calls=first_call(G, permissions=(*G.calls[0].permissions, Permission("Burn", G.ref.address)))),
        "calls",
    ),
    "a permission on another resource": (
        forged(G, calls=first_call(G, permissions=(Permission("Remove", REFS[1].address),))),
        "calls",
    ),
    "no permission": (forged(G, calls=first_call(G, permissions=())), "calls"),
    "one call less": (forged(BOTH, calls=BOTH.calls[:1]), "calls"),
    "calls in another order": (forged(BOTH, calls=BOTH.calls[::-1]), "calls"),
    "no call": (forged(G, calls=()), "calls"),
    "undo elsewhere": (forged(G, undo=tuple(dataclasses.replace(c, region="there") for c in G.undo)), "undo"),
    "undo of more": (forged(G, undo=(*G.undo, toy.call("Burn", G.ref))), "undo"),
    "no undo": (forged(G, undo=()), "undo"),
    "said to be irreversible": (forged(G, undo=(), reversible=False), "undo, reversible"),
    # images: each a state in which the control passes
    "a closed gate that opens another": (whole(G, gates(["10.0.0.0/8", "6.6.6.6/32"])), "changes"),
    "both halves of the internet": (whole(G, gates(["10.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1"])), "changes"),
    "a neighbour goes too": (whole(G, gates([])), "changes"),
    "nothing offends and nothing is fixed": (whole(G, gates(["0.0.0.0/0", "10.0.0.0/8"])), "changes"),
    "everything opens": (whole(G, gates(["0.0.0.0/0", "10.0.0.0/8", "::/0"])), "changes"),
    "a closed policy that is another one": (whole(P, Change("policy", {"allow": "*"}, {"allow": "eve"})), "changes"),
    "a policy that opens more": (whole(P, OPENED), "changes"),
    "one more facet": (whole(G, gates(["10.0.0.0/8"]), Change("crest", "lion", "eagle")), "changes"),
    "a facet that no named control changes": (whole(G, Change("wall", {"high": False}, {"high": True})), "changes"),
    "the other control's facet": (whole(G, Change("policy", {"allow": "*"}, ABSENT)), "changes"),
    "one facet of two": (whole(BOTH, gates(["10.0.0.0/8"])), "changes"),
    "facets in another order": (whole(BOTH, *BOTH.changes[::-1]), "changes"),
    "one facet twice": (whole(G, gates(["10.0.0.0/8"]), gates(["10.0.0.0/8"])), "changes"),
    "a before that is not the value": (
        whole(G, Change("gates", ["0.0.0.0/0", "9.0.0.0/8"], ["10.0.0.0/8"])),
        "changes",
    ),
    "an unknown facet": (forged(G, changes=(Change("moat", 1, 2),)), "changes"),
    "images of another shape": (forged(G, changes=(Change("gates", 1, 2),)), "changes"),
    "no change at all": (forged(G, changes=(), calls=(), undo=()), "changes"),
    # values: what the controls are asked with
    "policy from absent to everyone, the wall left out": (
        whole(P, Change("policy", ABSENT, {"allow": "*"}), values={"policy": ABSENT}),
        "cannot be told",
    ),
    "policy from absent to everyone, the wall said to be unknown": (
        whole(P, Change("policy", ABSENT, {"allow": "*"}), values={**P.values, "policy": ABSENT, "wall": UNKNOWN}),
        "cannot be told",
    ),
    "a facet that the control reads left out": (
        forged(P, values={name: value for name, value in P.values.items() if name != "wall"}),
        "cannot be told",
    ),
    "a facet that the control reads said to be unknown": (
        forged(P, values={**P.values, "wall": UNKNOWN}),
        "cannot be told",
    ),
    "the changed facet said to be unknown": (forged(P, values={**P.values, "policy": UNKNOWN}), "cannot be told"),
    "values under which the control passes": (forged(P, values={**P.values, "wall": {"high": True}}), "already passes"),
    "one more value": (forged(P, values={**P.values, "crest": "lion"}), "values"),
    "one value less": (forged(P, values={name: v for name, v in P.values.items() if name != "gates"}), "values|untold"),
    "other values than there are": (
        repair(estate(0, gates=["0.0.0.0/0", "9.0.0.0/8"]), gates_narrow).to_json(),
        "the gates of .* is not as the plan",
    ),
    "another value of a facet that is not changed": (
        repair(estate(0, wall={"high": True}), gates_narrow).to_json(),
        "the wall of .* is not as the plan says",
    ),
    # controls and what is said of them
    "no control": (forged(G, controls=()), "names no control"),
    "an unknown control": (forged(G, controls=("toy.manor.nonsense",)), "there is no control"),
    "a control of another kind": (forged(G, controls=("toy.house.lamp-lit",)), "no control of the kind"),
    "another control of the kind": (forged(G, controls=(policy_closed.id,)), "because"),
    "one control more": (forged(G, controls=(gates_narrow.id, policy_closed.id)), "because"),
    "one control less": (forged(BOTH, controls=(gates_narrow.id,)), "because"),
    "a control that passes": (forged(G, controls=(gates_narrow.id, wall_kept.id)), "already passes"),
    "another reason": (forged(G, because={gates_narrow.id: "a small tidying"}), "because"),
    "no reason": (forged(G, because={}), "because"),
    "no disruption": (forged(G, disruption=()), "disruption"),
    "fixes more": (forged(G, fixes=(*G.fixes, policy_closed.id)), "fixes"),
    "breaks nothing, it says": (forged(plan(gates_narrow), breaks=("toy.manor.wall-kept",)), "breaks"),
    "cannot be told, it says": (forged(G, untold=(wall_kept.id,)), "untold"),
    "takes something back, it says": (forged(G, of=P.id), "of"),
    # settings
    "an unknown setting": (forged(G, settings={gates_narrow.id: {"anything": 1}}), "there is no setting"),
    "a setting that is none": (forged(G, settings={gates_narrow.id: {"replacement": ["0.0.0.0/0"]}}), "whole internet"),
    "settings left out": (forged(G, settings={}), "settings"),
    "settings of a control that has no part": (
        forged(G, settings={**G.settings, "toy.house.lamp-lit": {"watts": 7}}),
        "settings",
    ),
    "a setting that the change does not follow": (
        forged(G, settings={gates_narrow.id: {"replacement": ["6.6.6.6/32"]}}),
        "changes",
    ),
    # the resource
    "a wildcard in the address": (forged(G, ref=dataclasses.replace(G.ref, address="toy:*")), "wildcard"),
    "a wildcard in the account": (forged(G, ref=dataclasses.replace(G.ref, account="*")), "wildcard"),
    "a variable in the address": (forged(G, ref=dataclasses.replace(G.ref, address="toy:${aws:user}")), "wildcard"),
    "a question mark in the id": (forged(G, ref=dataclasses.replace(G.ref, id="m?")), "wildcard"),
    "another account": (
        repair(dataclasses.replace(estate(), ref=dataclasses.replace(G.ref, account="b")), gates_narrow).to_json(),
        "no role in account `b`",
    ),
    "an unknown kind": (forged(G, ref=dataclasses.replace(G.ref, kind="toy.castle")), "there is no kind"),
    "another kind": (forged(G, ref=dataclasses.replace(G.ref, kind="toy.house")), "no control of the kind"),
    "calls of one resource under the name of the other": (forged(G, ref=REFS[1]), "calls"),
    "a resource that does not exist": (
        repair(
            Resource(dataclasses.replace(G.ref, id="m9", address="toy:m9"), estate().facets), gates_narrow
        ).to_json(),
        "cannot read the resource",
    ),
    # format and catalog
    "an older format": (OLD, "older goldseam"),
    "a newer format": (redone(G.to_json(), format=3), "upgrade"),
    "another catalog": (forged(G, catalog_version="0123456789abcdef"), "made by catalog 0123456789abcdef"),
    "no catalog": (forged(G, catalog_version=""), "made by catalog unknown"),
    "another cloud": (redone(G.to_json(), cloud="aws"), "not what its id says"),
    "something to confirm": (redone(G.to_json(), confirm={"after": 600}), "not what its id says"),
    "one more member": (redone(G.to_json(), approved=True), "not what its id says"),
    "content that the id does not name": ({**G.to_json(), "because": {}}, "not what its id says"),
    "the id of another plan": ({**G.to_json(), "id": P.id}, "not what its id says"),
    "permissions that the calls do not take": ({**G.to_json(), "permissions": []}, "not what its id says"),
    "no plan": ({"id": "p-1"}, "not a plan"),
    "a plan of nonsense": ({"id": "p-1", "format": 2, "purpose": "joke"}, "not a plan"),
    # a purpose that asks for less
    "a rollback of nothing": (forged(G, purpose=Purpose.ROLLBACK, of=P.id, controls=()), "was not granted here"),
    "a recovery of nothing": (forged(G, purpose=Purpose.RECOVERY, of=P.id, controls=()), "was not granted here"),
    "a rollback of itself": (back(P).to_json(), "was not granted here"),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_forged_plan_is_not_granted(tmp_path: Path, name: str) -> None:
    """Under a rule that allows everything without approval, in automated mode."""
    forgery, why = PLANS[name]
    room = office(tmp_path)
    with pytest.raises(GrantRefused, match=why):
        room.ask(forgery)
    assert room.sts.asked == []
    assert room.keyholder.journal.granted() == {}


def test_what_was_forged_is_granted_when_it_is_genuine(tmp_path: Path) -> None:
    room = office(tmp_path)
    for genuine in (BOTH, plan(gates_narrow, at=1), plan(policy_closed, at=1)):
        assert room.ask(genuine.to_json()).narrowed
    assert {ref.id for ref, _ in room.world.asked} == {"m1", "m2"}


class Blind:
    """A cloud that cannot check its addresses."""

    def addressed(self, kind: Kind, ref: Ref) -> Unknown:
        del kind, ref
        return Unknown("its ids say nothing")


@pytest.mark.parametrize(
    ("name", "addresses", "why"),
    [
        ("aws", AWS_CLOUD, "does not know the cloud of `toy.manor`"),
        ("toy", Blind(), "is the address of `m1` is unknown: its ids say nothing"),
        ("toy", AWS_CLOUD, "`toy:m1` is not the address of `m1`"),
    ],
    ids=["a cloud that it does not know", "a cloud that cannot check", "a check of another cloud"],
)
def test_an_address_that_nobody_vouches_for_is_refused(
    tmp_path: Path, name: str, addresses: AddressCheck, why: str
) -> None:
    """The mutations: pass where the cloud is not known; take `Unknown` for yes; check kinds of AWS only, as before."""
    room = office(tmp_path)
    assert room.ask(plan(gates_narrow, at=1).to_json()).narrowed
    room.keyholder = dataclasses.replace(room.keyholder, clouds=in_reach(room.sts, room.world, name, addresses))
    given, read = len(room.sts.asked), len(room.world.asked)
    with pytest.raises(GrantRefused, match=re.escape(why)):
        room.ask(BOTH.to_json())
    assert (len(room.sts.asked), len(room.world.asked)) == (given, read)


def test_a_forged_address_of_a_made_up_cloud_is_refused(tmp_path: Path) -> None:
    """The mutation: check the addresses of one cloud only; this plan then was granted."""
    room = office(tmp_path)
    room.world.put(Resource(dataclasses.replace(REFS[0], address="toy:m2"), estate().facets))
    elsewhere = Resource(dataclasses.replace(REFS[0], address="toy:m2"), estate().facets)
    with pytest.raises(GrantRefused, match="`toy:m2` is not the address of `m1`"):
        room.ask(repair(elsewhere, gates_narrow).to_json())
    assert room.sts.asked == []


def test_the_account_of_one_cloud_is_none_of_another(tmp_path: Path) -> None:
    """The mutation: look for the account alone; a role of one cloud was then asked for a plan of another."""
    room = office(tmp_path, clouds={"acc": "aws"})
    with pytest.raises(GrantRefused, match="account `acc` is one of `aws` there, and the plan is for `toy`"):
        room.ask(BOTH.to_json())
    assert room.sts.asked == []


SHOP = Ref("aws.s3.bucket", "111122223333", "eu-central-1", "shop", "arn:aws:s3:::shop")
AWS = aws_catalog()
S3 = AWS.control("aws.s3.bucket.policy-not-public")
EVERYONE = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::shop/*"}


def shop(**facets: Value | Unknown) -> Resource:
    """A bucket whose policy is open to everyone."""
    made = {facet.name: Unknown("not here") for facet in AWS.kind("aws.s3.bucket").facets}
    held = {name: S3.kind.facet(name).normal(value) for name, value in S3.violating[0].facets.items()}
    return Resource(SHOP, {**made, **held, **facets})


def test_the_forgery_that_was_granted_once_on_a_real_bucket(tmp_path: Path) -> None:
    """`policy: absent -> Allow * s3:*` under policy-not-public, which reads another facet too."""
    genuine = propose(shop(), [S3], AWS.controls_of["aws.s3.bucket"], catalog_version=AWS.version)
    assert len(S3.reads) > 1
    opened = S3.kind.facet("policy").normal({"Version": "2012-10-17", "Statement": [EVERYONE]})
    lie = whole(genuine, Change("policy", ABSENT, opened), catalog=AWS, values={"policy": ABSENT})
    room = office(tmp_path, roles={SHOP.account: "arn:aws:iam::111122223333:role/r"}, clouds={SHOP.account: "aws"})
    room.keyholder = dataclasses.replace(
        room.keyholder, catalog=AWS, clouds=in_reach(room.sts, room.world, "aws", AWS_CLOUD)
    )
    with pytest.raises(GrantRefused, match=r"cannot be told|already passes"):
        room.ask(lie)
    stranger = forged(genuine, ref=dataclasses.replace(SHOP, id="till"))
    with pytest.raises(GrantRefused, match="is not the address of `till`"):
        room.ask(stranger)
    assert room.sts.asked == []


# What the resource really is: the keyholder's own reading.


def gone(room: Desk) -> None:
    room.world.resources.clear()


def unreadable(room: Desk) -> None:
    room.world.failing = AccessDenied("no", code="AccessDenied")


def no_role(room: Desk) -> None:
    room.world.failing = GrantRefused("it has no role to read account `acc`")


def one_facet_unread(room: Desk) -> None:
    room.world.unread = frozenset(["wall"])


@pytest.mark.parametrize(
    ("trouble", "why"),
    [(gone, "does not exist"), (unreadable, "cannot read the resource"), (no_role, "no role to read"),
     (one_facet_unread, "cannot read the wall")],
)  # fmt: skip
def test_what_the_keyholder_cannot_read_is_granted_only_on_a_signed_approval(
    tmp_path: Path, trouble: Callable[[Desk], None], why: str
) -> None:
    """The mutation: let `compared` answer nothing where it could not read."""
    room, wanted = office(tmp_path), plan()
    trouble(room)
    with pytest.raises(GrantRefused, match=f"0 of the 1 signed approvals.*{why}"):
        room.ask(wanted.to_json())
    with pytest.raises(GrantRefused, match="0 of the 1"):
        room.ask(wanted.to_json(), approvals=({"plan": wanted.id, "by": "ada", "groups": [], "at": NOON.isoformat()},))
    with pytest.raises(GrantRefused, match="0 of the 1"):
        room.ask(wanted.to_json(), approvals=(room.approval(plan(at=1), "ada"),))
    assert room.sts.asked == []
    assert room.ask(wanted.to_json(), approved_by=("ada",)).narrowed


@pytest.mark.parametrize("facet", ["gates", "policy", "wall"])
def test_a_resource_that_moved_is_not_granted_whoever_approves(tmp_path: Path, facet: str) -> None:
    """Each facet that is read by a control of a changed facet, one at a time."""
    room, wanted = office(tmp_path), plan()
    room.world.put(
        estate(0, **{facet: {"gates": ["0.0.0.0/0"], "policy": {"allow": "*", "x": 1}, "wall": {"high": 0}}[facet]})
    )
    with pytest.raises(GrantRefused, match=f"the {facet} of toy:m1 is not as the plan says"):
        room.ask(wanted.to_json(), approved_by=("ada", "ben"))


def test_a_change_that_waits_is_not_granted_beside(tmp_path: Path) -> None:
    room = office(tmp_path)
    room.world.put(dataclasses.replace(estate(0), pending={"wall": "a restart"}))
    with pytest.raises(GrantRefused, match="a change of the wall still waits"):
        room.ask(plan().to_json(), approved_by=("ada",))


def test_the_other_resource_is_read_and_not_the_first_one(tmp_path: Path) -> None:
    room = office(tmp_path)
    room.world.put(estate(1, gates=["10.0.0.0/8"]))
    with pytest.raises(GrantRefused, match="the gates of toy:m2 is not as the plan says"):
        room.ask(plan(gates_narrow, at=1).to_json())
    assert room.ask(plan(gates_narrow).to_json()).narrowed


def test_what_cannot_be_taken_back_needs_a_signed_approval(tmp_path: Path) -> None:
    room = office(tmp_path)
    room.world.put(toy.house(seal=ABSENT))
    welded = repair(toy.house(seal=ABSENT), toy.sealed)
    with pytest.raises(GrantRefused, match="it cannot be taken back"):
        room.ask(welded.to_json())
    assert room.ask(welded.to_json(), approved_by=("ben",)).narrowed


def test_what_cannot_be_told_of_another_control_needs_a_signed_approval(tmp_path: Path) -> None:
    room, partly = office(tmp_path), estate(0, gates=[], policy=Unknown("denied"))
    room.world.put(partly)
    raised = repair(partly, wall_kept)
    assert raised.untold == (gates_narrow.id, policy_closed.id)
    with pytest.raises(GrantRefused, match=f"on these controls is unknown: {gates_narrow.id}, {policy_closed.id}"):
        room.ask(raised.to_json())
    assert room.ask(raised.to_json(), approved_by=("ben",)).narrowed


# Settings: the controls' defaults, or those that the keyholder's rules list.


def with_settings(**chosen: Json) -> Plan:
    def settings_of(control: Control, resource: Resource) -> Mapping[str, Json]:
        return control.chosen(chosen if control == gates_narrow else {})

    controls = CATALOG.controls_of["toy.manor"]
    return propose(estate(0), [gates_narrow], controls, settings_of, catalog_version=CATALOG.version)


def test_settings_beside_the_defaults_are_listed_or_signed_for(tmp_path: Path) -> None:
    """The mutation: leave the settings out of `allowed`."""
    wanted = with_settings(replacement=["6.6.6.6/32"])
    assert wanted.changes[0].after == ["10.0.0.0/8", "6.6.6.6/32"]
    plain_rule = office(tmp_path / "a")
    with pytest.raises(GrantRefused, match=r"0 of the 1.*do not list setting `replacement` as \[\"6.6.6.6/32\"\]"):
        plain_rule.ask(wanted.to_json())
    assert plain_rule.ask(wanted.to_json(), approved_by=("ada",)).narrowed
    listing = dataclasses.replace(ANYTHING, settings={"replacement": (["6.6.6.6/32"],)})
    assert office(tmp_path / "b", rules=(listing,)).ask(wanted.to_json()).narrowed
    other = dataclasses.replace(ANYTHING, settings={"replacement": (["9.9.9.9/32"],), "instead": (["6.6.6.6/32"],)})
    with pytest.raises(GrantRefused, match="do not list setting"):
        office(tmp_path / "c", rules=(other,)).ask(wanted.to_json())


# What takes something back: the inverse of what was granted, on the same resource, once, under the same rules.


def granted(room: Desk, wanted: Plan) -> Plan:
    room.ask(wanted.to_json(), approved_by=("ada", "ben"))
    room.world.carry_out(wanted)
    return wanted


def test_a_rollback_is_the_inverse_on_the_same_resource_once(tmp_path: Path) -> None:
    room = office(tmp_path)
    first = granted(room, BOTH)
    undo = back(first)
    assert room.ask(undo.to_json()).narrowed
    with pytest.raises(AlreadyDone):
        room.ask(undo.to_json())
    again = back(first)
    other_id = dataclasses.replace(again, follows=undo.id)
    with pytest.raises(AlreadyDone, match="was taken back before"):
        room.ask(other_id.to_json())
    assert len(room.sts.asked) == 2


ELSEWHERE = Resource(REFS[1], {**estate(1).facets, "gates": ["10.0.0.0/8"], "policy": ABSENT})


def returning(now: Resource, target: Mapping[str, Value], of: Plan, purpose: Purpose = Purpose.ROLLBACK) -> Plan:
    from goldseam.repair.propose import restoration  # noqa: PLC0415

    return restoration(now, target, MANOR, rules("toy.manor"), purpose=purpose, of=of.id, follows=of.id)


AFTER = estate(0, gates=["10.0.0.0/8"], policy=ABSENT)
HALF = estate(0, gates=["10.0.0.0/8"])
WIDE = ["0.0.0.0/0", "10.0.0.0/8"]
RETURNS: Mapping[str, tuple[Plan, str]] = {
    "another resource": (
        returning(ELSEWHERE, {"policy": {"allow": "*"}, "gates": WIDE}, BOTH), "another resource"),
    "a forged image": (
        returning(AFTER, {"policy": {"allow": "*", "x": 1}, "gates": WIDE}, BOTH), "does not restore"),
    "an image that was never there": (returning(AFTER, {"gates": ["0.0.0.0/0"]}, BOTH), "does not restore"),
    "another facet": (returning(AFTER, {"crest": "eagle"}, BOTH), "it changes the crest"),
    "one facet of two": (returning(AFTER, {"policy": {"allow": "*"}}, BOTH), "not exactly as"),
    "another order": (
        returning(AFTER, {"gates": ["0.0.0.0/0", "10.0.0.0/8"], "policy": {"allow": "*"}}, BOTH), "changes, calls"),
    "from a state that it did not lead to": (
        returning(HALF, {"gates": ["0.0.0.0/0", "10.0.0.0/8"]}, BOTH), "not as the plan says"),
    "another purpose": (dataclasses.replace(back(BOTH), purpose=Purpose.REPAIR), "names no control"),
    "with calls of its own": (
        dataclasses.replace(back(BOTH), calls=(*back(BOTH).calls, toy.call("Burn", REFS[0]))), "calls"),
    "that hides what it opens": (dataclasses.replace(back(BOTH), breaks=()), "breaks"),
    "a recovery for another resource": (
        returning(ELSEWHERE, {"policy": {"allow": "*"}}, BOTH, Purpose.RECOVERY), "another resource"),
    "a recovery to a forged image": (
        returning(AFTER, {"policy": {"allow": "eve"}}, BOTH, Purpose.RECOVERY), "does not restore"),
    "a recovery from a state that is not the plan's": (
        returning(estate(0, policy={"allow": "eve"}), {"policy": {"allow": "*"}}, BOTH, Purpose.RECOVERY),
        "does not begin at a state"),
}  # fmt: skip


@pytest.mark.parametrize("name", RETURNS)
def test_a_forged_return_is_not_granted(tmp_path: Path, name: str) -> None:
    forgery, why = RETURNS[name]
    room = office(tmp_path)
    granted(room, BOTH)
    with pytest.raises(GrantRefused, match=why):
        room.ask(forgery.to_json())
    assert len(room.sts.asked) == 1


def test_a_recovery_begins_at_any_state_of_the_plan(tmp_path: Path) -> None:
    room = office(tmp_path)
    room.ask(BOTH.to_json())
    room.world.put(HALF)
    recovery = back(BOTH, HALF, Purpose.RECOVERY)
    assert [change.facet for change in recovery.changes] == ["gates"]
    assert room.ask(recovery.to_json()).narrowed


def test_a_rollback_of_a_rollback_is_granted_under_the_rules_of_the_first(tmp_path: Path) -> None:
    room = office(tmp_path)
    first = granted(room, BOTH)
    undo = back(first)
    granted(room, undo)
    redo = back(undo, estate(0))
    assert room.ask(redo.to_json()).narrowed
    assert room.decisions[-1]["controls"] == []
    narrow = office(tmp_path / "b", rules=(dataclasses.replace(ANYTHING, controls=(policy_closed.id,)),))
    with pytest.raises(GrantRefused, match=f"control `{gates_narrow.id}`"):
        narrow.ask(BOTH.to_json())


def test_a_rule_s_controls_and_approvals_hold_for_what_takes_back(tmp_path: Path) -> None:
    """The mutation: ask the allow-list about the rollback's own controls, of which it has none."""
    room = office(tmp_path)
    first = granted(room, BOTH)
    stricter = dataclasses.replace(
        room.keyholder.config, rules=(dataclasses.replace(ANYTHING, controls=(policy_closed.id,)),)
    )
    room.keyholder = dataclasses.replace(room.keyholder, config=stricter)
    with pytest.raises(GrantRefused, match=f"control `{gates_narrow.id}`"):
        room.ask(back(first).to_json())
    room.keyholder = dataclasses.replace(room.keyholder, config=dataclasses.replace(stricter, rules=(TWO,)))
    with pytest.raises(GrantRefused, match="1 of the 2"):
        room.ask(back(first).to_json(), approved_by=("ada",))
    half = dataclasses.replace(back(BOTH, HALF, Purpose.RECOVERY))
    room.world.put(HALF)
    with pytest.raises(GrantRefused, match="0 of the 2"):
        room.ask(half.to_json())


def test_an_emergency_takes_one_signed_approval_and_is_a_rollback(tmp_path: Path) -> None:
    room = office(tmp_path, rules=(TWO,))
    first = granted(room, BOTH)
    undo = back(first)
    with pytest.raises(GrantRefused, match="1 of the 2"):
        room.ask(undo.to_json(), approved_by=("ada",))
    unsigned = {**room.approval(undo, "ben"), "emergency": True}
    with pytest.raises(GrantRefused, match="0 of the 2"):
        room.ask(undo.to_json(), approvals=(unsigned,))
    fresh = plan(gates_narrow, at=1)
    with pytest.raises(GrantRefused, match="an emergency, which only a rollback can be"):
        room.ask(fresh.to_json(), approvals=(room.approval(fresh, "ada", emergency=True),))
    assert room.ask(undo.to_json(), approvals=(room.approval(undo, "ada", emergency=True),)).narrowed
    assert room.decisions[-1]["emergency"] is True


def test_an_emergency_needs_a_signature_even_where_a_rule_needs_none(tmp_path: Path) -> None:
    room = office(tmp_path)
    first = granted(room, BOTH)
    assert room.ask(back(first).to_json(), approvals=(room.approval(back(first), "ada", emergency=True),)).narrowed


# Who asks, for whom, and when.


def sent(room: Desk, body: bytes, asked: message.Asking) -> object:
    return message.key_in(room.keyholder.answer(body), asked, room.keyholder.signer.keyholder_name)


def request(room: Desk, document: Mapping[str, Json] = BOTH.to_json(), **more: Any) -> message.Asking:
    given = {
        "signer": room.requester,
        "keyholder": room.keyholder.signer.keyholder_name,
        "now": room.clock.now(),
        **more,
    }
    return message.asking(document, (), **given)


def by_a_stranger(room: Desk) -> object:
    return room.ask(BOTH.to_json(), signer=PrivateKey.fresh())


def by_an_approver(room: Desk) -> object:
    return room.ask(BOTH.to_json(), signer=room.approvers["ada"])


def by_the_keyholder_itself(room: Desk) -> object:
    return room.ask(BOTH.to_json(), signer=room.keyholder.signer)


def under_another_s_name(room: Desk) -> object:
    asked = request(room, signer=PrivateKey.fresh())
    envelope = orjson.loads(asked.body)
    envelope["message"]["requester"] = room.requester.verifier.text
    return sent(room, orjson.dumps(envelope), asked)


def for_another_keyholder(room: Desk) -> object:
    asked = request(room, keyholder=PrivateKey.fresh().keyholder_name)
    return sent(room, asked.body, asked)


def twice(room: Desk) -> object:
    asked = request(room, plan(gates_narrow, at=1).to_json())
    room.keyholder.answer(asked.body)
    room.sts.asked.clear()
    return sent(room, asked.body, asked)


def moved_in_time(minutes: int, room: Desk) -> object:
    asked = request(room, now=NOON + timedelta(minutes=minutes))
    return sent(room, asked.body, asked)


def changed_word(word: str, room: Desk) -> object:
    asked = request(room)
    envelope = orjson.loads(asked.body)
    kept = envelope["message"][word]
    envelope["message"][word] = f"{kept}x" if isinstance(kept, str) else [kept, kept]
    return sent(room, orjson.dumps(envelope), asked)


def without_a_word(word: str, room: Desk) -> object:
    asked = request(room)
    envelope = orjson.loads(asked.body)
    del envelope["message"][word]
    message_ = envelope["message"]
    signed = {"message": message_, "signature": room.requester.sign(message_)}
    return sent(room, orjson.dumps(signed), asked)


def another_signature(room: Desk) -> object:
    asked = request(room)
    envelope = orjson.loads(asked.body)
    other = orjson.loads(request(room, P.to_json()).body)
    return sent(room, orjson.dumps({**envelope, "signature": other["signature"]}), asked)


def not_json(room: Desk) -> object:
    return sent(room, b"\xff{", request(room))


def unsigned(room: Desk) -> object:
    asked = request(room)
    return sent(room, orjson.dumps({"message": orjson.loads(asked.body)["message"]}), asked)


INCOMPLETE = "not signed|another keyholder|malformed|not from the keyholder"
WORDS = ("type", "keyholder", "requester", "nonce", "time", "reply_to", "code")
ASKS: Mapping[str, tuple[Ask, str]] = {
    "a stranger": (by_a_stranger, "not signed by anyone"),
    "an approver as a requester": (by_an_approver, "not signed by anyone"),
    "the keyholder's own key": (by_the_keyholder_itself, "not signed by anyone"),
    "another's name": (under_another_s_name, "not signed by anyone"),
    "another keyholder": (for_another_keyholder, "another keyholder"),
    "sent twice": (twice, "sent before"),
    "six minutes old": (partial(moved_in_time, -6), "5 minutes"),
    "six minutes early": (partial(moved_in_time, 6), "5 minutes"),
    "the signature of another request": (another_signature, "not signed by anyone"),
    "not JSON": (not_json, "not from the keyholder|not a signed message"),
    "no signature": (unsigned, "not from the keyholder|not a signed message"),
    **{f"{word} changed on the way": (partial(changed_word, word), "not signed by anyone") for word in WORDS},
    **{f"{word} left out": (partial(without_a_word, word), INCOMPLETE) for word in WORDS},
}


@pytest.mark.parametrize("name", ASKS)
def test_a_forged_request_is_not_granted(tmp_path: Path, name: str) -> None:
    ask, why = ASKS[name]
    room = office(tmp_path)
    with pytest.raises(GrantRefused, match=why):
        ask(room)
    assert room.sts.asked == []


# Approvals: two people with two keys.


def stated(room: Desk, by: str, key: str, **changed: Json) -> dict[str, Json]:
    """An approval with changed words, signed again with a key."""
    made = {name: value for name, value in room.approval(BOTH, by).items() if name != "signature"} | changed
    return {**made, "signature": room.approvers[key].sign({"purpose": "goldseam approval/1", **made})}


APPROVALS: Mapping[str, tuple[Callable[[Desk], dict[str, Json]], str]] = {
    "the same person": (lambda room: room.approval(BOTH, "ada"), ""),
    "by another's hand": (lambda room: stated(room, "ben", "ada"), "`ben` is not signed"),
    "a stranger": (lambda room: signed_approval(BOTH, "eve", PrivateKey.fresh(), NOON), "`eve` is by nobody"),
    "the requester": (lambda room: signed_approval(BOTH, "console", room.requester, NOON), "`console` is by nobody"),
    "the requester as ben": (lambda room: signed_approval(BOTH, "ben", room.requester, NOON), "`ben` is not signed"),
    "for another plan": (lambda room: room.approval(P, "ben"), "for another plan"),
    "for the same plan on another resource": (lambda room: room.approval(plan(at=1), "ben"), "for another plan"),
    "another digest": (lambda room: stated(room, "ben", "ben", digest="0" * 64), "for another plan"),
    "another id": (lambda room: stated(room, "ben", "ben", plan=P.id), "for another plan"),
    "a changed word": (lambda room: {**room.approval(BOTH, "ben"), "comment": "all of it"}, "is not signed"),
    "expired": (lambda room: stated(room, "ben", "ben", at=(NOON - timedelta(hours=25)).isoformat()), "has expired"),
    "from the future": (lambda room: stated(room, "ben", "ben", at=(NOON + timedelta(hours=1)).isoformat()), "future"),
    "without a time": (lambda room: stated(room, "ben", "ben", at="soon"), "no time"),
    "unsigned": (lambda room: {**room.approval(BOTH, "ben"), "signature": ""}, "is not signed"),
    "an emergency of a repair": (lambda room: room.approval(BOTH, "ben", emergency=True), "an emergency"),
    "a name that is a list": (lambda room: {**room.approval(BOTH, "ben"), "by": ["ben"]}, "is by nobody"),
}


@pytest.mark.parametrize("name", APPROVALS)
def test_a_forged_approval_does_not_count(tmp_path: Path, name: str) -> None:
    make, why = APPROVALS[name]
    room = office(tmp_path, rules=(TWO,))
    with pytest.raises(GrantRefused, match=f"has 1 of the 2 signed approvals.*{why}"):
        room.ask(BOTH.to_json(), approved_by=("ada",), approvals=(make(room),))
    assert room.sts.asked == []
    assert room.ask(BOTH.to_json(), approved_by=("ada", "ben")).narrowed


def test_the_table_is_as_long_as_the_forgeries_that_were_tried() -> None:
    assert len(PLANS) + len(RETURNS) + len(ASKS) + len(APPROVALS) >= 86
