from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from goldseam.clouds.aws.services import cloudfront
from goldseam.clouds.aws.services.cloudfront import fetching, viewers
from goldseam.clouds.aws.services.cloudfront.example import behaviour, bucket, config, origin
from goldseam.control import Catalog, Example, Permission, ShouldBe
from goldseam.model.errors import AccessDenied, CloudError, NotFound, PlanRefused
from goldseam.model.values import Json
from goldseam.repair.propose import propose
from tests.aws.laws import as_read, operations, planned, ref_of, verdict
from tests.aws.live import Live, known, live

KIND = cloudfront.DISTRIBUTION
CONFIG = KIND.facet("config")
SECRET = "correct-horse-battery"


def made(aws: Live) -> str:
    """A distribution that tells its origin a secret."""
    header = {"Quantity": 1, "Items": [{"HeaderName": "X-Origin-Key", "HeaderValue": SECRET}]}
    server = {
        "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only",
        "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
    }  # fmt: skip
    app = {"Id": "app", "DomainName": "app.example.com", "CustomHeaders": header, "CustomOriginConfig": server}
    values = {"ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}}, "MinTTL": 0}
    asked = {
        "CallerReference": "a", "Comment": "", "Enabled": True, "Origins": {"Quantity": 1, "Items": [app]},
        "DefaultCacheBehavior": {"TargetOriginId": "app", "ViewerProtocolPolicy": "allow-all", **values},
    }  # fmt: skip
    return str(aws.make("cloudfront.CreateDistribution", DistributionConfig=asked)["Distribution"]["Id"])


def test_on_moto_what_an_origin_is_told_is_kept_nowhere_and_stays(moto_url: str) -> None:
    with live(moto_url, KIND) as aws:
        name = made(aws)
        found = aws.found()[name]
        assert known(found)
        assert SECRET not in json.dumps(found.to_json())
        wanted = [viewers.viewers_use_https, fetching.origin_uses_https]
        plan = propose(found, wanted, wanted)
        assert SECRET not in json.dumps(plan.to_json())
        for calls in (plan.calls, plan.undo):
            words = aws.read(found.ref, "config").told
            sent = calls[0].filled(words)
            assert sent["IfMatch"] == words["config"]["ETag"]
            assert SECRET in json.dumps(sent)
            aws.make(calls[0].operation, **sent)
        assert aws.again(found).facets == found.facets
        origins = aws.make("cloudfront.GetDistributionConfig", Id=name)["DistributionConfig"]["Origins"]
        assert origins["Items"][0]["CustomHeaders"]["Items"][0]["HeaderValue"] == SECRET


def test_a_header_whose_value_nobody_can_read_is_neither_added_nor_removed() -> None:
    told_nothing = config(origins=({**origin(), "CustomHeaders": {"Quantity": 0}},))
    for before, after in ((config(), told_nothing), (told_nothing, config())):
        with pytest.raises(PlanRefused):
            CONFIG.write(ref_of(KIND), CONFIG.normal(before), CONFIG.normal(after))


def test_two_readings_of_one_configuration_are_equal() -> None:
    methods = {**behaviour()["AllowedMethods"], "Items": ["HEAD", "GET"]}
    other = config(DefaultCacheBehavior=behaviour(AllowedMethods=methods), Aliases={"Quantity": 0, "Items": []})
    assert CONFIG.normal(other) == CONFIG.normal(config())
    assert CONFIG.normal(config(origins=(bucket(), origin()))) == CONFIG.normal(config(origins=(origin(), bucket())))
    first, second = behaviour(PathPattern="/a/*"), behaviour(PathPattern="/*")
    assert CONFIG.normal(config(first, second)) != CONFIG.normal(config(second, first))


def test_peers_09_all_findings_on_a_distribution_are_one_update() -> None:
    controls = Catalog.of([viewers, fetching]).controls
    wrong = config(
        origins=(origin("http-only", "TLSv1"), bucket("E1")),
        DefaultCacheBehavior=behaviour("allow-all", TargetOriginId="files"),
        DefaultRootObject="",
    )
    wanted = [viewers.viewers_use_https, viewers.root_object, fetching.origin_uses_https, fetching.origin_tls_modern]
    plan = propose(as_read(wanted[0], Example({"config": wrong, "missing_buckets": []})), wanted, controls)
    assert operations(plan) == ["cloudfront.UpdateDistribution"]
    assert {control.id for control in wanted} <= set(plan.fixes)


def asked_for_a_root_object(origins: tuple[Json, ...], *behaviors: Json, **changed: Json) -> bool:
    bare = config(*behaviors, origins=origins, DefaultRootObject="", **changed)
    return isinstance(verdict(viewers.root_object, Example({"config": bare, "missing_buckets": []})), ShouldBe)


@pytest.mark.parametrize(
    "domain",
    [
        "front-1234.us-east-1.elb.amazonaws.com", "abcd1234.execute-api.us-east-1.amazonaws.com",
        "abcdefgh.lambda-url.us-east-1.on.aws", "s3.example.com", "cf-own.s3-website-us-east-1.amazonaws.com",
    ],
)  # fmt: skip
def test_no_default_root_object_is_asked_of_an_origin_of_ones_own(domain: str) -> None:
    """The mutation: `root_object` asks every distribution."""
    assert not asked_for_a_root_object((origin(domain=domain),))
    assert not asked_for_a_root_object((origin(domain=domain), bucket("E1")))


def test_a_default_root_object_is_asked_where_a_bucket_answers_the_root() -> None:
    """The mutation: `_root_origins` looks at the first origin, or at the default behavior alone."""
    files = behaviour(TargetOriginId="files")
    both = (origin(), bucket(identity="origin-access-identity/cloudfront/E1EXAMPLE"))
    group = {"Id": "either", "Members": {"Quantity": 2, "Items": [{"OriginId": "app"}, {"OriginId": "files"}]}}
    groups = {"Quantity": 1, "Items": [group]}
    assert asked_for_a_root_object(both, DefaultCacheBehavior=files)
    assert asked_for_a_root_object(both, {**files, "PathPattern": "/*"})
    assert asked_for_a_root_object(both, DefaultCacheBehavior=behaviour(TargetOriginId="either"), OriginGroups=groups)
    assert not asked_for_a_root_object(both, {**files, "PathPattern": "/static/*"})
    assert not asked_for_a_root_object(both, behaviour(PathPattern="*"), DefaultCacheBehavior=files)


def test_a_log_takes_rights_on_its_bucket_and_nothing_else_does() -> None:
    example = Example(
        {"config": config(Logging={"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""})},
        settings={"bucket": "logs"},
    )
    plan = planned(viewers.logged, example)
    own = Permission("cloudfront:UpdateDistribution", plan.ref.address)
    acl = [Permission(f"s3:{name}BucketAcl", "arn:aws:s3:::logs") for name in ("Get", "Put")]
    assert plan.calls[0].permissions == (own, *acl)
    assert plan.undo[0].permissions == (own,)


class Buckets:
    """An account with one bucket, where a question about any other is answered in one way."""

    def __init__(self, answer: CloudError | None) -> None:
        self.answer = answer

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        del operation, parameters, region
        if self.answer:
            raise self.answer
        return {}

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        del operation, parameters, region, member
        return [{"Name": "mine"}]

    def today(self) -> str:
        return "2030-01-07"


def missing(answer: CloudError | None, *names: str) -> Json:
    origins = [{"DomainName": name} for name in names]
    facet = KIND.facet("missing_buckets")
    assert isinstance(facet, cloudfront.distribution.MissingBuckets)
    return facet.read(Buckets(answer), ref_of(KIND), {"Origins": {"Items": origins}}).value


def test_a_bucket_is_missing_only_when_s3_says_so() -> None:
    gone, moved = NotFound("gone", code="404"), CloudError("moved", code="301")
    assert missing(gone, "mine.s3.amazonaws.com", "app.example.com") == []
    assert missing(gone, "a.b.s3.eu-west-1.amazonaws.com", "site.s3-website-eu-west-1.amazonaws.com") == ["a.b", "site"]
    assert missing(None, "theirs.s3.amazonaws.com") == []
    assert missing(moved, "theirs.s3.amazonaws.com") == []


def test_peers_17_a_bucket_that_may_not_be_looked_at_is_not_known() -> None:
    with pytest.raises(AccessDenied):
        missing(AccessDenied("no", code="403"), "theirs.s3.amazonaws.com")
