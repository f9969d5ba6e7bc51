"""What may be shown of configuration: sensitive members are masked, under a key of one context.

Equal values look equal in all that the context shows, and in nothing that another one does.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from goldseam.audit.masking import MaskedLedger, masked_facets, masked_plan, plan_secrets, resource_secrets
from goldseam.control import Catalog, Kind, Mask, Secrets
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Value
from goldseam.repair.plan import Plan, why_no_way_back

if TYPE_CHECKING:
    from goldseam.audit.disclosure import Show
    from goldseam.clouds.protocol import CommandWords
    from goldseam.model.values import Unknown
    from goldseam.repair.execute import Repair
    from goldseam.store import Home

_KEY_BYTES = 16


def _fresh_mask() -> Mask:
    return Mask(secrets.token_bytes(_KEY_BYTES))


@dataclass(frozen=True)
class Masking:
    """Masks plans, repairs, resources and ledger entries by what the kinds of a catalog declare sensitive."""

    catalog: Catalog
    mask: Mask = field(default_factory=_fresh_mask)

    def secrets_of(self, plan: Plan) -> Secrets:
        """The sensitive texts of a plan."""
        return plan_secrets(plan.to_json(), self._kind(plan.ref.kind), self.mask)

    def secrets_on(self, resource: Resource) -> Secrets:
        """The sensitive texts of a resource."""
        return resource_secrets(resource, self.catalog, self.mask)

    def value(self, kind: str, facet: str, value: Value | Unknown) -> Value | Unknown:
        """The value of a facet with its sensitive members masked; raises UnknownName."""
        from goldseam.control import masked

        return masked(value, self.catalog.kind(kind).facet(facet), self.mask)

    def plan(self, plan: Plan) -> dict[str, Json]:
        """A plan's document."""
        return masked_plan(plan.to_json(), self._kind(plan.ref.kind), self.mask)

    def repair(self, repair: Repair) -> dict[str, Json]:
        """A repair's document."""
        kind, document = self._kind(repair.before.ref.kind), repair.to_json()
        found = self.secrets_on(repair.before)
        for name, image in (("before", repair.before), ("after", repair.after)):
            if image is not None:
                document[name] = masked_facets(image.facets, kind, self.mask)
                found |= self.secrets_on(image)
        return document | {"because": found.text(repair.because)}

    def entries(self, home: Home) -> Show:
        """How the entries of a home's ledger are shown and exported."""
        from goldseam.audit.disclosure import masking

        ledger = MaskedLedger(self.catalog, lambda plan: home.ledger.entries(plan=plan), self.mask)
        return masking(ledger.body, home.signer)

    def commands(self, plan: Plan, words: CommandWords) -> Iterator[str]:
        """The command of each call in a cloud's words, and the way back as comments; variables for masked values."""
        from goldseam.clouds.commands import command_lines, with_variables

        found = self.secrets_of(plan)
        calls = [replace(call, parameters=found.document(call.parameters)) for call in (*plan.calls, *plan.undo)]
        notes, lines = with_variables(command_lines(words, calls))
        yield from (*notes, *lines[: len(plan.calls)])
        if plan.reversible:
            yield from ("# to take it back", *(f"# {line}" for line in lines[len(plan.calls) :]))
        else:
            yield f"# there is no way back: {self.no_way_back(plan)}"

    def no_way_back(self, plan: Plan) -> str:
        """Why a plan cannot be taken back, in one line."""
        kind = self._kind(plan.ref.kind)
        why = why_no_way_back(plan, kind) if kind else ""
        return " ".join(self.secrets_of(plan).text(why).split()) or "no call restores what is there now"

    def _kind(self, name: str) -> Kind | None:
        return self.catalog.kind_by_name.get(name)
