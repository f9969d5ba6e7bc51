"""Whether listeners of a classic load balancer turn old versions of TLS away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.elb.load_balancer import LOAD_BALANCER
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import Json

_MODERN: Final = "ELBSecurityPolicy-TLS-1-2-2017-01"
"""The newest that AWS has for classic load balancers."""
_MODERN_POLICY: Final = {"follows": _MODERN, "lets_in": []}
_USUAL: Final = "ELBSecurityPolicy-2016-08"
_OLD: Final = {"follows": _USUAL, "lets_in": ["TLSv1", "TLSv1.1"]}
_OWN: Final = {"follows": "", "lets_in": ["SSLv3"]}


def _tls(policies: Mapping[str, Json], **ports: list[str]) -> dict[str, Json]:
    return {"policies": dict(policies), "ports": {port.removeprefix("on_"): names for port, names in ports.items()}}


@control(
    "aws.elb.load-balancer.tls-modern",
    LOAD_BALANCER,
    severity=Severity.HIGH,
    maps=required("elb_insecure_ssl_ciphers"),
    disrupts=may_disrupt("clients that do not speak TLS 1.2, or none of its ciphers, cannot connect"),
    compliant=[
        {"tls": _tls({})},
        {"tls": _tls({_MODERN: _MODERN_POLICY, _USUAL: _OLD}, on_443=["cookies", _MODERN])},
    ],
    violating=[
        Example(
            {"tls": _tls({_USUAL: _OLD}, on_443=["cookies", _USUAL], on_8443=["cookies"])},
            leaves={
                "tls": _tls({_MODERN: _MODERN_POLICY, _USUAL: _OLD}, on_443=[_MODERN, "cookies"], on_8443=["cookies"])
            },
        ),
        Example(
            {"tls": _tls({_MODERN: _MODERN_POLICY, "own": _OWN}, on_443=["own"], on_8443=[_MODERN])},
            leaves={"tls": _tls({_MODERN: _MODERN_POLICY, "own": _OWN}, on_443=[_MODERN], on_8443=[_MODERN])},
        ),
    ],
)
def tls_modern(tls: Mapping[str, Json]) -> Verdict:
    """Clients connect with TLS 1.2.

    Older versions have known weaknesses; the policy that AWS sets where none is named still lets them in. The other
    policies of a listener, such as those that keep a client on one instance, stay.
    """
    policies, ports = tls["policies"], tls["ports"]
    weak = {port: _weak(names, policies) for port, names in ports.items()}
    found = {port: names for port, names in weak.items() if names}
    if not found:
        return compliant
    wanted = {
        port: sorted({*names, _MODERN} - set(found[port])) if port in found else names for port, names in ports.items()
    }
    because = "; ".join(f"port {port} lets in {_versions(names, policies)}" for port, names in sorted(found.items()))
    return should_be(tls={"policies": {**policies, _MODERN: _MODERN_POLICY}, "ports": wanted}, because=because)


def _weak(names: list[str], policies: Mapping[str, Json]) -> list[str]:
    return [name for name in names if name in policies and policies[name]["lets_in"]]


def _versions(names: list[str], policies: Mapping[str, Json]) -> str:
    return ", ".join(sorted({version for name in names for version in policies[name]["lets_in"]}))
