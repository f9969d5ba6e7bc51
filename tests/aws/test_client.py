from __future__ import annotations

import json
import logging
import pickle
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from goldseam.clouds.aws.bounds import Deadline
from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.service_data import ServiceData
from goldseam.clouds.aws.transport import UnknownHost
from goldseam.model.errors import (
    AccessDenied,
    CallFailed,
    CloudError,
    CredentialsExpired,
    CredentialsMissing,
    NotFound,
    NotOffered,
    Outdated,
    RefusedCall,
    Throttled,
    UnknownName,
    Unreachable,
)
from tests.aws.loopback import Asked, Told, loopback

KEY, SECRET, TOKEN = "AKIACANARYCANARY0001", "canary-secret-0123456789", "canary-token-0123456789"
BUCKETS = """<ListAllMyBucketsResult><Buckets><Bucket><Name>one</Name>
<CreationDate>2024-01-02T03:04:05.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>"""
REGIONS = """<DescribeRegionsResponse><regionInfo><item><regionName>us-east-1</regionName></item><item>
<regionName>eu-west-1</regionName></item></regionInfo></DescribeRegionsResponse>"""
CALLER = """<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>
<Arn>arn:aws-cn:iam::123456789012:user/x</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"""


@pytest.fixture(autouse=True)
def configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No AWS configuration but the test's own."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def session(url: str | None = None, transport: Canned | None = None) -> AwsSession:
    return AwsSession.with_credentials(KEY, SECRET, TOKEN, endpoint_url=url, attempts=1, transport=transport)


def xml_error(code: str, message: str = "because", status: int = 400) -> Told:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R-9</RequestId></Error>"
    return Told(body, status)


def ec2_error(code: str) -> Told:
    errors = f"<Errors><Error><Code>{code}</Code><Message>because</Message></Error></Errors>"
    return Told(f"<Response>{errors}<RequestID>R-9</RequestID></Response>", 403)


class Canned:
    """Answers in the place of AWS, without a network."""

    def __init__(self, told: Callable[[AWSPreparedRequest], Told]) -> None:
        self.urls: list[str] = []
        self._told = told

    def close(self) -> None:
        pass

    def send(self, request: AWSPreparedRequest, deadline: Deadline) -> AWSResponse:
        del deadline
        self.urls.append(request.url)
        told = self._told(request)
        return AWSResponse(request.url, told.status, dict(told.headers), self._Raw(told.body.encode()))

    class _Raw:
        def __init__(self, content: bytes) -> None:
            self._content = content

        def stream(self) -> Iterator[bytes]:
            yield self._content


def test_an_answer_is_plain_json_with_its_request_id() -> None:
    with loopback(lambda _: Told(BUCKETS, headers={"x-amz-request-id": "R-1"})) as server:
        answer = session(server.url).call("s3", "list_buckets", "us-east-1")
    assert answer == {"Buckets": [{"Name": "one", "CreationDate": "2024-01-02T03:04:05+00:00"}]}
    assert answer.request_id == "R-1"
    assert json.loads(json.dumps(answer)) == answer
    assert pickle.loads(pickle.dumps(answer)).request_id == "R-1"


def test_both_spellings_of_an_operation_are_one_call() -> None:
    with loopback(lambda _: Told("{}")) as server:
        aws = session(server.url)
        aws.call("cloudtrail", "get_trail_status", "us-east-1", Name="x")
        aws.call("cloudtrail", "GetTrailStatus", "us-east-1", Name="x")
        targets = {asked.headers["X-Amz-Target"] for asked in server.asked}
    assert len(targets) == 1


