from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, SSLError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from goldseam.clouds.aws.bounds import Deadline
from goldseam.clouds.aws.transport import IDLE, Transport
from tests.aws.loopback import Told, loopback


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody trusts, with its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path = folder / "here.pem"
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + signed.public_bytes(pem))
    return path


def serving(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def get(transport: Transport, url: str) -> bytes:
    answer = transport.send(AWSRequest("GET", url, headers={}).prepare(), Deadline(60))
    assert answer is not None
    return bytes(answer.content)


def test_tls_is_checked_against_the_given_certificates(tmp_path: Path) -> None:
    path = certificate(tmp_path)
    with loopback(lambda _: Told("hello"), serving(path)) as server:
        transport = Transport(str(path))
        assert get(transport, f"{server.url}/x?y=1") == b"hello"
        assert server.asked[0].target == "/x?y=1"
        transport.close()


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with loopback(lambda _: Told("hello"), serving(certificate(tmp_path))) as server:
        with pytest.raises(SSLError):
            get(Transport(), server.url)
        assert server.asked == []


def test_a_connection_is_used_again_and_replaced_when_the_server_hung_up() -> None:
    peers = set()
    with loopback(lambda asked: Told(headers={"Connection": "close"} if asked.target == "/last" else {})) as server:
        transport = Transport()
        for path in ("/", "/", "/last", "/"):
            get(transport, server.url + path)
            peers.add(len(transport._idle.get(("http", server.url.removeprefix("http://")), [])))
        assert [asked.target for asked in server.asked] == ["/", "/", "/last", "/"]
        assert peers == {0, 1}
        transport.close()


def test_connections_that_idle_are_bounded_over_all_hosts() -> None:
    with loopback(lambda _: Told()) as server:
        transport, location = Transport(), server.url.removeprefix("http://")
        for user in range(IDLE + 5):
            get(transport, f"http://user{user}@{location}/")
        assert sum(len(pool) for pool in transport._idle.values()) == IDLE
        assert ("http", f"user0@{location}") not in transport._idle
        assert {asked.headers["Host"] for asked in server.asked} == {location}
        transport.close()


def test_threads_share_the_pool() -> None:
    with loopback(lambda asked: Told(asked.target)) as server:
        transport = Transport()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: get(transport, f"{server.url}/{n}"), range(200)))
        assert answers == [f"/{n}".encode() for n in range(200)]
        transport.close()


def test_what_is_not_simple_is_left_to_the_sdk() -> None:
    transport = Transport()
    request = AWSRequest("PUT", "http://127.0.0.1:1/", headers={"Expect": "100-continue"}).prepare()
    assert transport.send(request, Deadline(60)) is None


def _hang_up(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_connection_errors_are_those_that_the_sdk_retries() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_hang_up, listener)
        with pytest.raises(ConnectionClosedError):
            get(Transport(), url)
    listener.close()
    with pytest.raises(EndpointConnectionError):
        get(Transport(), url)
