"""One kept-alive HTTP/1.1 connection, for requests and answers that fit in memory (RFC 9112).

It does what an SDK call needs and no more: no redirects, no proxies, no compression, no pipelining. `http.client` does
the same through `email.message`, which costs as much as signing the request.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from urllib3.util import wait_for_read

from goldseam.clouds.aws.bounds import Deadline
from goldseam.clouds.bounds import DEFAULT

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LONGEST_LINE: Final = 65_536
MOST_HEADERS: Final = 200
_PIECE: Final = 65_536
_NO_BODY: Final = frozenset((204, 304))


class ProtocolError(Exception):
    """The other side ended early, or does not speak HTTP/1.1."""


class AnswerTooLarge(ProtocolError):
    """The answer has more bytes than are taken."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read to its end. The same header twice is one, with a comma between; names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class _Incoming(io.RawIOBase):
    """What a socket receives: each wait ends after the silence that is allowed, all of them together at the deadline.

    The socket's own timeout begins anew with each byte, so that a byte a second would never end.
    """

    def __init__(self, stream: socket.socket, silence: float) -> None:
        self._stream, self._silence = stream, silence
        self.deadline: Deadline | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def wait_at_most(self) -> None:
        """Set the socket's timeout for the next step; raises TimeoutError when no time is left."""
        self._stream.settimeout(_within(self._silence, self.deadline))

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Receive some bytes, none at the end."""
        self.wait_at_most()
        return self._stream.recv_into(buffer)


class Wire:
    """A connection that takes one exchange after another; raises OSError and ProtocolError."""

    def __init__(self, stream: socket.socket, silence: float) -> None:
        self._socket = stream
        self._incoming = _Incoming(stream, silence)
        self._input = io.BufferedReader(self._incoming)
        self._most = DEFAULT.answer_bytes
        self.reusable = True

    @classmethod
    def connected(
        cls,
        address: tuple[str, int],
        tls: ssl.SSLContext | None,
        *,
        connect: float,
        read: float,
        deadline: Deadline | None = None,
    ) -> Wire:
        """A new connection, with TLS when there is a context; `connect` and `read` are patience in seconds."""
        patience = deadline or Deadline(connect)
        stream = _connected(address, connect, patience)
        try:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                stream.settimeout(_within(connect, patience))
                stream = tls.wrap_socket(stream, server_hostname=address[0])
        except BaseException:
            stream.close()
            raise
        return cls(stream, read)

    def is_quiet(self) -> bool:
        """Whether the connection can be used again: what is readable now is the other side hanging up."""
        return self.reusable and not wait_for_read(self._socket, timeout=0)

    def close(self) -> None:
        """Hang up."""
        self.reusable = False
        self._input.close()
        self._socket.close()

    def exchange(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str | bytes]],
        body: bytes | None,
        *,
        deadline: Deadline | None = None,
        most: int = DEFAULT.answer_bytes,
    ) -> Reply:
        """Send a request and read the whole answer, by the deadline and of at most so many bytes."""
        self.reusable = False
        self._incoming.deadline, self._most = deadline, most
        self._incoming.wait_at_most()
        self._socket.sendall(_request(method, target, headers, body))
        version, status, answered = self._head()
        while status < 200:  # noqa: PLR2004 - 1xx only announces the answer
            version, status, answered = self._head()
        chunked = answered.get("transfer-encoding", "").lower() == "chunked"
        length = answered.get("content-length")
        content = self._body(chunked, length) if method != "HEAD" and status not in _NO_BODY else b""
        delimited = chunked or length is not None or method == "HEAD" or status in _NO_BODY
        self.reusable = delimited and version == b"HTTP/1.1" and answered.get("connection", "").lower() != "close"
        return Reply(status, answered, content)

    def _head(self) -> tuple[bytes, int, dict[str, str]]:
        version, _, rest = self._line().partition(b" ")
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
            raise ProtocolError("the answer is not HTTP/1.1")
        headers: dict[str, str] = {}
        for _ in range(MOST_HEADERS):
            line = self._line()
            if not line:
                return version, int(rest[:3]), headers
            name, _, value = line.decode("latin-1").partition(":")
            key, word = name.lower(), value.strip()
            headers[key] = f"{headers[key]}, {word}" if key in headers else word
        raise ProtocolError("the answer has too many headers")

    def _line(self) -> bytes:
        line = self._input.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise ProtocolError(
                "the connection was closed before the answer ended" if line == b"" else "a line is cut off"
            )
        return line.rstrip(b"\r\n")

    def _body(self, chunked: bool, length: str | None) -> bytes:  # noqa: FBT001
        if chunked:
            return self._chunks()
        if length is None:
            content = self._read(self._most + 1)
            self._refuse_more(len(content))
            return content
        if not length.isdigit():
            raise ProtocolError("the answer's length is not a number")
        return self._exactly(int(length))

    def _chunks(self) -> bytes:
        parts, total = list[bytes](), 0
        while size := _size(self._line()):
            total += size
            self._refuse_more(total)
            parts.append(self._exactly(size))
            if self._line():
                raise ProtocolError("a chunk is longer than it said")
        while self._line():
            pass
        return b"".join(parts)

    def _refuse_more(self, size: int) -> None:
        if size > self._most:
            raise AnswerTooLarge(f"the answer has more than {self._most} bytes")

    def _exactly(self, size: int) -> bytes:
        self._refuse_more(size)
        content = self._read(size)
        if len(content) != size:
            raise ProtocolError("the connection was closed before the answer ended")
        return content

    def _read(self, most: int) -> bytes:
        """At most so many bytes, fewer at the end; memory is taken for what comes, not for what is announced."""
        parts: list[bytes] = []
        while most > 0 and (part := self._input.read(min(most, _PIECE))):
            parts.append(part)
            most -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _connected(address: tuple[str, int], connect: float, deadline: Deadline) -> socket.socket:
    """A connection to the first of the host's addresses that takes one; the time is for all of them together."""
    failed: OSError = TimeoutError("the deadline has passed")
    for family, kind, protocol, _, place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
        stream = socket.socket(family, kind, protocol)
        try:
            stream.settimeout(_within(connect, deadline))
            stream.connect(place)
        except OSError as error:
            stream.close()
            failed = error
        else:
            return stream
    raise failed


def _within(seconds: float, deadline: Deadline | None) -> float:
    left = seconds if deadline is None else min(seconds, deadline.left())
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


def _size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    try:
        return int(digits, 16)
    except ValueError:
        raise ProtocolError("a chunk has no size") from None


def _request(method: str, target: str, headers: Iterable[tuple[str, str | bytes]], body: bytes | None) -> bytes:
    lines = [f"{method} {target} HTTP/1.1".encode("ascii")]
    for name, value in headers:
        line = b"%s: %s" % (name.encode("ascii"), value if isinstance(value, bytes) else value.encode("latin-1"))
        if b"\n" in line or b"\r" in line:
            raise ProtocolError(f"the header {name!r} would break the request")
        lines.append(line)
    return b"\r\n".join((*lines, b"", body or b""))
