"""What the command line shows of configuration: sensitive members are masked, under a key of this one process."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from goldseam.audit.masking import MaskedLedger, masked_facets, masked_plan, plan_secrets, resource_secrets
from goldseam.control import Catalog, Mask, Secrets
from goldseam.model.resource import Resource
from goldseam.model.values import Json
from goldseam.repair.plan import Plan, why_no_way_back

if TYPE_CHECKING:
    from goldseam.audit.disclosure import Show
    from goldseam.cli.workspace import Workspace
    from goldseam.clouds.protocol import CommandWords
    from goldseam.repair.execute import Repair

_KEY_BYTES = 16


@cache
def mask() -> Mask:
    """The mask of this process: equal values look equal in all that it prints, and in nothing that another one does."""
    return Mask(secrets.token_bytes(_KEY_BYTES))


def secrets_of(plan: Plan, catalog: Catalog) -> Secrets:
    """The sensitive texts of a plan."""
    return plan_secrets(plan.to_json(), catalog.kind_by_name.get(plan.ref.kind), mask())


def secrets_on(resource: Resource, catalog: Catalog) -> Secrets:
    """The sensitive texts of a resource."""
    return resource_secrets(resource, catalog, mask())


def plan_shown(plan: Plan, catalog: Catalog) -> dict[str, Json]:
    """A plan's document to be printed."""
    return masked_plan(plan.to_json(), catalog.kind_by_name.get(plan.ref.kind), mask())


def repair_shown(repair: Repair, catalog: Catalog) -> dict[str, Json]:
    """A repair's document to be printed."""
    kind, document = catalog.kind_by_name.get(repair.before.ref.kind), repair.to_json()
    found = secrets_on(repair.before, catalog)
    for name, image in (("before", repair.before), ("after", repair.after)):
        if image is not None:
            document[name] = masked_facets(image.facets, kind, mask())
            found |= secrets_on(image, catalog)
    return document | {"because": found.text(repair.because)}


def entries_shown(workspace: Workspace) -> Show:
    """How ledger entries are printed and exported."""
    from goldseam.audit.disclosure import masking

    home = workspace.home
    ledger = MaskedLedger(workspace.catalog, lambda plan: home.ledger.entries(plan=plan), mask())
    return masking(ledger.body, home.signer)


def commands_shown(plan: Plan, catalog: Catalog, words: CommandWords) -> Iterator[str]:
    """The command line of each call in a cloud's words, and as comments the way back.

    A shell variable stands in place of each masked value.
    """
    from goldseam.clouds.commands import command_lines, with_variables

    found = secrets_of(plan, catalog)
    calls = [replace(call, parameters=found.document(call.parameters)) for call in (*plan.calls, *plan.undo)]
    notes, lines = with_variables(command_lines(words, calls))
    yield from (*notes, *lines[: len(plan.calls)])
    if plan.reversible:
        yield from ("# to take it back", *(f"# {line}" for line in lines[len(plan.calls) :]))
    else:
        yield f"# there is no way back: {no_way_back(plan, catalog)}"


def no_way_back(plan: Plan, catalog: Catalog) -> str:
    """Why a plan cannot be taken back, in one line and with sensitive values masked."""
    kind = catalog.kind_by_name.get(plan.ref.kind)
    why = why_no_way_back(plan, kind) if kind else ""
    return " ".join(secrets_of(plan, catalog).text(why).split()) or "no call restores what is there now"
