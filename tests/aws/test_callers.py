"""The processes are tried from a process of their own, since a test's process has threads."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from goldseam.clouds.aws.callers import reading_session
from goldseam.clouds.aws.client import AwsSession
from tests.aws.loopback import Asked, Told, loopback

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely")

START = """
import os, sys
from goldseam.clouds.aws.callers import Callers
from goldseam.model.errors import CloudError, GoldseamError
aws = Callers(endpoint_url=sys.argv[1], processes=2)
"""
END = """
aws.close()
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("none left")
"""


def told(asked: Asked) -> Told:
    if "denied" in asked.target:
        return Told("<Error><Code>AccessDenied</Code><Message>no</Message></Error>", 403)
    if asked.target.partition("?")[0] == "/":
        return Told(
            "<ListAllMyBucketsResult><Buckets><Bucket><Name>one</Name></Bucket></Buckets></ListAllMyBucketsResult>"
        )
    return Told("{}", headers={"x-amz-request-id": asked.target})


def run(script: str, url: str, **more: str) -> str:
    text = START + textwrap.dedent(script) + END
    environment = {
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "canary",
        "AWS_DEFAULT_REGION": "us-east-1",
    } | more
    done = subprocess.run(
        [sys.executable, "-c", text, url], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_questions_from_many_threads_get_their_own_answers_and_no_process_is_left() -> None:
    script = """
        from concurrent.futures import ThreadPoolExecutor
        def ask(n):
            return aws.call("s3", "get_bucket_policy", "us-east-1", Bucket=f"bucket-{n}").request_id
        with ThreadPoolExecutor(16) as pool:
            print(list(pool.map(ask, range(60))) == [f"/bucket-{n}?policy" for n in range(60)])
        """
    with loopback(told) as server:
        assert run(script, server.url) == "True\nnone left"
        assert len(server.asked) == 60


def test_pages_and_errors_come_through() -> None:
    script = """
        print([bucket["Name"] for page in aws.pages("s3", "list_buckets") for bucket in page["Buckets"]])
        try:
            aws.call("s3", "get_bucket_policy", Bucket="denied")
        except CloudError as error:
            print(type(error).__name__, error.code)
        """
    with loopback(told) as server:
        assert run(script, server.url) == "['one']\nAccessDenied AccessDenied\nnone left"


def test_the_sdk_and_the_credentials_stay_in_the_processes() -> None:
    script = """
        aws.call("s3", "get_bucket_policy", Bucket="one")
        print(any(name.startswith("botocore") for name in sys.modules), "canary" in repr(vars(aws)))
        """
    with loopback(told) as server:
        assert run(script, server.url) == "False False\nnone left"


def test_a_profile_that_does_not_exist_shows_at_the_first_question() -> None:
    script = """
        try:
            aws.account_id()
        except GoldseamError as error:
            print(error)
        """
    said = run(script, "http://127.0.0.1:1", AWS_PROFILE="missing")
    assert said == "there is no AWS profile `missing`\nnone left"


def test_a_process_that_dies_is_an_error_and_not_a_silence() -> None:
    script = """
        import signal
        aws.call("s3", "get_bucket_policy", Bucket="one")
        os.kill(aws._pid, signal.SIGKILL)
        try:
            for n in range(100):
                aws.call("s3", "get_bucket_policy", Bucket="one")
        except GoldseamError as error:
            print(error)
        """
    with loopback(told) as server:
        assert run(script, server.url) == "a process that reads AWS ended early; repeat the command\nnone left"


def test_a_process_with_threads_is_not_forked() -> None:
    with loopback(told) as server:
        session = reading_session(endpoint_url=server.url)
        assert isinstance(session, AwsSession)
        session.close()
