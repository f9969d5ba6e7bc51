"""What AWS adds to a kind: how its resources are found and named."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from goldseam.control import Kind, Touch
from goldseam.model.resource import Ref
from goldseam.model.values import Json
from goldseam.ports import Shard

_Made = TypeVar("_Made")


class Ask(Protocol):
    """The read-only door that facets read through; equal questions in one scan are asked once.

    Both raise CloudError.
    """

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        """The answer to one call (`service.Operation`), as plain JSON."""

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        """The items under `member` of every page of the answer."""

    def today(self) -> str:
        """The date of the reading in UTC, as `2026-01-31`: for facets that say how long ago something was."""


@runtime_checkable
class KeepsDerived(Protocol):
    """A door that keeps what was worked out of its answers, for as long as the reading lasts."""

    def derived(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was kept under the key, or is made now."""


def derived(ask: Ask, key: Hashable, make: Callable[[], _Made]) -> _Made:
    """What `make` works out of a reading's answers, once in each reading that keeps such things."""
    found: _Made = ask.derived(key, make) if isinstance(ask, KeepsDerived) else make()
    return found


def _each(item: Json) -> bool:
    del item
    return True


class ListingScope(StrEnum):
    """Where resources of a kind live, which is where their listing is asked for."""

    GLOBAL = "global"
    REGIONAL = "regional"


@dataclass(frozen=True)
class Listing:
    """How resources are found: one paginated call.

    `items` is the member that holds the list, `id` the path of the id in an item (empty when the item is the id
    itself), `region` the path of the region where items of a global listing say it, `address` the path of the ARN where
    it holds more than the id, `narrow` the parameters that make the same call answer for one resource only.

    `where` says which items are of the kind, where the call gives those of other kinds too.

    `within` is the listing of what the resources are parts of: the call is then made once for each of those, with
    `{parent}` in its parameters, and ids are `parent/id`. With `whole`, the id of a part names it without its parent,
    and `narrow` alone asks for it.

    `home` is the region that answers for the whole account, of services that have one only. With `last`, an id is what
    comes after the last `/` in what the listing says (`/hostedzone/Z1`).
    """

    operation: str
    items: str
    id: str = ""
    region: str = ""
    address: str = ""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    narrow: Mapping[str, Json] = field(default_factory=dict)
    where: Callable[[Json], bool] = _each
    within: Listing | None = None
    whole: bool = False
    home: str = ""
    last: bool = False

    def id_of(self, item: Json) -> str:
        """The id that an item gives the resource, without that of its parent."""
        found = str(at(item, self.id))
        return found.rpartition("/")[2] if self.last else found


@dataclass(frozen=True, eq=False)
class AwsKind(Kind):
    """A type of AWS resource. Without `find` there is one in each account or region.

    `address` is the ARN's template over `partition`, `region`, `account`, `id`, `name`, the last part of an id that is
    an ARN, a URL or `parent/name`, and `parent`.
    """

    address: str = field(kw_only=True)
    find: Listing | None = field(default=None, kw_only=True)
    scope: ListingScope = field(default=ListingScope.REGIONAL, kw_only=True)

    @property
    def account_wide(self) -> bool:
        """Whether the listing is asked for once, in the `global` shard."""
        return self.scope is ListingScope.GLOBAL

    def ref(self, partition: str, account: str, region: str, id: str, address: str = "") -> Ref:
        """The reference of the resource with that id, and with that address where the listing says it."""
        name = id.rpartition("/")[2].rpartition(":")[2]
        made = self.address.format(
            partition=partition, region=region, account=account, id=id, name=name, parent=id.rpartition("/")[0]
        )
        return Ref(self.name, account, region, id, address or made)


def changes(source: str, *paths: str, names: tuple[str, ...] = (), id: str = ".+", within: str = "") -> Touch:
    """Calls in CloudTrail that were carried out and may have changed something; of these names, when any are given.

    Calls on what a resource holds (objects, messages) are left out; they change none of its configuration.
    """
    when = {
        "eventSource": (f"{source}.amazonaws.com",),
        "errorCode": (None,),
        "readOnly": (False, None),
        "managementEvent": (True, None),
    }
    return Touch({**when, "eventName": names} if names else when, paths, id, within)


REQUEST: Final = "requestParameters"
ANSWER: Final = "responseElements"
TAGGED: Final = f"{REQUEST}.resourcesSet.items.resourceId"
"""Where EC2 says of which resources, of all kinds, tags were changed."""


def filled(template: Json, ref: Ref) -> Json:
    """A template of parameters with words of the reference filled in.

    They are `{id}`, `{account}`, `{region}`, `{partition}`, `{address}`, and of an id that is `parent/name`, `{parent}`
    and `{name}`.
    """
    return _formatted(template, _words(ref))


def asked_of(template: Mapping[str, Json], shard: Shard, parent: str = "") -> Mapping[str, Json]:
    """The parameters of a listing, with `{account}`, `{region}` and, of parts of something, `{parent}` filled in."""
    made: Mapping[str, Json] = _formatted(
        template, {"account": shard.account, "region": shard.region, "parent": parent}
    )
    return made


def _formatted(template: Json, words: Mapping[str, str]) -> Json:
    if isinstance(template, str):
        return template.format(**words) if "{" in template else template
    if isinstance(template, Mapping):
        return {key: _formatted(value, words) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [_formatted(item, words) for item in template]
    return template


def _words(ref: Ref) -> dict[str, str]:
    partition = ref.address.split(":", 2)[1] if ref.address.startswith("arn:") else "aws"
    return {
        "id": ref.id,
        "parent": ref.id.rpartition("/")[0],
        "name": ref.id.rpartition("/")[2],
        "account": ref.account,
        "region": ref.region,
        "address": ref.address,
        "partition": partition,
    }


def behind(mark: str) -> str:
    """In a path: of a text such as an ARN, what stands behind the last such mark."""
    return f"({mark})"


LAST: Final = behind("/")


def at(document: Json, path: str) -> Json:
    """The value at a dotted path, or None where the path ends early; an empty path is the document itself.

    Through a list the path goes on in every item, and lists found there are joined: `Reservations.Instances`.
    """
    for part in path.split(".") if path else ():
        if isinstance(document, list):
            document = _joined(at(item, part) for item in document)
        elif isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, str) and part.startswith("("):
            document = document.rpartition(part[1:-1])[2]
        else:
            return None
    return document


def _joined(values: Iterable[Json]) -> list[Json]:
    return [item for value in values if value is not None for item in (value if isinstance(value, list) else [value])]
