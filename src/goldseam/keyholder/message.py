"""The request and the answer: JSON signed with Ed25519 over its canonical form, each for one addressee and one use.

A plan holds whole configuration values, so plan and approvals travel as one text that only the keyholder can open.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from goldseam.keyholder import forms
from goldseam.keyholder.identity import KeyholderName, PrivateKey, Verifier, decoded, encoded
from goldseam.keyholder.sealed import seal, unseal
from goldseam.model.errors import AlreadyDone, GrantRefused, UsageError
from goldseam.model.values import Json
from goldseam.ports import Key, Secret

SKEW: Final = timedelta(minutes=5)
"""How far the clocks of requester and keyholder may be apart."""
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of the largest message."""

_REQUEST: Final = "goldseam keyholder request/2"
_REQUESTS: Final = "goldseam keyholder request/"
_ANSWER: Final = "goldseam keyholder answer/1"
_NONCE: Final = 32
_PARTS: Final = ("access_key", "secret_key", "session_token")


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose signature was verified, and the name of who signed it."""

    requester: str
    nonce: str
    time: datetime
    plan: Mapping[str, Json]
    approvals: tuple[Mapping[str, Json], ...]
    reply_to: X25519PublicKey
    sealed_code: str

    def code(self, box: X25519PrivateKey) -> str:
        """The one-time code in the request, empty when there is none; raises GrantRefused."""
        if not self.sealed_code:
            return ""
        try:
            return unseal(self.sealed_code, box, self.nonce)
        except ValueError as error:
            msg = "the code in the request cannot be opened; check the name of the keyholder, then ask again"
            raise GrantRefused(msg) from error


@dataclass(frozen=True, slots=True)
class Asking:
    """A request on its way, and what its sender keeps to open the answer."""

    body: bytes
    nonce: str
    plan: str
    reply_key: X25519PrivateKey


def asking(
    plan: Mapping[str, Json],
    approvals: Sequence[Mapping[str, Json]],
    signer: PrivateKey,
    keyholder: KeyholderName,
    now: datetime,
    code: Secret | None = None,
) -> Asking:
    """A signed request for one plan; raises GrantRefused for a plan that JSON cannot hold."""
    nonce, reply_key = secrets.token_hex(_NONCE // 2), X25519PrivateKey.generate()
    message = {
        "type": _REQUEST,
        "keyholder": keyholder.verifier.fingerprint,
        "requester": signer.verifier.text,
        "nonce": nonce,
        "time": now.isoformat(),
        "sealed": seal(_text_of(plan, approvals), keyholder.box, _sealed_for(nonce, signer.verifier.text)),
        "reply_to": encoded(reply_key.public_key().public_bytes_raw()),
        "code": seal(code.reveal()["code"], keyholder.box, nonce) if code else "",
    }
    return Asking(_signed(message, signer), nonce, str(plan["id"]), reply_key)


def _text_of(plan: Mapping[str, Json], approvals: Sequence[Mapping[str, Json]]) -> str:
    try:
        return orjson.dumps({"plan": dict(plan), "approvals": [dict(approval) for approval in approvals]}).decode()
    except (TypeError, ValueError, RecursionError) as error:
        msg = "the plan cannot be sent; it holds a number or a text that JSON cannot keep"
        raise GrantRefused(msg) from error


def _sealed_for(nonce: str, requester: str) -> str:
    """What a sealed plan is bound to: one request of one requester."""
    return f"plan {nonce} {requester}"


def heard(body: bytes, requesters: Mapping[str, Verifier], own: PrivateKey, now: datetime) -> Request:
    """The request in a body, if one of the requesters signed it for this keyholder just now; raises GrantRefused."""
    message, signature = _opened(body)
    named = message.get("requester")
    name = next((name for name, key in requesters.items() if key.text == named), None)
    if name is None or not requesters[name].signed(message, signature):
        msg = "the request is not signed by anyone whom the keyholder trusts; run `goldseam-keyholder trust` there"
        raise GrantRefused(msg)
    if str(message.get("type")).startswith(_REQUESTS) and message["type"] != _REQUEST:
        msg = "the request is of another version of goldseam; use the same version on both sides"
        raise GrantRefused(msg)
    if message.get("type") != _REQUEST or message.get("keyholder") != own.verifier.fingerprint:
        msg = "the request is for another keyholder; check the name and the address of the keyholder"
        raise GrantRefused(msg)
    request = _request(name, message, own.box())
    if abs(now - request.time) > SKEW:
        msg = "the request is older or newer than 5 minutes; set the clocks, then ask again"
        raise GrantRefused(msg)
    return request


def granted(asked: Request, plan: str, key: Key, signer: PrivateKey, now: datetime) -> bytes:
    """The signed answer with a key that only the asker can open."""
    parts = key.secret.reveal()
    credentials = orjson.dumps({name: parts[name] for name in _PARTS}).decode()
    content = {
        "sealed": seal(credentials, asked.reply_to, f"{asked.nonce} {plan}"),
        "expires": key.expires.isoformat(),
    }
    return _answer(asked.nonce, now, signer, content)


def refused(body: bytes, error: Exception, signer: PrivateKey, now: datetime) -> bytes:
    """The signed answer that says no, and why."""
    code = "already-done" if isinstance(error, AlreadyDone) else "grant-refused"
    try:
        nonce = str(_opened(body)[0].get("nonce", ""))[:_NONCE]
    except GrantRefused:
        nonce = ""
    return _answer(nonce, now, signer, {"refused": code, "because": str(error)})


def key_in(body: bytes, asked: Asking, keyholder: KeyholderName) -> Key:
    """The key in an answer; raises GrantRefused or AlreadyDone for a no, and for an answer that is not genuine."""
    message, signature = _opened(body)
    genuine = keyholder.verifier.signed(message, signature)
    if not genuine or message.get("type") != _ANSWER or message.get("nonce") != asked.nonce:
        msg = "the answer is not from the keyholder that was asked; check its name and address"
        raise GrantRefused(msg)
    if "refused" in message:
        kind = AlreadyDone if message["refused"] == "already-done" else GrantRefused
        raise kind(str(message.get("because", "")))
    try:
        parts = orjson.loads(unseal(message["sealed"], asked.reply_key, f"{asked.nonce} {asked.plan}"))
        secret = Secret(**{name: parts[name] for name in _PARTS})
        return Key("keyholder", datetime.fromisoformat(message["expires"]), secret)
    except (KeyError, ValueError) as error:
        msg = "the keyholder's answer cannot be opened; ask again"
        raise GrantRefused(msg) from error


def _request(name: str, message: Mapping[str, Json], box: X25519PrivateKey) -> Request:
    try:
        nonce, sealed = _text(message["nonce"], _NONCE), _text(message["sealed"])
        held = orjson.loads(unseal(sealed, box, _sealed_for(nonce, message["requester"])))
        return Request(
            name, forms.nonce(nonce), datetime.fromisoformat(message["time"]), dict(held["plan"]),
            tuple(dict(approval) for approval in held["approvals"]),
            X25519PublicKey.from_public_bytes(decoded(message["reply_to"])), _text(message["code"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, UsageError) as error:
        msg = "the request is malformed; use the same version of goldseam on both sides"
        raise GrantRefused(msg) from error


def _text(value: Json, size: int | None = None) -> str:
    """The value, if it is a text, of that size where one is given; raises ValueError."""
    if not isinstance(value, str) or (size is not None and len(value) != size):
        msg = "a text is missing"
        raise ValueError(msg)
    return value


def _answer(nonce: str, now: datetime, signer: PrivateKey, content: Mapping[str, Json]) -> bytes:
    return _signed({"type": _ANSWER, "nonce": nonce, "time": now.isoformat(), **content}, signer)


def _signed(message: Mapping[str, Json], signer: PrivateKey) -> bytes:
    try:
        return orjson.dumps({"message": message, "signature": signer.sign(message)})
    except (ValueError, TypeError, RecursionError) as error:
        msg = "what is to be signed has no canonical form; it holds a number that JSON cannot keep"
        raise GrantRefused(msg) from error


def _opened(body: bytes) -> tuple[dict[str, Json], str]:
    try:
        envelope = orjson.loads(body)
        return dict(envelope["message"]), str(envelope["signature"])
    except (KeyError, TypeError, ValueError) as error:
        msg = "what came is not a signed message; check the address"
        raise GrantRefused(msg) from error
