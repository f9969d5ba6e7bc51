"""Prefix lists: what stands behind a rule counts as if it stood there, is never edited, and unknown is never pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.assess.evaluate import Finding, Status, evaluate
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.group_rules import atom
from goldseam.clouds.aws.public import Way, reached
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.services.ec2 import authorized_ports, security_group
from goldseam.clouds.aws.services.ec2.authorized_ports import authorized_ports_only
from goldseam.clouds.aws.services.ec2.network import INSTANCE, NETWORK_INTERFACE
from goldseam.clouds.aws.services.ec2.open_ports import SERVICES
from goldseam.clouds.aws.services.ec2.prefix_lists import expanded, prefix_list
from goldseam.clouds.aws.services.ec2.routing import ROUTE_TABLE
from goldseam.clouds.aws.services.ec2.security_group import (
    PORTS_CLOSED,
    SECURITY_GROUP,
    default_closed,
)
from goldseam.control import Catalog, Compliant, Control, Kind, ShouldBe, Verdict, Violation
from goldseam.control.networks import internet_networks
from goldseam.model.clock import SystemClock
from goldseam.model.errors import AccessDenied, PlanRefused
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown
from goldseam.ports import Reader, Shard
from goldseam.repair.propose import propose
from goldseam.repair.verify import VerificationResult, verify
from tests.aws.laws import after, resource_of
from tests.aws.live import live
from tests.aws.test_facts import a, told, value
from tests.aws.test_facts_reach import INSTANCES, OPEN, eni
from tests.aws.test_read import Cloud
from tests.emulators import Moto

WORLD, WORLD6, LIST = "0.0.0.0/0", "::/0", "pl-0123456789abcdef0"
CATALOG = Catalog.of([security_group, authorized_ports])
BY_WORD = {control.id.rpartition(".")[2]: control for control in CATALOG.controls}
SSH = BY_WORD["port-ssh-closed"]
OF_PORTS = [control for control in CATALOG.controls if control is not default_closed]
DENIED = {"unread": "access denied to ec2.GetManagedPrefixListEntries (UnauthorizedOperation)"}
OTHERS = "pl-0fedcba9876543210"


def group(*rules: Json, **lists: Json) -> Resource:
    names = {"partners": LIST, "others": OTHERS}
    held = {names[name]: item for name, item in lists.items()}
    facets = {"ingress": list(rules), "egress": [], "group_name": "web", "prefix_lists": held}
    return resource_of(SECURITY_GROUP, facets)


def judged(resource: Resource, *controls: Control) -> dict[str, Finding]:
    return {found.control: found for found in evaluate(resource, controls or OF_PORTS)}


# --- verdicts ---


@pytest.mark.parametrize("holds", [(WORLD,), (WORLD6,), ("0.0.0.0/1", "128.0.0.0/1"), ("10.0.0.0/8", "64.0.0.0/3")])
def test_all_traffic_from_a_list_of_the_internet_fails_every_port_control_and_no_fix_is_offered(
    holds: tuple[str, ...],
) -> None:
    """The mutation: `opening` passes over rules that name a list."""
    found = judged(group(atom(LIST, "-1"), partners=prefix_list(*internet_networks(holds))))
    assert len(found) == len(SERVICES) + 3
    for finding in found.values():
        assert finding.status is Status.FAIL, finding.control
        assert not finding.changes, finding.control
        assert "modify-managed-prefix-list" in finding.guide
        assert LIST in finding.because, finding.control
        assert holds[-1] in finding.because, finding.control


def test_every_eighth_of_the_internet_in_one_list_is_the_internet() -> None:
    """The mutation: `internet_networks` asks each network alone."""
    eighths = [f"{first}.0.0.0/8" for first in range(256)]
    assert internet_networks(eighths) == ["256 networks with half of all IPv4 addresses"]
    assert internet_networks([f"{first:x}::/12" for first in range(0x2000, 0x4000, 0x10)])
    assert internet_networks(eighths[:100]) == []
    assert internet_networks(["10.0.0.0/8", "192.168.0.0/16", "fc00::/7", "2600::/12"]) == []


def test_a_list_of_partners_or_an_empty_one_opens_nothing() -> None:
    for rule in (atom(LIST, "-1"), atom(LIST, "tcp", 0, 65535)):
        assert {item.status for item in judged(group(rule, partners=prefix_list())).values()} == {Status.PASS}


def test_an_unreadable_list_is_unknown_for_the_ports_that_its_rules_open_and_for_no_other() -> None:
    """The mutation: an unread list is one that holds nothing, or the whole group is unknown for it."""
    found = judged(
        group(atom(LIST, "tcp", 22), partners=DENIED), SSH, BY_WORD["port-rdp-closed"], authorized_ports_only
    )
    assert {name.rpartition(".")[2]: item.status for name, item in found.items()} == {
        "port-ssh-closed": Status.UNKNOWN, "port-rdp-closed": Status.PASS, "authorized-ports-only": Status.UNKNOWN,
    }  # fmt: skip
    assert "access denied to ec2.GetManagedPrefixListEntries" in found[SSH.id].because
    assert judged(group(atom(LIST, "tcp", 22)), SSH)[SSH.id].status is Status.UNKNOWN


def test_what_is_known_to_be_open_goes_before_what_is_unknown() -> None:
    """The mutation: doubts are asked before what is open."""
    rules = [atom(LIST, "tcp", 22), atom(OTHERS, "tcp", 22)]
    finding = judged(group(*rules, partners=DENIED, others=prefix_list(WORLD)), SSH)[SSH.id]
    assert finding.status is Status.FAIL
    assert f"tcp 22 from {OTHERS} (0.0.0.0/0)" in finding.because
    assert f"not known: tcp 22 from {LIST}" in finding.because


# --- a fix that leaves something ---

MIXED = [atom(WORLD, "tcp", 22, description="temporary"), atom(LIST, "tcp", 22), atom("10.0.0.0/8", "tcp", 22)]


@pytest.mark.parametrize(
    ("lists", "state", "said"),
    [
        (prefix_list(WORLD), Status.FAIL, "through a prefix list"),
        (DENIED, Status.UNKNOWN, "not known"),
    ],
)
def test_only_the_open_network_is_closed_and_nothing_is_called_fixed(lists: Json, state: Status, said: str) -> None:
    """The mutation: `with_lists` returns the fix as it is, or `propose` counts it among what is fixed."""
    before = group(*MIXED, partners=lists)
    finding = judged(before, SSH)[SSH.id]
    assert finding.status is Status.FAIL
    assert finding.changes
    plan = propose(before, [SSH], CATALOG.controls)
    assert SSH.id not in plan.fixes
    assert "leaves prefix lists to a person" in plan.because[SSH.id]
    (call,) = plan.calls
    assert call.operation == "ec2.RevokeSecurityGroupIngress"
    assert "PrefixListIds" not in str(call.parameters)
    mended = after(plan, before)
    left = judged(mended, SSH)[SSH.id]
    assert left.status is state
    assert said in left.because
    with pytest.raises(PlanRefused, match=r"no fix|cannot be told"):
        propose(mended, [SSH], CATALOG.controls)


@dataclass
class Readings:
    """A reader of one group, whatever it is then."""

    group: Resource
    asked: list[Ref] = field(default_factory=list)

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        del facets
        self.asked.append(ref)
        return self.group


def seen(before: Resource, now: Resource) -> tuple[VerificationResult, str]:
    plan = propose(before, [SSH], CATALOG.controls)
    read = cast("Reader", Readings(now))
    found = verify(plan, CATALOG, read, frozenset({"ingress", "prefix_lists"}), SystemClock(), (0.0,))
    return found.state, found.because


def test_verification_says_what_was_done_and_what_does_not_pass() -> None:
    """The mutation: `_left` accepts any answer after a fix in part, or none."""
    before = group(*MIXED, partners=DENIED)
    mended = group(*MIXED[1:], partners=DENIED)
    state, because = seen(before, mended)
    assert state is VerificationResult.VERIFIED
    assert because.startswith(f"changed as planned, and {SSH.id} cannot be told: ")
    assert "passes" not in because
    readable = group(*MIXED[1:], partners=prefix_list())
    assert seen(before, readable) == (VerificationResult.VERIFIED, f"{SSH.id} passes")
    opened = group(*MIXED[1:], partners=prefix_list(WORLD))
    assert seen(before, opened)[0] is VerificationResult.FAILED
    assert seen(before, before)[0] is VerificationResult.FAILED


def test_a_finding_with_more_behind_it_is_another_offence() -> None:
    """The mutation: `remains` is no part of a finding's state: an exemption would cover a list opened later."""
    states = [
        judged(group(*MIXED, partners=lists), SSH)[SSH.id].state
        for lists in (prefix_list(), prefix_list(WORLD), DENIED)
    ]
    assert len(set(states)) == 3


