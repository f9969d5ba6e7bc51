"""The plan of a request is for the keyholder's eyes: sealed to it, for one request of one requester."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from goldseam.keyholder import message
from goldseam.keyholder.identity import PrivateKey, decoded
from goldseam.keyholder.sealed import seal
from goldseam.model.errors import GrantRefused
from goldseam.model.values import Json
from goldseam.repair.plan import Plan
from tests.keyholder.desk import NOON, desk, house, repair

CANARY = "canary-of-a-lamp"


def plan() -> Plan:
    return repair(house(doors=["open " + CANARY, "shut"]))


def resigned(asked: message.Asking, signer: PrivateKey, **changed: Json) -> bytes:
    """A request with other members, signed anew: what a trusted requester can do with another's request."""
    content = orjson.loads(asked.body)["message"] | changed
    return orjson.dumps({"message": content, "signature": signer.sign(content)})


def test_nothing_of_a_plan_or_an_approval_can_be_read_on_the_way(tmp_path: Path) -> None:
    office, wanted = desk(tmp_path), plan()
    approval = office.approval(wanted, "ada") | {"comment": "because of " + CANARY}
    name = office.keyholder.signer.keyholder_name
    asked = message.asking(wanted.to_json(), [approval], office.requester, name, NOON)
    sent = orjson.loads(asked.body)["message"]
    assert sent.keys() == {"type", "keyholder", "requester", "nonce", "time", "sealed", "reply_to", "code"}
    assert CANARY in orjson.dumps(wanted.to_json()).decode()
    for text in (asked.body, *(decoded(part) for part in (sent["sealed"], sent["reply_to"]))):
        assert CANARY.encode() not in text
        assert wanted.id.encode() not in text


def test_the_keyholder_reads_the_plan_and_the_approvals_that_were_sealed(tmp_path: Path) -> None:
    office, wanted = desk(tmp_path), plan()
    approval = office.approval(wanted, "ada")
    signer = office.keyholder.signer
    asked = message.asking(wanted.to_json(), [approval], office.requester, signer.keyholder_name, NOON)
    request = message.heard(asked.body, office.keyholder.config.requesters, signer, NOON)
    assert Plan.from_json(request.plan) == wanted
    assert request.approvals == (approval,)


def test_a_sealed_plan_cannot_be_put_into_another_request(tmp_path: Path) -> None:
    office = desk(tmp_path)
    name = office.keyholder.signer.keyholder_name
    one, other = (message.asking(plan().to_json(), (), office.requester, name, NOON) for _ in "12")
    body = resigned(other, office.requester, sealed=orjson.loads(one.body)["message"]["sealed"])
    with pytest.raises(GrantRefused, match="malformed"):
        message.heard(body, office.keyholder.config.requesters, office.keyholder.signer, NOON)


def test_a_sealed_plan_cannot_be_asked_for_by_another_requester(tmp_path: Path) -> None:
    """Somebody who is trusted too catches a request, and signs the same sealed plan and nonce as his own."""
    office, eve = desk(tmp_path), PrivateKey.fresh()
    trusted = {**office.keyholder.config.requesters, "eve": eve.verifier}
    signer = office.keyholder.signer
    asked = message.asking(plan().to_json(), (), office.requester, signer.keyholder_name, NOON)
    body = resigned(asked, eve, requester=eve.verifier.text)
    with pytest.raises(GrantRefused, match="malformed"):
        message.heard(body, trusted, signer, NOON)


def test_what_is_sealed_is_covered_by_the_signature(tmp_path: Path) -> None:
    office = desk(tmp_path)
    signer = office.keyholder.signer
    asked = message.asking(plan().to_json(), (), office.requester, signer.keyholder_name, NOON)
    envelope: dict[str, Any] = orjson.loads(asked.body)
    other = seal('{"plan":{},"approvals":[]}', signer.keyholder_name.box, "plan")
    envelope["message"]["sealed"] = other
    with pytest.raises(GrantRefused, match="not signed"):
        message.heard(orjson.dumps(envelope), office.keyholder.config.requesters, signer, NOON)


@pytest.mark.parametrize("inside", ["[]", "{}", '{"plan": [1], "approvals": []}', "not JSON"])
def test_what_is_sealed_and_no_plan_is_refused(tmp_path: Path, inside: str) -> None:
    office = desk(tmp_path)
    signer = office.keyholder.signer
    asked = message.asking(plan().to_json(), (), office.requester, signer.keyholder_name, NOON)
    context = f"plan {asked.nonce} {office.requester.verifier.text}"
    body = resigned(asked, office.requester, sealed=seal(inside, signer.keyholder_name.box, context))
    with pytest.raises(GrantRefused, match="malformed"):
        message.heard(body, office.keyholder.config.requesters, signer, NOON)


def test_a_request_of_another_version_says_so(tmp_path: Path) -> None:
    office = desk(tmp_path)
    signer = office.keyholder.signer
    asked = message.asking(plan().to_json(), (), office.requester, signer.keyholder_name, NOON)
    body = resigned(asked, office.requester, type="goldseam keyholder request/1", plan=plan().to_json(), approvals=[])
    with pytest.raises(GrantRefused, match="another version"):
        message.heard(body, office.keyholder.config.requesters, signer, NOON)


def test_the_record_of_the_keyholder_holds_nothing_of_what_was_sealed(tmp_path: Path) -> None:
    office = desk(tmp_path)
    office.world.put(house(doors=["open " + CANARY, "shut"]))
    office.ask(replace(plan()).to_json())
    journal = office.keyholder.journal.path.read_text()
    assert "granted" in journal
    assert CANARY not in journal
