"""The door: loopback or TLS, and a client that believes nobody else."""

from __future__ import annotations

import dataclasses
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from goldseam.keyholder.client import KeyholderSource, checked_url
from goldseam.keyholder.config import Tls
from goldseam.keyholder.identity import PrivateKey
from goldseam.keyholder.message import LARGEST
from goldseam.keyholder.server import PATH, GrantServer
from goldseam.keyholder.webhook import SIGNATURE, CodeHook
from goldseam.model.clock import SystemClock
from goldseam.model.errors import AlreadyDone, GrantRefused, HomeError, Unreachable, UsageError
from tests.emulators import free_port
from tests.keyholder.desk import CANARIES, Desk, desk, repair

CLOCK = SystemClock()


def certificate(folder: Path) -> Tls:
    """A self-signed certificate for `localhost`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = CLOCK.now()
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    files = Tls(folder / "door.pem", folder / "door.key")
    files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    files.key.write_bytes(private)
    return files


def _usage() -> x509.KeyUsage:
    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign")
    off = dict.fromkeys((*names, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=True, key_cert_sign=True, **off)


@contextmanager
def listening(office: Desk) -> Iterator[GrantServer]:
    with GrantServer(office.keyholder) as door:
        thread = threading.Thread(target=door.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield door
        finally:
            door.shutdown()
            thread.join()


def office_at(folder: Path, **more: Any) -> Desk:
    made = desk(folder, **more)
    return dataclasses.replace(made, keyholder=dataclasses.replace(made.keyholder, clock=CLOCK))


def test_over_loopback(tmp_path: Path) -> None:
    office, plan = office_at(tmp_path), repair().to_json()
    with listening(office) as door:
        assert door.url.startswith("http://127.0.0.1:")
        source = KeyholderSource(door.url, office.keyholder.signer.keyholder_name, office.requester, CLOCK)
        assert source.key_for(plan, []).secret.reveal()["secret_key"] == CANARIES[1]
        with pytest.raises(AlreadyDone):
            source.key_for(plan, [])
        wrong = KeyholderSource(door.url, PrivateKey.fresh().keyholder_name, office.requester, CLOCK)
        with pytest.raises(GrantRefused, match="not from the keyholder"):
            wrong.key_for(plan, [])


def test_what_is_on_the_wire_holds_no_key(tmp_path: Path) -> None:
    office, plan = office_at(tmp_path), repair().to_json()
    from goldseam.keyholder import message  # noqa: PLC0415

    name = office.keyholder.signer.keyholder_name
    asked = message.asking(plan, (), office.requester, name, CLOCK.now())
    reply = office.keyholder.answer(asked.body)
    assert message.key_in(reply, asked, name).secret.reveal()["access_key"] == CANARIES[0]
    assert not [canary for canary in CANARIES if canary.encode() in reply]


def test_over_tls(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    office = office_at(tmp_path, tls=files, host="127.0.0.1")
    name = office.keyholder.signer.keyholder_name
    with listening(office) as door:
        url = f"https://localhost:{door.server_address[1]}"
        believed = KeyholderSource(url, name, office.requester, CLOCK, authority=files.certificate)
        assert believed.key_for(repair().to_json(), []).narrowed
        with pytest.raises(GrantRefused, match="certificate"):
            KeyholderSource(url, name, office.requester, CLOCK).key_for(repair().to_json(), [])
        elsewhere = KeyholderSource(door.url, name, office.requester, CLOCK, authority=files.certificate)
        with pytest.raises(GrantRefused, match="certificate"):
            elsewhere.key_for(repair().to_json(), [])


def test_without_tls_it_never_leaves_the_host(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.7", "example.org"):
        with pytest.raises(UsageError, match="reached from outside"):
            GrantServer(office_at(tmp_path, host=host).keyholder)
    missing = Tls(tmp_path / "none.pem", tmp_path / "none.key")
    with pytest.raises(HomeError, match="cannot be used"):
        GrantServer(office_at(tmp_path, tls=missing).keyholder)


@pytest.mark.parametrize(
    "url", ["http://example.org", "ftp://127.0.0.1", "https://", "127.0.0.1:7443", "https://me:secret@example.org", ""]
)
def test_an_address_that_is_not_safe_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="cannot be asked safely"):
        checked_url(url)


def test_nobody_there(tmp_path: Path) -> None:
    office = office_at(tmp_path)
    url = f"http://127.0.0.1:{free_port()}"
    source = KeyholderSource(url, office.keyholder.signer.keyholder_name, office.requester, CLOCK)
    with pytest.raises(Unreachable, match="does not answer"):
        source.key_for(repair().to_json(), [])


def test_two_doors_cannot_share_an_address(tmp_path: Path) -> None:
    with listening(office_at(tmp_path)) as door:
        taken = office_at(tmp_path, port=door.server_address[1])
        with pytest.raises(UsageError, match="choose another"):
            GrantServer(taken.keyholder)


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", PATH, {}, b"", 501),
        ("POST", "/other", {}, b"{}", 404),
        ("POST", PATH, {"Content-Length": str(LARGEST + 1)}, b"", 413),
        ("POST", PATH, {"Content-Length": "-1"}, b"", 413),
        ("POST", PATH, {}, b"rubbish", 200),
        ("POST", PATH, {}, b'{"message": 7, "signature": ""}', 200),
        ("POST", PATH, {}, b"[" * 100_000, 200),
    ],
)
def test_rubbish_is_refused(
    tmp_path: Path, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    office = office_at(tmp_path)
    with listening(office) as door:
        connection = http.client.HTTPConnection("127.0.0.1", door.server_address[1])
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert answer.status == status
    if status == 200:
        assert orjson.loads(content)["message"]["refused"] == "grant-refused"
    assert office.sts.asked == []


class _Hook(BaseHTTPRequestHandler):
    seen: list[tuple[Any, str]]
    answer = b'{"code": "4f2a9c1e"}'

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((orjson.loads(body), self.headers[SIGNATURE]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize("rubbish", [b"", b"[]", b'{"kode": 1}'])
def test_a_web_hook_gives_the_code_to_a_signed_request(rubbish: bytes) -> None:
    seen: list[tuple[Any, str]] = []
    handler = type("Hook", (_Hook,), {"seen": seen})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        signer = PrivateKey.fresh()
        hook = CodeHook(f"http://127.0.0.1:{server.server_address[1]}/code?for=goldseam", signer, CLOCK)
        assert hook("p-1").reveal() == {"code": "4f2a9c1e"}
        handler.answer = rubbish  # type: ignore[attr-defined]
        with pytest.raises(GrantRefused, match="did not answer"):
            hook("p-1")
        server.shutdown()
        thread.join()
    request, signature = seen[0]
    assert request["plan"] == "p-1"
    assert signer.verifier.signed(request, signature)
    assert not signer.verifier.signed({**request, "plan": "p-2"}, signature)
