"""Security groups: the kind, and the controls that close ports to the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, Look, Send, tags
from goldseam.clouds.aws.group_rules import (
    EVERY,
    among,
    atom,
    breadth,
    changed,
    family,
    identity,
    opening,
    permissions,
    remainder,
    replaced,
    rules_of_group,
    spelled,
)
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import shared
from goldseam.clouds.aws.port_ranges import ALL
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.among import INTERFACES, Among, Own
from goldseam.clouds.aws.services.ec2.open_ports import SERVICES, Service
from goldseam.clouds.aws.services.ec2.prefix_lists import INTERNET, NETWORKS, prefix_list, with_lists
from goldseam.clouds.aws.shapes import Items
from goldseam.control import (
    Between,
    Cidr,
    Control,
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.control.networks import is_world
from goldseam.model.values import Json


def _rules(name: str, listed: str, direction: str) -> Items:
    def send(operation: str) -> Send:
        return Send(f"ec2.{operation}", {"GroupId": "{id}", "IpPermissions": VALUE})

    return Items(
        name=name, listed=listed, decode=rules_of_group, wire=permissions, identity=identity,
        add=send(f"AuthorizeSecurityGroup{direction}"),
        change=send(f"UpdateSecurityGroupRuleDescriptions{direction}"),
        remove=send(f"RevokeSecurityGroup{direction}"),
    )  # fmt: skip


SECURITY_GROUP: Final = AwsKind(
    "aws.ec2.security-group",
    "security group",
    (
        _rules("ingress", "IpPermissions", "Ingress"),
        _rules("egress", "IpPermissionsEgress", "Egress"),
        INTERNET,
        NETWORKS,
        Look(name="group_name", listed="GroupName"),
        Look(name="description", listed="Description"),
        Look(name="vpc", listed="VpcId"),
        Among(name="in_use", others=INTERFACES, decode=bool),
        Own(name="own", listed="OwnerId"),
        tags(),
    ),
    touched_by=(
        changes(
            "ec2",
            TAGGED,
            f"{REQUEST}.groupId",
            f"{ANSWER}.groupId",
            f"{ANSWER}.securityGroupRuleSet.items.groupId",
            f"{REQUEST}.ModifySecurityGroupRulesRequest.GroupId",
            id="sg-.+",
        ),
    ),
    address="arn:{partition}:ec2:{region}:{account}:security-group/{id}",
    find=Listing("ec2.DescribeSecurityGroups", "SecurityGroups", id="GroupId", narrow={"GroupIds": ["{id}"]}),
    owner_rule=shared('Amazon VPC User Guide, "Share security groups with AWS Organizations"'),
)


_QUOTA: Final = 60
"""Rules in one direction, unless AWS raised the quota; those for IPv4 and for IPv6 are counted apart (Amazon VPC User
Guide, "Amazon VPC quotas")."""


def _counted(rules: Iterable[Json]) -> int:
    """Rules as the quota counts them: those of the IP version that has more of them, and those of no version."""
    kinds = [rule["kind"] for rule in rules]
    return len(kinds) - min(kinds.count("cidr4"), kinds.count("cidr6"))


def closed(ingress: list[Json], gone: list[Json], service: Service, replacement: Iterable[str]) -> Verdict:
    """The verdict that a service should not be open to the world by these rules, and how exactly they should be."""
    ports, sources = service.ports, tuple(replacement)
    instead = [item for rule in gone for item in (*remainder(rule, ports), *replaced(rule, ports, sources))]
    because = f"the world reaches {service.name}: {', '.join(map(spelled, gone))}"
    left = changed(ingress, gone, instead)
    if _counted(left) > _QUOTA >= _counted(ingress):
        return violation(because=f"{because}; without these ports it takes more than {_QUOTA} rules", guide=_WHOLE)
    return should_be(ingress=left, because=because)


_WHOLE: Final = (
    "1. add rules for the ports and networks that the group's members serve; 2. remove the rule for all ports: "
    "`aws ec2 revoke-security-group-ingress --group-id GROUP --security-group-rule-ids RULE`"
)
_PARTNERS: Final = "pl-0123456789abcdef0"


def example(
    rules: list[Json], leaves: list[Json] | None = None, *, holds: tuple[str, ...] = (), **settings: Json
) -> Example:
    """A group with these rules, and with what of the list of partners is the internet where a rule names the list."""
    lists = {_PARTNERS: prefix_list(*holds)} if any(rule["source"] == _PARTNERS for rule in rules) else {}
    left = None if leaves is None else {"ingress": leaves}
    return Example({"ingress": rules, "prefix_lists": lists}, settings, left)


_WORLD4: Final = "0.0.0.0/0"
_WORLD6: Final = "::/0"


def _port_examples(service: Service) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Examples of both kinds for one service, on its first protocol and lowest port."""
    protocol, ports = next(iter(service.ports.items()))
    port = min(ports)
    near = [
        atom("10.0.0.0/8", protocol, port, description="offices"),
        atom(_PARTNERS, protocol, port, description="partners"),
        atom("111122223333/sg-0123456789abcdef0", protocol, port),
        atom(_WORLD4, protocol, port - 2, port - 1, "next to it"),
    ]
    single, single6 = atom(_WORLD4, protocol, port, description="for a test"), atom(_WORLD6, protocol, port)
    wide, left = atom(_WORLD4, protocol, port - 3, port), atom(_WORLD4, protocol, port - 3, port - 1)
    heir = {**single, "source": "192.0.2.0/24"}
    good = (example([]), example(near))
    through = atom(_PARTNERS, protocol, port - 3, port)
    bad = (
        example([*near, single, single6], near),
        example([*near, wide], [*near, left]),
        example([single], [heir], replacement=["192.0.2.0/24", "2001:db8::/32"]),
        example([atom(_WORLD6, protocol, *ALL)]),
        example([*near, atom(_WORLD4, EVERY)]),
        example([through], holds=(_WORLD4,)),
    )
    return good, bad


