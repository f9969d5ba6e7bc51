"""Stage 2: hold a resource against its controls.

Pure: the same resource, controls and settings give the same findings, anywhere and at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final, TypeAlias

from goldseam.control import Compliant, Control, Owner, Secrets, ShouldBe, Unusable, Verdict, Violation, compliant
from goldseam.model.errors import UNFORESEEN, PlanRefused, in_words
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import (
    Json,
    Unknown,
    Value,
    canonical,
    difference,
    differs,
    digest,
    document_digest,
    plain,
    restored,
)

SettingsOf: TypeAlias = Callable[[Control, Resource], Mapping[str, Json]]
"""The checked settings that the user's policies give to a control on a resource."""
_ROUNDS: Final = 8
"""How often a control, or several in turn, are asked about the state that the answer before led to."""
_NOT_READ: Final = Unknown("not read")


class Status(StrEnum):
    """What a finding can say.

    `not_applicable`: only the cloud itself or another account may change it, so it is neither right nor wrong here.
    """

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    EXEMPT = "exempt"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """A control's verdict on one resource.

    `changes` holds the facets as they should be, empty where there is no fix; `state` is the digest of what offends,
    and moves exactly when that does; `source` names the page that says why a control is not applicable.
    """

    id: str
    control: str
    ref: Ref
    status: Status
    because: str
    changes: Mapping[str, Value] = field(default_factory=dict)
    guide: str = ""
    state: str = ""
    source: str = ""

    def to_json(self) -> dict[str, Json]:
        """The finding as a JSON object, as it is kept."""
        return {
            "id": self.id,
            "control": self.control,
            "ref": self.ref.to_json(),
            "status": str(self.status),
            "because": self.because,
            "changes": plain(self.changes),
            "guide": self.guide,
            "state": self.state,
            "source": self.source,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Finding:
        """The inverse of `to_json`; raises LookupError, TypeError or ValueError where that did not write it."""
        if not all(isinstance(document[name], str) for name in ("id", "control", "because", "guide", "state")):
            msg = "a finding holds something that is no text"
            raise ValueError(msg)
        return cls(
            document["id"],
            document["control"],
            Ref.from_json(document["ref"]),
            Status(document["status"]),
            document["because"],
            {name: restored(value) for name, value in document["changes"].items()},
            document["guide"],
            document["state"],
            str(document.get("source", "")),
        )


def default_settings(control: Control, resource: Resource) -> Mapping[str, Json]:
    """Every control at its defaults."""
    del resource
    return control.defaults


def finding_id(control: str, ref: Ref) -> str:
    """The name of the finding of a control on a resource: the same at every scan."""
    return _names(ref)(control)


def _names(ref: Ref) -> Callable[[str], str]:
    """The name of the finding on a resource by the control's id; the reference is hashed once for all of them."""
    begun = sha256(canonical([ref.kind, ref.account, ref.region, ref.id, ref.address]))

    def named(control: str) -> str:
        hashed = begun.copy()
        hashed.update(control.encode())
        return f"f-{hashed.hexdigest()[:12]}"

    return named


def verdict_on(control: Control, resource: Resource, settings: Mapping[str, Json]) -> Verdict:
    """The control's verdict; unknown when a facet that it reads is (law 5): the rule is not asked then.

    A rule that fails on a configuration which nobody foresaw has not judged it: unknown, and the scan goes on.
    """
    facets = resource.facets
    values = []
    for name in control.reads:
        value = facets.get(name, _NOT_READ)
        if type(value) is Unknown:
            return value if value is not _NOT_READ else Unknown(f"{name} was not read")
        values.append(value)
    # Python gives a rule its own defaults at no cost; passing the same ones by name takes as long as a simple rule.
    by_default = settings is control.defaults and control.takes_defaults
    usable, problems = (settings, ()) if by_default else _usable(settings)
    if isinstance(usable, Unknown):
        return usable
    try:
        verdict = control.rule(*values) if by_default else control.rule(*values, **usable)
        if verdict is compliant:
            return verdict
        verdict = _discreet(verdict, _secrets(control, values))
        verdict = _effective(verdict, resource, control) if isinstance(verdict, ShouldBe) else verdict
        return _not_offered(verdict, problems) if problems else verdict
    except UNFORESEEN as error:
        return Unknown(_secrets(control, values).text(_not_judged(error)))


def owner_of(control: Control, resource: Resource) -> Owner | Unknown | None:
    """Who alone may change what a control is about, None where the account may; unknown where that cannot be told."""
    if control.kind.owner_rule is None:
        return None
    owner = control.kind.owner_rule.owner(resource.facets)
    return owner if isinstance(owner, Unknown) or (owner is not None and owner.covers(control.reads)) else None


def _usable(settings: Mapping[str, Json]) -> tuple[Mapping[str, Json] | Unknown, tuple[Unusable, ...]]:
    """The settings as the rule takes them, and those that no fix can be made with; unknown when one of them is."""
    for value in settings.values():
        if isinstance(value, Unknown):
            return value, ()
    problems = tuple(value for value in settings.values() if isinstance(value, Unusable))
    if not problems:
        return settings, ()
    plain_ones = {name: value.value if isinstance(value, Unusable) else value for name, value in settings.items()}
    return plain_ones, problems


def _not_offered(verdict: Verdict, problems: tuple[Unusable, ...]) -> Verdict:
    """The verdict of a control some of whose settings cannot be used: a violation, with why not."""
    if isinstance(verdict, (Compliant, Unknown)):
        return verdict
    because = "; ".join([verdict.because, *(item.because for item in problems)])
    return Violation(because, "; ".join(item.guide for item in problems), getattr(verdict, "changes", {}))


def _not_judged(error: Exception) -> str:
    return f"the rule does not understand what was read ({in_words(error)}); report this"


def _discreet(verdict: Verdict, secrets: Secrets) -> Verdict:
    """The verdict with nothing sensitive in its words."""
    if isinstance(verdict, ShouldBe):
        return replace(verdict, because=secrets.text(verdict.because), remains=secrets.text(verdict.remains))
    if isinstance(verdict, Violation):
        return replace(verdict, because=secrets.text(verdict.because), guide=secrets.text(verdict.guide))
    return Unknown(secrets.text(verdict.reason)) if isinstance(verdict, Unknown) else verdict


def _secrets(control: Control, values: Iterable[Value]) -> Secrets:
    """The sensitive texts in what a control reads: no reason or message repeats them."""
    read = [(control.kind.facet(name), value) for name, value in zip(control.reads, values, strict=True)]
    return Secrets.of(read) if any(facet.sensitive for facet, _ in read) else Secrets()


def _effective(verdict: ShouldBe, resource: Resource, control: Control) -> Verdict:
    """A should-be only with what differs: a fixed point is compliant (law 1)."""
    changes = {}
    for name, value in verdict.changes.items():
        facet = control.kind.facet(name)
        before, after = resource.facets.get(name), facet.normal(value)
        if differs(before, after):
            changes[name] = after
    return replace(verdict, changes=changes) if changes else _left(verdict)


def _left(verdict: ShouldBe) -> Verdict:
    """The verdict where nothing is left to change; what remains for a person is no pass."""
    return Violation(verdict.remains) if verdict.remains else compliant


def evaluate(
    resource: Resource, controls: Iterable[Control], settings_of: SettingsOf = default_settings
) -> tuple[Finding, ...]:
    """The findings of all controls on a resource, in the controls' order."""
    named = _names(resource.ref)
    return tuple(_isolated(named(control.id), control, resource, settings_of) for control in controls)


def _isolated(name: str, control: Control, resource: Resource, settings_of: SettingsOf) -> Finding:
    """The finding, unknown where it cannot be made: the other controls and resources are judged all the same."""
    try:
        return _finding(name, control, resource, settings_of(control, resource))
    except UNFORESEEN as error:
        return Finding(name, control.id, resource.ref, Status.UNKNOWN, _not_judged(error))


def _finding(name: str, control: Control, resource: Resource, settings: Mapping[str, Json]) -> Finding:
    ref, owner = resource.ref, owner_of(control, resource)
    if isinstance(owner, Owner) and not owner.judged:
        return Finding(name, control.id, ref, Status.NOT_APPLICABLE, owner.reason, source=owner.source)
    verdict = verdict_on(control, resource, settings)
    if isinstance(verdict, Compliant):
        return Finding(name, control.id, ref, Status.PASS, "")
    if isinstance(verdict, Unknown):
        return Finding(name, control.id, ref, Status.UNKNOWN, verdict.reason)
    if isinstance(owner, Owner):
        because = f"{verdict.because}; {owner.reason}"
        return Finding(name, control.id, ref, Status.NOT_APPLICABLE, because, source=owner.source)
    if isinstance(verdict, ShouldBe):
        refusal = _refusal(control, resource, settings, verdict)
        state = _offence(resource, verdict.changes, verdict.remains)
        if refusal:
            refusal = _secrets(control, [resource.facets[facet] for facet in control.reads]).text(refusal)
        changes = {} if refusal else verdict.changes
        because = "; ".join(filter(None, (verdict.because, verdict.remains)))
        return Finding(name, control.id, ref, Status.FAIL, because, changes, refusal, state)
    if verdict.wanted:
        state = _offence(resource, verdict.wanted)
    else:
        state = digest({facet: resource.facets[facet] for facet in control.reads})
    return Finding(name, control.id, ref, Status.FAIL, verdict.because, guide=verdict.guide, state=state)


def _offence(resource: Resource, wanted: Mapping[str, Value], remains: str = "") -> str:
    offence = {facet: difference(resource.facets[facet], after) for facet, after in wanted.items()}
    return document_digest([offence, remains] if remains else offence)


def converged(resource: Resource, wanted: Sequence[Control], settings_of: SettingsOf) -> tuple[Resource, bool]:
    """The state in which no wanted control has a change to make, reached by asking each in turn.

    False beside it where they contradict each other, or one of them itself.
    """
    state = resource
    for _ in range(_ROUNDS):
        moved = False
        for control in wanted:
            verdict = verdict_on(control, state, settings_of(control, resource))
            if isinstance(verdict, ShouldBe):
                state, moved = state.with_facets(verdict.changes), True
        if not moved:
            return state, True
    return state, False


def _refusal(control: Control, resource: Resource, settings: Mapping[str, Json], verdict: ShouldBe) -> str:
    """Why no plan would be made of a should-be on this resource, with what to do; empty when one would.

    The same holds here as when plans are made: nothing that the control looks at still waits, the control has nothing
    to add in the state that it wants (or the fix says itself what it leaves), and there are calls that lead there.
    """
    for facet in control.reads:
        if facet in resource.pending:
            return f"a change of the {facet} waits for {resource.pending[facet]}; scan again when that is over"
    state, settled = converged(resource, [control], lambda *_: settings)
    found = verdict_on(control, state, settings)
    if settled and (isinstance(found, Compliant) or verdict.remains):
        return _no_call(control, resource, state)
    because = verdict.because if isinstance(found, Compliant) else _reason(found)
    guide = found.guide if isinstance(found, Violation) else ""
    return f"the change alone would not make it pass ({because}); {guide or 'mend it by hand'}"


def _reason(verdict: ShouldBe | Violation | Unknown) -> str:
    return verdict.reason if isinstance(verdict, Unknown) else verdict.because


def _no_call(control: Control, resource: Resource, state: Resource) -> str:
    """Why no calls lead to a state; empty when they do."""
    ref = resource.ref
    try:
        for name in sorted(control.kind.facet_by_name.keys() & state.facets.keys()):
            before, after = resource.facets.get(name), state.facets[name]
            if before is not after and differs(before, after):
                control.kind.facet(name).write(ref, before, after)
    except PlanRefused as error:
        return f"{error}; mend it by hand"
    return ""
