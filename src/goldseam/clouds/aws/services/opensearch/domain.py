"""OpenSearch Service: what a domain is, and how its configuration is written.

A domain carries out one change of its configuration at a time, so one call writes all options that can be taken back.
Encryption, at rest and between nodes, cannot be switched off again: it is a facet of its own, which leads one way.
Sources: OpenSearch Service Developer Guide, "Making configuration changes", "Encryption of data at rest" and
"Node-to-node encryption".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Get, Look, Send, absent_is
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, at, changes
from goldseam.clouds.aws.shapes import policy
from goldseam.control import Step
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value, same

_DOMAIN: Final = {"DomainName": "{id}"}
ENDPOINT: Final = "DomainEndpointOptions"
LOGS: Final = "LogPublishingOptions"
SOFTWARE: Final = "SoftwareUpdateOptions"
AT_REST: Final = "EncryptionAtRestOptions"
BETWEEN_NODES: Final = "NodeToNodeEncryptionOptions"
_ENDPOINT_FIELDS: Final = (
    "EnforceHTTPS", "TLSSecurityPolicy", "CustomEndpointEnabled", "CustomEndpoint", "CustomEndpointCertificateArn",
)  # fmt: skip


def _get(path: str = "") -> Get:
    return Get("opensearch.DescribeDomain", _DOMAIN, f"DomainStatus.{path}" if path else "DomainStatus")


def _waits(answer: Json) -> str:
    """A domain that has accepted a change and has not made it."""
    domain = answer["DomainStatus"]
    state = str(domain.get("DomainProcessingStatus") or ("Modifying" if domain.get("Processing") else "Active"))
    return "" if state == "Active" else f"the domain, which is {state}"


def _options(domain: Mapping[str, Json]) -> Value:
    """The options that can be taken back; a log that is switched off is as good as none."""
    endpoint = domain.get(ENDPOINT) or {}
    logs = {name: log for name, log in (domain.get(LOGS) or {}).items() if log.get("Enabled", True)}
    return {
        ENDPOINT: {name: endpoint[name] for name in _ENDPOINT_FIELDS if endpoint.get(name) not in {None, False, ""}},
        LOGS: {name: log.get("CloudWatchLogsLogGroupArn", "") for name, log in logs.items()},
        SOFTWARE: {"AutoSoftwareUpdateEnabled": bool(at(domain, f"{SOFTWARE}.AutoSoftwareUpdateEnabled"))},
    }


def _encryption(domain: Mapping[str, Json]) -> Value:
    return {name: bool(at(domain, f"{name}.Enabled")) for name in (AT_REST, BETWEEN_NODES)}


def _log_change(before: Mapping[str, str], after: Mapping[str, str]) -> Json:
    """Every log that shall be published, and of those that shall not any more that they are off."""
    gone: dict[str, Json] = {name: {"Enabled": False} for name in before if name not in after}
    return {**gone, **{name: {"CloudWatchLogsLogGroupArn": arn, "Enabled": True} for name, arn in after.items()}}


@dataclass(frozen=True)
class Options(AwsFacet):
    """How a domain is reached, what it logs, and how it is updated: each section that differs, whole, in one call."""

    update: Send = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One update; what was off and is left out is said to be off."""
        sent: dict[str, Json] = {name: after[name] for name in after if not same(before[name], after[name])}
        if not sent:
            return ()
        if ENDPOINT in sent:
            sent[ENDPOINT] = {"EnforceHTTPS": False, **after[ENDPOINT]}
        if LOGS in sent:
            sent[LOGS] = _log_change(before[LOGS], after[LOGS])
        return (self.step(self.update.call(ref, more=sent), after),)


@dataclass(frozen=True)
class Encryption(AwsFacet):
    """Encryption at rest and between nodes, which can only be switched on."""

    update: Send = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One update that switches on what differs; raises PlanRefused for the way back."""
        differing = [name for name in after if before[name] != after[name]]
        if any(not after[name] for name in differing):
            raise PlanRefused(f"encryption of {ref} cannot be switched off again")
        if not differing:
            return ()
        return (self.step(self.update.call(ref, more={name: {"Enabled": True} for name in differing}), after),)


def _flags(raw: Mapping[str, Json]) -> Value:
    return bool(raw.get("Enabled"))


def _cluster(raw: Mapping[str, Json]) -> Value:
    masters = raw.get("DedicatedMasterCount", 0) if raw.get("DedicatedMasterEnabled") else 0
    return {"nodes": raw.get("InstanceCount", 1), "zones": bool(raw.get("ZoneAwarenessEnabled")), "masters": masters}


DOMAIN: Final = AwsKind(
    "aws.opensearch.domain",
    "OpenSearch domain",
    (
        Options(
            name="options", get=_get(), decode=_options, waits=_waits,
            update=Send("opensearch.UpdateDomainConfig", _DOMAIN),
        ),
        Encryption(
            name="encryption", get=_get(), decode=_encryption, waits=_waits,
            update=Send("opensearch.UpdateDomainConfig", _DOMAIN),
        ),
        policy(
            "policy",
            get=_get("AccessPolicies"),
            put=Send("opensearch.UpdateDomainConfig", {**_DOMAIN, "AccessPolicies": VALUE}),
            delete=Send("opensearch.UpdateDomainConfig", {**_DOMAIN, "AccessPolicies": ""}),
        ),
        Look(name="vpc", get=_get("VPCOptions.VPCId"), form=absent_is("")),
        Look(name="fine_grained", get=_get("AdvancedSecurityOptions"), decode=_flags, form=absent_is(default=False)),
        Look(name="cluster", get=_get("ClusterConfig"), decode=_cluster),
        Look(name="engine", get=_get("EngineVersion"), form=absent_is("")),
        Look(name="outdated", get=_get("ServiceSoftwareOptions.UpdateAvailable"), form=absent_is(default=False)),
    ),
    touched_by=(changes("es", f"{REQUEST}.domainName"),),
    address="arn:{partition}:es:{region}:{account}:domain/{id}",
    find=Listing("opensearch.ListDomainNames", "DomainNames", id="DomainName"),
)  # fmt: skip
