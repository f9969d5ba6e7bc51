"""OpenSearch Service: what domains should be like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.named import LogGroupArn
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.opensearch.domain import AT_REST, BETWEEN_NODES, DOMAIN, ENDPOINT, LOGS, SOFTWARE
from goldseam.clouds.aws.statements import not_public, policy_document
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import ABSENT, Json, Value

_MODERN: Final = "Policy-Min-TLS-1-2-PFS-2023-10"
_WITHOUT_SECRECY: Final = "Policy-Min-TLS-1-2-2019-07"
_OLD: Final = ("Policy-Min-TLS-1-0-2019-07", _WITHOUT_SECRECY)
_GROUP: Final = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/opensearch/shop"
_GOOD: Final = {
    ENDPOINT: {"EnforceHTTPS": True, "TLSSecurityPolicy": _MODERN},
    LOGS: {},
    SOFTWARE: {"AutoSoftwareUpdateEnabled": True},
}
_PLAIN: Final = {**_GOOD, ENDPOINT: {"TLSSecurityPolicy": _MODERN}}


@control(
    "aws.opensearch.domain.https-only", DOMAIN, severity=Severity.HIGH,
    disrupts=may_disrupt("clients that use plain HTTP are refused"),
    maps=required("opensearch_service_domains_https_communications_enforced"),
    covers=("seed:opensearchHttpsOnly",),
    compliant=[{"options": _GOOD}],
    violating=[Example({"options": _PLAIN}, leaves={"options": _GOOD})],
)  # fmt: skip
def https_only(options: Value) -> Verdict:
    """A domain takes only encrypted connections.

    What is sent over plain HTTP, passwords included, can be read on the way.
    """
    endpoint = options[ENDPOINT]
    if endpoint.get("EnforceHTTPS"):
        return compliant
    return should_be(options={**options, ENDPOINT: {**endpoint, "EnforceHTTPS": True}}, because="plain HTTP is taken")


@control(
    "aws.opensearch.domain.tls-modern", DOMAIN, severity=Severity.MEDIUM,
    disrupts=may_disrupt("clients that speak no TLS 1.2 with forward secrecy are cut off"),
    maps=required("opensearch_service_domains_https_communications_enforced"),
    compliant=[{"options": _GOOD}],
    violating=[
        Example(
            {"options": {**_GOOD, ENDPOINT: {"EnforceHTTPS": True, "TLSSecurityPolicy": name}}},
            leaves={"options": _GOOD},
        )
        for name in _OLD
    ],
)  # fmt: skip
def tls_modern(options: Value) -> Verdict:
    """A domain speaks TLS 1.2 or newer, with forward secrecy.

    Older versions have been broken; without forward secrecy a key that is lost later opens what was recorded before.
    """
    endpoint = options[ENDPOINT]
    policy = endpoint.get("TLSSecurityPolicy", _OLD[0])
    if policy not in _OLD:
        return compliant
    wanted = {**options, ENDPOINT: {**endpoint, "TLSSecurityPolicy": _MODERN}}
    return should_be(options=wanted, because=f"its TLS policy is {policy}")


_UPDATE: Final = (
    "wait for the off-peak window, or take a snapshot and `aws opensearch start-service-software-update --schedule-at "
    "OFF_PEAK_WINDOW`"
)
_THEN: Final = "when it is installed, the next scan offers to switch automatic updates on"


@control(
    "aws.opensearch.domain.updated", DOMAIN, severity=Severity.MEDIUM,
    disrupts=may_disrupt("the domain is slower while it is updated in its off-peak window"),
    maps=required("opensearch_service_domains_updated_to_the_latest_service_software_version"),
    compliant=[{"options": _GOOD, "outdated": False}],
    violating=[
        Example(
            {"options": {**_GOOD, SOFTWARE: {"AutoSoftwareUpdateEnabled": False}}, "outdated": False},
            leaves={"options": _GOOD},
        ),
        {"options": _GOOD, "outdated": True},
        {"options": {**_GOOD, SOFTWARE: {"AutoSoftwareUpdateEnabled": False}}, "outdated": True},
    ],
)  # fmt: skip
def updated(options: Value, outdated: Value) -> Verdict:
    """Updates of the service's software are installed by themselves.

    They carry the security fixes; without this someone has to remember each of them. While an update waits, switching
    this on does not make the domain current, so a person installs that one first.
    """
    automatic = options[SOFTWARE]["AutoSoftwareUpdateEnabled"]
    if outdated:
        more = "" if automatic else ", and updates are not installed by themselves"
        return violation(because=f"an update waits{more}", guide=_UPDATE if automatic else f"{_UPDATE}; {_THEN}")
    if automatic:
        return compliant
    wanted = {**options, SOFTWARE: {"AutoSoftwareUpdateEnabled": True}}
    return should_be(options=wanted, because="updates are not installed by themselves")


def _logged(options: Value, name: str, group: str, because: str) -> Verdict:
    """The verdict that a log should go to a log group that the user chose."""
    if name in options[LOGS]:
        return compliant
    if not group:
        return violation(
            because=because,
            guide="1. make a log group, and let `es.amazonaws.com` write to it by a CloudWatch Logs resource policy; "
            "2. give its name or ARN in a policy as the setting `log_group`",
        )
    return should_be(options={**options, LOGS: {**options[LOGS], name: group}}, because=because)


_AUDIT: Final = "AUDIT_LOGS"
_ERRORS: Final = "ES_APPLICATION_LOGS"
_SLOW: Final = {"SEARCH_SLOW_LOGS": f"{_GROUP}/slow"}


@control(
    "aws.opensearch.domain.audited", DOMAIN, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "enabling audit logs causes a blue/green deployment, during which searches and indexing are slower and "
        "requests may be refused; CloudWatch Logs charges by volume",
        source="Amazon OpenSearch Service Developer Guide, Making configuration changes in Amazon OpenSearch Service",
    ),
    maps=required("opensearch_service_domains_audit_logging_enabled"),
    compliant=[{"options": {**_GOOD, LOGS: {_AUDIT: _GROUP}}, "fine_grained": True}],
    violating=[
        {"options": _GOOD, "fine_grained": True},
        {"options": _GOOD, "fine_grained": False},
        Example(
            {"options": {**_GOOD, LOGS: _SLOW}, "fine_grained": True}, {"log_group": _GROUP},
            {"options": {**_GOOD, LOGS: {**_SLOW, _AUDIT: _GROUP}}},
        ),
    ],
)  # fmt: skip
def audited(options: Value, fine_grained: Value, *, log_group: LogGroupArn = "") -> Verdict:
    """It is recorded who asks a domain for what.

    Without it nobody can tell after an incident what was read. OpenSearch knows who asks only with fine-grained access
    control.
    """
    because = "audit logs are not published"
    if not fine_grained and _AUDIT not in options[LOGS]:
        return violation(because=f"{because}, and fine-grained access control is off", guide=_FINE_GRAINED)
    return _logged(options, _AUDIT, log_group, because)


@control(
    "aws.opensearch.domain.errors-logged", DOMAIN, severity=Severity.LOW,
    disrupts=may_disrupt(
        "with some versions of the service software the change causes a blue/green deployment, during which "
        "searches and indexing are slower",
        source="Amazon OpenSearch Service Developer Guide, Making configuration changes in Amazon OpenSearch Service",
    ),
    maps=required("opensearch_service_domains_cloudwatch_logging_enabled"),
    compliant=[{"options": {**_GOOD, LOGS: {_ERRORS: _GROUP}}}],
    violating=[
        {"options": _GOOD},
        Example({"options": _GOOD}, {"log_group": _GROUP}, {"options": {**_GOOD, LOGS: {_ERRORS: _GROUP}}}),
    ],
)  # fmt: skip
def errors_logged(options: Value, *, log_group: LogGroupArn = "") -> Verdict:
    """The error log of a domain goes to CloudWatch Logs.

    It tells of requests that failed and of nodes in trouble, and is seen nowhere else.
    """
    return _logged(options, _ERRORS, log_group, "the error log is not published")


_BLUE_GREEN: Final = (
    "all data is moved to new nodes, which slows the domain down for hours; it cannot be switched off again"
)
_BOTH: Final = {AT_REST: True, BETWEEN_NODES: True}


def _can_be_switched_on(engine: str) -> bool:
    """Whether a domain that exists can be encrypted: OpenSearch, and Elasticsearch from 6.7 on."""
    found = re.fullmatch(r"Elasticsearch_(\d+)\.(\d+)", engine)
    return found is None or (int(found[1]), int(found[2])) >= (6, 7)


def _encrypted(encryption: Mapping[str, Json], engine: str, name: str, because: str) -> Verdict:
    if encryption[name]:
        return compliant
    if _can_be_switched_on(engine):
        return should_be(encryption={**encryption, name: True}, because=because)
    return violation(
        because=f"{because}, and {engine} cannot be changed",
        guide="upgrade the domain to Elasticsearch 6.8 or OpenSearch first: take a snapshot, check with `aws "
        "opensearch upgrade-domain --perform-check-only`, then upgrade",
    )


@control(
    "aws.opensearch.domain.encrypted", DOMAIN, severity=Severity.HIGH,
    disrupts=may_disrupt(_BLUE_GREEN),
    maps=required("opensearch_service_domains_encryption_at_rest_enabled"),
    covers=("seed:opensearchEncryptedDomain",),
    compliant=[{"encryption": _BOTH, "engine": "OpenSearch_2.11"}],
    violating=[
        Example(
            {"encryption": {**_BOTH, AT_REST: False}, "engine": "OpenSearch_2.11"}, leaves={"encryption": _BOTH}
        ),
        {"encryption": {**_BOTH, AT_REST: False}, "engine": "Elasticsearch_6.5"},
    ],
)  # fmt: skip
def encrypted(encryption: Mapping[str, Json], engine: str) -> Verdict:
    """The data of a domain is encrypted at rest.

    It covers indices, logs, swap and automated snapshots. It leads one way, so a person decides.
    """
    return _encrypted(encryption, engine, AT_REST, "data at rest is not encrypted")


@control(
    "aws.opensearch.domain.encrypted-between-nodes", DOMAIN, severity=Severity.MEDIUM,
    disrupts=may_disrupt(_BLUE_GREEN),
    maps=required("opensearch_service_domains_node_to_node_encryption_enabled"),
    covers=("seed:opensearchNodeToNodeEncryption",),
    compliant=[{"encryption": _BOTH, "engine": "OpenSearch_2.11"}],
    violating=[
        Example(
            {"encryption": {**_BOTH, BETWEEN_NODES: False}, "engine": "Elasticsearch_7.10"},
            leaves={"encryption": _BOTH},
        ),
        {"encryption": {**_BOTH, BETWEEN_NODES: False}, "engine": "Elasticsearch_5.6"},
    ],
)  # fmt: skip
def encrypted_between_nodes(encryption: Mapping[str, Json], engine: str) -> Verdict:
    """Nodes of a domain talk to each other over encrypted connections.

    Otherwise the data crosses AWS's network in the clear. It leads one way, so a person decides.
    """
    return _encrypted(encryption, engine, BETWEEN_NODES, "traffic between nodes is not encrypted")


_ARN: Final = "arn:aws:es:eu-west-1:123456789012:domain/goldseam-example/*"
_ANYONE: Final = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "es:*", "Resource": _ARN}
_ROLE: Final = {**_ANYONE, "Principal": {"AWS": "arn:aws:iam::123456789012:role/shop"}}
_OFFICE: Final = {**_ANYONE, "Condition": {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}}


@control(
    "aws.opensearch.domain.policy-not-public", DOMAIN, severity=Severity.CRITICAL,
    disrupts=may_disrupt(
        "clients that only the statement for everyone lets in are refused, also those that sign in with a password"
    ),
    maps=required(
        "opensearch_service_domains_not_publicly_accessible", without=("fsbp:ES.2", "fsbp:OpenSearch.2")
    ),
    covers=("prowler:opensearch_service_domains_not_publicly_accessible",),
    compliant=[
        {"policy": ABSENT, "vpc": ""},
        {"policy": policy_document(_ROLE, _OFFICE), "vpc": ""},
        {"policy": policy_document(_ANYONE), "vpc": "vpc-1"},
    ],
    violating=[
        Example({"policy": policy_document(_ANYONE), "vpc": ""}, leaves={"policy": ABSENT}),
        Example(
            {"policy": policy_document(_ROLE, _ANYONE, _OFFICE), "vpc": ""},
            leaves={"policy": policy_document(_ROLE, _OFFICE)},
        ),
    ],
)  # fmt: skip
def policy_not_public(policy: Value, vpc: str) -> Verdict:
    """The policy of a domain on the internet allows nothing to everyone.

    Whoever finds its address reads, changes and deletes what is in it. Statements tied to an account or an address
    stay. In a VPC the network decides who reaches a domain at all.
    """
    return compliant if vpc else not_public(policy)


_FINE_GRAINED: Final = (
    "1. switch on encryption at rest and between nodes, and HTTPS; 2. make a role for administrators, and give it in "
    "`aws opensearch update-domain-config --advanced-security-options`, with `AnonymousAuthEnabled=true` to let "
    "clients in while you map them; 3. map roles and users; 4. end the anonymous access. It cannot be switched off"
)


@control(
    "aws.opensearch.domain.fine-grained", DOMAIN, severity=Severity.MEDIUM,
    maps=required("opensearch_service_domains_access_control_enabled"),
    compliant=[{"fine_grained": True}],
    violating=[{"fine_grained": False}],
)  # fmt: skip
def fine_grained(fine_grained: Value) -> Verdict:
    """A domain tells its users apart.

    Without fine-grained access control everyone who is let in may read and delete every index.
    """
    if fine_grained is True:
        return compliant
    return violation(because="fine-grained access control is off", guide=_FINE_GRAINED)


@control(
    "aws.opensearch.domain.in-vpc", DOMAIN, severity=Severity.MEDIUM,
    maps=required("opensearch_service_domains_not_publicly_accessible"),
    compliant=[{"vpc": "vpc-1"}],
    violating=[{"vpc": ""}],
)  # fmt: skip
def in_vpc(vpc: str) -> Verdict:
    """A domain stands in a VPC.

    On the internet one mistake in its policy is enough. Where it stands can only be chosen when a domain is made.
    """
    if vpc:
        return compliant
    return violation(
        because="it has an address on the internet",
        guide="1. take a snapshot of all indices to a bucket; 2. make a domain in a VPC, with a security group for its "
        "clients; 3. restore the snapshot there; 4. move the clients; 5. delete the old domain",
    )


@control(
    "aws.opensearch.domain.fault-tolerant", DOMAIN, severity=Severity.LOW,
    maps=required(
        "opensearch_service_domains_fault_tolerant_data_nodes", "opensearch_service_domains_fault_tolerant_master_nodes"
    ),
    compliant=[{"cluster": {"nodes": 3, "zones": True, "masters": 3}}],
    violating=[
        {"cluster": {"nodes": 1, "zones": False, "masters": 0}}, {"cluster": {"nodes": 3, "zones": True, "masters": 0}},
    ],
)  # fmt: skip
def fault_tolerant(cluster: Value) -> Verdict:
    """A domain survives the loss of a node, and of a zone.

    That takes three data nodes in several zones, and three nodes that do nothing but lead.
    """
    checks = (
        (cluster["nodes"] >= 3, f"it has {cluster['nodes']} data nodes of 3"),  # noqa: PLR2004
        (cluster["zones"], "they stand in one zone"),
        (cluster["masters"] >= 3, f"it has {cluster['masters']} dedicated masters of 3"),  # noqa: PLR2004
    )
    if all(kept for kept, _ in checks):
        return compliant
    return violation(
        because="; ".join(said for kept, said in checks if not kept),
        guide="`aws opensearch update-domain-config --cluster-config InstanceCount=3,ZoneAwarenessEnabled=true,"
        "DedicatedMasterEnabled=true,DedicatedMasterCount=3,…`; all data is moved to new nodes meanwhile",
    )
