"""Facets of AWS resources: how they are read, what a call that writes one is, and those that are only looked at."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.iam_actions import iam_actions
from goldseam.clouds.aws.kind import Ask, at, filled
from goldseam.control import Call, Facet, Permission, Step, masked
from goldseam.model.errors import CloudError, PlanRefused
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value, canonical

VALUE: Final = object()
"""In the parameters of a `Send`: the place of the value that is written."""


@dataclass(frozen=True)
class Get:
    """How a facet is read: a call, where in the answer the value is, and which error codes mean `ABSENT`.

    Where a service has one code for "is off" and for "may not", `says` has by code what the message holds in the first
    case.
    """

    operation: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    path: str = ""
    absent: tuple[str, ...] = ()
    region: str = "{region}"
    says: Mapping[str, str] = field(default_factory=dict)

    def means_absent(self, error: CloudError) -> bool:
        """Whether an error says that nothing is configured."""
        said = self.says.get(error.code)
        return error.code in self.absent or (said is not None and said in str(error))


@dataclass(frozen=True)
class Send:
    """How a facet is written: a call whose parameters may hold `VALUE`, and what it needs permission on.

    `passes` are paths in the parameters where the ARN of a role is that the call hands to the service, which takes
    `iam:PassRole` on that role. `also` are other permissions that AWS asks for, as action and resource. In resources,
    `<name>` is the place of a word of what is written; where that is not known it is `*`.
    """

    operation: str
    parameters: Mapping[str, object]
    resources: tuple[str, ...] = ("{address}",)
    region: str = "{region}"
    actions: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    also: tuple[tuple[str, str], ...] = ()

    def call(
        self,
        ref: Ref,
        value: Json = None,
        more: Mapping[str, Json] | None = None,
        words: Mapping[str, Json] | None = None,
    ) -> Call:
        """The call on one resource; `more` are parameters beside the template's, `words` those of the resources."""
        parameters = {**_placed(self.parameters, ref, value), **(more or {})}
        own = [(action, arn) for action in self.actions or iam_actions(self.operation) for arn in self.resources]
        roles = dict.fromkeys(arn for path in self.passes if (arn := at(parameters, path)))
        needed = [(action, _worded(filled(arn, ref), words or {})) for action, arn in (*own, *self.also)]
        permissions = [Permission(action, arn) for action, arn in (*needed, *(("iam:PassRole", arn) for arn in roles))]
        return Call(self.operation, filled(self.region, ref), parameters, tuple(permissions))


def linked_role(service: str, name: str) -> tuple[tuple[str, str], ...]:
    """What a call that makes a service's own role in an account without it asks for (IAM, service-linked roles)."""
    arn = f"arn:{{partition}}:iam::{{account}}:role/aws-service-role/{service}.amazonaws.com/{name}"
    return (("iam:CreateServiceLinkedRole", arn),)


def _worded(resource: str, words: Mapping[str, Json]) -> str:
    return re.sub(r"<(\w+)>", lambda place: str(words.get(place[1], "*")), resource)


def _placed(template: object, ref: Ref, value: Json) -> Json:
    if template is VALUE:
        return value
    if isinstance(template, Mapping):
        return {key: _placed(item, ref, value) for key, item in template.items()}
    if isinstance(template, (list, tuple)):
        return [_placed(item, ref, value) for item in template]
    return filled(template, ref)


@dataclass(frozen=True)
class Reading:
    """A facet as it was read, what an accepted change of it still waits for (empty: nothing), and what it tells."""

    value: Value
    pending: str = ""
    told: Mapping[str, str] = field(default_factory=dict)


def unchanged(value: Json) -> Json:
    """The identity, for a facet whose value is written as it is read."""
    return value


def only(*names: str) -> Callable[[Json], Value]:
    """Of an object, the members of these names that it has: what can be written, of all that is told."""

    def taken(raw: Json) -> Value:
        return {name: raw[name] for name in names if raw.get(name) is not None}

    return taken


def absent_is(default: Json) -> Callable[[Value], Value]:
    """The form of a value that an API leaves out where it is the default."""

    def said(value: Value) -> Value:
        return copy.deepcopy(default) if value is ABSENT else value

    return said


def _nothing_pending(answer: Json) -> str:
    del answer
    return ""


def _nothing_told(answer: Json) -> Mapping[str, str]:
    del answer
    return {}


def until(path: str, *settled: str, of: str) -> Callable[[Json], str]:
    """What is waited for while the state at a path of the answer is none of the settled ones; `of` names its owner."""

    def waits(answer: Json) -> str:
        state = at(answer, path)
        return "" if state is None or state in settled else f"{of}, which is {state}"

    return waits


