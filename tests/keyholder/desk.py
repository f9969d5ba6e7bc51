"""A keyholder for tests: its rules, its clock, an STS in memory, and the people who deal with it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from goldseam.clouds.aws.keys import MintingSession, SessionMinter
from goldseam.clouds.protocol import AddressCheck
from goldseam.control import Catalog, Control
from goldseam.keyholder import message
from goldseam.keyholder.allow import Rule
from goldseam.keyholder.approval import signed_approval
from goldseam.keyholder.config import Config
from goldseam.keyholder.hearing import CloudInReach, Keyholder
from goldseam.keyholder.identity import PrivateKey
from goldseam.keyholder.journal import Journal
from goldseam.keyholder.setup import journal_key
from goldseam.model.errors import CloudError, ResourceGone
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown
from goldseam.ports import Key, Secret
from goldseam.repair.plan import Plan, Purpose
from goldseam.repair.propose import Rules, propose, reversal
from tests import toy
from tests.keyholder import manor

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ROLE = "arn:aws:iam::acc:role/goldseam-remediator"
ANYTHING = Rule(("*",), ("*",), ("*",), ("*",), ("*",), 0)
CATALOG = Catalog.of([toy, manor])
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
class World:
    """The resources as they are; `failing` is raised instead of a reading, `unread` facets are unknown."""

    resources: dict[str, Resource] = field(default_factory=dict)
    failing: Exception | None = None
    unread: frozenset[str] = frozenset()
    asked: list[tuple[Ref, frozenset[str]]] = field(default_factory=list)

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        self.asked.append((ref, facets))
        if self.failing:
            raise self.failing
        held = self.resources.get(ref.address)
        if held is None:
            raise ResourceGone(f"`{ref}` does not exist")
        found = {name: Unknown("denied") if name in self.unread else held.facets[name] for name in facets}
        return Resource(ref, found, {name: why for name, why in held.pending.items() if name in facets})

    def put(self, *resources: Resource) -> None:
        self.resources.update({resource.ref.address: resource for resource in resources})

    def carry_out(self, plan: Plan) -> None:
        """Make the change of a plan."""
        held = self.resources[plan.ref.address]
        self.put(held.with_facets({change.facet: change.after for change in plan.changes}))


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


def rules(kind: str = "toy.house") -> Rules:
    return Rules(CATALOG.controls_of[kind], catalog_version=CATALOG.version)


def repair(resource: Resource | None = None, *wanted: Control) -> Plan:
    """The plan for the open doors of a house, or for other controls on another resource."""
    held = resource or house()
    controls = CATALOG.controls_of[held.ref.kind]
    return propose(held, wanted or [toy.no_open_door], controls, catalog_version=CATALOG.version)


def back(plan: Plan, now: Resource | None = None, purpose: Purpose = Purpose.ROLLBACK) -> Plan:
    """The plan that takes one back, from where it led or from another state."""
    after = Resource(plan.ref, plan.values).with_facets({change.facet: change.after for change in plan.changes})
    kind = CATALOG.kind(plan.ref.kind)
    return reversal(plan, now or after, kind, purpose, follows=plan.id, rules=rules(kind.name))


def forged(plan: Plan, **changed: Any) -> dict[str, Json]:
    """A plan with other content and the id that fits it: what a server that was taken over would send."""
    return dataclasses.replace(plan, **changed).to_json()


@dataclass
class Desk:
    """A keyholder and everybody who deals with it."""

    keyholder: Keyholder
    sts: FakeSts
    clock: StoppedClock
    requester: PrivateKey
    approvers: Mapping[str, PrivateKey]
    world: World

    def ask(
        self,
        plan: Mapping[str, Json],
        *,
        approved_by: tuple[str, ...] = (),
        approvals: tuple[Mapping[str, Json], ...] = (),
        signer: PrivateKey | None = None,
        code: str = "",
    ) -> Key:
        """The whole way there and back, without a network."""
        given = [*approvals, *(self.approval(Plan.from_json(plan), name) for name in approved_by)]
        name, secret = self.keyholder.signer.keyholder_name, Secret(code=code) if code else None
        asked = message.asking(plan, given, signer or self.requester, name, self.clock.now(), secret)
        return message.key_in(self.keyholder.answer(asked.body), asked, name)

    def approval(self, plan: Plan, name: str, *, emergency: bool = False) -> dict[str, Json]:
        return signed_approval(plan, name, self.approvers[name], self.clock.now(), emergency=emergency)

    @property
    def decisions(self) -> list[Mapping[str, Json]]:
        return self.keyholder.journal.decisions()


def in_reach(
    sts: MintingSession, world: World, name: str = "toy", addresses: AddressCheck | None = None
) -> dict[str, CloudInReach]:
    return {name: CloudInReach(addresses or toy.ToyCloud(), SessionMinter(sts), world)}


def desk(folder: Path, rules: tuple[Rule, ...] = (ANYTHING,), *, automated: bool = True, **more: Any) -> Desk:
    requester, approvers = PrivateKey.fresh(), {"ada": PrivateKey.fresh(), "ben": PrivateKey.fresh()}
    config = Config(
        path=folder / "keyholder.yaml",
        host="127.0.0.1",
        port=0,
        tls=None,
        state=folder / "state",
        automated=automated,
        code_life=timedelta(minutes=15),
        roles={"acc": ROLE},
        clouds={"acc": "toy"},
        requesters={"console": requester.verifier},
        approvers={name: key.verifier for name, key in approvers.items()},
        approval_life=timedelta(hours=24),
        rules=rules,
    )
    config = dataclasses.replace(config, **more)
    sts, clock = FakeSts(), StoppedClock()
    own = PrivateKey.fresh()
    journal = Journal(config.state / "journal.jsonl", journal_key(own), create=True)
    world = World()
    world.put(house())
    keyholder = Keyholder(config, own, journal, CATALOG, in_reach(sts, world), clock)
    return Desk(keyholder, sts, clock, requester, approvers, world)
