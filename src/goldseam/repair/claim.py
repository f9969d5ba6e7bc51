"""Claims: who executes a plan, under which epoch, and what a claim reserves.

A plan has at most one standing claim. Every entry made under a claim carries its epoch. Recovery after a crash takes
the claim over with the next epoch: from then on the ledger refuses entries under the old one, and what has no intent in
the ledger is not sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from goldseam.decide import Usage
from goldseam.decide.policy import Mode
from goldseam.model.errors import ClaimLost, HomeError, UnknownName
from goldseam.model.resource import Ref
from goldseam.model.values import Json
from goldseam.ports import Entry, Ledger
from goldseam.repair.plan import Plan

LONGEST_GRANT: Final = timedelta(minutes=15)
CLOCK_SKEW: Final = timedelta(minutes=5)
"""The most by which the clocks of two machines may differ."""

ENDED: Final = frozenset(("verified", "undone", "conflict", "refused"))
"""The final outcomes; `refused` is only in ledgers of older versions."""

_HOUR: Final = timedelta(hours=1)


def _unchanged(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Claim:
    """The exclusive right to execute a plan; every entry made through it carries its epoch."""

    plan: str
    epoch: int
    ledger: Ledger

    def append(self, kind: str, body: Mapping[str, Json]) -> Entry:
        """Write one entry about the plan; raises ClaimLost when the claim is not held any more, HomeError."""
        return self.ledger.append_under(self.epoch, kind, {**body, "plan": self.plan})

    @contextmanager
    def released_on_failure(self, scrubbed: Callable[[str], str] = _unchanged) -> Iterator[None]:
        """Release the claim, with the limits that it reserves, when the block fails; no call may have been sent yet.

        `scrubbed` removes secrets from the reason. A claim that cannot be released now is ended by `goldseam resume`.
        """
        try:
            yield
        except BaseException as error:
            try:
                self.append("release", {"because": scrubbed(str(error) or type(error).__name__)})
            except (HomeError, ClaimLost) as worse:
                error.add_note(f"plan `{self.plan}` is still claimed ({worse}); run `goldseam resume`")
            raise


def epoch_of(entry: Entry) -> int:
    """The epoch that an entry was written under; entries from before there were epochs are of the first."""
    return int(entry.body.get("epoch", 1))


def standing_claims(ledger: Ledger, since: datetime | None = None) -> list[Entry]:
    """The `repair` entries that were not released, oldest first: at most one for each plan.

    A claim restrains others, so one counts that does not verify; a release frees them, so it has to verify. With
    `since` only claims that were made later than that.
    """
    skewed = None if since is None else since - CLOCK_SKEW
    released = {entry.body["plan"]: epoch_of(entry) for entry in ledger.verified(kind="release", since=skewed)}
    claims = (claim for claim in ledger.entries(kind="repair", since=since) if "ref" in claim.body)
    return [claim for claim in claims if epoch_of(claim) > released.get(claim.body["plan"], 0)]


def verified_claims(ledger: Ledger) -> list[Entry]:
    """The standing claims that are as they were written: only these are taken over and recovered."""
    trusted = {entry.seq for entry in ledger.verified(kind="repair")}
    return [claim for claim in standing_claims(ledger) if claim.seq in trusted]


def is_claimed(ledger: Ledger, plan_id: str) -> bool:
    """Whether a plan has a standing claim."""
    return current_epoch(ledger, plan_id) is not None


def current_epoch(ledger: Ledger, plan_id: str) -> Entry | None:
    """The `repair` or `takeover` entry that began the current epoch of a plan; None when no claim stands."""
    began: Entry | None = None
    released = {entry.seq for entry in ledger.verified(kind="release", plan=plan_id)}
    for entry in ledger.entries(plan=plan_id):
        if entry.kind in ("repair", "takeover"):
            began = entry
        elif entry.seq in released:
            began = None
    return began


def take_over(ledger: Ledger, plan_id: str, by: str) -> Claim:
    """Raise the epoch of a standing claim: whoever held it can write and send no more. Raises ClaimLost, HomeError."""
    entry = ledger.take_over(plan_id, {"by": by})
    return Claim(plan_id, epoch_of(entry), ledger)


def outcome_of(ledger: Ledger, plan_id: str) -> str:
    """The state that the newest outcome of a plan says; empty when there is none."""
    states = [entry.body.get("state", "") for entry in ledger.entries(kind="outcome", plan=plan_id)]
    return str(states[-1]) if states else ""


def latest_outcomes(ledger: Ledger) -> dict[str, str]:
    """The state that the newest outcome says, by plan; read in one go."""
    return {entry.body["plan"]: str(entry.body.get("state", "")) for entry in _about_plans(ledger, "outcome")}


def _about_plans(ledger: Ledger, kind: str) -> Iterator[Entry]:
    return (entry for entry in ledger.entries(kind=kind) if isinstance(entry.body.get("plan"), str))


def executed_plan(ledger: Ledger, plan_id: str) -> Plan:
    """The plan as the ledger has it; raises UnknownName when it was never brought to execution."""
    for entry in ledger.verified(kind="plan", plan=plan_id):
        return Plan.from_json(entry.body["document"])
    raise UnknownName("executed plan", plan_id, (entry.body["plan"] for entry in ledger.verified(kind="repair")))


def followed(ledger: Ledger, ref: Ref) -> str:
    """The plan that was last executed on a resource, or that a key was last requested for; for the next one to follow.

    A source gives a key for a plan once, so a plan whose key was lost on the way is spent; one that was refused is not.
    """
    wanted = ref.to_json()
    spent = (*_unrefused_requests(ledger), *standing_claims(ledger))
    found = [entry for entry in spent if entry.body.get("ref") == wanted]
    return str(max(found, key=lambda entry: entry.seq).body["plan"]) if found else ""


def _unrefused_requests(ledger: Ledger) -> list[Entry]:
    """The requests for a key that the source did not refuse; a refusal answers the last request for its plan."""
    refusals: dict[str, list[int]] = {}
    for entry in ledger.entries(kind="refusal"):
        refusals.setdefault(entry.body.get("plan", ""), []).append(entry.seq)
    requests: dict[str, list[Entry]] = {}
    for entry in ledger.entries(kind="request"):
        requests.setdefault(entry.body.get("plan", ""), []).append(entry)
    return [
        request
        for plan, made in requests.items()
        for request, after in zip(made, [*(entry.seq for entry in made[1:]), None], strict=True)
        if not any(request.seq < seq and (after is None or seq < after) for seq in refusals.get(plan, ()))
    ]


def usage(ledger: Ledger, now: datetime) -> Usage:
    """The automated repairs of the last hour, counted by claims that were not released."""
    recent = [
        str(claim.body["ref"]["account"])
        for claim in standing_claims(ledger, now - _HOUR)
        if _is_automatic(ledger, claim)
    ]
    return Usage(len(recent), Counter(recent))


def _is_automatic(ledger: Ledger, claim: Entry) -> bool:
    """Whether every decision allowed the repair without a person; older claims do not state it, their plan does."""
    if "automatic" in claim.body:
        return bool(claim.body["automatic"])
    filed = ledger.entries(kind="plan", plan=claim.body["plan"])
    return any(all_automatic(item["mode"] for item in entry.body.get("decisions", {}).values()) for entry in filed)


def all_automatic(modes: Iterable[str]) -> bool:
    """Whether there are decisions, and all of them are automatic."""
    made = tuple(modes)
    return bool(made) and all(mode == Mode.AUTO for mode in made)


def keys_valid_until(ledger: Ledger, plans: Iterable[str], after: int = 0) -> datetime | None:
    """When the last key that was given for one of the plans has expired on every clock; None when none was requested.

    A request without an answer may have led to a key, which then lasts 15 minutes. Keys that were requested up to the
    entry `after` do not count.
    """
    ends = [end + CLOCK_SKEW for plan in plans for end in _key_ends(ledger, plan, after)]
    return max(ends, default=None)


def _key_ends(ledger: Ledger, plan_id: str, after: int) -> Iterator[datetime]:
    requested: datetime | None = None
    for entry in ledger.entries(plan=plan_id):
        if entry.seq <= after:
            continue
        if entry.kind == "request":
            requested = datetime.fromisoformat(entry.at)
        elif entry.kind == "refusal":
            requested = None
        elif entry.kind == "grant":
            requested = None
            yield datetime.fromisoformat(entry.body["expires"])
    if requested is not None:
        yield requested + LONGEST_GRANT


def may_still_be_sent(ledger: Ledger, plans: Iterable[str]) -> bool:
    """Whether a call that was meant for one of the plans may still arrive while its key is valid.

    That is so for an intent without an answer, and for a call that failed in a way which leaves open whether it was
    carried out.
    """
    return any(_is_unanswered(ledger, plan) for plan in plans)


def _is_unanswered(ledger: Ledger, plan_id: str) -> bool:
    waiting: set[int] = set()
    for entry in ledger.entries(plan=plan_id):
        if entry.kind == "intent":
            waiting.add(epoch_of(entry))
        elif entry.kind == "result":
            waiting.discard(epoch_of(entry))
        elif entry.kind == "failure":
            waiting.discard(epoch_of(entry))
            if entry.body.get("uncertain", True):
                return True
    return bool(waiting)