def test_the_quick_transport_sends_what_the_sdk_would(monkeypatch: pytest.MonkeyPatch) -> None:
    def requests(read: Callable[[str], Any]) -> list[Asked]:
        with loopback(lambda asked: Told("{}" if asked.method == "POST" else BUCKETS)) as server:
            read(server.url)
            return server.asked

    def quick(url: str) -> None:
        aws = session(url)
        aws.call("s3", "get_bucket_policy_status", "us-east-1", Bucket="one")
        aws.call("cloudtrail", "list_trails", "us-east-1")

    def proxied(url: str) -> None:
        monkeypatch.setenv("HTTP_PROXY", url)
        quick("http://198.51.100.1:8080")

    for ours, theirs in zip(requests(quick), requests(proxied), strict=True):
        assert (ours.method, ours.body) == (theirs.method, theirs.body)
        assert theirs.target == f"http://198.51.100.1:8080{ours.target}"
        assert _names(ours) == _names(theirs)
        assert _signed(ours) == _signed(theirs)
        assert ours.headers["User-Agent"] == theirs.headers["User-Agent"]


def _names(asked: Asked) -> set[str]:
    return {name.lower() for name in asked.headers} - {"connection"}


def _signed(asked: Asked) -> str:
    return asked.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0]


def test_s3_gives_each_bucket_its_own_host_on_aws() -> None:
    canned = Canned(lambda _: Told("{}"))
    session(transport=canned).call("s3", "get_bucket_policy", "eu-west-1", Bucket="my-bucket")
    assert canned.urls == ["https://my-bucket.s3.eu-west-1.amazonaws.com/?policy"]


def test_s3_is_asked_again_in_the_region_that_it_names() -> None:
    def told(request: AWSPreparedRequest) -> Told:
        if "eu-west-1" in request.url:
            return Told("{}")
        body = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"
        return Told(body, 301, {"x-amz-bucket-region": "eu-west-1"})

    canned = Canned(told)
    session(transport=canned).call("s3", "get_bucket_policy", "us-east-1", Bucket="my-bucket")
    assert canned.urls[-1] == "https://my-bucket.s3.eu-west-1.amazonaws.com/?policy"


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (xml_error("AccessDenied", status=403), AccessDenied),
        (xml_error("NoSuchBucketPolicy", status=404), NotFound),
        (xml_error("PreconditionFailed", status=412), Outdated),
        (xml_error("ServerSideEncryptionConfigurationNotFoundError", status=404), NotFound),
        (xml_error("SlowDown", status=503), Throttled),
        (xml_error("ExpiredToken"), CredentialsExpired),
        (xml_error("InvalidAccessKeyId", status=403), CredentialsExpired),
        (xml_error("InvalidRequest"), CallFailed),
        (Told("not XML at all", 500), CallFailed),
    ],
)
def test_every_refusal_has_its_class(told: Told, kind: type[CloudError]) -> None:
    with loopback(lambda _: told) as server, pytest.raises(CloudError) as caught:
        session(server.url).call("s3", "get_bucket_policy", "us-east-1", Bucket="one")
    assert type(caught.value) is kind
    assert caught.value.operation == "s3.get_bucket_policy"
    assert caught.value.code in str(caught.value)


def test_a_refusal_carries_the_request_id_and_passes_between_processes() -> None:
    with loopback(lambda _: ec2_error("UnauthorizedOperation")) as server, pytest.raises(AccessDenied) as caught:
        session(server.url).call("ec2", "describe_regions", "us-east-1")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.code, copy.request_id, str(copy)) == ("UnauthorizedOperation", "R-9", str(caught.value))


def test_a_wrong_signature_does_not_repeat_the_token() -> None:
    told = xml_error("SignatureDoesNotMatch", f"the string should have been x-amz-security-token:{TOKEN}", 403)
    with loopback(lambda _: told) as server, pytest.raises(CredentialsExpired) as caught:
        session(server.url).call("s3", "list_buckets", "us-east-1")
    assert TOKEN not in str(caught.value)


def test_no_answer_is_unreachable() -> None:
    with loopback(lambda _: Told()) as server:
        closed = server.url
    with pytest.raises(Unreachable):
        session(closed).call("s3", "list_buckets", "us-east-1")


def test_no_credentials_are_missing_credentials() -> None:
    with loopback(lambda _: Told(BUCKETS)) as server:
        with pytest.raises(CredentialsMissing):
            AwsSession(endpoint_url=server.url).call("s3", "list_buckets", "us-east-1")
        assert server.asked == []


