"""Stage 6: approvals, the claim and a grant. A refusal comes before the key is requested, and releases the claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from goldseam.control import Kind
from goldseam.decide import Decision, least_limits
from goldseam.decide.policy import Mode
from goldseam.model.errors import (
    AlreadyDone,
    ClaimLost,
    ExemptResource,
    GrantRefused,
    LimitReached,
    NotApproved,
    Stale,
)
from goldseam.model.values import Json, same
from goldseam.ports import Clock, Key, KeySource, Ledger
from goldseam.repair.approval import Approval
from goldseam.repair.claim import (
    CLOCK_SKEW,
    LONGEST_GRANT,
    Claim,
    all_automatic,
    current_epoch,
    epoch_of,
    executed_plan,
    is_claimed,
    outcome_of,
    standing_claims,
    usage,
    verified_claims,
)
from goldseam.repair.emergency import check_emergency
from goldseam.repair.plan import Plan, Purpose, own_values, place_of, require_derived


@dataclass(frozen=True, slots=True)
class Grant:
    """The leave and the key to execute one plan; it lives in memory, for as long as that takes."""

    plan: str
    key: Key
    claim: Claim


@dataclass(frozen=True, slots=True)
class Leave:
    """Who wants a plan executed, and by what leave: the decisions on its findings and where the key comes from.

    `requester` is set where someone else has to approve (a server), None where the person at the keyboard may.
    `recovers` is the claim that a recovery ends, taken over by `goldseam resume`; without it there is no recovery.
    `emergency` is a rollback that waits for nobody; the ledger holds who made it so, and why.
    """

    by: str
    decisions: tuple[Decision, ...]
    source: KeySource
    requester: str | None = None
    recovers: Claim | None = None
    emergency: bool = False


def authorize(plan: Plan, leave: Leave, kind: Kind, ledger: Ledger, clock: Clock) -> Grant:
    """The claim and the key to execute a plan; the caller holds the locks of the plan and of its resource.

    Steps: 1. no claim of the plan stands; 2. the plan is in the ledger, with why; 3. nobody rejected it; 4. every
    decision allows it, with the approvals that it requires, and a recovery is of an unfinished claim; 5. the plan is
    claimed, and the limits are reserved with it; 6. the request is in the ledger; 7. the source gives a key; 8. the key
    is what was requested; 9. that is in the ledger. What fails after the claim releases it.

    Raises AlreadyDone, NotApproved, ExemptResource, PlanRefused, Stale, LimitReached, ClaimLost, GrantRefused,
    HomeError and what the source raises.
    """
    plan.require_current()
    if plan.purpose is Purpose.REPAIR:
        ledger.require_whole()
    # 1. once only
    if is_claimed(ledger, plan.id):
        msg = f"plan `{plan.id}` was executed before; make a new plan if it is needed again"
        raise AlreadyDone(msg)
    # 2. what is requested, and why
    file_plan(ledger, plan, leave.decisions)
    # 3. a no
    _check_rejections(plan, ledger)
    # 4. a yes from everyone who is needed
    entries = tuple(ledger.verified(kind="approval", plan=plan.id))
    approvals = tuple(Approval.from_json(entry.body) for entry in entries)
    require_derived(plan, kind)
    _check_leave(plan, leave, approvals, kind, ledger, clock.now())
    # 5. the claim, before any key exists: a lost race costs nothing
    claim = _claimed(plan, leave, [entry.hash for entry in entries], ledger, clock)
    with claim.released_on_failure():
        key = _key(plan, approvals, leave.source, claim, clock)
    return Grant(plan.id, key, claim)


def _key(plan: Plan, approvals: Sequence[Approval], source: KeySource, claim: Claim, clock: Clock) -> Key:
    """Steps 6 to 9."""
    # 6. a source may give a key for a plan only once: the request is on record even if the answer never comes
    asked = {"ref": plan.ref.to_json(), "source": source.name}
    claim.append("request", asked)
    # 7. the key
    try:
        key = source.key_for(plan.to_json(), [approval.to_json() for approval in approvals])
    except GrantRefused as error:
        claim.append("refusal", {**asked, "because": str(error)})
        raise
    # 8. no more than was requested
    _check_key(key, clock.now())
    # 9. for the record, without the key itself
    claim.append("grant", _granted(plan, key))
    return key


def _claimed(plan: Plan, leave: Leave, approvals: Sequence[str], ledger: Ledger, clock: Clock) -> Claim:
    """Claim the plan and reserve the limits; what is compared and counted is so in the claim's own transaction."""
    automatic = plan.purpose is Purpose.REPAIR and all_automatic(item.mode for item in leave.decisions)

    def check() -> None:
        _check_free(plan, ledger)
        if leave.recovers is not None:
            _check_held(leave.recovers, ledger)
        if automatic:
            _check_limits(plan, leave.decisions, ledger, clock.now())

    body = {
        "purpose": str(plan.purpose),
        "of": plan.of,
        "by": leave.by,
        "key_source": leave.source.name,
        "approvals": list(approvals),
        "ref": plan.ref.to_json(),
        "automatic": automatic,
    }
    return Claim(plan.id, epoch_of(ledger.claim(plan.id, body, check=check)), ledger)


