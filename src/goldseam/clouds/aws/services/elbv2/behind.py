"""What a load balancer listens to, and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.elbv2.load_balancer import LOAD_BALANCER
from goldseam.control import Severity, Verdict, compliant, control, violation


@control(
    "aws.elbv2.load-balancer.in-two-zones",
    LOAD_BALANCER,
    severity=Severity.MEDIUM,
    maps=required("elbv2_is_in_multiple_az"),
    compliant=[{"zones": ["eu-west-1a", "eu-west-1b"]}],
    violating=[{"zones": ["eu-west-1a"]}],
)
def in_two_zones(zones: list[str]) -> Verdict:
    """A load balancer is in more than one zone.

    Else the loss of one zone is the loss of everything behind it.
    """
    if len(zones) > 1:
        return compliant
    return violation(
        because=f"it is in {', '.join(zones) or 'no zone'} only",
        guide="choose a subnet in another zone with targets behind it, and add it with `aws elbv2 set-subnets`, naming "
        "the subnets that are there as well",
    )


@control(
    "aws.elbv2.load-balancer.has-targets",
    LOAD_BALANCER,
    severity=Severity.LOW,
    covers=("seed:elbv2NoInstances",),
    compliant=[{"targets": {"web": True}}, {"targets": {"blue": True, "green": False}}],
    violating=[{"targets": {}}, {"targets": {"web": False}}],
)
def has_targets(targets: Mapping[str, bool]) -> Verdict:
    """Something stands behind a load balancer.

    One without targets serves nobody, is paid for, and keeps an address open that nobody looks after. One that only
    redirects needs none: exempt it.
    """
    if any(targets.values()):
        return compliant
    names = ", ".join(sorted(targets))
    return violation(
        because=f"nothing is registered in {names}" if targets else "it has no target group",
        guide="register targets in a target group of the load balancer; or, if it is not needed, move the DNS names "
        "that point to it, switch its deletion protection off and delete it",
    )


@control(
    "aws.elbv2.load-balancer.has-listeners",
    LOAD_BALANCER,
    severity=Severity.LOW,
    maps=required("elbv2_listeners_underneath"),
    compliant=[{"listeners": ["HTTPS:443"]}],
    violating=[{"listeners": []}],
)
def has_listeners(listeners: list[str]) -> Verdict:
    """A load balancer listens.

    Without a listener it answers nobody, and is paid for all the same.
    """
    if listeners:
        return compliant
    return violation(
        because="it has no listener",
        guide="add an HTTPS or TLS listener with a certificate; or, if it is not needed, delete the load balancer",
    )


@control(
    "aws.elbv2.load-balancer.ends-tls",
    LOAD_BALANCER,
    severity=Severity.LOW,
    maps=required("elbv2_nlb_tls_termination_enabled"),
    compliant=[
        {"listeners": ["TCP:80", "TLS:443"], "type": "network"},
        {"listeners": ["HTTP:80"], "type": "application"},
        {"listeners": [], "type": "network"},
    ],
    violating=[{"listeners": ["TCP:443"], "type": "network"}],
)
def ends_tls(listeners: list[str], type: str) -> Verdict:
    """A network load balancer speaks TLS to clients.

    Then certificates are renewed in one place, and clients that speak old versions are turned away there.
    """
    if type != "network" or not listeners or any(item.startswith("TLS:") for item in listeners):
        return compliant
    return violation(
        because=f"none of {', '.join(listeners)} is a TLS listener",
        guide="where targets do not need the client's own TLS session: request a certificate in ACM, add a TLS "
        "listener on a new port with it, move the clients, and remove the TCP listener",
    )