def test_the_usual_configuration_is_honoured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with loopback(lambda _: Told(BUCKETS)) as server:
        settings = f"region = eu-west-2\nendpoint_url = {server.url}\naws_access_key_id = AKIAPROFILE"
        (tmp_path / "config").write_text(f"[profile audit]\n{settings}\naws_secret_access_key = secret\n")
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        aws = AwsSession(profile="audit")
        aws.call("s3", "list_buckets")
        assert "AKIAPROFILE" in server.asked[0].headers["Authorization"]
        assert "/eu-west-2/s3/" in server.asked[0].headers["Authorization"]


def test_a_profile_that_does_not_exist_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile audit]\nregion = eu-west-2\n")
    with pytest.raises(UnknownName, match=r"`adit`; did you mean `audit`"):
        AwsSession(profile="adit").call("s3", "list_buckets")


def test_a_service_that_does_not_exist_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"`cloudtrial`.*`cloudtrail`"):
        session().call("cloudtrial", "list_trails")


def test_a_throttle_slows_the_service_down() -> None:
    with loopback(lambda _: xml_error("SlowDown", status=503)) as server:
        aws = session(server.url)
        before = aws.governors.of("s3", "us-east-1").per_second
        with pytest.raises(Throttled):
            aws.call("s3", "list_buckets", "us-east-1")
        assert aws.governors.of("s3", "us-east-1").per_second == pytest.approx(before / 2, rel=0.05)


def test_a_listing_is_followed_to_its_last_page() -> None:
    def told(asked: Asked) -> Told:
        more = b"Marker" not in asked.body
        name, tail = ("a", "<IsTruncated>true</IsTruncated><Marker>m</Marker>") if more else ("b", "")
        users = f"<Users><member><UserName>{name}</UserName></member></Users>{tail}"
        return Told(f"<ListUsersResponse><ListUsersResult>{users}</ListUsersResult></ListUsersResponse>")

    with loopback(told) as server:
        pages = list(session(server.url).pages("iam", "list_users", "us-east-1", page_size=1))
        assert [page["Users"][0]["UserName"] for page in pages] == ["a", "b"]
        assert b"MaxItems=1" in server.asked[0].body


def test_what_aws_does_not_page_is_one_page() -> None:
    with loopback(lambda _: Told(REGIONS)) as server:
        assert len(list(session(server.url).pages("ec2", "describe_regions", "us-east-1"))) == 1


def test_a_failure_between_pages_is_an_error_of_ours() -> None:
    denied = Told(f"<ErrorResponse>{xml_error('AccessDenied').body}</ErrorResponse>", 403)
    with loopback(lambda _: denied) as server, pytest.raises(AccessDenied):
        list(session(server.url).pages("iam", "list_users", "us-east-1"))


def test_the_identity_is_asked_once() -> None:
    with loopback(lambda _: Told(CALLER)) as server:
        aws = session(server.url)
        assert (aws.account_id(), aws.partition()) == ("123456789012", "aws-cn")
        assert len(server.asked) == 1


def test_a_region_that_is_not_enabled_is_named_with_the_nearest() -> None:
    with loopback(lambda _: Told(REGIONS)) as server:
        aws = session(server.url)
        assert aws.regions() == ("eu-west-1", "us-east-1")
        assert aws.regions(["us-east-1"]) == ("us-east-1",)
        with pytest.raises(UnknownName, match=r"`eu-west-9`; did you mean `eu-west-1`"):
            aws.regions(["eu-west-9"])


def test_the_known_regions_stand_in_only_when_told_to() -> None:
    with loopback(lambda _: ec2_error("UnauthorizedOperation")) as server:
        aws = session(server.url)
        with pytest.raises(AccessDenied):
            aws.enabled_regions()
        assert {"us-east-1", "eu-west-1"} <= set(aws.enabled_regions(fallback=True))


