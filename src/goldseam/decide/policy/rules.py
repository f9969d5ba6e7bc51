"""What policies and guardrails are: which findings they are about, under which clauses, and what they allow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Final

from goldseam.control import Control, Kind
from goldseam.decide.clause import Clause
from goldseam.decide.policy.ownership import Ownership
from goldseam.decide.policy.schedule import Window
from goldseam.model.pattern import matches
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown


class Mode(StrEnum):
    """What may be done about a finding, the most careful first; ordered by `rank`."""

    LEAVE = "leave"
    ASSIST = "assist"
    ASK = "ask"
    AUTO = "auto"

    @property
    def rank(self) -> int:
        """0 for leave to 3 for auto."""
        return list(Mode).index(self)

    @staticmethod
    def most_careful(modes: Iterable[Mode]) -> Mode:
        """The lowest of the modes; of none it is leave (law 10)."""
        return min(modes, key=lambda mode: mode.rank, default=Mode.LEAVE)


TAGS: Final = "tags"
"""The facet that holds the tags, of every kind that has them."""


def tags_of(resource: Resource, kind: Kind) -> Mapping[str, str] | Unknown:
    """The resource's tags; none where its kind cannot be tagged, unknown where they could not be read."""
    if TAGS not in kind.facet_by_name:
        return {}
    value = resource.facets.get(TAGS, Unknown("the tags were not read"))
    if value is ABSENT:
        return {}
    if isinstance(value, Mapping | Unknown):
        return value
    return Unknown("the tags are not in a form that is understood")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a policy applies: patterns of accounts, regions and kinds, and for each tag the patterns of its value."""

    accounts: tuple[str, ...] = ("*",)
    regions: tuple[str, ...] = ("*",)
    kinds: tuple[str, ...] = ("*",)
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def covers(self, resource: Resource, kind: Kind) -> tuple[bool | None, str]:
        """Whether a resource is in scope, and what tells so; None when its tags are unknown and decide."""
        ref = resource.ref
        sides = (("account", self.accounts, ref.account), ("region", self.regions, ref.region),
                 ("kind", self.kinds, ref.kind))  # fmt: skip
        for word, patterns, name in sides:
            if not matches(patterns, name):
                return False, f"{word} `{name}` is not among {', '.join(patterns)}"
        return self._covers_tags(tags_of(resource, kind)) if self.tags else (True, "in scope")

    def _covers_tags(self, tags: Mapping[str, str] | Unknown) -> tuple[bool | None, str]:
        if isinstance(tags, Unknown):
            return None, f"the tags {', '.join(self.tags)} cannot be told: {tags.reason}"
        for name, patterns in self.tags.items():
            if name not in tags:
                return False, f"there is no tag `{name}`"
            if not matches(patterns, tags[name]):
                return False, f"tag `{name}` is `{tags[name]}`, not among {', '.join(patterns)}"
        return True, "in scope"


@dataclass(frozen=True, slots=True)
class Approvals:
    """How many people must approve, and the groups of which they must be (empty: anyone who may approve)."""

    needed: int = 1
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The most automated repairs in an hour: over everything, and in one account. `0` is none at all.

    Every automated repair of the last hour counts, whichever policy decided it.
    """

    per_hour: int = 20
    per_account: int = 5


@dataclass(frozen=True)
class Policy:
    """One rule of the user. It applies where controls and scope match and every clause holds.

    It may apply where nothing of this is false and something is unknown.
    """

    name: str
    controls: tuple[str, ...]
    mode: Mode
    scope: Scope = Scope()
    when: tuple[Clause, ...] = ()
    settings: Mapping[str, Json] = field(default_factory=dict)
    approvals: Approvals = Approvals()
    limits: Limits = Limits()
    window: Window | None = None
    where: str = ""

    def names(self, control: Control) -> bool:
        """Whether the policy is about a control."""
        return matches(self.controls, control.id)


@dataclass(frozen=True)
class Guardrail:
    """A cap that always holds, whatever policy decides: where it applies, and where it may apply.

    `at_most` is the most that it allows, auto where it only bounds approvals, limits or the window. It ends at `until`.
    """

    name: str
    at_most: Mode = Mode.AUTO
    controls: tuple[str, ...] = ("*",)
    scope: Scope = Scope()
    when: tuple[Clause, ...] = ()
    until: datetime | None = None
    approvals: Approvals | None = None
    limits: Limits | None = None
    window: Window | None = None
    where: str = ""

    def names(self, control: Control) -> bool:
        """Whether the guardrail is about a control."""
        return matches(self.controls, control.id)

    def holds_at(self, now: datetime) -> bool:
        """Whether the guardrail has not ended."""
        return self.until is None or now < self.until


@dataclass(frozen=True)
class PolicySet:
    """All policies in force, in the order of their file, and the guardrails over them.

    `version` is the digest of the file's text. `ownership` is None where the file has no such section, and then tags
    that people write by convention count.
    """

    policies: tuple[Policy, ...]
    version: str
    ownership: Ownership | None = None
    guardrails: tuple[Guardrail, ...] = ()

    @cached_property
    def facts(self) -> frozenset[str]:
        """The facts that clauses mention."""
        rules: tuple[Policy | Guardrail, ...] = (*self.guardrails, *self.policies)
        return frozenset(name for rule in rules for clause in rule.when for name in clause.facts)

    def naming(self, control: Control) -> tuple[Policy, ...]:
        """The policies that are about a control, in the order of the file."""
        if control.id not in self._by_control:
            self._by_control[control.id] = tuple(policy for policy in self.policies if policy.names(control))
        return self._by_control[control.id]

    def giving(self, control: Control) -> tuple[tuple[Policy, Mapping[str, Json]], ...]:
        """The policies that give settings to a control, in the order of the file, with the settings as declared."""
        if control.id not in self._giving:
            found = [item for item in self.naming(control) if item.settings]
            self._giving[control.id] = tuple((policy, control.declared(policy.settings)) for policy in found)
        return self._giving[control.id]

    @cached_property
    def _by_control(self) -> dict[str, tuple[Policy, ...]]:
        return {}

    @cached_property
    def _giving(self) -> dict[str, tuple[tuple[Policy, Mapping[str, Json]], ...]]:
        return {}


def version_of(text: str) -> str:
    """The digest that names a policy text: SHA-256 of its UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def no_policies() -> PolicySet:
    """The empty set: nothing is changed."""
    return PolicySet((), version_of(""))
