from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from goldseam.clouds.aws.answer import Answer
from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.write import HIDDEN, WAITS, AwsWriter, AwsWriterFactory, check_calls, hiding, may_repeat
from goldseam.control import Call
from goldseam.model.errors import (
    AccessDenied,
    CallFailed,
    CloudError,
    CredentialsExpired,
    NotFound,
    Outdated,
    PlanRefused,
    RefusedCall,
    Throttled,
    Unreachable,
)
from goldseam.model.values import Json
from goldseam.ports import Key, Secret, Writer, WriterFactory

REGION = "eu-west-3"
SECRET = Secret(access_key="AKIAEXAMPLEEXAMPLE00", secret_key="wJalrXUtnFEMI/K7MDENG", session_token="FwoGZXIvYXdzEAA")
KEY = Key("operator", datetime(2100, 1, 1, tzinfo=UTC), SECRET)


def call(operation: str, region: str = REGION, **parameters: Json) -> Call:
    return Call(operation, region, parameters, ())


PUT = call("s3.PutBucketVersioning", Bucket="b", VersioningConfiguration={"Status": "Enabled"})
REVOKE = call("ec2.RevokeSecurityGroupIngress", GroupId="sg-1", SecurityGroupRuleIds=["sgr-1"])
SLOW = Throttled("slow", code="SlowDown")
SILENT = Unreachable("silent", code="ReadTimeoutError")
UNSENT = Unreachable("no route", code="EndpointConnectionError")
BROKEN = CallFailed("broken", code="InternalError")
DENIED = AccessDenied("no", code="AccessDenied")


class Sleeper:
    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 31, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Line:
    """Answers with what it was given, in order, and notes what was sent."""

    def __init__(self, *outcomes: CloudError | dict[str, Json]) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[tuple[str, str | None]] = []

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Answer:
        self.sent.append((f"{service}.{operation}", region))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, CloudError):
            raise outcome
        return Answer(outcome, f"request-{len(self.sent)}")


def writer(line: Line, *calls: Call, clock: Sleeper | None = None) -> AwsWriter:
    return AwsWriter(line, calls, hiding(SECRET), "us-east-1", clock or Sleeper())


def test_they_are_what_the_ports_ask_for() -> None:
    factory: WriterFactory = AwsWriterFactory("us-east-1")
    opened: Writer = writer(Line())
    assert factory is not None
    assert opened is not None


def test_a_call_of_the_plan_is_sent_once_and_answered_with_a_receipt() -> None:
    line = Line({"Return": True})
    receipt = writer(line, REVOKE).call(REVOKE)
    assert (receipt.request_id, receipt.answer) == ("request-1", {"Return": True})
    assert line.sent == [("ec2.RevokeSecurityGroupIngress", REGION)]


def test_calls_about_the_whole_account_go_to_the_home_region() -> None:
    line, one = Line({}), call("iam.DeleteAccountPasswordPolicy", "global")
    writer(line, one).call(one)
    assert line.sent == [("iam.DeleteAccountPasswordPolicy", "us-east-1")]


@pytest.mark.parametrize(
    "other",
    [
        call("s3.PutBucketVersioning", Bucket="c", VersioningConfiguration={"Status": "Enabled"}),
        call("s3.PutBucketVersioning", Bucket="b", VersioningConfiguration={"Status": "Suspended"}),
        call("s3.PutBucketVersioning", Bucket="b", VersioningConfiguration={"Status": "Enabled"}, MFA="1"),
        call("s3.PutBucketVersioning", "us-east-1", Bucket="b", VersioningConfiguration={"Status": "Enabled"}),
        call("s3.DeleteBucket", Bucket="b"),
        REVOKE,
    ],
)
def test_a_call_outside_the_plan_is_refused_before_it_is_sent(other: Call) -> None:
    line = Line({}, {})
    with pytest.raises(RefusedCall, match="not in the plan"):
        writer(line, PUT).call(other)
    assert line.sent == []


@pytest.mark.parametrize("error", [SLOW, UNSENT])
@pytest.mark.parametrize("one", [PUT, REVOKE])
def test_a_call_that_certainly_did_nothing_is_sent_again(one: Call, error: CloudError) -> None:
    line, clock = Line(error, error, {}), Sleeper()
    assert writer(line, one, clock=clock).call(one).request_id == "request-3"
    assert clock.slept == list(WAITS[:2])


@pytest.mark.parametrize("error", [SILENT, BROKEN])
def test_after_an_unclear_end_only_a_repeatable_call_is_sent_again(error: CloudError) -> None:
    line = Line(error, {})
    assert writer(line, PUT).call(PUT).request_id == "request-2"
    line = Line(error, {})
    with pytest.raises(type(error)):
        writer(line, REVOKE).call(REVOKE)
    assert len(line.sent) == 1


