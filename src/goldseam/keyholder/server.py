"""The door of the keyholder: HTTP on loopback, HTTPS anywhere else. It answers `POST /v1/grant` and nothing more."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from goldseam.keyholder.config import Config, is_loopback
from goldseam.keyholder.hearing import Keyholder
from goldseam.keyholder.message import LARGEST
from goldseam.model.display import write_error
from goldseam.model.errors import HomeError, UsageError

PATH: Final = "/v1/grant"
_SECONDS: Final = 30.0


class GrantServer(ThreadingHTTPServer):
    """A listening keyholder; `serve_forever` until `shutdown`. Raises UsageError, HomeError."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, keyholder: Keyholder) -> None:
        self.keyholder = keyholder
        self._answering = 0
        self._quiet = threading.Condition()
        config = keyholder.config
        context = _context(config)
        try:
            super().__init__((config.host, config.port), _Handler)
        except OSError as error:
            msg = f"`{config.host}:{config.port}` cannot be listened on ({error.strerror}); choose another"
            raise UsageError(msg) from error
        self._scheme = "http" if context is None else "https"
        if context is not None:
            # The handshake happens in the connection's own thread, so that a slow peer holds up nobody.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self._scheme}://{self.keyholder.config.host}:{self.server_address[1]}"

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A request is being answered: `finish` waits for it."""
        with self._quiet:
            self._answering += 1
        try:
            yield
        finally:
            with self._quiet:
                self._answering -= 1
                self._quiet.notify_all()

    def finish(self) -> None:
        """Wait until every request that was being answered has its answer: a claim without one is a lost plan."""
        with self._quiet:
            self._quiet.wait_for(lambda: not self._answering)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say on one line that a connection failed; never a traceback, which could hold what was sent."""
        del request
        error = sys.exc_info()[0]
        name = error.__name__ if error else "error"
        with suppress(OSError, AttributeError):  # standard error may be closed, or not be there
            write_error(f"goldseam-keyholder: a connection from {client_address} failed ({name})")


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: GrantServer
    timeout = _SECONDS
    protocol_version = "HTTP/1.1"
    server_version = "goldseam-keyholder"
    sys_version = ""

    def do_POST(self) -> None:
        """Answer a request for a grant."""
        length = self.headers.get("Content-Length", "")
        if self.path != PATH:
            self._reply(HTTPStatus.NOT_FOUND, b"")
        elif not length.isdecimal() or int(length) > LARGEST:
            self._reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"")
        else:
            body = self.rfile.read(int(length))
            with self.server.answering():
                self._reply(HTTPStatus.OK, self.server.keyholder.answer(body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Nothing: what matters is in the record."""
        del format, args

    def _reply(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


def _context(config: Config) -> ssl.SSLContext | None:
    if config.tls is None:
        if not is_loopback(config.host):
            msg = f"`{config.host}` is reached from outside this host; give `tls:` a certificate and a key"
            raise UsageError(msg)
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(config.tls.certificate, config.tls.key)
    except OSError as error:
        msg = f"the certificate `{config.tls.certificate}` or its key cannot be used ({error}); check both files"
        raise HomeError(msg) from error
    return context