ALLOWED = [("s3.PutBucketPolicy", {"Bucket": "one", "Policy": "{}"})]


def test_the_guard_lets_the_listed_call_through() -> None:
    with loopback(lambda _: Told(headers={"x-amz-request-id": "R-1"})) as server:
        door = session(server.url).guarded(ALLOWED)
        assert door.call("s3", "PutBucketPolicy", "us-east-1", Bucket="one", Policy="{}").request_id == "R-1"
        assert [asked.method for asked in server.asked] == ["PUT"]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("PutBucketPolicy", {"Bucket": "two", "Policy": "{}"}),
        ("PutBucketPolicy", {"Bucket": "one", "Policy": "{ }"}),
        ("PutBucketPolicy", {"Bucket": "one", "Policy": "{}", "ConfirmRemoveSelfBucketAccess": True}),
        ("DeleteBucketPolicy", {"Bucket": "one"}),
        ("GetBucketPolicy", {"Bucket": "one"}),
    ],
)
def test_the_guard_refuses_every_other_before_it_is_sent(operation: str, params: dict[str, Any]) -> None:
    with loopback(lambda _: Told()) as server:
        door = session(server.url).guarded(ALLOWED)
        with pytest.raises(RefusedCall, match=f"`s3.{operation}`"):
            door.call("s3", operation, "us-east-1", **params)
        assert server.asked == []


def test_an_empty_list_refuses_everything() -> None:
    with loopback(lambda _: Told(BUCKETS)) as server:
        with pytest.raises(RefusedCall):
            session(server.url).guarded([]).call("s3", "list_buckets", "us-east-1")
        assert server.asked == []


def test_a_request_that_skipped_the_first_check_is_stopped_by_the_second() -> None:
    with loopback(lambda _: Told()) as server:
        door = session(server.url).guarded(ALLOWED)
        client = door._client("s3", "us-east-1")
        client.meta.events.unregister("before-parameter-build", door._guard._check)
        with pytest.raises(RefusedCall):
            client.put_bucket_policy(Bucket="one", Policy="{}")
        assert server.asked == []


def test_a_guarded_call_is_validated_first() -> None:
    wrong = {"Bucket": "one", "Policy": 7}
    with loopback(lambda _: Told()) as server:
        with pytest.raises(CallFailed, match="Policy"):
            session(server.url).guarded([("s3.PutBucketPolicy", wrong)]).call("s3", "PutBucketPolicy", None, **wrong)
        assert server.asked == []