SOURCES = st.sampled_from([WORLD, "10.0.0.0/8", LIST, OTHERS])
HELD = st.sampled_from([prefix_list(), prefix_list(WORLD), DENIED])


@given(
    st.lists(st.tuples(SOURCES, st.sampled_from([(22, 22), (20, 30), (443, 443)])), max_size=5, unique=True), HELD, HELD
)
def test_any_group_is_judged_by_what_is_behind_its_rules(
    rules: list[tuple[str, tuple[int, int]]], one: Json, other: Json
) -> None:
    """Open where a network or a list is known to be; unknown where only a list could be; and closed otherwise."""
    behind: dict[str, bool | None] = {WORLD: True, "10.0.0.0/8": False}
    behind |= {
        name: None if "unread" in held else bool(held["networks"]) for name, held in ((LIST, one), (OTHERS, other))
    }
    let_in = [behind[source] for source, (first, last) in rules if first <= 22 <= last]
    found = verdict([atom(source, "tcp", *ports) for source, ports in rules], {LIST: one, OTHERS: other})
    if True in let_in:
        assert isinstance(found, (ShouldBe, Violation))
        assert isinstance(found, ShouldBe) is any(
            source == WORLD and 22 in range(p[0], p[1] + 1) for source, p in rules
        )
    else:
        assert isinstance(found, Unknown if None in let_in else Compliant)


