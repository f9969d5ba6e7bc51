"""Registered domains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import route53domains
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_HOME: Final = "us-east-1"
_CONTACT: Final = {
    "FirstName": "A", "LastName": "B", "ContactType": "PERSON", "AddressLine1": "C", "City": "D", "State": "NY",
    "CountryCode": "US", "ZipCode": "10001", "PhoneNumber": "+1.5555555555", "Email": "a@example.com",
}  # fmt: skip


def _domain(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    contacts = {f"{who}Contact": _CONTACT for who in ("Admin", "Registrant", "Tech")}
    names = [f"{each}.com" for each in pair(name)]
    for each in names:
        ground.make("route53domains.RegisterDomain", _HOME, DomainName=each, DurationInYears=1, **contacts)
    refs = [reference(ground, route53domains.DOMAIN, each) for each in names]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.route53domains.domain": Fixture(
        _domain,
        lacks=tuple(
            lack
            for facet in route53domains.DOMAIN.facets
            for lack in (
                Lack("ministack", facet.name, "ministack registers no domains"),
                Lack("moto", facet.name, "moto has no call that changes a domain"),
            )
        ),
    ),
}
