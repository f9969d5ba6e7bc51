"""From a request to an answer, in numbered steps whose order cannot be changed.

1. who asks        the signature is a trusted requester's, for this keyholder, just now and for the first time
2. which plan      the plan's id is the hash of its content
3. what it takes   the whole plan is worked out anew from the values that it holds
4. may it be       the keyholder's own allow-list holds the plan
5. read resource   the keyholder reads the resource itself: it is as the plan says
6. who says so     enough approvals, and a one-time code where no automated mode is switched on
7. once            the answer is noted on disk, before any key exists
8. the key         the cloud gives at most 15 minutes of exactly these permissions
9. the answer      signed, and sealed to the requester
10. the log        the decision is on disk before the answer leaves
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from goldseam.clouds.protocol import AddressCheck, Minter, ResourceReader, cloud_of
from goldseam.control import Catalog
from goldseam.keyholder import message
from goldseam.keyholder.allow import Allowance, allowed, listed_settings
from goldseam.keyholder.approval import approvers_of
from goldseam.keyholder.config import Config
from goldseam.keyholder.derive import Derived, derived, identified, unusual_settings
from goldseam.keyholder.identity import PrivateKey
from goldseam.keyholder.journal import LACKS_CODE, Journal, described
from goldseam.model.errors import CloudError, GoldseamError, GrantRefused, HomeError, ResourceGone
from goldseam.model.values import Json, Unknown, same
from goldseam.ports import Clock, Key
from goldseam.repair.plan import Plan, Purpose

_STEPS: Final = 10


@dataclass(frozen=True, slots=True)
class Approved:
    """An allowed plan, who approved it, and the code that came with it."""

    allowance: Allowance
    approvers: frozenset[str]
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An approved plan that from now on is answered."""

    plan: Plan
    role: str


@dataclass(frozen=True, slots=True)
class CloudInReach:
    """A cloud as the keyholder reaches it: who checks its addresses, and its own rights to make keys and to read."""

    addresses: AddressCheck
    minter: Minter
    reader: ResourceReader


@dataclass(frozen=True)
class Keyholder:
    """The process as a value: its rules, its own key, its record, what it knows, and the clouds that it reaches."""

    config: Config
    signer: PrivateKey
    journal: Journal
    catalog: Catalog
    clouds: Mapping[str, CloudInReach]
    clock: Clock

    def answer(self, body: bytes) -> bytes:
        """The signed answer to a request: a key, or a no that says why. Nothing else happens on a no."""
        hearing = Hearing(self)
        try:
            request = hearing.who_asks(body)
            plan = hearing.which_plan(request)
            takes = hearing.what_it_takes(plan)
            allowance = hearing.may_it_be(takes)
            read = hearing.read_resource(allowance)
            approved = hearing.who_says_so(read, request)
            claimed = hearing.once(approved)
            key = hearing.the_key(claimed)
            reply = hearing.the_answer(key, claimed, request)
            hearing.the_log()
        except GoldseamError as error:
            return message.refused(body, hearing.note_refusal(error), self.signer, self.clock.now())
        return reply


