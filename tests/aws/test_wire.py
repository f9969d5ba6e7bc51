from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from goldseam.clouds.aws.wire import ProtocolError, Wire


@contextmanager
def wire(*answers: bytes) -> Iterator[Wire]:
    """A connection to a server that gives one answer to each request, and then hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve, args=(listener, answers))
    thread.start()
    connection = Wire.connected(listener.getsockname(), None, connect=10, read=10)
    try:
        yield connection
    finally:
        connection.close()
        thread.join()
        listener.close()


def _serve(listener: socket.socket, answers: tuple[bytes, ...]) -> None:
    peer, _ = listener.accept()
    with peer:
        for answer in answers:
            peer.recv(65536)
            peer.sendall(answer)


def test_a_body_of_known_length_leaves_the_connection_usable() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: a\r\nx-two: b\r\n\r\nhello"
    with wire(answer, answer) as connection:
        first = connection.exchange("GET", "/", [("Host", "x")], None)
        assert (first.status, first.content, first.headers["x-two"]) == (200, b"hello", "a, b")
        assert connection.reusable
        assert connection.exchange("GET", "/", [("Host", "x")], None).content == b"hello"


def test_chunks_are_joined_and_trailers_are_skipped() -> None:
    chunks = b"5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
    with wire(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks) as connection:
        assert connection.exchange("GET", "/", [], None).content == b"hello world"
        assert connection.reusable


def test_a_body_without_length_ends_with_the_connection() -> None:
    with wire(b"HTTP/1.0 200 OK\r\n\r\nall of it") as connection:
        assert connection.exchange("GET", "/", [], None).content == b"all of it"
        assert not connection.reusable


def test_an_interim_answer_is_skipped() -> None:
    with wire(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n") as connection:
        assert connection.exchange("DELETE", "/", [], None).status == 204
        assert connection.reusable


def test_the_answer_to_head_has_no_body() -> None:
    with wire(b"HTTP/1.1 404 Not Found\r\nContent-Length: 99\r\n\r\n") as connection:
        assert connection.exchange("HEAD", "/", [], None).content == b""
        assert connection.reusable


def test_connection_close_is_heard() -> None:
    with wire(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as connection:
        connection.exchange("GET", "/", [], None)
        assert not connection.reusable


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 500 + b"\r\n",
    ],
)
def test_a_broken_answer_is_an_error_and_the_connection_is_not_used_again(answer: bytes) -> None:
    with wire(answer) as connection:
        with pytest.raises(ProtocolError):
            connection.exchange("GET", "/", [], None)
        assert not connection.reusable


def test_a_header_cannot_smuggle_another() -> None:
    with wire(b"") as connection, pytest.raises(ProtocolError):
        connection.exchange("GET", "/", [("X", "1\r\nEvil: 2")], None)


def test_a_connection_that_was_hung_up_is_not_quiet() -> None:
    with wire(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as connection:
        connection.exchange("GET", "/", [], None)
        connection._input.peek(1)
        assert not connection.is_quiet()