_UNUSED: Final = {"port_in_use": False}
_DETACHED: Final = {"attached": False}


def port_control(service: Service) -> Control:
    """The control that closes one service to the world."""
    good, bad = _port_examples(service)
    ports = service.ports

    @control(
        f"aws.ec2.security-group.port-{service.word}-closed", SECURITY_GROUP, severity=service.severity,
        title=f"The world does not reach {service.name} ({service.spelled})", why=service.why,
        disrupts=may_disrupt(
            f"who uses {service.name} over the internet from an address that no other rule allows is cut off; where "
            "the rule was for all traffic, so are protocols that hosts do not offer to strangers, such as routing",
            unless=_UNUSED,
        ),
        maps=service.maps, covers=service.covers, compliant=good, violating=bad,
    )  # fmt: skip
    def port_closed(
        ingress: list[Json], prefix_lists: Mapping[str, Json], *, replacement: tuple[Cidr, ...] = ()
    ) -> Verdict:
        gone, named = opening(ingress, ports)
        found = closed(ingress, gone, service, replacement) if gone else compliant
        return with_lists(found, named, prefix_lists, f"{service.name} is open") if named else found

    return port_closed


PORTS_CLOSED: Final = tuple(map(port_control, SERVICES))
"""One control for each row of the table."""


def _without_world(ingress: list[Json], gone: list[Json], replacement: Iterable[str], says: str) -> Verdict:
    """The verdict that these rules from the world should go as a whole, with other networks in their place."""
    if not gone:
        return compliant
    sources = [cidr for cidr in replacement if not is_world(cidr)]
    instead = [{**item, "source": cidr} for item in gone for cidr in sources if family(cidr) == item["kind"]]
    return should_be(ingress=changed(ingress, gone, instead), because=f"{says}: {', '.join(map(spelled, gone))}")


_OPEN_ALL: Final = atom(_WORLD4, EVERY, description="temporary")
_TO_PEERS: Final = atom("111122223333/sg-0123456789abcdef0", EVERY)
_WEB: Final = atom(_WORLD4, "tcp", 443)
_INSIDE: Final = atom("10.0.0.0/8", "tcp", *ALL)


