"""A scan of an account of which one read in twenty hangs, a listing has no end, and an answer drips."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from goldseam.demo.aws import Clients
from tests.e2e.wire import Asked, Wire, wired
from tests.emulators import Moto

REGION = "us-east-1"
NUMBER = 20
HUNG = 7
"""Of the queues and the topics, the one whose attributes never come: one in twenty."""


_EMPTY_PAGE = (
    """<ListAllMyBucketsResult><Buckets/><ContinuationToken>t{}</ContinuationToken></ListAllMyBucketsResult>"""
)


class Trouble:
    """Holds calls up until the test ends, and answers some with pages of which each names a next one."""

    def __init__(self) -> None:
        self.end = threading.Event()
        self.held: Counter[str] = Counter()
        self.pages = 0

    def __call__(self, asked: Asked) -> tuple[int, str] | None:
        operation = asked.operation
        if name := self._hung(asked, operation):
            self.held[name] += 1
            self.end.wait()
        if (asked.method, asked.path) == ("GET", "/"):
            self.pages += 1
            return 200, _EMPTY_PAGE.format(self.pages)
        return None

    def _hung(self, asked: Asked, operation: str) -> str:
        if operation == "GetQueueAttributes" and json.loads(asked.body)["QueueUrl"].endswith(f"-{HUNG}"):
            return "queue"
        body = parse_qs(asked.body.decode(errors="replace"))
        hung = operation == "GetTopicAttributes" and body.get("TopicArn", [""])[0].endswith(f"-{HUNG}")
        return "topic" if hung else ""


@pytest.fixture
def wire(moto_cloud: Moto) -> Iterator[Wire]:
    clients = Clients(moto_cloud.endpoint, REGION, "testing", "testing")
    for number in range(NUMBER):
        clients("sqs").create_queue(QueueName=f"queue-{number}")
        clients("sns").create_topic(Name=f"topic-{number}")
    with wired(moto_cloud.endpoint) as made:
        yield made


@pytest.fixture
def scan(wire: Wire, tmp_path: Path) -> Callable[..., tuple[int, Any]]:
    def run(home: str, *words: str) -> tuple[int, Any]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GOLDSEAM_"))}
        own = {
            "GOLDSEAM_HOME": str(tmp_path / home), "AWS_ENDPOINT_URL": wire.url, "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip
        command = [sys.executable, "-m", "goldseam", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**kept, **own})
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout) if "--json" in words else done.stdout

    return run


def statuses(listed: Any) -> dict[tuple[str, str], str]:
    return {(item["resource"], item["control"]): item["status"] for item in listed["findings"]}


def test_a_scan_in_which_reads_hang_ends_and_says_what_is_unknown(
    wire: Wire, scan: Callable[..., tuple[int, Any]]
) -> None:
    """A read may take twice as long as the whole scan before it: only what hangs is late, on a busy machine too."""
    words = ("scan", "--services", "sqs,sns", "--regions", REGION, "--json")
    all_findings = ("findings", "--status", "all", "--json")
    begun = time.monotonic()
    code, _ = scan("before", *words)
    enough = math.ceil(2 * (time.monotonic() - begun))
    before = statuses(scan("before", *all_findings)[1])
    assert code == 1

    trouble = Trouble()
    wire.answer_instead = trouble
    code, answer = scan("after", *words, "--read-timeout", str(enough))
    after = statuses(scan("after", *all_findings)[1])
    trouble.end.set()

    assert code == 3
    late = {"sqs.GetQueueAttributes", "sns.GetTopicAttributes"}
    assert {read["operation"] for read in answer["incomplete"]} == late
    assert answer["counts"]["incomplete"] == len(answer["incomplete"]) == 2
    assert set(after) == set(before)
    changed = {key for key in before if before[key] != after[key]}
    assert {resource.rpartition(":")[2] for resource, _ in changed} == {f"queue-{HUNG}", f"topic-{HUNG}"}
    assert {after[key] for key in changed} == {"unknown"}
    assert max(trouble.held.values()) <= 5
    assert set(trouble.held) == {"queue", "topic"}


def test_a_listing_without_end_is_a_gap_and_the_summary_names_it(
    wire: Wire, scan: Callable[..., tuple[int, Any]]
) -> None:
    wire.answer_instead = trouble = Trouble()
    trouble.end.set()
    code, said = scan("home", "scan", "--services", "s3,sns", "--regions", REGION)
    assert code == 3
    assert "incomplete: 1 read exceeded a limit" in said
    assert "global: s3.ListBuckets: the listing has more than 500 empty pages in a row" in said
    assert "could not list aws.s3.bucket in global" in said
    topics = statuses(scan("home", "findings", "--services", "sns", "--status", "all", "--json")[1])
    assert len({resource for resource, _ in topics}) == NUMBER
    assert trouble.pages == 501
