"""User pools, their clients, and identity pools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.cognito import client, identity_pool, pool
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _pool(ground: EmulatedGround, name: str) -> str:
    return str(ground.make("cognito-idp.CreateUserPool", PoolName=name)["UserPool"]["Id"])


def _user_pool(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    refs = [reference(ground, pool.USER_POOL, _pool(ground, each)) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _client(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    """A client and its neighbour in two pools: rights on a client are rights on its pool."""
    del facets
    refs = []
    for each in pair(name):
        above = _pool(ground, each)
        made = ground.make("cognito-idp.CreateUserPoolClient", UserPoolId=above, ClientName=each)
        refs.append(reference(ground, client.CLIENT, f"{above}/{made['UserPoolClient']['ClientId']}"))
    return FixtureResult(refs[0], {}, (refs[1],))


def _identity_pool(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    made = [
        ground.make("cognito-identity.CreateIdentityPool", IdentityPoolName=each, AllowUnauthenticatedIdentities=False)[
            "IdentityPoolId"
        ]
        for each in pair(name)
    ]
    refs = [reference(ground, identity_pool.IDENTITY_POOL, each) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


_MOVES: Final = frozenset({"LastModifiedDate"})

FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.cognito.user-pool": Fixture(
        _user_pool,
        normal=_MOVES | pool.FRESH.keys() | {"SoftwareTokenMfaConfiguration"},
        lacks=(
            Lack("ministack", "risks", "ministack has no risk configurations"),
            Lack("moto", "risks", "moto has no risk configurations"),
        ),
    ),
    "aws.cognito.client": Fixture(_client, normal=_MOVES),
    "aws.cognito.identity-pool": Fixture(_identity_pool),
}