@pytest.mark.parametrize("error", [DENIED, NotFound("none", code="NoSuchBucket"), CallFailed("bad", code="Malformed")])
def test_a_refusal_is_final(error: CloudError) -> None:
    line = Line(error, {})
    with pytest.raises(type(error)):
        writer(line, PUT).call(PUT)
    assert len(line.sent) == 1


OUTDATED = Outdated("changed meanwhile", code="PreconditionFailed")
GONE = NotFound("none", code="NoSuchBucketPolicy")
EXPIRED = CredentialsExpired("expired", code="ExpiredToken")


@pytest.mark.parametrize("doubt", [SILENT, BROKEN])
@pytest.mark.parametrize("last", [SLOW, DENIED, OUTDATED, GONE, EXPIRED, UNSENT])
def test_once_an_attempt_may_have_been_done_no_later_answer_ends_the_doubt(doubt: CloudError, last: CloudError) -> None:
    attempts = len(WAITS) + 1
    line = Line(*map(copy.copy, [doubt, *[last] * attempts]))
    with pytest.raises(type(last)) as caught:
        writer(line, PUT).call(PUT)
    assert caught.value.uncertain
    line = Line(*map(copy.copy, [SLOW, doubt, *[last] * attempts]))
    with pytest.raises(type(last)) as caught:
        writer(line, PUT).call(PUT)
    assert caught.value.uncertain


@pytest.mark.parametrize("last", [SLOW, DENIED, OUTDATED, GONE, EXPIRED, UNSENT])
def test_what_was_certainly_not_done_is_not_in_doubt(last: CloudError) -> None:
    for before in ([], [SLOW], [UNSENT, SLOW]):
        line = Line(*map(copy.copy, [*before, *[last] * (len(WAITS) + 1)]))
        with pytest.raises(type(last)) as caught:
            writer(line, PUT).call(PUT)
        assert not caught.value.uncertain


def test_the_doubt_of_one_call_is_not_the_next_one_s() -> None:
    line = Line(*map(copy.copy, [SILENT, DENIED, DENIED]))
    opened = writer(line, PUT)
    told = []
    for _ in range(2):
        with pytest.raises(AccessDenied) as caught:
            opened.call(PUT)
        told.append(caught.value.uncertain)
    assert told == [True, False]


def test_attempts_come_to_an_end() -> None:
    line, clock = Line(*[SLOW] * 20), Sleeper()
    with pytest.raises(Throttled):
        writer(line, PUT, clock=clock).call(PUT)
    assert len(line.sent) == len(WAITS) + 1
    assert clock.slept == list(WAITS)


@pytest.mark.parametrize(
    ("operation", "repeatable"),
    [
        ("s3.PutBucketPolicy", True),
        ("s3.DeleteBucketPolicy", True),
        ("s3.DeleteBucket", False),
        ("s3.DeletePublicAccessBlock", True),
        ("s3control.DeletePublicAccessBlock", True),
        ("iam.DeleteAccountPasswordPolicy", False),
        ("iam.UpdateAccountPasswordPolicy", True),
        ("iam.CreateAccessKey", False),
        ("ec2.AuthorizeSecurityGroupIngress", False),
        ("ec2.RevokeSecurityGroupEgress", False),
        ("ec2.UpdateSecurityGroupRuleDescriptionsIngress", True),
        ("ec2.ModifySnapshotAttribute", True),
        ("ec2.EnableEbsEncryptionByDefault", True),
        ("rds.ModifyDBInstance", False),
        ("kms.EnableKeyRotation", True),
        ("cloudtrail.StartLogging", True),
        ("sns.SetTopicAttributes", True),
        ("sqs.SetQueueAttributes", True),
        ("cloudfront.UpdateDistribution", False),
    ],
)
def test_which_calls_are_the_same_twice(operation: str, repeatable: bool) -> None:
    assert may_repeat(operation, SILENT) is repeatable
    assert may_repeat(operation, SLOW)
    assert not may_repeat(operation, DENIED)


def test_a_call_that_aws_does_not_describe_so_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(PlanRefused, match=r"`s3.PutBucketPolicy` cannot be sent.*Missing required parameter.*Policy"):
        AwsWriterFactory(REGION)(KEY, [PUT, call("s3.PutBucketPolicy", Bucket="b")])
    with pytest.raises(PlanRefused, match="Unknown parameter"):
        check_calls([call("kms.EnableKeyRotation", KeyId="k", Days=1)])
    with pytest.raises(PlanRefused, match="Invalid type"):
        check_calls([call("ec2.RevokeSecurityGroupIngress", GroupId=3)])
    with pytest.raises(PlanRefused, match=r"no operation `s3.PutBucketPolice`"):
        check_calls([call("s3.PutBucketPolice")])
    with pytest.raises(PlanRefused, match=r"no operation `s33.PutBucketPolicy`"):
        check_calls([call("s33.PutBucketPolicy")])
    check_calls([PUT, REVOKE, call("iam.DeleteAccountPasswordPolicy")])


