"""What uses a KMS key: by grants, by the settings of what the scan read, and by KMS's own record of uses.

That nothing is seen to use a key shows little, as nobody keeps a list of what it encrypted: only a key that nothing
names, and that cannot be used or of which KMS says that it never was in 30 days or more, is known not to be in use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final, TypeAlias

from goldseam.clouds.aws.facts.sources import KEY_USAGE
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.public import no, yes
from goldseam.clouds.aws.services.cloudtrail import TRAIL
from goldseam.clouds.aws.services.kms import KEY
from goldseam.clouds.aws.services.rds.instance import DB_INSTANCE
from goldseam.clouds.aws.services.s3 import BUCKET
from goldseam.clouds.aws.services.sns import TOPIC
from goldseam.clouds.aws.services.sqs import QUEUE
from goldseam.control import Answer, Kind, Surroundings, fact, known
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown, Value

_Held: TypeAlias = Value | Unknown
_SHOWN: Final = 10
_QUIET: Final = timedelta(days=30)
"""A key that was made later may be one that is used tomorrow."""
_UNUSABLE: Final = frozenset({"Disabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion", "Unavailable"})
"""States in which KMS refuses every cryptographic operation (KMS Developer Guide, "Key states of AWS KMS keys")."""


def _of_bucket(encryption: Json) -> str:
    rules = encryption["Rules"]
    return str((rules[0].get("ApplyServerSideEncryptionByDefault") or {}).get("KMSMasterKeyID", "")) if rules else ""


def _text(value: Json) -> str:
    return str(value)


_CONSUMERS: Final[Mapping[AwsKind, tuple[str, Callable[[Json], str]]]] = {
    BUCKET: ("encryption", _of_bucket),
    QUEUE: ("encryption", lambda held: str(held["KmsMasterKeyId"])),
    TOPIC: ("encryption", _text),
    TRAIL: ("settings", lambda held: str(held["KmsKeyId"])),
    DB_INSTANCE: ("kms_key", _text),
}
"""By kind, the facet that names a key, and how."""

_GLANCES: Final[Mapping[Kind, tuple[str, ...]]] = {kind: (facet,) for kind, (facet, _) in _CONSUMERS.items()}


@fact("used_by", KEY, list, glances=_GLANCES)
def used_by(aliases: list[str], grantees: list[str], *, around: Surroundings) -> Answer:
    """What uses the key, by name: who holds a grant, and the buckets, queues, topics, trails and databases with it.

    Unknown where nothing is seen to use it.
    """
    found = _users(aliases, grantees, around)
    if found:
        return known(sorted(found), *sorted(found.values())[:_SHOWN])
    return Unknown(f"no grant is on the key, and {_looked_at(around)}; what else it encrypted cannot be seen")


@fact("in_use", KEY, bool, glances=_GLANCES, tolerant=True, lag=KEY_USAGE.lag, source=KEY_USAGE.source)
def in_use(
    aliases: list[str] | Unknown,
    grantees: list[str] | Unknown,
    metadata: _Held,
    last_usage: _Held,
    *,
    around: Surroundings,
) -> Answer:
    """Whether anything uses the key: a grant, or a setting that names it.

    False where nothing names the key and it cannot be used in its state, or KMS says that it was never used since it
    was made 30 days ago or earlier. A key that is named and cannot be used now may be enabled again: that is unknown.
    """
    state = metadata.get("KeyState") if isinstance(metadata, Mapping) else ""
    names = [] if isinstance(aliases, Unknown) else aliases
    found = _users(names, [] if isinstance(grantees, Unknown) else grantees, around)
    if found and state in _UNUSABLE:
        return Unknown(f"the key is {state}, and may be enabled again: {'; '.join(sorted(found.values())[:_SHOWN])}")
    if found:
        return yes(*sorted(found.values())[:_SHOWN])
    for held in (aliases, grantees, *map(around.of, _CONSUMERS)):
        if isinstance(held, Unknown):
            return held
    if state in _UNUSABLE:
        return no(f"the key is {state}, so nothing can use it", f"no grant is on the key, and {_looked_at(around)}")
    return last_usage if isinstance(last_usage, Unknown) else _unseen(last_usage, around)


def _unseen(usage: Mapping[str, str], around: Surroundings) -> Answer:
    """What is told of a key that nothing is seen to use."""
    if _never(usage) and date.fromisoformat(usage["made"][:10]) <= around.now.date() - _QUIET:
        return no(f"KMS says that the key was never used since it was made on {usage['made']}")
    return Unknown(f"no grant is on the key, and {_looked_at(around)}; what else it encrypted cannot be seen")


def _never(usage: Mapping[str, str]) -> bool:
    """Whether KMS has kept record since the key was made, and knows of no use (KMS API Reference, GetKeyLastUsage)."""
    return (
        not usage["used"] and bool(usage["made"]) and bool(usage["kept_since"]) and usage["made"] >= usage["kept_since"]
    )


def _users(aliases: list[str], grantees: list[str], around: Surroundings) -> dict[str, str]:
    """What uses the key, with the sentence that says so."""
    found = {name: f"{name} may use the key by a grant" for name in grantees}
    for kind, (facet, key_of) in _CONSUMERS.items():
        held = around.of(kind)
        for item in () if isinstance(held, Unknown) else held:
            if _names(item, facet, key_of, aliases, around.ref):
                found[item.ref.address] = f"{kind.title} {item.ref.id} is encrypted with it"
    return found


def _names(item: Resource, facet: str, key_of: Callable[[Json], str], aliases: list[str], key: Ref) -> bool:
    """Whether a resource names the key, by its ARN, or in the key's region by its id or an alias."""
    held = item.facets.get(facet)
    if isinstance(held, Unknown) or not held or item.ref.account != key.account:
        return False
    said = key_of(held)
    return said in _full(key, aliases) or (item.ref.region == key.region and said in {key.id, *aliases})


def _full(key: Ref, aliases: list[str]) -> set[str]:
    start = key.address.rpartition("key/")[0]
    return {key.address, *(f"{start}{alias}" for alias in aliases)}


def _looked_at(around: Surroundings) -> str:
    seen = [kind.title for kind in _CONSUMERS if not isinstance(around.of(kind), Unknown)]
    return f"no {', '.join(seen)} of the account names it" if seen else "nothing that could name it was looked at"
