"""The policies by which listeners of a classic load balancer speak TLS.

A policy is made once and never changed; a listener is given another one by name. Undo gives it the former names and
deletes what was made. Source: Elastic Load Balancing API Reference (2012-06-01), CreateLoadBalancerPolicy,
SetLoadBalancerPoliciesOfListener.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import AwsFacet, Reading, Send
from goldseam.clouds.aws.kind import Ask
from goldseam.control import Call, Step
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value

SECURE: Final = ("HTTPS", "SSL")
"""What a listener speaks that speaks TLS."""
_DESCRIBE: Final = "elb.DescribeLoadBalancerPolicies"
_TYPE: Final = "SSLNegotiationPolicyType"
_REFERENCE: Final = "Reference-Security-Policy"
_OLD: Final = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")
_THIS: Final = {"LoadBalancerName": "{id}"}
_CREATE: Final = Send("elb.CreateLoadBalancerPolicy", {**_THIS, "PolicyTypeName": _TYPE})
_SET: Final = Send("elb.SetLoadBalancerPoliciesOfListener", _THIS)
_DELETE: Final = Send("elb.DeleteLoadBalancerPolicy", _THIS)


@dataclass(frozen=True)
class TlsPolicies(AwsFacet):
    """The policies of a load balancer by name, and the names that each port that speaks TLS has.

    Of a policy there are the one of AWS that it follows, where it follows one, and the old versions that it lets in.
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The policies of a load balancer."""
        return (_DESCRIBE,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask for the policies, where anything speaks TLS."""
        held = item["ListenerDescriptions"]
        secure = [each for each in held if str(each["Listener"]["Protocol"]).upper() in SECURE]
        if not secure:
            return Reading({"policies": {}, "ports": {}})
        answer = ask.one(_DESCRIBE, {"LoadBalancerName": ref.id}, ref.region)
        policies = {
            str(policy["PolicyName"]): _policy(policy)
            for policy in answer["PolicyDescriptions"]
            if policy["PolicyTypeName"] == _TYPE
        }
        ports = {str(each["Listener"]["LoadBalancerPort"]): sorted(each.get("PolicyNames") or []) for each in secure}
        return Reading({"policies": policies, "ports": ports})

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """Make what is new, give listeners their names, delete what is gone: no listener is ever without a policy."""
        old, new = before["policies"], after["policies"]
        moved = [name for name in {*old, *new} if old.get(name) != new.get(name)]
        if before["ports"].keys() != after["ports"].keys() or not all(_can_be_made(old, new, name) for name in moved):
            raise self.no_way(ref, after)
        state, steps = before, []
        for name in sorted(set(new) - set(old)):
            state = {**state, "policies": {**state["policies"], name: new[name]}}
            steps.append(self.step(_made(ref, name, new[name]), state))
        for port in sorted(port for port, names in after["ports"].items() if names != before["ports"][port]):
            state = {**state, "ports": {**state["ports"], port: after["ports"][port]}}
            given = {"LoadBalancerPort": int(port), "PolicyNames": after["ports"][port]}
            steps.append(self.step(_SET.call(ref, more=given), state))
        for name in sorted(set(old) - set(new)):
            state = {**state, "policies": {key: item for key, item in state["policies"].items() if key != name}}
            steps.append(self.step(_DELETE.call(ref, more={"PolicyName": name}), state))
        return tuple(steps)


def _policy(raw: Mapping[str, Json]) -> Json:
    held = {item["AttributeName"]: item["AttributeValue"] for item in raw.get("PolicyAttributeDescriptions") or []}
    old = [version for version in _OLD if held.get(f"Protocol-{version}") == "true"]
    return {"follows": held.get(_REFERENCE, ""), "lets_in": old}


def _can_be_made(old: Mapping[str, Json], new: Mapping[str, Json], name: str) -> bool:
    """Only what follows a policy of AWS can be made again; what is there is never changed."""
    return not (name in old and name in new) and bool((new.get(name) or old[name])["follows"])


def _made(ref: Ref, name: str, policy: Mapping[str, Json]) -> Call:
    attributes = [{"AttributeName": _REFERENCE, "AttributeValue": policy["follows"]}]
    return _CREATE.call(ref, more={"PolicyName": name, "PolicyAttributes": attributes})
