"""EC2 beside security groups: entries before entries, logs that get their ids when made, and what is never read."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.clouds.aws.facet import AwsFacet, Reading
from goldseam.clouds.aws.services.ec2 import image, instance, region, subnet, vpc
from goldseam.clouds.aws.services.ec2.flow_logs import FORMAT, TO_BUCKET, TO_GROUP, flow_log
from goldseam.clouds.aws.services.ec2.network import INSTANCE
from goldseam.clouds.aws.services.ec2.network_acl import NETWORK_ACL, RDP_CLOSED, SSH_CLOSED
from goldseam.clouds.aws.services.ec2.user_data import secrets_in, secrets_in_user_data
from goldseam.clouds.aws.services.ec2.vpc import VPC
from goldseam.control import Compliant, Example, ShouldBe, Violation
from goldseam.model.errors import CallFailed
from goldseam.model.values import ABSENT, Json, Placeholder, Value, same
from goldseam.repair.propose import propose
from tests.aws.laws import ACCOUNT, REGION, left, operations, parameters, planned, ref_of, resource_of, verdict
from tests.aws.live import live

WORLD, WORLD6 = "0.0.0.0/0", "::/0"
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
BUCKET = "arn:aws:s3:::flows"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/flow-logs"
KEY = "AKIA" + "Q" * 16


class Says:
    """A cloud that gives the same answer to everything."""

    def __init__(self, *items: Json, today: str = "2026-03-31") -> None:
        self.items, self.date = list(items), today

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        del parameters, region
        raise CallFailed("it is gone", code="NoSuchEntity", operation=operation)

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        del operation, parameters, region, member
        return self.items

    def today(self) -> str:
        return self.date


def reading(facet: str, says: Says, item: Json = None) -> Reading:
    lens = INSTANCE.facet(facet)
    assert isinstance(lens, AwsFacet)
    return lens.read(says, ref_of(INSTANCE, "i-1"), item)


# --- network ACLs ---


def entry(number: int, action: str, cidr: str, *ports: int, protocol: str = "") -> Json:
    ported = {"from": ports[0], "to": ports[-1]} if ports else {}
    kind = protocol or ("6" if ports else "-1")
    return {"number": number, "egress": False, "action": action, "protocol": kind, "cidr": cidr, **ported}


def closed(*entries: Json, **settings: Json) -> list[Json]:
    kept: list[Json] = left(SSH_CLOSED, Example({"entries": list(entries)}, settings), "entries")
    return kept


def test_peers_01_the_entry_stays_and_so_do_those_who_had_the_port_by_name() -> None:
    wide, partner, web = (
        entry(100, "allow", WORLD),
        entry(200, "allow", "198.51.100.0/24", 22),
        entry(90, "deny", WORLD, 80),
    )
    kept = closed(web, wide, partner)
    made = [item for item in kept if item not in (wide, partner, web)]
    assert [item["cidr"] for item in made] == [*PRIVATE, partner["cidr"], WORLD]
    assert [item["action"] for item in made] == ["allow"] * 4 + ["deny"]
    assert {(item["from"], item["to"]) for item in made} == {(22, 22)}
    assert all(item["number"] < wide["number"] for item in made)
    assert all(item in kept for item in (wide, partner, web))


def test_peers_08_a_port_range_and_all_protocols_are_open_ports() -> None:
    for wide in (entry(100, "allow", WORLD, 0, 65535), entry(100, "allow", WORLD), entry(100, "allow", WORLD6, 20, 30)):
        assert isinstance(verdict(SSH_CLOSED, Example({"entries": [wide]})), ShouldBe)
    for narrow in (entry(100, "allow", WORLD, 23, 65535), entry(100, "allow", WORLD, 22, protocol="17")):
        assert isinstance(verdict(SSH_CLOSED, Example({"entries": [narrow]})), Compliant)


def test_half_of_the_world_is_closed_for_that_half() -> None:
    half, other = entry(50, "allow", "0.0.0.0/1", 22), entry(60, "allow", "128.0.0.0/1", 22)
    made = [item for item in closed(half, other) if item not in (half, other)]
    assert [(item["action"], item["cidr"]) for item in made] == [
        ("allow", "10.0.0.0/8"), ("deny", "0.0.0.0/1"),
        ("allow", "172.16.0.0/12"), ("allow", "192.168.0.0/16"), ("deny", "128.0.0.0/1"),
    ]  # fmt: skip


def test_an_earlier_deny_counts_only_where_it_holds_the_whole_entry() -> None:
    wide = entry(100, "allow", WORLD, 22)
    shut = [entry(10, "deny", WORLD), wide]
    assert isinstance(verdict(SSH_CLOSED, Example({"entries": shut})), Compliant)
    partly = [entry(10, "deny", "198.51.100.0/24", 22), wide]
    assert isinstance(verdict(SSH_CLOSED, Example({"entries": partly})), ShouldBe)


def test_two_denies_that_together_hold_the_entry_count_as_one() -> None:
    """The mutation: an entry is shut only by one deny that holds all of it."""
    wide, halves = (
        entry(100, "allow", WORLD, 22),
        [entry(10, "deny", "0.0.0.0/1"), entry(20, "deny", "128.0.0.0/1", 22)],
    )
    assert isinstance(verdict(SSH_CLOSED, Example({"entries": [*halves, wide]})), Compliant)
    late = [halves[0], wide, {**halves[1], "number": 200}]
    assert isinstance(verdict(SSH_CLOSED, Example({"entries": late})), ShouldBe)
    other_port = [halves[0], entry(20, "deny", "128.0.0.0/1", 23), wide]
    assert isinstance(verdict(SSH_CLOSED, Example({"entries": other_port})), ShouldBe)
    six = [entry(10, "deny", "::/1"), entry(20, "deny", "8000::/1"), entry(30, "allow", WORLD6)]
    assert isinstance(verdict(SSH_CLOSED, Example({"entries": six})), Compliant)


QUARTERS = ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]
PIECES = st.sampled_from([*QUARTERS, "0.0.0.0/1", "128.0.0.0/1", WORLD, "10.0.0.0/8"])


@given(st.lists(st.tuples(st.sampled_from(["allow", "deny"]), PIECES), max_size=7))
def test_the_first_entry_that_fits_an_address_decides(rules: list[tuple[str, str]]) -> None:
    """One address of each quarter of IPv4, none of them private, is asked as the network would ask."""
    entries = [entry(10 * at, action, cidr, 22) for at, (action, cidr) in enumerate(rules, 1)]

    def let_in(quarter: str) -> bool:
        address = ip_network(quarter)[12_345_678]
        fits = (action for action, cidr in rules if address in ip_network(cidr))
        return next(fits, "deny") == "allow"

    reached = any(map(let_in, QUARTERS))
    assert isinstance(verdict(SSH_CLOSED, Example({"entries": entries})), Compliant) is not reached


def test_without_room_a_person_makes_some() -> None:
    first = Example({"entries": [entry(3, "allow", WORLD)]})
    found = verdict(SSH_CLOSED, first)
    assert isinstance(found, Violation)
    assert "no room" in found.because
    full = [entry(1000 + number, "deny", f"198.51.100.{number}/32") for number in range(17)]
    assert isinstance(verdict(SSH_CLOSED, Example({"entries": [*full, entry(2000, "allow", WORLD)]})), Violation)


def test_what_allows_is_made_first_and_taken_away_last() -> None:
    plan = planned(SSH_CLOSED, Example({"entries": [entry(100, "allow", WORLD)]}))
    assert [call["RuleAction"] for call in parameters(plan)] == ["allow", "allow", "allow", "deny"]
    assert operations(plan) == ["ec2.CreateNetworkAclEntry"] * 4
    assert [dict(call.parameters)["RuleNumber"] for call in plan.undo] == [99, 98, 97, 96]


def test_peers_09_both_ports_are_one_plan() -> None:
    held = resource_of(NETWORK_ACL, {"entries": [entry(100, "allow", WORLD)], "is_default": True, "subnets": []})
    plan = propose(held, [SSH_CLOSED, RDP_CLOSED], [SSH_CLOSED, RDP_CLOSED])
    assert len(plan.calls) == 8
    assert len({call["RuleNumber"] for call in parameters(plan)}) == 8


def test_an_entry_is_read_and_written_in_one_form() -> None:
    raw = {
        "RuleNumber": 7, "Egress": True, "RuleAction": "deny", "Protocol": "58", "Ipv6CidrBlock": "2001:db8::/32",
        "IcmpTypeCode": {"Type": -1, "Code": -1},
    }  # fmt: skip
    lens = NETWORK_ACL.facet("entries")
    assert isinstance(lens, AwsFacet)
    read = lens.read(Says(), ref_of(NETWORK_ACL, "acl-1"), {"Entries": [raw, {**raw, "RuleNumber": 32768}]}).value
    (step,) = lens.write(ref_of(NETWORK_ACL, "acl-1"), [], read)
    assert step.call.parameters == {"NetworkAclId": "acl-1", **raw}


# --- flow logs ---

TO = {"log_group": "flows", "role": ROLE}


def test_a_flow_log_needs_the_role_that_it_writes_with_and_no_other() -> None:
    plan = planned(vpc.flow_logged, Example({"flow_logs": [], "own": True}, TO))
    network = ref_of(VPC).address
    logs = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"
    assert {(item.action, item.resource) for item in plan.permissions} == {
        ("ec2:CreateFlowLogs", network), ("ec2:CreateFlowLogs", logs), ("ec2:DeleteFlowLogs", logs),
        ("iam:PassRole", ROLE),
    }  # fmt: skip


def test_a_flow_log_into_a_bucket_needs_the_delivery_and_no_role() -> None:
    plan = planned(vpc.flow_logged, Example({"flow_logs": [], "own": True}, {"bucket": BUCKET}))
    assert ("logs:CreateLogDelivery", "*") in {(item.action, item.resource) for item in plan.permissions}
    assert not any(item.action == "iam:PassRole" for item in plan.permissions)


def test_the_id_of_a_flow_log_is_told_when_it_is_deleted() -> None:
    lens = VPC.facet("flow_logs")
    assert isinstance(lens, AwsFacet)
    raw = {"FlowLogId": "fl-1", "ResourceId": "vpc-1", "TrafficType": "ALL", "LogDestinationType": "s3"}
    other = {**raw, "ResourceId": "vpc-2", "FlowLogId": "fl-2", "LogDestination": BUCKET}
    read = lens.read(Says({**raw, "LogDestination": BUCKET}, other), ref_of(VPC, "vpc-1"), None)
    assert read.value == [flow_log("ALL", TO_BUCKET, BUCKET)]
    ((name, found),) = read.told.items()
    assert found == "fl-1"
    (step,) = lens.write(ref_of(VPC, "vpc-1"), read.value, [])
    assert step.call.parameters == {"FlowLogIds": [Placeholder("flow_logs", name)]}


@pytest.mark.parametrize(
    "where",
    [
        {"LogGroupName": "flows"},
        {"LogDestination": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:flows:*"},
        {"LogGroupName": "flows", "LogDestinationType": "cloud-watch-logs", "LogFormat": FORMAT},
    ],
)
def test_a_log_group_has_one_form_however_it_is_said(where: Json) -> None:
    lens = VPC.facet("flow_logs")
    assert isinstance(lens, AwsFacet)
    raw = {"FlowLogId": "fl-1", "ResourceId": "vpc-1", "TrafficType": "ALL", "DeliverLogsPermissionArn": ROLE, **where}
    assert lens.read(Says(raw), ref_of(VPC, "vpc-1"), None).value == [flow_log("ALL", TO_GROUP, "flows", ROLE)]


def test_without_a_place_to_log_to_a_person_chooses_one() -> None:
    for chosen in ({}, {"log_group": "flows"}, {"role": "flow-logs"}):
        found = verdict(vpc.flow_logged, Example({"flow_logs": [], "own": True}, chosen))
        assert isinstance(found, Violation)
        assert "`bucket`" in found.guide


# --- regions, subnets, images ---


def test_a_default_that_there_was_none_of_is_taken_back_to_none() -> None:
    plan = planned(region.imdsv2_by_default, Example({"metadata_defaults": ABSENT}))
    assert parameters(plan) == [{"HttpTokens": "required"}]
    assert [dict(call.parameters) for call in plan.undo] == [{"HttpTokens": "no-preference"}]


def test_what_another_account_shares_is_left_to_it() -> None:
    lens = subnet.SUBNET.facet("own")
    assert isinstance(lens, AwsFacet)
    ref = ref_of(subnet.SUBNET, "subnet-1")
    assert lens.read(Says(), ref, {"OwnerId": ACCOUNT}).value is True
    assert lens.read(Says(), ref, {"OwnerId": "111122223333"}).value is False


@pytest.mark.parametrize("given", [("map_public_ip",), ("assign_ipv6",), ("map_public_ip", "assign_ipv6")])
def test_addresses_of_both_versions_are_public_and_each_is_a_call_of_its_own(given: tuple[str, ...]) -> None:
    """Security Hub EC2.15. The mutation: leave `assign_ipv6` out of the verdict."""
    attributes = {"map_public_ip": "MapPublicIpOnLaunch", "assign_ipv6": "AssignIpv6AddressOnCreation"}
    facets = {"map_public_ip": False, "assign_ipv6": False, "ipv6_only": False, "own": True} | dict.fromkeys(
        given, True
    )
    plan = planned(subnet.no_public_addresses, Example(facets))
    sent = [dict(each) for each in parameters(plan)]
    assert len(sent) == len(given)
    assert all({"SubnetId": "goldseam-example", attributes[name]: {"Value": False}} in sent for name in given)
    assert {name for call in plan.undo for name in call.parameters} == {
        "SubnetId",
        *(attributes[name] for name in given),
    }
    only = verdict(subnet.no_public_addresses, Example({**facets, "ipv6_only": True}))
    assert isinstance(only, Violation)


def test_an_image_keeps_the_accounts_that_it_is_shared_with() -> None:
    plan = planned(image.image_not_public, Example({"public": True}))
    assert parameters(plan)[0]["LaunchPermission"] == {"Remove": [{"Group": "all"}]}


# --- instances ---


@pytest.mark.parametrize(
    ("state", "lasts"),
    [("running", True), ("stopping", True), ("stopped", True), ("pending", False), ("terminated", False)],
)
def test_stopped_instances_are_to_be_managed_too(state: str, lasts: bool) -> None:
    """Security Hub SSM.1. The mutation: judge running instances alone."""
    found = verdict(instance.managed_by_ssm, Example({"managed": False, "state": state}))
    assert isinstance(found, Violation if lasts else Compliant)
    assert isinstance(verdict(instance.managed_by_ssm, Example({"managed": True, "state": state})), Compliant)


def test_only_the_option_that_differs_is_sent() -> None:
    options = {"HttpTokens": "optional", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 2}
    plan = planned(instance.imdsv2_required, Example({"metadata": options, "gone": False}))
    assert parameters(plan) == [{"InstanceId": "goldseam-example", "HttpTokens": "required"}]


def test_peers_10_options_that_are_not_applied_yet_are_pending() -> None:
    item = {"MetadataOptions": {"State": "pending", "HttpTokens": "required"}}
    assert "pending" in reading("metadata", Says(), item).pending


@pytest.mark.parametrize(
    ("state", "why", "days"),
    [
        ("running", "", 0),
        ("stopped", "User initiated (2026-03-30 08:00:00 GMT)", 0),
        ("stopped", "User initiated (2026-02-01 08:00:00 GMT)", 45),
        ("stopped", "Service initiated (2025-03-31 08:00:00 GMT)", 360),
    ],
)
def test_how_long_an_instance_is_stopped(state: str, why: str, days: int) -> None:
    item = {"State": {"Name": state}, "StateTransitionReason": why}
    assert reading("stopped_days", Says(), item).value == days


def test_peers_17_an_instance_that_does_not_say_since_when_it_is_stopped_is_unknown() -> None:
    with pytest.raises(ValueError, match="since when"):
        reading("stopped_days", Says(), {"State": {"Name": "stopped"}, "StateTransitionReason": ""})


PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/web"


def test_a_profile_that_is_being_taken_away_is_none_and_one_without_role_has_none() -> None:
    held = {"InstanceId": "i-1", "AssociationId": "a-1", "IamInstanceProfile": {"Arn": PROFILE}, "State": "associated"}
    other = {**held, "InstanceId": "i-2"}
    read = reading("profile", Says(other, held))
    assert read.value == {"profile": PROFILE, "role": ""}
    assert read.told == {"association": "a-1"}
    assert reading("profile", Says(other, {**held, "State": "disassociating"})).value is ABSENT
    assert reading("profile", Says({**held, "State": "associating"})).pending


def test_a_profile_is_given_replaced_and_taken_away() -> None:
    lens, ref = INSTANCE.facet("profile"), ref_of(INSTANCE, "i-1")
    one, two = ({"profile": f"{PROFILE}{n}", "role": f"arn:aws:iam::{ACCOUNT}:role/{n}"} for n in (1, 2))

    def sent(before: Value, after: Value) -> tuple[str, set[str]]:
        (step,) = lens.write(ref, before, after)
        return step.call.operation, {f"{item.action} {item.resource}" for item in step.call.permissions}

    passed = f"iam:PassRole arn:aws:iam::{ACCOUNT}:role/"
    given, replaced, taken = sent(ABSENT, one), sent(one, two), sent(two, ABSENT)
    assert given[0] == "ec2.AssociateIamInstanceProfile"
    assert f"{passed}1" in given[1]
    assert replaced[0] == "ec2.ReplaceIamInstanceProfileAssociation"
    assert f"{passed}2" in replaced[1]
    assert taken == ("ec2.DisassociateIamInstanceProfile", {f"ec2:DisassociateIamInstanceProfile {ref.address}"})


# --- user data ---


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("export DB_PASSWORD=hunter2hunter2", "password"),
        ("  password: 'correct horse'", "password"),
        (f"aws configure set aws_access_key_id {KEY}", "AWS access key"),
        (f"AWS_SECRET_ACCESS_KEY={'a/b+' * 10}", "AWS secret key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "private key"),
        ("API_KEY=0123456789abcdef0123", "token"),
        (f"git clone https://ghp_{'x' * 36}@github.com/a/b", "token"),
        ("psql postgres://app:s3cretpw@db/app", "password in an address"),
    ],
)
def test_a_secret_is_named_by_its_kind_and_its_line(line: str, kind: str) -> None:
    assert {"line": 2, "kind": kind} in secrets_in(f"#!/bin/sh\n{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "PASSWORD=$(aws secretsmanager get-secret-value --secret-id db)",
        "export DB_PASSWORD=${DB_PASSWORD}",
        "password: {{resolve:secretsmanager:db}}",
        "PASSWORD_FILE=/run/secrets/db",
        "PASSWORD=`cat /run/secrets/db`",
        "echo 'no password here'",
        "AKIAIOSFODNN7EXAMPLE",
        "ssh-rsa AAAAB3NzaC1yc2E",
        "curl https://user:${TOKEN}@example.com",
    ],
)
def test_a_place_for_a_secret_is_none(line: str) -> None:
    assert secrets_in(line) == []


def test_no_secret_is_in_what_is_read_however_it_is_packed() -> None:
    text = b"#!/bin/sh\nexport DB_PASSWORD=hunter2hunter2\n"
    for packed in (text, gzip.compress(text)):
        found = secrets_in_user_data(base64.b64encode(packed).decode())
        assert found == [{"line": 2, "kind": "password"}]
    assert secrets_in_user_data("") == []


# --- on an emulator ---


def test_on_moto_a_network_acl_is_closed_and_taken_back(moto_url: str) -> None:
    with live(moto_url, NETWORK_ACL) as aws:
        network = aws.make("ec2.CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        acl = next(item for item in aws.found().values() if item.facets.get("vpc") == network)
        _, mended = aws.there_and_back(acl, SSH_CLOSED, RDP_CLOSED)
        assert not same(mended.facets["entries"], acl.facets["entries"])
