from __future__ import annotations

from typing import Final

import pytest

from goldseam.clouds.aws.services import elbv2
from goldseam.clouds.aws.services.elbv2 import listener, load_balancer
from goldseam.control import Compliant, Example, Permission, Violation
from goldseam.model.errors import PlanRefused
from goldseam.model.values import ABSENT, Json
from goldseam.repair.propose import propose, reversal
from tests.aws.laws import ACCOUNT, REGION, after, as_read, held, left, operations, parameters, planned, verdict
from tests.aws.live import Live, known, live

WEB: Final = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/web/1234567890abcdef"
FORWARD: Final = {"Type": "forward", "TargetGroupArn": WEB}
TO_HTTPS: Final = {
    "Type": "redirect",
    "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
}
ACL: Final = load_balancer.EXAMPLE_ACL


def http(*actions: Json, secure: tuple[int, ...] = (443,)) -> Example:
    return Example({"protocol": "HTTP", "actions": list(actions), "secure_ports": list(secure)})


def test_peers_05_a_redirect_to_https_is_right_and_stays() -> None:
    assert isinstance(verdict(listener.redirects_to_https, http(TO_HTTPS)), Compliant)
    assert isinstance(verdict(listener.redirects_to_https, http(TO_HTTPS, secure=())), Compliant)


def test_peers_05_a_plain_listener_redirects_and_gets_its_actions_back() -> None:
    example = http(FORWARD, secure=(443, 8443))
    plan, resource = planned(listener.redirects_to_https, example), as_read(listener.redirects_to_https, example)
    assert operations(plan) == ["elbv2.ModifyListener"]
    [action] = parameters(plan)[0]["DefaultActions"]
    assert (action["Type"], action["RedirectConfig"]["Port"]) == ("redirect", "443")
    back = reversal(plan, after(plan, resource), elbv2.LISTENER)
    assert back.calls[0].parameters["DefaultActions"] == resource.facets["actions"]


def test_without_https_beside_it_a_person_adds_the_listener_first() -> None:
    found = verdict(listener.redirects_to_https, http(FORWARD, secure=()))
    assert isinstance(found, Violation)
    assert "plain HTTP goes to web" in found.because


def test_two_spellings_of_one_forward_are_equal() -> None:
    group = {"TargetGroups": [{"TargetGroupArn": WEB, "Weight": 1}], "TargetGroupStickinessConfig": {"Enabled": False}}
    form = elbv2.LISTENER.facet("actions").normal
    assert form([FORWARD]) == form([{**FORWARD, "Order": 1, "ForwardConfig": group}]) == form(form([FORWARD]))


def test_actions_that_hold_a_secret_which_is_not_read_are_not_written() -> None:
    facet, ref = elbv2.LISTENER.facet("actions"), as_read(listener.redirects_to_https, http(FORWARD)).ref
    signs_in = facet.normal([{"Type": "authenticate-oidc", "AuthenticateOidcConfig": {"ClientId": "a"}}])
    with pytest.raises(PlanRefused):
        facet.write(ref, signs_in, facet.normal([FORWARD]))
    with pytest.raises(PlanRefused):
        facet.write(ref, facet.normal([FORWARD]), signs_in)


@pytest.mark.parametrize(
    ("policy", "least"),
    [
        ("ELBSecurityPolicy-2016-08", 0),
        ("ELBSecurityPolicy-FS-2018-06", 0),
        ("ELBSecurityPolicy-TLS-1-1-2017-01", 1),
        ("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", 2),
        ("ELBSecurityPolicy-FS-1-2-Res-2020-10", 2),
        ("ELBSecurityPolicy-TLS13-1-0-PQ-2025-09", 0),
        ("ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04", 3),
    ],
)
def test_a_policy_says_its_least_version_in_its_name(policy: str, least: int) -> None:
    assert listener.least_version(policy) == least


def test_a_log_that_is_switched_off_again_is_only_switched_off() -> None:
    example = Example({"access_log": ABSENT, "type": "application"}, settings={"bucket": "logs"})
    plan = planned(load_balancer.access_logged, example)
    assert plan.undo[0].parameters["Attributes"] == [{"Key": "access_logs.s3.enabled", "Value": "false"}]