def test_law_9_no_secret_is_in_a_receipt() -> None:
    one = call("rds.ModifyDBInstance", DBInstanceIdentifier="d", PubliclyAccessible=False)
    answer = {
        "DBInstance": {
            "DBInstanceIdentifier": "d",
            "PendingModifiedValues": {"MasterUserPassword": "hunter2"},
            "TdeCredentialArn": "arn:aws:rds:x",
            "DBInstanceStatus": f"set by {SECRET.reveal()['session_token']}",
            "StatusInfos": [{"Message": SECRET.reveal()["secret_key"]}],
        }
    }
    receipt = writer(Line(answer), one).call(one)
    assert receipt.answer == {
        "DBInstance": {
            "DBInstanceIdentifier": "d",
            "PendingModifiedValues": {"MasterUserPassword": HIDDEN},
            "TdeCredentialArn": "arn:aws:rds:x",
            "DBInstanceStatus": f"set by {HIDDEN}",
            "StatusInfos": [{"Message": HIDDEN}],
        }
    }


def test_a_member_named_as_a_secret_is_hidden_though_aws_does_not_describe_it() -> None:
    answer = {"Items": [{"OldPassword": "x", "SessionToken": {"a": "b"}, "PasswordAge": 3, "Name": "n"}]}
    hidden = hiding(SECRET)("iam.UpdateLoginProfile", answer)
    assert hidden == {"Items": [{"OldPassword": HIDDEN, "SessionToken": HIDDEN, "PasswordAge": HIDDEN, "Name": "n"}]}


def test_what_aws_describes_as_sensitive_is_hidden_under_any_name() -> None:
    answer = {"FunctionName": "f", "Environment": {"Variables": {"A": "b"}}}
    hidden = hiding(SECRET)("lambda.UpdateFunctionConfiguration", answer)
    assert hidden == {"FunctionName": "f", "Environment": {"Variables": HIDDEN}}


@pytest.fixture
def session(moto_url: str) -> Iterator[AwsSession]:
    opened = AwsSession.with_credentials("testing", "testing", None, endpoint_url=moto_url)
    opened.client("s3", "us-east-1").create_bucket(Bucket="bucket")
    yield opened
    opened.close()


def test_an_emulator_takes_the_plans_calls_and_no_other_leaves_the_process(session: AwsSession, moto_url: str) -> None:
    put = call("s3.PutBucketVersioning", "us-east-1", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    aws = AwsWriterFactory("us-east-1", endpoint_url=moto_url)(KEY, [put])
    assert session.call("s3", "GetBucketVersioning", "us-east-1", Bucket="bucket") == {}
    receipt = aws.call(put)
    assert receipt.request_id
    assert session.call("s3", "GetBucketVersioning", "us-east-1", Bucket="bucket") == {"Status": "Enabled"}
    with pytest.raises(RefusedCall):
        aws.call(call("s3.DeleteBucket", "us-east-1", Bucket="bucket"))
    with pytest.raises(RefusedCall):
        aws._door.call("s3", "DeleteBucket", "us-east-1", Bucket="bucket")
    assert [bucket["Name"] for bucket in session.call("s3", "ListBuckets")["Buckets"]] == ["bucket"]


def test_nothing_is_sent_when_a_writer_is_opened() -> None:
    AwsWriterFactory("us-east-1", endpoint_url="http://127.0.0.1:1")(KEY, [PUT, REVOKE])


def test_a_silent_endpoint_is_asked_again_only_where_nothing_was_sent() -> None:
    clock = Sleeper()
    aws = AwsWriterFactory("us-east-1", endpoint_url="http://127.0.0.1:1", clock=clock)(KEY, [REVOKE])
    with pytest.raises(Unreachable) as caught:
        aws.call(REVOKE)
    assert caught.value.code == "EndpointConnectionError"
    assert clock.slept == list(WAITS)


@pytest.fixture
def silent() -> Iterator[tuple[str, list[str]]]:
    """A server that takes requests and hangs up without an answer, and the paths that it was asked for."""
    asked: list[str] = []

    class HangUp(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.close_connection = True

        do_PUT = do_POST  # noqa: N815 - the names are of the standard library

    with ThreadingHTTPServer(("127.0.0.1", 0), HangUp) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_a_call_with_an_unclear_end_is_sent_once_by_the_sdk_too(silent: tuple[str, list[str]]) -> None:
    url, asked = silent
    factory = AwsWriterFactory("us-east-1", endpoint_url=url, clock=Sleeper())
    with pytest.raises(Unreachable):
        factory(KEY, [REVOKE]).call(REVOKE)
    assert len(asked) == 1
    with pytest.raises(Unreachable):
        factory(KEY, [PUT]).call(PUT)
    assert len(asked) == 1 + len(WAITS) + 1