def version(path: str) -> Callable[[Json], Mapping[str, str]]:
    """What tells the version that a write must name, from the answer; `Placeholder(facet, path)` stands for it."""

    def tells(answer: Json) -> Mapping[str, str]:
        found = at(answer, path)
        return {path: str(found)} if found is not None else {}

    return tells


@dataclass(frozen=True)
class AwsFacet(Facet):
    """A facet of an AWS resource: read by a call, or found in the item that the listing gave (`listed`).

    With both, a scan takes it from the item, and a reading of the one resource makes the call.

    `waits` says, of the whole answer (or item), what an accepted change still waits for; `tells` which words in it a
    write of the facet needs, by name.
    """

    get: Get | None = field(default=None, kw_only=True)
    listed: str | None = field(default=None, kw_only=True)
    decode: Callable[[Json], Value] = field(default=unchanged, kw_only=True)
    form: Callable[[Value], Value] = field(default=unchanged, kw_only=True)
    waits: Callable[[Json], str] = field(default=_nothing_pending, kw_only=True)
    tells: Callable[[Json], Mapping[str, str]] = field(default=_nothing_told, kw_only=True)

    def normal(self, value: Value) -> Value:
        """The value in the facet's own normal form."""
        return self.form(value)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The operations that reading the facet calls, besides the listing of its kind."""
        return (self.get.operation,) if self.get else ()

    @property
    def question(self) -> tuple[str, ...]:
        """The call that a scan reads it by; nothing where the listing tells it."""
        return () if self.listed is not None else self.call

    @property
    def call(self) -> tuple[str, ...]:
        """The call that reads it of one resource; its own name where it makes calls of its own."""
        if self.get is None:
            return (self.name,) if self.read_operations else ()
        return (self.get.operation, self.get.region, canonical(self.get.parameters).decode())

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The facet as it is now; raises CloudError when it cannot be told."""
        if self.get is None or (self.listed is not None and item is not None):
            return self._reading(item, self.listed or "")
        try:
            answer = ask.one(self.get.operation, filled(self.get.parameters, ref), filled(self.get.region, ref))
        except CloudError as error:
            if self.get.means_absent(error):
                return Reading(self.normal(ABSENT))
            raise
        return self._reading(answer, self.get.path)

    def _reading(self, answer: Json, path: str) -> Reading:
        return Reading(self._decoded(at(answer, path)), self.waits(answer), self.tells(answer))

    def _decoded(self, raw: Json) -> Value:
        return self.normal(ABSENT if raw is None else self.decode(raw))

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """Refuse: a facet of no writable shape is only looked at."""
        del before, after
        msg = f"the {self.name} of {ref} cannot be written"
        raise PlanRefused(msg)

    def step(self, call: Call, leaves: Value) -> Step:
        """A step of this facet."""
        return Step(self.name, call, leaves)

    def no_way(self, ref: Ref, after: Value) -> PlanRefused:
        """The refusal when no call leads to a value."""
        return PlanRefused(f"no call brings the {self.name} of {ref} to {canonical(masked(after, self)).decode()}")


@dataclass(frozen=True)
class Look(AwsFacet):
    """A facet that is only looked at."""

    writable = False


@dataclass(frozen=True)
class Pages(Look):
    """A list that a call gives page by page, which is only looked at; `get.path` is the member that holds it."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The items of every page."""
        if self.get is None:
            return super().read(ask, ref, item)
        get, where = self.get, filled(self.get.region, ref)
        return Reading(self._decoded(ask.every(get.operation, filled(get.parameters, ref), where, get.path)))


@dataclass(frozen=True)
class Address(AwsFacet):
    """The resource's own address, for rules that must name it in what they write; no call reads it."""

    writable = False

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The address."""
        del ask, item
        return Reading(ref.address)


@dataclass(frozen=True)
class Account(Address):
    """The account that the resource belongs to, for rules that tell it from others; no call reads it."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The account's number."""
        del ask, item
        return Reading(ref.account)


def tags(get: Get | None = None, *, listed: str = "Tags", key: str = "Key", value: str = "Value") -> Look:
    """The tags as one `{key: value}` object; from the listing, unless a call is named that gives them."""

    def pairs(raw: Json) -> Value:
        return {tag[key]: tag[value] for tag in raw} if isinstance(raw, list) else raw

    return Look(name="tags", get=get, listed=None if get else listed, decode=pairs, form=absent_is({}))


def read_operations(facets: Iterable[Facet]) -> tuple[str, ...]:
    """The operations that reading these facets calls, each once, in order."""
    found = (name for facet in facets if isinstance(facet, AwsFacet) for name in facet.read_operations)
    return tuple(dict.fromkeys(found))