def test_putting_a_load_balancer_behind_a_web_acl_takes_rights_on_both() -> None:
    plan = planned(
        load_balancer.behind_firewall, Example({"web_acl": ABSENT, "type": "application"}, settings={"firewall": ACL})
    )
    assert set(plan.calls[0].permissions) == {
        Permission("wafv2:AssociateWebACL", plan.ref.address),
        Permission("wafv2:AssociateWebACL", ACL),
        Permission("elasticloadbalancing:SetWebAcl", "*"),
    }


def test_attributes_are_sent_one_by_one() -> None:
    bad = {
        "deletion_protection.enabled": "false",
        "routing.http.drop_invalid_header_fields.enabled": "false",
        "routing.http.desync_mitigation_mode": "monitor",
    }
    wanted = [
        load_balancer.deletion_protected, load_balancer.desync_mitigated, load_balancer.invalid_headers_dropped,
    ]  # fmt: skip
    example = Example({"attributes": bad, "type": "application"})
    plan = propose(as_read(wanted[0], example), wanted, wanted)
    assert [item["Key"] for item in parameters(plan)[0]["Attributes"]] == sorted(bad)
    assert left(wanted[0], example, "attributes") == {**bad, "deletion_protection.enabled": "true"}


def made(aws: Live) -> tuple[str, str]:
    """The ARNs of a load balancer and of a target group of its network."""
    vpc = aws.make("ec2.CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        aws.make("ec2.CreateSubnet", VpcId=vpc, CidrBlock=f"10.0.{at}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for at, zone in enumerate("ab")
    ]
    ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    balancer = aws.make("elbv2.CreateLoadBalancer", Name="web", Subnets=ids)["LoadBalancers"][0]["LoadBalancerArn"]
    group = aws.make("elbv2.CreateTargetGroup", Name="web", Protocol="HTTP", Port=80, VpcId=vpc)
    return str(balancer), str(group["TargetGroups"][0]["TargetGroupArn"])


def listening(aws: Live, balancer: str, group: str, protocol: str, port: int) -> str:
    more: dict[str, Json] = {}
    if protocol == "HTTPS":
        certificate = aws.make("acm.RequestCertificate", DomainName="example.com")["CertificateArn"]
        more = {"Certificates": [{"CertificateArn": certificate}]}
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    found = aws.make(
        "elbv2.CreateListener", LoadBalancerArn=balancer, Protocol=protocol, Port=port, DefaultActions=actions, **more
    )
    return str(found["Listeners"][0]["ListenerArn"])


def test_on_moto_listeners_are_found_in_their_load_balancer_and_led_to_https(moto_url: str) -> None:
    with live(moto_url, elbv2.LISTENER) as aws:
        balancer, group = made(aws)
        plain = listening(aws, balancer, group, "HTTP", 80)
        secure = listening(aws, balancer, group, "HTTPS", 8443)
        rule = {"Field": "path-pattern", "Values": ["/a"]}
        forward = [{"Type": "forward", "TargetGroupArn": group}]
        aws.make("elbv2.CreateRule", ListenerArn=plain, Priority=7, Conditions=[rule], Actions=forward)
        found = aws.found()
        assert set(found) == {plain, secure}
        assert known(found[plain])
        assert found[plain].ref.address == plain
        assert found[plain].facets["secure_ports"] == [8443]
        assert found[plain].facets["plain_rules"] == ["7"]
        assert found[secure].facets["plain_rules"] == []
        _, mended = aws.there_and_back(found[plain], listener.redirects_to_https)
        assert held(mended, "actions")[0]["RedirectConfig"]["Port"] == "8443"


def test_on_moto_a_load_balancer_tells_whether_anything_stands_behind_it(moto_url: str) -> None:
    with live(moto_url, elbv2.LOAD_BALANCER) as aws:
        balancer, group = made(aws)
        listening(aws, balancer, group, "HTTP", 80)
        found = aws.found()[balancer]
        assert known(found)
        assert found.facets["targets"] == {"web": False}
        assert found.facets["listeners"] == ["HTTP:80"]
        aws.make("elbv2.RegisterTargets", TargetGroupArn=group, Targets=[{"Id": "i-1"}])
        assert aws.again(found).facets["targets"] == {"web": True}