def verdict(rules: list[Json], lists: Mapping[str, Json]) -> Verdict:
    return SSH.rule(rules, lists)


# --- EC2.18 and EC2.19 ---

HIGH_RISK = (
    20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088,
    8888, 9200, 9300,
)  # fmt: skip


@pytest.mark.parametrize("port", [*HIGH_RISK, 139, 2484, 7001])
def test_every_port_of_high_risk_has_a_control_of_its_own_and_is_not_authorized(port: int) -> None:
    """The mutation: a port is taken out of a row of the table."""
    open_ = group(atom(WORLD, "tcp", port))
    failing = {name for name, item in judged(open_).items() if item.status is Status.FAIL}
    assert failing & {control.id for control in PORTS_CLOSED}, port
    assert authorized_ports_only.id in failing


def test_the_rows_of_ec2_19_are_its_ports_and_no_other() -> None:
    rows = [service for service in SERVICES if "security-hub:EC2.19" in service.covers]
    beside = {139, 9200, 7001, 2484}
    assert {port for service in rows for port in service.tcp} | beside == {*HIGH_RISK, *beside}
    assert all("fsbp:EC2.19" in service.maps for service in rows)
    assert rows == [service for service in SERVICES if "fsbp:EC2.19" in service.maps]


PROWLER_HIGH_RISK = {25, 110, 135, 143, 445, 3000, 4333, 5000, 5500, 8080, 8088}


def test_the_rows_of_prowler_s_high_risk_are_its_ports_which_are_fewer_than_those_of_ec2_19() -> None:
    """The mutation: claim it wherever EC2.19 is claimed, for SSH on 22 too."""
    rows = {each.word for each in SERVICES if any(row.endswith("to_high_risk_tcp_ports") for row in each.covers)}
    assert rows == {each.word for each in SERVICES if PROWLER_HIGH_RISK & {*each.tcp}}
    assert "ssh" not in rows
    assert PROWLER_HIGH_RISK.issubset(HIGH_RISK)