def _check_free(plan: Plan, ledger: Ledger) -> None:
    """No other repair of the resource is half done; a recovery may follow the one that it takes back."""
    wanted = plan.ref.to_json()
    for claim in standing_claims(ledger):
        other = claim.body["plan"]
        ended_by_this = plan.purpose is Purpose.RECOVERY and plan.of in (other, claim.body.get("of"))
        if claim.body["ref"] == wanted and not ended_by_this and not outcome_of(ledger, other):
            msg = f"plan `{other}` on {plan.ref} has not ended; run `goldseam resume` first"
            raise Stale(msg)


def _check_held(claim: Claim, ledger: Ledger) -> None:
    began = current_epoch(ledger, claim.plan)
    if began is None or epoch_of(began) != claim.epoch:
        msg = f"another process took plan `{claim.plan}` over; leave its recovery to that one"
        raise ClaimLost(msg)


def _check_limits(plan: Plan, decisions: Sequence[Decision], ledger: Ledger, now: datetime) -> None:
    """One more automated repair is within the limits of every policy that allowed it."""
    used, account = usage(ledger, now), plan.ref.account
    least = least_limits(decision.limits for decision in decisions)
    sides = (
        ("per_hour", "", used.last_hour, least.per_hour),
        ("per_account", f" in account `{account}`", used.by_account.get(account, 0), least.per_account),
    )
    for name, where, count, most in sides:
        if count >= most:
            msg = (
                f"plan `{plan.id}` exceeds the limit `{name}`: {count} of {most} automated repairs in the last"
                f" hour{where}; try again later, or raise the limit in the policy"
            )
            raise LimitReached(msg, name)


def file_plan(ledger: Ledger, plan: Plan, decisions: Iterable[Decision]) -> None:
    """Put a plan and the decisions on its findings into the ledger, unless it says just that already."""
    body = _filed(plan, decisions)
    if not any(same(entry.body, body) for entry in ledger.verified(kind="plan", plan=plan.id)):
        ledger.append("plan", body)


def _filed(plan: Plan, decisions: Iterable[Decision]) -> dict[str, Json]:
    made = {decision.finding: decision.to_json() for decision in decisions}
    versions = sorted({decision.policy_version for decision in decisions})
    return {
        "plan": plan.id,
        "document": plan.to_json(),
        "decisions": made,
        "policy_version": versions[0] if len(versions) == 1 else versions,
    }


def _granted(plan: Plan, key: Key) -> dict[str, Json]:
    return {
        "plan": plan.id,
        "source": key.source,
        "expires": key.expires.isoformat(),
        "narrowed": key.narrowed,
        "permissions": [permission.to_json() for permission in plan.permissions],
    }


def _check_rejections(plan: Plan, ledger: Ledger) -> None:
    for entry in ledger.entries(kind="rejection", plan=plan.id):
        msg = f"plan `{plan.id}` was rejected by {entry.body.get('by')}; make another plan, or leave it"
        raise NotApproved(msg)


def _check_leave(
    plan: Plan, leave: Leave, approvals: Sequence[Approval], kind: Kind, ledger: Ledger, now: datetime
) -> None:
    """Every decision allows the plan. What is silent forbids (law 10)."""
    match plan.purpose:
        case Purpose.RECOVERY:
            _check_recovery(plan, leave.recovers, kind, ledger)
        case Purpose.ROLLBACK:
            if leave.emergency:
                check_emergency(plan, leave.by, ledger, now)
            else:
                _check_rollback(plan, leave, approvals, ledger)
        case Purpose.REPAIR:
            _check_repair(plan, leave.decisions, approvals, leave.requester)


def _check_rollback(plan: Plan, leave: Leave, approvals: Sequence[Approval], ledger: Ledger) -> None:
    """A rollback needs what a repair of that resource needs: decisions on the same findings, and their approvals.

    It is never automatic: where the policy repairs unasked, one person approves.
    """
    hint = f"; in an outage run `goldseam rollback {plan.of} --emergency -m 'why'`"
    made = {decision.finding: decision for decision in leave.decisions}
    for finding in repair_behind(plan, ledger).findings:
        if finding not in made:
            msg = f"plan `{plan.id}` has no decision on {finding}; scan, and run `goldseam rollback {plan.of}` again"
            raise NotApproved(msg + hint)
        decision = made[finding]
        _check_allowed(decision, hint)
        needed = max(1, decision.approvals_needed)
        _check_approvals(plan, approvals, needed, decision.approval_groups, leave.requester, hint)


