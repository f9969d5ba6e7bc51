"""A keyholder for tests: its rules, its clock, an STS in memory, and the people who deal with it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from goldseam.control import Catalog
from goldseam.errors import CloudError
from goldseam.keyholder import message
from goldseam.keyholder.allow import Rule
from goldseam.keyholder.approval import signed_approval
from goldseam.keyholder.config import Config
from goldseam.keyholder.hearing import Keyholder
from goldseam.keyholder.identity import Signer
from goldseam.keyholder.journal import Journal
from goldseam.keyholder.setup import journal_key
from goldseam.plan import Plan, propose
from goldseam.ports import Key, Secret
from goldseam.resource import Resource
from goldseam.values import Json
from tests import toy

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ROLE = "arn:aws:iam::acc:role/goldseam-remediator"
ANYTHING = Rule(("*",), ("*",), ("*",), ("*",), ("*",), 0)
CATALOG = Catalog.of([toy])
CANARIES = ("ASIACANARYKEY", "canary-secret-key", "canary-session-token")


@dataclass
class StoppedClock:
    """Stands still until it is moved."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class FakeSts:
    """Remembers what it was asked; `failing` is raised instead of an answer, `before` runs first."""

    asked: list[Mapping[str, Any]] = field(default_factory=list)
    failing: CloudError | None = None
    account: str = "acc"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Any) -> Mapping[str, Json]:
        if operation == "GetCallerIdentity":
            return {"Account": self.account}
        assert (service, operation) == ("sts", "AssumeRole")
        with self.lock:
            self.asked.append(params)
        if self.failing:
            raise self.failing
        key, secret, token = CANARIES
        expires = (NOON + timedelta(seconds=params["DurationSeconds"])).isoformat()
        credentials = {"AccessKeyId": key, "SecretAccessKey": secret, "SessionToken": token, "Expiration": expires}
        return {"Credentials": credentials}


def house(doors: list[str] | None = None, lamp: Json = None) -> Resource:
    facets = {
        "doors": doors or ["open", "shut"],
        "lamp": lamp or {"watts": 1},
        "seal": "wax",
        "street": "quiet",
    }
    return Resource(toy.REF, facets)


def repair(resource: Resource | None = None) -> Plan:
    return propose(resource or house(), [toy.no_open_door], [toy.no_open_door, toy.lamp_lit])


def forged(plan: Plan, **changed: Any) -> dict[str, Json]:
    """A plan with other content and the id that fits it: what a server that was taken over would send."""
    return dataclasses.replace(plan, **changed).to_json()


@dataclass
class Desk:
    """A keyholder and everybody who deals with it."""

    keyholder: Keyholder
    sts: FakeSts
    clock: StoppedClock
    requester: Signer
    approvers: Mapping[str, Signer]

    def ask(
        self,
        plan: Mapping[str, Json],
        *,
        approved_by: tuple[str, ...] = (),
        approvals: tuple[Mapping[str, Json], ...] = (),
        signer: Signer | None = None,
        code: str = "",
    ) -> Key:
        """The whole way there and back, without a network."""
        given = [*approvals, *(self.approval(Plan.from_json(plan), name) for name in approved_by)]
        name, secret = self.keyholder.signer.keyholder_name, Secret(code=code) if code else None
        asked = message.asking(plan, given, signer or self.requester, name, self.clock.now(), secret)
        return message.key_in(self.keyholder.answer(asked.body), asked, name)

    def approval(self, plan: Plan, name: str) -> dict[str, Json]:
        return signed_approval(plan, name, self.approvers[name], self.clock.now())

    @property
    def decisions(self) -> list[Mapping[str, Json]]:
        return self.keyholder.journal.decisions()


def desk(folder: Path, rules: tuple[Rule, ...] = (ANYTHING,), *, automated: bool = True, **more: Any) -> Desk:
    requester, approvers = Signer.fresh(), {"ada": Signer.fresh(), "ben": Signer.fresh()}
    config = Config(
        path=folder / "keyholder.yaml",
        host="127.0.0.1",
        port=0,
        tls=None,
        state=folder / "state",
        automated=automated,
        code_life=timedelta(minutes=15),
        roles={"acc": ROLE},
        requesters={"console": requester.verifier},
        approvers={name: key.verifier for name, key in approvers.items()},
        approval_life=timedelta(hours=24),
        rules=rules,
    )
    config = dataclasses.replace(config, **more)
    sts, clock = FakeSts(), StoppedClock()
    own = Signer.fresh()
    journal = Journal(config.state / "journal.jsonl", journal_key(own), create=True)
    keyholder = Keyholder(config, own, journal, CATALOG, sts, clock)
    return Desk(keyholder, sts, clock, requester, approvers)
