"""Whether anyone at all may use a resource, by its policy and what stands above it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias

from goldseam.clouds.aws.facts.bucket_open import as_bucket
from goldseam.clouds.aws.public import any_of, bucket, objects
from goldseam.clouds.aws.public import policy as by_policy
from goldseam.clouds.aws.services.kms import KEY
from goldseam.clouds.aws.services.s3 import BUCKET
from goldseam.clouds.aws.services.sns import TOPIC
from goldseam.clouds.aws.services.sqs import QUEUE
from goldseam.control import Answer, FactRule, Kind, Surroundings, fact
from goldseam.model.values import Unknown, Value

_Held: TypeAlias = Value | Unknown


@fact("public", BUCKET, bool, tolerant=True)
def bucket_public(
    policy: _Held,
    acl: _Held,
    public_access_block: _Held,
    account_public_access_block: _Held,
    ownership: _Held,
    website: _Held,
    *,
    around: Surroundings,
) -> Answer:
    """Whether anyone at all may use it.

    Of a bucket, by its policy, its control list and the blocks of public access. Control lists of single objects are
    not read: where they count, and nothing else opens it, the answer is unknown.
    """
    del around
    held = as_bucket(policy, acl, public_access_block, account_public_access_block, ownership)
    return any_of(bucket(replace(held, website=website)), objects(held))


def _told_by_policy(kind: Kind) -> FactRule:
    @fact("public", kind, bool)
    def public(policy: Value, *, around: Surroundings) -> Answer:
        """Whether anyone at all may use it."""
        del around
        return by_policy(policy)

    return public


BY_POLICY: Final = tuple(map(_told_by_policy, (QUEUE, TOPIC, KEY)))
"""The kinds that are open to everyone exactly when their policy says so."""