def test_cifs_of_the_benchmarks_is_tcp_139_and_445_and_not_udp() -> None:
    """The mutation: claim it for the row that the seed calls CIFS, which is UDP 445."""
    check = "prowler:ec2_instance_port_cifs_exposed_to_internet"
    rows = [each for each in SERVICES if check in each.covers]
    assert {port for each in rows for port in each.tcp} == {139, 445}
    assert {each.word for each in SERVICES if "cis-aws-7.0:6.1.2" in each.maps} == {each.word for each in rows}


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        (atom(WORLD, "tcp", 443), Status.PASS),
        (atom(WORLD6, "tcp", 80), Status.PASS),
        (atom(WORLD, "udp", 443), Status.FAIL),
        (atom(WORLD, "tcp", 79, 80), Status.FAIL),
        (atom(WORLD, "-1"), Status.FAIL),
        (atom(WORLD, "icmp"), Status.PASS),
        (atom("10.0.0.0/8", "tcp", 0, 65535), Status.PASS),
        (atom("111122223333/sg-0123456789abcdef0", "-1"), Status.PASS),
    ],
)
def test_only_authorized_ports_are_open_to_the_internet(rule: Json, status: Status) -> None:
    """The mutation: `_beyond` looks at TCP only, or at the first port of a range."""
    assert judged(group(rule), authorized_ports_only)[authorized_ports_only.id].status is status


# --- what the internet reaches ---


def test_a_way_in_is_open_through_a_list_unknown_when_it_is_unread_and_closed_else() -> None:
    """The mutation: `expanded` leaves rules that name a list as they are."""

    def answer(*networks: str, lists: Json = None) -> Json:
        held = {LIST: lists or prefix_list(*networks)}
        rules = expanded([atom(LIST, "tcp", 443), atom("10.0.0.0/8", "tcp", 22)], held)
        found = reached([Way("IPv4", "198.51.100.7", "igw-1", rules)])
        return None if isinstance(found, Unknown) else found.value

    assert answer(WORLD) is True
    assert answer(*(f"{first}.0.0.0/8" for first in range(256))) is True
    assert answer("203.0.113.0/24") is False
    assert answer(WORLD6) is False
    assert answer(lists=DENIED) is None


def test_the_fact_of_a_group_takes_the_entries_and_names_the_list() -> None:
    near: dict[Any, Json] = {NETWORK_INTERFACE: (eni(),), ROUTE_TABLE: OPEN, INSTANCE: INSTANCES}

    def fact(lists: Json) -> Any:
        held = {"ingress": [atom(LIST, "tcp", 22)], "group_name": "web", "prefix_list_networks": lists}
        return told("reachable_from_internet", a(SECURITY_GROUP, "sg-1", **held), SECURITY_GROUP, near=near)

    assert "eni-1: a security group lets the world in: tcp 22 from 0.0.0.0/0 in pl-0123456789abcdef0" in (
        fact({LIST: prefix_list(WORLD)}).evidence
    )
    assert value(fact({LIST: prefix_list("203.0.113.0/24")})) is False
    assert value(fact({LIST: DENIED})) is None
    assert value(fact(Unknown("throttled"))) is None


# --- reading ---


def permission(*lists: str) -> Json:
    return {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "PrefixListIds": [{"PrefixListId": name} for name in lists],
    }


def entries(params: Mapping[str, Json]) -> Mapping[str, Json]:
    if params["PrefixListId"] == OTHERS:
        raise AccessDenied("no", operation="ec2.GetManagedPrefixListEntries", code="UnauthorizedOperation")
    return {"Entries": [{"Cidr": WORLD}, {"Cidr": "203.0.113.0/24", "Description": "x"}]}


def scanned(*permissions: list[Json]) -> tuple[Cloud, dict[str, Resource]]:
    groups = [{"GroupId": f"sg-{at}", "IpPermissions": held} for at, held in enumerate(permissions)]
    cloud = Cloud(
        {"ec2.DescribeSecurityGroups": {"SecurityGroups": groups}, "ec2.GetManagedPrefixListEntries": entries}
    )
    wanted: dict[Kind, frozenset[str]] = {
        SECURITY_GROUP: frozenset({"ingress", "prefix_lists", "prefix_list_networks"})
    }
    with AwsReader(cloud, CATALOG, ("us-east-1",)) as aws:
        found = list(aws.scan(Shard("123456789012", "us-east-1"), wanted))
    return cloud, {item.ref.id: item for item in found if isinstance(item, Resource)}


