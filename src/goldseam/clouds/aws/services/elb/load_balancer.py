"""Classic load balancers: how they are set, and what they let in.

They know no redirect, and their listeners have no inverse: a deleted one drops what is connected, and the one made in
its place may lose policies. So what is wrong with listeners is for people to mend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import Bucket
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.elb.policies import SECURE, TlsPolicies
from goldseam.clouds.aws.shapes import Document
from goldseam.control import (
    Between,
    Example,
    Placed,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_THIS: Final = {"LoadBalancerName": "{id}"}
_DESYNC: Final = "elb.http.desyncmitigationmode"


def _get(path: str) -> Get:
    return Get("elb.DescribeLoadBalancerAttributes", _THIS, f"LoadBalancerAttributes.{path}")


def _set(**attribute: object) -> Send:
    return Send("elb.ModifyLoadBalancerAttributes", {**_THIS, "LoadBalancerAttributes": attribute})


def _log(raw: Json) -> Value:
    if not raw.get("Enabled"):
        return ABSENT
    return {
        "S3BucketName": raw.get("S3BucketName", ""),
        "S3BucketPrefix": raw.get("S3BucketPrefix") or "",
        "EmitInterval": raw.get("EmitInterval") or 60,
    }


def _log_on(value: Json) -> Json:
    return {"Enabled": True, **value}


def _draining(value: Value) -> Value:
    return {"Enabled": False, "Timeout": 300, **({} if value is ABSENT else value)}


def _mode(raw: Json) -> Value:
    """The mode; a load balancer that does not say has AWS's own default."""
    found = [item.get("Value", "") for item in raw if item.get("Key") == _DESYNC]
    return found[0] if found else "defensive"


def _listener(raw: Mapping[str, Json]) -> Json:
    held = raw["Listener"]
    names = {"port": "LoadBalancerPort", "protocol": "Protocol", "certificate": "SSLCertificateId"}
    listener = {key: held.get(name) or "" for key, name in names.items()}
    return {**listener, "protocol": str(listener["protocol"]).upper()}


def _listeners(raw: Json) -> Value:
    return sorted((_listener(item) for item in raw), key=lambda listener: int(listener["port"]))


def _any(value: Value) -> Value:
    return bool(value)


LOAD_BALANCER: Final = AwsKind(
    "aws.elb.load-balancer",
    "classic load balancer",
    (
        Document(
            name="access_log",
            get=_get("AccessLog"),
            decode=_log,
            put=_set(AccessLog=VALUE),
            delete=_set(AccessLog={"Enabled": False}),
            encode=_log_on,
        ),
        Document(
            name="cross_zone",
            get=_get("CrossZoneLoadBalancing.Enabled"),
            put=_set(CrossZoneLoadBalancing={"Enabled": VALUE}),
        ),
        Document(
            name="draining", get=_get("ConnectionDraining"), form=_draining, put=_set(ConnectionDraining=VALUE)
        ),
        Document(
            name="desync_mode",
            get=_get("AdditionalAttributes"),
            decode=_mode,
            put=_set(AdditionalAttributes=[{"Key": _DESYNC, "Value": VALUE}]),
        ),
        Look(name="listeners", listed="ListenerDescriptions", decode=_listeners, form=absent_is([])),
        Look(name="has_instances", listed="Instances", decode=_any),
        Look(name="zones", listed="AvailabilityZones", decode=sorted, form=absent_is([])),
        TlsPolicies(name="tls"),
        tags(Get("elb.DescribeTags", {"LoadBalancerNames": ["{id}"]}, "TagDescriptions.Tags")),
    ),
    touched_by=(changes("elasticloadbalancing", f"{REQUEST}.loadBalancerName", id="[A-Za-z0-9-]+"),),
    address="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{id}",
    find=Listing(
        "elb.DescribeLoadBalancers", "LoadBalancerDescriptions", id="LoadBalancerName",
        narrow={"LoadBalancerNames": ["{id}"]},
    ),
)  # fmt: skip


_IN_REGION: Final = Placed("Elastic Load Balancing User Guide for Classic Load Balancers, Enable access logs")


