"""Makes the emulator's EC2 do what AWS documents, where Goldseam depends on it.

Without this the emulator keeps several sources of one permission as a single rule: revoking one source by content does
nothing, and by id removes its neighbours. It also lacks public snapshot sharing, encryption by default, dry runs,
the network interface of an instance, and the filters on network interfaces. An account here has three regions enabled,
so that a scan of all of them is quick.
"""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any, Final

from goldseam.demo.kept_state import regional_store

ec2: Any = importlib.import_module("ministack.services.ec2")

Parameters = dict[str, Any]
Handler = Callable[[Parameters], Any]
Rule = dict[str, Any]

_SOURCES: Final = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "GroupId",
}
_PROTOCOLS: Final = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}


def install() -> None:
    """Put every correction in place; called once, before the emulator serves."""
    _correct_rules()
    _correct_interfaces()
    _correct_snapshots()
    _correct_encryption_by_default()
    ec2._ACTION_MAP["DescribeRegions"] = _describe_regions
    for action, handler in list(ec2._ACTION_MAP.items()):
        ec2._ACTION_MAP[action] = _honouring_dry_run(handler)


def _honouring_dry_run(handler: Handler) -> Handler:
    def answer(p: Parameters) -> Any:
        if ec2._p(p, "DryRun").lower() == "true":
            return ec2._error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
        return handler(p)

    return answer


def _describe_regions(p: Parameters) -> Any:
    named = ec2._parse_member_list(p, "RegionName")
    items = "".join(
        f"<item><regionName>{name}</regionName><regionEndpoint>ec2.{name}.amazonaws.com</regionEndpoint>"
        "<optInStatus>opt-in-not-required</optInStatus></item>"
        for name in os.environ["GOLDSEAM_CLOUD_REGIONS"].split(",")
        if not named or name in named
    )
    return ec2._xml(200, "DescribeRegionsResponse", f"<regionInfo>{items}</regionInfo>")


# --- security group rules: one rule for each source ---


def _correct_rules() -> None:
    parse, write_rule, write_group = ec2._parse_ip_permissions, ec2._sg_rule_xml, ec2._sg_xml

    def parse_single(p: Parameters, prefix: str) -> list[Rule]:
        parsed = parse(p, prefix)
        for number, rule in enumerate(parsed, 1):
            rule["PrefixListIds"] += _prefix_lists(p, f"{prefix}.{number}.PrefixListIds")
        return [single for rule in parsed for single in _split(rule)]

    def write_with_prefix_list(sg_id: str, rule: Rule, is_egress: bool = False) -> str:  # noqa: FBT001, FBT002
        text: str = write_rule(sg_id, rule, is_egress)
        ids = "".join(f"<prefixListId>{entry['PrefixListId']}</prefixListId>" for entry in rule["PrefixListIds"])
        return f"{text.removesuffix('</item>')}{ids}</item>"

    def write_merged(group: Rule) -> Any:
        return write_group({**group, **{way: _merge(group[way]) for way in ("IpPermissions", "IpPermissionsEgress")}})

    ec2._parse_ip_permissions, ec2._sg_rule_xml, ec2._sg_xml = parse_single, write_with_prefix_list, write_merged
    ec2._rules_match = lambda one, other: _identity(one) == _identity(other)
    for direction, way in (("Ingress", "IpPermissions"), ("Egress", "IpPermissionsEgress")):
        _refuse_duplicates(f"AuthorizeSecurityGroup{direction}", way)
        _refuse_absent(f"RevokeSecurityGroup{direction}", way)


def _prefix_lists(p: Parameters, prefix: str) -> Iterator[Rule]:
    number = 1
    while name := ec2._p(p, f"{prefix}.{number}.PrefixListId"):
        description = ec2._p(p, f"{prefix}.{number}.Description")
        yield {"PrefixListId": name, **({"Description": description} if description else {})}
        number += 1


def _split(rule: Rule) -> list[Rule]:
    """One rule for each source, with an id of its own, as AWS stores them."""
    protocol = _PROTOCOLS.get(rule["IpProtocol"], rule["IpProtocol"])
    head = {"IpProtocol": protocol}
    if protocol != "-1":
        head |= {end: rule[end] for end in ("FromPort", "ToPort") if end in rule}
    for pair in rule["UserIdGroupPairs"]:
        pair.setdefault("UserId", ec2.get_account_id())
    return [
        {**head, **{other: [] for other in _SOURCES}, family: [entry], "SecurityGroupRuleId": _new_rule_id()}
        for family in _SOURCES
        for entry in rule[family]
    ]


def _new_rule_id() -> str:
    return f"sgr-{secrets.token_hex(9)[:17]}"


