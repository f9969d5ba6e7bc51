"""Security groups: nothing but what offends goes, all of it goes, and it comes back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.assess.evaluate import Status, evaluate
from goldseam.clouds.aws.group_rules import atom, atoms, from_world, identity, permissions
from goldseam.clouds.aws.port_ranges import ALL
from goldseam.clouds.aws.services.ec2 import authorized_ports, security_group
from goldseam.clouds.aws.services.ec2.open_ports import SERVICES, Service
from goldseam.clouds.aws.services.ec2.prefix_lists import prefix_list
from goldseam.clouds.aws.services.ec2.security_group import (
    PORTS_CLOSED,
    SECURITY_GROUP,
    all_traffic_closed,
    broad_range_closed,
    default_closed,
    port_control,
)
from goldseam.control import Catalog, Cidr, Compliant, Control, Setting, ShouldBe, Verdict, Violation
from goldseam.demo.emulator import EmbeddedCloud
from goldseam.model.errors import PlanRefused, UsageError
from goldseam.model.resource import Resource
from goldseam.model.values import Json, same
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose, reversal
from tests.aws.laws import after, held, ref_of, resource_of, says_its_piece
from tests.aws.live import Live, embedded, live
from tests.emulators import Moto

WORLD, WORLD6 = "0.0.0.0/0", "::/0"
RULES_AND_LISTS = ("ingress", "prefix_lists")
CONTROLS = Catalog.of([security_group, authorized_ports]).controls
BY_WORD = {control.id.rpartition(".")[2]: control for control in CONTROLS}
SSH, TELNET, DNS = (BY_WORD[f"port-{word}-closed"] for word in ("ssh", "telnet", "dns"))
PEER = "111122223333/sg-0123456789abcdef0"


PARTNERS = "pl-1"
EVERY_EIGHT = [f"{first}.0.0.0/8" for first in range(256)]


def group(*rules: Json, lists: Mapping[str, Json] | None = None) -> Resource:
    held = {PARTNERS: prefix_list()} if lists is None else lists
    facets = {"ingress": list(rules), "egress": [], "group_name": "web", "prefix_lists": held}
    return resource_of(SECURITY_GROUP, facets)


def ask(control: Control, ingress: list[Json], lists: Mapping[str, Json] | None = None, **settings: Json) -> Verdict:
    return control.rule(ingress, {PARTNERS: prefix_list()} if lists is None else lists, **settings)


def plan_for(resource: Resource, *controls: Control, **settings: Json) -> Plan:
    def chosen(control: Control, _: Resource) -> Mapping[str, Json]:
        return control.chosen(settings if control in controls else {})

    return propose(resource, controls, CONTROLS, chosen)


def ingress_after(plan: Plan, resource: Resource) -> list[Json]:
    rules = after(plan, resource).facets["ingress"]
    assert isinstance(rules, list)
    return rules


def same_rules(one: Iterable[Json], other: Iterable[Json]) -> bool:
    facet = SECURITY_GROUP.facet("ingress")
    return same(facet.normal(list(one)), facet.normal(list(other)))


# --- the family ---


def test_the_table_makes_a_control_of_each_row() -> None:
    assert len(PORTS_CLOSED) == len(SERVICES) == 40
    assert len({control.id for control in PORTS_CLOSED}) == 40
    assert len({row for control in PORTS_CLOSED for row in control.covers if row.startswith("seed:")}) == 34
    assert set(PORTS_CLOSED) < set(CONTROLS)
    says_its_piece(CONTROLS)


def test_every_fix_of_a_port_waits_for_the_fact_that_nobody_uses_it() -> None:
    assert {json.dumps(dict(control.disruption.unless)) for control in PORTS_CLOSED} == {'{"port_in_use": false}'}


def test_a_control_closes_every_port_of_its_row_and_no_other() -> None:
    for service, control in zip(SERVICES, PORTS_CLOSED, strict=True):
        pairs = [(name, port) for name, ports in service.ports.items() for port in ports]
        for name, port in pairs:
            assert isinstance(ask(control, [atom(WORLD, name, port)]), ShouldBe), (service.word, name, port)
            other = "udp" if name == "tcp" else "tcp"
            if (other, port) not in pairs:
                assert not isinstance(ask(control, [atom(WORLD, other, port)]), ShouldBe), (service.word, other, port)


# --- the cases that break the others ---


def test_peers_01_only_the_world_goes_and_the_other_sources_of_the_rule_stay_as_they_are() -> None:
    permission = {
        "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
        "IpRanges": [
            {"CidrIp": WORLD, "Description": "temporary"}, {"CidrIp": "10.0.0.0/8", "Description": "offices"}
        ],
        "Ipv6Ranges": [{"CidrIpv6": WORLD6}, {"CidrIpv6": "2001:db8::/32"}],
        "PrefixListIds": [{"PrefixListId": "pl-1", "Description": "partners"}],
        "UserIdGroupPairs": [{"UserId": "111122223333", "GroupId": "sg-1", "Description": "bastion"}],
    }  # fmt: skip
    before = group(*atoms([permission]))
    plan = plan_for(before, SSH)
    (call,) = plan.calls
    assert call.operation == "ec2.RevokeSecurityGroupIngress"
    gone = call.parameters["IpPermissions"]
    assert [entry["CidrIp"] for one in gone for entry in one.get("IpRanges", ())] == [WORLD]
    assert [entry["CidrIpv6"] for one in gone for entry in one.get("Ipv6Ranges", ())] == [WORLD6]
    assert not any("PrefixListIds" in one or "UserIdGroupPairs" in one for one in gone)
    stays = {(rule["source"], rule["description"]) for rule in ingress_after(plan, before)}
    assert stays == {
        ("10.0.0.0/8", "offices"), ("2001:db8::/32", ""), ("pl-1", "partners"), ("111122223333/sg-1", "bastion"),
    }  # fmt: skip


def test_peers_02_a_range_is_split_and_what_is_beside_the_port_stays_open_with_its_description() -> None:
    before = group(atom(WORLD, "tcp", 20, 8080, "old range"), atom("10.0.0.0/8", "tcp", 20, 8080, "inside"))
    plan = plan_for(before, SSH)
    left = [
        atom(WORLD, "tcp", 20, 21, "old range"),
        atom(WORLD, "tcp", 23, 8080, "old range"),
        atom("10.0.0.0/8", "tcp", 20, 8080, "inside"),
    ]
    assert same_rules(ingress_after(plan, before), left)
    assert [call.operation for call in plan.calls] == [
        "ec2.AuthorizeSecurityGroupIngress",
        "ec2.RevokeSecurityGroupIngress",
    ]
    assert broad_range_closed.id not in plan.fixes


@pytest.mark.parametrize("source", [WORLD, WORLD6, "128.0.0.0/1"])
def test_peers_08_a_range_of_all_ports_is_open(source: str) -> None:
    before = group(atom(source, "tcp", *ALL))
    plan = plan_for(before, SSH)
    assert same_rules(ingress_after(plan, before), [atom(source, "tcp", 0, 21), atom(source, "tcp", 23, 65535)])


def test_peers_08_a_rule_for_every_protocol_is_open_on_every_port_and_keeps_all_other_ports() -> None:
    before = group(atom(WORLD, "-1", description="all"), atom(PEER, "-1"))
    for control in PORTS_CLOSED:
        assert evaluate(before, [control])[0].status is Status.FAIL, control.id
    plan = plan_for(before, SSH)
    assert plan.calls
    left = ingress_after(plan, before)
    assert atom(PEER, "-1") in left
    ported = [(rule["protocol"], rule["from"], rule["to"]) for rule in left if rule["protocol"] in ("tcp", "udp")]
    assert sorted(ported) == [("tcp", 0, 21), ("tcp", 23, 65535), ("udp", 0, 65535)]
    assert {rule["protocol"] for rule in left} >= {"icmp", "47", "50"}
    assert {rule["description"] for rule in left if rule["source"] == WORLD} == {"all"}
    assert all_traffic_closed.id in plan.fixes


def test_a_rule_for_every_protocol_is_never_split_into_more_rules_than_a_group_may_have() -> None:
    """The mutation: `closed` does not compare with the quota."""
    before = group(atom(WORLD, "-1"))
    some = PORTS_CLOSED[::2]
    left = ingress_after(plan_for(before, *some), before)
    assert len(left) + 1 <= 60
    assert not any(isinstance(ask(control, left), ShouldBe) for control in some)
    with pytest.raises(PlanRefused, match="would not make"):
        plan_for(before, *PORTS_CLOSED)
    assert ingress_after(plan_for(before, all_traffic_closed, *PORTS_CLOSED), before) == []


def test_a_group_above_the_default_quota_is_still_mended() -> None:
    """The mutation: the quota is compared without asking how many rules there were."""
    many = [atom(f"10.{number}.0.0/16", "tcp", 22) for number in range(60)]
    before = group(atom(WORLD, "tcp", 20, 30), *many)
    assert len(ingress_after(plan_for(before, SSH), before)) == 62


def test_peers_14_zero_and_whole_numbers_mean_what_they_say() -> None:
    ten = atom(WORLD, "tcp", 8000, 8009)
    assert not isinstance(ask(broad_range_closed, [ten], most=10), ShouldBe)
    assert isinstance(ask(broad_range_closed, [ten], most=9), ShouldBe)
    with pytest.raises(Exception, match="the least is 1"):
        broad_range_closed.chosen({"most": 0})


# --- merging ---


def test_law_12_many_controls_on_one_group_become_one_authorize_and_one_revoke() -> None:
    before = group(atom(WORLD, "tcp", *ALL), atom(WORLD6, "udp", *ALL), atom("10.0.0.0/8", "tcp", 22))
    controls = [c for c in PORTS_CLOSED if evaluate(before, [c])[0].status is Status.FAIL]
    plan = plan_for(before, *controls)
    assert [call.operation for call in plan.calls] == [
        "ec2.AuthorizeSecurityGroupIngress",
        "ec2.RevokeSecurityGroupIngress",
    ]
    assert {control.id for control in controls} <= set(plan.fixes)
    assert plan.breaks == ()


def test_the_order_in_which_ports_are_closed_does_not_matter() -> None:
    before = group(atom(WORLD, "tcp", 20, 30), atom(WORLD, "-1"), atom(WORLD6, "tcp", 22, 25))
    one, other = plan_for(before, SSH, TELNET, DNS), plan_for(before, DNS, TELNET, SSH)
    assert same_rules(ingress_after(one, before), ingress_after(other, before))


def test_closing_one_port_of_a_broad_rule_breaks_no_other_control() -> None:
    for rule in (atom(WORLD, "-1"), atom(WORLD, "tcp", *ALL)):
        assert plan_for(group(rule), SSH).breaks == ()


# --- replacement ---


def test_replacements_get_the_port_and_nothing_else_each_in_its_own_ip_version() -> None:
    before = group(atom(WORLD, "tcp", 20, 30, "ops"), atom(WORLD6, "tcp", 443))
    given_ = ["192.0.2.0/24", "2001:db8::/32"]
    left = ingress_after(plan_for(before, SSH, replacement=given_), before)
    assert same_rules(left, [
        atom(WORLD, "tcp", 20, 21, "ops"), atom(WORLD, "tcp", 23, 30, "ops"),
        atom("192.0.2.0/24", "tcp", 22, 22, "ops"), atom(WORLD6, "tcp", 443),
    ])  # fmt: skip


def test_a_replacement_that_is_there_already_keeps_its_own_description() -> None:
    there = atom("192.0.2.0/24", "tcp", 22, description="offices")
    before = group(atom(WORLD, "tcp", 22, description="temporary"), there)
    plan = plan_for(before, SSH, replacement=["192.0.2.0/24"])
    assert same_rules(ingress_after(plan, before), [there])
    assert [call.operation for call in plan.calls] == ["ec2.RevokeSecurityGroupIngress"]


@pytest.mark.parametrize(
    "networks", [["0.0.0.0/1", "128.0.0.0/1"], ["192.0.2.0/24", "0.0.0.0/1"], EVERY_EIGHT, ["::/0"]]
)
def test_a_replacement_as_wide_as_the_world_is_refused(networks: list[str]) -> None:
    """The mutation: `_refuse_internet` asks each network alone, or only whether one is 0.0.0.0/0."""
    for control in (SSH, all_traffic_closed):
        with pytest.raises(UsageError, match=r"the internet at large|the whole internet"):
            control.chosen({"replacement": networks})
    assert control.chosen({"replacement": ["192.0.2.0/24", "11.0.0.0/8"]})["replacement"]
    with pytest.raises(UsageError, match="the internet at large"):
        Setting("network", Cidr, "").parsed("128.0.0.0/1")


# --- arithmetic over all groups ---

PORT = st.sampled_from([0, 1, 20, 21, 22, 23, 24, 25, 52, 53, 54, 3389, 8080, 65534, 65535])
SOURCE = st.sampled_from([WORLD, WORLD6, "0.0.0.0/1", "10.0.0.0/8", "2001:db8::/32", "pl-1", PEER])


@st.composite
def rules(draw: st.DrawFn) -> Json:
    protocol = draw(st.sampled_from(["tcp", "udp", "-1", "icmp", "50"]))
    source, description = draw(SOURCE), draw(st.sampled_from(["", "a", "b"]))
    if protocol not in ("tcp", "udp"):
        return atom(source, protocol, description=description)
    first, last = sorted((draw(PORT), draw(PORT)))
    return atom(source, protocol, first, last, description)


GROUPS = st.lists(rules(), max_size=6, unique_by=lambda rule: json.dumps(identity(rule)))
WATCHED = [(name, port) for name in ("tcp", "udp") for port in (0, 1, 19, 20, 21, 22, 23, 24, 25, 53, 54, 3389, 65535)]
TWO = Service("two", "two ports", "none", "For the test.", tcp=(20, 25))
CLOSED = [(port_control(TWO), TWO.ports), (SSH, {"tcp": (22,)}), (DNS, {"tcp": (53,), "udp": (53,)})]


def opens(rule: Json, protocol: str, port: int) -> bool:
    """What a rule lets in, said again without the code that is tested."""
    return rule["protocol"] == "-1" or (rule["protocol"] == protocol and port in range(rule["from"], rule["to"] + 1))


def open_to(ingress: Sequence[Json], source: str) -> set[tuple[str, int]]:
    mine = [rule for rule in ingress if rule["source"] == source]
    return {(name, port) for name, port in WATCHED if any(opens(rule, name, port) for rule in mine)}


@given(GROUPS, st.sampled_from(CLOSED))
def test_the_world_loses_exactly_the_named_ports_and_nobody_else_loses_or_gains(
    ingress: list[Json], closing: tuple[Control, dict[str, tuple[int, ...]]]
) -> None:
    control, ports = closing
    verdict = ask(control, ingress)
    left = verdict.changes["ingress"] if isinstance(verdict, ShouldBe) else ingress
    for source in {rule["source"] for rule in [*ingress, *left]}:
        before, now = open_to(ingress, source), open_to(left, source)
        world = any(from_world(rule) for rule in ingress if rule["source"] == source)
        taken = {(protocol, port) for protocol, held in ports.items() for port in held} if world else set()
        assert now == before - taken
    assert isinstance(ask(control, left), Compliant)


@given(GROUPS)
def test_rules_that_do_not_offend_are_the_very_same_after(ingress: list[Json]) -> None:
    verdict = ask(SSH, ingress)
    if isinstance(verdict, ShouldBe):
        left = verdict.changes["ingress"]
        assert all(rule in left for rule in ingress if not (from_world(rule) and opens(rule, "tcp", 22)))
        assert max(Counter(json.dumps(identity(rule)) for rule in left).values(), default=0) <= 1


# --- the facet ---


@given(GROUPS)
def test_rules_survive_the_way_to_ec2_and_back(ingress: list[Json]) -> None:
    assert same_rules(atoms(permissions(ingress)), ingress)


@given(GROUPS, GROUPS)
def test_writing_leads_from_any_group_to_any_other_and_never_closes_before_it_opens(
    before: list[Json], wanted: list[Json]
) -> None:
    facet = SECURITY_GROUP.facet("ingress")
    ref = ref_of(SECURITY_GROUP)
    one, other = facet.normal(before), facet.normal(wanted)
    state, sources = Ec2Group(one), {rule["source"] for rule in [*one, *other]}
    for step in facet.write(ref, one, other):
        state.make(step.call.operation, step.call.parameters["IpPermissions"])
        assert same_rules(state.rules, step.leaves)
        for source in sources:
            ends = open_to(one, source), open_to(other, source)
            assert ends[0] & ends[1] <= open_to(state.rules, source) <= ends[0] | ends[1]
    assert same_rules(state.rules, other)


class Ec2Group:
    """What EC2 documents of one group's rules: unique by content, refused when there or not there."""

    def __init__(self, held: list[Json]) -> None:
        self._held = {json.dumps(identity(rule), sort_keys=True): rule for rule in held}

    @property
    def rules(self) -> list[Json]:
        return list(self._held.values())

    def make(self, operation: str, permissions_: Any) -> None:
        for rule in atoms(permissions_):
            key = json.dumps(identity(rule), sort_keys=True)
            assert (key in self._held) is not operation.startswith("ec2.Authorize"), "duplicate, or not found"
            if operation.startswith("ec2.Revoke"):
                del self._held[key]
            else:
                self._held[key] = rule


