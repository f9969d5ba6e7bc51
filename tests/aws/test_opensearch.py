"""OpenSearch: one call for what can be taken back, one way for what cannot, statements, and what is waited for."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.services.opensearch import controls
from goldseam.clouds.aws.services.opensearch.domain import AT_REST, BETWEEN_NODES, DOMAIN, ENDPOINT, LOGS, SOFTWARE
from goldseam.control import Catalog, Compliant, Example, Violation
from goldseam.model.values import Json
from goldseam.repair.propose import propose
from tests.aws.laws import as_read, parameters, planned, ref_of, verdict
from tests.aws.live import live

CONTROLS = Catalog.of([controls]).controls
GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:logs"
OPTIONS: dict[str, Json] = {
    ENDPOINT: {"TLSSecurityPolicy": "Policy-Min-TLS-1-0-2019-07", "CustomEndpointEnabled": True,
               "CustomEndpoint": "search.example.com", "CustomEndpointCertificateArn": "arn:aws:acm:::certificate/1"},
    LOGS: {"SEARCH_SLOW_LOGS": GROUP},
    SOFTWARE: {"AutoSoftwareUpdateEnabled": False},
}  # fmt: skip


def test_the_options_that_differ_are_one_call_and_the_custom_endpoint_stays() -> None:
    wanted = [controls.https_only, controls.tls_modern, controls.updated]
    resource = as_read(controls.updated, Example({"options": OPTIONS, "outdated": False}))
    plan = propose(resource, wanted, wanted)
    modern = {**OPTIONS[ENDPOINT], "EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"}
    assert parameters(plan) == [
        {"DomainName": "goldseam-example", ENDPOINT: modern, SOFTWARE: {"AutoSoftwareUpdateEnabled": True}}
    ]
    assert plan.undo[0].parameters[ENDPOINT] == {**OPTIONS[ENDPOINT], "EnforceHTTPS": False}


def test_a_log_that_is_taken_back_is_said_to_be_off_and_the_others_stay() -> None:
    plan = planned(controls.audited, Example({"options": OPTIONS, "fine_grained": True}, {"log_group": GROUP}))
    on = {"CloudWatchLogsLogGroupArn": GROUP, "Enabled": True}
    assert parameters(plan)[0][LOGS] == {"SEARCH_SLOW_LOGS": on, "AUDIT_LOGS": on}
    assert plan.undo[0].parameters[LOGS] == {"SEARCH_SLOW_LOGS": on, "AUDIT_LOGS": {"Enabled": False}}


def test_encryption_leads_one_way_and_says_so() -> None:
    facets = {"encryption": {AT_REST: False, BETWEEN_NODES: False}, "engine": "OpenSearch_2.11"}
    wanted = [controls.encrypted, controls.encrypted_between_nodes]
    plan = propose(as_read(controls.encrypted, Example(facets)), wanted, wanted)
    assert parameters(plan) == [
        {"DomainName": "goldseam-example", AT_REST: {"Enabled": True}, BETWEEN_NODES: {"Enabled": True}}
    ]
    assert not plan.reversible
    assert plan.undo == ()
    assert not controls.encrypted.reversible


@pytest.mark.parametrize(("engine", "fixed"), [("Elasticsearch_6.5", False), ("Elasticsearch_6.8", True),
                                               ("Elasticsearch_10.0", True), ("OpenSearch_1.3", True)])  # fmt: skip
def test_what_is_too_old_to_be_encrypted_is_for_people(engine: str, fixed: bool) -> None:
    found = verdict(
        controls.encrypted, Example({"encryption": {AT_REST: False, BETWEEN_NODES: True}, "engine": engine})
    )
    assert isinstance(found, Violation) is not fixed


def test_peers_16_in_a_vpc_an_open_policy_is_not_public() -> None:
    policy = controls.policy_not_public.violating[0].facets["policy"]
    assert isinstance(verdict(controls.policy_not_public, Example({"policy": policy, "vpc": "vpc-1"})), Compliant)


class Answers:
    """An `Ask` with one answer."""

    def __init__(self, **domain: Json) -> None:
        self.domain = domain

    def one(self, operation: str, parameters: Json, region: str) -> Json:
        return {"DomainStatus": self.domain}

    def every(self, operation: str, parameters: Json, region: str, member: str) -> list[Json]:
        raise AssertionError(operation)

    def today(self) -> str:
        raise AssertionError("no date is needed")


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        ({"DomainProcessingStatus": "Active"}, ""),
        ({"DomainProcessingStatus": "Modifying", "Processing": True}, "the domain, which is Modifying"),
        ({"Processing": True}, "the domain, which is Modifying"),
        ({"Processing": False}, ""),
    ],
)
def test_peers_10_a_domain_that_is_being_changed_is_pending(domain: Json, said: str) -> None:
    for name in ("options", "encryption"):
        facet = DOMAIN.facet_by_name[name]
        assert facet.read(Answers(**domain), ref_of(DOMAIN), None).pending == said  # type: ignore[attr-defined]


def test_on_moto_domains_are_read_repaired_and_taken_back(moto_url: str) -> None:
    with live(moto_url, DOMAIN) as aws:
        aws.make("opensearch.CreateDomain", DomainName="search")
        domain = aws.found()["search"]
        aws.there_and_back(domain, controls.https_only, controls.tls_modern)
