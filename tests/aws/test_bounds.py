"""No call, answer or listing lasts for ever or grows for ever, and what is cut off is never taken for the whole."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count, repeat
from pathlib import Path
from types import SimpleNamespace

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError

from goldseam.clouds.aws.bounds import Circuit, Deadline, all_items
from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.transport import DeadlineExceeded, TooLarge, Transport
from goldseam.clouds.bounds import Bounds
from goldseam.model.errors import LimitExceeded, TimedOut
from goldseam.model.values import Json
from tests.aws.loopback import Told, loopback

SMALL = Bounds(pages=20, empty_pages=5, items=30, answer_bytes=1000)


class Timer:
    """Seconds that pass when a test says so, and `tick` seconds at each look."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now, self._tick = 1000.0, tick

    def __call__(self) -> float:
        self.now += self._tick
        return self.now


class Pages:
    """A listing that never ends; it counts the pages that were taken."""

    def __init__(self, page: Callable[[int], list[Json]], pass_time: Callable[[], None] = lambda: None) -> None:
        self.taken, self._page, self._pass_time = 0, page, pass_time

    def __iter__(self) -> Iterator[Mapping[str, Json]]:
        for number in count():
            self.taken += 1
            self._pass_time()
            yield {"Items": self._page(number)}


@pytest.mark.parametrize(
    ("page", "most", "words"),
    [
        (lambda _: [], SMALL.empty_pages + 1, "more than 5 empty pages in a row"),
        (lambda number: ["x"] if number % 2 else [], SMALL.pages + 1, "more than 20 pages"),
        (lambda _: ["x"] * 10, SMALL.items // 10 + 1, "more than 30 items"),
    ],
)
def test_a_listing_that_never_ends_is_an_error_and_no_part_of_it_is_used(
    page: Callable[[int], list[Json]], most: int, words: str
) -> None:
    pages = Pages(page)
    with pytest.raises(LimitExceeded, match=words) as raised:
        all_items("ec2.DescribeThings", pages, "Items", SMALL)
    assert raised.value.operation == "ec2.DescribeThings"
    assert pages.taken == most


def test_a_listing_that_takes_too_long_is_late() -> None:
    timer = Timer()

    def pass_time() -> None:
        timer.now += 100

    pages = Pages(lambda _: ["x"], pass_time)
    with pytest.raises(TimedOut, match=r"did not end within 250 s"):
        all_items("ec2.DescribeThings", pages, "Items", Bounds(listing=250), timer)
    assert pages.taken == 3


def test_a_listing_within_the_bounds_is_whole_also_with_empty_pages_between() -> None:
    pages = [{"Items": [number] if number % 3 == 0 else []} for number in range(20)]
    assert all_items("a.B", pages, "Items", SMALL) == [0, 3, 6, 9, 12, 15, 18]
    assert all_items("a.B", [{"Items": ["x"] * 30}], "Items", SMALL) == ["x"] * 30


def test_a_service_that_leaves_calls_unanswered_is_not_called_for_a_while_and_then_once() -> None:
    timer = Timer()
    circuit = Circuit(Bounds(failures=3, pause=60), timer)
    for _ in range(2):
        circuit.unanswered()
    circuit.answered()
    for _ in range(2):
        circuit.unanswered()
    assert circuit.allows()
    circuit.unanswered()
    assert not circuit.allows()
    timer.now += 61
    assert [circuit.allows() for _ in range(3)] == [True, False, False]
    circuit.answered()
    assert [circuit.allows() for _ in range(3)] == [True, True, True]


# The bytes of one answer


def sent(transport: Transport, url: str, deadline: Deadline) -> AWSResponse | None:
    return transport.send(AWSRequest("GET", url, headers={}).prepare(), deadline)


def test_an_answer_that_drips_ends_at_the_deadline_though_no_byte_is_late() -> None:
    with loopback(lambda _: Told("<a>", pieces=repeat(b"x"))) as server, pytest.raises(DeadlineExceeded):
        sent(Transport(bounds=Bounds(answer_bytes=1 << 40)), server.url, Deadline(30, Timer(tick=1)))


def test_the_deadline_is_for_the_head_of_the_answer_too() -> None:
    listener, timer = socket.create_server(("127.0.0.1", 0)), Timer()

    def drip() -> None:
        peer, _ = listener.accept()
        with peer, suppress(ConnectionError):
            peer.recv(65536)
            timer.now += 100
            peer.sendall(b"HTTP/1.1 200 OK\r\nX-More: ")
            while True:
                peer.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    with listener, pytest.raises(DeadlineExceeded, match="within 20 s"):
        sent(Transport(), f"http://127.0.0.1:{listener.getsockname()[1]}/", Deadline(20, timer))
    thread.join()


@pytest.mark.parametrize(
    "told",
    [
        Told("x" * 1001),
        Told("x" * 500, pieces=(b"x" * 501,)),
        Told(pieces=(b"1f4\r\n" + b"x" * 500 + b"\r\n",) * 3, headers={"Transfer-Encoding": "chunked"}),
        Told(pieces=(b"ffffffffff\r\n",), headers={"Transfer-Encoding": "chunked"}),
    ],
)
def test_an_answer_of_more_bytes_than_are_taken_is_refused(told: Told) -> None:
    with loopback(lambda _: told) as server, pytest.raises(TooLarge, match="more than 1000 bytes"):
        sent(Transport(bounds=SMALL), server.url, Deadline(60))


def test_an_answer_of_as_many_bytes_as_are_taken_is_whole() -> None:
    with loopback(lambda _: Told("x" * 1000)) as server:
        answer = sent(Transport(bounds=SMALL), server.url, Deadline(60))
        assert answer is not None
        assert len(answer.content) == 1000


def test_all_addresses_of_a_host_together_get_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []

    class Deaf(socket.socket):
        def connect(self, address: object) -> None:
            tried.append(address)
            raise TimeoutError

    timer = Timer()
    places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{number}", 9)) for number in range(1, 40)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    monkeypatch.setattr(socket, "socket", Deaf)

    def wait() -> float:
        timer.now += 2
        return timer.now

    with pytest.raises(DeadlineExceeded):
        sent(Transport(), "http://many.test/", Deadline(20, wait))
    assert 0 < len(tried) < 12


# One call, with its retries


@pytest.fixture(autouse=True)
def configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What botocore would have slept between its attempts."""
    waits: list[float] = []
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=waits.append))
    return waits


class Service:
    """Answers by the host that is called, in JSON or by what it raises; each attempt takes some seconds."""

    def __init__(self, timer: Timer, seconds: float, answer: Callable[[AWSPreparedRequest], str | Told | None]) -> None:
        self.urls: list[str] = []
        self._timer, self._seconds, self._answer = timer, seconds, answer

    def close(self) -> None:
        pass

    def send(self, request: AWSPreparedRequest, deadline: Deadline) -> AWSResponse:
        assert not deadline.passed()
        self.urls.append(request.url)
        self._timer.now += self._seconds
        answer = self._answer(request)
        if answer is None:
            raise ReadTimeoutError(endpoint_url=request.url, error="late")
        told = Told(answer) if isinstance(answer, str) else answer
        content = told.body.encode()
        return AWSResponse(request.url, told.status, dict(told.headers), SimpleNamespace(stream=lambda: (content,)))

    def calls(self, host: str) -> int:
        return sum(url.startswith(f"https://{host}.") for url in self.urls)


def session(service: Service, timer: Timer, bounds: Bounds = Bounds(), attempts: int = 5) -> AwsSession:  # noqa: B008
    return AwsSession(transport=service, timer=timer, bounds=bounds, attempts=attempts)


def test_the_deadline_of_a_call_is_for_all_its_attempts_together(slept: list[float]) -> None:
    timer = Timer()
    service = Service(timer, 12, lambda _: None)
    with pytest.raises(TimedOut, match=r"sqs.list_queues: no complete answer within 30 s") as raised:
        session(service, timer).call("sqs", "list_queues")
    assert len(service.urls) == 3
    assert raised.value.code == "DeadlineExceeded"
    assert len(slept) == 3


def test_an_attempt_that_hangs_is_tried_again_within_the_deadline(slept: list[float]) -> None:
    timer, answers = Timer(), iter((None, "{}"))
    assert session(Service(timer, 12, lambda _: next(answers)), timer).call("sqs", "list_queues") == {}
    assert len(slept) == 1


def test_throttling_is_no_time_in_which_aws_does_not_answer(slept: list[float]) -> None:
    timer = Timer()
    slow_down = Told('{"__type": "ThrottlingException"}', 400, {"content-type": "application/x-amz-json-1.0"})
    answers = iter((slow_down, slow_down, slow_down, "{}"))
    assert session(Service(timer, 12, lambda _: next(answers)), timer).call("sqs", "list_queues") == {}
    assert len(slept) == 3


def test_what_hangs_in_one_service_and_region_stops_no_other(slept: list[float]) -> None:
    timer = Timer()
    service = Service(timer, 1, lambda request: None if "//sqs.us-east-1." in request.url else "{}")
    aws = session(service, timer, Bounds(failures=3), attempts=1)
    reasons = []
    for _ in range(10):
        with pytest.raises(TimedOut) as raised:
            aws.call("sqs", "list_queues", "us-east-1")
        reasons.append(str(raised.value))
        assert aws.call("sqs", "list_queues", "eu-west-1") == {}
        assert aws.call("kinesis", "list_streams", "us-east-1") == {}
    assert service.calls("sqs.us-east-1") == 3
    assert (service.calls("sqs.eu-west-1"), service.calls("kinesis.us-east-1")) == (10, 10)
    assert reasons[3:] == ["sqs.list_queues: not called, since 3 calls in a row to sqs in us-east-1 had no answer"] * 7
    assert not slept


def test_errors_that_are_answers_do_not_stop_the_calls() -> None:
    timer = Timer()
    denied = Told('{"__type": "AccessDeniedException"}', 400)
    service = Service(timer, 1, lambda _: denied)
    aws = session(service, timer, Bounds(failures=3), attempts=1)
    for _ in range(10):
        with pytest.raises(Exception, match="AccessDenied"):
            aws.call("sqs", "list_queues")
    assert len(service.urls) == 10


def test_a_page_token_that_comes_again_ends_the_listing_also_in_a_longer_circle() -> None:
    timer, tokens = Timer(), iter("ABCABCABC")
    service = Service(timer, 0, lambda _: f'{{"QueueUrls": ["q"], "NextToken": "{next(tokens)}"}}')
    with pytest.raises(LimitExceeded, match=r"sqs.list_queues: the same page token was returned twice"):
        list(session(service, timer).pages("sqs", "list_queues"))
    assert len(service.urls) == 4


def test_each_page_has_a_deadline_of_its_own(slept: list[float]) -> None:
    timer, tokens = Timer(), iter(['"A"', '"B"', '"C"', "null"])
    service = Service(timer, 20, lambda _: f'{{"QueueUrls": ["q"], "NextToken": {next(tokens)}}}')
    assert len(list(session(service, timer).pages("sqs", "list_queues"))) == 4
    assert not slept


def test_a_writer_has_more_patience_than_a_reader() -> None:
    aws = AwsSession(bounds=Bounds(read=1, silence=1, connect=1))
    writing = aws.guarded([("sqs.DeleteQueue", {"QueueUrl": "q"})])._client("sqs", None).meta.config
    assert (writing.connect_timeout, writing.read_timeout) == (10, 60)
    reading = aws.client("sqs").meta.config
    assert (reading.connect_timeout, reading.read_timeout) == (1, 1)


def test_calls_that_fail_between_others_that_are_answered_stop_nothing() -> None:
    timer = Timer()
    service = Service(timer, 1, lambda request: None if "slow" in str(request.body) else "{}")
    aws = session(service, timer, Bounds(failures=3), attempts=1)
    for _ in range(10):
        with pytest.raises(TimedOut, match="no answer in time"):
            aws.call("sqs", "list_queues", QueueNamePrefix="slow")
        assert aws.call("sqs", "list_queues", QueueNamePrefix="quick") == {}
    assert len(service.urls) == 20
