"""Sends signed requests over kept-alive connections at a fraction of the SDK's usual cost.

botocore signs the request, decides on retries and parses the answer; only the exchange of bytes is here, behind its
`before-send` event, which is meant for this. Whatever is unusual (a proxy, a stream, `Expect`) is left to botocore.
"""

from __future__ import annotations

import socket
import ssl
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from goldseam.clouds.aws.bounds import Deadline
from goldseam.clouds.aws.wire import AnswerTooLarge, ProtocolError, Reply, Wire
from goldseam.clouds.bounds import DEFAULT, Bounds

IDLE: Final = 64
"""Connections kept open over all hosts; S3 has a host for each bucket, so the least recently used are closed."""

_NO_SUCH_NAME: Final = frozenset((socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)))

Host = tuple[str, str]
"""A scheme and a network location."""


class UnknownHost(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """No name server knows the host; botocore does not send such a request again."""

    fmt = 'Could not find the host of the endpoint URL: "{endpoint_url}"'


class DeadlineExceeded(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """The time for a call and its retries is over; botocore does not send such a request again."""

    fmt = "no complete answer within {seconds:g} s"


class TooLarge(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """The answer has more bytes than are taken; botocore does not send such a request again."""

    fmt = "the answer has more than {most} bytes"


class _Body:
    """A body that was read already, in the form which AWSResponse reads."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterable[bytes]:
        """The whole body in one piece."""
        return (self._content,)


class Transport:
    """A thread-safe pool of connections. `ca_bundle` is a file of certificates, or None for botocore's."""

    def __init__(self, ca_bundle: str | None = None, bounds: Bounds = DEFAULT) -> None:
        self._ca_bundle, self._bounds = ca_bundle, bounds
        self._tls: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._idle: OrderedDict[Host, list[Wire]] = OrderedDict()
        self._count = 0
        self._direct: dict[Host, bool] = {}
        weakref.finalize(self, _hang_up, self._idle)

    def send(self, request: AWSPreparedRequest, deadline: Deadline) -> AWSResponse | None:
        """The answer to a request, or None to leave it to botocore.

        Raises botocore's connection errors, DeadlineExceeded when the whole answer is not there by then, TooLarge.
        """
        url: str = request.url
        parts = urlsplit(url)
        host = (parts.scheme, parts.netloc)
        if not _is_simple(request) or not self._is_direct(host, url):
            return None
        wire = self._taken(host) or self._opened(host, url, deadline)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        reply = self._exchanged(wire, request, (target, parts.netloc), deadline)
        self._keep(host, wire)
        return AWSResponse(url, reply.status, reply.headers, _Body(reply.content))

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            self._count = 0
            _hang_up(self._idle)

    def _is_direct(self, host: Host, url: str) -> bool:
        known = self._direct.get(host)
        if known is None:
            proxies = get_environ_proxies(url)
            known = self._direct[host] = not (proxies.get(host[0]) or proxies.get("all"))
        return known

    def _taken(self, host: Host) -> Wire | None:
        while True:
            with self._lock:
                pool = self._idle.get(host)
                if not pool:
                    return None
                self._count -= 1
                wire = pool.pop()
            if wire.is_quiet():
                return wire
            wire.close()

    def _keep(self, host: Host, wire: Wire) -> None:
        if not wire.reusable:
            wire.close()
            return
        with self._lock:
            self._idle.setdefault(host, []).append(wire)
            self._idle.move_to_end(host)
            self._count += 1
            surplus = list(self._surplus())
        for old in surplus:
            old.close()

    def _surplus(self) -> Iterator[Wire]:
        while self._count > IDLE:
            host, pool = next(iter(self._idle.items()))
            if pool:
                self._count -= 1
                yield pool.pop(0)
            if not pool:
                del self._idle[host]

    def _opened(self, host: Host, url: str, deadline: Deadline) -> Wire:
        parts = urlsplit(url)
        tls = self._context() if host[0] == "https" else None
        address = (parts.hostname or "", parts.port or (443 if tls else 80))
        try:
            return Wire.connected(
                address, tls, connect=self._bounds.connect, read=self._bounds.silence, deadline=deadline
            )
        except TimeoutError as error:
            _refuse_late(deadline, error)
            raise ConnectTimeoutError(endpoint_url=url, error=error) from error
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=url, error=error) from error
        except OSError as error:
            unknown = isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME
            kind = UnknownHost if unknown else EndpointConnectionError
            raise kind(endpoint_url=url, error=error) from error

    def _exchanged(self, wire: Wire, request: AWSPreparedRequest, where: tuple[str, str], deadline: Deadline) -> Reply:
        """Send and read to the end; the connection is closed when that fails."""
        (target, netloc), most = where, self._bounds.answer_bytes
        headers = _headers(request, netloc)
        try:
            return wire.exchange(request.method, target, headers, request.body, deadline=deadline, most=most)
        except TimeoutError as error:
            wire.close()
            _refuse_late(deadline, error)
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except AnswerTooLarge as error:
            wire.close()
            raise TooLarge(most=most) from error
        except (OSError, ProtocolError) as error:
            wire.close()
            raise ConnectionClosedError(error=error, request=request, endpoint_url=request.url) from error

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = ssl.create_default_context(cafile=self._ca_bundle or get_cert_path(verify=True))
            return self._tls


def _hang_up(idle: OrderedDict[Host, list[Wire]]) -> None:
    while idle:
        _, wires = idle.popitem()
        for wire in wires:
            wire.close()


def _is_simple(request: AWSPreparedRequest) -> bool:
    plain = request.body is None or isinstance(request.body, bytes)
    return plain and not request.stream_output and "Expect" not in request.headers


def _refuse_late(deadline: Deadline, error: Exception) -> None:
    """Raise DeadlineExceeded when it was the last of the time that passed, not that of one attempt."""
    if deadline.passed():
        raise DeadlineExceeded(seconds=deadline.seconds) from error


def _headers(request: AWSPreparedRequest, netloc: str) -> list[tuple[str, str | bytes]]:
    """The signed headers, and those that HTTP itself asks for."""
    headers: list[tuple[str, str | bytes]] = list(request.headers.items())
    names = {name.lower() for name, _ in headers}
    if "host" not in names:
        headers.insert(0, ("Host", _authority(request.url, netloc)))
    if "content-length" not in names and (request.body or request.method in {"PUT", "POST"}):
        headers.append(("Content-Length", str(len(request.body or b""))))
    headers.append(("Accept-Encoding", "identity"))
    return headers


def _authority(url: str, netloc: str) -> str:
    """The host as SigV4 signed it: without the port where that is the scheme's own."""
    default = ":443" if url.startswith("https:") else ":80"
    return netloc.rpartition("@")[2].lower().removesuffix(default)
