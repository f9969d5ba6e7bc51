"""What the generic tests do not say of classic load balancers, certificates, domains, firewalls and web ACLs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from goldseam.clouds.aws.facet import AwsFacet, Reading
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services import acm, elb, networkfirewall, route53, route53domains, wafv2
from goldseam.control import Compliant, Example, Permission, Violation
from goldseam.model.errors import CloudError, NotFound, PlanRefused
from goldseam.model.values import ABSENT, Json
from goldseam.repair.propose import propose
from tests.aws.laws import ACCOUNT, REGION, as_read, operations, parameters, planned, ref_of, verdict
from tests.aws.live import known, live

LOGS = {
    "firehose": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/aws-waf-logs-edge",
    "s3": "arn:aws:s3:::aws-waf-logs-edge",
    "logs": "arn:aws:logs:eu-west-1:123456789012:log-group:aws-waf-logs-edge",
}


class Answers:
    """What is asked, and the answer to each operation."""

    def __init__(self, **answers: Json) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        del parameters
        self.asked.append((operation, region))
        found = self.answers[operation.partition(".")[2]]
        if isinstance(found, CloudError):
            raise found
        return dict(found)

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        found: list[Json] = self.one(operation, parameters, region)[member]
        return found

    def today(self) -> str:
        return "2030-01-07"


def read(kind: AwsKind, facet: str, item: Json = None, **answers: Json) -> Reading:
    lens = kind.facet(facet)
    assert isinstance(lens, AwsFacet)
    return lens.read(Answers(**answers), ref_of(kind), item)


def test_a_classic_load_balancer_tells_which_old_versions_each_port_lets_in() -> None:
    attributes = [("Reference-Security-Policy", "A"), ("Protocol-TLSv1", "true"), ("Protocol-SSLv3", "false")]
    old = [{"AttributeName": name, "AttributeValue": value} for name, value in attributes]
    policies = [
        {"PolicyName": "old", "PolicyTypeName": "SSLNegotiationPolicyType", "PolicyAttributeDescriptions": old},
        {"PolicyName": "sticky", "PolicyTypeName": "LBCookieStickinessPolicyType"},
    ]
    listeners = [
        {"Listener": {"Protocol": "https", "LoadBalancerPort": 443}, "PolicyNames": ["sticky", "old"]},
        {"Listener": {"Protocol": "HTTP", "LoadBalancerPort": 80}, "PolicyNames": []},
    ]
    answer = {"DescribeLoadBalancerPolicies": {"PolicyDescriptions": policies}}
    found = read(elb.LOAD_BALANCER, "tls", {"ListenerDescriptions": listeners}, **answer)
    assert found.value == {
        "policies": {"old": {"follows": "A", "lets_in": ["TLSv1"]}},
        "ports": {"443": ["old", "sticky"]},
    }
    plain = read(elb.LOAD_BALANCER, "tls", {"ListenerDescriptions": listeners[1:]})
    assert plain.value == {"policies": {}, "ports": {}}


def test_a_listener_keeps_a_policy_all_the_way_and_a_policy_of_one_s_own_is_kept() -> None:
    plan = planned(elb.tls_modern, elb.tls_modern.violating[0])
    assert operations(plan) == ["elb.CreateLoadBalancerPolicy", "elb.SetLoadBalancerPoliciesOfListener"]
    assert parameters(plan)[1]["PolicyNames"] == ["ELBSecurityPolicy-TLS-1-2-2017-01", "cookies"]
    back = [call.operation for call in plan.undo]
    assert back == ["elb.SetLoadBalancerPoliciesOfListener", "elb.DeleteLoadBalancerPolicy"]
    facet, own = elb.LOAD_BALANCER.facet("tls"), {"policies": {"own": {"follows": "", "lets_in": []}}, "ports": {}}
    with pytest.raises(PlanRefused):
        facet.write(ref_of(elb.LOAD_BALANCER), own, {"policies": {}, "ports": {}})


@pytest.mark.parametrize(("until", "left"), [("2030-01-10T00:00:00Z", 3), ("2030-01-06T23:00:00Z", -1), (None, ABSENT)])
def test_a_certificate_has_days_left(until: Json, left: Json) -> None:
    told = {"Certificate": {"NotAfter": until}}
    assert read(acm.CERTIFICATE, "days_left", DescribeCertificate=told).value == left


def test_the_user_says_how_many_days_are_few() -> None:
    """Security Hub asks for 30 days (ACM.1). The mutation: the default of before, 15."""
    example = {"days_left": 20, "in_use": True}
    assert isinstance(verdict(acm.not_expiring, Example(example)), Violation)
    assert isinstance(verdict(acm.not_expiring, Example(example, settings={"days": 15})), Compliant)


def test_peers_10_a_lock_that_the_registry_has_still_to_set_is_pending() -> None:
    under_way = {"Operations": [{"DomainName": "goldseam-example", "Type": "DOMAIN_LOCK"}, {"DomainName": "other.com"}]}
    found = read(route53domains.DOMAIN, "transfer_lock", {"TransferLock": False}, ListOperations=under_way)
    assert (found.value, found.pending) == (False, "the registry, for DOMAIN_LOCK")
    found = read(route53domains.DOMAIN, "transfer_lock", {"TransferLock": True}, ListOperations={"Operations": []})
    assert (found.value, found.pending) == (True, "")


def test_contacts_of_a_domain_are_not_kept() -> None:
    detail = {"AdminPrivacy": True, "TechPrivacy": True, "RegistrantPrivacy": False, "AdminContact": {"Email": "a@b.c"}}
    told = {"GetDomainDetail": detail, "ListOperations": {"Operations": []}}
    found = read(route53domains.DOMAIN, "privacy", **told)
    assert found.value == {"AdminPrivacy": True, "RegistrantPrivacy": False, "TechPrivacy": True}
    plan = planned(route53domains.contacts_private, Example({"privacy": found.value}))
    assert parameters(plan) == [{"DomainName": "goldseam-example", "RegistrantPrivacy": True}]
    assert (plan.calls[0].region, plan.undo[0].region) == ("us-east-1", "us-east-1")


def test_each_change_of_a_firewall_names_the_version_that_it_replaces() -> None:
    wanted = [networkfirewall.deletion_protected, networkfirewall.policy_protected]
    example = Example({"deletion_protection": False, "policy_protection": False})
    plan = propose(as_read(wanted[0], example), wanted, wanted)
    assert len(plan.calls) == len(wanted)
    for call, facet in zip(plan.calls, ("deletion_protection", "policy_protection"), strict=True):
        assert call.asks == {facet}
        assert call.filled({facet: {"UpdateToken": "t"}})["UpdateToken"] == "t"


@pytest.mark.parametrize(
    ("service", "asked"),
    [
        ("firehose", {"iam:CreateServiceLinkedRole"}),
        ("s3", {"logs:CreateLogDelivery", "s3:GetBucketPolicy", "s3:PutBucketPolicy"}),
        ("logs", {"logs:CreateLogDelivery", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies",
                  "logs:DescribeLogGroups"}),
    ],
)  # fmt: skip
def test_a_web_acl_s_log_takes_the_rights_of_where_it_goes(service: str, asked: set[str]) -> None:
    plan = planned(wafv2.logged, Example({"log": ABSENT}, settings={"destination": LOGS[service]}))
    assert {item.action for item in plan.calls[0].permissions} == {"wafv2:PutLoggingConfiguration", *asked}
    assert Permission("wafv2:DeleteLoggingConfiguration", plan.ref.address) in plan.undo[0].permissions


def test_a_web_acl_of_the_classic_kind_is_only_looked_at() -> None:
    facet = wafv2.WebAcl(name="web_acl", also=())
    ref = ref_of(wafv2.WEB_ACL)
    with pytest.raises(PlanRefused):
        facet.write(ref, "arn:aws:waf-regional:eu-west-1:123456789012:webacl/a", ABSENT)


def test_rules_that_firewall_manager_puts_first_are_rules_too() -> None:
    told = {"WebACL": {"Rules": [], "PreProcessFirewallManagerRuleGroups": [{"Name": "fms"}]}}
    assert read(wafv2.WEB_ACL, "rules", GetWebACL=told).value == ["fms"]


def test_on_moto_zones_go_by_the_id_that_events_give_and_begin_and_end_a_log(moto_url: str) -> None:
    with live(moto_url, route53.HOSTED_ZONE) as aws:
        group = "/aws/route53/example"
        made = aws.make("route53.CreateHostedZone", Name="example.com", CallerReference="a")["HostedZone"]["Id"]
        aws.session.call("logs", "CreateLogGroup", "us-east-1", logGroupName=group)
        zone = aws.found()[str(made).rpartition("/")[2]]
        assert zone.facets == {
            "query_log": ABSENT, "private": False, "missing_buckets": [], "domain": "example.com", "to_buckets": [],
        }  # fmt: skip
        arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}:*"
        chosen = {"log_group": arn}
        plan = propose(zone, [route53.queries_logged], [route53.queries_logged], lambda *_: chosen)
        aws.send(plan.calls)
        begun = aws.again(zone)
        assert begun.facets["query_log"] == arn
        [end] = plan.undo
        assert {item.resource for item in end.permissions} == {"arn:aws:route53:::queryloggingconfig/*"}
        aws.make(end.operation, **end.filled(begun.told))
        assert aws.again(zone).facets == zone.facets


def test_a_name_dangles_when_s3_would_serve_a_bucket_that_is_gone() -> None:
    records = [
        {"Name": "gone.example.com.", "Type": "A", "AliasTarget": {"DNSName": "s3-website-eu-west-1.amazonaws.com."}},
        {"Name": "mine.example.com.", "Type": "A", "AliasTarget": {"DNSName": "s3-website.eu-south-2.amazonaws.com"}},
        {"Name": "old.example.com.", "Type": "CNAME",
         "ResourceRecords": [{"Value": "old.example.com.s3-website-us-east-1.amazonaws.com"}]},
        {"Name": "lb.example.com.", "Type": "A", "AliasTarget": {"DNSName": "web-1.eu-west-1.elb.amazonaws.com."}},
        {"Name": "txt.example.com.", "Type": "TXT", "ResourceRecords": [{"Value": "s3-website-a-1.amazonaws.com"}]},
    ]  # fmt: skip
    told = {
        "ListResourceRecordSets": {"ResourceRecordSets": records},
        "ListBuckets": {"Buckets": [{"Name": "mine.example.com"}]},
        "HeadBucket": NotFound("gone", code="404"),
    }
    found = read(route53.HOSTED_ZONE, "missing_buckets", **told)
    assert found.value == ["gone.example.com", "old.example.com"]


def test_on_moto_firewalls_and_domains_are_read(moto_url: str) -> None:
    with live(moto_url, networkfirewall.FIREWALL) as aws:
        policy = f"arn:aws:network-firewall:{REGION}:{ACCOUNT}:firewall-policy/edge"
        aws.make(
            "network-firewall.CreateFirewall", FirewallName="edge", FirewallPolicyArn=policy, VpcId="vpc-1",
            SubnetMappings=[{"SubnetId": "subnet-1"}],
        )  # fmt: skip
        found = aws.found()["edge"]
        assert known(found)
        assert found.told["deletion_protection"]["UpdateToken"]
        assert found.facets["subnets"] == ["subnet-1"]


def test_on_moto_a_classic_load_balancer_is_repaired_and_taken_back(moto_url: str) -> None:
    with live(moto_url, elb.LOAD_BALANCER) as aws:
        plain = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
        aws.make("elb.CreateLoadBalancer", LoadBalancerName="web", Listeners=[plain], AvailabilityZones=[f"{REGION}a"])
        found = aws.found()["web"]
        assert known(found)
        assert found.facets["listeners"] == [{"port": 80, "protocol": "HTTP", "certificate": ""}]
        plan, _ = aws.there_and_back(found, elb.cross_zone, elb.drained)
        assert operations(plan) == ["elb.ModifyLoadBalancerAttributes"] * 2