def test_a_description_alone_is_changed_in_place() -> None:
    facet = SECURITY_GROUP.facet("ingress")
    old, new = atom("10.0.0.0/8", "tcp", 22, description="a"), atom("10.0.0.0/8", "tcp", 22, description="b")
    (step,) = facet.write(ref_of(SECURITY_GROUP), [old], [new])
    assert step.call.operation == "ec2.UpdateSecurityGroupRuleDescriptionsIngress"


def test_protocol_numbers_are_read_as_names_and_missing_ports_as_all() -> None:
    raw = [
        {"IpProtocol": "6", "IpRanges": [{"CidrIp": WORLD}]},
        {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "Ipv6Ranges": [{"CidrIpv6": WORLD6}]},
    ]
    assert atoms(raw) == [atom(WORLD, "tcp", 0, 65535), atom(WORLD6, "-1")]


def test_the_plan_asks_for_permission_on_this_group_only() -> None:
    plan = plan_for(group(atom(WORLD, "tcp", 20, 30)), SSH)
    arn = "arn:aws:ec2:eu-west-1:123456789012:security-group/goldseam-example"
    assert {(item.action, item.resource) for item in plan.permissions} == {
        ("ec2:AuthorizeSecurityGroupIngress", arn),
        ("ec2:RevokeSecurityGroupIngress", arn),
    }


