"""Policies: checked, put in force, compared with those in force, and rewritten."""

from __future__ import annotations

from dataclasses import dataclass

from goldseam.decide.policy import migrate_policies
from goldseam.model.errors import UsageError
from goldseam.service.context import POLICY_FILE, ServiceContext
from goldseam.service.policy_comparison import (
    Checked,
    DecidedAnew,
    Simulation,
    check_policies,
    decide_stored_anew,
    simulate_policies,
)
from goldseam.service.rights import Right, needs


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy as somebody wrote it: its text, and how messages call the file."""

    text: str
    path: str


@dataclass(frozen=True, slots=True)
class PutInForce:
    """Policies that were put in force, and what deciding anew under them came to."""

    checked: Checked
    decided: DecidedAnew


@dataclass(frozen=True, slots=True)
class Simulated:
    """A draft that loads, and what it would decide beside the policies in force."""

    checked: Checked
    simulation: Simulation


@needs(Right.READ)
def check(context: ServiceContext, file: PolicyFile) -> Checked:
    """Load policies and say what about them means less than it seems to; raises InvalidDocument."""
    return _checked(context, file)


@needs(Right.SET_POLICY)
def use(context: ServiceContext, file: PolicyFile) -> PutInForce:
    """Put policies in force by an entry of the ledger, and decide what is stored under them; raises InvalidDocument.

    The copy in the home is for people to read.
    """
    checked = _checked(context, file)
    home, policies = context.home, checked.policies
    home.ledger.append(
        "policy", {"version": policies.version, "text": file.text, "path": file.path, "by": context.actor.name}
    )
    draft = home.path / f"{POLICY_FILE}.new"
    draft.write_text(file.text, encoding="utf-8")
    draft.replace(home.path / POLICY_FILE)
    standing, now = context.standing(policies), context.clock.now()
    return PutInForce(checked, decide_stored_anew(home.scans, context.catalog, standing, now, context.stored_regions))


@needs(Right.READ)
def in_force(context: ServiceContext) -> Checked:
    """The policies in force; raises InvalidDocument for a text that this version does not take."""
    return Checked(context.policies, ())


@needs(Right.READ)
def text_in_force(context: ServiceContext) -> str | None:
    """The text of the policies in force, whether or not this version takes it; None where none are."""
    entry = context.policy_entry
    return str(entry.body["text"]) if entry is not None else None


@needs(Right.READ)
def migrate(context: ServiceContext, file: PolicyFile | None) -> str:
    """Policies of version 1 in version 2, never less careful; without a file those in force.

    Raises InvalidDocument, and UsageError where none is in force.
    """
    if file is None:
        entry = context.policy_entry
        if entry is None:
            raise UsageError("no policy is in force; name the file to rewrite")
        file = PolicyFile(entry.body["text"], "policy in force")
    return migrate_policies(file.text, file.path, context.catalog)


@needs(Right.READ)
def simulate(context: ServiceContext, file: PolicyFile) -> Simulated:
    """Compare what a draft and the policies in force make of everything that is stored; raises InvalidDocument."""
    checked = _checked(context, file)
    today, draft = context.standing(), context.standing(checked.policies)
    scans, now = context.home.scans, context.clock.now()
    return Simulated(checked, simulate_policies(scans, context.catalog, today, draft, now, context.stored_regions))


def _checked(context: ServiceContext, file: PolicyFile) -> Checked:
    scans = context.home.scans if context.home_path.exists() else None
    return check_policies(file.text, file.path, context.catalog, context.clock.now(), scans)