def test_a_list_is_read_once_for_all_groups_of_a_region_and_not_at_all_where_none_names_one() -> None:
    """The mutation: the facet reads a list without asking `ask`, or lists all of the region."""
    cloud, _ = scanned([], [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": WORLD}]}])
    assert cloud.asked == {"ec2.DescribeSecurityGroups": 1}
    cloud, groups = scanned([permission(LIST)], [permission(LIST, OTHERS)], [permission(LIST)])
    assert cloud.asked == {"ec2.DescribeSecurityGroups": 1, "ec2.GetManagedPrefixListEntries": 2}
    assert groups["sg-0"].facets["prefix_lists"] == {LIST: prefix_list(WORLD)}
    assert groups["sg-0"].facets["prefix_list_networks"] == {LIST: prefix_list(WORLD, "203.0.113.0/24")}


def test_what_facts_look_at_comes_with_what_controls_read() -> None:
    """The mutation: each facet is a question of its own: facts then ask for every failing group."""
    assert "prefix_list_networks" in aws_catalog().judged[SECURITY_GROUP]


def test_a_list_that_may_not_be_read_hides_neither_the_other_nor_the_group() -> None:
    """The mutation: the facet raises what the call of one list raises."""
    _, groups = scanned([permission(LIST, OTHERS)])
    held = groups["sg-0"].facets["prefix_lists"]
    assert held == {LIST: prefix_list(WORLD), OTHERS: DENIED}


ROUTES = [{"DestinationPrefixListId": LIST, "GatewayId": "igw-1", "State": "active"}]


@pytest.mark.parametrize(
    ("routes", "expected", "calls"),
    [
        (ROUTES, {"IPv4": "igw-1", "IPv6": ""}, 1),
        ([{**ROUTES[0], "GatewayId": "vpce-1"}], {"IPv4": "", "IPv6": ""}, 0),
        ([{**ROUTES[0], "State": "blackhole"}], {"IPv4": "", "IPv6": ""}, 0),
        ([{"DestinationCidrBlock": WORLD, "GatewayId": "igw-2"}], {"IPv4": "igw-2", "IPv6": ""}, 0),
        ([{**ROUTES[0], "DestinationPrefixListId": OTHERS}], None, 1),
    ],
)
def test_a_route_to_a_list_leads_where_its_entries_lead(routes: Json, expected: Json, calls: int) -> None:
    """The mutation: routes whose destination is a list are passed over."""
    table = {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [], "Routes": routes}
    cloud = Cloud({"ec2.DescribeRouteTables": {"RouteTables": [table]}, "ec2.GetManagedPrefixListEntries": entries})
    with AwsReader(cloud, Catalog((ROUTE_TABLE,), ()), ("us-east-1",)) as aws:
        (found,) = aws.scan(Shard("123456789012", "us-east-1"), {ROUTE_TABLE: frozenset({"gateways"})})
    assert isinstance(found, Resource)
    held = found.facets["gateways"]
    assert isinstance(held, Unknown) if expected is None else held == expected
    assert cloud.asked["ec2.GetManagedPrefixListEntries"] == calls


def test_on_moto_a_group_open_through_a_list_fails_and_a_deleted_list_is_unknown(moto_cloud: Moto) -> None:
    moto_cloud.reset()
    with live(moto_cloud.endpoint, SECURITY_GROUP) as cloud:
        ec2 = cloud.client("ec2")
        made = ec2.create_managed_prefix_list(
            PrefixListName="partners", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": WORLD}]
        )["PrefixList"]["PrefixListId"]
        name = ec2.create_security_group(GroupName="by-list", Description="x")["GroupId"]
        rule = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": made}]}
        ec2.authorize_security_group_ingress(GroupId=name, IpPermissions=[rule])
        facets = ("ingress", "prefix_lists", "prefix_list_networks")
        found = judged(cloud.read(cloud.ref(SECURITY_GROUP, name), *facets))
        assert {item.status for item in found.values()} == {Status.FAIL}
        assert all(made in item.because and not item.changes for item in found.values())
