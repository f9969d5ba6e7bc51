"""Security groups open no ports to the internet but those that are meant for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.group_rules import (
    EVERY,
    PORTED,
    Ports,
    among,
    atom,
    changed,
    narrowed,
    open_ports,
    spelled,
)
from goldseam.clouds.aws.port_ranges import ALL, within
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.prefix_lists import with_lists
from goldseam.clouds.aws.services.ec2.security_group import SECURITY_GROUP, example
from goldseam.control import Port, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import Json

_WEB: Final = (Port(80), Port(443))
_WORLD4: Final = "0.0.0.0/0"
_HTTPS: Final = atom(_WORLD4, "tcp", 443, description="site")
_INSIDE: Final = atom("10.0.0.0/8", "tcp", *ALL)


def _beyond(rule: Mapping[str, Json], allowed: Ports) -> bool:
    """Whether a rule opens a port of TCP or UDP that is not among these."""
    spans = ((name, open_ports(rule, name)) for name in PORTED)
    return any(span and within(span, allowed.get(name, ())) != (span,) for name, span in spans)


@control(
    "aws.ec2.security-group.authorized-ports-only", SECURITY_GROUP, severity=Severity.HIGH,
    title="Security groups allow unrestricted incoming traffic on authorized ports only",
    disrupts=may_disrupt(
        "clients on the internet that use any other port of the group's members, and that no other rule allows, are "
        "cut off; where the rule was for all traffic, so are protocols that hosts do not offer to strangers",
        unless={"port_in_use": False},
    ),
    maps=(*required("ec2_securitygroup_allow_ingress_from_internet_to_any_port"), "fsbp:EC2.18"),
    covers=("security-hub:EC2.18",),
    compliant=[
        example([]),
        example([_HTTPS, _INSIDE, atom("::/0", "icmpv6"), atom("pl-0123456789abcdef0", "tcp", 9000)]),
        example([atom(_WORLD4, "udp", 500)], authorized_udp_ports=[500]),
        example([atom("::/0", "tcp", 1020, 1022)], authorized_tcp_ports=[1020, 1021, 1022]),
    ],
    violating=[
        example([_HTTPS, atom(_WORLD4, "tcp", 8443), _INSIDE], [_HTTPS, _INSIDE]),
        example([atom(_WORLD4, "tcp", 80, 443)], [atom(_WORLD4, "tcp", 80), atom(_WORLD4, "tcp", 443)]),
        example([atom("::/0", "udp", 443), _INSIDE], [_INSIDE]),
        example([_HTTPS], [], authorized_tcp_ports=[80]),
        example([atom(_WORLD4, EVERY, description="all"), _INSIDE]),
        example([_HTTPS, atom("pl-0123456789abcdef0", "tcp", 9000)], holds=(_WORLD4,)),
    ],
)  # fmt: skip
def authorized_ports_only(
    ingress: list[Json],
    prefix_lists: Mapping[str, Json],
    *,
    authorized_tcp_ports: tuple[Port, ...] = _WEB,
    authorized_udp_ports: tuple[Port, ...] = (),
) -> Verdict:
    """Security groups allow unrestricted incoming traffic on authorized ports only.

    A port that is open to the internet by oversight is scanned within minutes. The settings are those of Security Hub,
    with its defaults (Security Hub User Guide, EC2.18; AWS Config, `vpc-sg-open-only-to-authorized-ports`).
    """
    allowed: Ports = {"tcp": authorized_tcp_ports, "udp": authorized_udp_ports}
    gone, named = among(ingress, lambda rule: _beyond(rule, allowed))
    left = [item for rule in gone for item in narrowed(rule, allowed)]
    because = f"ports that are not authorized are open to the internet: {', '.join(map(spelled, gone))}"
    found = should_be(ingress=changed(ingress, gone, left), because=because) if gone else compliant
    return with_lists(found, named, prefix_lists, "ports that are not authorized are open")