def _identity(rule: Rule) -> tuple[object, ...]:
    """What makes two rules the same to AWS: everything but the id and the description."""
    sources = tuple((family, entry[key]) for family, key in _SOURCES.items() for entry in rule[family])
    return (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"), sources)


def _merge(rules: list[Rule]) -> list[Rule]:
    """Rules with the same protocol and ports shown as one permission, as DescribeSecurityGroups does."""
    merged: dict[tuple[object, ...], Rule] = {}
    for rule in rules:
        head = _identity(rule)[:3]
        shown = merged.setdefault(head, {**rule, **{family: [] for family in _SOURCES}})
        for family in _SOURCES:
            shown[family] += rule[family]
    return list(merged.values())


def _refuse_duplicates(action: str, way: str) -> None:
    authorize = ec2._ACTION_MAP[action]

    def answer(p: Parameters) -> Any:
        group = ec2._security_groups.get(ec2._p(p, "GroupId"))
        known = {_identity(rule) for rule in group[way]} if group else set()
        if any(_identity(rule) in known for rule in ec2._parse_ip_permissions(p, "IpPermissions")):
            return ec2._error("InvalidPermission.Duplicate", "the specified rule already exists", 400)
        return authorize(p)

    ec2._ACTION_MAP[action] = answer


def _refuse_absent(action: str, way: str) -> None:
    """Revoke by content: every rule must be there, or none is revoked (what AWS does outside a default VPC)."""
    revoke = ec2._ACTION_MAP[action]

    def answer(p: Parameters) -> Any:
        group = ec2._security_groups.get(ec2._p(p, "GroupId"))
        wanted = ec2._parse_ip_permissions(p, "IpPermissions")
        if group is None or not wanted:
            return revoke(p)
        egress = way == "IpPermissionsEgress"
        ids = {_identity(rule): ec2._sg_rule_id(group["GroupId"], egress, rule) for rule in group[way]}
        if any(_identity(rule) not in ids for rule in wanted):
            message = "The specified rule does not exist in this security group."
            return ec2._error("InvalidPermission.NotFound", message, 400)
        chosen = {f"SecurityGroupRuleId.{n}": [ids[_identity(rule)]] for n, rule in enumerate(wanted, 1)}
        return revoke({"GroupId": p["GroupId"], **chosen})

    ec2._ACTION_MAP[action] = answer


# --- network interfaces: an instance has one, and the filters count ---


def _correct_interfaces() -> None:
    run, write = ec2._run_instances, ec2._eni_fields_xml

    def run_with_interface(p: Parameters) -> Any:
        before = set(ec2._instances)
        answer = run(p)
        for instance_id in set(ec2._instances) - before:
            _add_interface(ec2._instances[instance_id])
        return answer

    def write_with_public_address(eni: Rule, tag: str = "item") -> str:
        text: str = write(eni, tag)
        address = eni.get("PublicIp")
        shown = f"<association><publicIp>{address}</publicIp></association>" if address else ""
        return text.replace("<privateIpAddressesSet>", f"{shown}<privateIpAddressesSet>", 1)

    def describe(p: Parameters) -> Any:
        wanted, ids = ec2._parse_filters(p), ec2._parse_member_list(p, "NetworkInterfaceId")
        found = [e for e in ec2._network_interfaces.values() if not ids or e["NetworkInterfaceId"] in ids]
        items = "".join(write_with_public_address(eni) for eni in found if _interface_matches(eni, wanted))
        return ec2._xml(200, "DescribeNetworkInterfacesResponse", f"<networkInterfaceSet>{items}</networkInterfaceSet>")

    ec2._eni_fields_xml = write_with_public_address
    ec2._ACTION_MAP |= {"RunInstances": run_with_interface, "DescribeNetworkInterfaces": describe}


def _add_interface(instance: Rule) -> None:
    groups = [group["GroupId"] for group in instance.get("SecurityGroups", [])]
    chosen = {f"SecurityGroupId.{number}": [group] for number, group in enumerate(groups, 1)}
    before = set(ec2._network_interfaces)
    ec2._create_network_interface({"SubnetId": [instance["SubnetId"]], **chosen})
    (interface_id,) = set(ec2._network_interfaces) - before
    ec2._attach_network_interface(
        {"NetworkInterfaceId": [interface_id], "InstanceId": [instance["InstanceId"]], "DeviceIndex": ["0"]}
    )
    ec2._network_interfaces[interface_id]["PublicIp"] = instance.get("PublicIpAddress", "")


def _interface_matches(eni: Rule, wanted: dict[str, list[str]]) -> bool:
    has = {
        "group-id": {group["GroupId"] for group in eni["Groups"]},
        "vpc-id": {eni["VpcId"]},
        "subnet-id": {eni["SubnetId"]},
        "status": {eni["Status"]},
        "attachment.instance-id": {(eni["Attachment"] or {}).get("InstanceId", "")},
    }
    return all(has[name] & set(values) for name, values in wanted.items() if name in has)


# --- snapshots: shared with everybody, in both spellings of the request ---


def _correct_snapshots() -> None:
    describe = ec2._ACTION_MAP["DescribeSnapshots"]

    def describe_restorable(p: Parameters) -> Any:
        users = set(ec2._parse_member_list(p, "RestorableBy"))
        if not users:
            return describe(p)
        shared = [s["SnapshotId"] for s in ec2._snapshots.values() if users & _restorable_by(s)]
        chosen = {f"SnapshotId.{number}": [name] for number, name in enumerate(shared or ["none"], 1)}
        return describe({**p, **chosen}) if shared else ec2._xml(200, "DescribeSnapshotsResponse", "<snapshotSet/>")

    ec2._ACTION_MAP |= {
        "DescribeSnapshots": describe_restorable,
        "ModifySnapshotAttribute": _modify_snapshot_attribute,
        "DescribeSnapshotAttribute": _describe_snapshot_attribute,
    }


def _restorable_by(snapshot: Rule) -> set[str]:
    return {value for shared in snapshot.get("CreateVolumePermissions", []) for value in shared.values()}


def _modify_snapshot_attribute(p: Parameters) -> Any:
    name = ec2._p(p, "SnapshotId")
    snapshot = ec2._snapshots.get(name)
    if snapshot is None:
        return ec2._error("InvalidSnapshot.NotFound", f"The snapshot '{name}' does not exist.", 400)
    shared = snapshot.setdefault("CreateVolumePermissions", [])
    shared += [entry for entry in _sharing(p, "Add") if entry not in shared]
    removed = list(_sharing(p, "Remove"))
    shared[:] = [entry for entry in shared if entry not in removed]
    return ec2._xml(200, "ModifySnapshotAttributeResponse", "<return>true</return>")


def _sharing(p: Parameters, operation: str) -> Iterator[Rule]:
    if ec2._p(p, "OperationType") == operation.lower():
        yield from ({"Group": name} for name in ec2._parse_member_list(p, "UserGroup"))
        yield from ({"UserId": name} for name in ec2._parse_member_list(p, "UserId"))
    for number in range(1, len(p) + 1):
        for key in ("Group", "UserId"):
            if value := ec2._p(p, f"CreateVolumePermission.{operation}.{number}.{key}"):
                yield {key: value}


def _describe_snapshot_attribute(p: Parameters) -> Any:
    name = ec2._p(p, "SnapshotId")
    snapshot = ec2._snapshots.get(name)
    if snapshot is None:
        return ec2._error("InvalidSnapshot.NotFound", f"The snapshot '{name}' does not exist.", 400)
    tags = {"Group": "group", "UserId": "userId"}
    items = "".join(
        f"<item><{tags[key]}>{value}</{tags[key]}></item>"
        for entry in snapshot.get("CreateVolumePermissions", [])
        for key, value in entry.items()
    )
    text = f"<snapshotId>{name}</snapshotId><createVolumePermission>{items}</createVolumePermission>"
    return ec2._xml(200, "DescribeSnapshotAttributeResponse", text)


# --- EBS encryption by default, a setting of the region ---


def _correct_encryption_by_default() -> None:
    settings = regional_store(ec2, "goldseam_ebs_defaults")
    create_volume = ec2._ACTION_MAP["CreateVolume"]

    def create(p: Parameters) -> Any:
        return create_volume({**p, "Encrypted": ["true"]} if settings.get("enabled") == "true" else p)

    ec2._ACTION_MAP |= {
        "GetEbsEncryptionByDefault": _setting(settings, "enabled", "false"),
        "EnableEbsEncryptionByDefault": _setting(settings, "enabled", "false", lambda _: "true"),
        "DisableEbsEncryptionByDefault": _setting(settings, "enabled", "false", lambda _: "false"),
        "GetEbsDefaultKmsKeyId": _setting(settings, "key", "alias/aws/ebs"),
        "ModifyEbsDefaultKmsKeyId": _setting(settings, "key", "alias/aws/ebs", lambda p: ec2._p(p, "KmsKeyId")),
        "CreateVolume": create,
    }


def _setting(settings: Any, name: str, absent: str, change: Callable[[Parameters], str] | None = None) -> Handler:
    """Answers with the setting, after the change when there is one."""
    element = {"enabled": "ebsEncryptionByDefault", "key": "kmsKeyId"}[name]

    def answer(p: Parameters) -> Any:
        if change is not None:
            settings[name] = change(p)
        value = settings.get(name, absent)
        return ec2._xml(200, f"{ec2._p(p, 'Action')}Response", f"<{element}>{value}</{element}>")

    return answer