@control(
    "aws.elb.load-balancer.access-logged",
    LOAD_BALANCER,
    severity=Severity.MEDIUM,
    maps=required("elb_logging_enabled"),
    disrupts=harmless(
        "requests are served as before; only storage of the logs is charged, and AWS refuses the change where "
        "it may not write to the bucket",
        source="User Guide for Classic Load Balancers, Access logs for your Classic Load Balancer",
        noticed_by="those who pay",
    ),
    compliant=[{"access_log": {"S3BucketName": "goldseam-logs", "S3BucketPrefix": "", "EmitInterval": 60}}],
    violating=[
        {"access_log": ABSENT},
        Example(
            {"access_log": ABSENT},
            settings={"bucket": "goldseam-logs", "prefix": "edge"},
            leaves={"access_log": {"S3BucketName": "goldseam-logs", "S3BucketPrefix": "edge", "EmitInterval": 60}},
        ),
    ],
)
def access_logged(access_log: Value, *, bucket: Annotated[Bucket, _IN_REGION] = "", prefix: str = "") -> Verdict:
    """Requests to a load balancer are logged.

    The log says who asked for what and when, which is the first question after an attack.
    """
    if access_log is not ABSENT:
        return compliant
    if not bucket:
        return violation(
            because="requests are not logged",
            guide="make a bucket in the region whose policy lets Elastic Load Balancing write, and give its name or "
            "ARN in a policy as the setting `bucket`",
        )
    wanted = {"S3BucketName": bucket, "S3BucketPrefix": prefix, "EmitInterval": 60}
    return should_be(access_log=wanted, because="requests are not logged")


@control(
    "aws.elb.load-balancer.cross-zone",
    LOAD_BALANCER,
    severity=Severity.LOW,
    maps=required("elb_cross_zone_load_balancing_enabled"),
    disrupts=may_disrupt("instances get traffic of other zones too, which they may not be large enough for"),
    compliant=[{"cross_zone": True}],
    violating=[Example({"cross_zone": False}, leaves={"cross_zone": True})],
)
def cross_zone(cross_zone: bool) -> Verdict:  # noqa: FBT001
    """A load balancer shares traffic out over all its zones.

    Without it the few instances of one zone carry half of the load, and fall first.
    """
    return compliant if cross_zone else should_be(cross_zone=True, because="traffic stays in the zone that it enters")


@control(
    "aws.elb.load-balancer.drained",
    LOAD_BALANCER,
    severity=Severity.LOW,
    maps=required("elb_connection_draining_enabled"),
    disrupts=harmless(
        "an instance that is deregistered completes the requests in flight; a deregistration may take up to "
        "the timeout",
        source="User Guide for Classic Load Balancers, Configure connection draining for your Classic Load Balancer",
        noticed_by="those who deploy or scale in",
    ),
    compliant=[{"draining": {"Enabled": True, "Timeout": 60}}],
    violating=[
        Example(
            {"draining": {"Enabled": False, "Timeout": 300}}, leaves={"draining": {"Enabled": True, "Timeout": 300}}
        ),
        Example(
            {"draining": {"Enabled": False, "Timeout": 300}},
            settings={"seconds": 30},
            leaves={"draining": {"Enabled": True, "Timeout": 30}},
        ),
    ],
)
def drained(draining: Mapping[str, Json], *, seconds: Annotated[int, Between(1, 3600)] = 300) -> Verdict:
    """Requests that are under way are answered before an instance is taken out.

    Else every release, and every instance that fails its health check, breaks them off.
    """
    if draining["Enabled"]:
        return compliant
    return should_be(draining={"Enabled": True, "Timeout": seconds}, because="connection draining is off")