class Hearing:
    """One request on its way through the steps; each step may be taken once, and only after the one before."""

    def __init__(self, keyholder: Keyholder) -> None:
        self._keyholder = keyholder
        self._passed = 0
        self._entry: dict[str, Json] = {}

    def who_asks(self, body: bytes) -> message.Request:
        """Step 1; raises GrantRefused."""
        self._enter(1)
        held, now = self._keyholder, self._keyholder.clock.now()
        request = message.heard(body, held.config.requesters, held.signer, now)
        held.journal.ask(request.nonce, now)
        self._entry.update(requester=request.requester, nonce=request.nonce)
        return request

    def which_plan(self, request: message.Request) -> Plan:
        """Step 2; raises PlanRefused, GrantRefused."""
        self._enter(2)
        plan = identified(request.plan)
        self._entry.update(plan=plan.id, resource=plan.ref.address, controls=list(plan.controls))
        self._entry.update(described(plan))
        return plan

    def what_it_takes(self, plan: Plan) -> Derived:
        """Step 3; raises GrantRefused."""
        self._enter(3)
        checks = {name: cloud.addresses for name, cloud in self._keyholder.clouds.items()}
        takes = derived(plan, self._keyholder.catalog, self._keyholder.journal.granted(), checks)
        self._entry.update(permissions=[item.to_json() for item in takes.permissions])
        return takes

    def may_it_be(self, takes: Derived) -> Allowance:
        """Step 4; raises GrantRefused."""
        self._enter(4)
        config, account, cloud = self._keyholder.config, takes.plan.ref.account, cloud_of(takes.plan.ref.kind)
        if account not in config.roles:
            msg = f"the keyholder has no role in account `{account}`; add it to `accounts` there"
            raise GrantRefused(msg)
        if config.clouds.get(account) != cloud:
            msg = f"account `{account}` is one of `{config.clouds.get(account)}` there, and the plan is for `{cloud}`"
            raise GrantRefused(msg)
        catalog = self._keyholder.catalog
        rules = [listed_settings(takes.plan, catalog, rule) for rule in config.rules]
        return allowed(takes, unusual_settings(takes.plan, catalog), rules)

    def read_resource(self, allowance: Allowance) -> Allowance:
        """Step 5: what cannot be read here is never granted without a signed approval; raises GrantRefused."""
        self._enter(5)
        doubt = compared(allowance.plan, self._in_reach(allowance.plan).reader)
        return replace(allowance, doubts=(*allowance.doubts, doubt)) if doubt else allowance

    def who_says_so(self, allowance: Allowance, request: message.Request) -> Approved:
        """Step 6; raises GrantRefused."""
        self._enter(6)
        config, plan = self._keyholder.config, allowance.plan
        now = self._keyholder.clock.now()
        found = approvers_of(plan, request.approvals, config.approvers, now, config.approval_life)
        names, needed = found.names, 1 if found.emergency else allowance.needed
        if len(names) < needed:
            why = "".join(f"; {line}" for line in (*allowance.doubts, *found.faults))
            msg = f"plan {plan.id} has {len(names)} of the {needed} signed approvals that it needs{why}"
            raise GrantRefused(f"{msg}; have it approved with `goldseam approve {plan.id} --signing-key FILE`")
        code = request.code(self._keyholder.signer.box())
        if not code and not config.automated:
            self._entry.update(lacks=LACKS_CODE, approvers=sorted(names))
            msg = f"plan {plan.id} needs a one-time code; run `goldseam-keyholder key {plan.id}` on its side"
            raise GrantRefused(msg)
        self._entry.update(approvers=sorted(names), by_code=bool(code), emergency=found.emergency)
        return Approved(allowance, names, code)

    def once(self, approved: Approved) -> Claimed:
        """Step 7; raises AlreadyDone, GrantRefused, StorageFull."""
        self._enter(7)
        plan, record = approved.allowance.plan, approved.allowance.record
        once_of = plan.of if plan.purpose is Purpose.ROLLBACK else ""
        now = self._keyholder.clock.now()
        self._keyholder.journal.claim(plan.id, record, now, approved.code, once_of=once_of)
        return Claimed(plan, self._keyholder.config.roles[plan.ref.account])

    def the_key(self, claimed: Claimed) -> Key:
        """Step 8; raises GrantRefused, CloudError; when no key was made, the plan may be asked for again."""
        self._enter(8)
        try:
            minter, who = self._in_reach(claimed.plan).minter, f"goldseam-{self._entry['requester']}"
            told = who if self._keyholder.config.source_identity else ""
            return minter.mint(claimed.plan, claimed.role, "keyholder", on_behalf_of=told)
        except GoldseamError as error:
            self._keyholder.journal.release(
                claimed.plan.id, self._keyholder.clock.now(), f"no key: {error}", granted=False
            )
            raise

    def the_answer(self, key: Key, claimed: Claimed, request: message.Request) -> bytes:
        """Step 9."""
        self._enter(9)
        self._entry.update(expires=key.expires.isoformat())
        now = self._keyholder.clock.now()
        return message.granted(request, claimed.plan.id, key, self._keyholder.signer, now)

    def the_log(self) -> None:
        """Step 10; raises StorageFull, and then no answer leaves."""
        self._enter(_STEPS)
        self._decide("granted", "")

    def note_refusal(self, error: GoldseamError) -> GoldseamError:
        """Log a no to a trusted requester (strangers cannot fill the disk), and say what to answer."""
        try:
            if self._entry and self._passed < _STEPS:
                self._decide("refused", f"step {self._passed}: {error}")
        except HomeError as worse:
            return worse
        return error

    def _decide(self, decision: str, because: str) -> None:
        at = self._keyholder.clock.now().isoformat()
        self._keyholder.journal.decide({**self._entry, "at": at, "decision": decision, "because": because})

    def _in_reach(self, plan: Plan) -> CloudInReach:
        """The cloud of a plan, which step 3 found among those in reach."""
        return self._keyholder.clouds[cloud_of(plan.ref.kind)]

    def _enter(self, step: int) -> None:
        """Pass from the step before to this one; any other way is a fault in the program."""
        if step != self._passed + 1:
            msg = f"step {step} of a hearing came after step {self._passed}"
            raise RuntimeError(msg)
        self._passed = step


def compared(plan: Plan, reader: ResourceReader) -> str:
    """Hold the values in a plan against the keyholder's own reading.

    Answers why that is not possible, or nothing where each value is as the plan says. Raises GrantRefused where one
    is not, and where a change of it still waits.
    """
    names = frozenset(plan.values)
    try:
        now = reader.read(plan.ref, names)
    except (CloudError, ResourceGone, GrantRefused) as error:
        return f"the keyholder cannot read the resource ({error})"
    doubts = []
    for name in sorted(names):
        said, found = plan.values[name], now.facets.get(name, Unknown("it was not read"))
        if isinstance(found, Unknown):
            doubts.append(f"the keyholder cannot read the {name} ({found.reason})")
        elif isinstance(said, Unknown):
            doubts.append(f"the plan was made without the {name}")
        elif not same(said, found):
            msg = f"plan {plan.id} is not granted: the {name} of {plan.ref} is not as the plan says; make it again"
            raise GrantRefused(msg)
    if waiting := sorted(names & now.pending.keys()):
        msg = f"plan {plan.id} is not granted: a change of the {', '.join(waiting)} still waits; make it again then"
        raise GrantRefused(msg)
    return "; ".join(doubts)