def repair_behind(plan: Plan, ledger: Ledger) -> Plan:
    """The repair that a rollback, or the rollback of a rollback, goes back to; raises UnknownName."""
    while plan.purpose is not Purpose.REPAIR:
        plan = executed_plan(ledger, plan.of)
    return plan


def _check_repair(
    plan: Plan, decisions: Sequence[Decision], approvals: Sequence[Approval], requester: str | None
) -> None:
    if missing := set(plan.findings) - {decision.finding for decision in decisions}:
        msg = f"plan `{plan.id}` has no decision on {', '.join(sorted(missing))}; scan, and plan again"
        raise NotApproved(msg)
    for decision in decisions:
        _check_decision(plan, decision, approvals, requester)


def _check_recovery(plan: Plan, recovers: Claim | None, kind: Kind, ledger: Ledger) -> None:
    """A recovery takes back one unfinished repair: on its resource, from states of its own, to where it began.

    The leave for that repair covers its undoing, and nothing else.
    """
    if recovers is None or recovers.plan != plan.of:
        msg = f"plan `{plan.id}` is a recovery of `{plan.of}`; only `goldseam resume` executes it"
        raise NotApproved(msg)
    unfinished = {claim.body["plan"]: claim for claim in verified_claims(ledger)}.get(plan.of)
    if unfinished is None or outcome_of(ledger, plan.of) not in ("", "pending"):
        msg = f"plan `{plan.id}` recovers `{plan.of}`, which is not unfinished; make a rollback or a repair instead"
        raise NotApproved(msg)
    original = executed_plan(ledger, plan.of)
    if original.purpose is Purpose.RECOVERY or plan.ref != original.ref:
        msg = f"plan `{plan.id}` is for {plan.ref}, `{plan.of}` changed {original.ref}; a recovery stays on it"
        raise NotApproved(msg)
    own = own_values(original, kind, recoveries(ledger, original.id))
    began = {change.facet: change.before for change in original.changes}
    for change in plan.changes:
        known = place_of(change.before, own.get(change.facet, ())) is not None
        if not known or not same(change.after, began[change.facet]):
            msg = f"the {change.facet} in plan `{plan.id}` does not go back along `{plan.of}`; run `goldseam resume`"
            raise NotApproved(msg)


def recoveries(ledger: Ledger, plan_id: str) -> list[Plan]:
    """The recoveries of a plan that were claimed, and not released before their first call."""
    return [
        executed_plan(ledger, claim.body["plan"])
        for claim in verified_claims(ledger)
        if claim.body["of"] == plan_id and claim.body["purpose"] == Purpose.RECOVERY
    ]


def _check_decision(plan: Plan, decision: Decision, approvals: Sequence[Approval], requester: str | None) -> None:
    _check_allowed(decision)
    if decision.mode is Mode.ASK or not plan.reversible or plan.untold:
        needed = max(1, decision.approvals_needed)
        _check_approvals(plan, approvals, needed, decision.approval_groups, requester)


def _check_allowed(decision: Decision, hint: str = "") -> None:
    """No exemption covers the finding, and the policy does not leave it alone."""
    if given := next((line for line in decision.trace if line.layer == "exemption" and line.truth), None):
        msg = f"{decision.finding} is {given.text}; withdraw the exemption first, by `goldseam exempt --withdraw`"
        raise ExemptResource(msg)
    if decision.mode.rank < Mode.ASK.rank:
        msg = f"the policy says `{decision.mode}` for {decision.finding}: run `goldseam explain {decision.finding}`"
        raise NotApproved(msg + hint)


def _check_approvals(
    plan: Plan,
    approvals: Sequence[Approval],
    needed: int,
    groups: Sequence[str],
    requester: str | None,
    hint: str = "",
) -> None:
    """Enough different people said yes, not counting the one who asked."""
    people = {
        approval.by
        for approval in approvals
        if approval.by != requester and (not groups or set(groups) & set(approval.groups))
    }
    if len(people) < needed:
        whose = f" from {' or '.join(groups)}" if groups else ""
        other = ", by someone else than who asks for it" if requester is not None else ""
        msg = (
            f"plan `{plan.id}` has {len(people)} of {needed} approvals{whose}{other}; run `goldseam approve {plan.id}`"
        )
        raise NotApproved(msg + hint)


def _check_key(key: Key, now: datetime) -> None:
    if key.expires <= now:
        msg = f"the key from {key.source} has expired before its use; ask for it again"
        raise GrantRefused(msg)
    if key.narrowed and key.expires > now + LONGEST_GRANT + CLOCK_SKEW:
        msg = f"the key from {key.source} lasts longer than 15 minutes; let the source give a shorter one"
        raise GrantRefused(msg)