def test_the_default_group_is_closed_both_ways_and_another_group_is_left() -> None:
    rule = atom(WORLD, "-1")
    verdict = default_closed.rule("default", [rule], [rule])
    assert isinstance(verdict, ShouldBe)
    assert dict(verdict.changes) == {"ingress": [], "egress": []}
    assert not isinstance(default_closed.rule("web", [rule], [rule]), (ShouldBe, Violation))


def test_a_rollback_leads_from_the_mended_group_to_the_group_before() -> None:
    before = group(atom(WORLD, "-1", description="x"), atom("10.0.0.0/8", "tcp", 22))
    plan = plan_for(before, SSH)
    back = reversal(plan, after(plan, before), SECURITY_GROUP)
    state = Ec2Group(ingress_after(plan, before))
    for call in back.calls:
        state.make(call.operation, call.parameters["IpPermissions"])
    assert same_rules(state.rules, held(before, "ingress"))


def test_a_group_that_is_right_has_no_plan() -> None:
    with pytest.raises(PlanRefused, match="already passes"):
        plan_for(group(atom("10.0.0.0/8", "tcp", 22)), SSH)


# --- on emulators ---

EVERY = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": WORLD}]}
RULES = [
    {"IpProtocol": "tcp", "FromPort": 20, "ToPort": 8080, "IpRanges": [
        {"CidrIp": WORLD, "Description": "old range"}, {"CidrIp": "10.0.0.0/8", "Description": "offices"},
    ]},
    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [{"CidrIpv6": WORLD6}]},
]  # fmt: skip


