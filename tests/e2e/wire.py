"""The wire between commands and the emulator: it remembers every call and every key given, and can hold a call up."""

from __future__ import annotations

import http.client
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

import pytest

_KEY: Final = re.compile(r"<(AccessKeyId|SecretAccessKey|SessionToken)>([^<]+)</")
_ENDS: Final = re.compile(rb"<Expiration>[^<]+")
_HOP: Final = ("connection", "transfer-encoding", "content-length", "keep-alive")
_POSTED: Final = {("POST", "/datasources/s3"): "DescribeBuckets"}
"""Reads that are posted, by services whose calls have no name (Amazon Macie)."""

READS: Final = re.compile(r"(Get|List|Describe|Assume|Lookup|Head|GET|HEAD)")


@dataclass(frozen=True)
class Asked:
    """A request as it came, and the access key that signed it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """`PutUserPolicy` for the services that name it, `PUT ?policy` for S3."""
        if action := self.form.get("Action"):
            return action[0]
        if target := self.headers.get("X-Amz-Target"):
            return target.rpartition(".")[2]
        if (self.method, self.path) in _POSTED:
            return _POSTED[self.method, self.path]
        return f"{self.method} ?{urlsplit(self.target).query.partition('&')[0].rstrip('=')}"

    @property
    def form(self) -> Mapping[str, list[str]]:
        """The parameters of a form; none where the body is something else."""
        kind = self.headers.get("Content-Type", "")
        return parse_qs(self.body.decode()) if kind.startswith("application/x-www-form-urlencoded") else {}

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


@dataclass
class Gate:
    """Holds the first call of an operation up: before it reaches the cloud, or with its answer in hand."""

    operation: str
    moment: Literal["before", "after"]
    arrived: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    lost: bool = False
    """Whether a call that was held before the cloud is lost there."""

    def reached(self, process: subprocess.Popen[Any]) -> None:
        """Wait until the call has arrived; fail where the process ended before."""
        while not self.arrived.wait(0.2):
            if process.poll() is not None:
                pytest.fail(
                    f"the process ended with {process.returncode} before {self.operation}: {process.communicate()}"
                )

    def at(self, moment: str, asked: Asked) -> bool:
        """Wait here, if this is the call and the moment; whether the call is lost."""
        if self.moment != moment or asked.operation != self.operation or self.arrived.is_set():
            return False
        self.arrived.set()
        self.go.wait()
        return self.lost


@dataclass
class Wire:
    """Where commands reach the emulator, and what went over it; `secrets` are the parts of every key that was given."""

    upstream: str
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    key_lasts: timedelta | None = None
    """What the emulator's answer says instead of its own 15 minutes of how long a key lasts from now."""
    answer_instead: Callable[[Asked], tuple[int, str] | None] = lambda asked: None

    @property
    def writes(self) -> list[str]:
        """The operations that change something, in order."""
        return [asked.operation for asked in self.asked if not READS.match(asked.operation)]

    def session_policies(self) -> list[str]:
        """The session policies that keys were asked for with, in order."""
        return [
            asked.form["Policy"][0]
            for asked in self.asked
            if asked.operation == "AssumeRole" and "Policy" in asked.form
        ]

    def forwarded(self, asked: Asked) -> tuple[int, Mapping[str, str], bytes] | None:
        """The emulator's answer; None where the call was lost."""
        self.asked.append(asked)
        if instead := self.answer_instead(asked):
            return instead[0], {"Content-Type": "text/xml"}, instead[1].encode()
        if any([gate.at("before", asked) for gate in self.gates]):  # noqa: C419 - every gate must see it
            return None
        told = self._sent(asked)
        if asked.operation == "AssumeRole" and self.key_lasts is not None:
            ends = (datetime.now(UTC) + self.key_lasts).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
            told = told[0], told[1], _ENDS.sub(b"<Expiration>" + ends, told[2])
        if asked.operation in ("AssumeRole", "CreateAccessKey"):
            self.secrets += [found for _, found in _KEY.findall(told[2].decode())]
        for gate in self.gates:
            gate.at("after", asked)
        return told

    def _sent(self, asked: Asked) -> tuple[int, Mapping[str, str], bytes]:
        place = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(str(place.hostname), place.port)
        try:
            connection.putrequest(asked.method, asked.target, skip_host=True, skip_accept_encoding=True)
            for name, value in asked.headers.items():
                if name.lower() not in _HOP:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(asked.body)))
            connection.endheaders(asked.body)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


def _handler(wire: Wire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                self._answer()
            except (ConnectionError, BrokenPipeError):  # whoever asked was killed
                self.close_connection = True

        def _answer(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            told = wire.forwarded(Asked(self.command, self.path, dict(self.headers.items()), body))
            if told is None:
                self.close_connection = True
                return
            self._tell(*told)

        def _tell(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    return Handler


@contextmanager
def wired(upstream: str) -> Iterator[Wire]:
    """A wire to an emulator, on a free port of loopback."""
    wire = Wire(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(wire))
    server.daemon_threads = True
    wire.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield wire
    finally:
        for gate in wire.gates:
            gate.go.set()
        server.shutdown()
        thread.join()
        server.server_close()
