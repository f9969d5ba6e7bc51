"""A cloud in memory for any kind: it does what a plan's steps say, and can fail, lag and lie.

It has no idea of any cloud's own, so it proves that controls, facets and stages agree with each other; whether the
cloud agrees is for the emulators to say.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from goldseam.control import Call, Example, Kind, Step, Told
from goldseam.model.errors import CallFailed, RefusedCall
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value, canonical_document
from goldseam.ports import Gap, Key, Receipt, Shard
from goldseam.proving.ground import PlacedExample

ACCOUNT: Final = "123456789012"
_NOT_SAID: Final = Unknown("the example does not say")

Held = dict[str, Value]


class _AnyWord(dict[str, str]):
    """A word for each place: the memory has no versions and no names of its own."""

    def get(self, key: str, default: object = None) -> str:
        """The word."""
        del default
        return key


def _nothing(call: Call, held: Held) -> None:
    del call, held


@dataclass
class Faults:
    """What is wrong with the cloud.

    `lies` are operations that are answered and not done; `fails` is the number of the call that is refused, counted
    from now; `lag` how many readings still show what was before the last call; `spills` does more than was asked;
    `frozen` never shows a stranger's change; `mute` shows nothing where it could not look.
    """

    lies: frozenset[str] = frozenset()
    fails: int = 0
    lag: int = 0
    spills: Callable[[Call, Held], None] = _nothing
    frozen: bool = False
    mute: bool = False


@dataclass
class MemoryGround:
    """Resources of any kind, by address, with what each facet holds."""

    faults: Faults = field(default_factory=Faults)
    name: str = "memory"

    def __post_init__(self) -> None:
        self._held: dict[str, Held] = {}
        self._shown: dict[str, tuple[int, Held]] = {}
        self._effects: dict[bytes, Step] = {}
        self._made = 0

    @property
    def denies(self) -> bool:
        """It refuses whatever it is told to refuse."""
        return True

    def cleared(self) -> None:
        """Nothing grows long here."""

    def place(self, kind: Kind, example: Example) -> PlacedExample:
        """A resource that holds exactly the example, and one beside it that holds the same."""
        self._made += 1
        facets = {name: kind.facet(name).normal(value) for name, value in example.facets.items()}
        refs = tuple(_ref(kind, f"example-{self._made}{suffix}") for suffix in ("", "-neighbour"))
        for ref in refs:
            self._held[ref.address] = copy.deepcopy(facets)
        self._effects.clear()
        return PlacedExample(kind, refs[0], example, refs[1:])

    def base(self, kind: Kind, example: Example, other: Example) -> PlacedExample:
        """A resource at another state."""
        return replace(self.place(kind, other), example=example)

    def bare(self, kind: Kind, example: Example) -> PlacedExample:
        """The same as `place`: a memory can show everything."""
        return self.place(kind, example)

    def now(self, placed: PlacedExample, ref: Ref | None = None) -> Resource:
        """Every facet."""
        return self.read(ref or placed.ref, placed.everything)

    def more(self, lacking: Iterable[tuple[Resource, frozenset[str]]]) -> Iterator[Resource]:
        """The same resources, read again with these facets too."""
        return (self.read(resource.ref, names | resource.facets.keys()) for resource, names in lacking)

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        """The facets, or for some readings those of before the last call."""
        left, past = self._shown.get(ref.address, (0, {}))
        held = past if left else self._held[ref.address]
        self._shown[ref.address] = (max(left - 1, 0), past)
        shown = {name: copy.deepcopy(held.get(name, _NOT_SAID)) for name in facets}
        return Resource(ref, shown, told=dict.fromkeys(facets, _AnyWord()))

    def eye(self) -> MemoryGround:
        """What reads."""
        return self

    def shards(self, kinds: Sequence[Kind]) -> Sequence[Shard]:
        """Nowhere to look for more."""
        del kinds
        return ()

    def scan(self, shard: Shard, wanted: Mapping[Kind, frozenset[str]]) -> Iterator[Resource | Gap]:
        """Nothing to find."""
        del shard, wanted
        return iter(())

    def hand(self, key: Key, calls: Sequence[Call]) -> MemoryHand:
        """What makes these calls, and no other."""
        del key
        return MemoryHand(self, tuple(calls))

    def told(self, steps: Sequence[Step]) -> None:
        """What the calls do: each leaves its facet as its step says."""
        self._effects.update({canonical_document(step.call.to_json()): step for step in steps})

    def receive(self, call: Call) -> Receipt:
        """Do what was said of the call; raises CallFailed when it is the one that fails."""
        step, address = self._effects[canonical_document(call.to_json())], self._addressed(call)
        if self.faults.fails:
            self.faults.fails -= 1
            if not self.faults.fails:
                raise CallFailed("the memory is told to refuse this call", operation=call.operation, code="Told")
        if self.faults.lag:
            self._shown[address] = (self.faults.lag, copy.deepcopy(self._held[address]))
        if call.operation not in self.faults.lies:
            self._held[address][step.facet] = copy.deepcopy(step.leaves)
        self.faults.spills(call, self._held[address])
        return Receipt(f"memory-{len(self._effects)}", {})

    def _addressed(self, call: Call) -> str:
        """The resource made last: nobody else is being repaired."""
        del call
        return next(reversed([address for address in self._held if not address.endswith("-neighbour")]))

    def meddle(self, placed: PlacedExample, facet: str, value: Value) -> None:
        """Someone else's change."""
        if not self.faults.frozen:
            self._held[placed.ref.address][facet] = value

    def denied(self, placed: PlacedExample, facet: str) -> Resource:
        """The resource with one facet that could not be read."""
        value: Value | Unknown = ABSENT if self.faults.mute else Unknown("access denied to look at it (Denied)")
        return Resource(placed.ref, {**self.now(placed).facets, facet: value})

    def raw(self, placed: PlacedExample) -> Mapping[str, Json]:
        """Nothing beyond the facets."""
        del placed
        return {}


@dataclass(frozen=True)
class MemoryHand:
    """Makes the calls that it was opened for."""

    ground: MemoryGround
    calls: tuple[Call, ...]

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        """Make one; raises RefusedCall for any other."""
        if call not in self.calls:
            msg = f"`{call.operation}` is not in the plan; nothing was sent"
            raise RefusedCall(msg)
        call.filled(words or {})
        return self.ground.receive(call)


def _ref(kind: Kind, name: str) -> Ref:
    region = "global" if kind.account_wide else "eu-west-1"
    return Ref(kind.name, ACCOUNT, region, name, f"{kind.name}/{name}")
