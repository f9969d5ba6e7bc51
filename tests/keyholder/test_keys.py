"""The sources that need no keyholder, against an STS in memory; and what is only readable by its addressee."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from goldseam.clouds.aws.keys import OperatorSource, RotatingCodeSource, rotated, typed
from goldseam.clouds.protocol import RotatingRole
from goldseam.keyholder.allow import allowed
from goldseam.keyholder.derive import Derived
from goldseam.keyholder.identity import decoded, encoded
from goldseam.keyholder.sealed import seal, unseal
from goldseam.model.errors import (
    AccessDenied,
    AlreadyDone,
    CallFailed,
    CredentialsExpired,
    GrantRefused,
    PlanRefused,
    Unreachable,
)
from goldseam.ports import KeySource, Secret
from tests.keyholder.desk import ANYTHING, NOON, ROLE, FakeSts, StoppedClock, repair

PLAN = repair().to_json()
ROTATING = RotatingRole("arn:aws:iam::acc:role/goldseam-rotating", "0d9b")


def test_operator_and_rotating_code_are_key_sources() -> None:
    sources: list[KeySource] = [
        OperatorSource(FakeSts(), {}, StoppedClock()),
        RotatingCodeSource(FakeSts(), {}, typed(str)),
    ]
    assert [source.name for source in sources] == ["operator", "rotating-code"]


def test_a_code_is_typed_and_becomes_the_external_id() -> None:
    sts, prompts = FakeSts(), list[str]()

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return " 4f2a9c1e \n"

    RotatingCodeSource(sts, {"acc": ROTATING}, typed(ask)).key_for(PLAN, [])
    assert sts.asked[0]["ExternalId"] == "0d9b:4f2a9c1e"
    assert prompts == [f"code for plan {PLAN['id']}: "]


@pytest.mark.parametrize("failure", [AccessDenied("no", code="AccessDenied"), CallFailed("bad", code="Malformed")])
def test_when_sts_says_no_the_source_may_be_asked_again(failure: Any) -> None:
    sts = FakeSts(failing=failure)
    source = OperatorSource(sts, {"acc": ROLE}, StoppedClock())
    with pytest.raises(GrantRefused, match="--unscoped"):
        source.key_for(PLAN, [])
    sts.failing = None
    assert source.key_for(PLAN, []).narrowed
    with pytest.raises(AlreadyDone):
        source.key_for(PLAN, [])


@pytest.mark.parametrize("failure", [Unreachable("no answer"), CredentialsExpired("sign in")])
def test_no_answer_is_not_a_refusal_and_never_widens(failure: Any) -> None:
    own = Secret(access_key="own", secret_key="own", session_token="")
    source = OperatorSource(FakeSts(failing=failure), {"acc": ROLE}, StoppedClock(), unscoped=True, own=lambda: own)
    with pytest.raises(type(failure)):
        source.key_for(PLAN, [])


def test_unscoped_stays_in_its_own_account() -> None:
    own = Secret(access_key="own", secret_key="own", session_token="")
    source = OperatorSource(FakeSts(), {}, StoppedClock(), unscoped=True, own=lambda: own)
    key = source.key_for(PLAN, [])
    assert (key.narrowed, (key.expires - NOON).total_seconds()) == (False, 900)
    other = OperatorSource(FakeSts(account="other"), {}, StoppedClock(), unscoped=True, own=lambda: own)
    with pytest.raises(GrantRefused, match="account `other`"):
        other.key_for(PLAN, [])


def test_a_tampered_plan_gets_no_key_of_any_source() -> None:
    sts = FakeSts()
    tampered = {**PLAN, "reversible": False}
    for source in (
        OperatorSource(sts, {"acc": ROLE}, StoppedClock()),
        RotatingCodeSource(sts, {"acc": ROTATING}, typed(lambda _: "4f2a9c1e")),
    ):
        with pytest.raises(PlanRefused):
            source.key_for(tampered, [])
    assert sts.asked == []


class Iam:
    """A role's trust policy in memory."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.sent: list[dict[str, Any]] = []

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Any) -> Any:
        if operation == "UpdateAssumeRolePolicy":
            self.sent.append(params)
        return {"Role": {"AssumeRolePolicyDocument": self.document}}

    def guarded(self, allowed: Any) -> Iam:
        assert [operation for operation, _ in allowed] == ["iam.UpdateAssumeRolePolicy"]
        return self


def test_rotation_knows_both_forms_of_a_policy() -> None:
    statement = {"Effect": "Allow", "Condition": {"StringEquals": {"sts:externalid": "0d9b:old"}}}
    for held in (statement, [statement, {"Effect": "Deny"}]):
        iam = Iam({"Statement": held})
        code = rotated(iam, ROTATING).reveal()["code"]
        assert f"0d9b:{code}" in iam.sent[0]["PolicyDocument"]
        assert "0d9b:old" not in iam.sent[0]["PolicyDocument"]
    with pytest.raises(GrantRefused, match="asks for no external id"):
        rotated(Iam("%7B%22Statement%22%3A%5B%5D%7D"), ROTATING)


@given(st.text(), st.text(max_size=40), st.data())
def test_sealed_text_opens_for_its_addressee_in_its_context_unchanged(text: str, context: str, data: Any) -> None:
    key = X25519PrivateKey.generate()
    sealed = seal(text, key.public_key(), context)
    assert unseal(sealed, key, context) == text
    raw = bytearray(decoded(sealed))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    wrong: list[tuple[str, X25519PrivateKey, str]] = [
        (sealed, X25519PrivateKey.generate(), context),
        (sealed, key, f"{context}x"),
        (sealed[:-8], key, context),
        (encoded(bytes(raw)), key, context),
    ]
    for message, opener, where in wrong:
        with pytest.raises(ValueError, match=r"changed on the way|shared key"):
            unseal(message, opener, where)


NAMES = st.text("ab*:/.-", min_size=1, max_size=8)


@given(NAMES, NAMES)
def test_only_a_star_is_special_in_a_pattern(pattern: str, text: str) -> None:
    """Against a matcher written another way."""

    def fits(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return fits(pattern[1:], text) or (bool(text) and fits(pattern, text[1:]))
        return bool(text) and text[0] == pattern[0] and fits(pattern[1:], text[1:])

    plan = dataclasses.replace(repair(), ref=dataclasses.replace(repair().ref, account=text))
    rule = dataclasses.replace(ANYTHING, accounts=(pattern,))
    try:
        allowed(Derived(plan, plan.permissions, plan.controls, {}), {}, (rule,))
        held = True
    except GrantRefused:
        held = False
    assert held == fits(pattern, text)