def _mended_live(cloud: Live, rules_: list[Json]) -> None:
    ec2 = cloud.client("ec2")
    group_id = ec2.create_security_group(GroupName="mixed", Description="mixed")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=rules_)
    resource = cloud.read(cloud.ref(SECURITY_GROUP, group_id), *RULES_AND_LISTS)
    _, mended = cloud.there_and_back(resource, SSH, TELNET)
    assert atom("10.0.0.0/8", "tcp", 20, 8080, "offices") in held(mended, "ingress")
    wanted = [control for control in CONTROLS if control.reads == RULES_AND_LISTS]
    failing = [found.control for found in evaluate(resource, wanted) if found.status is Status.FAIL]
    _, mended = cloud.there_and_back(resource, *[control for control in wanted if control.id in failing])
    offices = atom("10.0.0.0/8", "tcp", 20, 8080, "offices")
    web = [atom(WORLD, "tcp", port, description="old range") for port in (80, 443)]
    assert same_rules(held(mended, "ingress"), [offices, *web])


def test_ministack_ends_as_planned_and_comes_back(ministack_cloud: EmbeddedCloud) -> None:
    with embedded(ministack_cloud, SECURITY_GROUP) as cloud:
        _mended_live(cloud, [*RULES, EVERY])


def test_moto_ends_as_planned_and_comes_back(moto_cloud: Moto) -> None:
    with live(moto_cloud.endpoint, SECURITY_GROUP) as cloud:
        _mended_live(cloud, RULES)  # it fails on a protocol that has no ports


def test_what_no_interface_can_be_reached_by_may_be_closed_without_asking() -> None:
    opens_something = [control for control in CONTROLS if control is not default_closed]
    assert {tuple(control.disruption.unless.items()) for control in opens_something} == {(("port_in_use", False),)}
    assert default_closed.disruption.unless == {"attached": False}