def test_credentials_are_in_no_text_log_or_pickle(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with loopback(lambda _: xml_error("AccessDenied", status=403)) as server:
        aws = session(server.url)
        door = aws.guarded(ALLOWED)
        with pytest.raises(AccessDenied) as caught:
            door.call("s3", "PutBucketPolicy", "us-east-1", Bucket="one", Policy="{}")
        with pytest.raises(AccessDenied):
            aws.call("s3", "list_buckets", "us-east-1")
        assert server.asked[0].headers["X-Amz-Security-Token"] == TOKEN
    seen = " ".join((caplog.text, repr(aws), repr(vars(aws)), repr(door), repr(vars(door)), repr(caught.value)))
    assert all(word not in seen for word in (KEY, SECRET, TOKEN))
    for holder in (aws, door):
        with pytest.raises(TypeError, match="holds credentials"):
            pickle.dumps(holder)


def without_prose(part: Any) -> Any:
    if isinstance(part, dict):
        prose = part.get("documentation")
        kept = {name: without_prose(item) for name, item in part.items()}
        return {**kept, "documentation": ""} if isinstance(prose, str) else kept
    return [without_prose(item) for item in part] if isinstance(part, list) else part


@pytest.mark.parametrize("service", ["s3", "iam", "sts"])
@pytest.mark.parametrize("kind", ["service-2", "paginators-1", "endpoint-rule-set-1"])
def test_service_data_is_what_botocore_loads(service: str, kind: str) -> None:
    folder = ServiceData()
    theirs = Loader().load_service_model(service, kind)
    assert folder.load_service_model(service, kind) == (without_prose(theirs) if kind == "service-2" else theirs)


@pytest.mark.parametrize(("service", "kind"), [("no-such-service", "service-2"), ("s3", "no-such-kind-1")])
def test_what_botocore_does_not_describe_is_an_unknown_service(service: str, kind: str) -> None:
    with pytest.raises(UnknownServiceError):
        ServiceData().load_service_model(service, kind)


class Nameless(Canned):
    """No name server knows these hosts."""

    def __init__(self, *hosts: str) -> None:
        super().__init__(lambda _: Told("{}"))
        self._hosts = hosts

    def send(self, request: AWSPreparedRequest, deadline: Deadline) -> AWSResponse:
        if request.url.startswith(tuple(f"https://{host}/" for host in self._hosts)):
            self.urls.append(request.url)
            raise UnknownHost(endpoint_url=request.url, error="no")
        return super().send(request, deadline)


def test_a_service_that_a_region_does_not_have_is_told_apart_from_one_that_does_not_answer() -> None:
    canned = Nameless(*(f"codeartifact.{region}.amazonaws.com" for region in ("eu-north-99", "eu-west-1")))
    aws = session(transport=canned)
    for ask in (aws.call, lambda *words: list(aws.pages(*words))):
        with pytest.raises(NotOffered, match="codeartifact does not exist in eu-north-99"):
            ask("codeartifact", "list_repositories", "eu-north-99")
        with pytest.raises(Unreachable, match="no answer"):
            ask("codeartifact", "list_repositories", "eu-west-1")
    assert len(canned.urls) == 4
    assert aws.call("codeartifact", "list_repositories", "eu-north-98") == {}


def test_a_host_that_no_name_server_knows_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def answering(number: int) -> Callable[..., None]:
        def resolve(*_: object, **__: object) -> None:
            asked.append(number)
            raise socket.gaierror(number, "no")

        return resolve

    for number, times in ((socket.EAI_NONAME, 1), (socket.EAI_AGAIN, 2)):
        asked.clear()
        monkeypatch.setattr(socket, "getaddrinfo", answering(number))
        aws = AwsSession.with_credentials(KEY, SECRET, TOKEN, attempts=2)
        with pytest.raises(Unreachable):
            aws.call("sqs", "list_queues", "eu-west-1")
        assert len(asked) == times


def test_only_the_wanted_operations_are_loaded_and_any_other_when_it_is_wanted() -> None:
    with loopback(lambda _: Told('{"repositories": [], "domains": []}')) as server:
        aws = AwsSession(endpoint_url=server.url, operations=["codeartifact.ListRepositories", "sqs.ListQueues"])
        aws._sdk.set_credentials(KEY, SECRET, TOKEN)
        known = aws.client("codeartifact", "us-east-1").meta.service_model.operation_names
        assert known == ["ListRepositories"]
        assert [page["repositories"] for page in aws.pages("codeartifact", "list_repositories", "us-east-1")] == [[]]
        assert [page["domains"] for page in aws.pages("codeartifact", "ListDomains", "us-east-1")] == [[]]
        assert aws.call("codeartifact", "list_packages", "us-east-1", domain="d", repository="r") is not None
        assert len(aws.client("codeartifact", "us-east-1").meta.service_model.operation_names) > 20
        put = ("sqs.SetQueueAttributes", {"QueueUrl": "q", "Attributes": {"a": "b"}})
        assert aws.guarded([put]).call("sqs", "SetQueueAttributes", "us-east-1", **put[1]) is not None


def test_a_description_without_its_prose_and_its_other_operations_answers_the_same() -> None:
    with loopback(lambda _: Told(BUCKETS)) as server:
        whole, pruned = session(server.url), AwsSession(endpoint_url=server.url, operations=["s3.ListBuckets"])
        pruned._sdk.set_credentials(KEY, SECRET, TOKEN)
        assert pruned.call("s3", "ListBuckets", "us-east-1") == whole.call("s3", "ListBuckets", "us-east-1")