@control(
    "aws.elb.load-balancer.desync-mitigated",
    LOAD_BALANCER,
    severity=Severity.MEDIUM,
    maps=required("elb_desync_mitigation_mode"),
    disrupts=may_disrupt("requests that break the rules of HTTP in dangerous ways are refused"),
    compliant=[{"desync_mode": "defensive"}, {"desync_mode": "strictest"}],
    violating=[Example({"desync_mode": "monitor"}, leaves={"desync_mode": "defensive"})],
)
def desync_mitigated(desync_mode: str) -> Verdict:
    """Ambiguous requests are not passed on.

    Where two servers disagree on where a request ends, the rest of it is taken for someone else's.
    """
    if desync_mode in ("defensive", "strictest"):
        return compliant
    return should_be(desync_mode="defensive", because=f"the desync mitigation mode is {desync_mode}")


def _speaks(port: int, protocol: str, certificate: str = "") -> dict[str, Json]:
    return {"port": port, "protocol": protocol, "certificate": certificate}


_ACM: Final = "arn:aws:acm:eu-west-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
_IAM: Final = "arn:aws:iam::123456789012:server-certificate/web"


@control(
    "aws.elb.load-balancer.listeners-use-tls",
    LOAD_BALANCER,
    severity=Severity.HIGH,
    maps=required("elb_ssl_listeners"),
    covers=("seed:elbHttpsOnly",),
    compliant=[{"listeners": [_speaks(443, "HTTPS", _ACM)]}, {"listeners": []}],
    violating=[
        {"listeners": [_speaks(80, "HTTP"), _speaks(443, "HTTPS", _ACM)]},
        {"listeners": [_speaks(6000, "TCP")]},
    ],
)
def listeners_use_tls(listeners: list[Json]) -> Verdict:
    """Listeners speak HTTPS or TLS.

    What is sent in plain text is read and changed on the way, passwords and session cookies included.
    """
    plain = [f"{item['protocol']} on port {item['port']}" for item in listeners if item["protocol"] not in SECURE]
    if not plain:
        return compliant
    return violation(
        because=f"it listens to {', '.join(plain)}",
        guide="a classic load balancer cannot redirect; make an application load balancer with an HTTPS listener and "
        "an HTTP listener that redirects to it (the console offers to copy this one), point the DNS name to it, and "
        "delete this one when no traffic is left; or add an HTTPS listener, move the clients, and then delete the "
        "plain one",
    )


@control(
    "aws.elb.load-balancer.certificates-from-acm",
    LOAD_BALANCER,
    severity=Severity.LOW,
    maps=required("elb_ssl_listeners_use_acm_certificate"),
    compliant=[{"listeners": [_speaks(443, "HTTPS", _ACM), _speaks(80, "HTTP")]}],
    violating=[{"listeners": [_speaks(443, "HTTPS", _IAM)]}],
)
def certificates_from_acm(listeners: list[Json]) -> Verdict:
    """Certificates of listeners come from ACM.

    ACM renews them; one that was uploaded to IAM expires on the day that nobody remembers.
    """
    found = [item for item in listeners if item["protocol"] in SECURE and ":acm:" not in str(item["certificate"])]
    if not found:
        return compliant
    return violation(
        because="; ".join(f"port {item['port']} has {item['certificate'] or 'no certificate'}" for item in found),
        guide="request a certificate in ACM for the names of the listener, and set it with "
        "`aws elb set-load-balancer-listener-ssl-certificate`",
    )


@control(
    "aws.elb.load-balancer.in-two-zones",
    LOAD_BALANCER,
    severity=Severity.MEDIUM,
    maps=required("elb_is_in_multiple_az"),
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
        guide="choose a subnet in another zone, add it with `aws elb attach-load-balancer-to-subnets`, and register "
        "instances there",
    )


@control(
    "aws.elb.load-balancer.has-instances",
    LOAD_BALANCER,
    severity=Severity.LOW,
    covers=("seed:elbNoInstances",),
    compliant=[{"has_instances": True}],
    violating=[{"has_instances": False}],
)
def has_instances(has_instances: bool) -> Verdict:  # noqa: FBT001
    """Something stands behind a load balancer.

    One without instances serves nobody, is paid for, and keeps an address open that nobody looks after.
    """
    if has_instances:
        return compliant
    return violation(
        because="no instance is registered",
        guide="register instances, or attach an Auto Scaling group; or, if the load balancer is not needed, move the "
        "DNS names that point to it and delete it",
    )