@control(
    "aws.ec2.security-group.all-traffic-closed", SECURITY_GROUP, severity=Severity.CRITICAL,
    disrupts=may_disrupt(
        "all who reach the group's members from the internet by no other rule are cut off", unless=_UNUSED
    ),
    maps=required("ec2_securitygroup_allow_ingress_from_internet_to_all_ports"),
    covers=("cloudbots:sg_rules_delete_by_scope",),
    compliant=[example([]), example([_TO_PEERS, _WEB])],
    violating=[
        example([_OPEN_ALL, _TO_PEERS, _WEB], [_TO_PEERS, _WEB]),
        example([atom(_WORLD6, EVERY)], []),
        example([_OPEN_ALL], [{**_OPEN_ALL, "source": "192.0.2.0/24"}], replacement=["192.0.2.0/24"]),
        example([atom(_PARTNERS, EVERY), _WEB], holds=("0.0.0.0/1", "128.0.0.0/1")),
    ],
)  # fmt: skip
def all_traffic_closed(
    ingress: list[Json], prefix_lists: Mapping[str, Json], *, replacement: tuple[Cidr, ...] = ()
) -> Verdict:
    """No rule lets the world in by every protocol and port.

    Whatever is started on a member of the group is on the internet at once: the group filters nothing.
    """
    gone, named = among(ingress, lambda item: bool(item["protocol"] == EVERY))
    says = "all protocols and ports are open"
    return with_lists(_without_world(ingress, gone, replacement, says), named, prefix_lists, says)


@control(
    "aws.ec2.security-group.broad-range-closed", SECURITY_GROUP, severity=Severity.HIGH,
    disrupts=may_disrupt(
        "all who use a port of the range from the internet by no other rule are cut off", unless=_UNUSED
    ),
    maps=required("ec2_securitygroup_allow_ingress_from_internet_to_all_ports"),
    compliant=[example([]), example([_WEB, _INSIDE, atom(_WORLD4, "icmp")])],
    violating=[
        example([_WEB, atom(_WORLD4, "tcp", *ALL), _INSIDE], [_WEB, _INSIDE]),
        example([atom(_WORLD6, "udp", 1024, 4999)], []),
        example([_OPEN_ALL, _WEB], [_WEB]),
        example([atom(_WORLD4, "tcp", 8000, 8010), _WEB], [_WEB], most=10),
        example([atom(_PARTNERS, "tcp", *ALL), _WEB], holds=(_WORLD4,)),
    ],
)  # fmt: skip
def broad_range_closed(
    ingress: list[Json],
    prefix_lists: Mapping[str, Json],
    *,
    most: Annotated[int, Between(1, 65535)] = 1000,
    replacement: tuple[Cidr, ...] = (),
) -> Verdict:
    """No rule opens a broad range of ports to the world.

    Nobody runs a thousand services: a range that broad was opened so as not to think, and whatever is started in it
    later is public unasked.
    """
    gone, named = among(ingress, lambda item: breadth(item) > most)
    says = f"more than {most} ports are open"
    return with_lists(_without_world(ingress, gone, replacement, says), named, prefix_lists, says)


_EGRESS: Final = [atom(_WORLD4, EVERY)]


@control(
    "aws.ec2.security-group.default-closed", SECURITY_GROUP, severity=Severity.HIGH,
    disrupts=may_disrupt("whatever was started without a group of its own loses its connections", unless=_DETACHED),
    maps=required("ec2_securitygroup_default_restrict_traffic"),
    covers=("security-hub:EC2.2", "cloudbots:sg_rules_delete"),
    compliant=[
        {"group_name": "default", "ingress": [], "egress": []},
        {"group_name": "web", "ingress": [_WEB], "egress": _EGRESS},
    ],
    violating=[
        Example(
            {"group_name": "default", "ingress": [_TO_PEERS], "egress": _EGRESS}, leaves={"ingress": [], "egress": []}
        ),
        {"group_name": "default", "ingress": [], "egress": _EGRESS},
    ],
)  # fmt: skip
def default_closed(group_name: str, ingress: list[Json], egress: list[Json]) -> Verdict:
    """The default group of a network allows nothing.

    What is started without a thought about groups lands in the default one. When that allows nothing, the lack is
    noticed at once, instead of never.
    """
    if group_name != "default" or not (ingress or egress):
        return compliant
    rules = [f"in {spelled(item)}" for item in ingress] + [f"out {spelled(item)}" for item in egress]
    return should_be(ingress=[], egress=[], because=f"the default group has rules: {', '.join(rules)}")
